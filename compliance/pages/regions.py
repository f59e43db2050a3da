"""The plans of provinces and cities: all of them for everybody, a firm's own for its people."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_safe

from checklists import load_catalogue
from checklists.engine.wording import listed
from compliance import clock
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.catalogue import catalogue_views
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.regions import open_places, plans_of_firm, regions_page
from compliance.templatetags.tianheng import language


@require_safe
def regions(request: HttpRequest) -> HttpResponse:
    """Every plan, with its aims, its dates and what is not certain."""
    rules = load_catalogue()
    context = {
        "page": regions_page(rules, language(), clock.today()),
        "views": catalogue_views(rules, "catalogue_regions"),
    }
    return render(request, "compliance/regions/regions.html", context)


@login_required
@require_GET
def firm_plans(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The plans of the places that the facts name, with what applies because of them."""
    assessment = assessment_or_404(request, assessment_id)
    state = evaluation_of(assessment, with_people=False)
    context = {
        "assessment": assessment,
        "head": head_of(state, member_of(request, assessment), language()),
        "plans": plans_of_firm(state, language(), clock.today()),
        "places": listed(open_places(state, language()), language()),
    }
    return render(request, "compliance/regions/firm.html", context)


urlpatterns: list[URLPattern] = [
    path("catalogue/regions/", regions, name="catalogue_regions"),
    path("assessments/<uuid:assessment_id>/regions/", firm_plans, name="assessment_regions"),
]
