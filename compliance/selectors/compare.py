"""Two rounds of a firm side by side: what got better, worse, is new or gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from checklists import Outcome
from checklists.engine.model import Score, Track
from compliance.selectors.judged import Judged, JudgedRow, Words


class Change(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    NEW = "new"  # asked now, not before
    GONE = "gone"  # asked before, not now
    CHANGED = "changed"  # another answer, worth the same


# From nothing known to met; a breach that is stated is worse than a question left open.
_RANK = {
    Outcome.NOT_MET: 0,
    Outcome.NOT_ANSWERED: 1,
    Outcome.UNDETERMINED: 1,
    Outcome.PARTLY_MET: 2,
    Outcome.MET: 3,
}


@dataclass(frozen=True)
class ChangedRow:
    """One requirement as it was and as it is; one of the two where it was not asked."""

    change: Change
    number: str
    title: Words
    before: JudgedRow | None
    after: JudgedRow | None


@dataclass(frozen=True)
class Pair:
    """One score before and after."""

    name: str  # the track
    before: Score | None
    after: Score | None

    @property
    def difference(self) -> Decimal | None:
        """In points of a percent; None where one of them has no score."""
        before = self.before.percent if self.before else None
        after = self.after.percent if self.after else None
        return None if before is None or after is None else after - before


@dataclass(frozen=True)
class TopicPair:
    title: Words
    pair: Pair


@dataclass(frozen=True)
class Comparison:
    """Everything the page of a comparison shows."""

    before: Judged
    after: Judged
    claimed: tuple[Pair, ...]
    confirmed: tuple[Pair, ...]
    topics: tuple[TopicPair, ...]
    changes: Mapping[Change, tuple[ChangedRow, ...]]
    unchanged: int


def comparison_of(before: Judged, after: Judged) -> Comparison:
    """The later against the earlier, requirement by requirement."""
    changes: dict[Change, list[ChangedRow]] = {change: [] for change in Change}
    unchanged = 0
    names = [*after.rows, *(name for name in before.rows if name not in after.rows)]
    for name in names:
        then, now = _asked(before, name), _asked(after, name)
        if then is None and now is None:
            continue
        change = _change(then, now)
        if change is None:
            unchanged += 1
            continue
        told = now or then
        assert told is not None  # one of the two is there
        changes[change].append(ChangedRow(change, told.number, told.title, then, now))
    return Comparison(
        before=before,
        after=after,
        claimed=(
            Pair("duty", before.claimed.duty, after.claimed.duty),
            Pair("upcoming", before.claimed.upcoming, after.claimed.upcoming),
        ),
        confirmed=_confirmed(before, after),
        topics=_topics(before, after),
        changes={change: tuple(rows) for change, rows in changes.items()},
        unchanged=unchanged,
    )


def _asked(judged: Judged, name: str) -> JudgedRow | None:
    """The row, where the requirement counts: it applies, and was not stated as not applicable."""
    row = judged.rows.get(name)
    is_out = row is None or not row.applies or row.effective is Outcome.NOT_APPLICABLE
    return None if is_out else row


def _change(then: JudgedRow | None, now: JudgedRow | None) -> Change | None:
    if then is None:
        return Change.NEW
    if now is None:
        return Change.GONE
    was, is_now = _RANK[then.effective], _RANK[now.effective]
    if was != is_now:
        return Change.BETTER if is_now > was else Change.WORSE
    return None if _words(then.answer) == _words(now.answer) else Change.CHANGED


def _words(answer: Words | None) -> str:
    if answer is None:
        return ""
    if isinstance(answer, Mapping):
        return answer["en"]
    return answer.get("en")


def _confirmed(before: Judged, after: Judged) -> tuple[Pair, ...]:
    if before.confirmed is None and after.confirmed is None:
        return ()
    then, now = before.confirmed, after.confirmed
    return (
        Pair("duty", then.duty if then else None, now.duty if now else None),
        Pair("upcoming", then.upcoming if then else None, now.upcoming if now else None),
    )


def _topics(before: Judged, after: Judged) -> tuple[TopicPair, ...]:
    """The duty score of each topic that moved, the largest move first."""
    pairs = []
    for topic, title in {**before.topics, **after.topics}.items():
        key = (Track.DUTY, topic)
        pair = Pair("duty", before.claimed.by_topic.get(key), after.claimed.by_topic.get(key))
        if pair.difference:
            pairs.append((abs(pair.difference), topic, TopicPair(title, pair)))
    pairs.sort(key=lambda each: (-each[0], each[1]))
    return tuple(pair for _size, _topic, pair in pairs)
