"""A catalogue looked at as a whole: what it holds, and what in it nobody uses."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from checklists.engine.conditions import names_in
from checklists.engine.documents import Document, Path
from checklists.engine.export import catalogue_json
from checklists.engine.faults import Fault
from checklists.engine.model import Catalogue, Check, Condition, DateCheck, NumberCheck, Track

LANGUAGES = {"en": "English", "zh_hans": "Chinese"}
_CURES = {
    "reference": "Cite it in a requirement or a limit, or remove it.",
    "parameter": "Compare an answer with it, or remove it.",
    "evidence kind": "Ask for it in a requirement, or remove it.",
    "topic": "Give it to a requirement, or remove it.",
    "fact": "Test it in a condition, or remove it: nobody should be asked in vain.",
    "flag": "Test it in a condition, or remove it.",
    "mission date": "Let evidence cover it, or remove it.",
}


def warnings_of(
    catalogue: Catalogue, documents: Mapping[str, Document] | None = None
) -> list[Fault]:
    """What is defined and never used: it stops nothing, but is worth a look."""
    requirements = catalogue.requirements.values()
    cited = {citation.reference for r in requirements for citation in r.references}
    limits = {name for requirement in requirements for name in _limits_used(requirement.check)}
    for name in limits:
        cited |= {v.reference for v in catalogue.parameters[name].values if v.reference}
    specs = [spec for requirement in requirements for spec in requirement.evidence]
    facts, flags = _names_used(catalogue)
    dates = {spec.covers for spec in specs if spec.covers}
    for name in dates:
        span = catalogue.dates[name]
        facts |= {fact for fact in (span.from_fact, span.until_fact) if fact}
    kinds = {spec.kind for spec in specs}
    fact_at = {name: ("facts", number) for number, name in enumerate(catalogue.facts)}
    measured = {requirement.measure for requirement in requirements}
    found: list[tuple[str, Path, str, str]] = [
        *_unused("references.yaml", (), "reference", catalogue.references, cited),
        *_unused("parameters.yaml", (), "parameter", catalogue.parameters, limits),
        *_unused(
            "catalogue.yaml", ("evidence_kinds",), "evidence kind", catalogue.evidence_kinds, kinds
        ),
        *_unused(
            "catalogue.yaml",
            ("topics",),
            "topic",
            catalogue.topics,
            {requirement.topic for requirement in requirements},
        ),
        *(
            ("facts.yaml", fact_at[path[0]], problem, cure)
            for _, path, problem, cure in _unused("", (), "fact", catalogue.facts, facts)
        ),
        *_unused("facts.yaml", ("flags",), "flag", catalogue.flags, flags),
        *_unused("facts.yaml", ("dates",), "mission date", catalogue.dates, dates),
        *(
            (
                "catalogue.yaml",
                ("measures", number),
                f"Measure {measure} has no requirement.",
                "Add one, or leave the measure out.",
            )
            for number, measure in enumerate(catalogue.measures)
            if measure not in measured
        ),
    ]
    documents = documents or {}
    return [
        documents.get(file, Document(file, None)).fault(path, problem, cure)
        for file, path, problem, cure in found
    ]


def _unused(
    file: str, path: Path, what: str, defined: Mapping[str, object], used: set[str]
) -> Iterator[tuple[str, tuple[Any, ...], str, str]]:
    for name in defined:
        if name not in used:
            yield file, (*path, name), f"The {what} {name} is not used.", _CURES[what]


def _limits_used(check: Check | None) -> set[str]:
    if not isinstance(check, NumberCheck):
        return set()
    best = check.best_practice
    return {check.parameter} | ({best.parameter} if best else set())


def _conditions(catalogue: Catalogue) -> Iterator[Condition]:
    for requirement in catalogue.requirements.values():
        yield requirement.applies_when
        for name in _limits_used(requirement.check):
            for value in catalogue.parameters[name].values:
                if value.when is not None:
                    yield value.when


def _names_used(catalogue: Catalogue) -> tuple[set[str], set[str]]:
    """Facts and flags a requirement depends on, directly or through flags and questions."""
    facts: set[str] = set()
    flags: set[str] = set()
    for requirement in catalogue.requirements.values():
        if isinstance(requirement.check, DateCheck) and requirement.check.fact:
            facts.add(requirement.check.fact)
    waiting = list(_conditions(catalogue))
    while waiting:
        more_facts, more_flags = names_in(waiting.pop())
        waiting += [catalogue.flags[flag].when for flag in more_flags - flags]
        gates = (catalogue.facts[fact].asked_when for fact in more_facts - facts)
        waiting += [gate for gate in gates if gate is not None]
        facts |= more_facts
        flags |= more_flags
    return facts, flags


def statistics(catalogue: Catalogue) -> dict[str, dict[str, int]]:
    """Counts under headings, in the order they are read."""
    requirements = catalogue.requirements.values()
    parts = _parts(catalogue_json(catalogue))
    texts = {name: list(_texts(part)) for name, part in parts.items()}
    return {
        "catalogue": {
            "requirements": len(catalogue.requirements),
            "facts": len(catalogue.facts),
            "flags": len(catalogue.flags),
            "parameters": len(catalogue.parameters),
            "references": len(catalogue.references),
        },
        "track": dict(Counter(str(r.track) for r in requirements)),
        "severity": dict(Counter(str(r.severity) for r in requirements)),
        "blocking duties": {
            "blocking": sum(
                r.track is Track.DUTY and r.severity == "blocking" for r in requirements
            )
        },
        "answer": dict(Counter(str(r.answer.kind) for r in requirements)),
        "confidence": dict(Counter(r.confidence for r in requirements)),
        "sources verified": dict(Counter(r.sources_verified for r in requirements)),
        "topic": dict(sorted(Counter(r.topic for r in requirements).items())),
        "measure": {
            f"{number:02}": sum(r.measure == number for r in requirements)
            for number in catalogue.measures
        },
        "texts": {name: len(found) for name, found in texts.items()},
        **{
            f"texts in {word}": {
                name: sum(bool(text[key]) for text in found) for name, found in texts.items()
            }
            for key, word in LANGUAGES.items()
        },
    }


def _parts(form: dict[str, Any]) -> dict[str, Any]:
    """The exported catalogue by the file its texts stand in."""
    named = ("requirements", "facts", "parameters", "references")
    return {
        **{name: form[name] for name in named},
        "words": [value for key, value in form.items() if key not in named],
    }


def _texts(form: Any) -> Iterable[dict[str, str]]:
    """Every text in two languages inside an export."""
    if isinstance(form, list):
        for value in form:
            yield from _texts(value)
    elif isinstance(form, dict):
        if "zh_hans" in form:
            yield form
            return
        for value in form.values():
            yield from _texts(value)
