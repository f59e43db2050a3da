"""The catalogue for everybody: browse it, search it, and read one thing in full."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from checklists import load_catalogue
from checklists.engine.model import Severity
from compliance import clock
from compliance.selectors.catalogue import (
    By,
    CatalogueFilters,
    Marks,
    catalogue_measure,
    catalogue_page,
    catalogue_reference,
    catalogue_requirement,
    glossary_lines,
)
from compliance.selectors.examples import examples_of, history_of_requirement
from compliance.templatetags import tianheng
from compliance.templatetags.tianheng import SEVERITIES, TRACKS, language


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """The requirements by measure, topic, track or source; filters live in the address."""
    filters = CatalogueFilters.read(request.GET)
    context = {
        "page": catalogue_page(load_catalogue(), filters, language(), clock.today(), marks()),
        "filters": filters,
        "views": catalogue_views(by=filters.by, filters=filters),
        "severities": [(severity.value, SEVERITIES[severity].word) for severity in Severity],
    }
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "_swap.html" if is_partial else "catalogue.html"
    return render(request, f"compliance/catalogue/{template}", context)


def marks() -> Marks:
    """How tracks and severities are drawn; nothing where a severity only repeats its track."""
    return Marks(
        {name: tianheng.track(name) for name in TRACKS},
        {name: tianheng.severity(name) for name in SEVERITIES if name not in TRACKS},
    )


_VIEW_ICONS = {
    By.MEASURE: "list-details",
    By.TOPIC: "tags",
    By.TRACK: "route",
    By.SOURCE: "books",
    By.TODAY: "gavel",
}


_PAGE_ICONS = {"catalogue_regions": "map-pin", "catalogue_glossary": "language"}


def catalogue_views(
    page: str = "", *, by: By | None = None, filters: CatalogueFilters | None = None
) -> list[dict[str, Any]]:
    """The ways through the catalogue: filtered lists, then the pages beside them."""
    words = {
        By.MEASURE: _("By measure"),
        By.TOPIC: _("By topic"),
        By.TRACK: _("By track"),
        By.SOURCE: _("By source"),
        By.TODAY: _("What is asked today"),
    }
    views: list[dict[str, Any]] = []
    for way, word in words.items():
        query = QueryDict(mutable=True)
        query.update((filters or CatalogueFilters()).as_query(way))
        views.append(
            {
                "word": word,
                "view_icon": _VIEW_ICONS[way],
                "is_current": way is by,
                "url": f"{reverse('catalogue')}{'?' if query else ''}{query.urlencode()}",
            }
        )
    names = {"catalogue_regions": _("Provincial plans"), "catalogue_glossary": _("Glossary")}
    views += [
        {
            "word": names[name],
            "view_icon": view_icon,
            "is_current": name == page,
            "url": reverse(name),
        }
        for name, view_icon in _PAGE_ICONS.items()
    ]
    return views


@require_safe
def glossary_page(request: HttpRequest) -> HttpResponse:
    """The words of the catalogue in both languages, and where they come from."""
    terms = glossary_lines(load_catalogue(), language())
    context = {"terms": terms, "views": catalogue_views("catalogue_glossary")}
    return render(request, "compliance/catalogue/glossary.html", context)


@require_safe
def requirement(request: HttpRequest, requirement_id: str) -> HttpResponse:
    """Everything about one requirement."""
    rules = load_catalogue()
    found = rules.requirements.get(requirement_id)
    if found is None:
        raise Http404
    context = {
        "page": catalogue_requirement(rules, found, language()),
        "examples": examples_of(rules, found, language()),
        "history": history_of_requirement(rules, found, language()),
        "catalogue": rules,
    }
    return render(request, "compliance/catalogue/requirement.html", context)


@require_safe
def measure(request: HttpRequest, number: int) -> HttpResponse:
    """One measure of the plan, and what it asks of whom."""
    rules = load_catalogue()
    if number not in rules.measures:
        raise Http404
    context = {"page": catalogue_measure(rules, number, language(), clock.today(), marks())}
    return render(request, "compliance/catalogue/measure.html", context)


@require_safe
def reference(request: HttpRequest, reference_id: str) -> HttpResponse:
    """One source, how far it was read, and what rests on it."""
    rules = load_catalogue()
    found = rules.references.get(reference_id)
    if found is None:
        raise Http404
    context = {"page": catalogue_reference(rules, found, language(), clock.today(), marks())}
    return render(request, "compliance/catalogue/reference.html", context)


urlpatterns: list[URLPattern] = [
    path("catalogue/", catalogue, name="catalogue"),
    path("catalogue/glossary/", glossary_page, name="catalogue_glossary"),
    path("catalogue/measures/<int:number>/", measure, name="catalogue_measure"),
    path("catalogue/references/<str:reference_id>/", reference, name="catalogue_reference"),
    path("catalogue/<str:requirement_id>/", requirement, name="catalogue_requirement"),
]
