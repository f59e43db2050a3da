"""Evidence: attached to requirements, kept by the firm, downloaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    AnyAccept,
    Endpoint,
    assessment_of,
    base_version_of,
    etag_of,
    idempotent,
    membership_of,
    person_of,
    read,
)
from compliance.api.fields import DayField, IdField, Strict, TextField, refuse
from compliance.api.openapi import file, operation, page_of
from compliance.api.parsing import FormParser, StrictJSONParser
from compliance.api.problems import StaleState
from compliance.api.shapes import name_of
from compliance.downloads import evidence_file
from compliance.errors import SomebodySavedFirst
from compliance.models import Assessment, Evidence, EvidenceUse, Membership
from compliance.selectors.evaluation import catalogue_of
from compliance.services.evidence import (
    add_evidence,
    attach_evidence,
    attach_existing,
    detach_evidence,
    edit_evidence,
    remove_evidence,
    replace_evidence,
    set_places,
)

TAG = "evidence"
MOST_PLACES = 500
SAID = ("kind", "title", "effective_on", "expires_on")


@extend_schema_field({"type": "string", "format": "binary"})
class FileField(serializers.FileField):
    """The file; what may be in it, the service says."""

    def to_internal_value(self, data: Any) -> UploadedFile[Any]:
        if not isinstance(data, UploadedFile):
            self.fail("invalid")
        return data


class OptionalDay(DayField):
    """A day, or nothing; a form sends nothing as an empty text."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return super().validate_empty_values(None if data == "" else data)


class NewEvidence(Strict):
    kind = TextField(required=False, default="", max_length=80)
    title = TextField(required=False, default="", max_length=400)
    file = FileField(required=False)
    url = TextField(required=False, default="", max_length=600)
    effective_on = OptionalDay(required=False, allow_null=True)
    expires_on = OptionalDay(required=False, allow_null=True)

    def service_values(self) -> dict[str, Any]:
        """What the service takes."""
        given = dict(self.validated_data)
        given["upload"] = given.pop("file", None)
        return given


class EvidenceForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    firm = serializers.UUIDField()
    kind = serializers.CharField()
    title = serializers.CharField()
    filename = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes; 0 for a link.")
    sha256 = serializers.CharField()
    url = serializers.CharField(help_text="The link; empty for a file.")
    effective_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    version = serializers.IntegerField()
    etag = serializers.CharField()
    replaces = serializers.UUIDField(allow_null=True)
    added_by = serializers.CharField(allow_null=True)
    added_at = serializers.DateTimeField()
    download = serializers.CharField(allow_null=True)


class UsedEvidence(EvidenceForm):
    requirements = serializers.ListField(child=serializers.CharField())


def evidence_json(piece: Evidence) -> dict[str, Any]:
    """One piece of evidence."""
    return {
        "id": piece.pk,
        "firm": piece.firm_id,
        "kind": piece.kind,
        "title": piece.title,
        "filename": piece.filename,
        "media_type": piece.media_type,
        "size": piece.size,
        "sha256": piece.sha256,
        "url": piece.url,
        "effective_on": piece.effective_on,
        "expires_on": piece.expires_on,
        "version": piece.version,
        "etag": etag_of(piece.version),
        "replaces": piece.replaces_id,
        "added_by": name_of(piece.added_by),
        "added_at": piece.added_at,
        "download": reverse("api_evidence_download", args=[piece.pk]) if piece.file else None,
    }


def _used(pieces: Sequence[Evidence], uses: Iterable[EvidenceUse]) -> list[dict[str, Any]]:
    serves: dict[UUID, list[str]] = {piece.pk: [] for piece in pieces}
    for use in uses:
        serves[use.evidence_id].append(use.requirement)
    return [{**evidence_json(piece), "requirements": sorted(serves[piece.pk])} for piece in pieces]


class AssessmentEvidenceView(Endpoint):
    parser_classes = (FormParser, StrictJSONParser)

    class Input(NewEvidence):
        requirement = TextField(max_length=120)

    @operation("listEvidence", tag=TAG, gives={200: page_of(UsedEvidence)}, is_list=True)
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """What is attached in this assessment, the newest first, and what it serves."""
        assessment, _member = assessment_of(request, assessment_id)
        rows = (
            Evidence.objects.filter(uses__assessment=assessment)
            .select_related("added_by")
            .distinct()
        )

        def show(pieces: Sequence[Evidence]) -> list[dict[str, Any]]:
            uses = EvidenceUse.objects.filter(assessment=assessment, evidence__in=pieces)
            return _used(pieces, uses)

        return Response(page_of_rows(request, rows, newest_by="added_at", show=show))

    @operation(
        "attachEvidence",
        tag=TAG,
        takes=Input,
        gives={201: UsedEvidence},
        is_idempotent=True,
        refuses=(409, 507),
        example={
            "requirement": "cnsa.m18.third_party_policy_in_force",
            "kind": "insurance_policy",
            "url": "https://example.com/policy",
            "effective_on": "2027-01-01",
            "expires_on": "2027-12-31",
        },
    )
    @idempotent
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Attach a file (as multipart form) or a link to one requirement."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "attach_evidence")
        form = self.Input(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.service_values()
        requirement = given.pop("requirement")
        given["kind"] = given["kind"] or _only_kind(assessment, requirement)
        piece = attach_evidence(
            assessment=assessment, requirement_id=requirement, by=member, **given
        )
        return Response(
            {**evidence_json(piece), "requirements": [requirement]},
            status=201,
            headers={"Location": reverse("api_evidence", args=[piece.pk])},
        )


def _only_kind(assessment: Assessment, requirement_id: str) -> str:
    """The kind of evidence where a requirement names one alone; "" where it has to be said."""
    requirement = catalogue_of(assessment).requirements.get(requirement_id)
    kinds = [spec.kind for spec in requirement.evidence] if requirement else []
    return kinds[0] if len(kinds) == 1 else ""


class EvidenceUseView(Endpoint):
    @operation("attachExistingEvidence", tag=TAG, gives={200: EvidenceForm}, refuses=(409, 422))
    def put(
        self, request: Request, assessment_id: UUID, requirement_id: str, evidence_id: UUID
    ) -> Response:
        """Let a piece that the firm already keeps serve one more requirement."""
        assessment, member = assessment_of(request, assessment_id)
        piece = get_object_or_404(
            Evidence.objects.select_related("added_by"),
            pk=evidence_id,
            firm_id=assessment.firm_id,
        )
        attach_existing(
            assessment=assessment, requirement_id=requirement_id, evidence=piece, by=member
        )
        return Response(evidence_json(piece))

    @operation("detachEvidence", tag=TAG, gives={204: None}, refuses=(409,))
    def delete(
        self, request: Request, assessment_id: UUID, requirement_id: str, evidence_id: UUID
    ) -> Response:
        """Take a piece away from one requirement; the firm keeps it."""
        assessment, member = assessment_of(request, assessment_id)
        piece = get_object_or_404(Evidence, pk=evidence_id, firm_id=assessment.firm_id)
        permissions.require(member, "attach_evidence")
        if requirement_id not in catalogue_of(assessment).requirements:
            raise Http404
        detach_evidence(
            assessment=assessment, requirement_id=requirement_id, evidence=piece, by=member
        )
        return Response(status=204)


class LibraryView(Endpoint):
    parser_classes = (FormParser, StrictJSONParser)

    class Input(NewEvidence):
        pass

    @operation("listLibrary", tag=TAG, gives={200: page_of(EvidenceForm)}, is_list=True)
    def get(self, request: Request, firm_id: UUID) -> Response:
        """All the evidence that a firm keeps, the newest first."""
        membership_of(request, firm_id)
        rows = Evidence.objects.filter(firm_id=firm_id).select_related("added_by")

        def show(pieces: Sequence[Evidence]) -> list[dict[str, Any]]:
            return [evidence_json(piece) for piece in pieces]

        return Response(page_of_rows(request, rows, newest_by="added_at", show=show))

    @operation(
        "addEvidence",
        tag=TAG,
        takes=Input,
        gives={201: EvidenceForm},
        is_idempotent=True,
        refuses=(507,),
        example={"kind": "insurance_policy", "url": "https://example.com/policy"},
    )
    @idempotent
    def post(self, request: Request, firm_id: UUID) -> Response:
        """Keep a file or a link without attaching it to anything yet."""
        member = membership_of(request, firm_id)
        permissions.require(member, "attach_evidence")
        form = self.Input(data=request.data)
        form.is_valid(raise_exception=True)
        piece = add_evidence(firm=member.firm, by=member, **form.service_values())
        return Response(
            evidence_json(piece),
            status=201,
            headers={"Location": reverse("api_evidence", args=[piece.pk])},
        )


def _visible(request: Request, evidence_id: UUID) -> Evidence:
    rows = Evidence.objects.visible_to(person_of(request)).select_related("added_by")
    found: Evidence = get_object_or_404(rows, pk=evidence_id)
    return found


def _writable(request: Request, evidence_id: UUID) -> tuple[Evidence, Membership]:
    """A piece of one of the caller's firms, and the role that has to allow writing."""
    piece = _visible(request, evidence_id)
    member = membership_of(request, piece.firm_id)
    permissions.require(member, "attach_evidence")
    piece.firm = member.firm
    return piece, member


def _answer(piece: Evidence) -> Response:
    body = evidence_json(piece)
    return Response(body, headers={"ETag": body["etag"]})


class EvidenceView(Endpoint):
    class Input(Strict):
        kind = TextField(required=False, max_length=80)
        title = TextField(required=False, max_length=400)
        effective_on = OptionalDay(required=False, allow_null=True)
        expires_on = OptionalDay(required=False, allow_null=True)

    @operation("getEvidence", tag=TAG, gives={200: EvidenceForm}, has_etag=True)
    def get(self, request: Request, evidence_id: UUID) -> Response:
        """One piece of evidence of your firms, and its ETag."""
        return _answer(_visible(request, evidence_id))

    @operation(
        "editEvidence",
        tag=TAG,
        takes=Input,
        gives={200: EvidenceForm},
        if_match=True,
        refuses=(409,),
        example={"title": "Policy no. 7", "expires_on": "2027-12-31"},
    )
    def patch(self, request: Request, evidence_id: UUID) -> Response:
        """Correct what is said of a piece: only what is sent changes, the content never."""
        piece, member = _writable(request, evidence_id)
        base = base_version_of(request, is_needed=True)
        given = read(self.Input, request)
        stored = {name: getattr(piece, name) for name in SAID}
        try:
            saved = edit_evidence(
                evidence=piece, **{**stored, **given}, base_version=base, by=member
            )
        except SomebodySavedFirst:
            now = evidence_json(_visible(request, evidence_id))
            raise StaleState(current=now, etag=now["etag"]) from None
        return _answer(saved)

    @operation("removeEvidence", tag=TAG, gives={204: None}, refuses=(409, 422))
    def delete(self, request: Request, evidence_id: UUID) -> Response:
        """Take a piece out of the library that serves nothing and was never submitted."""
        piece, member = _writable(request, evidence_id)
        remove_evidence(evidence=piece, by=member)
        return Response(status=204)


class EvidenceReplaceView(Endpoint):
    parser_classes = (FormParser, StrictJSONParser)

    class Input(Strict):
        title = TextField(required=False, default="", max_length=400)
        file = FileField(required=False)
        url = TextField(required=False, default="", max_length=600)
        effective_on = OptionalDay(required=False, allow_null=True)
        expires_on = OptionalDay(required=False, allow_null=True)

    @operation(
        "replaceEvidence",
        tag=TAG,
        takes=Input,
        gives={201: EvidenceForm},
        is_idempotent=True,
        refuses=(409, 507),
        example={"url": "https://example.com/policy-2028", "effective_on": "2028-01-01"},
    )
    @idempotent
    def post(self, request: Request, evidence_id: UUID) -> Response:
        """A newer version, which takes over where answers are open; the older one is kept."""
        piece, member = _writable(request, evidence_id)
        given = read(self.Input, request)
        newer = replace_evidence(evidence=piece, upload=given.pop("file", None), by=member, **given)
        return Response(
            evidence_json(newer),
            status=201,
            headers={"Location": reverse("api_evidence", args=[newer.pk])},
        )


class PlaceForm(Strict):
    assessment = IdField()
    requirement = TextField(max_length=120)


class EvidencePlacesView(Endpoint):
    class Input(Strict):
        attach = PlaceForm(many=True, required=False, default=list)
        detach = PlaceForm(many=True, required=False, default=list)

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if len(attrs["attach"]) + len(attrs["detach"]) > MOST_PLACES:
                refuse("attach", _("Send at most 500 places at once."))
            return attrs

    class Output(serializers.Serializer[Any]):
        places = PlaceForm(many=True)

    @operation("listPlaces", tag=TAG, gives={200: Output})
    def get(self, request: Request, evidence_id: UUID) -> Response:
        """Where a piece serves: assessments and their requirements."""
        return _places(_visible(request, evidence_id))

    @operation(
        "setPlaces",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        refuses=(409,),
        example={
            "attach": [
                {
                    "assessment": "0c9a36c8-50c5-4d4b-9f0e-6a3c9c2f7c11",
                    "requirement": "cnsa.m18.third_party_policy_in_force",
                }
            ]
        },
    )
    def put(self, request: Request, evidence_id: UUID) -> Response:
        """Let a piece serve some requirements and no longer others: all of it, or nothing."""
        piece, member = _writable(request, evidence_id)
        given = read(self.Input, request)
        set_places(
            evidence=piece,
            attach={(place["assessment"], place["requirement"]) for place in given["attach"]},
            detach={(place["assessment"], place["requirement"]) for place in given["detach"]},
            by=member,
        )
        return _places(piece)


def _places(piece: Evidence) -> Response:
    uses = EvidenceUse.objects.filter(evidence=piece).order_by("assessment_id", "requirement")
    places = [{"assessment": use.assessment_id, "requirement": use.requirement} for use in uses]
    return Response({"places": places})


class EvidenceDownloadView(Endpoint):
    content_negotiation_class = AnyAccept

    @operation(
        "downloadEvidence",
        tag=TAG,
        gives={(200, "application/octet-stream"): file("The file as it was stored.")},
    )
    def get(self, request: Request, evidence_id: UUID) -> HttpResponseBase:
        """The file as it was stored; 404 for a link."""
        return evidence_file(_visible(request, evidence_id))


urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/evidence/",
        AssessmentEvidenceView.as_view(),
        name="api_assessment_evidence",
    ),
    path(
        "assessments/<uuid:assessment_id>/requirements/<str:requirement_id>/evidence/"
        "<uuid:evidence_id>/",
        EvidenceUseView.as_view(),
        name="api_evidence_use",
    ),
    path("firms/<uuid:firm_id>/evidence/", LibraryView.as_view(), name="api_library"),
    path("evidence/<uuid:evidence_id>/", EvidenceView.as_view(), name="api_evidence"),
    path(
        "evidence/<uuid:evidence_id>/replace/",
        EvidenceReplaceView.as_view(),
        name="api_evidence_replace",
    ),
    path(
        "evidence/<uuid:evidence_id>/places/",
        EvidencePlacesView.as_view(),
        name="api_evidence_places",
    ),
    path(
        "evidence/<uuid:evidence_id>/download/",
        EvidenceDownloadView.as_view(),
        name="api_evidence_download",
    ),
]
