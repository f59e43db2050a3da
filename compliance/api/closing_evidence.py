"""What shows that a corrective action is done; and the firm's plan as a file."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import clock, permissions
from compliance.api.corrective_actions import ActionForm, action_json, action_of
from compliance.api.endpoint import (
    AnyAccept,
    Endpoint,
    filter_of,
    id_filter_of,
    idempotent,
    lang_of,
    membership_of,
    read,
)
from compliance.api.evidence import EvidenceForm, FileField, evidence_json
from compliance.api.fields import Strict, TextField
from compliance.api.openapi import file, free_object, operation
from compliance.api.parsing import FormParser, StrictJSONParser
from compliance.exports.actions import actions_poam, actions_xlsx
from compliance.models import Evidence
from compliance.selectors.corrective_actions import ActionFilters, found_actions
from compliance.services.corrective_actions import attach_file, attach_piece, detach_piece

TAG = "corrective actions"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = frozenset({"xlsx", "oscal"})


class ClosingEvidenceView(Endpoint):
    parser_classes = (FormParser, StrictJSONParser)

    class Input(Strict):
        kind = TextField(required=False, default="", max_length=80)
        title = TextField(required=False, default="", max_length=400)
        file = FileField(required=False)
        url = TextField(required=False, default="", max_length=600)

    @operation(
        "attachClosingEvidence",
        tag=TAG,
        takes=Input,
        gives={201: EvidenceForm},
        is_idempotent=True,
        refuses=(409, 507),
        example={"url": "https://example.com/signed-plan", "title": "The signed plan"},
    )
    @idempotent
    def post(self, request: Request, action_id: UUID) -> Response:
        """A new file (as multipart form) or link that shows it; the firm's library keeps it."""
        action, member = action_of(request, action_id)
        permissions.require(member, "update_action")
        given = read(self.Input, request)
        piece = attach_file(action=action, upload=given.pop("file", None), by=member, **given)
        place = reverse("api_evidence", args=[piece.pk])
        return Response(evidence_json(piece), status=201, headers={"Location": place})


class ClosingPieceView(Endpoint):
    @operation("attachClosingPiece", tag=TAG, gives={200: ActionForm}, refuses=(409, 422))
    def put(self, request: Request, action_id: UUID, evidence_id: UUID) -> Response:
        """Let a piece that the firm already keeps show that the action is done."""
        action, member = action_of(request, action_id)
        permissions.require(member, "update_action")
        piece = get_object_or_404(Evidence, pk=evidence_id, firm_id=action.firm_id)
        attach_piece(action=action, evidence=piece, by=member)
        return Response(action_json(action_of(request, action_id)[0], lang_of(request)))

    @operation("detachClosingPiece", tag=TAG, gives={204: None}, refuses=(409,))
    def delete(self, request: Request, action_id: UUID, evidence_id: UUID) -> Response:
        """Take a piece away from the action; the firm keeps it."""
        action, member = action_of(request, action_id)
        permissions.require(member, "update_action")
        piece = get_object_or_404(Evidence, pk=evidence_id, firm_id=action.firm_id)
        detach_piece(action=action, evidence=piece, by=member)
        return Response(status=204)


class ActionsExportView(Endpoint):
    content_negotiation_class = AnyAccept

    @operation(
        "exportCorrectiveActions",
        tag=TAG,
        gives={
            200: free_object("OSCAL plan of action and milestones."),
            (200, XLSX): file("One line per action."),
        },
        filters=[
            OpenApiParameter("format", str, required=True, enum=sorted(FORMATS)),
            OpenApiParameter("assessment", {"type": "string", "format": "uuid"}),
        ],
    )
    def get(self, request: Request, firm_id: UUID) -> HttpResponseBase:
        """All corrective actions of a firm, or of one assessment, as a file."""
        member = membership_of(request, firm_id)
        wanted, lang = filter_of(request, "format", FORMATS), lang_of(request)
        assessment = id_filter_of(request, "assessment")
        filters = ActionFilters(assessment=str(assessment or ""), all_verified=True)
        found = found_actions(member, filters, lang)
        match wanted:
            case "xlsx":
                reply: HttpResponseBase = HttpResponse(actions_xlsx(found, lang), XLSX)
            case "oscal":
                reply = Response(actions_poam(member.firm, found, lang=lang, at=clock.now()))
            case _:
                raise ParseError(_("Say which `format` you want."))
        ending = "xlsx" if wanted == "xlsx" else "oscal.json"
        name = f"corrective-actions-{clock.today().isoformat()}.{ending}"
        reply["Content-Disposition"] = f'attachment; filename="{name}"'
        reply["X-Content-Type-Options"] = "nosniff"
        return reply


_ACTION = "corrective-actions/<uuid:action_id>/"
urlpatterns: list[URLPattern] = [
    path(f"{_ACTION}evidence/", ClosingEvidenceView.as_view(), name="api_closing_evidence"),
    path(
        f"{_ACTION}evidence/<uuid:evidence_id>/",
        ClosingPieceView.as_view(),
        name="api_closing_piece",
    ),
    path(
        "firms/<uuid:firm_id>/corrective-actions/export/",
        ActionsExportView.as_view(),
        name="api_actions_export",
    ),
]
