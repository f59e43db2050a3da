"""Worked examples of the requirements: facts, one answer and evidence in, the outcome out.

One file per requirement, `<catalogue>/mNN/<last part of the id>.yaml`, each a list of cases. The
tests hold the engine to every one of them, and the pages show the same ones as examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checklists.engine.documents import read_document
from checklists.engine.evaluation import evaluate_assessment
from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.inputs import AssessmentInput, read_input
from checklists.engine.model import Catalogue, Evaluation

CASES = Path(__file__).parent
KEYS = frozenset(
    {"name", "as_of", "facts", "answer", "not_applicable_reason", "flag", "evidence", "expect"}
)


@dataclass(frozen=True, slots=True)
class Case:
    """One example: what is given, and what it should come to."""

    requirement: str
    name: str
    given: AssessmentInput
    expect: Mapping[str, Any]


def case_file(catalogue_id: str, requirement_id: str) -> Path:
    """Where the cases of a requirement stand, whether there are any or not."""
    _, measure, slug = requirement_id.split(".", 2)
    return CASES / catalogue_id / measure / f"{slug}.yaml"


def cases_of(catalogue: Catalogue, requirement_id: str) -> tuple[Case, ...]:
    """The cases of one requirement; none for a catalogue that came without."""
    if requirement_id.count(".") < 2 or not (CASES / catalogue.id).is_dir():
        return ()
    path = case_file(catalogue.id, requirement_id)
    if not path.is_file():
        return ()
    document = read_document(path.name, path.read_bytes())
    if document.faults:
        raise CatalogueError(document.faults)
    return tuple(_case(catalogue, requirement_id, form, path.name) for form in document.data)


def _case(catalogue: Catalogue, requirement_id: str, form: Mapping[str, Any], file: str) -> Case:
    if unknown := set(form) - KEYS:
        problem = f"A case has the key {min(unknown)!r}."
        raise CatalogueError([Fault(file, None, "", problem, f"Use: {', '.join(sorted(KEYS))}.")])
    answer = {
        "value": form.get("answer"),
        "not_applicable_reason": form.get("not_applicable_reason"),
        "flag": form.get("flag"),
    }
    data = {
        "as_of": form.get("as_of"),
        "facts": form.get("facts"),
        "answers": {requirement_id: answer},
        "evidence": {requirement_id: form.get("evidence") or []},
    }
    given = read_input(catalogue, data)
    return Case(requirement_id, str(form["name"]), given, form["expect"])


def evaluated(catalogue: Catalogue, case: Case) -> Evaluation | None:
    """What the engine makes of it; None where the requirement is not in force on that day."""
    given = case.given
    rows = evaluate_assessment(
        catalogue,
        as_of=given.as_of,
        facts=given.facts,
        answers=given.answers,
        evidence=given.evidence,
    ).rows
    return rows.get(case.requirement)
