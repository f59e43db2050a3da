"""Any two assessments or submissions of a firm side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.endpoint import Endpoint, lang_of, membership_of
from compliance.api.fields import PercentField
from compliance.api.openapi import operation
from compliance.api.trace import JudgedForm, SumForm, judged_json, sum_json, words
from compliance.models import Assessment, Firm, Submission
from compliance.selectors.compare import Change, ChangedRow, Pair, comparison_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.judged import Judged, judged_assessment, judged_submission

TAG = "scores"
_KEY = {"type": "string", "pattern": "^(assessment|submission):[0-9a-f-]{36}$"}


class PairForm(serializers.Serializer[Any]):
    name = serializers.CharField()
    before = SumForm(allow_null=True)
    after = SumForm(allow_null=True)
    difference = serializers.CharField(allow_null=True, help_text="In points of a percent.")


class ChangedForm(serializers.Serializer[Any]):
    change = serializers.ChoiceField([change.value for change in Change])
    number = serializers.CharField()
    title = serializers.CharField()
    before = JudgedForm(allow_null=True)
    after = JudgedForm(allow_null=True)


class SideForm(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    number = serializers.IntegerField(allow_null=True, help_text="Of a submission.")
    as_of = serializers.DateField()
    band = serializers.CharField()
    evidence_coverage = PercentField()


class CompareView(Endpoint):
    class Output(serializers.Serializer[Any]):
        before = SideForm()
        after = SideForm()
        claimed = PairForm(many=True)
        confirmed = PairForm(many=True)
        topics = PairForm(many=True)
        changes = ChangedForm(many=True)
        unchanged = serializers.IntegerField()

    @operation(
        "compare",
        tag=TAG,
        gives={200: Output},
        filters=[
            OpenApiParameter("from", _KEY, required=True, description="assessment: or submission:"),
            OpenApiParameter("to", _KEY, required=True, description="and its id."),
        ],
    )
    def get(self, request: Request, firm_id: UUID) -> Response:
        """The later against the earlier: what got better, worse, is new or gone."""
        member, lang = membership_of(request, firm_id), lang_of(request)
        before, after = (_judged(request, name, member.firm) for name in ("from", "to"))
        found = comparison_of(before, after)
        return Response(
            {
                "before": _side(before),
                "after": _side(after),
                "claimed": [_pair(pair) for pair in found.claimed],
                "confirmed": [_pair(pair) for pair in found.confirmed],
                "topics": [
                    {**_pair(each.pair), "name": words(each.title, lang)} for each in found.topics
                ],
                "changes": [_changed(row, lang) for rows in found.changes.values() for row in rows],
                "unchanged": found.unchanged,
            }
        )


def _judged(request: Request, name: str, firm: Firm) -> Judged:
    kind, _colon, text = request.query_params.get(name, "").partition(":")
    try:
        key = UUID(text)
    except ValueError:
        kind = ""
    match kind:
        case "assessment":
            assessments = Assessment.objects.filter(firm=firm).select_related("firm")
            return judged_assessment(
                evaluation_of(get_object_or_404(assessments, pk=key), with_people=False)
            )
        case "submission":
            submissions = Submission.objects.filter(assessment__firm=firm)
            found = submissions.select_related("assessment__firm").filter(pk=key).first()
            if found is None:
                raise Http404
            return judged_submission(found)
    raise ParseError(_("`%(name)s` is `assessment:` or `submission:` and its id.") % {"name": name})


def _side(judged: Judged) -> dict[str, Any]:
    submission, assessment = judged.submission, judged.assessment
    kept = submission.content["evaluation"]["evidence_coverage"] if submission else None
    return {
        "id": str(submission.pk if submission else assessment.pk),
        "title": assessment.title,
        "number": submission.number if submission else None,
        "as_of": judged.as_of,
        "band": judged.band,
        "evidence_coverage": kept if submission else (sum_json(judged.coverage) or {})["percent"],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "name": pair.name,
        "before": sum_json(pair.before),
        "after": sum_json(pair.after),
        "difference": None if pair.difference is None else str(pair.difference),
    }


def _changed(row: ChangedRow, lang: str) -> dict[str, Any]:
    return {
        "change": row.change,
        "number": row.number,
        "title": words(row.title, lang),
        "before": judged_json(row.before, lang) if row.before else None,
        "after": judged_json(row.after, lang) if row.after else None,
    }


urlpatterns: list[URLPattern] = [
    path("firms/<uuid:firm_id>/compare/", CompareView.as_view(), name="api_compare"),
]
