"""The audit trail of an assessment, and of a whole firm: who did what, when; checked, exported."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from compliance import clock, permissions
from compliance.exports.trail import trail_csv, trail_json
from compliance.models import AuditHead, Membership
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.firms import membership_or_404
from compliance.selectors.chain import check_chain, missing_guards
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.trail_page import Trail, TrailFilters
from compliance.templatetags.tianheng import language

# What a page checks while somebody waits; `manage.py audit verify` always checks everything.
CHECKED_ON_THE_WAY, CHECKED_WHEN_ASKED = 2_000, 20_000

NO_DATE = {"invalid": gettext_lazy("This is no date. Write it as 2027-03-12.")}


class TrailForm(forms.Form):
    """Reads the address; a date that is none is told beside the field, and filters nothing."""

    q = forms.CharField(required=False, max_length=120)
    who = forms.CharField(required=False, max_length=40)
    area = forms.CharField(required=False, max_length=20)
    assessment = forms.CharField(required=False, max_length=40)
    since = forms.DateField(required=False, error_messages=NO_DATE)
    until = forms.DateField(required=False, error_messages=NO_DATE)


@login_required
@require_safe
def trail(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The events of the assessment in sentences, newest first."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    context = {
        **_context(request, Trail(assessment.firm, assessment), member),
        "assessment": assessment,
        "head": head_of(evaluation_of(assessment, with_people=False), member, language()),
        "tab": "trail",
        "here": reverse("audit_trail", args=[assessment.pk]),
    }
    return render(request, _template(request, "trail.html"), context)


@login_required
@require_safe
def firm_trail(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """The events of the whole firm, for the people who answer for it."""
    member = _reader(request, firm_id)
    context = {
        **_context(request, Trail(member.firm), member),
        "here": reverse("firm_trail", args=[firm_id]),
    }
    return render(request, _template(request, "firm.html"), context)


@login_required
@require_safe
def check(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """Whether the firm's chain is unbroken at this moment, and what is wrong if it is not."""
    firm = _reader(request, firm_id).firm
    on_the_way = bool(request.htmx)  # type: ignore[attr-defined]
    newest = CHECKED_ON_THE_WAY if on_the_way else CHECKED_WHEN_ASKED
    context = {
        "firm": firm,
        "check": check_chain(firm, newest=newest),
        "unguarded": missing_guards(),
        "checked_at": clock.now(),
    }
    template = "_check.html" if on_the_way else "check.html"
    return render(request, f"compliance/trail/{template}", context)


@login_required
@require_safe
def export(request: HttpRequest, firm_id: UUID, form: str) -> StreamingHttpResponse:
    """The trail, as the filters leave it, as a table or as JSON with everything that is hashed."""
    firm = _reader(request, firm_id).firm
    filters = _filters(TrailForm(request.GET))
    whole = Trail(firm)
    head = AuditHead.objects.filter(firm=firm).first() or AuditHead(firm=firm)
    events = whole.exported(filters)
    if form == "csv":
        lines, kind = trail_csv(whole, events, language()), "text/csv; charset=utf-8"
    else:
        lines, kind = trail_json(head, events), "application/json"
    name = f"audit-trail-{clock.today():%Y-%m-%d}.{form}"
    response = StreamingHttpResponse(lines, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _reader(request: HttpRequest, firm_id: UUID) -> Membership:
    member = membership_or_404(request, firm_id)
    permissions.require(member, "read_trail", member.firm)
    return member


def _context(request: HttpRequest, shown: Trail, member: Membership) -> dict[str, Any]:
    form = TrailForm(request.GET)
    filters = _filters(form)
    query = request.GET.copy()
    query.pop("page", None)
    exported = query.copy()
    if shown.assessment is not None:
        exported["assessment"] = str(shown.assessment.pk)
    return {
        "firm": shown.firm,
        "form": form,
        "filters": filters,
        "trail": shown.page(filters, request.GET.get("page"), language()),
        "query": query.urlencode(),
        "export_query": exported.urlencode(),
        "may_read_all": permissions.may(member, "read_trail"),
    }


def _filters(form: TrailForm) -> TrailFilters:
    form.is_valid()
    return TrailFilters.read(form.cleaned_data)


def _template(request: HttpRequest, whole: str) -> str:
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    return f"compliance/trail/{'_results.html' if is_partial else whole}"


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/trail/", trail, name="audit_trail"),
    path("firms/<uuid:firm_id>/trail/", firm_trail, name="firm_trail"),
    path("firms/<uuid:firm_id>/trail/check/", check, name="trail_check"),
    path("firms/<uuid:firm_id>/trail.csv", export, {"form": "csv"}, name="trail_csv"),
    path("firms/<uuid:firm_id>/trail.json", export, {"form": "json"}, name="trail_json"),
]
