"""The audit trail of an assessment and of a whole firm: read, filtered, checked, exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from checklists import InvalidValue
from checklists.engine.values import parse_date
from compliance import clock, permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    AnyAccept,
    Endpoint,
    assessment_of,
    filter_of,
    id_filter_of,
    lang_of,
    membership_of,
)
from compliance.api.fields import AnyValueField
from compliance.api.openapi import file, free_object, operation, page_of
from compliance.exports.trail import trail_csv, trail_json
from compliance.models import AuditEvent, AuditHead, Membership
from compliance.selectors.chain import check_chain, missing_guards
from compliance.selectors.trail_page import AREAS, Trail, TrailFilters

TAG = "audit trail"
FORMATS = frozenset({"csv", "json"})
CHECKED = 20_000  # the newest events; `manage.py audit verify` always checks everything
FILTERS = [
    OpenApiParameter("q", str, description="A requirement: its number, id or a part of a title."),
    OpenApiParameter("who", {"type": "string"}, description="A person's id, or `system`."),
    OpenApiParameter("area", str, enum=sorted(AREAS)),
    OpenApiParameter("since", {"type": "string", "format": "date"}),
    OpenApiParameter("until", {"type": "string", "format": "date"}),
]
OF_FIRM = [*FILTERS, OpenApiParameter("assessment", {"type": "string", "format": "uuid"})]


class EventForm(serializers.Serializer[Any]):
    sequence = serializers.IntegerField(help_text="In the firm's chain.")
    at = serializers.DateTimeField()
    who = serializers.CharField()
    action = serializers.CharField(help_text="For programs, such as answer.saved.")
    sentence = serializers.CharField(help_text="For people.")
    details = serializers.ListField(child=serializers.CharField())
    assessment = serializers.UUIDField(allow_null=True)
    requirement = serializers.CharField()
    subject = serializers.CharField()
    before = AnyValueField()
    after = AnyValueField()
    hash = serializers.CharField()


class AssessmentTrailView(Endpoint):
    @operation("listTrail", tag=TAG, gives={200: page_of(EventForm)}, is_list=True, filters=FILTERS)
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """Who did what in the assessment, the newest first."""
        assessment, _member = assessment_of(request, assessment_id)
        return _page(request, Trail(assessment.firm, assessment))


class FirmTrailView(Endpoint):
    @operation(
        "listFirmTrail", tag=TAG, gives={200: page_of(EventForm)}, is_list=True, filters=OF_FIRM
    )
    def get(self, request: Request, firm_id: UUID) -> Response:
        """Who did what in the whole firm, for its managers and compliance officers."""
        return _page(request, Trail(_reader(request, firm_id).firm))


class TrailCheckView(Endpoint):
    class Output(serializers.Serializer[Any]):
        is_unbroken = serializers.BooleanField()
        is_whole = serializers.BooleanField(help_text="Whether it began with the first event.")
        first = serializers.IntegerField()
        events = serializers.IntegerField()
        sequence = serializers.IntegerField(help_text="The end of the chain.")
        hash = serializers.CharField()
        faults = serializers.ListField(child=serializers.DictField())
        checked_at = serializers.DateTimeField()

    @operation("checkTrail", tag=TAG, gives={200: Output})
    def get(self, request: Request, firm_id: UUID) -> Response:
        """Whether the firm's chain is unbroken at this moment, and what is wrong if it is not."""
        check = check_chain(_reader(request, firm_id).firm, newest=CHECKED)
        faults = [*check.faults, *missing_guards()]
        return Response(
            {
                "is_unbroken": not faults,
                "is_whole": check.is_whole,
                "first": check.first,
                "events": check.events,
                "sequence": check.sequence,
                "hash": check.hash,
                "faults": [{**asdict(fault), "sentence": str(fault.sentence)} for fault in faults],
                "checked_at": clock.now(),
            }
        )


class TrailExportView(Endpoint):
    content_negotiation_class = AnyAccept

    @operation(
        "exportTrail",
        tag=TAG,
        gives={
            200: free_object("Every event in the form that is hashed, and the end of the chain."),
            (200, "text/csv"): file("One line per event."),
        },
        filters=[
            OpenApiParameter("format", str, required=True, enum=sorted(FORMATS)),
            *OF_FIRM,
        ],
    )
    def get(self, request: Request, firm_id: UUID) -> HttpResponseBase:
        """The trail of the firm as a file, so that anybody can check the chain."""
        firm = _reader(request, firm_id).firm
        trail = Trail(firm)
        events = trail.exported(_filters(request))
        match filter_of(request, "format", FORMATS):
            case "csv":
                lines, kind = trail_csv(trail, events, lang_of(request)), "text/csv; charset=utf-8"
            case "json":
                head = AuditHead.objects.filter(firm=firm).first() or AuditHead(firm=firm)
                lines, kind = trail_json(head, events), "application/json"
            case _:
                raise ParseError(_("Say which `format` you want."))
        reply = StreamingHttpResponse(lines, content_type=kind)
        ending = request.query_params["format"]
        name = f"audit-trail-{clock.today().isoformat()}.{ending}"
        reply["Content-Disposition"] = f'attachment; filename="{name}"'
        reply["X-Content-Type-Options"] = "nosniff"
        return reply


def _reader(request: Request, firm_id: UUID) -> Membership:
    member = membership_of(request, firm_id)
    permissions.require(member, "read_trail")
    return member


def _filters(request: Request) -> TrailFilters:
    """The filters of the address, or what cannot be understood of it."""
    asked = request.query_params
    who = asked.get("who", "")
    if who != "system":
        id_filter_of(request, "who")
    days: dict[str, Any] = {}
    for name in ("since", "until"):
        text = asked.get(name, "")
        try:
            days[name] = parse_date(text) if text else None
        except InvalidValue as error:
            raise ParseError(f"`{name}`: {error.message.get(get_language() or 'en')}") from None
    return TrailFilters.read(
        {
            "q": asked.get("q", "").replace("\x00", "")[:120],
            "who": who,
            "area": filter_of(request, "area", AREAS),
            "assessment": str(id_filter_of(request, "assessment") or ""),
            **days,
        }
    )


def _page(request: Request, trail: Trail) -> Response:
    lang = lang_of(request)
    found: QuerySet[AuditEvent] = _filters(request).apply(trail.events, trail.catalogue)

    def show(events: Sequence[AuditEvent]) -> list[dict[str, Any]]:
        return [_event(trail, event, lang) for event in events]

    rows = found.select_related("assessment")
    return Response(page_of_rows(request, rows, newest_by="sequence", show=show))


def _event(trail: Trail, event: AuditEvent, lang: str) -> dict[str, Any]:
    entry = trail.entry(event, lang)
    return {
        "sequence": event.sequence,
        "at": event.at,
        "who": event.actor_name,
        "action": event.action,
        "sentence": entry.sentence,
        "details": [str(detail) for detail in entry.details],
        "assessment": event.assessment_id,
        "requirement": event.requirement,
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
        "hash": event.hash,
    }


_FIRM = "firms/<uuid:firm_id>/trail/"
urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/trail/",
        AssessmentTrailView.as_view(),
        name="api_trail",
    ),
    path(_FIRM, FirmTrailView.as_view(), name="api_firm_trail"),
    path(f"{_FIRM}check/", TrailCheckView.as_view(), name="api_trail_check"),
    path(f"{_FIRM}export/", TrailExportView.as_view(), name="api_trail_export"),
]
