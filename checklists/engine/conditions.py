"""The small language of conditions: read from a file, compiled once, answered in three values.

Kleene's logic: True, False, and None for "not known yet". Unknown is never no. A fact that is not
asked makes every test on it False; a fact whose question may or may not be asked can only be
False or unknown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from checklists.engine.model import (
    All,
    AnyOf,
    Catalogue,
    Condition,
    Fact,
    FactKind,
    FactOperator,
    FactTest,
    FactValue,
    FlagTest,
    Not,
)

MAX_DEPTH = 12

Truth = bool | None

ALWAYS = All(())


class ConditionError(Exception):
    """What is wrong with a condition, and where in it."""

    def __init__(self, path: tuple[str | int, ...], problem: str, cure: str) -> None:
        super().__init__(problem)
        self.path, self.problem, self.cure = path, problem, cure


# --- reading --------------------------------------------------------------------------------------

_CONNECTIVES = ("all", "any", "not", "flag")
_OPERATORS_OF = {
    FactKind.SEVERAL: (FactOperator.ANY_OF, FactOperator.ALL_OF),
    FactKind.ONE: (FactOperator.IS, FactOperator.ANY_OF),
    FactKind.YES_NO: (FactOperator.IS,),
    FactKind.NUMBER: (
        FactOperator.AT_LEAST,
        FactOperator.AT_MOST,
        FactOperator.ABOVE,
        FactOperator.BELOW,
        FactOperator.IS,
    ),
    FactKind.DATE: (
        FactOperator.AT_LEAST,
        FactOperator.AT_MOST,
        FactOperator.ABOVE,
        FactOperator.BELOW,
        FactOperator.IS,
    ),
}


@dataclass(frozen=True, slots=True)
class FactForm:
    """As much of a fact as a condition has to know to be checked."""

    kind: FactKind
    choices: frozenset[str]


def read_condition(
    raw: Any,
    facts: Mapping[str, FactForm],
    flags: Iterable[str],
    path: tuple[str | int, ...] = (),
    depth: int = 1,
) -> Condition:
    """The condition a file states; ConditionError names the place, the problem and the cure."""
    if depth > MAX_DEPTH:
        raise ConditionError(
            path,
            f"The condition is nested more than {MAX_DEPTH} deep.",
            "Name parts of it as flags.",
        )
    if not isinstance(raw, dict) or not raw:
        raise ConditionError(
            path, "This is not a condition.", "Write one of all, any, not, flag or fact."
        )
    if "fact" in raw:
        return _read_fact_test(raw, facts, path)
    if len(raw) != 1 or next(iter(raw)) not in _CONNECTIVES:
        raise ConditionError(
            path,
            f"A condition has the keys {', '.join(map(str, raw))}.",
            "Write exactly one of all, any, not, flag; or fact with one test.",
        )
    word, inner = next(iter(raw.items()))
    here = (*path, word)
    if word == "flag":
        if inner not in flags:
            raise ConditionError(here, f"There is no flag {inner!r}.", "Define it in facts.yaml.")
        return FlagTest(inner)
    if word == "not":
        return Not(read_condition(inner, facts, flags, here, depth + 1))
    if not isinstance(inner, list) or not inner:
        raise ConditionError(here, f"`{word}` is not a list of conditions.", "Write [{…}, {…}].")
    parts = tuple(
        read_condition(part, facts, flags, (*here, number), depth + 1)
        for number, part in enumerate(inner)
    )
    return All(parts) if word == "all" else AnyOf(parts)


def _read_fact_test(
    raw: dict[str, Any], facts: Mapping[str, FactForm], path: tuple[str | int, ...]
) -> FactTest:
    name = raw["fact"]
    fact = facts.get(name) if isinstance(name, str) else None
    if fact is None:
        raise ConditionError(
            (*path, "fact"), f"There is no fact {name!r}.", "Check the name in facts.yaml."
        )
    words = [word for word in raw if word != "fact"]
    if len(words) != 1:
        raise ConditionError(
            path, f"The fact {name} has {len(words)} tests.", "Give one; join several with all."
        )
    word = words[0]
    here = (*path, word)
    allowed = (*_OPERATORS_OF[fact.kind], FactOperator.ANSWERED)
    if word not in allowed:
        raise ConditionError(
            here,
            f"A fact of kind {fact.kind} cannot be tested with `{word}`.",
            f"Use one of: {', '.join(allowed)}.",
        )
    operator = FactOperator(word)
    return FactTest(name, operator, _expected(raw[word], fact, operator, here))


def _expected(
    raw: Any, fact: FactForm, operator: FactOperator, path: tuple[str | int, ...]
) -> bool | Decimal | date | str | tuple[str, ...]:
    if operator is FactOperator.ANSWERED:
        if raw is not True:
            raise ConditionError(path, "`answered` is not true.", "Write true; negate it with not.")
        return True
    if operator in (FactOperator.ANY_OF, FactOperator.ALL_OF):
        if not isinstance(raw, list) or not raw:
            raise ConditionError(path, f"`{operator}` is not a list.", "Write [a, b].")
        for number, choice in enumerate(raw):
            _known_choice(choice, fact, (*path, number))
        return tuple(raw)
    if fact.kind is FactKind.ONE:
        _known_choice(raw, fact, path)
        return str(raw)
    if fact.kind is FactKind.YES_NO:
        if not isinstance(raw, bool):
            raise ConditionError(path, f"{raw!r} is not true or false.", "Write true or false.")
        return raw
    if fact.kind is FactKind.NUMBER:
        try:
            if isinstance(raw, bool):
                raise InvalidOperation
            number_ = Decimal(raw)
            if not number_.is_finite():
                raise InvalidOperation
        except (InvalidOperation, TypeError, ValueError):
            raise ConditionError(path, f"{raw!r} is not a number.", "Write a number.") from None
        return number_
    try:
        return raw if isinstance(raw, date) else date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise ConditionError(path, f"{raw!r} is not a date.", "Write it as 2026-11-20.") from None


def _known_choice(choice: Any, fact: FactForm, path: tuple[str | int, ...]) -> None:
    if choice not in fact.choices:
        raise ConditionError(
            path,
            f"The fact has no choice {choice!r}.",
            f"Use one of: {', '.join(sorted(fact.choices))}.",
        )


def names_in(condition: Condition) -> tuple[set[str], set[str]]:
    """The facts and the flags a condition names itself (not those behind the flags)."""
    facts: set[str] = set()
    flags: set[str] = set()
    waiting = [condition]
    while waiting:
        match waiting.pop():
            case All(parts) | AnyOf(parts):
                waiting.extend(parts)
            case Not(part):
                waiting.append(part)
            case FlagTest(flag):
                flags.add(flag)
            case FactTest(fact):
                facts.add(fact)
    return facts, flags


def condition_json(condition: Condition) -> dict[str, Any]:
    """The condition as it is written in a file."""
    match condition:
        case All(parts):
            return {"all": [condition_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [condition_json(part) for part in parts]}
        case Not(part):
            return {"not": condition_json(part)}
        case FlagTest(flag):
            return {"flag": flag}
        case FactTest(fact, operator, expected):
            value: Any = expected
            if isinstance(expected, tuple):
                value = list(expected)
            elif isinstance(expected, Decimal):
                value = format(expected, "f")
            elif isinstance(expected, date):
                value = expected.isoformat()
            return {"fact": fact, str(operator): value}


# --- answering ------------------------------------------------------------------------------------


@dataclass(slots=True)
class State:
    """What is known in one evaluation: values and questions by position, not by name, for speed."""

    program: "ConditionProgram"
    values: list[FactValue | None]
    asked: list[Truth]
    flags: list[Truth]
    # The facts whose answers are wanted, as bits in the order they are asked.
    wanted_by_flag: dict[int, int] = field(default_factory=dict)
    wanted_by_fact: dict[int, int] = field(default_factory=dict)

    def value(self, name: str) -> FactValue | None:
        """The value of a fact that is asked and known."""
        position = self.program.fact_at[name]
        return self.values[position] if self.asked[position] else None

    def is_asked(self, name: str) -> Truth:
        return self.asked[self.program.fact_at[name]]


Answering = Callable[[State], Truth]


def _all(parts: Sequence[Answering]) -> Answering:
    if len(parts) == 1:
        return parts[0]

    def answer(state: State) -> Truth:
        result: Truth = True
        for part in parts:
            known = part(state)
            if known is False:
                return False
            if known is None:
                result = None
        return result

    return answer


def _any(parts: Sequence[Answering]) -> Answering:
    if len(parts) == 1:
        return parts[0]

    def answer(state: State) -> Truth:
        result: Truth = False
        for part in parts:
            known = part(state)
            if known:
                return True
            if known is None:
                result = None
        return result

    return answer


def _not(part: Answering) -> Answering:
    def answer(state: State) -> Truth:
        known = part(state)
        return None if known is None else not known

    return answer


_TESTS: dict[FactOperator, Callable[[Any], Callable[[Any], bool]]] = {
    FactOperator.IS: lambda expected: lambda value: value == expected,
    FactOperator.AT_LEAST: lambda expected: lambda value: value >= expected,
    FactOperator.AT_MOST: lambda expected: lambda value: value <= expected,
    FactOperator.ABOVE: lambda expected: lambda value: value > expected,
    FactOperator.BELOW: lambda expected: lambda value: value < expected,
    FactOperator.ANSWERED: lambda _: lambda value: True,
}


def _value_test(test: FactTest, fact: Fact) -> Callable[[Any], bool]:
    if isinstance(test.expected, tuple):
        ids = frozenset(test.expected)
        if fact.kind is FactKind.ONE:
            return lambda value: value in ids
        if test.operator is FactOperator.ANY_OF:
            return lambda value: not ids.isdisjoint(value)
        return ids.issubset
    return _TESTS[test.operator](test.expected)


def _fact_test(position: int, holds: Callable[[Any], bool]) -> Answering:
    def answer(state: State) -> Truth:
        asked = state.asked[position]
        if asked is False:
            return False
        value = state.values[position]
        if value is None:
            return None
        if holds(value):
            return asked  # True, or unknown while it is open whether the question is asked
        return False

    return answer


def _flag_test(position: int) -> Answering:
    def answer(state: State) -> Truth:
        return state.flags[position]

    return answer


def _known_choices(value: Any) -> FactValue | None:
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else None


def _known_number(value: Any) -> FactValue | None:
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _known_date(value: Any) -> FactValue | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


# A value that is not of its fact's type is not known: what enters is checked by `parse_fact`.
_KNOWN: dict[FactKind, Callable[[Any], FactValue | None]] = {
    FactKind.SEVERAL: _known_choices,
    FactKind.ONE: lambda value: value if isinstance(value, str) else None,
    FactKind.YES_NO: lambda value: value if isinstance(value, bool) else None,
    FactKind.NUMBER: _known_number,
    FactKind.DATE: _known_date,
}


class ConditionProgram:
    """The facts and flags of one catalogue, compiled: made once, asked for every evaluation."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.facts = list(catalogue.facts.values())
        self.fact_at = {fact.name: position for position, fact in enumerate(self.facts)}
        self.flags = list(catalogue.flags.values())
        self.flag_at = {flag.name: position for position, flag in enumerate(self.flags)}
        self._compiled: dict[int, tuple[Condition, Answering]] = {}
        self._inputs = [(fact.name, _KNOWN[fact.kind]) for fact in self.facts]
        self._steps = self._in_order()
        self._names: dict[int, tuple[str, ...]] = {0: ()}

    def _in_order(self) -> list[tuple[bool, int, Answering]]:
        """What to work out first: (is a flag, position, how), each after all it depends on."""
        steps: list[tuple[bool, int, Answering]] = []
        done: set[str] = set()

        def visit(name: str, condition: Condition | None, is_flag: bool) -> None:
            key = f"flag {name}" if is_flag else name
            if key in done:
                return
            done.add(key)
            if condition is None:
                return
            facts, flags = names_in(condition)
            for fact in sorted(facts):
                visit(fact, self.facts[self.fact_at[fact]].asked_when, False)
            for flag in sorted(flags):
                visit(flag, self.flags[self.flag_at[flag]].when, True)
            position = self.flag_at[name] if is_flag else self.fact_at[name]
            steps.append((is_flag, position, self.compile(condition)))

        for fact in self.facts:
            visit(fact.name, fact.asked_when, False)
        for flag in self.flags:
            visit(flag.name, flag.when, True)
        return steps

    def compile(self, condition: Condition) -> Answering:
        """The condition as a function of the state, made once per condition."""
        # Keyed by identity, which is safe because the condition is kept beside its function.
        known = self._compiled.get(id(condition))
        if known is not None:
            return known[1]
        answer = self._compile(condition)
        self._compiled[id(condition)] = (condition, answer)
        return answer

    def _compile(self, condition: Condition) -> Answering:
        match condition:
            case All(parts):
                return _all([self.compile(part) for part in parts])
            case AnyOf(parts):
                return _any([self.compile(part) for part in parts])
            case Not(part):
                return _not(self.compile(part))
            case FlagTest(flag):
                return _flag_test(self.flag_at[flag])
            case FactTest(fact):
                position = self.fact_at[fact]
                return _fact_test(position, _value_test(condition, self.facts[position]))

    def state(self, facts: Mapping[str, FactValue | None]) -> State:
        """Everything the facts settle. A value of the wrong type counts as not known."""
        values: list[FactValue | None] = []
        for name, known in self._inputs:
            value = facts.get(name)
            values.append(None if value is None else known(value))
        state = State(self, values, [True] * len(values), [None] * len(self.flags))
        for is_flag, position, answer in self._steps:
            (state.flags if is_flag else state.asked)[position] = answer(state)
        return state

    # What to ask ---------------------------------------------------------------------------------

    def wanted(self, condition: Condition, state: State) -> int:
        """The facts that keep an unknown condition open, as bits."""
        # Not a match statement: with most facts missing this is the engine's busiest place.
        if isinstance(condition, FlagTest):
            position = self.flag_at[condition.flag]
            bits = state.wanted_by_flag.get(position)
            if bits is None:
                bits = self.wanted(self.flags[position].when, state)
                state.wanted_by_flag[position] = bits
            return bits
        if isinstance(condition, FactTest):
            return self.wanted_fact(self.fact_at[condition.fact], state)
        if isinstance(condition, Not):
            return self.wanted(condition.part, state)
        bits = 0
        for part in condition.parts:
            if self.compile(part)(state) is None:
                bits |= self.wanted(part, state)
        return bits

    def wanted_fact(self, position: int, state: State) -> int:
        """The question itself, or what has to be answered before it can be asked."""
        if state.asked[position] is not None:
            return 1 << position
        if position not in state.wanted_by_fact:
            gate = self.facts[position].asked_when
            state.wanted_by_fact[position] = self.wanted(gate, state) if gate else 0
        return state.wanted_by_fact[position]

    def names(self, bits: int) -> tuple[str, ...]:
        """The facts behind the bits, in the order they are asked."""
        if bits not in self._names:
            self._names[bits] = tuple(
                fact.name for position, fact in enumerate(self.facts) if bits >> position & 1
            )
        return self._names[bits]

    # Why -----------------------------------------------------------------------------------------

    def why(
        self, condition: Condition, state: State, counts_for: bool = True
    ) -> tuple[tuple[FlagTest | FactTest, bool], ...]:
        """The tests that settle a known condition: all that had to hold, or those that failed.

        Each with whether it speaks for the whole when it is true (under `not` it speaks against).
        """
        truth = self.compile(condition)(state)
        match condition:
            case All(parts) | AnyOf(parts):
                # One part settles a false `all` and a true `any`; otherwise every part counts.
                settled = [part for part in parts if self.compile(part)(state) is truth]
                if truth is isinstance(condition, AnyOf):
                    settled = settled[:1]
                return tuple(test for part in settled for test in self.why(part, state, counts_for))
            case Not(part):
                return self.why(part, state, not counts_for)
            case _:
                return ((condition, counts_for),)
