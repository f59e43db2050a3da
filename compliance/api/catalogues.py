"""The rules, for everybody: catalogues and their requirements."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import Http404
from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checklists import Catalogue, Outcome, catalogues, load_catalogue
from checklists.engine import export
from checklists.engine.model import AnswerKind, Reference, Severity, Track
from checklists.glossary import glossary
from compliance import clock
from compliance.api.cursors import LARGEST_PAGE, page_of_items
from compliance.api.endpoint import Endpoint, filter_of, lang_of
from compliance.api.fields import AnyValueField, MaybeObjectField, ObjectField, ObjectsField
from compliance.api.openapi import operation, page_of
from compliance.selectors.regions import PlanView, regions_page

TAG = "catalogues"
TRACKS = frozenset(track.value for track in Track)
SEVERITIES = frozenset(severity.value for severity in Severity)


class CatalogueHead(serializers.Serializer[Any]):
    id = serializers.CharField()
    edition = serializers.CharField()
    digest = serializers.CharField()
    title = serializers.CharField()
    checked_up_to = serializers.CharField()
    notice = serializers.CharField()


class OptionForm(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    outcome = serializers.ChoiceField([outcome.value for outcome in Outcome])


class AnswerSpec(serializers.Serializer[Any]):
    """How a requirement is answered."""

    kind = serializers.ChoiceField([kind.value for kind in AnswerKind])
    unit = serializers.CharField(allow_null=True)
    min = serializers.CharField(allow_null=True)
    max = serializers.CharField(allow_null=True)
    decimals = serializers.IntegerField(allow_null=True)
    options = OptionForm(many=True)
    not_applicable = serializers.ChoiceField(["with_reason", "never"])


class CitationForm(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    article = serializers.CharField(allow_null=True)
    covers = serializers.CharField(allow_null=True)
    legal_force = serializers.CharField()
    binds = serializers.BooleanField()
    verified = serializers.BooleanField()


class RequirementForm(serializers.Serializer[Any]):
    id = serializers.CharField()
    source_row = serializers.CharField()
    measure = serializers.IntegerField()
    section = serializers.CharField()
    track = serializers.ChoiceField(sorted(TRACKS))
    topic = serializers.CharField()
    severity = serializers.ChoiceField(sorted(SEVERITIES))
    title = serializers.CharField()
    question = serializers.CharField()
    guidance = serializers.CharField()
    rationale = serializers.CharField()
    answer = AnswerSpec()
    applies_when = MaybeObjectField()
    check = MaybeObjectField()
    evidence = ObjectsField()
    corrective_action = ObjectField()
    clause = ObjectField()
    references = CitationForm(many=True)
    confidence = serializers.CharField()
    checked_on = serializers.DateField()


class CataloguesView(Endpoint):
    permission_classes = ()

    @operation(
        "listCatalogues",
        tag=TAG,
        gives={200: page_of(CatalogueHead)},
        is_list=True,
        is_public=True,
        refuses=(401,),
    )
    def get(self, request: Request) -> Response:
        """The catalogues of this installation."""
        lang, known = lang_of(request), list(catalogues())
        return Response(
            page_of_items(
                request,
                known,
                key=lambda catalogue: catalogue.id,
                order={catalogue.id: place for place, catalogue in enumerate(known)},
                show=lambda catalogue: export.catalogue_head_json(catalogue, lang),
            )
        )


def catalogue_or_404(catalogue_id: str) -> Catalogue:
    """The catalogue with this id."""
    if catalogue_id not in {catalogue.id for catalogue in catalogues()}:
        raise Http404
    return load_catalogue(catalogue_id)


class CatalogueView(Endpoint):
    permission_classes = ()

    class Output(CatalogueHead):
        sections = ObjectsField()
        measures = ObjectsField()
        tracks = ObjectsField()
        severities = ObjectsField()
        topics = ObjectsField()
        roles = ObjectsField()
        evidence_kinds = ObjectsField()
        fact_groups = ObjectsField()
        facts = ObjectsField()
        flags = ObjectsField()
        dates = ObjectsField()
        parameters = ObjectsField()
        references = ObjectsField()
        scoring = ObjectField()

    @operation("getCatalogue", tag=TAG, gives={200: Output}, is_public=True, refuses=(401, 404))
    def get(self, request: Request, catalogue_id: str) -> Response:
        """One catalogue without its requirements: measures, facts, limits, sources, scoring."""
        form = export.catalogue_json(catalogue_or_404(catalogue_id), lang_of(request))
        del form["requirements"]
        return Response(form)


class RequirementsView(Endpoint):
    permission_classes = ()

    @operation(
        "listRequirements",
        tag=TAG,
        gives={200: page_of(RequirementForm)},
        is_list=True,
        is_public=True,
        refuses=(401, 404),
        filters=[
            OpenApiParameter("measure", int, description="Number of the plan's measure."),
            OpenApiParameter("topic", str),
            OpenApiParameter("track", str, enum=sorted(TRACKS)),
            OpenApiParameter("severity", str, enum=sorted(SEVERITIES)),
        ],
    )
    def get(self, request: Request, catalogue_id: str) -> Response:
        """The requirements in the order of the plan, all on one page unless `limit` says less."""
        catalogue, lang = catalogue_or_404(catalogue_id), lang_of(request)
        wanted = {
            "measure": filter_of(request, "measure", {str(n) for n in catalogue.measures}),
            "topic": filter_of(request, "topic", catalogue.topics),
            "track": filter_of(request, "track", TRACKS),
            "severity": filter_of(request, "severity", SEVERITIES),
        }
        asked = {name: value for name, value in wanted.items() if value}
        found = [
            requirement
            for requirement in catalogue.requirements.values()
            if all(str(getattr(requirement, name)) == value for name, value in asked.items())
        ]
        return Response(
            page_of_items(
                request,
                found,
                key=lambda requirement: requirement.id,
                order={name: place for place, name in enumerate(catalogue.requirements)},
                show=lambda requirement: export.requirement_json(catalogue, requirement, lang),
                default=LARGEST_PAGE,
            )
        )


class RequirementView(Endpoint):
    permission_classes = ()

    @operation(
        "getRequirement",
        tag=TAG,
        gives={200: RequirementForm},
        is_public=True,
        refuses=(401, 404),
    )
    def get(self, request: Request, catalogue_id: str, requirement_id: str) -> Response:
        """One requirement, with everything a reader may want to know about it."""
        catalogue = catalogue_or_404(catalogue_id)
        found = catalogue.requirements.get(requirement_id)
        if found is None:
            raise Http404
        return Response(export.requirement_json(catalogue, found, lang_of(request)))


class ReferenceForm(serializers.Serializer[Any]):
    """One law, notice, standard or treaty, and how far it was checked."""

    id = serializers.CharField()
    name = serializers.CharField()
    issuer = serializers.CharField(allow_null=True)
    number = serializers.CharField(allow_null=True)
    date = serializers.CharField(allow_null=True)
    in_force = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_null=True)
    binding = AnyValueField()
    url = serializers.CharField(allow_null=True)
    facts_used = serializers.ListField(child=serializers.CharField())
    verified = AnyValueField()
    verified_where = serializers.CharField(allow_null=True)
    confidence = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_null=True)
    requirements = serializers.ListField(
        child=serializers.CharField(), help_text="Which rest on it."
    )


class ReferencesView(Endpoint):
    permission_classes = ()

    @operation(
        "listReferences",
        tag=TAG,
        gives={200: page_of(ReferenceForm)},
        is_list=True,
        is_public=True,
        refuses=(401, 404),
    )
    def get(self, request: Request, catalogue_id: str) -> Response:
        """The laws, notices, standards and treaties that the rules rest on."""
        catalogue, lang = catalogue_or_404(catalogue_id), lang_of(request)
        return Response(
            page_of_items(
                request,
                list(catalogue.references.values()),
                key=lambda reference: reference.id,
                order={name: place for place, name in enumerate(catalogue.references)},
                show=lambda reference: _reference(catalogue, reference, lang),
            )
        )


class ReferenceView(Endpoint):
    permission_classes = ()

    @operation(
        "getReference", tag=TAG, gives={200: ReferenceForm}, is_public=True, refuses=(401, 404)
    )
    def get(self, request: Request, catalogue_id: str, reference_id: str) -> Response:
        """One source, how far it was read, and what rests on it."""
        catalogue = catalogue_or_404(catalogue_id)
        found = catalogue.references.get(reference_id)
        if found is None:
            raise Http404
        return Response(_reference(catalogue, found, lang_of(request)))


def _reference(catalogue: Catalogue, reference: Reference, lang: str) -> dict[str, Any]:
    resting = [
        requirement.id
        for requirement in catalogue.requirements.values()
        if any(citation.reference == reference.id for citation in requirement.references)
    ]
    return {**export.reference_json(reference, lang), "requirements": resting}


class GlossaryView(Endpoint):
    permission_classes = ()

    class Output(serializers.Serializer[Any]):
        terms = ObjectsField()

    @operation("getGlossary", tag=TAG, gives={200: Output}, is_public=True, refuses=(401, 404))
    def get(self, request: Request, catalogue_id: str) -> Response:
        """The words of the catalogue in both languages, and where they come from."""
        catalogue, lang = catalogue_or_404(catalogue_id), lang_of(request)
        known = catalogue.references
        terms = [
            {
                "en": list(term.en),
                "zh_hans": term.zh_hans,
                "also": list(term.also),
                "avoided": list(term.avoided),
                "source": term.source if term.source in known else None,
                "note": term.note.get(lang) if term.note else None,
            }
            for term in glossary()
        ]
        return Response({"terms": terms})


class RegionsView(Endpoint):
    permission_classes = ()

    class Output(serializers.Serializer[Any]):
        checked_up_to = serializers.CharField()
        national = ObjectsField()
        plans = ObjectsField()

    @operation("getRegions", tag=TAG, gives={200: Output}, is_public=True, refuses=(401, 404))
    def get(self, request: Request, catalogue_id: str) -> Response:
        """The plans of provinces and cities: aims, support, dates, and what is not certain."""
        page = regions_page(catalogue_or_404(catalogue_id), lang_of(request), clock.today())
        return Response(
            {
                "checked_up_to": page.checked_up_to,
                "national": [asdict(claim) for claim in page.national],
                "plans": [plan_json(plan) for plan in page.plans],
            }
        )


def plan_json(plan: PlanView) -> dict[str, Any]:
    """A place with its plan, and the requirements that hang on it."""
    form = asdict(plan)
    del form["reference_url"]  # an address of the pages
    for line in form["requirements"]:
        del line["url"], line["answer_url"]
    return form


urlpatterns: list[URLPattern] = [
    path("catalogues/", CataloguesView.as_view(), name="api_catalogues"),
    path("catalogues/<str:catalogue_id>/", CatalogueView.as_view(), name="api_catalogue"),
    path(
        "catalogues/<str:catalogue_id>/requirements/",
        RequirementsView.as_view(),
        name="api_catalogue_requirements",
    ),
    path(
        "catalogues/<str:catalogue_id>/requirements/<str:requirement_id>/",
        RequirementView.as_view(),
        name="api_catalogue_requirement",
    ),
    path(
        "catalogues/<str:catalogue_id>/references/",
        ReferencesView.as_view(),
        name="api_references",
    ),
    path(
        "catalogues/<str:catalogue_id>/references/<str:reference_id>/",
        ReferenceView.as_view(),
        name="api_reference",
    ),
    path("catalogues/<str:catalogue_id>/glossary/", GlossaryView.as_view(), name="api_glossary"),
    path("catalogues/<str:catalogue_id>/regions/", RegionsView.as_view(), name="api_regions"),
]
