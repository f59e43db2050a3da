"""The requirements of an assessment, and the answers to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checklists import Evaluation, Flag
from checklists.engine import export
from checklists.engine.model import Applicability
from compliance import permissions
from compliance.api.catalogues import SEVERITIES, TRACKS
from compliance.api.cursors import LARGEST_PAGE, page_of_items
from compliance.api.endpoint import (
    Endpoint,
    assessment_of,
    base_version_of,
    etag_of,
    filter_of,
    lang_of,
    read,
    version_of_etag,
)
from compliance.api.fields import (
    ChosenField,
    MaybeObjectField,
    ObjectsField,
    Strict,
    TextField,
    ValueField,
    refuse,
)
from compliance.api.openapi import operation, page_of
from compliance.api.problems import StaleState
from compliance.api.shapes import OUTCOMES, name_of
from compliance.errors import SomebodySavedFirst
from compliance.models import Answer, Assessment
from compliance.selectors.evaluation import (
    AssessmentState,
    catalogue_of,
    evaluation_of,
    row_of,
)
from compliance.services.answers import AnswerChange, save_answer, save_answers
from compliance.workflow import is_open

TAG = "answers"
APPLICABILITIES = frozenset(each.value for each in Applicability)
MOST_AT_ONCE = 200
FLAGS = [flag.value for flag in Flag]


class RowForm(serializers.Serializer[Any]):
    """One requirement of an assessment: why it applies, what was answered, what follows."""

    requirement = serializers.CharField()
    source_row = serializers.CharField()
    measure = serializers.IntegerField()
    section = serializers.CharField()
    track = serializers.ChoiceField(sorted(TRACKS))
    topic = serializers.CharField()
    severity = serializers.ChoiceField(sorted(SEVERITIES))
    title = serializers.CharField()
    applicability = serializers.ChoiceField(sorted(APPLICABILITIES))
    applicability_reason = serializers.CharField()
    missing_facts = serializers.ListField(child=serializers.CharField())
    outcome = serializers.ChoiceField(sorted(OUTCOMES))
    reason = serializers.CharField()
    answer = ValueField()
    not_applicable_reason = serializers.CharField()
    flag = serializers.ChoiceField(FLAGS, allow_null=True)
    limit = MaybeObjectField()
    target = MaybeObjectField()
    best_practice = serializers.CharField(allow_null=True)
    missing_evidence = serializers.ListField(child=serializers.CharField())
    evidence_faults = ObjectsField()
    weight = serializers.IntegerField()
    points = serializers.CharField(allow_null=True)
    etag = serializers.CharField()
    is_open = serializers.BooleanField(help_text="Whether the answer can be changed now.")


class AnswerForm(serializers.Serializer[Any]):
    requirement = serializers.CharField()
    value = ValueField()
    note = serializers.CharField()
    not_applicable_reason = serializers.CharField()
    flag = serializers.ChoiceField([*FLAGS, ""])
    is_carried_over = serializers.BooleanField()
    version = serializers.IntegerField(help_text="0: nobody has answered yet.")
    etag = serializers.CharField()
    updated_at = serializers.DateTimeField(allow_null=True)
    updated_by = serializers.CharField(allow_null=True)
    applicability = serializers.ChoiceField(sorted(APPLICABILITIES))
    applicability_reason = serializers.CharField()
    outcome = serializers.ChoiceField(sorted(OUTCOMES))
    reason = serializers.CharField()


class RequirementsView(Endpoint):
    @operation(
        "listRows",
        tag=TAG,
        gives={200: page_of(RowForm)},
        is_list=True,
        filters=[
            OpenApiParameter("applicability", str, enum=sorted(APPLICABILITIES)),
            OpenApiParameter("outcome", str, enum=sorted(OUTCOMES)),
            OpenApiParameter("measure", int, description="Number of the plan's measure."),
            OpenApiParameter("topic", str),
            OpenApiParameter("track", str, enum=sorted(TRACKS)),
            OpenApiParameter("severity", str, enum=sorted(SEVERITIES)),
        ],
    )
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """Each requirement with applicability, answer, outcome and reason, all on one page."""
        assessment, _member = assessment_of(request, assessment_id)
        catalogue, lang = catalogue_of(assessment), lang_of(request)
        of_row = {
            "applicability": filter_of(request, "applicability", APPLICABILITIES),
            "outcome": filter_of(request, "outcome", OUTCOMES),
        }
        of_requirement = {
            "measure": filter_of(request, "measure", {str(n): n for n in catalogue.measures}),
            "topic": filter_of(request, "topic", catalogue.topics),
            "track": filter_of(request, "track", TRACKS),
            "severity": filter_of(request, "severity", SEVERITIES),
        }
        state = evaluation_of(assessment)
        asked_row = {name: value for name, value in of_row.items() if value}
        asked = {name: value for name, value in of_requirement.items() if value}
        found = [
            row
            for row in state.evaluation.rows.values()
            if all(getattr(row, name) == value for name, value in asked_row.items())
            and all(
                str(getattr(catalogue.requirements[row.requirement], name)) == value
                for name, value in asked.items()
            )
        ]
        return Response(
            page_of_items(
                request,
                found,
                key=lambda row: row.requirement,
                order={name: place for place, name in enumerate(catalogue.requirements)},
                show=lambda row: _row(state, row, lang),
                default=LARGEST_PAGE,
            )
        )


def _row(state: AssessmentState, row: Evaluation, lang: str) -> dict[str, Any]:
    stored = state.answers.get(row.requirement)
    typed = state.typed_answers.get(row.requirement)
    form = export.row_json(state.catalogue, row, typed, lang)
    del form["confirmed_outcome"]  # an officer's word is on a submission
    form["etag"] = etag_of(stored.version if stored else 0)
    form["is_open"] = is_open(state.assessment, row.requirement)
    return form


class AnswerView(Endpoint):
    class Input(Strict):
        value = ValueField(required=False, default=None)
        note = TextField(required=False, default="")
        not_applicable_reason = TextField(required=False, default="", allow_null=True)
        flag = ChosenField([*FLAGS, ""], required=False, default="", allow_null=True)

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if not self.initial_data:
                refuse("value", _("Send the answer; null takes it back."))
            return attrs

    @operation("getAnswer", tag=TAG, gives={200: AnswerForm}, has_etag=True)
    def get(self, request: Request, assessment_id: UUID, requirement_id: str) -> Response:
        """The answer and its ETag, also where nobody has answered yet."""
        assessment, _member = assessment_of(request, assessment_id)
        in_force_or_404(assessment, requirement_id)
        body = _stored(assessment, requirement_id, lang_of(request))
        return Response(body, headers={"ETag": body["etag"]})

    @operation(
        "saveAnswer",
        tag=TAG,
        takes=Input,
        gives={200: AnswerForm},
        if_match=True,
        refuses=(409,),
        example={"value": "yes", "note": "See the programme of 3 March."},
    )
    def put(self, request: Request, assessment_id: UUID, requirement_id: str) -> Response:
        """Save the answer made from the state in `If-Match`; 412 shows what is there instead."""
        assessment, member = assessment_of(request, assessment_id)
        in_force_or_404(assessment, requirement_id)
        permissions.require(member, "answer")
        base = base_version_of(request, is_needed=True)
        given = read(self.Input, request)
        try:
            saved = save_answer(
                assessment=assessment,
                requirement_id=requirement_id,
                value=given["value"],
                note=given["note"],
                not_applicable_reason=given["not_applicable_reason"] or "",
                flag=given["flag"] or "",
                base_version=base,
                by=member,
            )
        except SomebodySavedFirst as conflict:
            now = _stored(assessment, requirement_id, lang_of(request))
            raise StaleState(current=now, etag=now["etag"], base=conflict.base) from None
        body = _judged(assessment, requirement_id, saved.answer, lang_of(request))
        return Response(body, headers={"ETag": body["etag"]})


class AnswerItem(AnswerView.Input):
    """One of several answers."""

    requirement = TextField(max_length=120)
    etag = TextField(max_length=40, help_text="What was read; `*` saves over what is there.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs


class AnswersView(Endpoint):
    class Input(Strict):
        answers = serializers.ListField(
            child=AnswerItem(), max_length=MOST_AT_ONCE, allow_empty=False
        )

    class Output(serializers.Serializer[Any]):
        answers = AnswerForm(many=True)

    @operation(
        "saveAnswers",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        refuses=(409, 412),
        example={"answers": [{"requirement": "cnsa.m07.x", "value": "yes", "etag": '"0"'}]},
    )
    def put(self, request: Request, assessment_id: UUID) -> Response:
        """Save up to 200 answers: all of them, or none and a list of every fault."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "answer")
        changes = [_change(item) for item in read(self.Input, request)["answers"]]
        for change in changes:
            if change.requirement_id in catalogue_of(assessment).requirements:
                in_force_or_404(assessment, change.requirement_id)
        names = [change.requirement_id for change in changes]
        try:
            save_answers(assessment=assessment, changes=changes, by=member)
        except SomebodySavedFirst as conflict:
            now = _answers(evaluation_of(assessment), conflict.theirs, lang_of(request))
            raise StaleState(current={"answers": now}) from None
        return Response({"answers": _answers(evaluation_of(assessment), names, lang_of(request))})


def _change(item: dict[str, Any]) -> AnswerChange:
    return AnswerChange(
        requirement_id=item["requirement"],
        base_version=version_of_etag(item["etag"]),
        value=item["value"],
        note=item["note"],
        not_applicable_reason=item["not_applicable_reason"] or "",
        flag=item["flag"] or "",
    )


def _answers(state: AssessmentState, names: Iterable[str], lang: str) -> list[dict[str, Any]]:
    rows = state.evaluation.rows
    return [_answer(rows[name], state.answers.get(name), name, lang) for name in names]


def in_force_or_404(assessment: Assessment, requirement_id: str) -> None:
    """Refuse a requirement that this assessment is not judged by."""
    requirement = catalogue_of(assessment).requirements.get(requirement_id)
    if requirement is None or not requirement.in_force.holds(assessment.as_of):
        raise Http404


def _stored(assessment: Assessment, requirement_id: str, lang: str) -> dict[str, Any]:
    answers = Answer.objects.filter(assessment=assessment, requirement=requirement_id)
    return _judged(assessment, requirement_id, answers.select_related("updated_by").first(), lang)


def _judged(
    assessment: Assessment, requirement_id: str, answer: Answer | None, lang: str
) -> dict[str, Any]:
    """The answer and what follows from it; no other answer has a say in that, so none is read."""
    return _answer(row_of(assessment, requirement_id, answer), answer, requirement_id, lang)


def _answer(
    row: Evaluation, answer: Answer | None, requirement_id: str, lang: str
) -> dict[str, Any]:
    said = answer or Answer(requirement=requirement_id, version=0)
    return {
        "requirement": requirement_id,
        "value": said.value,
        "note": said.note,
        "not_applicable_reason": said.not_applicable_reason,
        "flag": said.flag,
        "is_carried_over": said.is_carried_over,
        "version": said.version,
        "etag": etag_of(said.version),
        "updated_at": said.updated_at,
        "updated_by": name_of(said.updated_by),
        "applicability": row.applicability,
        "applicability_reason": row.applicability_reason.get(lang),
        "outcome": row.outcome,
        "reason": row.reason.get(lang),
    }


urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/requirements/",
        RequirementsView.as_view(),
        name="api_rows",
    ),
    path("assessments/<uuid:assessment_id>/answers/", AnswersView.as_view(), name="api_answers"),
    path(
        "assessments/<uuid:assessment_id>/answers/<str:requirement_id>/",
        AnswerView.as_view(),
        name="api_answer",
    ),
]
