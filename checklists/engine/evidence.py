"""Evidence held against the date of the assessment and against the mission's dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from checklists.engine import wording
from checklists.engine.conditions import State
from checklists.engine.model import (
    Catalogue,
    EvidenceCheck,
    EvidenceFault,
    EvidenceItem,
    EvidenceProblem,
    EvidenceSpec,
    MissionDate,
    Reason,
)


@dataclass(frozen=True, slots=True)
class Span:
    """The days of the mission that evidence has to cover, as far as they are known."""

    days: tuple[tuple[date, bool], ...]  # day, and whether it is the closing one
    complete: bool


ENDS_SOON = timedelta(days=30)
NOTHING_TO_CHECK = EvidenceCheck()
COVERED = EvidenceCheck(covered=True)


def nothing_attached(catalogue: Catalogue, specs: Sequence[EvidenceSpec]) -> EvidenceCheck:
    """What is said of a requirement without any evidence."""
    missing = [spec.kind for spec in specs if spec.required]
    return EvidenceCheck(
        tuple(_fault(catalogue, kind, EvidenceProblem.MISSING) for kind in missing)
    )


def mission_span(dates: MissionDate, state: State) -> Span:
    """The known ends of a mission date. A date that is not asked for asks for no cover."""
    known: list[tuple[date, bool]] = []
    complete = True
    for name, closing in ((dates.from_fact, False), (dates.until_fact, True)):
        if name is None or (closing and name == dates.from_fact):
            continue
        value = state.value(name)
        if isinstance(value, date):
            known.append((value, closing))
        elif state.is_asked(name) is not False:
            complete = False
    # Two ends typed the wrong way round mean the same span.
    if len(known) == 2 and known[0][0] > known[1][0]:
        known = [(known[1][0], False), (known[0][0], True)]
    return Span(tuple(known), complete)


def check_evidence(
    catalogue: Catalogue,
    specs: Sequence[EvidenceSpec],
    items: Sequence[EvidenceItem],
    state: State,
    as_of: date,
) -> EvidenceCheck:
    """What the attached evidence is worth for one requirement."""
    faults: list[EvidenceFault] = []
    covers: list[str] = []
    unchecked: list[str] = []
    ends_soon: list[tuple[str, date]] = []
    any_required = any_valid = False
    for spec in specs:
        any_required = any_required or spec.required
        kind = spec.kind
        of_kind = [item for item in items if item.kind == kind]
        if not of_kind:
            if spec.required:
                faults.append(_fault(catalogue, spec.kind, EvidenceProblem.MISSING))
            continue
        fault = _gap(catalogue, spec, of_kind, state, as_of)
        if fault is None:
            any_valid = True
            if spec.required and spec.covers is not None:
                span = mission_span(catalogue.dates[spec.covers], state)
                if not span.complete:
                    unchecked.append(spec.covers)
                elif span.days:
                    covers.append(spec.covers)
            if spec.required and (last_day := _last_day_soon(of_kind, as_of)):
                ends_soon.append((kind, last_day))
        elif spec.required:
            faults.append(fault)
    covered = not faults if any_required else any_valid
    if not (faults or covers or unchecked or ends_soon):
        return COVERED if covered else NOTHING_TO_CHECK
    return EvidenceCheck(
        tuple(faults),
        tuple(dict.fromkeys(covers)),
        tuple(dict.fromkeys(unchecked)),
        covered,
        tuple(ends_soon),
    )


def _last_day_soon(items: Sequence[EvidenceItem], as_of: date) -> date | None:
    """The last day of cover that holds on `as_of` and ends within the next thirty days."""
    for item in items:
        if item.expires_on is None:
            continue
        if as_of <= item.expires_on <= as_of + ENDS_SOON:
            return _first_gap(items, as_of, as_of + ENDS_SOON + timedelta(days=1))
    return None


def _gap(
    catalogue: Catalogue,
    spec: EvidenceSpec,
    items: Sequence[EvidenceItem],
    state: State,
    as_of: date,
) -> EvidenceFault | None:
    """The first day that no item is valid on. A policy and its renewal may share the work."""
    if not _valid_on(items, as_of):
        ended = [item.expires_on for item in items if item.expires_on and item.expires_on < as_of]
        begins = [i.effective_on for i in items if i.effective_on and i.effective_on > as_of]
        if begins:
            problem, item_on = EvidenceProblem.NOT_YET_EFFECTIVE, min(begins)
        else:
            problem, item_on = EvidenceProblem.EXPIRED, max(ended)
        return _fault(catalogue, spec.kind, problem, item_on, as_of)
    if spec.covers is None:
        return None
    span = mission_span(catalogue.dates[spec.covers], state)
    for needed, closing in span.days:
        if not _valid_on(items, needed):
            return _cover_fault(catalogue, spec, items, needed, closing)
    if len(span.days) == 2 and (gap := _first_gap(items, span.days[0][0], span.days[1][0])):
        # Both ends are covered by different items, with uncovered days between them.
        return _fault(
            catalogue,
            spec.kind,
            EvidenceProblem.ENDS_EARLY,
            gap,
            span.days[1][0],
            spec.covers,
            closing=True,
        )
    return None


def _cover_fault(
    catalogue: Catalogue,
    spec: EvidenceSpec,
    items: Sequence[EvidenceItem],
    needed: date,
    closing: bool,
) -> EvidenceFault:
    ended = [item.expires_on for item in items if item.expires_on and item.expires_on < needed]
    begins = [i.effective_on for i in items if i.effective_on and i.effective_on > needed]
    if ended:
        problem, item_on = EvidenceProblem.ENDS_EARLY, max(ended)
    else:
        problem, item_on = EvidenceProblem.STARTS_LATE, min(begins)
    return _fault(catalogue, spec.kind, problem, item_on, needed, spec.covers, closing=closing)


def _valid_on(items: Sequence[EvidenceItem], day: date) -> bool:
    for item in items:
        if (item.effective_on is None or item.effective_on <= day) and (
            item.expires_on is None or day <= item.expires_on
        ):
            return True
    return False


def _first_gap(items: Sequence[EvidenceItem], start: date, end: date) -> date | None:
    """The day the cover that holds on `start` ends, where it does not reach `end`."""
    reached = start
    while True:
        ends = [
            item.expires_on
            for item in items
            if item.effective_on is None or (item.effective_on - reached).days <= 1
        ]
        if None in ends:
            return None
        furthest = max(day for day in ends if day is not None)
        if furthest >= end:
            return None
        if furthest <= reached:
            return reached
        reached = furthest


def _fault(
    catalogue: Catalogue,
    kind: str,
    problem: EvidenceProblem,
    item_on: date | None = None,
    needed_on: date | None = None,
    mission_date: str | None = None,
    *,
    closing: bool = False,
) -> EvidenceFault:
    values = (catalogue, kind, problem, item_on, needed_on, mission_date, closing)
    return EvidenceFault(
        kind, problem, item_on, needed_on, mission_date, Reason(wording.evidence_fault, *values)
    )
