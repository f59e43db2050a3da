"""Webhooks: added with a secret that is shown once, tried out, paused, removed; messages again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions, tasks
from compliance.errors import ComplianceError, InvalidInput, TransitionNotAllowed
from compliance.models import AuditHead, Firm, Membership, Webhook, WebhookDelivery
from compliance.webhooks.addresses import UrlRefused, target_of
from compliance.webhooks.events import AREAS
from compliance.webhooks.events import ping as test_message

PREFIX = "thw_"  # so that a scan for leaked secrets finds them
MOST_OF_FIRM = 10
MOST_TESTS_WAITING = 5
ACTION = "manage_webhooks"


class TooManyWebhooks(ComplianceError):
    code = "too_many_webhooks"
    status = 409


def add_webhook(*, firm: Firm, url: str, areas: Iterable[str], by: Membership) -> Webhook:
    """A webhook that is told what happens from now on; its secret is to be shown this once."""
    permissions.require(by, ACTION, firm)
    url, wanted = url.strip(), list(areas)
    faults: dict[str, str] = {}
    try:
        target_of(url, allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
    except UrlRefused as refused:
        faults["url"] = str(refused)
    if not wanted or not set(wanted) <= AREAS.keys():
        faults["areas"] = _("Choose what it is told: %(areas)s.") % {"areas": ", ".join(AREAS)}
    if faults:
        raise InvalidInput(faults)
    now = clock.now()
    with transaction.atomic():
        Firm.objects.select_for_update().get(pk=firm.pk)  # one at a time, so that the count holds
        if Webhook.objects.filter(firm=firm).count() >= MOST_OF_FIRM:
            raise TooManyWebhooks(
                _("A firm has at most %(most)d webhooks. Remove one that is not needed any more.")
                % {"most": MOST_OF_FIRM}
            )
        webhook = Webhook.objects.create(
            firm=firm,
            url=url,
            secret=PREFIX + secrets.token_urlsafe(32),
            areas=[area for area in AREAS if area in wanted],
            created_by=by.user,
            created_at=now,
            rest_until=now,
        )
        audit.record(by, "webhook.added", webhook, after=_brief(webhook))
        # It is told what comes after its own beginning.
        webhook.sequence = AuditHead.objects.values_list("sequence", flat=True).get(firm=firm)
        webhook.save(update_fields=["sequence"])
    return webhook


def pause_webhook(*, webhook: Webhook, by: Membership) -> None:
    """Send nothing until it is resumed; what happens meanwhile is kept for then."""
    permissions.require(by, ACTION, webhook.firm)
    now = clock.now()
    with transaction.atomic():
        active = Webhook.objects.filter(pk=webhook.pk, paused_at=None)
        if active.update(paused_at=now, pause=Webhook.Pause.BY_HAND):
            audit.record(by, "webhook.paused", webhook, after=_brief(webhook))
    webhook.refresh_from_db()


def resume_webhook(*, webhook: Webhook, by: Membership) -> None:
    """Send again, beginning with what waits."""
    permissions.require(by, ACTION, webhook.firm)
    now = clock.now()
    with transaction.atomic():
        paused = Webhook.objects.filter(pk=webhook.pk, paused_at__isnull=False)
        if paused.update(paused_at=None, pause="", failures=0, rest_until=now):
            audit.record(by, "webhook.resumed", webhook, after=_brief(webhook))
            _ring()
    webhook.refresh_from_db()


def remove_webhook(*, webhook: Webhook, by: Membership) -> None:
    """Take the webhook away with its messages; the trail keeps that it was there."""
    permissions.require(by, ACTION, webhook.firm)
    with transaction.atomic():
        audit.record(by, "webhook.removed", webhook, before=_brief(webhook))
        webhook.delete()


def ping_webhook(*, webhook: Webhook, by: Membership) -> WebhookDelivery:
    """Send a test message now."""
    permissions.require(by, ACTION, webhook.firm)
    _require_active(webhook)
    with transaction.atomic():
        tests = webhook.deliveries.filter(sequence=None, status=WebhookDelivery.Status.WAITING)
        if tests.count() >= MOST_TESTS_WAITING:
            raise TransitionNotAllowed(
                _("Test messages are waiting already. Look at what became of them first.")
            )
        delivery = test_message(webhook, name=str(by.user))
        delivery.save(force_insert=True)
        Webhook.objects.filter(pk=webhook.pk).update(rest_until=clock.now())
        _ring()
    return delivery


def replay_delivery(*, delivery: WebhookDelivery, by: Membership) -> None:
    """Send a message again that was delivered or given up: the same one, under the same id."""
    permissions.require(by, ACTION, delivery.webhook.firm)
    _require_active(delivery.webhook)
    now, status = clock.now(), WebhookDelivery.Status
    with transaction.atomic():
        ended = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(status=status.WAITING)
        # The fence goes up, so that an attempt of before does not count for this one.
        again = {"attempts": 0, "fence": F("fence") + 1, "next_at": now, "sent_at": None}
        if ended.update(status=status.WAITING, **again) != 1:
            raise TransitionNotAllowed(_("This message is still waiting to be sent."))
        Webhook.objects.filter(pk=delivery.webhook_id).update(rest_until=now)
        audit.record(by, "webhook.replayed", delivery.webhook, after={"event": delivery.event})
        _ring()
    delivery.refresh_from_db()


def _require_active(webhook: Webhook) -> None:
    if not webhook.is_active:
        raise TransitionNotAllowed(_("This webhook is paused. Resume it first."))


def _brief(webhook: Webhook) -> dict[str, object]:
    """What the trail tells: not what stands behind the host, there may be a secret in it."""
    return {"host": urlsplit(webhook.url).netloc, "areas": webhook.areas}


def _ring() -> None:
    transaction.on_commit(tasks.ask_for_webhooks, robust=True)
