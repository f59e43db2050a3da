"""The limit in force on a date, for the facts that are known."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from checklists.engine.conditions import ConditionProgram, State, condition_json
from checklists.engine.model import Comparator, Limit, Parameter, ParameterValue

# The strictest maximum is the smallest one, the strictest minimum the largest.
_SMALLER_IS_STRICTER = (Comparator.AT_MOST, Comparator.BELOW)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits an answer may be held against, strictest first; one unless facts are missing.

    None among them means that no limit may apply at all. `wanted` are the facts, as bits, that
    would tell which one it is.
    """

    possible: tuple[Limit | None, ...]
    wanted: int = 0


class ParameterProgram:
    """One parameter read with one comparator, made ready for many evaluations."""

    def __init__(
        self, parameter: Parameter, comparator: Comparator, conditions: ConditionProgram
    ) -> None:
        self.parameter = parameter
        self.comparator = comparator
        self.conditions = conditions
        self._by_date: dict[date, tuple[list[ParameterValue], Limits]] = {}
        self._limits = {
            id(value): Limit(
                comparator,
                value.value,
                parameter.unit,
                value.basis or parameter.basis,
                value.reference,
                value.starts_on,
                value.note,
                parameter.id,
            )
            for value in parameter.values
        }

    def limits(self, as_of: date, state: State) -> Limits:
        """The limit on that date; several where it depends on facts that are not known."""
        in_force = self._by_date.get(as_of)
        if in_force is None:
            if len(self._by_date) > 100:  # a long-lived process sees many dates
                self._by_date.clear()
            in_force = self._by_date[as_of] = self._in_force(as_of)
        variants, base = in_force
        if not variants:
            return base
        return self._choose(variants, base, state)

    def _in_force(self, as_of: date) -> tuple[list[ParameterValue], Limits]:
        """The variants in force, and the limit where none of them is true."""
        latest: dict[str, ParameterValue] = {}
        for value in self.parameter.values:
            if value.starts_on is not None and value.starts_on > as_of:
                continue
            if value.ends_on is not None and value.ends_on < as_of:
                continue
            # Of two values for the same case the later one has replaced the earlier.
            case = "" if value.when is None else str(condition_json(value.when))
            other = latest.get(case)
            if other is None or (value.starts_on or date.min) >= (other.starts_on or date.min):
                latest[case] = value
        base = latest.pop("", None)
        return list(latest.values()), Limits((self._limit(base),))

    def _limit(self, value: ParameterValue | None) -> Limit | None:
        return None if value is None else self._limits[id(value)]

    def _choose(self, variants: list[ParameterValue], base: Limits, state: State) -> Limits:
        certain: list[Limit] = []
        open_: list[tuple[Limit, int]] = []
        for variant in variants:
            assert variant.when is not None  # _in_force keeps the value without one apart
            truth = self.conditions.compile(variant.when)(state)
            if truth is None:
                wanted = self.conditions.wanted(variant.when, state)
                open_.append((self._limits[id(variant)], wanted))
            elif truth:
                certain.append(self._limits[id(variant)])
        known = certain
        if certain:
            # Several that are true: the strictest. An open one matters where it is stricter still.
            strictest = min(certain, key=self._strictness)
            known = [strictest]
            open_ = [
                (limit, bits)
                for limit, bits in open_
                if self._strictness(limit) < self._strictness(strictest)
            ]
        if not open_:
            return Limits(tuple(known)) if known else base
        wanted = 0
        for _, bits in open_:
            wanted |= bits
        fallback: list[Limit | None] = list(known) if known else list(base.possible)
        if all(limit and limit.value == other.value for limit in fallback for other, _ in open_):
            return Limits(tuple(fallback))  # whichever holds, the figure is the same
        limits = [limit for limit, _ in open_] + [limit for limit in fallback if limit]
        limits.sort(key=self._strictness)
        return Limits((*limits, None) if None in fallback else tuple(limits), wanted)

    def _strictness(self, limit: Limit) -> Decimal:
        """Small for a strict limit, whichever way it is compared."""
        return limit.value if self.comparator in _SMALLER_IS_STRICTER else -limit.value
