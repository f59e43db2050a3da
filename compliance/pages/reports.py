"""Reports: asking for one, watching it being made, downloading it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from compliance import permissions
from compliance.downloads import report_file
from compliance.models import Report, Role
from compliance.pages.firms import signed_in
from compliance.pages.forms import PageForm, posted
from compliance.pages.review import submission_or_404
from compliance.selectors.reports import QUEUED, lines_of, reports_of
from compliance.services.reports import cancel_report, request_report, retry_report
from compliance.templatetags.tianheng import language


class ReportForm(PageForm):
    """Several of each: every language of every kind is a report of its own."""

    kind = forms.MultipleChoiceField(
        label=gettext_lazy("Kind"),
        choices=Report.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Report.Kind.FULL],
    )
    lang = forms.MultipleChoiceField(
        label=gettext_lazy("Language"),
        choices=Report.Language.choices,
        widget=forms.CheckboxSelectMultiple,
    )


@login_required
def reports(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The reports of a submission, and a form that asks for more."""
    submission, member = submission_or_404(request, submission_id)
    form = ReportForm(posted(request), initial={"lang": [language()]})
    if request.method == "POST" and form.is_valid():
        asked = [
            request_report(submission=submission, kind=kind, lang=lang, by=member)
            for kind in form.cleaned_data["kind"]
            for lang in form.cleaned_data["lang"]
        ]
        _tell_of(request, asked)
        return redirect("reports", submission_id)
    context = {
        "submission": submission,
        "firm": submission.assessment.firm,
        "lines": reports_of(submission, Role(member.role)),
        "form": form,
        "may_name": permissions.may(member, "name_in_checks"),
    }
    status = 422 if form.errors else 200
    return render(request, "compliance/reports/reports.html", context, status=status)


def _tell_of(request: HttpRequest, asked: Sequence[Report]) -> None:
    waiting = sum(report.status in QUEUED for report in asked)
    if waiting:
        messages.success(
            request,
            ngettext(
                "The report is asked for. You can leave this page meanwhile.",
                "%(count)d reports are asked for. You can leave this page meanwhile.",
                waiting,
            )
            % {"count": waiting},
        )
    elif all(report.status == Report.Status.READY for report in asked):
        messages.info(
            request,
            ngettext(
                "This report is made already: nothing changed since.",
                "These reports are made already: nothing changed since.",
                len(asked),
            ),
        )
    else:
        messages.warning(request, _("It could not be made before: see why below, and try again."))


def _report_or_404(request: HttpRequest, report_id: UUID) -> Report:
    visible = Report.objects.visible_to(signed_in(request))
    report: Report = get_object_or_404(visible, pk=report_id)
    return report


@require_safe
@login_required
def report_status(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """How far one report is: its line in the list for htmx, a page for everybody else."""
    report = _report_or_404(request, report_id)
    submission = report.submission
    (line,) = lines_of([report], Role(report.my_role))
    context = {
        "line": line,
        "submission": submission,
        "firm": submission.assessment.firm,
    }
    is_partial = bool(getattr(request, "htmx", False))
    template = "_report.html" if is_partial else "report.html"
    return render(request, f"compliance/reports/{template}", context)


@require_safe
@login_required
def report_download(request: HttpRequest, report_id: UUID) -> FileResponse:
    """The PDF, as a file that no browser opens as something else."""
    report = _report_or_404(request, report_id)
    return report_file(report)


@require_POST
@login_required
def report_retry(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Put a report that failed or was cancelled back into the queue."""
    report = _report_or_404(request, report_id)
    retry_report(report=report, by=report.membership_of(signed_in(request)))
    messages.success(request, _("The report is asked for again."))
    return redirect("reports", report.submission_id)


@require_POST
@login_required
def report_cancel(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Take a report out of the queue, or stop its making."""
    report = _report_or_404(request, report_id)
    cancel_report(report=report, by=report.membership_of(signed_in(request)))
    messages.success(request, _("The report is cancelled. Nothing of it is kept."))
    return redirect("reports", report.submission_id)


urlpatterns: list[URLPattern] = [
    path("submissions/<uuid:submission_id>/reports/", reports, name="reports"),
    path("reports/<uuid:report_id>/", report_status, name="report_status"),
    path("reports/<uuid:report_id>/download/", report_download, name="report_download"),
    path("reports/<uuid:report_id>/retry/", report_retry, name="report_retry"),
    path("reports/<uuid:report_id>/cancel/", report_cancel, name="report_cancel"),
]
