"""The stored side of an assessment → the engine's inputs, and what the engine makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from checklists import (
    Answer as EngineAnswer,
)
from checklists import (
    AssessmentEvaluation,
    Catalogue,
    CatalogueError,
    Evaluation,
    EvidenceItem,
    Flag,
    InvalidValue,
    evaluate_assessment,
    evaluate_requirement,
    parse_answer,
    parse_fact,
)
from checklists.engine.model import FactValue
from compliance.errors import RulesMissing
from compliance.models import Answer, Assessment, Evidence, EvidenceUse
from compliance.selectors.editions import edition_of


@dataclass(frozen=True)
class AssessmentState:
    """An assessment with everything that is judged, and the judgement."""

    assessment: Assessment
    catalogue: Catalogue
    facts: Mapping[str, FactValue | None]
    answers: Mapping[str, Answer]  # by requirement id
    typed_answers: Mapping[str, EngineAnswer]
    evidence: Mapping[str, list[Evidence]]  # by requirement id
    evaluation: AssessmentEvaluation

    def is_carried_over(self, requirement: str) -> bool:
        """Whether an answer or evidence of an earlier assessment still waits to be confirmed."""
        answer = self.answers.get(requirement)
        return (answer is not None and answer.is_carried_over) or any(
            piece.is_carried_over for piece in self.evidence.get(requirement, ())
        )

    @property
    def open_facts(self) -> list[str]:
        """Facts that would settle something and are not even marked "don't know yet"."""
        return [name for name in self.evaluation.missing_facts if name not in self.assessment.facts]


def catalogue_of(assessment: Assessment) -> Catalogue:
    """The rules this assessment is judged by."""
    try:
        return edition_of(assessment)
    except CatalogueError as error:
        raise RulesMissing(
            _("The framework %(id)s was removed or is broken. Ask whoever runs the site.")
            % {"id": assessment.catalogue_id}
        ) from error


def typed_facts(catalogue: Catalogue, stored: Mapping[str, Any]) -> dict[str, FactValue | None]:
    """Stored facts as typed values; one the catalogue no longer understands counts as unknown."""
    facts: dict[str, FactValue | None] = {}
    for name, raw in stored.items():
        fact = catalogue.facts.get(name)
        if fact is None:
            continue
        try:
            facts[name] = parse_fact(fact, raw)
        except InvalidValue:
            facts[name] = None
    return facts


def typed_answer(catalogue: Catalogue, answer: Answer) -> EngineAnswer:
    """A stored answer as the engine reads it; a value that no longer fits counts as not given."""
    requirement = catalogue.requirements.get(answer.requirement)
    value = None
    if requirement is not None:
        try:
            value = parse_answer(requirement, answer.value)
        except InvalidValue:
            value = None
    flag = Flag(answer.flag) if answer.flag else None
    return EngineAnswer(value, answer.not_applicable_reason, flag)


def answers_of(assessment: Assessment, *, with_people: bool = True) -> dict[str, Answer]:
    """The stored answers by requirement id (one query), with those who gave them if asked."""
    answers = Answer.objects.filter(assessment=assessment)
    if with_people:
        answers = answers.select_related("updated_by")
    return {answer.requirement: answer for answer in answers}


def evidence_of(
    assessment: Assessment, requirement: str = "", *, with_people: bool = True
) -> dict[str, list[Evidence]]:
    """The attached evidence by requirement id, of one or of all of them (one query)."""
    uses = (
        EvidenceUse.objects.filter(assessment=assessment)
        .select_related("evidence__added_by" if with_people else "evidence")
        .order_by("evidence__added_at", "evidence_id")
    )
    if requirement:
        uses = uses.filter(requirement=requirement)
    attached: dict[str, list[Evidence]] = defaultdict(list)
    for use in uses:
        use.evidence.is_carried_over = use.is_carried_over
        attached[use.requirement].append(use.evidence)
    return dict(attached)


def _items(attached: Iterable[Evidence]) -> list[EvidenceItem]:
    return [EvidenceItem(e.kind, e.effective_on, e.expires_on) for e in attached]


def row_of(assessment: Assessment, requirement: str, answer: Answer | None) -> Evaluation:
    """One requirement of the assessment, judged with this answer (one query: its evidence)."""
    catalogue = catalogue_of(assessment)
    return evaluate_requirement(
        catalogue,
        requirement,
        as_of=assessment.as_of,
        facts=typed_facts(catalogue, assessment.facts),
        answer=typed_answer(catalogue, answer) if answer else None,
        evidence=_items(evidence_of(assessment, requirement).get(requirement, ())),
    )


def evaluation_of(
    assessment: Assessment,
    *,
    answers: Mapping[str, Answer] | None = None,
    evidence: Mapping[str, list[Evidence]] | None = None,
    catalogue: Catalogue | None = None,
    with_people: bool = True,
) -> AssessmentState:
    """The assessment judged as it stands (at most two queries: answers, evidence).

    `catalogue`: another edition than its own, to see what that would make of it.
    `with_people`: whether the caller names who answered and who added the evidence; to load them
    for every row takes as long as to judge the assessment.
    """
    catalogue = catalogue or catalogue_of(assessment)
    if answers is None:
        answers = answers_of(assessment, with_people=with_people)
    if evidence is None:
        evidence = evidence_of(assessment, with_people=with_people)
    facts = typed_facts(catalogue, assessment.facts)
    typed = {name: typed_answer(catalogue, answer) for name, answer in answers.items()}
    items = {name: _items(attached) for name, attached in evidence.items()}
    evaluation = evaluate_assessment(
        catalogue, as_of=assessment.as_of, facts=facts, answers=typed, evidence=items
    )
    return AssessmentState(assessment, catalogue, facts, answers, typed, evidence, evaluation)
