"""The cases beside each requirement: facts, one answer and evidence in, the outcome out.

One file per requirement, `checklists/cases/<catalogue>/mNN/<last part of the id>.yaml`.
"""

from collections import Counter

import pytest

from checklists import Catalogue, load_catalogue
from checklists.cases import CASES, Case, case_file, cases_of, evaluated

EXPECTED = {
    "applicability",
    "outcome",
    "best_practice",
    "limit",
    "reason_contains",
    "missing_facts",
}
ALL_CASES = [
    case for name in load_catalogue().requirements for case in cases_of(load_catalogue(), name)
]


def _named(case: Case) -> str:
    return f"{case.requirement.partition('.')[2]}: {case.name}"


@pytest.mark.parametrize("case", ALL_CASES, ids=_named)
def test_the_case_comes_out_as_expected(cnsa: Catalogue, case: Case) -> None:
    expected = case.expect
    assert set(expected) <= EXPECTED
    assert {"applicability", "outcome"} <= set(expected)
    evaluation = evaluated(cnsa, case)
    assert evaluation is not None, f"It is not in force on {case.given.as_of}."
    said = f"{evaluation.applicability_reason.en} {evaluation.reason.en}"
    assert (evaluation.applicability, evaluation.outcome) == (
        expected["applicability"],
        expected["outcome"],
    ), said
    if "best_practice" in expected:
        assert evaluation.best_practice == expected["best_practice"], said
    if "limit" in expected:
        assert evaluation.limit_value == expected["limit"], said
    if "missing_facts" in expected:
        assert list(evaluation.missing_facts) == expected["missing_facts"], said
    assert expected.get("reason_contains", "") in evaluation.reason.en
    assert evaluation.reason.zh_hans


def test_no_case_is_there_twice() -> None:
    names = Counter(map(_named, ALL_CASES))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_requirement_has_cases(cnsa: Catalogue) -> None:
    with_cases = {case.requirement for case in ALL_CASES}
    assert sorted(set(cnsa.requirements) - with_cases) == []


def test_every_file_of_cases_belongs_to_a_requirement(cnsa: Catalogue) -> None:
    files = set((CASES / cnsa.id).glob("*/*.yaml"))
    assert files == {case_file(cnsa.id, name) for name in cnsa.requirements}
