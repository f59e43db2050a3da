"""The officer's side: determinations, findings, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions, workflow
from compliance.errors import InvalidInput, SomebodySavedFirst, TransitionNotAllowed
from compliance.models import (
    Assessment,
    CorrectiveAction,
    Determination,
    Finding,
    Membership,
    Submission,
)
from compliance.models.review import DETERMINABLE
from compliance.selectors.queue import is_plainly_in_order
from compliance.services.corrective_actions import open_actions
from compliance.services.other_eyes import require_other_eyes
from compliance.services.queue import refresh_entry
from compliance.services.texts import LONGEST_TEXT, clean_text

_DETERMINABLE = frozenset(str(outcome) for outcome in DETERMINABLE)


def record_determination(
    *,
    submission: Submission,
    requirement_id: str,
    outcome: str,
    comment: str = "",
    opens_again: bool = False,
    base_version: int | None = None,
    by: Membership,
) -> Determination:
    """The officer's outcome for one requirement; another one than claimed needs a comment."""
    permissions.require(by, "determine", submission.assessment)
    require_other_eyes(submission.assessment, by)
    row = row_of(submission, requirement_id)
    comment = clean_text(comment).strip()
    faults: dict[str, str] = {}
    is_known = outcome in _DETERMINABLE
    if not is_known:
        faults["outcome"] = _("Choose met, partly met, not met or not applicable.")
    if len(comment) > LONGEST_TEXT:
        faults["comment"] = _("Write at most 20,000 characters.")
    elif not comment and (opens_again or (is_known and outcome != row["outcome"])):
        faults["comment"] = _(
            "Say why: the firm reads it beside its answer. Only a plain confirmation needs none."
        )
    if faults:
        raise InvalidInput(faults)
    with transaction.atomic():
        take_up(submission)
        stored = Determination.objects.filter(
            submission=submission, requirement=requirement_id
        ).first()
        version = stored.version if stored else 0
        if base_version is not None and base_version != version:
            raise SomebodySavedFirst(
                theirs=stored or Determination(submission=submission, requirement=requirement_id)
            )
        before = {"outcome": stored.outcome, "comment": stored.comment} if stored else None
        determination = stored or Determination(
            submission=submission, requirement=requirement_id, version=0
        )
        determination.outcome, determination.comment = outcome, comment
        determination.opens_again, determination.is_carried_over = opens_again, False
        determination.version += 1
        determination.by, determination.at = by.user, clock.now()
        determination.save(force_insert=stored is None, force_update=stored is not None)
        audit.record(
            by,
            "determination.recorded",
            determination,
            assessment=submission.assessment,
            requirement=requirement_id,
            before=before,
            after={"outcome": outcome, "comment": comment, "opens_again": opens_again},
        )
        refresh_entry(submission)
    return determination


def confirm_remaining(*, submission: Submission, by: Membership, measure: int | None = None) -> int:
    """Confirm what is plainly in order and not determined yet; gives how many."""
    permissions.require(by, "determine", submission.assessment)
    require_other_eyes(submission.assessment, by)
    with transaction.atomic():
        take_up(submission)
        done = set(submission.determinations.values_list("requirement", flat=True))
        now = clock.now()
        new = [
            Determination(
                submission=submission,
                requirement=row["requirement"],
                outcome=row["outcome"],
                by=by.user,
                at=now,
            )
            for row in submission.content["requirements"]
            if is_plainly_in_order(row)
            and row["requirement"] not in done
            and (measure is None or row["measure"] == measure)
        ]
        stored = Determination.objects.bulk_create(new)
        audit.record_all(
            audit.event(
                by,
                "determination.recorded",
                determination,
                assessment=submission.assessment,
                requirement=determination.requirement,
                after={"outcome": determination.outcome, "comment": "", "opens_again": False},
            )
            for determination in stored
        )
        refresh_entry(submission)
    return len(stored)


def raise_finding(
    *,
    submission: Submission,
    requirement_id: str,
    severity: str,
    missing: str,
    due_on: date,
    by: Membership,
) -> Finding:
    """A gap on record, with the day by which it is to be closed."""
    permissions.require(by, "raise_finding", submission.assessment)
    require_other_eyes(submission.assessment, by)
    row_of(submission, requirement_id)
    missing = clean_text(missing).strip()
    faults: dict[str, str] = {}
    if severity not in Finding.Severity.values:
        faults["severity"] = _("Choose major or minor.")
    if not 3 <= len(missing) <= LONGEST_TEXT:
        faults["missing"] = _("Say what is missing, in 3 to 20,000 characters.")
    if due_on < clock.today():
        faults["due_on"] = _("Choose today or a later day.")
    if faults:
        raise InvalidInput(faults)
    with transaction.atomic():
        take_up(submission)
        earlier = Finding.objects.filter(submission__assessment=submission.assessment)
        last = earlier.aggregate(last=Max("number"))["last"]
        finding = Finding.objects.create(
            submission=submission,
            number=(last or 0) + 1,
            requirement=requirement_id,
            severity=severity,
            missing=missing,
            due_on=due_on,
            raised_by=by.user,
            raised_at=clock.now(),
        )
        audit.record(
            by,
            "finding.raised",
            finding,
            assessment=submission.assessment,
            requirement=requirement_id,
            after={"severity": severity, "missing": missing, "due_on": due_on.isoformat()},
        )
    return finding


def return_to_firm(
    *, submission: Submission, comment: str, reopen_facts: bool = False, by: Membership
) -> None:
    """Hand it back: only what the officer marked is open again."""
    permissions.require(by, "return", submission.assessment)
    require_other_eyes(submission.assessment, by)
    comment = clean_text(comment).strip()
    with transaction.atomic():
        # Hold the row (SQLite lets one writer in anyway), so that nobody marks an answer meanwhile.
        Assessment.objects.select_for_update().get(pk=submission.assessment_id)
        opened = list(
            submission.determinations.filter(opens_again=True)
            .order_by("requirement")
            .values_list("requirement", flat=True)
        )
        faults: dict[str, str] = {}
        if not comment or len(comment) > LONGEST_TEXT:
            faults["comment"] = _("Say what the firm has to do, in at most 20,000 characters.")
        if not opened and not reopen_facts:
            faults["opens_again"] = _(
                "Mark at least one answer “open again”, or open the facts; "
                "else nothing could change."
            )
        if faults:
            raise InvalidInput(faults)
        if reopen_facts:
            # What did not apply may apply once the facts change, and must then be open too.
            opened += [
                row["requirement"]
                for row in submission.content["requirements"]
                if row["applicability"] != "applies" and row["requirement"] not in opened
            ]
        workflow.move(submission.assessment, "return", reopened=opened, facts_reopened=reopen_facts)
        decide(submission, Submission.Decision.RETURNED, comment, by)
        open_actions(submission, by)
        audit.record(
            by,
            "assessment.returned",
            submission,
            assessment=submission.assessment,
            after={"comment": comment, "reopened": opened, "facts": reopen_facts},
        )


def accept_assessment(*, submission: Submission, statement: str, by: Membership) -> None:
    """Accept, with a signed statement; what was not determined keeps counting nothing.

    With findings still open it is accepted with conditions: each has its corrective action.
    """
    permissions.require(by, "accept", submission.assessment)
    require_other_eyes(submission.assessment, by)
    statement = clean_text(statement).strip()
    if len(statement) > LONGEST_TEXT:
        raise InvalidInput({"statement": _("Write at most 20,000 characters.")})
    with transaction.atomic():
        workflow.move(submission.assessment, "accept")
        open_actions(submission, by)
        submission.with_conditions = (
            CorrectiveAction.objects.filter(assessment=submission.assessment)
            .not_verified()
            .exists()
        )
        decide(submission, Submission.Decision.ACCEPTED, statement, by)
        audit.record(
            by,
            "assessment.accepted",
            submission,
            assessment=submission.assessment,
            after={
                "statement": statement,
                "number": submission.number,
                "with_conditions": submission.with_conditions,
            },
        )


def row_of(submission: Submission, requirement_id: str) -> Mapping[str, Any]:
    """The frozen row of a requirement; it must be one that applied or was undetermined."""
    for row in submission.content["requirements"]:
        if row["requirement"] == requirement_id:
            if row["applicability"] == "does_not_apply":
                raise InvalidInput(
                    {
                        "requirement": _(
                            "This requirement does not apply to the firm; nothing to do."
                        )
                    }
                )
            found: Mapping[str, Any] = row
            return found
    raise InvalidInput({"requirement": _("This submission holds no such requirement.")})


def take_up(submission: Submission) -> None:
    """Move to “in review” and hold the row; refuse a submission that is decided."""
    workflow.move(submission.assessment, "review")
    # Asked of the database: the assessment may be in review again with a later submission.
    if not Submission.objects.filter(pk=submission.pk, decision="").exists():
        raise TransitionNotAllowed(
            _("Submission no. %(number)d is decided; it is not changed any more.")
            % {"number": submission.number}
        )


def decide(submission: Submission, decision: str, statement: str, by: Membership) -> None:
    """Write the end of a submission once, inside the caller's transaction."""
    now = clock.now()
    undecided = Submission.objects.filter(pk=submission.pk, decision="")
    fields = {
        "decision": decision,
        "decision_statement": statement,
        "decided_by": by.user,
        "decided_at": now,
        "with_conditions": submission.with_conditions,
    }
    if undecided.update(**fields) != 1:
        raise TransitionNotAllowed(_("This submission is already decided. Load the page again."))
    for name, value in fields.items():
        setattr(submission, name, value)
    refresh_entry(submission)


def withdraw_submission(*, submission: Submission, reason: str = "", by: Membership) -> None:
    """The firm takes its submission back before an officer began; it stays readable."""
    assessment = submission.assessment
    action = withdrawal_of(submission)
    permissions.require(by, action, assessment)
    reason = clean_text(reason).strip()
    if len(reason) > LONGEST_TEXT:
        raise InvalidInput({"reason": _("Write at most 20,000 characters.")})
    with transaction.atomic():
        workflow.move(assessment, action)
        decide(submission, Submission.Decision.WITHDRAWN, reason, by)
        audit.record(
            by,
            "assessment.withdrawn",
            submission,
            assessment=assessment,
            after={"reason": reason, "number": submission.number},
        )


def withdrawal_of(submission: Submission) -> str:
    """Which row of the workflow's table takes this submission back."""
    return "withdraw" if submission.round == 1 else "withdraw_round"


def is_under_review(submission: Submission) -> bool:
    """Whether the officer may still write on it."""
    status = submission.assessment.status
    waiting = {Assessment.Status.SUBMITTED, Assessment.Status.IN_REVIEW}
    return not submission.decision and status in waiting
