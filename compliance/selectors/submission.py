"""A submission with its review as it stands: what pages, API and report show of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, prefetch_related_objects

from checklists.engine.model import Score
from compliance.models import Assessment, CorrectiveAction, Determination, Finding, Submission
from compliance.selectors.frozen import FrozenScores, frozen_scores, percent_of

EARLIER_SHOWN = 4  # submissions before this one in the trend of a report


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
        "actions": _actions_as_json(submission),
        "earlier": earlier_figures(submission.assessment, before=submission),
    }


def _actions_as_json(submission: Submission) -> list[dict[str, Any]]:
    """What the firm does about the findings of this submission, and by itself, as it stands."""
    actions = (
        CorrectiveAction.objects.filter(
            Q(finding__submission=submission)
            | Q(finding__isnull=True, assessment_id=submission.assessment_id)
        )
        .select_related("finding", "owner")
        .prefetch_related("milestones")
        .order_by("due_on", "created_at")
    )
    return [
        {
            "label": action.label,
            "finding": action.finding.number if action.finding else None,
            "requirement": action.requirement,
            "severity": action.severity,
            "title": action.title,
            "suggested": action.suggested,
            "plan": action.plan,
            "owner": str(action.owner or ""),
            "due_on": action.deadline_on.isoformat(),
            "status": action.status,
            "closing_note": action.closing_note,
            "milestones": [
                {
                    "title": step.title,
                    "due_on": step.due_on.isoformat() if step.due_on else None,
                    "done_on": step.done_on.isoformat() if step.done_on else None,
                }
                for step in action.milestones.all()
            ],
        }
        for action in actions
    ]


def earlier_figures(
    assessment: Assessment, *, before: Submission | None = None
) -> list[dict[str, Any]]:
    """The scores of the submissions before this one, oldest first, for the trend in a report.

    Those of the same assessment; on its first submission those of the firm's other assessments
    by the same rules. What the firm took back itself was never looked at, and is left out.
    """
    past = (
        Submission.objects.filter(assessment__firm_id=assessment.firm_id)
        .exclude(decision=Submission.Decision.WITHDRAWN)
        .select_related("assessment")
        .order_by("-submitted_at")
    )
    if before is not None:
        past = past.filter(submitted_at__lt=before.submitted_at)
    found = list(past.filter(assessment=assessment)[:EARLIER_SHOWN]) or list(
        past.filter(assessment__catalogue_id=assessment.catalogue_id)[:EARLIER_SHOWN]
    )
    return [_figures(state) for state in reversed(submission_states(found))]


def _figures(state: SubmissionState) -> dict[str, Any]:
    submission, scores = state.submission, state.scores
    is_reviewed = bool(state.determinations)

    def pair(claimed: Score, confirmed: Score) -> list[str | None]:
        return [percent_of(claimed), percent_of(confirmed) if is_reviewed else None]

    return {
        "assessment": str(submission.assessment_id),
        "title": submission.assessment.title,
        "number": submission.number,
        "submitted_at": submission.submitted_at.isoformat(),
        "as_of": submission.content["assessment"]["as_of"],
        "band": scores.band,
        "confirmed_band": scores.confirmed_band if is_reviewed else None,
        "duty": pair(scores.claimed.duty, scores.confirmed.duty),
        "upcoming": pair(scores.claimed.upcoming, scores.confirmed.upcoming),
        "blockers": len(scores.blockers),
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
