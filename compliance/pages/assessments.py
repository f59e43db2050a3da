"""The pages of one assessment as a whole: task list, check and submission, its submissions."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from checklists.engine.model import Severity
from compliance import clock, permissions, workflow
from compliance.errors import AssessmentNotReady, InvalidInput, KeyUsedForOther, Sentence
from compliance.models import Assessment, Membership, Submission
from compliance.pages.firms import signed_in
from compliance.selectors.changes import with_cursor
from compliance.selectors.check import CheckPage, check_page
from compliance.selectors.discussion import stamp_of, team_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.tasks import (
    ASKED_FOR,
    Handed,
    Marks,
    TaskFilters,
    TaskList,
    View,
    Who,
    task_list,
)
from compliance.services.assessments import submit_assessment
from compliance.templatetags import tianheng
from compliance.templatetags.tianheng import FLAGS, OUTCOMES, SEVERITIES, language


def assessment_or_404(request: HttpRequest, assessment_id: UUID) -> Assessment:
    """The assessment, where this person has a role in its firm."""
    visible = Assessment.objects.visible_to(signed_in(request))
    # A page to look at asks for news from here on; what a POST changes moves the cursor.
    looked_at = with_cursor(visible) if request.method == "GET" else visible
    return get_object_or_404(looked_at, pk=assessment_id)


def member_of(request: HttpRequest, assessment: Assessment) -> Membership:
    """The role in which this person acts on the assessment."""
    return assessment.membership_of(signed_in(request))


@login_required
@require_GET
def tasks(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Every requirement by measure or topic, with filters that live in the address."""
    assessment = assessment_or_404(request, assessment_id)
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    if is_partial and request.GET.get("seen") == stamp_of(assessment):
        return HttpResponse(status=204)
    state = evaluation_of(assessment, with_people=False)
    member = member_of(request, assessment)
    filters = TaskFilters.read(request.GET, state.catalogue)
    handed = Handed.read(assessment, me=member.user_id, today=clock.today())
    tasks = task_list(state, filters, language(), _marks(), handed)
    context = {
        "assessment": assessment,
        "head": head_of(state, member, language()),
        "tab": "tasks",
        "tasks": tasks,
        "filters": filters,
        "severities": [(s.value, SEVERITIES[s].word) for s in Severity],
        "outcomes": [(name, (OUTCOMES.get(name) or FLAGS[name]).word) for name in ASKED_FOR],
        "holders": _holders(member, tasks),
        "views": _views(filters, tasks),
        "may_delegate": permissions.may(member, "delegate") and assessment.is_editable,
        "here": filter_address(filters),
        "stamp": stamp_of(assessment),
    }
    template = "_tasks.html" if is_partial else "tasks.html"
    return render(request, f"compliance/assessments/{template}", context)


def _marks() -> Marks:
    states = {name: tianheng.status(name) for name in OUTCOMES}
    states |= {name: tianheng.flag_status(name) for name in FLAGS}
    return Marks(states, {name: tianheng.severity(name) for name in SEVERITIES})


_VIEW_ICONS = {
    View.MEASURE: "list-details",
    View.TOPIC: "tags",
    View.SEVERITY: "alert-octagon",
    View.DOES_NOT_APPLY: "circle-minus",
}


def _holders(member: Membership, tasks: TaskList) -> list[tuple[str, str]]:
    """In whose hands: what the filter offers."""
    return [
        (Who.ME, _("In my hands (%(count)d)") % {"count": tasks.mine}),
        (Who.LATE, _("Overdue (%(count)d)") % {"count": tasks.late}),
        (Who.NOBODY, _("In nobody’s hands")),
        *((each.id, each.name) for each in team_of(member) if not each.is_me and each.may_answer),
    ]


def _views(filters: TaskFilters, tasks: TaskList) -> list[dict[str, Any]]:
    words = {
        View.MEASURE: _("By measure"),
        View.TOPIC: _("By topic"),
        View.SEVERITY: _("By severity"),
        View.DOES_NOT_APPLY: _("Does not apply"),
    }
    views: list[dict[str, Any]] = [
        {
            "view": view,
            "word": word,
            "view_icon": _VIEW_ICONS[view],
            "url": filter_address(filters, view="" if view is View.MEASURE else str(view)),
            "is_current": filters.view is view,
            "count": tasks.not_applicable if view is View.DOES_NOT_APPLY else None,
        }
        for view, word in words.items()
    ]
    is_mine = filters.who == Who.ME
    mine = {
        "word": _("Mine"),
        "view_icon": "user",
        "url": filter_address(filters, who="" if is_mine else Who.ME),
        "is_current": is_mine,
        "count": tasks.mine,
        "key": "m",
    }
    return [*views[:-1], mine, views[-1]]


def filter_address(filters: TaskFilters, **other: str) -> str:
    """The filters as the query of an address."""
    query = QueryDict(mutable=True)
    query.update(filters.as_query(**other))
    return f"?{query.urlencode()}"


# --- check, attest, submit ------------------------------------------------------------------------


@login_required
@require_GET
def check(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """All problems at once, what may go out open, and the form that submits."""
    assessment = assessment_or_404(request, assessment_id)
    typed = {"name": str(request.user), "position": "", "statement": ""}
    return _check_page(request, assessment, typed)


@login_required
@require_POST
def submit(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Attest and hand in; the same form sent twice leads to the same submission."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    permissions.require(member, "submit")
    typed = {name: request.POST.get(name, "") for name in ("name", "position", "statement")}
    key = request.POST.get("idempotency_key", "")
    errors: dict[str, Sentence] = {}
    if "attest" not in request.POST:
        errors["attest"] = _("Tick the box: you sign for the answers by name.")
    try:
        if errors:
            raise InvalidInput(errors)
        submission = submit_assessment(
            assessment=assessment, **typed, by=member, idempotency_key=key
        )
    except InvalidInput as error:
        key = "" if "idempotency_key" in error.fields else key
        return _check_page(request, assessment, typed, error.fields, key=key)
    except AssessmentNotReady:
        return _check_page(request, assessment, typed, key=key, stopped=True)
    except KeyUsedForOther as error:
        return _check_page(request, assessment, typed, {"statement": error.message}, key="")
    messages.success(
        request,
        _("Submission no. %(number)d is with the compliance officer.")
        % {"number": submission.number},
    )
    return redirect("submission", submission.pk)


def _check_page(
    request: HttpRequest,
    assessment: Assessment,
    typed: dict[str, str],
    errors: dict[str, Sentence] | None = None,
    *,
    key: str = "",
    stopped: bool = False,
) -> HttpResponse:
    member = member_of(request, assessment)
    state = evaluation_of(assessment)
    page: CheckPage = check_page(state, _submissions_of(assessment), language())
    context = {
        "assessment": assessment,
        "head": head_of(state, member, language()),
        "tab": "check",
        "page": page,
        "may_preview": assessment.is_editable and permissions.may(member, "preview_report"),
        "typed": typed,
        "errors": errors or {},
        "attested": "attest" in request.POST,
        "stopped": stopped,
        # Made per page, so that a second click or a reload cannot submit twice.
        "idempotency_key": key or str(uuid.uuid4()),
    }
    status = 422 if errors or stopped else 200
    return render(request, "compliance/assessments/check.html", context, status=status)


def _submissions_of(assessment: Assessment) -> list[Submission]:
    return list(
        assessment.submissions.without_content()
        .select_related("submitted_by", "decided_by", "attestation")
        .order_by("-number")
    )


@login_required
@require_GET
def submissions(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """The rounds of this assessment, newest first."""
    assessment = assessment_or_404(request, assessment_id)
    state = evaluation_of(assessment, with_people=False)
    context = {
        "assessment": assessment,
        "head": head_of(state, member_of(request, assessment), language()),
        "tab": "submissions",
        "submissions": _submissions_of(assessment),
        "may_submit": workflow.allows(assessment, "submit"),
    }
    return render(request, "compliance/assessments/submissions.html", context)


def requirement_link(assessment: Assessment, requirement_id: str) -> str:
    """The page of one requirement in this assessment."""
    return reverse("requirement", args=[assessment.pk, requirement_id])


urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/", tasks, name="assessment_tasks"),
    path("assessments/<uuid:assessment_id>/check/", check, name="assessment_check"),
    path("assessments/<uuid:assessment_id>/submit/", submit, name="assessment_submit"),
    path(
        "assessments/<uuid:assessment_id>/submissions/", submissions, name="assessment_submissions"
    ),
]
