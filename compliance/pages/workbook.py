"""Answering without a connection: the workbook out, and what came back, looked at and applied."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.http import content_disposition_header
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from compliance import clock, permissions
from compliance.errors import InvalidInput, Sentence, SomebodySavedFirst
from compliance.exports.workbook import assessment_workbook
from compliance.models import Assessment, WorkbookUpload
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.firms import signed_in
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import facts_are_open, head_of
from compliance.services.workbook import apply_workbook, preview_of, take_workbook
from compliance.templatetags.tianheng import language

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "POST"])
@login_required
def workbook(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Download the workbook, or upload it filled in."""
    assessment = assessment_or_404(request, assessment_id)
    if request.method != "POST":
        return _workbook_page(request, assessment)
    member = member_of(request, assessment)
    permissions.require(member, "answer")
    try:
        upload = take_workbook(assessment=assessment, upload=request.FILES.get("file"), by=member)
    except InvalidInput as refusal:
        return _workbook_page(request, assessment, refusal.fields)
    return redirect("workbook_preview", assessment.pk, upload.pk)


def _workbook_page(
    request: HttpRequest, assessment: Assessment, errors: dict[str, Sentence] | None = None
) -> HttpResponse:
    member = member_of(request, assessment)
    head = head_of(evaluation_of(assessment), member, language())
    context = {"assessment": assessment, "head": head, "errors": errors or {}}
    return render(
        request, "compliance/workbook/workbook.html", context, status=422 if errors else 200
    )


@require_GET
@login_required
def download(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The assessment as it stands now, as an XLSX workbook."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    content = assessment_workbook(
        evaluation_of(assessment),
        language(),
        may_save_facts=permissions.may(member, "save_facts") and facts_are_open(assessment),
        made_at=clock.now(),
    )
    response = HttpResponse(content, content_type=XLSX)
    name = f"{assessment.title} {clock.today().isoformat()}.xlsx"
    response["Content-Disposition"] = content_disposition_header(True, name.replace("/", "-"))
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "POST"])
@login_required
def preview(request: HttpRequest, assessment_id: UUID, upload_id: UUID) -> HttpResponse:
    """What applying the workbook would do; then all of it, or nothing."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    upload = get_object_or_404(
        WorkbookUpload,
        pk=upload_id,
        assessment=assessment,
        uploaded_by=signed_in(request),
        applied_at__isnull=True,
    )
    upload.assessment = assessment
    errors: dict[str, Sentence] = {}
    if request.method == "POST":
        permissions.require(member, "answer")
        keep = _named(request, "keep:")
        try:
            count = apply_workbook(
                upload=upload, keep=keep, seen=_named(request, "seen:"), lang=language(), by=member
            )
        except InvalidInput as refusal:
            errors = refusal.fields
        except SomebodySavedFirst as conflict:
            errors = {"keep": conflict.message}
        else:
            messages.success(
                request,
                ngettext(
                    "%(n)d change of the workbook is saved.",
                    "%(n)d changes of the workbook are saved.",
                    count,
                )
                % {"n": count},
            )
            return redirect("assessment_tasks", assessment.pk)
        assessment.refresh_from_db()
    state = evaluation_of(assessment)
    context = {
        "assessment": assessment,
        "head": head_of(state, member, language()),
        "upload": upload,
        "preview": preview_of(upload, state, member, language()),
        "keep": _named(request, "keep:"),
        "errors": errors,
    }
    return render(
        request, "compliance/workbook/preview.html", context, status=422 if errors else 200
    )


def _named(request: HttpRequest, prefix: str) -> dict[str, str]:
    """The fields of a form whose names begin so, by the rest of the name."""
    return {
        name.removeprefix(prefix): str(value)
        for name, value in request.POST.items()
        if name.startswith(prefix)
    }


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/workbook/", workbook, name="workbook"),
    path("assessments/<uuid:assessment_id>/workbook/download/", download, name="workbook_download"),
    path(
        "assessments/<uuid:assessment_id>/workbook/<uuid:upload_id>/",
        preview,
        name="workbook_preview",
    ),
]
