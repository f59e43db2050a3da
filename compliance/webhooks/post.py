"""The outbox as a queue: take a message, hand it to the receiver, note what it answered.

A message is taken by a guarded update that hands out a lease and a number, the fence. A receiver
that is away loses nothing: its messages wait, and it is asked less and less often; after many
failures in a row the webhook is paused, and the managers are told.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F, QuerySet

from compliance import audit, clock
from compliance.models import Webhook, WebhookDelivery
from compliance.webhooks.wire import SECONDS, Reply, post, signature_of

log = logging.getLogger(__name__)

Status = WebhookDelivery.Status
LEASE = timedelta(minutes=2)
assert timedelta(seconds=SECONDS) < LEASE
# One round ends after this time, so that a slow receiver keeps no worker from its reports.
ROUND_S, TURN = 6.0, 20
HALF_A_MINUTE, MINUTE, HOUR = timedelta(seconds=30), timedelta(minutes=1), timedelta(hours=1)
# How long a message waits after its first, second … failed attempt; after the last it is given up.
WAITS = (HALF_A_MINUTE, 2 * MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR)
# How long a webhook rests, whatever waits for it, after as many failures in a row.
RESTS = (HALF_A_MINUTE, 2 * MINUTE, 10 * MINUTE, HOUR)
FAILURES_BEFORE_PAUSE = 15
KEPT = timedelta(days=30)


def send_waiting() -> int:
    """Send the messages whose time has come; gives how many were taken by their receivers."""
    began, count = time.monotonic(), 0
    for webhook_id in _due(clock.now()).values_list("webhook", flat=True).distinct():
        due = _due(clock.now()).filter(webhook=webhook_id).select_related("webhook__firm")
        for delivery in due.order_by("next_at", "sequence")[:TURN]:
            if time.monotonic() - began > ROUND_S:
                return count
            if not _send(delivery):
                break
            count += 1
    return count


def forget_old() -> int:
    """Remove messages that were delivered or given up long ago; gives how many."""
    ended = WebhookDelivery.objects.filter(status__in=(Status.SENT, Status.FAILED))
    count, _per_model = ended.filter(written_at__lt=clock.now() - KEPT).delete()
    return count


def _due(now: datetime) -> QuerySet[WebhookDelivery]:
    """What may go out now; the webhook that was sent something last comes last."""
    return WebhookDelivery.objects.filter(
        status=Status.WAITING,
        next_at__lte=now,
        webhook__paused_at=None,
        webhook__rest_until__lte=now,
    ).order_by("webhook__rest_until", "webhook")


def _send(delivery: WebhookDelivery) -> bool:
    now = clock.now()
    if not _take(delivery, now):
        return False
    webhook, body = delivery.webhook, delivery.body.encode()
    reply = post(
        webhook.url,
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": "Tianheng",
            "Tianheng-Event": delivery.event,
            "Tianheng-Delivery": str(delivery.pk),
            "Tianheng-Signature": signature_of(webhook.secret, body, int(now.timestamp())),
        },
    )
    if reply.fault is None:
        _note_success(delivery, reply)
    else:
        log.warning("webhook message %s: attempt %d: %s", delivery.pk, delivery.attempts, reply)
        _note_failure(delivery, reply)
    return reply.fault is None


def _take(delivery: WebhookDelivery, now: datetime) -> bool:
    """Hold the message for a while, if nobody else has taken it meanwhile."""
    # Of this table alone: with a join, PostgreSQL would look at what the other taker saw, too.
    won = _held(delivery).update(
        fence=F("fence") + 1, attempts=F("attempts") + 1, next_at=now + LEASE, tried_at=now
    )
    if won == 1:
        delivery.fence, delivery.attempts = delivery.fence + 1, delivery.attempts + 1
    return won == 1


def _held(delivery: WebhookDelivery) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        pk=delivery.pk, fence=delivery.fence, status=Status.WAITING
    )


def _note_success(delivery: WebhookDelivery, reply: Reply) -> None:
    now = clock.now()
    with transaction.atomic():
        _held(delivery).update(status=Status.SENT, sent_at=now, error="", **_answer(reply))
        Webhook.objects.filter(pk=delivery.webhook_id).update(failures=0, rest_until=now)


def _note_failure(delivery: WebhookDelivery, reply: Reply) -> None:
    now = clock.now()
    fields: dict[str, Any] = {"error": str(reply.fault), **_answer(reply)}
    if delivery.attempts > len(WAITS):
        fields["status"] = Status.FAILED
    else:
        fields["next_at"] = now + WAITS[delivery.attempts - 1]
    with transaction.atomic():
        if _held(delivery).update(**fields) != 1:
            return
        webhook = Webhook.objects.select_for_update().get(pk=delivery.webhook_id)
        webhook.failures += 1
        webhook.rest_until = now + RESTS[min(webhook.failures, len(RESTS)) - 1]
        if webhook.is_active and webhook.failures >= FAILURES_BEFORE_PAUSE:
            webhook.paused_at, webhook.pause = now, Webhook.Pause.FAILURES
            host = urlsplit(webhook.url).hostname
            audit.record(None, "webhook.stopped", webhook, firm=webhook.firm, after={"title": host})
        webhook.save(update_fields=["failures", "rest_until", "paused_at", "pause"])


def _answer(reply: Reply) -> dict[str, Any]:
    return {"answer_status": reply.status, "answer": reply.said}
