"""The audit trail of an assessment: who did what, when."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from compliance.models import AuditEvent
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.trail import trail_entry
from compliance.templatetags.tianheng import language

PER_PAGE = 50


@login_required
@require_GET
def trail(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The events of the assessment in sentences, newest first."""
    assessment = assessment_or_404(request, assessment_id)
    state = evaluation_of(assessment)
    events = AuditEvent.objects.filter(assessment=assessment).order_by("-id")
    page = Paginator(events, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "assessment": assessment,
        "head": head_of(state, member_of(request, assessment), language()),
        "tab": "trail",
        "page": page,
        "entries": [trail_entry(event, state.catalogue, language()) for event in page],
    }
    return render(request, "compliance/trail/trail.html", context)


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/trail/", trail, name="audit_trail"),
]
