"""The page of one requirement, and saving its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from checklists import Flag, Requirement
from compliance import clock, permissions
from compliance.errors import InvalidInput, Sentence, SomebodySavedFirst
from compliance.models import Assessment
from compliance.pages.assessments import assessment_or_404, member_of
from compliance.pages.talk import talk_context
from compliance.pages.typed import keeps_typed, typed_before
from compliance.selectors.discussion import here_now
from compliance.selectors.evaluation import AssessmentState, catalogue_of, evaluation_of
from compliance.selectors.heads import head_of
from compliance.selectors.requirement import (
    NOT_APPLICABLE,
    AnswerDraft,
    EvidenceDraft,
    conflict_page,
    requirement_page,
    requirement_record,
    stored_draft,
)
from compliance.services.answers import confirm_carried_over, save_answer
from compliance.services.presence import note_presence
from compliance.templatetags.tianheng import language
from compliance.workflow import is_open

NEVER = -1  # a version nobody has: what was sent carries none


def requirement_or_404(assessment: Assessment, requirement_id: str) -> Requirement:
    """The requirement, where it is in force on the assessment's date."""
    requirement = catalogue_of(assessment).requirements.get(requirement_id)
    if requirement is None or not requirement.in_force.holds(assessment.as_of):
        raise Http404
    return requirement


@login_required
@require_GET
def requirement(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
    """One requirement: what is asked, what was answered, what follows and why."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    typed = typed_before(request)
    if typed is not None:
        messages.warning(
            request,
            _("You were signed out while typing. Your text stands below; it is not saved yet."),
        )
    draft = None if typed is None else read_draft(typed)
    return requirement_response(request, assessment, requirement_id, draft)


@keeps_typed
@require_POST
def save(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
    """Save the answer; where somebody was faster, show both and let the person choose."""
    assessment = assessment_or_404(request, assessment_id)
    requirement_or_404(assessment, requirement_id)
    if "mine_value" in request.POST:
        draft = chosen_draft(request.POST)
        if "back" in request.POST:
            return requirement_response(request, assessment, requirement_id, draft)
    else:
        draft = read_draft(request.POST)
    return save_draft(request, assessment, requirement_id, draft)


def read_draft(data: QueryDict) -> AnswerDraft:
    """The answer as it was sent."""
    value = data.get("value", "").strip()
    is_not_applicable = value == NOT_APPLICABLE or "not_applicable" in data
    flag = data.get("set_flag", data.get("flag", ""))
    if flag == Flag.DONT_KNOW and "set_flag" not in data and value != data.get("was_value", value):
        flag = ""  # whoever answers knows by now
    return AnswerDraft(
        value="" if value == NOT_APPLICABLE else value,
        is_not_applicable=is_not_applicable,
        reason=data.get("not_applicable_reason", ""),
        note=data.get("note", ""),
        flag=flag,
        base_version=_version(data),
    )


def chosen_draft(data: QueryDict) -> AnswerDraft:
    """What a person chose of two versions, part by part."""
    answer, flag, note = (
        "theirs" if data.get(f"keep_{part}") == "theirs" else "mine"
        for part in ("answer", "flag", "note")
    )
    if "back" in data:
        answer = flag = note = "mine"
    is_together = data.get("keep_note") == "together" and "back" not in data
    return AnswerDraft(
        value=data.get(f"{answer}_value", ""),
        is_not_applicable=bool(data.get(f"{answer}_not_applicable")),
        reason=data.get(f"{answer}_reason", ""),
        note=data.get("together_note" if is_together else f"{note}_note", ""),
        flag=data.get(f"{flag}_flag", ""),
        base_version=_version(data),
    )


def _version(data: QueryDict) -> int:
    text = data.get("base_version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else NEVER


def save_draft(
    request: HttpRequest,
    assessment: Assessment,
    requirement_id: str,
    draft: AnswerDraft,
    *,
    is_aside: bool = False,
) -> HttpResponse:
    """The answer to a form: the page again, with what was saved or with what is wrong.

    `is_aside` saves what was typed beside something else that was sent, without a word of its own.
    """
    member = member_of(request, assessment)
    errors: dict[str, Sentence] = {}
    if draft.is_not_applicable and not draft.reason.strip():
        permissions.require(member, "answer")
        errors["not_applicable_reason"] = _(
            "Say why this does not apply to you. The officer confirms or refuses the reason."
        )
    try:
        if errors:
            raise InvalidInput(errors)
        saved = save_answer(
            assessment=assessment,
            requirement_id=requirement_id,
            value=None if draft.is_not_applicable else draft.value,
            note=draft.note,
            not_applicable_reason=draft.reason if draft.is_not_applicable else "",
            flag=draft.flag,
            base_version=draft.base_version,
            by=member,
        )
        if "still_holds" in request.POST:  # the answer is saved; its evidence holds as well
            confirm_carried_over(assessment=assessment, requirement_ids=[requirement_id], by=member)
        state = saved.state
    except InvalidInput as error:
        return requirement_response(
            request, assessment, requirement_id, draft, errors=error.fields, status=422
        )
    except SomebodySavedFirst as conflict:
        state = evaluation_of(assessment)
        if differs_from_stored(draft, state, requirement_id):
            return _conflict_response(request, state, requirement_id, draft, conflict)
        # The same words came twice, by a second click or from two people of one mind.
    if request.htmx:  # type: ignore[attr-defined]
        return requirement_response(request, assessment, requirement_id, state=state, is_saved=True)
    if not is_aside:
        messages.success(request, _("The answer is saved."))
    return redirect("requirement", assessment.pk, requirement_id)


def differs_from_stored(draft: AnswerDraft, state: AssessmentState, requirement_id: str) -> bool:
    """Whether a form carries an answer that is not saved yet."""
    stored = stored_draft(state.answers.get(requirement_id))
    typed = replace(draft, note=draft.note.replace("\r\n", "\n"), base_version=stored.base_version)
    if typed.is_not_applicable:
        typed = replace(typed, value="", reason=typed.reason.strip().replace("\r\n", "\n"))
    else:
        typed = replace(typed, reason=stored.reason)
    return typed != stored


def requirement_response(
    request: HttpRequest,
    assessment: Assessment,
    requirement_id: str,
    draft: AnswerDraft | None = None,
    *,
    errors: Mapping[str, Sentence] | None = None,
    evidence: EvidenceDraft | None = None,
    state: AssessmentState | None = None,
    talk: Mapping[str, Any] | None = None,
    reply: Mapping[str, Any] | None = None,
    is_saved: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The page of a requirement, or what changes on it when htmx asks.

    `talk` is what was typed to colleagues, `reply` to the officer, and what is wrong with it.
    """
    state = state or evaluation_of(assessment)
    member = member_of(request, assessment)
    page = requirement_page(
        state,
        requirement_id,
        member,
        language(),
        is_open=is_open(assessment, requirement_id),
        draft=draft,
        errors={name: str(sentence) for name, sentence in (errors or {}).items()},
    )
    context: dict[str, Any] = {
        "assessment": assessment,
        "page": page,
        "not_applicable": NOT_APPLICABLE,
        "flags": [(flag.value, page.draft.flag == flag.value) for flag in Flag],
        "saved_at": clock.now() if is_saved else None,
        "is_unsaved": draft is not None and differs_from_stored(draft, state, requirement_id),
    }
    if request.htmx and request.method == "POST":  # type: ignore[attr-defined]
        return render(request, "compliance/answers/_live.html", context, status=status)
    if request.method == "GET":
        note_presence(assessment=assessment, requirement_id=requirement_id, by=member)
    context |= talk_context(
        assessment,
        requirement_id,
        member,
        here=here_now(assessment, requirement_id, member),
        answer=state.answers.get(requirement_id),
        has_answer=True,
    )
    context |= {
        **(talk or {}),
        "record": requirement_record(state, requirement_id, language(), with_library=page.is_open),
        "new_evidence": evidence or EvidenceDraft(),
        "may_reply": permissions.may(member, "answer_question"),
        "reply": reply or {},
    }
    return render(request, "compliance/answers/requirement.html", context, status=status)


def _conflict_response(
    request: HttpRequest,
    state: AssessmentState,
    requirement_id: str,
    draft: AnswerDraft,
    conflict: SomebodySavedFirst,
) -> HttpResponse:
    assessment = state.assessment
    requirement = state.catalogue.requirements[requirement_id]
    member = member_of(request, assessment)
    context = {
        "assessment": assessment,
        "head": head_of(state, member, language()),
        "page": requirement_page(state, requirement_id, member, language(), is_open=True),
        "conflict": conflict_page(
            state, requirement, draft, conflict.theirs, conflict.base, language()
        ),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "compliance/answers/conflict.html", context, status=412)
    response = render(request, "compliance/answers/_conflict.html", context, status=412)
    response["HX-Retarget"] = "#main"
    response["HX-Reswap"] = "innerHTML show:top"
    return response


urlpatterns: list[URLPattern] = [
    path(
        "assessments/<uuid:assessment_id>/requirements/<str:requirement_id>/",
        requirement,
        name="requirement",
    ),
    path(
        "assessments/<uuid:assessment_id>/requirements/<str:requirement_id>/answer/",
        save,
        name="answer_save",
    ),
]
