"""Previews of the report of a draft: asked for, watched, downloaded."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from compliance import permissions
from compliance.downloads import preview_file
from compliance.models import Preview, Report
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.firms import signed_in
from compliance.pages.forms import PageForm, posted
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.reports import STEPS
from compliance.services.previews import QUEUED, request_preview
from compliance.templatetags.tianheng import language


class PreviewForm(PageForm):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Report.Kind.choices)
    lang = forms.ChoiceField(label=gettext_lazy("Language"), choices=Report.Language.choices)


@login_required
def previews(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The previews of a draft, and a form that asks for another."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    permissions.require(member, "preview_report", assessment)
    form = PreviewForm(posted(request), initial={"lang": language(), "kind": "summary"})
    if request.method == "POST" and form.is_valid():
        request_preview(assessment=assessment, by=member, **form.cleaned_data)
        messages.success(request, _("The preview is asked for. It takes some seconds."))
        return redirect("previews", assessment_id)
    rows = Preview.objects.filter(assessment=assessment).select_related("requested_by")
    context = {
        "assessment": assessment,
        "head": head_of(evaluation_of(assessment), member, language()),
        "tab": "check",
        "form": form,
        "lines": [_line(preview) for preview in rows.defer("content", "review")],
    }
    status = 422 if form.errors else 200
    return render(request, "compliance/reports/previews.html", context, status=status)


def _line(preview: Preview) -> dict[str, object]:
    return {
        "preview": preview,
        "step": STEPS.get(preview.step, ""),
        "is_moving": preview.status in QUEUED,
    }


def _preview_or_404(request: HttpRequest, preview_id: UUID) -> Preview:
    visible = Preview.objects.visible_to(signed_in(request))
    preview: Preview = get_object_or_404(visible, pk=preview_id)
    permissions.require(preview.membership_of(signed_in(request)), "preview_report")
    return preview


@require_safe
@login_required
def preview_status(request: HttpRequest, preview_id: UUID) -> HttpResponse:
    """How far one preview is: its line for htmx, the list for everybody else."""
    preview = _preview_or_404(request, preview_id)
    if not getattr(request, "htmx", False):
        return redirect("previews", preview.assessment_id)
    return render(request, "compliance/reports/_preview.html", {"line": _line(preview)})


@require_safe
@login_required
def preview_download(request: HttpRequest, preview_id: UUID) -> FileResponse:
    """The PDF of the draft."""
    return preview_file(_preview_or_404(request, preview_id))


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/previews/", previews, name="previews"),
    path("previews/<uuid:preview_id>/", preview_status, name="preview_status"),
    path("previews/<uuid:preview_id>/download/", preview_download, name="preview_download"),
]
