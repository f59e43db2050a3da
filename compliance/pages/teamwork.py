"""Working together: delegating, talking about a requirement, confirming what was carried over."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from compliance import clock, permissions
from compliance.errors import InvalidInput, Sentence
from compliance.models import Assessment, Comment, Delegation, Membership
from compliance.pages.answers import requirement_or_404, requirement_response
from compliance.pages.assessments import assessment_or_404, filter_address, member_of
from compliance.pages.forms import DayInput, PageForm, posted
from compliance.pages.talk import talk_context
from compliance.pages.undo import say_undoable
from compliance.selectors.discussion import here_now, stamp_of, team_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.tasks import (
    CARRIED_OVER,
    Handed,
    TaskFilters,
    chosen_requirements,
)
from compliance.services.answers import confirm_carried_over
from compliance.services.delegations import delegate, withdraw_delegations
from compliance.services.discussion import (
    add_comment,
    ask_for_discussion,
    edit_comment,
    remove_comment,
    resolve_discussion,
    restore_comment,
)
from compliance.services.presence import note_presence
from compliance.templatetags.tianheng import language

# --- delegating -----------------------------------------------------------------------------------


class DelegationForm(PageForm):
    to = forms.ChoiceField(label=gettext_lazy("To whom"))
    due_on = forms.DateField(
        label=gettext_lazy("Due on"),
        required=False,
        widget=DayInput,
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("What should be known beside the requirement."),
    )

    def __init__(self, *args: Any, firm_member: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, forms.ChoiceField)
        to.choices = [
            (each.id, _("%(name)s (you)") % {"name": each.name} if each.is_me else each.name)
            for each in team_of(firm_member)
            if each.may_answer
        ]


@login_required
def delegation(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """What the task list shows, to be put into one person's hands at once."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    permissions.require(member, "delegate")
    state = evaluation_of(assessment, with_people=False)
    filters = TaskFilters.read(request.GET, state.catalogue)
    handed = Handed.read(assessment, me=member.user_id, today=clock.today())
    requirements = chosen_requirements(state, filters, language(), handed)
    names = [requirement.id for requirement in requirements]
    chosen = request.POST.getlist("requirement") if request.method == "POST" else names
    form = DelegationForm(posted(request), firm_member=member)
    back = f"{reverse('assessment_tasks', args=[assessment.pk])}{filter_address(filters)}"
    if request.method == "POST" and "withdraw" in request.POST:
        count = withdraw_delegations(assessment=assessment, requirement_ids=chosen, by=member)
        messages.success(
            request,
            ngettext(
                "%(count)d requirement is in nobody’s hands now.",
                "%(count)d requirements are in nobody’s hands now.",
                count,
            )
            % {"count": count},
        )
        return HttpResponseRedirect(back)
    if request.method == "POST" and form.is_valid():
        try:
            delegate(
                assessment=assessment,
                requirement_ids=chosen,
                to=colleague(member, form.cleaned_data.pop("to")),
                by=member,
                **form.cleaned_data,
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            count = len(set(chosen))
            messages.success(
                request,
                ngettext(
                    "%(count)d requirement is delegated.",
                    "%(count)d requirements are delegated.",
                    count,
                )
                % {"count": count},
            )
            return HttpResponseRedirect(back)
    context = {
        "assessment": assessment,
        "head": head_of(state, member, language()),
        "tab": "tasks",
        "form": form,
        "back": back,
        "rows": [
            {
                "requirement": requirement.id,
                "number": requirement.source_row,
                "title": requirement.title.get(language()),
                "who": str(handed.delegations[requirement.id].to)
                if requirement.id in handed.delegations
                else "",
                "due_on": handed.due_on(requirement.id),
                "is_chosen": requirement.id in chosen,
            }
            for requirement in requirements
        ],
    }
    status = 422 if form.errors else 200
    return render(request, "compliance/teamwork/delegate.html", context, status=status)


def colleague(member: Membership, user_id: str) -> Membership:
    """Somebody of the same firm, by the person's id."""
    try:
        return Membership.objects.select_related("user", "firm").get(
            firm=member.firm_id, user_id=user_id
        )
    except (Membership.DoesNotExist, ValidationError, ValueError) as error:
        raise InvalidInput({"to": _("Choose a manager or a contributor of the firm.")}) from error


@login_required
@require_POST
def hand_over(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
    """Put one requirement into somebody's hands; into nobody's where nobody is chosen."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    member = member_of(request, assessment)
    permissions.require(member, "delegate")
    errors: dict[str, Sentence] = {}
    to, due = request.POST.get("to", ""), request.POST.get("due_on", "")
    try:
        if not to:
            given = Delegation.objects.filter(assessment=assessment, requirement=requirement_id)
            withdrawn = given.select_related("to").first()
            withdraw_delegations(assessment=assessment, requirement_ids=[requirement_id], by=member)
            if withdrawn is not None:
                _say_withdrawn(request, withdrawn)
        else:
            delegate(
                assessment=assessment,
                requirement_ids=[requirement_id],
                to=colleague(member, to),
                due_on=_day(due),
                note=request.POST.get("note", ""),
                by=member,
            )
    except InvalidInput as refusal:
        errors = refusal.fields
    return _answered(request, assessment, requirement_id, member, "hands", errors=errors)


def _say_withdrawn(request: HttpRequest, delegation: Delegation) -> None:
    say_undoable(
        request,
        _("Taken back from %(who)s. Nobody has it in hand now.") % {"who": delegation.to},
        request.path,
        to=str(delegation.to_id),
        due_on=delegation.due_on.isoformat() if delegation.due_on else "",
        note=delegation.note,
    )


def _day(text: str) -> Any:
    if not text:
        return None
    try:
        return forms.DateField().clean(text)
    except ValidationError as error:
        raise InvalidInput({"due_on": _("Write the day as 2027-03-12.")}) from error


# --- talking --------------------------------------------------------------------------------------


@login_required
@require_POST
def comment_add(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
    """Say something about a requirement."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    member = member_of(request, assessment)
    text, errors = request.POST.get("text", ""), {}
    try:
        add_comment(assessment=assessment, requirement_id=requirement_id, text=text, by=member)
        text = ""
    except InvalidInput as refusal:
        errors = refusal.fields
    return _answered(request, assessment, requirement_id, member, "talk", errors=errors, typed=text)


@login_required
@require_POST
def comment_change(
    request: HttpRequest, assessment_id: UUID, requirement_id: str, comment_id: UUID
) -> HttpResponse:
    """Change one's own words, or take them back."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    comment = get_object_or_404(
        Comment, pk=comment_id, assessment=assessment, requirement=requirement_id
    )
    comment.assessment = assessment
    errors: dict[str, Sentence] = {}
    try:
        if "remove" in request.POST:
            remove_comment(comment=comment, by=member)
        elif "restore" in request.POST:
            restore_comment(comment=comment, by=member)
        else:
            edit_comment(comment=comment, text=request.POST.get("text", ""), by=member)
    except InvalidInput as refusal:
        errors = refusal.fields
    return _answered(request, assessment, requirement_id, member, "talk", errors=errors)


@login_required
@require_POST
def discussion(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
    """Mark that a requirement has to be talked about, or that it has been."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    member = member_of(request, assessment)
    change = resolve_discussion if "resolve" in request.POST else ask_for_discussion
    change(assessment=assessment, requirement_id=requirement_id, by=member)
    return _answered(request, assessment, requirement_id, member, "talk")


@login_required
@require_GET
def live(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
    """What changed beside the answer since the page looked last; 204 where nothing did."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    member = member_of(request, assessment)
    note_presence(assessment=assessment, requirement_id=requirement_id, by=member)
    here = here_now(assessment, requirement_id, member)
    if request.GET.get("seen") == stamp_of(assessment, here):
        return HttpResponse(status=204)
    context = talk_context(assessment, requirement_id, member, here=here)
    held = request.GET.get("base_version", "")
    context["is_newer"] = held.isdecimal() and held != str(context["talk"].answer_version)
    return render(request, "compliance/teamwork/_live.html", context)


def _answered(
    request: HttpRequest,
    assessment: Assessment,
    requirement_id: str,
    member: Membership,
    part: str,
    *,
    errors: dict[str, Sentence] | None = None,
    typed: str = "",
) -> HttpResponse:
    """The parts anew where htmx asked; else the page, at the part that was used."""
    if not request.htmx:  # type: ignore[attr-defined]
        if errors:
            talk = {"talk_errors": errors, "typed": typed}
            return requirement_response(request, assessment, requirement_id, talk=talk, status=422)
        address = reverse("requirement", args=[assessment.pk, requirement_id])
        return HttpResponseRedirect(f"{address}#{part}")
    here = here_now(assessment, requirement_id, member)
    context = talk_context(assessment, requirement_id, member, here=here)
    context |= {"talk_errors": errors or {}, "typed": typed, "part": part}
    status = 422 if errors else 200
    return render(request, "compliance/teamwork/_live.html", context, status=status)


# --- what was carried over ------------------------------------------------------------------------


@login_required
@require_POST
def confirm(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """State that what was carried over in one measure still holds."""
    assessment = assessment_or_404(request, assessment_id)
    member = member_of(request, assessment)
    permissions.require(member, "answer")
    state = evaluation_of(assessment, with_people=False)
    asked = TaskFilters.read({"measure": request.POST.get("measure", "")}, state.catalogue)
    if asked.measure is None:
        raise InvalidInput({"measure": _("Choose a measure from the task list.")})
    filters = TaskFilters(measure=asked.measure, outcome=CARRIED_OVER)
    handed = Handed({}, frozenset(), member.user_id, clock.today())
    requirements = chosen_requirements(state, filters, language(), handed)
    confirmed = confirm_carried_over(
        assessment=assessment,
        requirement_ids=[requirement.id for requirement in requirements],
        by=member,
    )
    messages.success(
        request,
        ngettext(
            "%(count)d requirement of measure %(measure)d is confirmed.",
            "%(count)d requirements of measure %(measure)d are confirmed.",
            len(confirmed),
        )
        % {"count": len(confirmed), "measure": asked.measure},
    )
    return redirect(f"{reverse('assessment_tasks', args=[assessment.pk])}#m{asked.measure}")


_REQUIREMENT = "assessments/<uuid:assessment_id>/requirements/<str:requirement_id>/"
urlpatterns: list[URLPattern] = [
    path("assessments/<uuid:assessment_id>/delegate/", delegation, name="delegation"),
    path("assessments/<uuid:assessment_id>/confirm/", confirm, name="carried_confirm"),
    path(f"{_REQUIREMENT}live/", live, name="requirement_live"),
    path(f"{_REQUIREMENT}delegate/", hand_over, name="requirement_delegate"),
    path(f"{_REQUIREMENT}discussion/", discussion, name="requirement_discussion"),
    path(f"{_REQUIREMENT}comments/", comment_add, name="comment_add"),
    path(f"{_REQUIREMENT}comments/<uuid:comment_id>/", comment_change, name="comment_change"),
]
