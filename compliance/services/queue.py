"""The officer's queue: kept in step with every submission, and who takes which."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import audit, permissions
from compliance.errors import InvalidInput, TransitionNotAllowed
from compliance.models import Membership, QueueEntry, Role, Submission, User
from compliance.selectors.queue import figures_of


def put_into_queue(submission: Submission) -> QueueEntry:
    """The entry of a submission just made, inside the caller's transaction."""
    return QueueEntry.objects.create(
        submission=submission,
        assessment_id=submission.assessment_id,
        firm_id=submission.assessment.firm_id,
        number=submission.number,
        round=submission.round,
        submitted_at=submission.submitted_at,
        is_waiting=True,
        band=submission.band,
        assigned_to=_last_officer(submission),
        **_figures(submission),
    )


def refresh_entry(submission: Submission) -> None:
    """Count again after a determination or a decision, inside the caller's transaction."""
    QueueEntry.objects.filter(submission=submission).update(
        is_waiting=not submission.decision,
        decision=submission.decision,
        decided_at=submission.decided_at,
        with_conditions=submission.with_conditions,
        **_figures(submission),
    )


def assign_review(*, submission: Submission, to: User | None, by: Membership) -> None:
    """Hand a waiting submission to an officer of the firm, or put it back for anybody."""
    permissions.require(by, "assign_review", submission.assessment)
    firm = submission.assessment.firm
    if to is not None and not firm.memberships.filter(user=to, role=Role.OFFICER).exists():
        raise InvalidInput({"to": _("Choose a compliance officer of this firm.")})
    with transaction.atomic():
        waiting = QueueEntry.objects.filter(submission=submission, is_waiting=True)
        if waiting.update(assigned_to=to) != 1:
            raise TransitionNotAllowed(
                _("Submission no. %(number)d is decided; it is not changed any more.")
                % {"number": submission.number}
            )
        audit.record(
            by,
            "review.assigned",
            submission,
            assessment=submission.assessment,
            after={"to": str(to.pk), "name": str(to)} if to else {"to": None},
        )


def _figures(submission: Submission) -> dict[str, object]:
    outcomes = submission.determinations.values_list("requirement", "outcome")
    return figures_of(submission.content, dict(outcomes))


def _last_officer(submission: Submission) -> User | None:
    """Who had the earlier round keeps the next, while still an officer of the firm."""
    last = (
        QueueEntry.objects.filter(assessment_id=submission.assessment_id)
        .exclude(assigned_to=None)
        .select_related("assigned_to")
        .order_by("-number")
        .first()
    )
    if last is None or last.assigned_to is None:
        return None
    is_officer = last.assigned_to.memberships.filter(firm_id=last.firm_id, role=Role.OFFICER)
    return last.assigned_to if is_officer.exists() else None
