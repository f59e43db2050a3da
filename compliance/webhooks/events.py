"""The audit trail, read on from where each webhook was told last → the messages that go out.

The event is in the trail or the thing did not happen, and how far a webhook was told moves in the
transaction that stores its messages: nothing is lost or told twice, whatever stops in between.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.functional import Promise

from compliance import clock
from compliance.models import AuditEvent, Webhook, WebhookDelivery
from compliance.selectors.trail_page import AREAS as AREAS_OF_TRAIL

EVENTS_AT_ONCE = 300
PING = "ping"
# What a webhook may be told: the groups in which people filter the trail.
AREAS: Mapping[str, Promise] = {name: words for name, (words, _kinds) in AREAS_OF_TRAIL.items()}
_AREA_OF: Mapping[str, str] = {
    kind: name for name, (_words, kinds) in AREAS_OF_TRAIL.items() for kind in kinds
}
# Where the API shows what an event is about.
_PLACES: Mapping[str, str] = {
    "evidence": "api_evidence",
    "submission": "api_submission",
    "report": "api_report",
    "correctiveaction": "api_action",
}


def write_deliveries() -> int:
    """Write what happened since the last time for every webhook that listens to it."""
    behind = Webhook.objects.filter(
        paused_at=None, sequence__lt=F("firm__audit_head__sequence")
    ).values_list("pk", flat=True)
    return sum(_write_of(webhook_id) for webhook_id in list(behind))


def _write_of(webhook_id: UUID) -> int:
    with transaction.atomic():
        active = Webhook.objects.select_for_update().filter(pk=webhook_id, paused_at=None)
        webhook = active.first()
        if webhook is None:
            return 0
        rows = AuditEvent.objects.filter(firm=webhook.firm_id, sequence__gt=webhook.sequence)
        events = list(rows.order_by("sequence")[:EVENTS_AT_ONCE])
        if not events:
            return 0
        wanted = [event for event in events if area_of(event.action) in webhook.areas]
        WebhookDelivery.objects.bulk_create(
            [_told(webhook, event) for event in wanted], ignore_conflicts=True
        )
        Webhook.objects.filter(pk=webhook.pk).update(sequence=events[-1].sequence)
    return len(wanted)


def area_of(action: str) -> str:
    """The group of an action; "" for one that no webhook is told."""
    return _AREA_OF.get(action.partition(".")[0], "")


def ping(webhook: Webhook, *, name: str) -> WebhookDelivery:
    """A test message, not stored yet."""
    return _delivery(webhook, PING, clock.now(), lambda: {"actor": name})


def _told(webhook: Webhook, event: AuditEvent) -> WebhookDelivery:
    delivery = _delivery(webhook, event.action, event.at, lambda: _details(event))
    delivery.sequence = event.sequence
    return delivery


def _delivery(
    webhook: Webhook, event: str, at: datetime, details: Callable[[], dict[str, Any]]
) -> WebhookDelivery:
    now, delivery_id = clock.now(), uuid.uuid4()
    message = {
        "id": str(delivery_id),
        "event": event,
        "at": at.isoformat().replace("+00:00", "Z"),
        "firm": str(webhook.firm_id),
        **details(),
    }
    return WebhookDelivery(
        id=delivery_id,
        webhook=webhook,
        event=event,
        body=json.dumps(message, ensure_ascii=False, separators=(",", ":")),
        written_at=now,
        next_at=now,
    )


def _details(event: AuditEvent) -> dict[str, Any]:
    """Who did what to which thing; what it holds is asked for at its address, with a token."""
    kind, _colon, name = event.subject.partition(":")
    links: dict[str, str] = {}
    if event.assessment_id:
        links["assessment"] = _address("api_assessment", event.assessment_id)
        if event.requirement:
            links["answer"] = _address("api_answer", event.assessment_id, event.requirement)
    if kind in _PLACES and name:
        links[kind] = _address(_PLACES[kind], name)
    return {
        "sequence": event.sequence,
        "actor": event.actor_name,
        "assessment": str(event.assessment_id) if event.assessment_id else None,
        "requirement": event.requirement or None,
        "subject": {"kind": kind, "id": name},
        "links": links,
    }


def _address(route: str, *args: Any) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{reverse(route, args=args)}"
