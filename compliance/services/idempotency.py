"""One answer per Idempotency-Key: kept for a day, in the transaction that did what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from compliance import clock
from compliance.errors import InvalidInput, KeyUsedForOther
from compliance.models import KeptReply, User

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 200


def take_key(*, user: User, key: str, digest: str) -> KeptReply:
    """The reply of this key; one without a status is new, and the caller's to fill.

    Call it inside the transaction that does the work. Whoever comes second with the same key waits
    here until the first is done, by the unique row on PostgreSQL and by the write lock on SQLite.
    """
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise InvalidInput(
            {"Idempotency-Key": _("Use a key of at most 200 plain characters, such as a UUID.")}
        )
    now = clock.now()
    # The person's own alone: two people never wait for each other's old rows.
    KeptReply.objects.filter(user=user, created_at__lt=now - KEPT_FOR).delete()
    KeptReply.objects.bulk_create(
        [KeptReply(user=user, key=key, digest=digest, created_at=now)], ignore_conflicts=True
    )
    reply = KeptReply.objects.get(user=user, key=key)
    if reply.digest != digest:
        raise KeyUsedForOther(
            _("This key was used for another request. Send this one with a key of its own.")
        )
    return reply


def keep_reply(reply: KeptReply, *, status: int, headers: Mapping[str, str], body: Any) -> None:
    """Fill in what was answered, for whoever asks again."""
    reply.status, reply.headers, reply.body = status, dict(headers), body
    reply.save(update_fields=["status", "headers", "body"])
