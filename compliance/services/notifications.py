"""A person's own notifications: read, and wished for. Nobody else's, so no trail is kept of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import clock
from compliance.errors import InvalidInput
from compliance.models import Notification, NotificationPreference, User
from compliance.models.notices import Kind
from compliance.notices.delivery import NEVER_OFF, Mail, Wish


def mark_read(*, by: User, ids: list[int] | None = None) -> int:
    """Note that the person has read these, or everything; gives how many were unread."""
    unread = Notification.objects.filter(to=by, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=ids)
    return unread.update(read_at=clock.now())


def save_preferences(*, by: User, wishes: Mapping[str, Wish]) -> None:
    """Keep how the person wants each kind; what a duty rests on cannot be turned off."""
    faults: dict[str, str] = {}
    for kind, wish in wishes.items():
        if kind not in Kind.values or wish.mail not in Mail.values:
            faults[kind] = _("Choose one of the ways shown.")
        elif kind in NEVER_OFF and (wish.mail == Mail.OFF or not wish.in_site):
            faults[kind] = _("A duty rests on this one; choose at once, or one letter a day.")
    if faults:
        raise InvalidInput(faults)
    with transaction.atomic():
        NotificationPreference.objects.bulk_create(
            (
                NotificationPreference(user=by, kind=kind, in_site=wish.in_site, mail=wish.mail)
                for kind, wish in wishes.items()
            ),
            update_conflicts=True,
            unique_fields=["user", "kind"],
            update_fields=["in_site", "mail"],
        )
