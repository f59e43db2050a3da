"""The cases beside each requirement: facts, one answer and evidence in, the outcome out.

One file per requirement, `checklists/cases/<catalogue>/mNN/<last part of the id>.yaml`.
"""

from collections import Counter
from typing import Any

import pytest

from checklists import Catalogue, load_catalogue
from checklists.cases import CASES, Case, case_file, cases_of, evaluated

ALL_CASES = [
    case for name in load_catalogue().requirements for case in cases_of(load_catalogue(), name)
]


def _named(case: Case) -> str:
    return f"{case.requirement.partition('.')[2]}: {case.name}"


def _of_measure(case: Case) -> str:
    return case.requirement.split(".")[1]


@pytest.mark.parametrize("measure", sorted(set(map(_of_measure, ALL_CASES))))
def test_the_cases_of_a_measure_come_out_as_expected(cnsa: Catalogue, measure: str) -> None:
    """Every case is tried, and every one that fails is named."""
    of_measure = [case for case in ALL_CASES if _of_measure(case) == measure]
    failed = {_named(case): wrong for case in of_measure if (wrong := _wrong(cnsa, case))}
    assert failed == {}


def _wrong(cnsa: Catalogue, case: Case) -> dict[str, tuple[Any, Any]]:
    """What the case expects and what the engine says, where the two differ."""
    evaluation = evaluated(cnsa, case)
    if evaluation is None:
        return {"in force": (str(case.given.as_of), "never judged")}
    found: dict[str, Any] = {
        "applicability": evaluation.applicability,
        "outcome": evaluation.outcome,
        "best_practice": evaluation.best_practice,
        "limit": evaluation.limit_value,
        "missing_facts": list(evaluation.missing_facts),
    }
    expected = dict(case.expect)
    words = expected.pop("reason_contains", "")
    assert {"applicability", "outcome"} <= set(expected) <= set(found), _named(case)
    assert evaluation.reason.zh_hans, _named(case)
    if words not in evaluation.reason.en:
        return {"reason": (words, evaluation.reason.en)}
    return {key: (value, found[key]) for key, value in expected.items() if found[key] != value}


def test_no_case_is_there_twice() -> None:
    names = Counter(map(_named, ALL_CASES))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_requirement_has_cases(cnsa: Catalogue) -> None:
    with_cases = {case.requirement for case in ALL_CASES}
    assert sorted(set(cnsa.requirements) - with_cases) == []


def test_every_file_of_cases_belongs_to_a_requirement(cnsa: Catalogue) -> None:
    files = set((CASES / cnsa.id).glob("*/*.yaml"))
    assert files == {case_file(cnsa.id, name) for name in cnsa.requirements}
