"""A requirement's cases as examples, and what became of it from edition to edition.

Both come from the rules alone; the database is never asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from django.utils.translation import gettext as _

from checklists import Catalogue, Requirement
from checklists.cases import Case, cases_of, evaluated
from checklists.editions import history_of
from checklists.engine import wording
from checklists.engine.difference import Verdict
from checklists.engine.model import Applicability, Evaluation, EvidenceItem, Flag
from compliance.selectors.editions import ChangeLine, change_line
from compliance.selectors.package import answer_shown

# An evaluation words its reasons in the language of whoever reads it, so one is kept for both.
_evaluated: WeakKeyDictionary[Catalogue, dict[str, tuple[tuple[Case, Evaluation], ...]]] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True)
class FactLine:
    label: str
    value: str


@dataclass(frozen=True)
class Example:
    """One case in the reader's words: what is given, and what it comes to."""

    name: str
    facts: tuple[FactLine, ...]
    answer: str  # "" where nothing is answered
    evidence: tuple[str, ...]
    as_of: str
    outcome: str
    reason: str


def examples_of(catalogue: Catalogue, requirement: Requirement, lang: str) -> tuple[Example, ...]:
    """The cases of a requirement, evaluated by the engine itself."""
    pairs = _cases(catalogue, requirement)
    return tuple(
        Example(
            name=_name(case, row, lang),
            facts=tuple(_facts(catalogue, case, lang)),
            answer=_answer(requirement, case, lang),
            evidence=tuple(_evidence(catalogue, case, lang)),
            as_of=wording.day(case.given.as_of, lang),
            outcome=row.outcome,
            reason=_reason(row, lang),
        )
        for case, row in pairs
    )


def _cases(catalogue: Catalogue, requirement: Requirement) -> tuple[tuple[Case, Evaluation], ...]:
    known = _evaluated.setdefault(catalogue, {})
    if requirement.id not in known:
        found = ((case, evaluated(catalogue, case)) for case in cases_of(catalogue, requirement.id))
        known[requirement.id] = tuple((case, row) for case, row in found if row is not None)
    return known[requirement.id]


def _name(case: Case, row: Evaluation, lang: str) -> str:
    """What the case is about: its name, which is English, or else the first words of the reason."""
    return case.name if lang == "en" else _reason(row, lang).partition("。")[0]


def _reason(row: Evaluation, lang: str) -> str:
    """Why it does not apply, or else why it came out as it did."""
    if row.applicability is not Applicability.APPLIES:
        return row.applicability_reason.get(lang)
    return row.reason.get(lang)


def _facts(catalogue: Catalogue, case: Case, lang: str) -> Iterable[FactLine]:
    for name, value in case.given.facts.items():
        fact = catalogue.facts[name]
        said = _("don’t know yet") if value is None else wording.fact_value(fact, value, lang)
        yield FactLine(fact.label.get(lang), said)


def _answer(requirement: Requirement, case: Case, lang: str) -> str:
    answer = case.given.answers.get(requirement.id)
    if answer is None:
        return ""
    if answer.not_applicable_reason:
        return _("Does not apply, with a reason")
    if answer.flag is Flag.DONT_KNOW:
        return _("Don’t know yet")
    shown = answer_shown(requirement, answer.value)
    return shown.get(lang) if shown else ""


def _evidence(catalogue: Catalogue, case: Case, lang: str) -> Iterable[str]:
    for items in case.given.evidence.values():
        for item in items:
            yield catalogue.evidence_kinds[item.kind].get(lang) + _validity(item, lang)


def _validity(item: EvidenceItem, lang: str) -> str:
    first = wording.day(item.effective_on, lang) if item.effective_on else ""
    last = wording.day(item.expires_on, lang) if item.expires_on else ""
    words = ""
    if first and last:
        words = _("from %(first)s until %(last)s") % {"first": first, "last": last}
    elif first:
        words = _("from %(first)s") % {"first": first}
    elif last:
        words = _("until %(last)s") % {"last": last}
    if not words:
        return ""
    return f" ({words})" if lang == "en" else f"（{words}）"


# --- history --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EditionLine:
    """What an edition did to a requirement."""

    edition: str
    is_new: bool
    changes: tuple[ChangeLine, ...]


def history_of_requirement(
    catalogue: Catalogue, requirement: Requirement, lang: str
) -> tuple[EditionLine, ...]:
    """The editions that brought or changed a requirement, the latest first."""
    lines: list[EditionLine] = []
    first = catalogue.edition
    for step in reversed(history_of(catalogue)):
        change = step.requirements.get(requirement.id)
        if change is None or change.verdict is Verdict.NEW:
            break
        if change.changes:
            changes = tuple(change_line(c, lang) for c in change.changes)
            lines.append(EditionLine(step.after.edition, False, changes))
        first = step.before.edition
    return (*lines, EditionLine(first, True, ()))
