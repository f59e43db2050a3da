"""An assessment as it stands, or a submission as it was frozen, in one and the same form.

The trace of a figure and the comparison of two rounds read both kinds through it; the sums are
those of the engine and of `frozen_scores`, as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from checklists import Outcome, Text
from checklists.engine.model import Applicability, Reason, Score, Scores, Severity, Track
from compliance.models import Assessment, Submission
from compliance.selectors.evaluation import AssessmentState
from compliance.selectors.package import answer_shown
from compliance.selectors.submission import submission_state

Words = Text | Reason | Mapping[str, str]


@dataclass(frozen=True)
class JudgedRow:
    """One requirement: what was said, what it is worth, and why."""

    requirement: str
    number: str  # M07-01
    title: Words
    measure: int
    section: str
    track: Track
    topic: str
    severity: Severity
    weight: int
    applies: bool  # or may apply
    claimed: Outcome
    confirmed: Outcome | None  # None: no officer has determined it
    counted: Outcome | None  # in the confirmed sum; None where there is none
    reason: Words
    answer: Words | None
    is_covered: bool | None = None  # by evidence; None: nothing to cover, or not kept

    @property
    def effective(self) -> Outcome:
        """The officer's outcome where there is one, else the firm's."""
        return self.confirmed or self.claimed


@dataclass(frozen=True)
class Judged:
    """All rows with their sums."""

    assessment: Assessment
    submission: Submission | None
    as_of: date
    band: str
    claimed: Scores
    confirmed: Scores | None
    coverage: Score | None  # None: only the figure was kept
    rows: Mapping[str, JudgedRow]
    points2: Mapping[Outcome, int]
    measures: Mapping[int, Words]
    sections: Mapping[str, Words]
    topics: Mapping[str, Words]


def judged_assessment(state: AssessmentState) -> Judged:
    """The assessment as it stands now; nothing of it is confirmed."""
    catalogue, evaluation = state.catalogue, state.evaluation
    rows = {}
    for name, row in evaluation.rows.items():
        requirement = catalogue.requirements[name]
        typed = state.typed_answers.get(name)
        rows[name] = JudgedRow(
            requirement=name,
            number=requirement.source_row,
            title=requirement.title,
            measure=requirement.measure,
            section=requirement.section,
            track=requirement.track,
            topic=requirement.topic,
            severity=requirement.severity,
            weight=row.weight,
            applies=row.applicability is not Applicability.DOES_NOT_APPLY,
            claimed=row.outcome,
            confirmed=None,
            counted=None,
            reason=row.reason,
            answer=answer_shown(requirement, typed.value) if typed else None,
            is_covered=None if requirement.track is Track.OPPORTUNITY else row.evidence_covered,
        )
    return Judged(
        assessment=state.assessment,
        submission=None,
        as_of=state.assessment.as_of,
        band=evaluation.band,
        claimed=evaluation.claimed,
        confirmed=None,
        coverage=evaluation.evidence_coverage,
        rows=rows,
        points2=catalogue.scoring.points2,
        measures={number: measure.title for number, measure in catalogue.measures.items()},
        sections={name: section.title for name, section in catalogue.sections.items()},
        topics=catalogue.topics,
    )


def judged_submission(submission: Submission) -> Judged:
    """The submission as it was frozen, with what the officer determined since (two queries)."""
    content: dict[str, Any] = submission.content
    scores = submission_state(submission).scores
    rows = {
        row.requirement: JudgedRow(
            requirement=row.requirement,
            number=row.content["source_row"],
            title=row.content["title"],
            measure=row.measure,
            section=row.section,
            track=row.track,
            topic=row.topic,
            severity=row.severity,
            weight=row.weight,
            applies=row.content["applicability"] != Applicability.DOES_NOT_APPLY,
            claimed=row.claimed,
            confirmed=row.confirmed,
            counted=row.counted,
            reason=row.content["reason"],
            answer=row.content["answer_shown"],
        )
        for row in scores.rows
    }
    return Judged(
        assessment=submission.assessment,
        submission=submission,
        as_of=date.fromisoformat(content["assessment"]["as_of"]),
        band=scores.band,
        claimed=scores.claimed,
        confirmed=scores.confirmed,
        coverage=None,
        rows=rows,
        points2={Outcome(k): int(Decimal(v) * 2) for k, v in content["scoring"]["points"].items()},
        measures={measure["number"]: measure["title"] for measure in content["measures"]},
        sections={section["id"]: section["title"] for section in content["sections"]},
        topics=content["topics"],
    )
