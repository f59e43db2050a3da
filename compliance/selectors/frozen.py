"""Scores of a frozen submission with the officer's determinations: pure, from JSON alone.

Page, report and API all read their figures of a submission here, and the sums themselves are the
engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from checklists.engine.model import Applicability, Band, Outcome, Score, Scores, Severity, Track
from checklists.engine.scoring import ScoreBoard, Thresholds, band_of, worst_first

Json = dict[str, Any]


@dataclass(frozen=True)
class FrozenRow:
    """One requirement of the frozen content, where it counts and what it earns."""

    requirement: str
    measure: int
    section: str
    track: Track
    topic: str
    severity: Severity
    weight: int
    claimed: Outcome
    confirmed: Outcome | None  # None: not determined yet
    content: Json

    @property
    def is_blocking_duty(self) -> bool:
        return self.track is Track.DUTY and self.severity is Severity.BLOCKING

    @property
    def effective(self) -> Outcome:
        """The officer's outcome where there is one, else the firm's."""
        return self.claimed if self.confirmed is None else self.confirmed

    @property
    def counted(self) -> Outcome:
        """What the confirmed score counts: not determined yet earns nothing.

        What the facts rule out leaves the sum; what the firm states as not applicable leaves it
        only once the officer agrees.
        """
        if self.confirmed is not None:
            return self.confirmed
        if self.content["applicability"] == Applicability.DOES_NOT_APPLY:
            return Outcome.NOT_APPLICABLE
        return Outcome.NOT_ANSWERED


@dataclass(frozen=True)
class FrozenScores:
    rows: tuple[FrozenRow, ...]
    claimed: Scores
    confirmed: Scores
    band: Band
    confirmed_band: Band
    blockers: tuple[FrozenRow, ...]  # by the determination where there is one


@dataclass(frozen=True)
class _Frame:
    measures: Mapping[int, Any]
    sections: Mapping[str, Any]
    topics: Mapping[str, Any]


def frozen_scores(content: Json, determinations: Mapping[str, str]) -> FrozenScores:
    """Claimed and confirmed figures of a submission; `determinations` is outcome by requirement."""
    rows = tuple(
        FrozenRow(
            requirement=row["requirement"],
            measure=row["measure"],
            section=row["section"],
            track=Track(row["track"]),
            topic=row["topic"],
            severity=Severity(row["severity"]),
            weight=row["weight"],
            claimed=Outcome(row["outcome"]),
            confirmed=(
                Outcome(determinations[row["requirement"]])
                if row["requirement"] in determinations
                else None
            ),
            content=row,
        )
        for row in content["requirements"]
    )
    points2 = {Outcome(k): int(Decimal(v) * 2) for k, v in content["scoring"]["points"].items()}
    board = ScoreBoard(
        _Frame(
            measures={measure["number"]: measure for measure in content["measures"]},
            sections={section["id"]: section for section in content["sections"]},
            topics=content["topics"],
        )
    )

    def added_up(outcomes: list[Outcome]) -> Scores:
        points, weights = board.empty()
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome is Outcome.NOT_APPLICABLE:
                continue
            for place in board.places(row):
                points[place] += points2.get(outcome, 0) * row.weight
                weights[place] += row.weight
        return board.scores(points, weights)

    claimed = added_up([row.claimed for row in rows])
    confirmed = added_up([row.counted for row in rows])
    thresholds = Thresholds(
        ready_at=Decimal(content["scoring"]["thresholds"]["ready"]),
        conditionally_ready_at=Decimal(content["scoring"]["thresholds"]["conditionally_ready"]),
    )
    blocking = [row for row in rows if row.is_blocking_duty]
    return FrozenScores(
        rows=rows,
        claimed=claimed,
        confirmed=confirmed,
        band=band_of((row.claimed for row in blocking), claimed.duty, thresholds),
        confirmed_band=band_of((row.counted for row in blocking), confirmed.duty, thresholds),
        blockers=worst_first((row, row.effective) for row in blocking),
    )


def percent_of(score: Score) -> str | None:
    """`"82.4"`; None where nothing applies."""
    return None if score.percent is None else str(score.percent)
