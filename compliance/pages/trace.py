"""The trace of a figure: opened from every score of an assessment or a submission."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.review import submission_or_404
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.judged import Judged, judged_assessment, judged_submission
from compliance.selectors.trace import Scope, trace_of
from compliance.templatetags.tianheng import language


@login_required
@require_safe
def assessment_trace(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The rules, answers, weights and points behind a score as it stands now."""
    assessment = assessment_or_404(request, assessment_id)
    state = evaluation_of(assessment, with_people=False)
    head = head_of(state, member_of(request, assessment), language())
    context = {"assessment": assessment, "head": head}
    return _trace(request, judged_assessment(state), context)


@login_required
@require_safe
def submission_trace(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The same of a submission, claimed beside confirmed."""
    submission, _member = submission_or_404(request, submission_id)
    context = {"submission": submission, "firm": submission.assessment.firm}
    return _trace(request, judged_submission(submission), context)


def _trace(request: HttpRequest, judged: Judged, context: dict[str, Any]) -> HttpResponse:
    scope = Scope.read(request.GET.get("scope", ""), judged)
    trace = trace_of(judged, score=request.GET.get("score", ""), scope=scope)
    context |= {"judged": judged, "trace": trace}
    return render(request, "compliance/trace/trace.html", context)


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/trace/", assessment_trace, name="assessment_trace"),
    path("submissions/<uuid:submission_id>/trace/", submission_trace, name="submission_trace"),
]
