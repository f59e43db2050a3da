"""What happened to an assessment since somebody looked: cheap enough to ask every two seconds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import audit
from compliance.api.cursors import limit_of
from compliance.api.endpoint import Endpoint, etag_of, person_of
from compliance.api.fields import MaybeObjectField
from compliance.api.openapi import PAGING, operation
from compliance.models import Assessment, AuditEvent, Report
from compliance.selectors.changes import changes_since, cursor_of, with_cursor


class ChangeForm(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    who = serializers.CharField()
    action = serializers.CharField(help_text="For programs, such as answer.saved.")
    sentence = serializers.CharField(help_text="For people.")
    requirement = serializers.CharField()
    subject = serializers.CharField()
    before = MaybeObjectField()
    after = MaybeObjectField()


class MovingReport(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    submission = serializers.UUIDField()
    status = serializers.ChoiceField(Report.Status.values)
    progress = serializers.IntegerField(min_value=0, max_value=100, help_text="Percent.")
    step = serializers.CharField()


class ChangesView(Endpoint):
    class Output(serializers.Serializer[Any]):
        cursor = serializers.CharField(help_text="For the next `since`.")
        has_more = serializers.BooleanField()
        results = ChangeForm(many=True)
        reports = MovingReport(many=True, help_text="Those being made, and how far they are.")

    @operation(
        "listChanges",
        tag="assessments",
        gives={200: Output, 304: None},
        filters=[
            OpenApiParameter(
                "since",
                {"type": "string", "pattern": "^[0-9]{1,18}$"},
                description="The `cursor` of the last answer; left out: from the beginning.",
            ),
            PAGING[1],
        ],
        has_etag=True,
    )
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """Everything since the cursor, oldest first; 304 where nothing happened or moves."""
        since, limit = _since(request), limit_of(request)
        # One query tells both: that the person may look, and that nothing is new.
        seen = get_object_or_404(
            with_cursor(Assessment.objects.visible_to(person_of(request))).annotate(
                is_moving=Exists(_moving().filter(submission__assessment=OuterRef("pk")))
            ),
            pk=assessment_id,
        )
        is_moving = getattr(seen, "is_moving", False)
        if cursor_of(seen) <= since and not is_moving:
            return Response(status=304, headers={"ETag": etag_of(since)})
        events = list(changes_since(seen, since)[: limit + 1])
        reports = _moving().filter(submission__assessment=assessment_id) if is_moving else ()
        has_more, events = len(events) > limit, events[:limit]
        cursor = events[-1].pk if events else since
        return Response(
            {
                "cursor": str(cursor),
                "has_more": has_more,
                "results": [_change(event) for event in events],
                "reports": [
                    {
                        "id": report.pk,
                        "submission": report.submission_id,
                        "status": report.status,
                        "progress": report.progress,
                        "step": report.step,
                    }
                    for report in reports
                ],
            },
            headers={"ETag": etag_of(cursor)},
        )


def _moving() -> QuerySet[Report]:
    status = Report.Status
    waiting = Report.objects.filter(status__in=[status.REQUESTED, status.RENDERING])
    return waiting.order_by("requested_at").defer("review")


def _since(request: Request) -> int:
    text = request.query_params.get("since", "0")
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise ParseError(_("This cursor is none of ours. Follow `next`, or start without one."))


def _change(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": event.pk,
        "at": event.at,
        "who": event.actor_name,
        "action": event.action,
        "sentence": str(audit.SENTENCES.get(event.action, event.action)),
        "requirement": event.requirement,
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
    }


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/changes/", ChangesView.as_view(), name="api_changes"),
]
