"""Outcomes → points, scores, band and blockers. Whole numbers until somebody reads a percentage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from checklists.engine.model import (
    Band,
    Outcome,
    Requirement,
    Score,
    Scores,
    Scoring,
    Severity,
    Track,
)

SCORED_TRACKS = (Track.DUTY, Track.UPCOMING)
OPEN_OUTCOMES = (Outcome.NOT_ANSWERED, Outcome.UNDETERMINED)
SETTLED_OUTCOMES = (Outcome.MET, Outcome.NOT_APPLICABLE)

# What a reader has to see first: the breach, then what is not known, then what is half done.
_BLOCKER_ORDER = {
    Outcome.NOT_MET: 0,
    Outcome.UNDETERMINED: 1,
    Outcome.NOT_ANSWERED: 2,
    Outcome.PARTLY_MET: 3,
}


def weight_of(scoring: Scoring, requirement: Requirement) -> int:
    """Opportunities have no weight, whatever their severity."""
    if requirement.track is Track.OPPORTUNITY:
        return 0
    return scoring.weights[requirement.severity]


class Frame(Protocol):
    """What points are added up by: a catalogue, or the frozen copy of one."""

    @property
    def measures(self) -> Mapping[int, Any]: ...
    @property
    def sections(self) -> Mapping[str, Any]: ...
    @property
    def topics(self) -> Mapping[str, Any]: ...


class Placed(Protocol):
    """A requirement, or the frozen row of one."""

    @property
    def track(self) -> Track: ...
    @property
    def measure(self) -> int: ...
    @property
    def section(self) -> str: ...
    @property
    def topic(self) -> str: ...


class Gates(Protocol):
    """The two percentages a band asks for."""

    @property
    def ready_at(self) -> Decimal: ...
    @property
    def conditionally_ready_at(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Gates on their own, for a submission that carries its own scoring."""

    ready_at: Decimal
    conditionally_ready_at: Decimal


Row = TypeVar("Row")


class ScoreBoard:
    """Where the points of one catalogue's requirements are added up."""

    def __init__(self, catalogue: Frame) -> None:
        self._tracks: list[Track] = list(SCORED_TRACKS)
        self._measures = [(t, number) for t in SCORED_TRACKS for number in catalogue.measures]
        self._sections = [(t, name) for t in SCORED_TRACKS for name in catalogue.sections]
        self._topics = [(t, name) for t in SCORED_TRACKS for name in catalogue.topics]
        keys: list[tuple[str, Track, int | str]] = [("track", t, "") for t in self._tracks]
        keys += [("measure", *key) for key in self._measures]
        keys += [("section", *key) for key in self._sections]
        keys += [("topic", *key) for key in self._topics]
        self._place = {key: position for position, key in enumerate(keys)}

    def places(self, requirement: Placed) -> tuple[int, ...]:
        """The sums a requirement belongs to; none for an opportunity."""
        track = requirement.track
        if track not in SCORED_TRACKS:
            return ()
        return tuple(
            self._place[key]
            for key in (
                ("track", track, ""),
                ("measure", track, requirement.measure),
                ("section", track, requirement.section),
                ("topic", track, requirement.topic),
            )
        )

    def empty(self) -> tuple[list[int], list[int]]:
        """Sums of points (doubled) and of weights, all zero."""
        return [0] * len(self._place), [0] * len(self._place)

    def scores(self, points2: list[int], weights: list[int]) -> Scores:
        """The sums under their names."""
        sums = iter(map(Score, points2, weights))
        duty, upcoming = next(sums), next(sums)
        return Scores(
            duty=duty,
            upcoming=upcoming,
            by_measure={key: next(sums) for key in self._measures},
            by_section={key: next(sums) for key in self._sections},
            by_topic={key: next(sums) for key in self._topics},
        )


def band_of(blocking: Iterable[Outcome], duty: Score, scoring: Gates) -> Band:
    """The band, from duties only: the first rule that holds."""
    outcomes = set(blocking)
    if Outcome.NOT_MET in outcomes:
        return Band.NOT_READY
    if not outcomes.isdisjoint(OPEN_OUTCOMES):
        return Band.INCOMPLETE
    all_settled = outcomes.issubset(SETTLED_OUTCOMES)
    if all_settled and _reaches(duty, scoring.ready_at):
        return Band.READY
    if _reaches(duty, scoring.conditionally_ready_at):
        return Band.CONDITIONALLY_READY
    return Band.NOT_READY


def _reaches(score: Score, percent: Decimal) -> bool:
    """Exact, not by the rounded percentage; where no duty applies nothing falls short."""
    return score.points2 * 100 >= percent * 2 * score.weight


def worst_first(rows: Iterable[tuple[Row, Outcome]]) -> tuple[Row, ...]:
    """Rows that stand in the way, the worst first, in the catalogue's order inside."""
    standing = [row for row in rows if row[1] not in SETTLED_OUTCOMES]
    standing.sort(key=lambda row: _BLOCKER_ORDER[row[1]])
    return tuple(row for row, _ in standing)


def is_blocking_duty(requirement: Requirement) -> bool:
    return requirement.track is Track.DUTY and requirement.severity is Severity.BLOCKING
