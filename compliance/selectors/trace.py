"""Where a figure comes from: the rules, answers, weights and points behind one score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from checklists import Outcome
from checklists.engine.model import Score, Scores, Severity, Track
from compliance.selectors.judged import Judged, JudgedRow, Words

EVIDENCE, BOTH = "evidence", "both"
_TRACKS = {
    Track.DUTY.value: (Track.DUTY,),
    Track.UPCOMING.value: (Track.UPCOMING,),
    BOTH: (Track.DUTY, Track.UPCOMING),  # as the list of requirements adds up a section
}


@dataclass(frozen=True)
class Scope:
    """All of a track, or one measure, section or topic of it."""

    kind: str = ""  # "", "measure", "section", "topic"
    key: str = ""

    @classmethod
    def read(cls, text: str, judged: Judged) -> Scope:
        """`topic:insurance` as the address has it; what does not exist means all."""
        kind, _colon, key = text.partition(":")
        known: Mapping[str, set[str]] = {
            "measure": {str(number) for number in judged.measures},
            "section": set(judged.sections),
            "topic": set(judged.topics),
        }
        return cls(kind, key) if key in known.get(kind, ()) else cls()

    def holds(self, row: JudgedRow) -> bool:
        """Whether a row is counted in it."""
        places = {"measure": str(row.measure), "section": row.section, "topic": row.topic}
        return not self.kind or places[self.kind] == self.key

    def title(self, judged: Judged) -> Words | None:
        """Its name; None for all of the track."""
        match self.kind:
            case "measure":
                return judged.measures[int(self.key)]
            case "section":
                return judged.sections[self.key]
            case "topic":
                return judged.topics[self.key]
        return None

    def score(self, scores: Scores, tracks: Sequence[Track]) -> Score:
        """The sum that every page shows for it."""
        sums = [self._score(scores, track) for track in tracks]
        return Score(sum(each.points2 for each in sums), sum(each.weight for each in sums))

    def _score(self, scores: Scores, track: Track) -> Score:
        whole = scores.duty if track is Track.DUTY else scores.upcoming
        found: Score | None = whole
        match self.kind:
            case "measure":
                found = scores.by_measure.get((track, int(self.key)))
            case "section":
                found = scores.by_section.get((track, self.key))
            case "topic":
                found = scores.by_topic.get((track, self.key))
        return found or Score(0, 0)


@dataclass(frozen=True)
class TraceLine:
    """One requirement in the sum."""

    row: JudgedRow
    weight: int
    points: Decimal
    earned: Decimal  # points × weight
    confirmed_points: Decimal | None
    confirmed_earned: Decimal | None  # None: not confirmed, or it leaves the confirmed sum


@dataclass(frozen=True)
class Trace:
    """A figure, its formula filled in, and every line of its sum."""

    score: str
    scope: Scope
    title: Words | None
    claimed: Score
    confirmed: Score | None
    lines: tuple[TraceLine, ...]
    left_out: tuple[JudgedRow, ...]  # not applicable: out of the sum


def trace_of(judged: Judged, *, score: str, scope: Scope) -> Trace:
    """The lines of one score; unknown scores are read as the duty score."""
    if score == EVIDENCE and judged.coverage is not None:
        return _trace_of_evidence(judged, judged.coverage)
    score = score if score in _TRACKS else Track.DUTY.value
    tracks = _TRACKS[score]
    rows = [row for row in judged.rows.values() if row.track in tracks and scope.holds(row)]
    return Trace(
        score=score,
        scope=scope,
        title=scope.title(judged),
        claimed=scope.score(judged.claimed, tracks),
        confirmed=scope.score(judged.confirmed, tracks) if judged.confirmed else None,
        lines=tuple(
            sorted(
                (_line(judged, row) for row in rows if row.claimed is not Outcome.NOT_APPLICABLE),
                key=_dearest_first,
            )
        ),
        left_out=tuple(row for row in rows if row.claimed is Outcome.NOT_APPLICABLE),
    )


_ORDER: Mapping[Severity, int] = {Severity.BLOCKING: 0, Severity.MAJOR: 1, Severity.MINOR: 2}


def _dearest_first(line: TraceLine) -> tuple[Decimal, int, str]:
    """What costs most stands first: points not earned, then weight, then number."""
    return (line.earned - line.weight, _ORDER.get(line.row.severity, 3), line.row.number)


def _line(judged: Judged, row: JudgedRow) -> TraceLine:
    points = _points(judged, row.claimed)
    confirmed = None
    if row.counted is not None and row.counted is not Outcome.NOT_APPLICABLE:
        confirmed = _points(judged, row.counted)
    return TraceLine(
        row=row,
        weight=row.weight,
        points=points,
        earned=points * row.weight,
        confirmed_points=confirmed,
        confirmed_earned=None if confirmed is None else confirmed * row.weight,
    )


def _points(judged: Judged, outcome: Outcome) -> Decimal:
    return Decimal(judged.points2.get(outcome, 0)) / 2


def _trace_of_evidence(judged: Judged, coverage: Score) -> Trace:
    lines = (
        TraceLine(row, 1, covered := Decimal(row.is_covered), covered, None, None)
        for row in judged.rows.values()
        if row.is_covered is not None
    )
    return Trace(
        score=EVIDENCE,
        scope=Scope(),
        title=None,
        claimed=coverage,
        confirmed=None,
        lines=tuple(sorted(lines, key=_dearest_first)),
        left_out=(),
    )
