"""The cases beside each requirement: facts, one answer and evidence in, the outcome out.

One file per requirement, `cases/mNN/<last part of the id>.yaml`, each a list of cases.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checklists import Catalogue, Evaluation, evaluate_assessment
from checklists.engine.documents import read_document
from checklists.engine.inputs import read_input

CASES = Path(__file__).parent / "cases"
KEYS = {
    "name", "as_of", "facts", "answer", "not_applicable_reason", "flag", "evidence", "expect",
}  # fmt: skip
EXPECTED = {
    "applicability",
    "outcome",
    "best_practice",
    "limit",
    "reason_contains",
    "missing_facts",
}


@dataclass(frozen=True)
class Case:
    file: str
    measure: str
    slug: str
    form: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.measure}/{self.slug}: {self.form.get('name')}"


def _cases() -> Iterator[Case]:
    for path in sorted(CASES.glob("*/*.yaml")):
        file = path.relative_to(CASES).as_posix()
        document = read_document(file, path.read_bytes())
        if document.faults:
            raise AssertionError("\n".join(map(str, document.faults)))
        for form in document.data:
            yield Case(file, path.parent.name, path.stem, form)


ALL_CASES = list(_cases())


def _requirement_of(catalogue: Catalogue, case: Case) -> str:
    for name in catalogue.requirements:
        if name.endswith(f".{case.measure}.{case.slug}"):
            return name
    raise AssertionError(f"{case.file}: there is no requirement {case.measure}.{case.slug}.")


def _evaluated(catalogue: Catalogue, case: Case) -> Evaluation:
    name, form = _requirement_of(catalogue, case), case.form
    answer = {
        "value": form.get("answer"),
        "not_applicable_reason": form.get("not_applicable_reason"),
        "flag": form.get("flag"),
    }
    data = {
        "as_of": form.get("as_of"),
        "facts": form.get("facts"),
        "answers": {name: answer},
        "evidence": {name: form.get("evidence") or []},
    }
    given = read_input(catalogue, data)
    rows = evaluate_assessment(
        catalogue,
        as_of=given.as_of,
        facts=given.facts,
        answers=given.answers,
        evidence=given.evidence,
    ).rows
    assert name in rows, f"{name} is not in force on {given.as_of}."
    return rows[name]


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_the_case_comes_out_as_expected(cnsa: Catalogue, case: Case) -> None:
    expected = case.form["expect"]
    assert set(case.form) <= KEYS
    assert set(expected) <= EXPECTED
    assert {"applicability", "outcome"} <= set(expected)
    evaluation = _evaluated(cnsa, case)
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
    names = Counter(map(str, ALL_CASES))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_requirement_has_cases(cnsa: Catalogue) -> None:
    with_cases = {_requirement_of(cnsa, case) for case in ALL_CASES}
    assert sorted(set(cnsa.requirements) - with_cases) == []
