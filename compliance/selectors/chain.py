"""Whether a firm's audit trail is still what was written: every event, in its order, to the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from compliance import chain, guards
from compliance.models import AuditEvent, AuditHead, Firm

Kind = Literal["changed", "removed", "inserted", "reordered", "cut", "head", "unguarded"]
# The firm is known, and the other two ids are hashed as text: making objects of them all would
# take a third of the time.
_AS_TEXT = {name: Cast(name, models.CharField()) for name in ("actor_id", "assessment_id")}
COLUMNS = (
    "id",
    "hash",
    *(f"{name}_text" if name in _AS_TEXT else name for name in chain.SEALED if name != "firm_id"),
)
CHUNK = 2_000


@dataclass(frozen=True)
class Fault:
    """One place where the trail is not what was written; `row` is the id in the table."""

    kind: Kind
    sentence: str
    sequence: int | None = None
    row: int | None = None


@dataclass(frozen=True)
class ChainCheck:
    """What a check of one firm's chain found, and the end of the chain it was held against."""

    firm_id: UUID
    firm_name: str
    first: int  # the first event that was checked
    events: int
    sequence: int
    hash: str
    faults: tuple[Fault, ...]

    @property
    def is_unbroken(self) -> bool:
        return not self.faults

    @property
    def is_whole(self) -> bool:
        """Whether the check began with the first event."""
        return self.first <= 1


def check_chain(firm: Firm, *, newest: int | None = None) -> ChainCheck:
    """The firm's chain, checked from its beginning, or only the newest events."""
    # The head first: what is written while the events are read lies behind it.
    head = AuditHead.objects.filter(firm=firm).first() or AuditHead(firm=firm)
    first = 1 if newest is None else max(1, head.sequence - newest + 1)
    count, is_intact = _read_through(firm, head, first)
    faults: list[Fault] = [] if is_intact else _diagnose(firm, head, first)
    return ChainCheck(firm.pk, firm.name, first, count, head.sequence, head.hash, tuple(faults))


def missing_guards() -> list[Fault]:
    """The triggers that should refuse a change and are not in place."""
    sentence = _("The database no longer refuses changes: its trigger %(name)s is missing.")
    return [Fault("unguarded", sentence % {"name": name}) for name in guards.missing()]


def check_anchor(firm: Firm, *, hash: str, sequence: int | None = None) -> list[Fault]:
    """Whether the trail still holds what a report, or a note, says stood at its end once."""
    event = AuditEvent.objects.filter(firm=firm, hash=hash).first()
    if event is not None and sequence in {None, event.sequence}:
        return []
    here = AuditHead.objects.filter(firm=firm).values_list("sequence", flat=True).first() or 0
    if sequence is not None and sequence > here:
        sentence = _(
            "The tail is cut: event %(sequence)d with the hash %(hash)s was there once, "
            "and the trail now ends with event %(last)d."
        )
        return [Fault("cut", sentence % {"sequence": sequence, "hash": hash, "last": here})]
    sentence = _(
        "No event with the hash %(hash)s is in the trail any more: it was cut or written anew, "
        "and now ends with event %(last)d."
    )
    return [Fault("cut", sentence % {"hash": hash, "last": here}, sequence)]


def _rows(firm: Firm, *, first: int, last: int | None = None) -> Iterator[tuple[Any, ...]]:
    events = AuditEvent.objects.filter(firm=firm, sequence__gte=first)
    if last is not None:
        events = events.filter(sequence__lte=last)
    texts = {f"{name}_text": as_text for name, as_text in _AS_TEXT.items()}
    rows = events.order_by("sequence", "id").annotate(**texts).values_list(*COLUMNS)
    firm_id = str(firm.pk)
    for row_id, own, sequence, previous, at, actor, name, action, where, *rest in rows.iterator(
        CHUNK
    ):
        ids = _hyphened(actor), _hyphened(where)
        yield row_id, own, firm_id, sequence, previous, at, ids[0], name, action, ids[1], *rest


def _hyphened(text: str | None) -> str | None:
    """An id as it is written; SQLite keeps the 32 digits alone."""
    if text is None or len(text) != 32:
        return text
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _read_through(firm: Firm, head: AuditHead, first: int) -> tuple[int, bool]:
    """How many events were read, and whether each is the next one as it was written."""
    expected, link, last_id = first, chain.START, 0
    if first > 1:
        before = AuditEvent.objects.filter(firm=firm, sequence=first - 1).first()
        link = before.hash if before else chain.START
    count, is_intact = 0, True
    # Up to the head as it was read; whatever lies behind it is looked at only if nothing writes.
    for row_id, own, *values in _rows(firm, first=first, last=head.sequence):
        count += 1
        is_intact = (
            is_intact
            and values[1] == expected
            and values[2] == link
            and row_id > last_id
            and chain.seal(values) == own
        )
        expected, link, last_id = expected + 1, own, row_id
    is_whole = expected - 1 == head.sequence and link == head.hash
    return count, is_intact and is_whole and not _behind(firm, head)


def _behind(firm: Firm, head: AuditHead) -> list[tuple[int, int]]:
    """Events that stand behind the head of this moment: (id, sequence)."""
    behind = AuditEvent.objects.filter(firm=firm, sequence__gt=head.sequence)
    if not behind.exists():
        return []
    now = AuditHead.objects.filter(firm=firm).values_list("sequence", flat=True).first() or 0
    rows = behind.filter(sequence__gt=now).order_by("sequence", "id")
    return list(rows.values_list("id", "sequence"))


@dataclass
class _Row:
    id: int
    hash: str
    values: list[Any]
    is_used: bool = False

    @property
    def sequence(self) -> int:
        sequence: int = self.values[1]
        return sequence

    @property
    def previous(self) -> str:
        previous: str = self.values[2]
        return previous

    def fits(self, sequence: int) -> bool:
        """Whether the row is just as it was written as number `sequence`."""
        return chain.seal([self.values[0], sequence, *self.values[2:]]) == self.hash

    def named(self) -> str:
        return _("event %(sequence)d (row %(row)d, %(action)s, %(at)s)") % {
            "sequence": self.sequence,
            "row": self.id,
            "action": self.values[6],
            "at": chain.moment(self.values[3]),
        }


def _diagnose(firm: Firm, head: AuditHead, first: int) -> list[Fault]:
    """What was done to the chain, in the order of its events."""
    rows = [_Row(row[0], row[1], list(row[2:])) for row in _rows(firm, first=1)]
    walk = _Walk(rows, head)
    walk.run()
    found = [*walk.faults, *_shifts(walk.moved), *walk.strays(), *walk.end()]
    found += [
        Fault(
            "reordered",
            _("%(event)s was stored before the event in front of it.") % {"event": later.named()},
            later.sequence,
            later.id,
        )
        for earlier, later in pairwise(walk.path)
        if later.id < earlier.id
    ]
    faults = sorted(found, key=lambda fault: fault.sequence or 0)
    # Only the newest were read through: a fault before them is told all the same.
    return faults or [Fault("head", _head_is_wrong(head), head.sequence)]


class _Walk:
    """Follows the hashes from event to event, whatever number a row now stands under."""

    def __init__(self, rows: Sequence[_Row], head: AuditHead) -> None:
        self.rows, self.head = rows, head
        self.follows: dict[str, list[_Row]] = defaultdict(list)
        self.at: dict[int, list[_Row]] = defaultdict(list)
        for row in rows:
            self.follows[row.previous].append(row)
            self.at[row.sequence].append(row)
        self.faults: list[Fault] = []
        self.moved: list[tuple[_Row, int]] = []  # the row, and the number it was written as
        self.path: list[_Row] = []
        self.number, self.link = 1, chain.START

    def run(self) -> None:
        end = max([self.head.sequence, *(row.sequence for row in self.rows)], default=0)
        while True:  # each turn uses up a row
            row = self._next()
            if row is None:
                following = self._after_gap(end)
                if following is None:
                    break
                self._say_removed(self.number, following[1] - 1)
                row, self.number = following
            self._take(row)

    def _take(self, row: _Row) -> None:
        row.is_used = True
        if row.sequence != self.number:
            self.moved.append((row, self.number))
        self.path.append(row)
        self.number, self.link = self.number + 1, row.hash

    def _next(self) -> _Row | None:
        """The row that is number `number`: as it was written, or changed since."""
        genuine = [
            row for row in self.follows[self.link] if not row.is_used and row.fits(self.number)
        ]
        if genuine:
            # Of two that both fit, the one that the chain goes on from.
            return max(genuine, key=lambda row: row.hash in self.follows or self._is_head(row))
        here = [row for row in self.at[self.number] if not row.is_used]
        for row in here:
            # Whole in itself, but written after another event than the one before it now.
            if row.fits(self.number) and self.path and self.path[-1].sequence == self.number - 1:
                self._say_changed(self.path[-1])
                return row
        for row in here:
            if row.previous == self.link or self._goes_on_from(row):
                self._say_changed(row)
                return row
        return None

    def _goes_on_from(self, row: _Row) -> bool:
        return any(later.fits(self.number + 1) for later in self.follows.get(row.hash, []))

    def _is_head(self, row: _Row) -> bool:
        return row.hash == self.head.hash

    def _after_gap(self, end: int) -> tuple[_Row, int] | None:
        """The next row that is as it was written, and its number then."""
        lost = max(end - len(self.rows), 0) + 1
        for number in range(self.number, end + 1):
            for row in self.at[number]:
                if row.is_used:
                    continue
                if number > self.number and row.fits(number):
                    return row, number
                for before in range(number + 1, number + lost + 1):
                    if row.fits(before):
                        return row, before
        return None

    def _say_changed(self, row: _Row) -> None:
        sentence = _("%(event)s was changed after it was written.") % {"event": row.named()}
        self.faults.append(Fault("changed", sentence, row.sequence, row.id))

    def _say_removed(self, first: int, last: int) -> None:
        words = {"first": first, "last": last}
        if first == last:
            sentence = _("Event %(first)d was removed.") % words
        else:
            sentence = _("Events %(first)d to %(last)d were removed.") % words
        self.faults.append(Fault("removed", sentence, first))

    def strays(self) -> list[Fault]:
        """Rows that no event of the chain leads to."""
        return [
            Fault(
                "inserted",
                _("%(event)s was put in; it is no part of the chain.") % {"event": row.named()},
                row.sequence,
                row.id,
            )
            for row in self.rows
            if not row.is_used
        ]

    def end(self) -> list[Fault]:
        """What is wrong between the last event and the head."""
        last = self.number - 1
        if self.link == self.head.hash:
            is_right = last == self.head.sequence or bool(self.moved)
            return [] if is_right else [Fault("head", _head_is_wrong(self.head), last)]
        if last < self.head.sequence:
            words = {"first": last + 1, "last": self.head.sequence, "hash": self.head.hash}
            sentence = _(
                "The tail is cut: events %(first)d to %(last)d are missing; "
                "the last of them had the hash %(hash)s."
            )
            return [Fault("cut", sentence % words, last + 1)]
        if last > self.head.sequence:
            behind = self.path[self.head.sequence :]
            sentence = _("%(event)s stands behind the end of the chain.")
            return [
                Fault("inserted", sentence % {"event": row.named()}, row.sequence, row.id)
                for row in behind
            ]
        if any(fault.sequence == last for fault in self.faults):
            return []
        return [Fault("head", _head_is_wrong(self.head), last)]


def _head_is_wrong(head: AuditHead) -> str:
    return _("The end of the chain should be event %(sequence)d with the hash %(hash)s.") % {
        "sequence": head.sequence,
        "hash": head.hash,
    }


def _shifts(moved: Sequence[tuple[_Row, int]]) -> list[Fault]:
    """Rows that stand under another number than they were written as; neighbours told together."""
    runs: list[list[tuple[_Row, int]]] = []
    for row, number in moved:
        if runs:
            before, its_number = runs[-1][-1]
            if number == its_number + 1 and row.sequence == before.sequence + 1:
                runs[-1].append((row, number))
                continue
        runs.append([(row, number)])
    faults = []
    for run in runs:
        (row, number), (last, last_number) = run[0], run[-1]
        if len(run) == 1:
            sentence = _("%(event)s was moved; it was written as event %(number)d.") % {
                "event": row.named(),
                "number": number,
            }
        else:
            sentence = _(
                "Events %(first)d to %(last)d were renumbered; "
                "they were written as %(number)d to %(last_number)d."
            ) % {
                "first": row.sequence,
                "last": last.sequence,
                "number": number,
                "last_number": last_number,
            }
        faults.append(Fault("reordered", sentence, row.sequence, row.id))
    return faults
