"""Corrective actions: opened with the decision, worked on by the firm, verified by the officer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions, workflow
from compliance.errors import InvalidInput, SomebodySavedFirst, TransitionNotAllowed
from compliance.models import (
    Assessment,
    ClosingEvidence,
    CorrectiveAction,
    Evidence,
    Finding,
    Firm,
    Membership,
    Milestone,
    Submission,
    User,
)
from compliance.services.answers import requirement_of
from compliance.services.evidence import add_evidence
from compliance.services.other_eyes import require_other_eyes
from compliance.services.texts import LONGEST_TEXT, clean_text, one_line

MOST_MILESTONES = 50
DEAREST = Decimal("999999999999.99")
EARLIEST, LATEST = date(2015, 1, 1), date(2100, 12, 31)


class Unset(Enum):
    """A value that was not given, where None is one."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True)
class Step:
    """A milestone as somebody states it."""

    title: str
    due_on: date | None = None
    done_on: date | None = None


def open_actions(submission: Submission, by: Membership) -> list[CorrectiveAction]:
    """An action for each finding of the submission, inside the transaction of its decision."""
    rows = {row["requirement"]: row for row in submission.content["requirements"]}
    now = clock.now()
    actions = [
        CorrectiveAction(
            firm_id=submission.assessment.firm_id,
            assessment=submission.assessment,
            finding=finding,
            requirement=finding.requirement,
            requirement_title=rows[finding.requirement]["title"],
            suggested=rows[finding.requirement]["corrective_action"],
            severity=_severity(finding, rows[finding.requirement]["severity"]),
            due_on=finding.due_on,
            created_at=now,
        )
        for finding in submission.findings.filter(corrective_action=None)
    ]
    CorrectiveAction.objects.bulk_create(actions)
    audit.record_all(
        audit.event(
            by,
            "corrective_action.opened",
            action,
            assessment=submission.assessment,
            requirement=action.requirement,
            after={"finding": action.number, "due_on": action.due_on.isoformat()},
        )
        for action in actions
    )
    return actions


def _severity(finding: Finding, of_requirement: str) -> str:
    """A gap in a blocking requirement is a blocking one, however the finding is graded."""
    if of_requirement == CorrectiveAction.Severity.BLOCKING:
        return CorrectiveAction.Severity.BLOCKING
    return finding.severity


def add_action(
    *,
    assessment: Assessment,
    requirement_id: str,
    title: str,
    due_on: date,
    plan: str = "",
    owner: User | None = None,
    cost: Decimal | str | None = None,
    currency: str = CorrectiveAction.Currency.CNY,
    milestones: Sequence[Step] = (),
    by: Membership,
) -> CorrectiveAction:
    """An action the firm takes by itself: for a gap it saw before any officer did."""
    permissions.require(by, "add_action", assessment)
    requirement = requirement_of(assessment, requirement_id)
    values, steps = _checked_plan(
        assessment.firm,
        title=title,
        plan=plan,
        owner=owner,
        due_on=due_on,
        cost=cost,
        currency=currency,
        milestones=milestones,
        needs_title=True,
    )
    is_graded = requirement.severity in CorrectiveAction.Severity.values
    with transaction.atomic():
        # A like update: it lets one in at a time, so that no two take the same number.
        Firm.objects.filter(pk=assessment.firm_id).update(name=F("name"))
        own = CorrectiveAction.objects.filter(firm=assessment.firm_id)
        last = own.aggregate(last=Max("own_number"))["last"]
        action = CorrectiveAction.objects.create(
            firm_id=assessment.firm_id,
            assessment=assessment,
            own_number=(last or 0) + 1,
            requirement=requirement_id,
            requirement_title=requirement.title.as_json(),
            suggested=requirement.corrective_action.text.as_json(),
            severity=requirement.severity if is_graded else CorrectiveAction.Severity.MINOR,
            created_at=clock.now(),
            **values,
        )
        _replace_milestones(action, steps or [])
        _record(by, "corrective_action.added", action, after=_said(action))
    return action


def update_action(
    *,
    action: CorrectiveAction,
    by: Membership,
    title: str | Unset = UNSET,
    plan: str | Unset = UNSET,
    owner: User | Unset | None = UNSET,
    due_on: date | Unset = UNSET,
    cost: Decimal | str | Unset | None = UNSET,
    currency: str | Unset = UNSET,
    milestones: Sequence[Step] | Unset = UNSET,
    base_version: int | None = None,
) -> CorrectiveAction:
    """The firm's plan: only what is given changes; `milestones` replaces the whole list."""
    permissions.require(by, "update_action", action.firm)
    values, steps = _checked_plan(
        action.firm,
        title=title,
        plan=plan,
        owner=owner,
        due_on=due_on,
        cost=cost,
        currency=currency,
        milestones=milestones,
    )
    with transaction.atomic():
        stored = _hold_unfinished(action, base_version)
        before = _said(stored)
        for name, value in values.items():
            setattr(stored, name, value)
        stored.save(update_fields=[*values, "version"])
        if steps is not None:
            _replace_milestones(stored, steps)
        _record(by, "corrective_action.updated", stored, before=before, after=_said(stored))
    return stored


def _checked_plan(
    firm: Firm,
    *,
    title: str | Unset,
    plan: str | Unset,
    owner: User | Unset | None,
    due_on: date | Unset,
    cost: Decimal | str | Unset | None,
    currency: str | Unset,
    milestones: Sequence[Step] | Unset,
    needs_title: bool = False,
) -> tuple[dict[str, Any], list[Step] | None]:
    """The fields that are given, ready to be stored, and the milestones if they are."""
    given = {"title": title, "plan": plan, "owner": owner, "due_on": due_on, "currency": currency}
    values: dict[str, Any] = {n: value for n, value in given.items() if value is not UNSET}
    faults: dict[str, str] = {}
    if "title" in values:
        values["title"] = one_line(values["title"])
        if len(values["title"]) > 200:
            faults["title"] = _("Write at most 200 characters; the rest belongs into the plan.")
        if needs_title and not values["title"]:
            faults["title"] = _("Say what will be done, in a few words.")
    if "plan" in values:
        values["plan"] = clean_text(values["plan"]).strip()
        if len(values["plan"]) > LONGEST_TEXT:
            faults["plan"] = _("Write at most 20,000 characters.")
    if values.get("owner") is not None and not _may_own(firm, values["owner"]):
        faults["owner"] = _("Choose a contributor or a manager of the firm.")
    if "due_on" in values and not EARLIEST <= values["due_on"] <= LATEST:
        faults["due_on"] = _("Choose a date from 2015 to 2100.")
    if cost is not UNSET:
        values["cost"] = _parsed_cost(cost, faults)
    if "currency" in values and values["currency"] not in CorrectiveAction.Currency.values:
        faults["currency"] = _("Choose one of the currencies of the list.")
    steps = None if milestones is UNSET else _clean_steps(milestones, faults)
    if faults:
        raise InvalidInput(faults)
    return values, steps


def _may_own(firm: Firm, user: User) -> bool:
    workers = workflow.ROLES["finish_action"]
    return firm.memberships.filter(user=user, role__in=workers).exists()


def _parsed_cost(cost: Decimal | str | None, faults: dict[str, str]) -> Decimal | None:
    if cost is None or cost == "":
        return None
    wrong = _("Write the cost as a number of at most twelve digits and two decimals.")
    try:
        amount = Decimal(cost)
        if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
            raise InvalidOperation
    except InvalidOperation:
        faults["cost"] = wrong
        return None
    if not 0 <= amount <= DEAREST:
        faults["cost"] = wrong
        return None
    return amount.quantize(Decimal("0.01"))


def _clean_steps(steps: Sequence[Step], faults: dict[str, str]) -> list[Step]:
    cleaned = [Step(one_line(step.title), step.due_on, step.done_on) for step in steps]
    if len(cleaned) > MOST_MILESTONES:
        faults["milestones"] = _("Keep it to 50 milestones.")
    elif any(not 1 <= len(step.title) <= 200 for step in cleaned):
        faults["milestones"] = _("Give each milestone a name of 1 to 200 characters.")
    elif any(
        not EARLIEST <= day <= LATEST for s in cleaned for day in (s.due_on, s.done_on) if day
    ):
        faults["milestones"] = _("Choose dates from 2015 to 2100.")
    elif any(step.done_on and step.done_on > clock.today() for step in cleaned):
        faults["milestones"] = _("A milestone cannot be done on a day that is still to come.")
    return cleaned


def _replace_milestones(action: CorrectiveAction, steps: Sequence[Step]) -> None:
    action.milestones.all().delete()
    Milestone.objects.bulk_create(
        Milestone(
            action=action,
            position=position,
            title=step.title,
            due_on=step.due_on,
            done_on=step.done_on,
        )
        for position, step in enumerate(steps, start=1)
    )


def attach_file(
    *,
    action: CorrectiveAction,
    kind: str = "",
    title: str = "",
    upload: UploadedFile[Any] | None = None,
    url: str = "",
    by: Membership,
) -> Evidence:
    """A new file or link as closing evidence; the firm's library keeps it as well."""
    permissions.require(by, "update_action", action.firm)
    with transaction.atomic():
        _hold_unfinished(action, None)  # so that nothing is stored for nothing
    evidence = add_evidence(firm=action.firm, kind=kind, title=title, upload=upload, url=url, by=by)
    attach_piece(action=action, evidence=evidence, by=by)
    return evidence


def attach_piece(*, action: CorrectiveAction, evidence: Evidence, by: Membership) -> None:
    """A piece the firm already keeps as closing evidence; twice is once."""
    permissions.require(by, "update_action", action.firm)
    if evidence.firm_id != action.firm_id:
        raise InvalidInput({"evidence": _("This piece is not there any more. Choose another.")})
    with transaction.atomic():
        stored = _hold_unfinished(action, None)
        _link, is_new = ClosingEvidence.objects.get_or_create(action=stored, evidence=evidence)
        if is_new:
            stored.save(update_fields=["version"])
            after = {"title": evidence.title, "sha256": evidence.sha256}
            _record(by, "corrective_action.evidence_added", stored, after=after)
    action.version = stored.version


def detach_piece(*, action: CorrectiveAction, evidence: Evidence, by: Membership) -> None:
    """Take a piece away from the action; the firm keeps it."""
    permissions.require(by, "update_action", action.firm)
    with transaction.atomic():
        stored = _hold_unfinished(action, None)
        gone, _rows = stored.closing_evidence.filter(evidence=evidence).delete()
        if gone:
            stored.save(update_fields=["version"])
            before = {"title": evidence.title, "sha256": evidence.sha256}
            _record(by, "corrective_action.evidence_removed", stored, before=before)
    action.version = stored.version


def start(*, action: CorrectiveAction, by: Membership) -> None:
    """The firm works on it now; whoever starts an action without an owner becomes its owner."""
    permissions.require(by, "start_action", action.firm)
    with transaction.atomic():
        workflow.move(action, "start_action")
        if action.owner_id is None:
            CorrectiveAction.objects.filter(pk=action.pk, owner=None).update(owner=by.user)
            action.owner = by.user
        _record(by, "corrective_action.started", action)


def finish(*, action: CorrectiveAction, note: str = "", by: Membership) -> None:
    """The firm says it is done; the officer has the next word."""
    permissions.require(by, "finish_action", action.firm)
    note = _clean_comment(note, "note", needed=False)
    with transaction.atomic():
        workflow.move(action, "finish_action", done_at=clock.now(), closing_note=note)
        _record(by, "corrective_action.finished", action, after={"note": note})


def verify(*, action: CorrectiveAction, comment: str = "", by: Membership) -> None:
    """The officer has seen that the gap is closed."""
    permissions.require(by, "verify_action", action.firm)
    require_other_eyes(action.assessment, by)
    comment = _clean_comment(comment, "comment", needed=False)
    with transaction.atomic():
        workflow.move(
            action,
            "verify_action",
            verified_at=clock.now(),
            verified_by=by.user,
            officer_comment=comment,
        )
        _record(by, "corrective_action.verified", action, after={"comment": comment})


def reopen(
    *, action: CorrectiveAction, comment: str, due_on: date | None = None, by: Membership
) -> None:
    """It is not done, or not any more: the firm reads why, and by when."""
    permissions.require(by, "reopen_action", action.firm)
    require_other_eyes(action.assessment, by)
    comment = _clean_comment(comment, "comment", needed=True)
    with transaction.atomic():
        workflow.move(
            action,
            "reopen_action",
            officer_comment=comment,
            times_reopened=action.times_reopened + 1,
            done_at=None,
            verified_at=None,
            verified_by=None,
        )
        _record(by, "corrective_action.reopened", action, after={"comment": comment})
        if due_on is not None and action.finding_id is not None:
            extend(action=action, due_on=due_on, by=by)


def extend(*, action: CorrectiveAction, due_on: date, by: Membership) -> None:
    """Another deadline, which only the officer sets: it is the finding's."""
    permissions.require(by, "extend_action", action.firm)
    require_other_eyes(action.assessment, by)
    if action.finding_id is None:
        raise TransitionNotAllowed(
            _("The firm took on this action by itself and sets its own date; there is no finding.")
        )
    if not clock.today() <= due_on <= LATEST:
        raise InvalidInput({"due_on": _("Choose today or a later day.")})
    with transaction.atomic():
        stored = _hold_unfinished(action, None)
        finding = Finding.objects.get(pk=action.finding_id)
        before = finding.due_on
        finding.due_on = stored.due_on = due_on
        finding.save(update_fields=["due_on"])
        stored.save(update_fields=["due_on", "version"])
        _record(
            by,
            "corrective_action.extended",
            stored,
            before={"due_on": before.isoformat()},
            after={"due_on": due_on.isoformat()},
        )
    action.due_on, action.finding, action.version = due_on, finding, stored.version


def _clean_comment(text: str, field: str, *, needed: bool) -> str:
    text = clean_text(text).strip()
    if len(text) > LONGEST_TEXT:
        raise InvalidInput({field: _("Write at most 20,000 characters.")})
    if needed and not text:
        raise InvalidInput({field: _("Say what is still missing: the firm reads it here.")})
    return text


def _hold_unfinished(action: CorrectiveAction, base_version: int | None) -> CorrectiveAction:
    """The row as it is stored now, held, its version one higher; refuse what is done."""
    here = CorrectiveAction.objects.filter(pk=action.pk, status__in=CorrectiveAction.UNFINISHED)
    # A write comes first, so that SQLite and PostgreSQL both let one writer in at a time.
    if here.update(version=F("version")) != 1:
        raise TransitionNotAllowed(
            _("This action is done: its plan is kept as it is. The officer can reopen it.")
        )
    stored = CorrectiveAction.objects.select_related("finding", "firm", "assessment", "owner").get(
        pk=action.pk
    )
    if base_version is not None and base_version != stored.version:
        raise SomebodySavedFirst(theirs=stored)
    stored.version += 1
    return stored


def _said(action: CorrectiveAction) -> dict[str, Any]:
    """What the firm states of an action, as the trail keeps it."""
    return {
        "title": action.title,
        "plan": action.plan,
        "owner": str(action.owner) if action.owner else None,
        "due_on": action.due_on.isoformat(),
        "cost": None if action.cost is None else f"{action.cost} {action.currency}",
        "milestones": [
            {
                "title": step.title,
                "due_on": step.due_on.isoformat() if step.due_on else None,
                "done_on": step.done_on.isoformat() if step.done_on else None,
            }
            for step in Milestone.objects.filter(action=action)
        ],
    }


def _record(by: Membership, what: str, action: CorrectiveAction, **details: Any) -> None:
    audit.record(
        by, what, action, assessment=action.assessment, requirement=action.requirement, **details
    )
