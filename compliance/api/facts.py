"""The facts of an assessment: what the firm and the mission are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checklists import AssessmentEvaluation
from checklists.engine import export
from checklists.engine.model import Applicability
from compliance import permissions
from compliance.api.endpoint import (
    Endpoint,
    assessment_of,
    base_version_of,
    etag_of,
    lang_of,
)
from compliance.api.fields import FactsField
from compliance.api.openapi import operation
from compliance.api.problems import StaleState
from compliance.errors import SomebodySavedFirst
from compliance.models import Assessment
from compliance.selectors.evaluation import catalogue_of, evaluation_of
from compliance.services.assessments import save_facts


class MissingFact(serializers.Serializer[Any]):
    fact = serializers.CharField()
    question = serializers.CharField()
    requirements = serializers.ListField(child=serializers.CharField())


class FactsView(Endpoint):
    class Input(serializers.Serializer[Any]):
        facts = FactsField()

    class Output(serializers.Serializer[Any]):
        facts = FactsField()
        version = serializers.IntegerField()
        etag = serializers.CharField()
        applies = serializers.ListField(child=serializers.CharField())
        does_not_apply = serializers.ListField(child=serializers.CharField())
        undetermined = serializers.ListField(child=serializers.CharField())
        missing_facts = MissingFact(many=True)

    class Saved(Output):
        newly_applies = serializers.ListField(child=serializers.CharField())
        no_longer_applies = serializers.ListField(child=serializers.CharField())

    @operation("getFacts", tag="facts", gives={200: Output}, has_etag=True)
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """The facts as stated, and which requirements follow from them."""
        assessment, _member = assessment_of(request, assessment_id)
        state = evaluation_of(assessment, with_people=False)
        return Response(
            _facts(assessment, state.evaluation, lang_of(request)),
            headers={"ETag": etag_of(assessment.facts_version)},
        )

    @operation(
        "saveFacts",
        tag="facts",
        takes=Input,
        gives={200: Saved},
        if_match=False,
        refuses=(409,),
        example={"facts": {"mission.orbits": ["leo"], "mission.satellite_mass_kg": "146"}},
    )
    def put(self, request: Request, assessment_id: UUID) -> Response:
        """Change the facts that are named, null for “don't know yet”; gives what now applies."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "save_facts")
        base = base_version_of(request, is_needed=False)
        try:
            saved = save_facts(
                assessment=assessment, values=_sent(request.data), base_version=base, by=member
            )
        except SomebodySavedFirst:
            assessment.refresh_from_db(fields=["facts", "facts_version"])
            now = _facts(
                assessment,
                evaluation_of(assessment, with_people=False).evaluation,
                lang_of(request),
            )
            raise StaleState(current=now, etag=now["etag"]) from None
        before, after = _applying(saved.before), _applying(saved.after)
        return Response(
            {
                **_facts(assessment, saved.after, lang_of(request)),
                "newly_applies": [name for name in after if name not in before],
                "no_longer_applies": [name for name in before if name not in after],
            },
            headers={"ETag": etag_of(assessment.facts_version)},
        )


def _sent(data: Any) -> dict[str, Any]:
    """{"facts": {name: value}}, or the names and values alone: each name has a dot in it."""
    if isinstance(data, dict) and isinstance(data.get("facts"), dict) and len(data) == 1:
        data = data["facts"]
    values: dict[str, Any] = FactsField().run_validation(data)
    return values


def _applying(evaluation: AssessmentEvaluation) -> dict[str, None]:
    return dict.fromkeys(_with(evaluation, Applicability.APPLIES))


def _with(evaluation: AssessmentEvaluation, applicability: Applicability) -> list[str]:
    return [name for name, row in evaluation.rows.items() if row.applicability is applicability]


def _facts(assessment: Assessment, evaluation: AssessmentEvaluation, lang: str) -> dict[str, Any]:
    catalogue = catalogue_of(assessment)
    return {
        "facts": assessment.facts,
        "version": assessment.facts_version,
        "etag": etag_of(assessment.facts_version),
        "applies": _with(evaluation, Applicability.APPLIES),
        "does_not_apply": _with(evaluation, Applicability.DOES_NOT_APPLY),
        "undetermined": _with(evaluation, Applicability.UNDETERMINED),
        "missing_facts": [
            {
                "fact": name,
                "question": export.text_json(catalogue.facts[name].question, lang),
                "requirements": list(waiting),
            }
            for name, waiting in evaluation.missing_facts.items()
        ],
    }


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/facts/", FactsView.as_view(), name="api_facts"),
]
