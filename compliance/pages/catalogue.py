"""The catalogue for everybody: browse it, search it, and read one thing in full."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from checklists import Catalogue, CatalogueError, load_catalogue
from checklists.engine.loader import DEFAULT_CATALOGUE
from checklists.engine.model import Severity
from compliance import clock
from compliance.selectors.catalogue import (
    By,
    CatalogueFilters,
    Marks,
    address_in,
    catalogue_choices,
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
def catalogue(request: HttpRequest, framework: str = DEFAULT_CATALOGUE) -> HttpResponse:
    """The requirements by measure, topic, track or source; filters live in the address."""
    rules = _rules(framework)
    filters = CatalogueFilters.read(request.GET, is_plan=rules.id == DEFAULT_CATALOGUE)
    context = {
        **_place(rules),
        "page": catalogue_page(rules, filters, language(), clock.today(), marks()),
        "filters": filters,
        "views": catalogue_views(rules, by=filters.by, filters=filters),
        "choices": catalogue_choices(rules, language()),
        "severities": [(severity.value, SEVERITIES[severity].word) for severity in Severity],
    }
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "_swap.html" if is_partial else "catalogue.html"
    return render(request, f"compliance/catalogue/{template}", context)


def _rules(framework: str) -> Catalogue:
    """The catalogue of an address: the plan's, or a framework by its id."""
    try:
        return load_catalogue(framework)
    except CatalogueError as error:
        raise Http404 from error


def _place(rules: Catalogue) -> dict[str, Any]:
    """Where a page stands: the first page of its catalogue, and whether it is the plan's."""
    return {"home": address_in(rules), "is_plan": rules.id == DEFAULT_CATALOGUE}


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
    rules: Catalogue,
    page: str = "",
    *,
    by: By | None = None,
    filters: CatalogueFilters | None = None,
) -> list[dict[str, Any]]:
    """The ways through a catalogue: filtered lists, then the pages beside the plan's own."""
    is_plan = rules.id == DEFAULT_CATALOGUE
    words = {
        By.MEASURE: _("By measure") if is_plan else _("By group"),
        By.TOPIC: _("By topic"),
        By.TRACK: _("By track"),
        By.SOURCE: _("By source"),
        **({By.TODAY: _("What is asked today")} if is_plan else {}),
    }
    home = address_in(rules)
    views: list[dict[str, Any]] = []
    for way, word in words.items():
        query = QueryDict(mutable=True)
        query.update((filters or CatalogueFilters()).as_query(way))
        views.append(
            {
                "word": word,
                "view_icon": _VIEW_ICONS[way],
                "is_current": way is by,
                "url": f"{home}{'?' if query else ''}{query.urlencode()}",
            }
        )
    if not is_plan:
        return views
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
    rules = load_catalogue()
    terms = glossary_lines(rules, language())
    context = {"terms": terms, "views": catalogue_views(rules, "catalogue_glossary")}
    return render(request, "compliance/catalogue/glossary.html", context)


@require_safe
def requirement(
    request: HttpRequest, requirement_id: str, framework: str = DEFAULT_CATALOGUE
) -> HttpResponse:
    """Everything about one requirement."""
    rules = _rules(framework)
    found = rules.requirements.get(requirement_id)
    if found is None:
        raise Http404
    context = {
        **_place(rules),
        "page": catalogue_requirement(rules, found, language()),
        "examples": examples_of(rules, found, language()),
        "history": history_of_requirement(rules, found, language()),
        "catalogue": rules,
    }
    return render(request, "compliance/catalogue/requirement.html", context)


@require_safe
def measure(request: HttpRequest, number: int, framework: str = DEFAULT_CATALOGUE) -> HttpResponse:
    """One measure of the plan or group of a framework, and what it asks of whom."""
    rules = _rules(framework)
    if number not in rules.measures:
        raise Http404
    page = catalogue_measure(rules, number, language(), clock.today(), marks())
    context = {**_place(rules), "page": page}
    return render(request, "compliance/catalogue/measure.html", context)


@require_safe
def reference(
    request: HttpRequest, reference_id: str, framework: str = DEFAULT_CATALOGUE
) -> HttpResponse:
    """One source, how far it was read, and what rests on it."""
    rules = _rules(framework)
    found = rules.references.get(reference_id)
    if found is None:
        raise Http404
    page = catalogue_reference(rules, found, language(), clock.today(), marks())
    context = {**_place(rules), "page": page}
    return render(request, "compliance/catalogue/reference.html", context)


urlpatterns: list[URLPattern] = [
    path("catalogue/", catalogue, name="catalogue"),
    path("catalogue/glossary/", glossary_page, name="catalogue_glossary"),
    path("catalogue/measures/<int:number>/", measure, name="catalogue_measure"),
    path("catalogue/references/<str:reference_id>/", reference, name="catalogue_reference"),
    path("catalogue/<str:requirement_id>/", requirement, name="catalogue_requirement"),
    path("frameworks/<str:framework>/", catalogue, name="framework"),
    path("frameworks/<str:framework>/groups/<int:number>/", measure, name="framework_measure"),
    path(
        "frameworks/<str:framework>/references/<str:reference_id>/",
        reference,
        name="framework_reference",
    ),
    path(
        "frameworks/<str:framework>/<str:requirement_id>/",
        requirement,
        name="framework_requirement",
    ),
]
