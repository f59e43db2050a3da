"""Evidence on the page of a requirement: attach, detach, download."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from compliance import permissions
from compliance.downloads import evidence_file
from compliance.errors import InvalidInput
from compliance.models import Assessment, Evidence, Membership
from compliance.pages.answers import (
    differs_from_stored,
    read_draft,
    requirement_or_404,
    requirement_response,
    save_draft,
)
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.firms import signed_in
from compliance.pages.library import read_dates, typed_evidence
from compliance.pages.undo import say_undoable
from compliance.selectors.evaluation import evaluation_of
from compliance.services.evidence import attach_evidence, attach_existing, detach_evidence


@login_required
@require_POST
def attach(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
    """A new file or link, or a piece the firm already keeps."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    member = member_of(request, assessment)
    permissions.require(member, "attach_evidence")
    if "take" in request.POST:
        return _done(request, assessment, requirement_id, _take_from_library, _("Attached."))
    return _done(request, assessment, requirement_id, _take_new, _("Attached."))


@login_required
@require_POST
def detach(
    request: HttpRequest, assessment_id: UUID, requirement_id: str, evidence_id: UUID
) -> HttpResponse:
    """Take a piece away from this requirement; the firm keeps it."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    evidence = get_object_or_404(Evidence, pk=evidence_id, firm_id=assessment.firm_id)

    def take_away(
        _request: HttpRequest, assessment: Assessment, requirement_id: str, by: Membership
    ) -> None:
        detach_evidence(
            assessment=assessment, requirement_id=requirement_id, evidence=evidence, by=by
        )

    said = _("“%(title)s” is taken away here; the firm keeps it.") % {"title": evidence.title}
    back = reverse("evidence_attach", args=[assessment.pk, requirement_id])
    way_back = {"take": "1", "evidence": str(evidence.pk)}
    return _done(request, assessment, requirement_id, take_away, said, back, way_back)


Act = Callable[[HttpRequest, Assessment, str, Membership], None]


def _done(
    request: HttpRequest,
    assessment: Assessment,
    requirement_id: str,
    act: Act,
    said: str,
    back: str = "",
    way_back: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Do it, keep what was typed in the same form, and show the page again."""
    has_answer = "base_version" in request.POST
    draft = read_draft(request.POST) if has_answer else None
    try:
        act(request, assessment, requirement_id, member_of(request, assessment))
    except InvalidInput as error:
        return requirement_response(
            request,
            assessment,
            requirement_id,
            draft,
            errors=error.fields,
            evidence=typed_evidence(request.POST),
            status=422,
        )
    if way_back is None:
        messages.success(request, said)
    else:
        say_undoable(request, said, back, **way_back)
    state = evaluation_of(assessment)
    if draft is not None and differs_from_stored(draft, state, requirement_id):
        return save_draft(request, assessment, requirement_id, draft, is_aside=True)
    return redirect(f"{reverse('requirement', args=[assessment.pk, requirement_id])}#evidence")


def _take_new(
    request: HttpRequest, assessment: Assessment, requirement_id: str, by: Membership
) -> None:
    typed = typed_evidence(request.POST)
    attach_evidence(
        assessment=assessment,
        requirement_id=requirement_id,
        kind=typed.kind,
        title=typed.title,
        upload=request.FILES.get("file"),
        url=typed.url,
        **read_dates(request.POST),
        by=by,
    )


def _take_from_library(
    request: HttpRequest, assessment: Assessment, requirement_id: str, by: Membership
) -> None:
    try:
        chosen = UUID(request.POST.get("evidence", ""))
    except ValueError:
        raise InvalidInput({"evidence": _("Choose a piece of evidence.")}) from None
    evidence = Evidence.objects.filter(pk=chosen, firm_id=assessment.firm_id).first()
    if evidence is None:
        raise InvalidInput({"evidence": _("This piece is not there any more. Choose another.")})
    attach_existing(assessment=assessment, requirement_id=requirement_id, evidence=evidence, by=by)


@login_required
@require_GET
def download(request: HttpRequest, evidence_id: UUID) -> HttpResponseBase:
    """The file as it was stored, to be saved and never shown inside this site."""
    evidence = get_object_or_404(Evidence.objects.visible_to(signed_in(request)), pk=evidence_id)
    return evidence_file(evidence)


urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/requirements/<str:requirement_id>/evidence/",
        attach,
        name="evidence_attach",
    ),
    path(
        "assessments/<uuid:assessment_id>/requirements/<str:requirement_id>/evidence/"
        "<uuid:evidence_id>/detach/",
        detach,
        name="evidence_detach",
    ),
    path("evidence/<uuid:evidence_id>/download/", download, name="evidence_download"),
]
