"""A submission with its review as it stands: what pages, API and report show of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects

from compliance.models import Determination, Finding, Submission
from compliance.selectors.frozen import FrozenScores, frozen_scores


@dataclass(frozen=True)
class SubmissionState:
    submission: Submission
    determinations: Mapping[str, Determination]  # by requirement id
    findings: Sequence[Finding]
    scores: FrozenScores


def submission_state(submission: Submission) -> SubmissionState:
    """The frozen content with the officer's outcomes over it (two queries)."""
    return _state(submission, submission.determinations.select_related("by"))


def submission_states(submissions: Sequence[Submission]) -> list[SubmissionState]:
    """The same for several at once, with who wrote what (four queries, however many)."""
    prefetch_related_objects(submissions, "determinations__by", "findings__raised_by")
    return [_state(submission, submission.determinations.all()) for submission in submissions]


def _state(submission: Submission, written: Iterable[Determination]) -> SubmissionState:
    determinations = {determination.requirement: determination for determination in written}
    outcomes = {name: determination.outcome for name, determination in determinations.items()}
    return SubmissionState(
        submission,
        determinations,
        list(submission.findings.all()),
        frozen_scores(submission.content, outcomes),
    )


def earlier_round(submission: Submission) -> Submission | None:
    """The round before: the last submission that an officer returned."""
    if submission.round == 1:
        return None
    return (
        Submission.objects.filter(
            assessment_id=submission.assessment_id,
            number__lt=submission.number,
            decision=Submission.Decision.RETURNED,
        )
        .order_by("-number")
        .first()
    )


def review_of(submission: Submission) -> dict[str, Any]:
    """The review as JSON, for a report: the same until somebody writes in the review again."""
    decision = None
    if submission.decision:
        decision = {
            "decision": submission.decision,
            "statement": submission.decision_statement,
            "by": str(submission.decided_by or ""),
            "at": submission.decided_at.isoformat() if submission.decided_at else None,
            "with_conditions": submission.with_conditions,
        }
    determinations = submission.determinations.select_related("by").order_by("requirement")
    state = submission.decision or ("in_review" if determinations else "submitted")
    return {
        "state": state,
        "round": submission.round,
        "determinations": {
            determination.requirement: {
                "outcome": determination.outcome,
                "comment": determination.comment,
                "by": str(determination.by or ""),
                "at": determination.at.isoformat(),
            }
            for determination in determinations
        },
        "findings": [
            {
                "number": finding.number,
                "requirement": finding.requirement,
                "severity": finding.severity,
                "missing": finding.missing,
                "due_on": finding.due_on.isoformat(),
            }
            for finding in submission.findings.all()
        ],
        "decision": decision,
    }


def substance(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What an officer looked at in a frozen row; equal means nothing to look at again."""
    return (
        row["applicability"],
        row["outcome"],
        row["answer"],
        row["not_applicable_reason"],
        row["note"],
        row["flag"],
        sorted(row["evidence"]),
    )
