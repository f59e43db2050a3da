"""Saving one answer: checked, versioned, never over somebody else's newer one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from checklists import Flag, InvalidValue, Requirement, parse_answer
from checklists import serialize_value as as_json
from compliance import audit, clock, permissions
from compliance.errors import AnswerLocked, InvalidInput, Sentence, SomebodySavedFirst
from compliance.models import Answer, Assessment, AuditEvent, EvidenceUse, Membership
from compliance.selectors.evaluation import (
    AssessmentState,
    answers_of,
    catalogue_of,
    evaluation_of,
)
from compliance.services.texts import LONGEST_TEXT, clean_text
from compliance.workflow import is_open

CONTENT = ("value", "note", "not_applicable_reason", "flag")


@dataclass(frozen=True)
class SavedAnswer:
    answer: Answer
    assessment: Assessment
    answers: Mapping[str, Answer]

    @cached_property
    def state(self) -> AssessmentState:
        """The whole assessment, judged with the new answer; judged when somebody looks."""
        return evaluation_of(self.assessment, answers=self.answers)


def save_answer(
    *,
    assessment: Assessment,
    requirement_id: str,
    value: Any = None,
    note: str = "",
    not_applicable_reason: str = "",
    flag: str = "",
    base_version: int | None,
    by: Membership,
) -> SavedAnswer:
    """Store the answer; the assessment judged again is at hand in what is given back.

    `base_version` is the version the person started from, 0 where there was no answer; None saves
    whatever is stored.
    """
    permissions.require(by, "answer", assessment)
    requirement = requirement_of(assessment, requirement_id)
    content = checked_answer(requirement, value, note, not_applicable_reason, flag)
    with transaction.atomic():
        now = clock.now()
        lock_for_answer(assessment, requirement_id)
        answers = answers_of(assessment, with_people=False)
        stored = answers.get(requirement_id)
        version = stored.version if stored else 0
        if base_version is not None and base_version != version:
            raise SomebodySavedFirst(
                theirs=stored or Answer(assessment=assessment, requirement=requirement_id),
                base=_content_at(assessment, requirement_id, base_version),
            )
        before = answer_content(stored) if stored else None
        answer = stored or Answer(assessment=assessment, requirement=requirement_id, version=0)
        for field, said in content.items():
            setattr(answer, field, said)
        answer.version += 1
        answer.is_carried_over = False
        answer.updated_by, answer.updated_at = by.user, now
        # The lock on the assessment lets one writer in at a time, so neither can surprise.
        answer.save(force_insert=stored is None, force_update=stored is not None)
        audit.record(
            by,
            "answer.saved",
            answer,
            assessment=assessment,
            requirement=requirement_id,
            before=before,
            after={**answer_content(answer), "version": answer.version},
        )
    answers[requirement_id] = answer
    return SavedAnswer(answer, assessment, answers)


@dataclass(frozen=True)
class AnswerChange:
    """One of several answers that are saved together; `base_version` as for one."""

    requirement_id: str
    base_version: int | None
    value: Any = None
    note: str = ""
    not_applicable_reason: str = ""
    flag: str = ""


def save_answers(
    *, assessment: Assessment, changes: Sequence[AnswerChange], by: Membership
) -> list[Answer]:
    """Store all of them or none; the refusal names every fault of every answer."""
    permissions.require(by, "answer", assessment)
    contents = _checked_answers(assessment, changes)
    with transaction.atomic():
        now = clock.now()
        if not lock_row(assessment):
            raise AnswerLocked(_("The assessment is with the officer, or closed."))
        locked = [name for name in contents if not is_open(assessment, name)]
        if locked:
            raise AnswerLocked(
                _("These answers are locked: %(names)s. Only what was returned can be changed.")
                % {"names": ", ".join(locked[:20])}
            )
        stored = answers_of(assessment)
        bases = {change.requirement_id: change.base_version for change in changes}
        versions = {name: stored[name].version if name in stored else 0 for name in contents}
        stale = [name for name, base in bases.items() if base not in (None, versions[name])]
        if stale:
            raise SomebodySavedFirst(theirs={name: stored.get(name) for name in stale})
        events, new, old = [], [], []
        for name, content in contents.items():
            answer = stored.get(name)
            before = answer_content(answer) if answer else None
            if answer is None:
                answer = Answer(assessment=assessment, requirement=name, version=0)
                new.append(answer)
            else:
                old.append(answer)
            for field, said in content.items():
                setattr(answer, field, said)
            answer.version += 1
            answer.is_carried_over = False
            answer.updated_by, answer.updated_at = by.user, now
            events.append((answer, before))
        Answer.objects.bulk_create(new)
        Answer.objects.bulk_update(
            old, [*CONTENT, "version", "is_carried_over", "updated_by", "updated_at"]
        )
        audit.record_all(
            audit.event(
                by,
                "answer.saved",
                answer,
                assessment=assessment,
                requirement=answer.requirement,
                before=before,
                after={**answer_content(answer), "version": answer.version},
            )
            for answer, before in events
        )
    return [answer for answer, _before in events]


def _checked_answers(
    assessment: Assessment, changes: Sequence[AnswerChange]
) -> dict[str, dict[str, Any]]:
    """The fields of each answer by requirement, or all the faults of all of them."""
    faults: dict[str, Sentence] = {}
    contents: dict[str, dict[str, Any]] = {}
    for change in changes:
        name = change.requirement_id
        if name in contents:
            faults[name] = _("This requirement is there twice. Send each once.")
        contents[name] = {}
        try:
            contents[name] = checked_answer(
                requirement_of(assessment, name),
                change.value,
                change.note,
                change.not_applicable_reason,
                change.flag,
            )
        except InvalidInput as error:
            faults |= {f"{name}.{field}": said for field, said in error.fields.items()}
    if faults:
        raise InvalidInput(faults)
    return contents


def confirm_carried_over(
    *, assessment: Assessment, requirement_ids: Sequence[str], by: Membership
) -> list[str]:
    """State that answers and evidence of an earlier assessment still hold; gives back which."""
    permissions.require(by, "answer", assessment)
    with transaction.atomic():
        if not lock_row(assessment):
            raise AnswerLocked(_("The assessment is with the officer, or closed."))
        wanted = [name for name in requirement_ids if is_open(assessment, name)]
        mine = {"assessment": assessment, "requirement__in": wanted, "is_carried_over": True}
        answers = {answer.requirement: answer for answer in Answer.objects.filter(**mine)}
        uses = EvidenceUse.objects.filter(**mine)
        confirmed = sorted({*answers, *uses.values_list("requirement", flat=True)})
        Answer.objects.filter(**mine).update(
            is_carried_over=False, updated_by=by.user, updated_at=clock.now()
        )
        uses.update(is_carried_over=False)
        audit.record_all(
            audit.event(
                by,
                "answer.confirmed",
                answers.get(name, assessment),
                assessment=assessment,
                requirement=name,
                after=answer_content(answers[name]) if name in answers else None,
            )
            for name in confirmed
        )
    return confirmed


def checked_answer(
    requirement: Requirement, value: Any, note: str, reason: str, flag: str
) -> dict[str, Any]:
    """The fields of an answer, or all their faults at once."""
    faults: dict[str, str] = {}
    parsed = None
    try:
        parsed = parse_answer(requirement, value)
    except InvalidValue as error:
        faults["value"] = error.message.get(get_language() or "en")
    gave_reason = reason != ""
    note, reason = clean_text(note), clean_text(reason).strip()
    for name, said in (("note", note), ("not_applicable_reason", reason)):
        if len(said) > LONGEST_TEXT:
            faults[name] = _(
                "This has %(count)d characters; at most 20,000 are kept. Attach it as a file."
            ) % {"count": len(said)}
    if gave_reason and not reason and parsed is None and not faults:
        faults["not_applicable_reason"] = _("Say why this does not apply; the officer reads it.")
    elif reason and not requirement.answer.may_be_not_applicable:
        faults["not_applicable_reason"] = _("This requirement cannot be answered “not applicable”.")
    elif reason and parsed is not None:
        faults["not_applicable_reason"] = _(
            "Give either an answer or a reason why it does not apply, not both."
        )
    if flag and flag not in list(Flag):
        faults["flag"] = _("Mark it “dont_know” or “come_back”, or leave the mark empty.")
    if faults:
        raise InvalidInput(faults)
    return {
        "value": as_json(parsed),
        "note": note,
        "not_applicable_reason": reason,
        "flag": flag,
    }


def answer_content(answer: Answer) -> dict[str, Any]:
    """What a person typed, as it is kept in the audit trail."""
    return {name: getattr(answer, name) for name in CONTENT}


def requirement_of(assessment: Assessment, requirement_id: str) -> Requirement:
    """The requirement by its id, from the rules this assessment is judged by."""
    requirement = catalogue_of(assessment).requirements.get(requirement_id)
    if requirement is None:
        raise InvalidInput(
            {"requirement": _("There is no such requirement. Open it from the task list.")}
        )
    return requirement


def lock_for_answer(assessment: Assessment, requirement_id: str) -> None:
    """Hold the row, read it anew, and refuse unless this requirement may be changed now."""
    if not lock_row(assessment) or not is_open(assessment, requirement_id):
        raise AnswerLocked(
            _("This answer is locked. Only a draft, or what the officer returned, can be changed.")
        )


def lock_row(assessment: Assessment) -> bool:
    """Hold the row and read it anew; False where no answer of it may be changed now."""
    now = clock.now()
    here = Assessment.objects.filter(pk=assessment.pk, status__in=Assessment.EDITABLE)
    # Every change touches the row: where it is still as the caller read it, so is the rest.
    as_read = here.filter(
        updated_at=assessment.updated_at,
        status=assessment.status,
        facts_version=assessment.facts_version,
    )
    if as_read.update(updated_at=now) == 1:
        assessment.updated_at = now
        return True
    held = here.update(updated_at=now) == 1
    if held:
        # Since the caller read it, it may have been handed in, returned with other answers open,
        # or stated with other facts.
        assessment.refresh_from_db(fields=["status", "reopened", "facts", "facts_version"])
    return held


def _content_at(assessment: Assessment, requirement_id: str, version: int) -> dict[str, Any] | None:
    """The answer as it was at a version: what both people started from."""
    saves = AuditEvent.objects.filter(
        action="answer.saved", assessment=assessment, requirement=requirement_id
    )
    save = saves.filter(after__version=version).last()
    if save is not None and save.after is not None:
        return {name: save.after[name] for name in CONTENT}
    # An answer carried over was never saved here; the first save knows what it replaced.
    following = saves.filter(after__version=version + 1).last()
    return following.before if following else None
