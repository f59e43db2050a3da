"""Comparing any two assessments or submissions of a firm."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from compliance.models import Assessment, Firm, Submission
from compliance.pages.firms import membership_or_404
from compliance.selectors.compare import Change, comparison_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.judged import Judged, judged_assessment, judged_submission


@login_required
@require_safe
def compare(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """Scores side by side, and what got better, worse, is new or gone."""
    member = membership_or_404(request, firm_id)
    choices = _choices(member.firm)
    known = [key for key, _words in choices]
    # Without a choice: the newest against the one before it.
    newest = [*known, "", ""]
    asked = (request.GET.get("from", newest[1]), request.GET.get("to", newest[0]))
    before, after = (key if key in known else "" for key in asked)
    comparison = None
    if before and after and before != after:
        comparison = comparison_of(_judged(before), _judged(after))
    context = {
        "firm": member.firm,
        "choices": choices,
        "chosen": {"from": before, "to": after},
        "is_same": bool(before) and before == after,
        "page": comparison,
        "groups": [
            (change, comparison.changes[change]) for change in Change if comparison.changes[change]
        ]
        if comparison
        else [],
    }
    return render(request, "compliance/compare/compare.html", context)


def _choices(firm: Firm) -> list[tuple[str, str]]:
    """What can be compared, the newest first: each assessment as it stands, each submission."""
    own = Assessment.objects.filter(firm=firm, status__in=Assessment.EDITABLE)
    dated = [
        (at, f"assessment:{pk}", _("%(title)s, as it stands") % {"title": title})
        for at, pk, title in own.values_list("updated_at", "pk", "title")
    ]
    rounds = Submission.objects.filter(assessment__firm=firm)
    dated += [
        (
            at,
            f"submission:{pk}",
            _("%(title)s, submission no. %(number)d") % {"title": title, "number": number},
        )
        for at, pk, title, number in rounds.values_list(
            "submitted_at", "pk", "assessment__title", "number"
        )
    ]
    dated.sort(reverse=True)
    return [(key, words) for _at, key, words in dated]


def _judged(key: str) -> Judged:
    kind, _colon, pk = key.partition(":")
    if kind == "assessment":
        assessment = Assessment.objects.select_related("firm").get(pk=pk)
        return judged_assessment(evaluation_of(assessment, with_people=False))
    submission = Submission.objects.select_related("assessment__firm").get(pk=pk)
    return judged_submission(submission)


urlpatterns: list[URLPattern] = [
    path("firms/<uuid:firm_id>/compare/", compare, name="firm_compare"),
]
