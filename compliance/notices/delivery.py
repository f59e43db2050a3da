"""A notification → the person's list, a letter at once, or the letter of the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from compliance import clock
from compliance.models import EmailOutbox, Notification, NotificationPreference, User
from compliance.models.notices import Kind
from compliance.notices.words import sentence_of

Mail = NotificationPreference.Mail
# A duty rests on these: they always stand in the list, and always go out in some letter.
NEVER_OFF = frozenset({Kind.DEADLINE, Kind.RETURNED, Kind.SUBMITTED})
FROM_HOUR = 8  # in the installation's time zone
AT_ONCE = NEVER_OFF | {Kind.DELEGATED, Kind.WEBHOOK}


@dataclass(frozen=True)
class Wish:
    """How a person wants one kind."""

    in_site: bool
    mail: str


def wish_by_itself(kind: str) -> Wish:
    """How a kind is told to whoever has chosen nothing."""
    return Wish(in_site=True, mail=Mail.NOW if kind in AT_ONCE else Mail.DIGEST)


def wishes_of(people: Iterable[UUID]) -> Mapping[tuple[UUID, str], Wish]:
    """How these people want each kind (one query)."""
    people = set(people)
    wishes = {(person, kind): wish_by_itself(kind) for person in people for kind in Kind.values}
    for row in NotificationPreference.objects.filter(user__in=people):
        if row.kind in Kind.values:
            wishes[row.user_id, row.kind] = Wish(row.in_site, row.mail)
    return wishes


def deliver(notifications: Iterable[Notification]) -> None:
    """Store what each person is told and write the letters that go out at once.

    Within the caller's transaction. Who was told a thing already is not told again: the key of
    the notification, and of the letter, is there once.
    """
    new = list(notifications)
    wishes = wishes_of(each.to_id for each in new)
    told = set(
        Notification.objects.filter(
            to__in={each.to_id for each in new}, key__in={each.key for each in new}
        ).values_list("to", "key")
    )
    fresh = []
    for each in new:
        if (each.to_id, each.key) in told:
            continue
        told.add((each.to_id, each.key))
        wish = wishes[each.to_id, each.kind]
        each.in_site, each.in_digest = wish.in_site, wish.mail == Mail.DIGEST
        if wish != Wish(in_site=False, mail=Mail.OFF):
            fresh.append(each)
    # Two processes may come upon the same thing at once; the second of them tells nobody.
    Notification.objects.bulk_create(fresh, ignore_conflicts=True)
    people = User.objects.in_bulk({each.to_id for each in fresh})
    write(
        letter(people[each.to_id], f"{each.key}:{each.to_id}", [each])
        for each in fresh
        if wishes[each.to_id, each.kind].mail == Mail.NOW and people[each.to_id].is_active
    )


def write_letters_of_the_day() -> int:
    """From eight in the morning, one letter for everybody who has something waiting for it."""
    if timezone.localtime(clock.now()).hour < FROM_HOUR:
        return 0
    with transaction.atomic():
        return _write_digests(clock.today())


def _write_digests(today: date) -> int:
    waiting: dict[UUID, list[Notification]] = defaultdict(list)
    rows = Notification.objects.filter(in_digest=True).select_related("firm").order_by("id")
    for each in rows[:5000]:
        waiting[each.to_id].append(each)
    people = User.objects.filter(pk__in=waiting, is_active=True)
    had_one = set(
        EmailOutbox.objects.filter(key__in=[f"digest:{today}:{pk}" for pk in waiting]).values_list(
            "to", flat=True
        )
    )
    count = 0
    for person in people:
        if person.pk in had_one:
            continue  # what came since waits for tomorrow
        write([letter(person, f"digest:{today}:{person.pk}", waiting[person.pk])])
        ids = [each.pk for each in waiting[person.pk]]
        Notification.objects.filter(pk__in=ids).update(in_digest=False)
        count += 1
    return count


def letter(person: User, key: str, notifications: list[Notification]) -> EmailOutbox:
    """A letter in the person's language, plain and HTML."""
    language = person.language or settings.LANGUAGE_CODE
    site = settings.SITE_URL.rstrip("/")
    with override(language):
        lines = [
            {
                "sentence": sentence_of(each),
                "firm": each.firm.name,
                "link": f"{site}{each.path}" if site and each.path else "",
            }
            for each in notifications
        ]
        count = len(lines)
        subject = lines[0]["sentence"]
        if count > 1:
            subject = ngettext(
                "Tianheng: %(count)d notification", "Tianheng: %(count)d notifications", count
            ) % {"count": count}
        context = {
            "name": person.name,
            "lines": lines,
            "language": language,
            "settings_link": f"{site}/notifications/settings/" if site else "",
            "greeting": _("Hello %(name)s,") % {"name": person.name or person.email},
        }
        html = render_to_string("letters/notices.html", context)
        now = clock.now()
        return EmailOutbox(
            to=person,
            key=key[:160],
            address=person.email,
            subject=" ".join(subject.split())[:300],
            text=render_to_string("letters/notices.txt", context).strip(),
            html=render_to_string("letters/frame.html", {"parts": [html]}),
            written_at=now,
            next_at=now,
        )


def write(letters: Iterable[EmailOutbox]) -> None:
    """Put letters into the outbox; the same letter only once."""
    EmailOutbox.objects.bulk_create(letters, ignore_conflicts=True)
