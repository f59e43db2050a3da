"""The plans of the places where a firm works, with what applies because of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import clock
from compliance.api.catalogues import plan_json
from compliance.api.endpoint import Endpoint, assessment_of, lang_of
from compliance.api.fields import ObjectsField
from compliance.api.openapi import operation
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.regions import open_places, plans_of_firm


class FirmPlansView(Endpoint):
    class Output(serializers.Serializer[Any]):
        plans = ObjectsField()
        places_without_plan = serializers.ListField(child=serializers.CharField())

    @operation("getFirmPlans", tag="facts", gives={200: Output})
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """The plans of the places that the facts name, and how their requirements stand."""
        assessment, _member = assessment_of(request, assessment_id)
        state, lang = evaluation_of(assessment, with_people=False), lang_of(request)
        plans = plans_of_firm(state, lang, clock.today())
        return Response(
            {
                "plans": [plan_json(plan) for plan in plans],
                "places_without_plan": list(open_places(state, lang)),
            }
        )


urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/regions/",
        FirmPlansView.as_view(),
        name="api_firm_plans",
    ),
]
