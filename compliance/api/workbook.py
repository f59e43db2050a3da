"""Answering without a connection: the workbook out, and what came back, looked at and applied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.http import content_disposition_header
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import clock, permissions
from compliance.api.endpoint import (
    AnyAccept,
    Endpoint,
    assessment_of,
    idempotent,
    lang_of,
    person_of,
    read,
)
from compliance.api.evidence import FileField
from compliance.api.fields import AnyValueField, ChosenField, Strict
from compliance.api.openapi import file, operation
from compliance.api.parsing import FormParser
from compliance.errors import SomebodySavedFirst, TransitionNotAllowed
from compliance.exports.workbook import assessment_workbook
from compliance.models import Assessment, Membership, WorkbookUpload
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import facts_are_open
from compliance.services.workbook import (
    MINE,
    THEIRS,
    Change,
    apply_workbook,
    preview_of,
    take_workbook,
)

TAG = "workbook"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PartForm(serializers.Serializer[Any]):
    title = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class ChangedCell(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="The id of the requirement, or the name of the fact.")
    is_fact = serializers.BooleanField()
    sheet = serializers.CharField()
    row = serializers.IntegerField()
    number = serializers.CharField()
    title = serializers.CharField()
    parts = PartForm(many=True)
    new = AnyValueField()
    version = serializers.IntegerField(help_text="Of what is stored now: send it in `seen`.")
    who = serializers.CharField(help_text="Who saved since the workbook was downloaded.")
    at = serializers.DateTimeField(allow_null=True)


class WrongCell(serializers.Serializer[Any]):
    sheet = serializers.CharField()
    cell = serializers.CharField(help_text="Such as C14.")
    title = serializers.CharField()
    sentence = serializers.CharField()


class PreviewForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    assessment = serializers.UUIDField()
    filename = serializers.CharField()
    uploaded_at = serializers.DateTimeField()
    can_be_applied = serializers.BooleanField()
    changes = ChangedCell(many=True)
    conflicts = ChangedCell(many=True)
    problems = WrongCell(many=True)
    untouched = serializers.IntegerField(help_text="How many rows say what is stored already.")


class WorkbookView(Endpoint):
    content_negotiation_class = AnyAccept
    parser_classes = (FormParser,)

    class Input(Strict):
        file = FileField()

    @operation(
        "downloadWorkbook",
        tag=TAG,
        gives={(200, XLSX): file("The assessment as it stands now.")},
    )
    def get(self, request: Request, assessment_id: UUID) -> HttpResponseBase:
        """The assessment as an XLSX workbook, to be filled in without a connection."""
        assessment, member = assessment_of(request, assessment_id)
        content = assessment_workbook(
            evaluation_of(assessment),
            lang_of(request),
            may_save_facts=permissions.may(member, "save_facts") and facts_are_open(assessment),
            made_at=clock.now(),
        )
        reply = HttpResponse(content, content_type=XLSX)
        name = f"{assessment.title} {clock.today().isoformat()}.xlsx".replace("/", "-")
        reply["Content-Disposition"] = content_disposition_header(True, name)
        reply["X-Content-Type-Options"] = "nosniff"
        return reply

    @operation(
        "uploadWorkbook",
        tag=TAG,
        takes=Input,
        gives={201: PreviewForm},
        is_idempotent=True,
        refuses=(409,),
    )
    @idempotent
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Send a workbook back (as multipart form): what it would change; nothing changes yet."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "answer")
        upload = take_workbook(
            assessment=assessment, upload=read(self.Input, request)["file"], by=member
        )
        return Response(
            _preview(upload, assessment, member, lang_of(request)),
            status=201,
            headers={"Location": reverse("api_workbook_preview", args=[assessment.pk, upload.pk])},
        )


class WorkbookPreviewView(Endpoint):
    @operation("previewWorkbook", tag=TAG, gives={200: PreviewForm})
    def get(self, request: Request, assessment_id: UUID, upload_id: UUID) -> Response:
        """What applying your workbook would do, held against what is stored now."""
        assessment, member = assessment_of(request, assessment_id)
        upload = _upload_of(request, assessment, upload_id)
        return Response(_preview(upload, assessment, member, lang_of(request)))


class WorkbookApplyView(Endpoint):
    class Input(Strict):
        keep = serializers.DictField(
            child=ChosenField([MINE, THEIRS]),
            required=False,
            default=dict,
            help_text="For each conflict by its key, whose version stays.",
        )
        seen = serializers.DictField(
            child=serializers.IntegerField(min_value=0, max_value=2**31),
            required=False,
            default=dict,
            help_text="For each conflict by its key, the version that you saw.",
        )

    class Output(serializers.Serializer[Any]):
        saved = serializers.IntegerField(help_text="How many answers and facts are new.")

    @operation(
        "applyWorkbook",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        is_idempotent=True,
        refuses=(409,),
        example={"keep": {"cnsa.m01.research_call_watch": "mine"}, "seen": {}},
    )
    @idempotent
    def post(self, request: Request, assessment_id: UUID, upload_id: UUID) -> Response:
        """Save every change of the workbook, or nothing."""
        assessment, member = assessment_of(request, assessment_id)
        upload = _upload_of(request, assessment, upload_id)
        permissions.require(member, "answer")
        given = read(self.Input, request)
        try:
            saved = apply_workbook(
                upload=upload,
                keep=given["keep"],
                seen={key: str(version) for key, version in given["seen"].items()},
                lang=lang_of(request),
                by=member,
            )
        except SomebodySavedFirst as conflict:
            # Nothing of this call says a state: look at the preview again and choose.
            raise TransitionNotAllowed(conflict.message) from None
        return Response({"saved": saved})


def _upload_of(request: Request, assessment: Assessment, upload_id: UUID) -> WorkbookUpload:
    """Only whoever uploaded a workbook sees what it changes."""
    upload = get_object_or_404(
        WorkbookUpload,
        pk=upload_id,
        assessment=assessment,
        uploaded_by=person_of(request),
        applied_at__isnull=True,
    )
    upload.assessment = assessment
    return upload


def _preview(
    upload: WorkbookUpload, assessment: Assessment, member: Membership, lang: str
) -> dict[str, Any]:
    preview = preview_of(upload, evaluation_of(assessment), member, lang)
    return {
        "id": upload.pk,
        "assessment": assessment.pk,
        "filename": upload.filename,
        "uploaded_at": upload.uploaded_at,
        "can_be_applied": preview.can_be_applied,
        "changes": [_change(change) for change in preview.changes],
        "conflicts": [_change(change) for change in preview.conflicts],
        "problems": [
            {
                "sheet": problem.sheet,
                "cell": problem.cell,
                "title": problem.title,
                "sentence": problem.sentence,
            }
            for problem in preview.problems
        ],
        "untouched": preview.untouched,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "key": change.key,
        "is_fact": change.is_fact,
        "sheet": change.sheet,
        "row": change.row,
        "number": change.number,
        "title": change.title,
        "parts": [
            {"title": part.title, "before": part.before, "after": part.after}
            for part in change.parts
        ],
        "new": change.new,
        "version": change.version,
        "who": change.who,
        "at": change.at,
    }


_WORKBOOK = "assessments/<uuid:assessment_id>/workbook/"
urlpatterns: list[URLPattern] = [
    path(_WORKBOOK, WorkbookView.as_view(), name="api_workbook"),
    path(
        f"{_WORKBOOK}<uuid:upload_id>/", WorkbookPreviewView.as_view(), name="api_workbook_preview"
    ),
    path(
        f"{_WORKBOOK}<uuid:upload_id>/apply/",
        WorkbookApplyView.as_view(),
        name="api_workbook_apply",
    ),
]
