"""What a manager does with an assessment as a whole: give it another title, put it away."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from compliance import permissions, workflow
from compliance.errors import InvalidInput, SomebodySavedFirst
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.forms import PageForm, posted
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.services.assessments import archive_assessment, rename_assessment
from compliance.templatetags.tianheng import language


class TitleForm(PageForm):
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=200,
        help_text=gettext_lazy("A submission keeps the title with which it was handed in."),
    )
    before = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def settings(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The title, to be changed, and the way into the archive."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    permissions.require(member, "rename")
    said = {"title": assessment.title, "before": assessment.title}
    form = TitleForm(posted(request), initial=said)
    status = 422
    if request.method == "POST" and form.is_valid():
        try:
            rename_assessment(
                assessment=assessment,
                title=form.cleaned_data["title"],
                before=form.cleaned_data["before"] or None,
                by=member,
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        except SomebodySavedFirst as refusal:
            status = 412
            # What was typed stays; sent again, it replaces theirs knowingly.
            form.data = {**request.POST.dict(), "before": refusal.theirs}
            form.add_error(
                "title",
                _("Somebody else called it “%(title)s” meanwhile. Save again to keep yours.")
                % {"title": refusal.theirs},
            )
        else:
            messages.success(request, _("Saved."))
            return redirect("assessment_settings", assessment.pk)
    context = {
        "assessment": assessment,
        "head": head_of(evaluation_of(assessment), member, language()),
        "tab": "settings",
        "form": form if assessment.is_editable else None,
        "may_archive": workflow.allows(assessment, "archive"),
    }
    template = "compliance/assessments/settings.html"
    return render(request, template, context, status=status if form.errors else 200)


@require_POST
@login_required
def archive(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Put the assessment away; it stays readable."""
    assessment = assessment_or_404(request, assessment_id)
    permissions.require(member_of(request, assessment), "archive")
    if "sure" not in request.POST:
        raise InvalidInput({"sure": _("Tick the box above the button: this cannot be undone.")})
    archive_assessment(assessment=assessment, by=member_of(request, assessment))
    messages.success(request, _("“%(title)s” is archived.") % {"title": assessment.title})
    return redirect("firm_home", assessment.firm_id)


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/settings/", settings, name="assessment_settings"),
    path("assessments/<uuid:assessment_id>/archive/", archive, name="assessment_archive"),
]
