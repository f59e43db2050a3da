"""The facts page: plain questions about firm and mission, saved as they are answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from checklists import Fact
from checklists.engine.model import FactKind
from compliance import clock
from compliance.errors import InvalidInput, SomebodySavedFirst
from compliance.models import Assessment
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.selectors.evaluation import catalogue_of, evaluation_of
from compliance.selectors.facts import (
    DONT_KNOW,
    MISSING,
    NONE,
    Draft,
    FactsPage,
    QuestionView,
    asked_facts,
    draft_of,
    facts_page,
    group_of,
    last_change,
    stored_fact,
)
from compliance.selectors.heads import head_of
from compliance.services.assessments import save_facts
from compliance.templatetags.tianheng import language

ATTEMPTS = 6


@login_required
@require_http_methods(["GET", "POST"])
def facts(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """One group of questions; a POST saves what was changed and shows what follows."""
    assessment = assessment_or_404(request, assessment_id)
    if not catalogue_of(assessment).facts:  # a framework that applies to everybody
        return redirect("assessment_tasks", assessment.pk)
    if request.method == "POST":
        return _save(request, assessment)
    return _page(request, assessment, request.GET.get("group", ""))


def _save(request: HttpRequest, assessment: Assessment) -> HttpResponse:
    """Save what was changed.

    A form sent as a whole is saved whole or not at all; sent live, after every change, it saves
    what can be saved, so that one wrong answer does not hold up the others.
    """
    group = request.GET.get("group", "")
    is_live = bool(request.htmx)  # type: ignore[attr-defined]
    # By what the form says it showed, not by the address: an answer never goes unheard.
    catalogue = catalogue_of(assessment)
    shown = [fact for fact in catalogue.facts.values() if f"was:{fact.name}" in request.POST]
    posted = {fact.name: read_draft(fact, request.POST) for fact in shown}
    refused: dict[str, str] = {}
    for _attempt in range(ATTEMPTS):
        values, errors, is_overtaken = _changes(assessment, shown, posted, request.POST)
        errors |= refused
        values = {name: value for name, value in values.items() if name not in errors}
        if not values or (errors and not is_live):
            break
        try:
            save_facts(
                assessment=assessment,
                values=values,
                by=member_of(request, assessment),
                base_version=assessment.facts_version,
            )
            break
        except InvalidInput as error:
            refused |= {name: str(sentence) for name, sentence in error.fields.items()}
            errors |= refused
        except SomebodySavedFirst:
            # Between reading and writing: look again whether it is the same question.
            assessment = assessment_or_404(request, assessment.pk)
    else:
        raise SomebodySavedFirst(theirs=assessment.facts)
    if is_live:
        asked = asked_facts(
            catalogue_of(assessment), evaluation_of(assessment, with_people=False).facts
        )
        errors = {name: sentence for name, sentence in errors.items() if name in asked}
    if errors:
        status = 412 if is_overtaken else 422
        return _page(request, assessment, group, posted, errors, status=status)
    if is_live:
        return _page(request, assessment, group, posted)
    return redirect(_next_address(request, assessment, group))


def read_draft(fact: Fact, data: QueryDict) -> Draft:
    """The fields of one question as they were sent."""
    sent = data.getlist(fact.name)
    values = tuple(value.strip() for value in sent if value not in (DONT_KNOW, NONE))
    return Draft(
        values=tuple(value for value in values if value),
        dont_know=DONT_KNOW in sent,
        none=NONE in sent,
    )


def _changes(
    assessment: Assessment,
    shown: list[Fact],
    posted: Mapping[str, Draft],
    data: QueryDict,
) -> tuple[dict[str, Any], dict[str, str], bool]:
    """What the person changed, the sentences where it cannot be told, and whether overtaken."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    is_overtaken = False
    for fact in shown:
        draft = posted.get(fact.name)
        if draft is None:
            continue
        stored = stored_fact(assessment, fact.name)
        was = _was(data.get(f"was:{fact.name}", ""))
        if draft in (draft_of(fact, was), draft_of(fact, stored)):
            continue
        if was != stored:
            errors[fact.name] = _(
                "Somebody else answered this meanwhile; what you see here is yours and not saved. "
                "Theirs: %(theirs)s. Save again to keep yours."
            ) % {"theirs": _said(assessment, fact)}
            is_overtaken = True
            continue
        try:
            values[fact.name] = _stated(fact, draft, draft_of(fact, was))
        except ValueError as error:
            errors[fact.name] = str(error)
    return values, errors, is_overtaken


def _was(text: str) -> Any:
    """The stored answer that the page was made from."""
    try:
        return json.loads(text) if text else MISSING
    except ValueError:
        return MISSING


def _said(assessment: Assessment, fact: Fact) -> str:
    page = facts_page(evaluation_of(assessment, with_people=False), fact.group, language())
    shown = next(q.shown for q in page.every_question if q.name == fact.name)
    return shown or _("Don’t know yet")


def _stated(fact: Fact, draft: Draft, before: Draft) -> Any:
    """The raw value a person means; ValueError where two answers contradict each other."""
    if draft.values and (draft.dont_know or draft.none):
        newly_marked = (draft.dont_know and not before.dont_know) or (
            draft.none and not before.none
        )
        if newly_marked and draft.values != before.values:
            word = _("Don’t know yet") if draft.dont_know else _("None of these")
            raise ValueError(
                _("There is an answer and also “%(word)s”. Keep one of them.") % {"word": word}
            )
        if newly_marked:
            return None if draft.dont_know else []
    elif draft.dont_know and draft.none:
        return [] if before.dont_know else None
    if draft.values:
        return list(draft.values) if fact.kind is FactKind.SEVERAL else draft.values[0]
    # An answer that was taken away is not "none of these": it is not known any more.
    return [] if draft.none else None


def _next_address(request: HttpRequest, assessment: Assessment, group: str) -> str:
    here = reverse("assessment_facts", args=[assessment.pk])
    if "next" not in request.POST:
        return f"{here}?group={group_of(evaluation_of(assessment, with_people=False), group)}"
    state = evaluation_of(assessment, with_people=False)
    page = facts_page(state, group_of(state, group), language())
    if page.next is None:
        return reverse("assessment_tasks", args=[assessment.pk])
    return f"{here}?group={page.next.id}"


def _page(
    request: HttpRequest,
    assessment: Assessment,
    group: str,
    posted: Mapping[str, Draft] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    state = evaluation_of(assessment, with_people=False)
    is_partial = bool(request.htmx) and request.method == "POST"  # type: ignore[attr-defined]
    group = group_of(state, group)
    # Live, only what is wrong stands as typed; the form as a whole keeps everything.
    drafts = {
        name: draft
        for name, draft in (posted or {}).items()
        if not is_partial or name in (errors or {})
    }
    page = facts_page(state, group, language(), drafts=drafts, errors=errors)
    context = {
        "assessment": assessment,
        "head": head_of(state, member_of(request, assessment), language()),
        "tab": "facts",
        "page": page,
        "last_change": last_change(state, language()),
        "has_errors": bool(errors),
        "saved_at": clock.now() if is_partial and not errors else None,
        "dont_know": DONT_KNOW,
        "none": NONE,
    }
    if not is_partial:
        return render(request, "compliance/facts/facts.html", context, status=status)
    context["renewed"], context["renewed_roots"] = _to_renew(page, posted or {}, request.POST)
    return render(request, "compliance/facts/_live.html", context, status=status)


def _to_renew(
    page: FactsPage, posted: Mapping[str, Draft], data: QueryDict
) -> tuple[list[QuestionView], list[QuestionView]]:
    """The questions that look different now, and whole blocks that come or go.

    Everything else stays as it is in the browser, so that nobody loses what they are typing.
    """
    faulty = data.getlist("faulty")
    renewed: list[QuestionView] = []
    roots: list[QuestionView] = []
    for root in page.questions:
        if root.is_asked is not (root.name in posted):
            roots.append(root)
            continue
        for question in (root, *root.follow_ups):
            came_or_went = question.is_asked is not (question.name in posted)
            looks_different = question.name in posted and question.draft != posted[question.name]
            if came_or_went or looks_different or question.error or question.name in faulty:
                renewed.append(question)
    return renewed, roots


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/facts/", facts, name="assessment_facts"),
]
