"""A catalogue looked at as a whole: what it holds, and what in it nobody uses."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from checklists.engine.conditions import names_in
from checklists.engine.model import Catalogue, Check, Condition, DateCheck, NumberCheck, Text, Track


def warnings_of(catalogue: Catalogue) -> list[str]:
    """What is defined and never used: no fault, but worth a look."""
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
    return [
        *_unused("references.yaml", "reference", catalogue.references, cited),
        *_unused("parameters.yaml", "parameter", catalogue.parameters, limits),
        *_unused(
            "catalogue.yaml", "evidence kind", catalogue.evidence_kinds, {s.kind for s in specs}
        ),
        *_unused("catalogue.yaml", "topic", catalogue.topics, {r.topic for r in requirements}),
        *_unused("facts.yaml", "fact", catalogue.facts, facts),
        *_unused("facts.yaml", "flag", catalogue.flags, flags),
        *_unused("facts.yaml", "mission date", catalogue.dates, dates),
        *(
            f"catalogue.yaml: measure {number} has no requirement."
            for number in catalogue.measures
            if not any(r.measure == number for r in requirements)
        ),
    ]


def _unused(file: str, what: str, defined: Mapping[str, object], used: set[str]) -> Iterator[str]:
    for name in defined:
        if name not in used:
            yield f"{file}: the {what} {name} is not used."


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
    texts = list(_texts(catalogue))
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
        "requirement texts": {
            "all": len(texts),
            "in Chinese": sum(bool(text.zh_hans) for text in texts),
        },
    }


def _texts(catalogue: Catalogue) -> Iterable[Text]:
    for requirement in catalogue.requirements.values():
        yield requirement.title
        yield requirement.question
        yield requirement.guidance
        yield requirement.rationale
        yield requirement.corrective_action.text
        yield from (option.label for option in requirement.answer.options)
