"""How scores are made, for everybody: read from the catalogue's own rules."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from checklists import Outcome, load_catalogue


@require_safe
def scoring(request: HttpRequest) -> HttpResponse:
    """Tracks, weights, points, bands and rules of the catalogue in force."""
    catalogue = load_catalogue()
    rules = catalogue.scoring
    context = {
        "catalogue": catalogue,
        "weights": [(severity, weight) for severity, weight in rules.weights.items() if weight],
        "points": [
            (outcome, points2 / 2)
            for outcome, points2 in rules.points2.items()
            if outcome is not Outcome.NOT_APPLICABLE
        ],
        "bands": rules.bands.items(),
        "rules": rules.rules,
        "ready_at": rules.ready_at,
        "conditionally_ready_at": rules.conditionally_ready_at,
    }
    return render(request, "compliance/scoring/scoring.html", context)


urlpatterns: list[URLPattern] = [path("scoring/", scoring, name="scoring")]
