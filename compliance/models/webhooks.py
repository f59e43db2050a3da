"""Webhooks: where a firm's own systems hear what happened, and each message on its way there."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compliance.models.firms import Firm, OfFirm, OfFirmQuerySet


class Webhook(OfFirm, models.Model):
    """One address of a firm's own system that is told what happens in the firm."""

    class Pause(models.TextChoices):
        BY_HAND = "by_hand", pgettext_lazy("webhook", "Paused")
        FAILURES = "failures", pgettext_lazy("webhook", "Paused after many failures")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=600)
    # As it is: a signature cannot be made from a hash. It is shown once, when the webhook is added.
    secret = models.CharField(max_length=80)
    areas = models.JSONField(default=list)  # of compliance.webhooks.events.AREAS
    created_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    pause = models.CharField(max_length=10, choices=Pause.choices, blank=True)
    sequence = models.PositiveBigIntegerField(default=0)  # how far the firm's trail is written out
    failures = models.PositiveIntegerField(default=0)  # failed attempts since one succeeded
    rest_until = models.DateTimeField()  # after a failure nothing is sent before

    objects: ClassVar[models.Manager[Webhook]] = OfFirmQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["firm", "created_at"], name="webhooks_of_firm")]

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        return self.paused_at is None

    def state(self, at: datetime) -> str:
        """ "active", "resting" before the next attempt after a failure, or why it is paused."""
        if not self.is_active:
            return self.pause
        return "resting" if self.failures and self.rest_until > at else "active"


class WebhookDelivery(OfFirm, models.Model):
    """One message to one webhook, and what became of it."""

    FIRM: ClassVar[str] = "webhook.firm"

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("delivery", "Waiting")
        SENT = "sent", pgettext_lazy("delivery", "Delivered")
        FAILED = "failed", pgettext_lazy("delivery", "Given up")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    sequence = models.PositiveBigIntegerField(null=True)  # of the event; null: a test message
    event = models.CharField(max_length=60)  # the action of the event, or "ping"
    body = models.TextField()  # the JSON as it goes out, the same at every attempt
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)  # grows with every taking; the last one wins
    written_at = models.DateTimeField()
    next_at = models.DateTimeField()  # not tried before; also the lease of whoever has it in hand
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answer_status = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True)  # the beginning of what was answered
    error = models.CharField(max_length=300, blank=True)

    objects: ClassVar[models.Manager[WebhookDelivery]] = OfFirmQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-written_at"]
        indexes = [
            models.Index(fields=["status", "next_at"], name="deliveries_to_send"),
            models.Index(fields=["webhook", "written_at"], name="deliveries_of_webhook"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "sequence"], name="one_delivery_per_event")
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.status}"
