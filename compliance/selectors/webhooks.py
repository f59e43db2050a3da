"""A firm's webhooks, and how they fare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.functional import Promise

from compliance import clock
from compliance.models import Firm, Webhook, WebhookDelivery
from compliance.selectors.trail_page import AREAS

Status = WebhookDelivery.Status


@dataclass(frozen=True)
class WebhookLine:
    """One webhook as pages and API show it."""

    webhook: Webhook
    state: str
    areas: tuple[Promise, ...]
    delivered_last: datetime | None
    waiting: int
    given_up: int


def lines_of(firm: Firm) -> list[WebhookLine]:
    """The webhooks of a firm, newest first (one query)."""
    rows = _counted(Webhook.objects.filter(firm=firm).order_by("-created_at"))
    return [_line(row) for row in rows]


def line_of(webhook: Webhook) -> WebhookLine:
    """One of them (one query)."""
    return _line(_counted(Webhook.objects.filter(pk=webhook.pk)).get())


def lines_of_these(webhooks: QuerySet[Webhook]) -> list[WebhookLine]:
    """Those of a query, in its order."""
    return [_line(row) for row in _counted(webhooks)]


def _counted(webhooks: QuerySet[Webhook]) -> QuerySet[Any]:
    return webhooks.annotate(
        delivered_last=Max("deliveries__sent_at"),
        waiting=Count("deliveries", filter=Q(deliveries__status=Status.WAITING)),
        given_up=Count("deliveries", filter=Q(deliveries__status=Status.FAILED)),
    )


def _line(row: Any) -> WebhookLine:
    return WebhookLine(
        webhook=row,
        state=row.state(clock.now()),
        areas=tuple(AREAS[area][0] for area in row.areas if area in AREAS),
        delivered_last=row.delivered_last,
        waiting=row.waiting,
        given_up=row.given_up,
    )
