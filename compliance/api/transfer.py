"""A whole assessment out as JSON, and in again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checklists import Flag
from compliance import clock, permissions
from compliance.api.assessments import AssessmentForm, assessment_json
from compliance.api.endpoint import Endpoint, assessment_of, idempotent, lang_of, membership_of
from compliance.api.fields import (
    AnyValueField,
    ChosenField,
    DayField,
    FactsField,
    FlagField,
    Strict,
    TextField,
    ValueField,
)
from compliance.api.openapi import operation
from compliance.api.parsing import StrictJSONParser
from compliance.errors import InvalidInput, Sentence
from compliance.exports.transfer import FORMAT, transfer_json
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.figures import figures_of
from compliance.services.transfer import (
    AnswerGiven,
    Document,
    PieceGiven,
    UseGiven,
    import_assessment,
)

TAG = "assessments"
MOST = 2_000  # answers, and pieces of evidence
LARGEST = 12 * 1024 * 1024


class CatalogueGiven(Strict):
    id = TextField(max_length=60)
    edition = TextField(max_length=30, required=False, default="")
    digest = TextField(max_length=64, required=False, default="")


class AssessmentGiven(Strict):
    title = TextField(max_length=400)
    as_of = DayField()


class AnswerLine(Strict):
    requirement = TextField(max_length=120)
    value = ValueField(required=False, default=None)
    note = TextField(required=False, default="")
    not_applicable_reason = TextField(required=False, default="")
    flag = ChosenField([*(flag.value for flag in Flag), ""], required=False, default="")
    is_carried_over = FlagField(required=False, default=False)


class UseLine(Strict):
    requirement = TextField(max_length=120)
    is_carried_over = FlagField(required=False, default=False)


class PieceLine(Strict):
    kind = TextField(max_length=80)
    title = TextField(required=False, default="", max_length=200)
    filename = TextField(required=False, default="", max_length=255)
    media_type = TextField(required=False, default="", max_length=100)
    size = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**53)
    sha256 = TextField(required=False, default="", max_length=64)
    url = TextField(required=False, default="", max_length=600)
    effective_on = DayField(required=False, allow_null=True, default=None)
    expires_on = DayField(required=False, allow_null=True, default=None)
    uses = UseLine(many=True)


class TransferForm(Strict):
    """An assessment as it is written out."""

    format = ChosenField([FORMAT])
    catalogue = CatalogueGiven()
    assessment = AssessmentGiven()
    facts = FactsField()
    answers = AnswerLine(many=True)
    evidence = PieceLine(many=True)


class _Outline(TransferForm):
    """The document without looking into its lines: they are read one by one."""

    answers = serializers.ListField(child=AnyValueField(allow_null=True), max_length=MOST)  # type: ignore[assignment]
    evidence = serializers.ListField(child=AnyValueField(allow_null=True), max_length=MOST)  # type: ignore[assignment]


class LargeJSONParser(StrictJSONParser):
    """The same, for a body that may hold 2,000 notes."""

    largest = LARGEST


class ExportView(Endpoint):
    @operation("exportAssessment", tag=TAG, gives={200: TransferForm})
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """The whole assessment as JSON: facts, answers, what is said of the evidence; no files."""
        assessment, _member = assessment_of(request, assessment_id)
        name = f"assessment-{clock.today().isoformat()}.json"
        return Response(
            transfer_json(evaluation_of(assessment)),
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


class ImportView(Endpoint):
    parser_classes = (LargeJSONParser,)

    class Output(serializers.Serializer[Any]):
        assessment = AssessmentForm()
        missing_evidence = PieceLine(
            many=True, help_text="Files that the firm's library does not hold: attach them again."
        )

    @operation(
        "importAssessment",
        tag=TAG,
        takes=TransferForm,
        gives={201: Output},
        is_idempotent=True,
        example={
            "format": FORMAT,
            "catalogue": {"id": "cnsa_2025_2027"},
            "assessment": {"title": "DO-3 launch campaign", "as_of": "2026-11-20"},
            "facts": {"firm.roles": ["satellite_operator"]},
            "answers": [{"requirement": "cnsa.m01.research_call_watch", "value": "yes"}],
            "evidence": [],
        },
    )
    @idempotent
    def post(self, request: Request, firm_id: UUID) -> Response:
        """A new draft from such JSON: all of it, or every fault with the JSON pointer to it."""
        member = membership_of(request, firm_id)
        permissions.require(member, "start_assessment")
        sent: Any = request.data
        document, faults = _read(sent)
        if document is None:
            raise InvalidInput(faults)
        imported = import_assessment(firm=member.firm, document=document, faults=faults, by=member)
        missing = {piece.at for piece in imported.missing}
        lines = sent["evidence"]
        body = {
            "assessment": assessment_json(figures_of([imported.assessment])[0], lang_of(request)),
            "missing_evidence": [
                PieceLine(lines[number]).data
                for number in range(len(lines))
                if f"/evidence/{number}" in missing
            ],
        }
        place = reverse("api_assessment", args=[imported.assessment.pk])
        return Response(body, status=201, headers={"Location": place})


def _read(data: Any) -> tuple[Document | None, dict[str, Sentence]]:
    """The document so far as it can be read, and what is wrong by JSON pointer."""
    outline = _Outline(data=data)
    if not outline.is_valid():
        faults = dict(_pointed("", outline.errors))
        lines = data if isinstance(data, dict) else {}
        for name, form in (("answers", AnswerLine), ("evidence", PieceLine)):
            if f"/{name}" not in faults:
                faults |= dict(_lines(name, form, lines.get(name, []))[1])
        return None, faults
    head = outline.validated_data
    answers, wrong_answers = _lines("answers", AnswerLine, head["answers"])
    pieces, wrong_pieces = _lines("evidence", PieceLine, head["evidence"])
    document = Document(
        catalogue_id=head["catalogue"]["id"],
        title=head["assessment"]["title"],
        as_of=head["assessment"]["as_of"],
        facts=head["facts"],
        answers=[AnswerGiven(at=at, **line) for at, line in answers],
        evidence=[_piece(at, line) for at, line in pieces],
    )
    return document, {**wrong_answers, **wrong_pieces}


def _lines(
    name: str, form: type[Strict], lines: list[Any]
) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, Sentence]]:
    """The lines that can be read, each with its pointer, and the faults of the others."""
    good: list[tuple[str, dict[str, Any]]] = []
    faults: dict[str, Sentence] = {}
    for number, line in enumerate(lines):
        at = f"/{name}/{number}"
        read = form(data=line)
        if read.is_valid():
            good.append((at, read.validated_data))
        else:
            faults |= dict(_pointed(at, read.errors))
    return good, faults


def _piece(at: str, line: dict[str, Any]) -> PieceGiven:
    kept = ("kind", "title", "sha256", "url", "effective_on", "expires_on")
    uses = tuple(
        UseGiven(at=f"{at}/uses/{number}", **use) for number, use in enumerate(line["uses"])
    )
    return PieceGiven(at=at, uses=uses, **{name: line[name] for name in kept})


def _pointed(at: str, detail: Any) -> Iterator[tuple[str, Sentence]]:
    """The first sentence for each place, by its JSON pointer."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            is_whole = name == "non_field_errors"
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            yield from _pointed(at if is_whole else f"{at}/{escaped}", inner)
    elif isinstance(detail, list):
        sentences = [item for item in detail if isinstance(item, str)]
        if sentences:
            yield at or "/", str(sentences[0])
        for number, inner in enumerate(detail):
            if not isinstance(inner, str) and inner:
                yield from _pointed(f"{at}/{number}", inner)
    else:
        yield at or "/", _("This cannot be read. Send it as it was written out.")


urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/export/",
        ExportView.as_view(),
        name="api_assessment_export",
    ),
    path(
        "firms/<uuid:firm_id>/assessments/import/",
        ImportView.as_view(),
        name="api_assessment_import",
    ),
]
