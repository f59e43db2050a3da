"""The trace of a figure: the rules, answers, weights and points behind one score."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from checklists.engine.export import percent_json
from checklists.engine.model import Reason, Score, Text
from compliance.api.catalogues import SEVERITIES, TRACKS
from compliance.api.endpoint import Endpoint, assessment_of, filter_of, lang_of, submission_of
from compliance.api.fields import PercentField
from compliance.api.openapi import operation
from compliance.api.shapes import OUTCOMES, said
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.judged import Judged, JudgedRow, judged_assessment, judged_submission
from compliance.selectors.trace import BOTH, EVIDENCE, Scope, TraceLine, trace_of

TAG = "scores"
SCORES = frozenset({"duty", "upcoming", BOTH, EVIDENCE})
ADDRESS = [
    OpenApiParameter("score", str, enum=sorted(SCORES), description="Default: duty."),
    OpenApiParameter(
        "scope", str, description="`measure:7`, `section:…` or `topic:…`; left out: all."
    ),
]


class SumForm(serializers.Serializer[Any]):
    points = serializers.CharField(help_text="Points times weight, added up.")
    weight = serializers.IntegerField()
    percent = PercentField()


class JudgedForm(serializers.Serializer[Any]):
    """One requirement: what was said, what it is worth, and why."""

    requirement = serializers.CharField()
    number = serializers.CharField()
    title = serializers.CharField()
    measure = serializers.IntegerField()
    section = serializers.CharField()
    track = serializers.ChoiceField(sorted(TRACKS))
    topic = serializers.CharField()
    severity = serializers.ChoiceField(sorted(SEVERITIES))
    claimed = serializers.ChoiceField(sorted(OUTCOMES))
    confirmed = serializers.ChoiceField(sorted(OUTCOMES), allow_null=True)
    reason = serializers.CharField()
    answer = serializers.CharField(allow_null=True, help_text="As a person would say it.")


class LineForm(JudgedForm):
    weight = serializers.IntegerField()
    points = serializers.CharField()
    earned = serializers.CharField(help_text="points × weight")
    confirmed_points = serializers.CharField(allow_null=True)
    confirmed_earned = serializers.CharField(allow_null=True)


class TraceForm(serializers.Serializer[Any]):
    score = serializers.ChoiceField(sorted(SCORES))
    scope = serializers.CharField()
    title = serializers.CharField(allow_null=True)
    claimed = SumForm()
    confirmed = SumForm(allow_null=True)
    lines = LineForm(many=True)
    left_out = JudgedForm(many=True, help_text="Not applicable: out of the sum.")


def words(text: Any, lang: str) -> Any:
    """A text of the catalogue or of a frozen row, in one language."""
    return text.get(lang) if isinstance(text, Text | Reason) else said(text, lang)


def judged_json(row: JudgedRow, lang: str) -> dict[str, Any]:
    """One requirement as it is judged."""
    return {
        "requirement": row.requirement,
        "number": row.number,
        "title": words(row.title, lang),
        "measure": row.measure,
        "section": row.section,
        "track": row.track,
        "topic": row.topic,
        "severity": row.severity,
        "claimed": row.claimed,
        "confirmed": row.confirmed,
        "reason": words(row.reason, lang),
        "answer": words(row.answer, lang),
    }


def sum_json(score: Score | None) -> dict[str, Any] | None:
    """Points, weight and percentage of a score."""
    if score is None:
        return None
    return {
        "points": _number(Decimal(score.points2) / 2),
        "weight": score.weight,
        "percent": percent_json(score),
    }


def _number(value: Decimal | None) -> str | None:
    return None if value is None else format(value.normalize(), "f")


def _line(line: TraceLine, lang: str) -> dict[str, Any]:
    return {
        **judged_json(line.row, lang),
        "weight": line.weight,
        "points": _number(line.points),
        "earned": _number(line.earned),
        "confirmed_points": _number(line.confirmed_points),
        "confirmed_earned": _number(line.confirmed_earned),
    }


def _trace(request: Request, judged: Judged) -> Response:
    lang = lang_of(request)
    asked = request.query_params.get("scope", "")
    scope = Scope.read(asked, judged)
    if asked and not scope.kind:
        raise ParseError(_("There is no such scope. Send `measure:7`, `section:…` or `topic:…`."))
    score = filter_of(request, "score", SCORES) or "duty"
    trace = trace_of(judged, score=score, scope=scope)
    return Response(
        {
            "score": trace.score,
            "scope": f"{scope.kind}:{scope.key}" if scope.kind else "",
            "title": words(trace.title, lang),
            "claimed": sum_json(trace.claimed),
            "confirmed": sum_json(trace.confirmed),
            "lines": [_line(line, lang) for line in trace.lines],
            "left_out": [judged_json(row, lang) for row in trace.left_out],
        }
    )


class AssessmentTraceView(Endpoint):
    @operation("traceAssessment", tag=TAG, gives={200: TraceForm}, filters=ADDRESS)
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """What a score is made of, as it stands now: every line of its sum, dearest first."""
        assessment, _member = assessment_of(request, assessment_id)
        return _trace(request, judged_assessment(evaluation_of(assessment, with_people=False)))


class SubmissionTraceView(Endpoint):
    @operation("traceSubmission", tag=TAG, gives={200: TraceForm}, filters=ADDRESS)
    def get(self, request: Request, submission_id: UUID) -> Response:
        """The same of a submission, claimed beside confirmed."""
        submission, _member = submission_of(request, submission_id)
        return _trace(request, judged_submission(submission))


urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/trace/",
        AssessmentTraceView.as_view(),
        name="api_assessment_trace",
    ),
    path(
        "submissions/<uuid:submission_id>/trace/",
        SubmissionTraceView.as_view(),
        name="api_submission_trace",
    ),
]
