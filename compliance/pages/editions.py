"""A draft's move to a newer edition of the rules: preview, move, undo."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from compliance import permissions
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.moves import move_page
from compliance.services.editions import move_to_newer_edition, undo_move
from compliance.templatetags.tianheng import language


@login_required
@require_GET
def edition(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """What a move to the newest edition would do, answer by answer, and what the last one did."""
    assessment = assessment_or_404(request, assessment_id)
    state = evaluation_of(assessment, with_people=False)
    member = member_of(request, assessment)
    context = {
        "assessment": assessment,
        "head": head_of(state, member, language()),
        "page": move_page(state, language()),
        "may_move": permissions.may(member, "move_edition"),
        "tab": "edition",
    }
    return render(request, "compliance/editions/edition.html", context)


@require_POST
@login_required
def move(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Move the draft to the edition of the preview."""
    assessment = assessment_or_404(request, assessment_id)
    made = move_to_newer_edition(
        assessment=assessment, to=request.POST.get("to", ""), by=member_of(request, assessment)
    )
    messages.success(
        request,
        _("Moved to edition %(edition)s. Confirm the answers that are marked.")
        % {"edition": made.to_edition}
        if made.asked_again
        else _("Moved to edition %(edition)s. Every answer was kept.")
        % {"edition": made.to_edition},
    )
    return redirect("assessment_edition", assessment.pk)


@require_POST
@login_required
def undo(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Take the last move back."""
    assessment = assessment_or_404(request, assessment_id)
    undone = undo_move(assessment=assessment, by=member_of(request, assessment))
    messages.success(request, _("Back to edition %(edition)s.") % {"edition": undone.from_edition})
    return redirect("assessment_edition", assessment.pk)


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/edition/", edition, name="assessment_edition"),
    path("assessments/<uuid:assessment_id>/edition/move/", move, name="assessment_edition_move"),
    path("assessments/<uuid:assessment_id>/edition/undo/", undo, name="assessment_edition_undo"),
]
