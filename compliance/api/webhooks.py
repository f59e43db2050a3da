"""Webhooks: where the firm's own systems hear what happened, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    Endpoint,
    filter_of,
    idempotent,
    membership_of,
    person_of,
    read,
)
from compliance.api.fields import Strict, TextField
from compliance.api.openapi import operation, page_of
from compliance.models import Membership, Webhook, WebhookDelivery
from compliance.selectors.webhooks import WebhookLine, line_of, lines_of_these
from compliance.services.webhooks import (
    ACTION,
    add_webhook,
    pause_webhook,
    ping_webhook,
    remove_webhook,
    replay_delivery,
    resume_webhook,
)
from compliance.webhooks.events import AREAS
from compliance.webhooks.wire import Fault

TAG = "webhooks"
STATUSES = frozenset(status.value for status in WebhookDelivery.Status)
STATES = ["active", "resting", *Webhook.Pause.values]


class WebhookForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    firm = serializers.UUIDField()
    url = serializers.CharField()
    areas = serializers.ListField(child=serializers.ChoiceField(sorted(AREAS)))
    state = serializers.ChoiceField(STATES, help_text="resting: tried again after a failure.")
    created_at = serializers.DateTimeField()
    delivered_last_at = serializers.DateTimeField(allow_null=True)
    waiting = serializers.IntegerField(help_text="Messages that wait.")
    given_up = serializers.IntegerField(help_text="Messages that no attempt delivered.")


class NewWebhookForm(WebhookForm):
    secret = serializers.CharField(help_text="Shown this once; signs every message.")


class DeliveryForm(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The same at every attempt: `Tianheng-Delivery`.")
    webhook = serializers.UUIDField()
    event = serializers.CharField(help_text="Such as answer.saved; ping is a test message.")
    status = serializers.ChoiceField(sorted(STATUSES))
    attempts = serializers.IntegerField()
    written_at = serializers.DateTimeField()
    tried_at = serializers.DateTimeField(allow_null=True)
    next_at = serializers.DateTimeField(allow_null=True, help_text="Null: not tried again.")
    sent_at = serializers.DateTimeField(allow_null=True)
    answer_status = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(help_text="The beginning of what the receiver answered.")
    fault = serializers.ChoiceField(["", *(fault.value for fault in Fault)])
    body = serializers.CharField(help_text="The message as it is sent.")


def _webhook(line: WebhookLine) -> dict[str, Any]:
    webhook = line.webhook
    return {
        "id": webhook.pk,
        "firm": webhook.firm_id,
        "url": webhook.url,
        "areas": webhook.areas,
        "state": line.state,
        "created_at": webhook.created_at,
        "delivered_last_at": line.delivered_last,
        "waiting": line.waiting,
        "given_up": line.given_up,
    }


def _delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    is_waiting = delivery.status == WebhookDelivery.Status.WAITING
    return {
        "id": delivery.pk,
        "webhook": delivery.webhook_id,
        "event": delivery.event,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "written_at": delivery.written_at,
        "tried_at": delivery.tried_at,
        "next_at": delivery.next_at if is_waiting else None,
        "sent_at": delivery.sent_at,
        "answer_status": delivery.answer_status,
        "answer": delivery.answer,
        "fault": delivery.error,
        "body": delivery.body,
    }


def _webhook_of(request: Request, webhook_id: UUID) -> tuple[Webhook, Membership]:
    user = person_of(request)
    found: Webhook = get_object_or_404(Webhook.objects.visible_to(user), pk=webhook_id)
    member = found.membership_of(user)
    permissions.require(member, ACTION)
    return found, member


class WebhooksView(Endpoint):
    class Input(Strict):
        url = TextField(max_length=600)
        areas = serializers.ListField(
            child=TextField(max_length=20),
            max_length=20,
            help_text=f"What it is told; of: {', '.join(sorted(AREAS))}.",
        )

    @operation("listWebhooks", tag=TAG, gives={200: page_of(WebhookForm)}, is_list=True)
    def get(self, request: Request, firm_id: UUID) -> Response:
        """The webhooks of a firm, the newest first; for its managers."""
        member = membership_of(request, firm_id)
        permissions.require(member, ACTION)
        rows = Webhook.objects.filter(firm=member.firm)

        def show(found: Sequence[Webhook]) -> list[dict[str, Any]]:
            these = Webhook.objects.filter(pk__in=[row.pk for row in found])
            return [_webhook(line) for line in lines_of_these(these.order_by("-created_at", "-pk"))]

        return Response(page_of_rows(request, rows, newest_by="created_at", show=show))

    @operation(
        "createWebhook",
        tag=TAG,
        takes=Input,
        gives={201: NewWebhookForm},
        is_idempotent=True,
        refuses=(409,),
        example={"url": "https://example.com/tianheng", "areas": ["status", "reports"]},
    )
    @idempotent
    def post(self, request: Request, firm_id: UUID) -> Response:
        """Add a webhook: its secret is in this answer and never shown again."""
        member = membership_of(request, firm_id)
        permissions.require(member, ACTION)
        added = add_webhook(firm=member.firm, by=member, **read(self.Input, request))
        return Response(
            {**_webhook(line_of(added)), "secret": added.secret},
            status=201,
            headers={"Location": reverse("api_webhook", args=[added.pk])},
        )


class WebhookView(Endpoint):
    @operation("getWebhook", tag=TAG, gives={200: WebhookForm})
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """One webhook, and how it fares."""
        found, _member = _webhook_of(request, webhook_id)
        return Response(_webhook(line_of(found)))

    @operation("removeWebhook", tag=TAG, gives={204: None})
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Remove a webhook with its messages."""
        found, member = _webhook_of(request, webhook_id)
        remove_webhook(webhook=found, by=member)
        return Response(status=204)


class WebhookPauseView(Endpoint):
    @operation("pauseWebhook", tag=TAG, gives={200: WebhookForm})
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send nothing for now; what happens is kept until it is resumed."""
        found, member = _webhook_of(request, webhook_id)
        pause_webhook(webhook=found, by=member)
        return Response(_webhook(line_of(found)))


class WebhookResumeView(Endpoint):
    @operation("resumeWebhook", tag=TAG, gives={200: WebhookForm})
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send again, beginning with what waits."""
        found, member = _webhook_of(request, webhook_id)
        resume_webhook(webhook=found, by=member)
        return Response(_webhook(line_of(found)))


class WebhookPingView(Endpoint):
    @operation(
        "pingWebhook", tag=TAG, gives={202: DeliveryForm}, is_idempotent=True, refuses=(409, 422)
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send a test message; look at the deliveries for what came of it."""
        found, member = _webhook_of(request, webhook_id)
        return Response(_delivery(ping_webhook(webhook=found, by=member)), status=202)


class DeliveriesView(Endpoint):
    @operation(
        "listDeliveries",
        tag=TAG,
        gives={200: page_of(DeliveryForm)},
        is_list=True,
        filters=[OpenApiParameter("status", str, enum=sorted(STATUSES))],
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """The messages of the last thirty days, the newest first."""
        found, _member = _webhook_of(request, webhook_id)
        rows = found.deliveries.all()
        if status := filter_of(request, "status", STATUSES):
            rows = rows.filter(status=status)

        def show(deliveries: Sequence[WebhookDelivery]) -> list[dict[str, Any]]:
            return [_delivery(delivery) for delivery in deliveries]

        return Response(page_of_rows(request, rows, newest_by="written_at", show=show))


class ReplayView(Endpoint):
    @operation("replayDelivery", tag=TAG, gives={202: DeliveryForm}, refuses=(409,))
    def post(self, request: Request, delivery_id: UUID) -> Response:
        """Send a message again that was delivered or given up: the same, under the same id."""
        user = person_of(request)
        found: WebhookDelivery = get_object_or_404(
            WebhookDelivery.objects.visible_to(user), pk=delivery_id
        )
        replay_delivery(delivery=found, by=found.membership_of(user))
        return Response(_delivery(found), status=202)


urlpatterns: list[URLPattern] = [
    path("firms/<uuid:firm_id>/webhooks/", WebhooksView.as_view(), name="api_webhooks"),
    path("webhooks/<uuid:webhook_id>/", WebhookView.as_view(), name="api_webhook"),
    path("webhooks/<uuid:webhook_id>/pause/", WebhookPauseView.as_view(), name="api_webhook_pause"),
    path(
        "webhooks/<uuid:webhook_id>/resume/", WebhookResumeView.as_view(), name="api_webhook_resume"
    ),
    path("webhooks/<uuid:webhook_id>/ping/", WebhookPingView.as_view(), name="api_webhook_ping"),
    path("webhooks/<uuid:webhook_id>/deliveries/", DeliveriesView.as_view(), name="api_deliveries"),
    path("webhooks/deliveries/<uuid:delivery_id>/replay/", ReplayView.as_view(), name="api_replay"),
]
