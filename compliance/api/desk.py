"""The officer's desk: what waits in all firms, and who takes which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    Endpoint,
    filter_of,
    id_filter_of,
    person_of,
    read,
    submission_of,
)
from compliance.api.fields import MaybeObjectField, Strict, TextField, refuse
from compliance.api.openapi import operation, page_of
from compliance.api.shapes import BANDS
from compliance.models import QueueEntry, Role, Scope, User
from compliance.services.queue import assign_review

TAG = "review"
TAKEN = {"me", "nobody", "others"}
STATES = {"waiting", "decided"}


class EntryForm(serializers.Serializer[Any]):
    submission = serializers.UUIDField()
    assessment = serializers.UUIDField()
    firm = serializers.UUIDField()
    firm_name = serializers.CharField()
    title = serializers.CharField()
    number = serializers.IntegerField()
    round = serializers.IntegerField(help_text="1: handed in for the first time.")
    submitted_at = serializers.DateTimeField()
    is_waiting = serializers.BooleanField()
    decision = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    with_conditions = serializers.BooleanField()
    band = serializers.ChoiceField(BANDS)
    blockers = serializers.IntegerField()
    reviewed = serializers.IntegerField(help_text="How many answers are determined.")
    total = serializers.IntegerField(help_text="Of how many.")
    duty_score = serializers.CharField(allow_null=True, help_text="Confirmed.")
    topics = MaybeObjectField(help_text="Topic: its confirmed score, and whether a blocker is in.")
    assigned_to = serializers.CharField(allow_null=True, help_text="The officer's e-mail address.")


def entry_json(entry: QueueEntry) -> dict[str, Any]:
    """One submission as the queue shows it."""
    return {
        "submission": entry.submission_id,
        "assessment": entry.assessment_id,
        "firm": entry.firm_id,
        "firm_name": entry.firm.name,
        "title": entry.assessment.title,
        "number": entry.number,
        "round": entry.round,
        "submitted_at": entry.submitted_at,
        "is_waiting": entry.is_waiting,
        "decision": entry.decision,
        "decided_at": entry.decided_at,
        "with_conditions": entry.with_conditions,
        "band": entry.band,
        "blockers": entry.blockers,
        "reviewed": entry.reviewed,
        "total": entry.total,
        "duty_score": entry.duty_score or None,
        "topics": entry.topics,
        "assigned_to": entry.assigned_to.email if entry.assigned_to else None,
    }


class DeskView(Endpoint):
    @operation(
        "listQueue",
        tag=TAG,
        gives={200: page_of(EntryForm)},
        is_list=True,
        filters=[
            OpenApiParameter("state", str, enum=sorted(STATES), description="Default: waiting."),
            OpenApiParameter("taken", str, enum=sorted(TAKEN)),
            OpenApiParameter("firm", {"type": "string", "format": "uuid"}),
            OpenApiParameter("band", str, enum=sorted(BANDS)),
        ],
    )
    def get(self, request: Request) -> Response:
        """What was handed in to you as an officer, in all your firms, the newest first."""
        user = person_of(request)
        rows = QueueEntry.objects.on_desk_of(user)
        rows = rows.filter(is_waiting=filter_of(request, "state", STATES) != "decided")
        match filter_of(request, "taken", TAKEN):
            case "me":
                rows = rows.filter(assigned_to=user)
            case "nobody":
                rows = rows.filter(assigned_to=None)
            case "others":
                rows = rows.exclude(assigned_to=None).exclude(assigned_to=user)
        if firm := id_filter_of(request, "firm"):
            rows = rows.filter(firm_id=firm)
        if band := filter_of(request, "band", BANDS):
            rows = rows.filter(band=band)

        def show(entries: Sequence[QueueEntry]) -> list[dict[str, Any]]:
            return [entry_json(entry) for entry in entries]

        rows = rows.select_related("firm", "assessment", "assigned_to")
        return Response(page_of_rows(request, rows, newest_by="submitted_at", show=show))


class AssignView(Endpoint):
    writes_with = Scope.REVIEW

    class Input(Strict):
        to = TextField(
            allow_null=True, max_length=254, help_text="An officer's e-mail address; null: anybody."
        )

    @operation(
        "assignReview",
        tag=TAG,
        takes=Input,
        gives={200: EntryForm},
        refuses=(409,),
        example={"to": "officer@demo.example"},
    )
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Take a waiting submission, hand it to a colleague, or put it back for anybody."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "assign_review")
        email = read(self.Input, request)["to"]
        to = None
        if email:
            officers = User.objects.filter(
                memberships__firm=member.firm_id, memberships__role=Role.OFFICER
            )
            to = officers.filter(email__iexact=email.strip(), is_active=True).first()
            if to is None:
                refuse("to", _("Choose a compliance officer of this firm."))
        assign_review(submission=submission, to=to, by=member)
        entries = QueueEntry.objects.select_related("firm", "assessment", "assigned_to")
        return Response(entry_json(entries.get(pk=submission.pk)))


urlpatterns: list[URLPattern] = [
    path("desk/", DeskView.as_view(), name="api_desk"),
    path("submissions/<uuid:submission_id>/assign/", AssignView.as_view(), name="api_assign"),
]
