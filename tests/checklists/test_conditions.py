from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from checklists import Catalogue
from checklists.engine.conditions import ConditionProgram, FactForm, read_condition
from checklists.engine.model import Condition, FactKind, FactTest, FlagTest
from tests.checklists.small import OPERATOR

ROLES = {"fact": "firm.roles"}
YES = {"fact": "mission.launch", "is": True}
NO = {"fact": "mission.launch", "is": False}
OPEN = {"fact": "firm.staff", "above": 10}  # not among KNOWN
KNOWN: Mapping[str, Any] = {
    "firm.roles": ("satellite_operator", "supplier"),
    "mission.launch": True,
    "mission.orbit": "leo",
}


def read(catalogue: Catalogue, raw: Any) -> Condition:
    forms = {
        name: FactForm(FactKind(fact.kind), frozenset(choice.id for choice in fact.choices))
        for name, fact in catalogue.facts.items()
    }
    return read_condition(raw, forms, catalogue.flags)


def truth(catalogue: Catalogue, raw: Any, facts: Mapping[str, Any] = KNOWN) -> bool | None:
    program = ConditionProgram(catalogue)
    return program.compile(read(catalogue, raw))(program.state(facts))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"all": [YES, YES]}, True),
        ({"all": [YES, OPEN]}, None),
        ({"all": [OPEN, NO]}, False),
        ({"any": [NO, NO]}, False),
        ({"any": [NO, OPEN]}, None),
        ({"any": [OPEN, YES]}, True),
        ({"not": YES}, False),
        ({"not": OPEN}, None),
        ({"not": NO}, True),
        ({"not": {"all": [OPEN, NO]}}, True),
    ],
)
def test_three_values_follow_kleene(small: Catalogue, raw: Any, expected: bool | None) -> None:
    assert truth(small, raw) is expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({**ROLES, "any_of": ["supplier", "launch_service_provider"]}, True),
        ({**ROLES, "any_of": ["launch_service_provider"]}, False),
        ({**ROLES, "all_of": ["supplier", "satellite_operator"]}, True),
        ({**ROLES, "all_of": ["supplier", "launch_service_provider"]}, False),
        ({**ROLES, "answered": True}, True),
        ({"fact": "firm.staff", "answered": True}, None),
        ({"fact": "mission.orbit", "is": "leo"}, True),
        ({"fact": "mission.orbit", "any_of": ["geo", "leo"]}, True),
        ({"fact": "mission.orbit", "any_of": ["geo"]}, False),
    ],
)
def test_choices_are_tested_as_written(small: Catalogue, test: Any, expected: bool | None) -> None:
    assert truth(small, test) is expected


@pytest.mark.parametrize(
    ("operator", "below", "on", "above"),
    [
        ("at_least", False, True, True),
        ("at_most", True, True, False),
        ("above", False, False, True),
        ("below", True, False, False),
        ("is", False, True, False),
    ],
)
def test_numbers_are_tested_below_on_and_above(
    small: Catalogue, operator: str, below: bool, on: bool, above: bool
) -> None:
    test = {"fact": "firm.staff", operator: 10}
    found = [truth(small, test, {"firm.staff": Decimal(n)}) for n in ("9.9", "10", "10.1")]
    assert found == [below, on, above]


def test_why_names_all_that_had_to_hold(small: Catalogue) -> None:
    assert why(small, {"all": [YES, {"not": NO}]}) == [
        ("mission.launch", True),
        ("mission.launch", False),
    ]


def test_why_names_one_thing_where_one_settles_it(small: Catalogue) -> None:
    staff = {"fact": "firm.staff", "above": 1}
    facts = {**OPERATOR, "mission.launch": True}
    assert why(small, {"any": [staff, YES]}, facts) == [("firm.staff", True)]
    assert why(small, {"all": [NO, {"not": staff}]}, facts) == [("mission.launch", True)]


def test_why_names_all_that_failed_where_each_could_have_done(small: Catalogue) -> None:
    geo = {"fact": "mission.orbit", "is": "geo"}
    assert why(small, {"any": [NO, geo]}) == [("mission.launch", True), ("mission.orbit", True)]


def why(catalogue: Catalogue, raw: Any, facts: Mapping[str, Any] = KNOWN) -> list[tuple[str, bool]]:
    program = ConditionProgram(catalogue)
    tests = program.why(read(catalogue, raw), program.state(facts))
    return [
        (test.fact if isinstance(test, FactTest) else test.flag, counts_for)
        for test, counts_for in tests
    ]


def test_only_what_keeps_a_condition_open_is_asked(small: Catalogue) -> None:
    program = ConditionProgram(small)
    condition = read(small, {"all": [OPEN, {"any": [NO, {"flag": "high_in_low_orbit"}]}]})
    state = program.state(KNOWN)
    names = program.names(program.wanted(condition, state))
    assert names == ("firm.staff", "mission.altitude_km")


def test_a_flag_reads_like_what_it_stands_for(small: Catalogue) -> None:
    assert read(small, {"flag": "launches"}) == FlagTest("launches")
    assert truth(small, {"flag": "launches"}) is True
    assert truth(small, {"flag": "high_in_low_orbit"}) is None
