"""How often an address may ask for what needs no sign-in."""

from __future__ import annotations

import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from compliance.errors import TooManyAttempts

MINUTE_S = 60


def count_attempt(request: HttpRequest, what: str, *, per_minute: int) -> None:
    """Count one; TooManyAttempts once there were more in this minute than an address may."""
    now = int(time.time())
    sender = get_adapter(request).get_client_ip(request)
    key = f"attempts:{what}:{sender}:{now // MINUTE_S}"
    cache.add(key, 0, timeout=2 * MINUTE_S)
    try:
        number = cache.incr(key)
    except ValueError:  # it was thrown out between the two lines
        return
    if number > per_minute:
        raise TooManyAttempts(
            _("You ask very often. Wait a minute and try again."), wait_s=MINUTE_S - now % MINUTE_S
        )
