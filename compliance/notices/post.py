"""The outbox as a queue: take a letter, hand it to the mail server, note that it went.

A letter is taken by a guarded update that hands out a lease and a number, the fence. A mail server
that refuses, or is not there, loses nothing: the letter waits, longer each time.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import F
from django.utils import timezone

from compliance import clock
from compliance.models import EmailOutbox

log = logging.getLogger(__name__)

Status = EmailOutbox.Status
LEASE = timedelta(minutes=5)
PER_ROUND = 50
SERVER_TIMEOUT_S = 10
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# How long a letter waits after its first, second … failed attempt; after the last it is given up.
WAITS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, *([24 * HOUR] * 5))


def send_waiting() -> int:
    """Send the letters whose time has come; gives how many the mail server took."""
    now = clock.now()
    waiting = EmailOutbox.objects.filter(status=Status.WAITING, next_at__lte=now)
    letters = list(waiting.order_by("next_at")[:PER_ROUND])
    if not letters:
        return 0
    connection = get_connection(timeout=SERVER_TIMEOUT_S)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("%d letters wait: the mail server cannot be reached: %s", len(letters), error)
        for letter in letters:
            if _take(letter, now):
                _put_back(letter, now, error)
        return 0
    try:
        return sum(_send(letter, connection) for letter in letters)
    finally:
        connection.close()


def _take(letter: EmailOutbox, now: datetime) -> bool:
    """Hold the letter for a while, if nobody else has taken it meanwhile."""
    taken = EmailOutbox.objects.filter(pk=letter.pk, fence=letter.fence, status=Status.WAITING)
    won = taken.update(fence=F("fence") + 1, attempts=F("attempts") + 1, next_at=now + LEASE)
    if won == 1:
        letter.fence, letter.attempts = letter.fence + 1, letter.attempts + 1
    return won == 1


def _send(letter: EmailOutbox, connection: Any) -> bool:
    now = clock.now()
    if not _take(letter, now):
        return False
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        to=[letter.address],
        connection=connection,
        headers={
            # The same at every attempt: a server that took it before can tell.
            "Message-ID": f"<{letter.pk}@tianheng>",
            "Date": format_datetime(timezone.localtime(letter.written_at)),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(letter.html, "text/html")
    try:
        message.send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        log.warning("letter %s: attempt %d failed: %s", letter.pk, letter.attempts, error)
        _put_back(letter, now, error)
        return False
    _held(letter).update(status=Status.SENT, sent_at=now, error="")
    return True


def _held(letter: EmailOutbox) -> Any:
    return EmailOutbox.objects.filter(pk=letter.pk, fence=letter.fence, status=Status.WAITING)


def _put_back(letter: EmailOutbox, now: datetime, error: Exception) -> None:
    fields: dict[str, Any] = {"error": f"{type(error).__name__}: {error}"[:300]}
    if letter.attempts > len(WAITS):
        fields["status"] = Status.FAILED
    else:
        fields["next_at"] = now + WAITS[letter.attempts - 1]
    _held(letter).update(**fields)
