"""What must hold for every firm, however strange: tried on many, on both catalogues."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checklists import Answer, Catalogue, EvidenceItem, Flag, Outcome, evaluate_assessment
from checklists.engine.model import (
    AnswerKind,
    Applicability,
    AssessmentEvaluation,
    Band,
    Comparator,
    DateCheck,
    Fact,
    FactKind,
    NumberCheck,
    Requirement,
    Score,
    Severity,
    Track,
)

AS_OF = date(2026, 11, 20)

# Each firm answers every requirement at once, so a few dozen firms try each rule a thousand times.
# A firm is made from one drawn number: 140 answers drawn one by one take minutes to shrink.
SEEDS = st.integers(0, 2**32)
EVERY_FIRM = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Facts = dict[str, Any]
Answers = dict[str, Answer]
Evidence = dict[str, list[EvidenceItem]]


@pytest.fixture(params=["small", "cnsa"])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    named: Catalogue = request.getfixturevalue(request.param)
    return named


class Firm(Random):
    """Chance that knows the catalogue."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        super().__init__(seed)
        self.catalogue = catalogue

    def day(self) -> date:
        return AS_OF + timedelta(days=self.randint(-400, 800))

    def fact(self, fact: Fact) -> Any:
        ids = [choice.id for choice in fact.choices]
        match fact.kind:
            case FactKind.SEVERAL:
                return tuple(self.sample(ids, self.randint(0, len(ids))))
            case FactKind.ONE:
                return self.choice(ids)
            case FactKind.YES_NO:
                return self.random() < 0.5
            case FactKind.NUMBER:
                return Decimal(self.randint(0, 3000))
            case FactKind.DATE:
                return self.day()

    def facts(self, share: float | None = None) -> Facts:
        """Some facts known, some not. Roles more often, or little else would matter."""
        share = self.random() if share is None else share
        return {
            name: self.fact(fact)
            for name, fact in self.catalogue.facts.items()
            if self.random() < (max(share, 0.9) if name == "firm.roles" else share)
        }

    def value(self, requirement: Requirement) -> Any:
        match requirement.answer.kind:
            case AnswerKind.YES_PARTLY_NO:
                return self.choice(["yes", "partly", "no"])
            case AnswerKind.DOCUMENT:
                return self.choice(["in_place", "not_in_place"])
            case AnswerKind.CHOICE:
                return self.choice([option.id for option in requirement.answer.options])
            case AnswerKind.NUMBER:
                return Decimal(self.choice(["0", "0.0001", "0.9", "1", "7", "30", "100"]))
            case AnswerKind.DATE:
                return self.day()

    def answers(self) -> Answers:
        answers: Answers = {}
        for name, requirement in self.catalogue.requirements.items():
            chance = self.random()
            if chance < 0.7:
                answers[name] = Answer(self.value(requirement))
            elif chance < 0.8:
                answers[name] = Answer(None, "There is a reason.")
            elif chance < 0.9:
                answers[name] = Answer(self.value(requirement), "", self.choice([None, *Flag]))
        return answers

    def evidence(self) -> Evidence:
        return {
            name: [
                EvidenceItem(
                    spec.kind, self.choice([None, self.day()]), self.choice([None, self.day()])
                )
                for spec in requirement.evidence
                if self.random() < 0.7
            ]
            for name, requirement in self.catalogue.requirements.items()
        }


def evaluated(
    catalogue: Catalogue,
    facts: Facts,
    answers: Answers | None = None,
    evidence: Evidence | None = None,
    determinations: dict[str, Outcome] | None = None,
) -> AssessmentEvaluation:
    return evaluate_assessment(
        catalogue,
        as_of=AS_OF,
        facts=facts,
        answers=answers or {},
        evidence=evidence or {},
        determinations=determinations,
    )


@settings(EVERY_FIRM, max_examples=40)
@given(seed=SEEDS)
def test_more_facts_never_reopen_or_reverse_what_was_settled(
    catalogue: Catalogue, seed: int
) -> None:
    firm = Firm(catalogue, seed)
    known = firm.facts()
    more = dict(known)
    for name, fact in catalogue.facts.items():
        if name not in more and firm.random() < 0.5:
            more[name] = firm.fact(fact)
    before, after = evaluated(catalogue, known).rows, evaluated(catalogue, more).rows
    for name, row in before.items():
        if row.applicability is not Applicability.UNDETERMINED:
            assert after[name].applicability is row.applicability, name


@settings(EVERY_FIRM, max_examples=40)
@given(seed=SEEDS)
def test_all_facts_settle_everything_and_what_is_open_names_a_fact(
    catalogue: Catalogue, seed: int
) -> None:
    firm = Firm(catalogue, seed)
    known = firm.facts()
    evaluation = evaluated(catalogue, known)
    for row in evaluation.rows.values():
        if row.applicability is Applicability.UNDETERMINED:
            assert row.missing_facts, row.requirement
            assert not set(row.missing_facts) & set(known)
    everything = {name: firm.fact(fact) for name, fact in catalogue.facts.items()}
    settled = evaluated(catalogue, everything)
    assert settled.missing_facts == {}
    assert all(row.applicability is not Applicability.UNDETERMINED for row in settled.rows.values())


def better_or_equal(catalogue: Catalogue, requirement: Requirement, answer: Answer) -> list[Answer]:
    """Answers that no reasonable person would call worse than this one."""
    if answer.flag is Flag.DONT_KNOW or answer.value is None:
        return []
    value = answer.value
    check = requirement.check
    if isinstance(check, NumberCheck) and isinstance(value, Decimal):
        lower_is_better = check.comparator in (Comparator.AT_MOST, Comparator.BELOW)
        return [Answer(value / 2 if lower_is_better else value * 2)]
    if isinstance(check, DateCheck) and isinstance(value, date):
        earlier_is_better = check.comparator is Comparator.ON_OR_BEFORE
        return [Answer(value + timedelta(days=-30 if earlier_is_better else 30))]
    if requirement.answer.kind is AnswerKind.CHOICE:
        points = catalogue.scoring.points2
        options = {option.id: points[option.outcome] for option in requirement.answer.options}
        return [Answer(name) for name, worth in options.items() if worth >= options[str(value)]]
    ladder = {
        AnswerKind.YES_PARTLY_NO: ["no", "partly", "yes"],
        AnswerKind.DOCUMENT: ["not_in_place", "in_place"],
    }[requirement.answer.kind]
    return [Answer(name) for name in ladder[ladder.index(str(value)) :]]


@settings(EVERY_FIRM, max_examples=40)
@given(seed=SEEDS)
def test_a_better_answer_never_lowers_a_score(catalogue: Catalogue, seed: int) -> None:
    firm = Firm(catalogue, seed)
    facts = firm.facts()
    answers = firm.answers()
    evidence = firm.evidence()
    before = evaluated(catalogue, facts, answers, evidence)
    better = dict(answers)
    for name, answer in answers.items():
        choices = better_or_equal(catalogue, catalogue.requirements[name], answer)
        if choices and firm.random() < 0.5:
            better[name] = firm.choice(choices)
    after = evaluated(catalogue, facts, better, evidence)
    for row, improved in zip(before.rows.values(), after.rows.values(), strict=True):
        assert improved.points2 >= row.points2, row.requirement
    for old, new in (
        (before.claimed.duty, after.claimed.duty),
        (before.claimed.upcoming, after.claimed.upcoming),
    ):
        assert new.weight == old.weight
        assert new.points2 >= old.points2
    assert after.opportunities.taken_up >= before.opportunities.taken_up


@settings(EVERY_FIRM, max_examples=40)
@given(seed=SEEDS)
def test_more_evidence_never_lowers_an_outcome(catalogue: Catalogue, seed: int) -> None:
    firm = Firm(catalogue, seed)
    facts = firm.facts()
    answers = firm.answers()
    some, more = firm.evidence(), firm.evidence()
    both = {name: some.get(name, []) + more.get(name, []) for name in {*some, *more}}
    before = evaluated(catalogue, facts, answers, some).rows
    after = evaluated(catalogue, facts, answers, both).rows
    for name, row in before.items():
        assert after[name].points2 >= row.points2, name


@settings(EVERY_FIRM, max_examples=40)
@given(seed=SEEDS)
def test_a_blocking_gap_never_gives_ready(catalogue: Catalogue, seed: int) -> None:
    firm = Firm(catalogue, seed)
    facts = firm.facts()
    # Mostly good answers, so that the average alone would often be enough.
    answers = {
        name: Answer(firm.value(requirement)) if firm.random() < 0.03 else best_answer(requirement)
        for name, requirement in catalogue.requirements.items()
    }
    evidence = {
        name: [EvidenceItem(spec.kind) for spec in requirement.evidence]
        for name, requirement in catalogue.requirements.items()
    }
    evaluation = evaluated(catalogue, facts, answers, evidence)
    gaps = [
        row
        for name, row in evaluation.rows.items()
        if catalogue.requirements[name].track is Track.DUTY
        and catalogue.requirements[name].severity is Severity.BLOCKING
        and row.outcome not in (Outcome.MET, Outcome.NOT_APPLICABLE)
    ]
    assert {row.requirement for row in gaps} == {row.requirement for row in evaluation.blockers}
    if gaps:
        assert evaluation.band is not Band.READY
    if any(row.outcome is Outcome.NOT_MET for row in gaps):
        assert evaluation.band is Band.NOT_READY


def best_answer(requirement: Requirement) -> Answer:
    match requirement.answer.kind:
        case AnswerKind.YES_PARTLY_NO:
            return Answer("yes")
        case AnswerKind.DOCUMENT:
            return Answer("in_place")
        case AnswerKind.CHOICE:
            met = [o.id for o in requirement.answer.options if o.outcome is Outcome.MET]
            return Answer(met[0])
        case AnswerKind.NUMBER:
            low = requirement.check is not None and requirement.check.comparator in (
                Comparator.AT_MOST,
                Comparator.BELOW,
            )
            return Answer(Decimal(0) if low else Decimal(10_000))
        case AnswerKind.DATE:
            return Answer(date(2020, 1, 1))


@settings(EVERY_FIRM, max_examples=20)
@given(seed=SEEDS)
def test_the_order_of_what_is_given_does_not_matter(catalogue: Catalogue, seed: int) -> None:
    firm = Firm(catalogue, seed)
    facts = firm.facts()
    answers = firm.answers()
    evidence = firm.evidence()
    doubled = {name: items + items for name, items in evidence.items()}
    shuffled_facts = {
        name: tuple(reversed(value)) if isinstance(value, tuple) else value
        for name, value in reversed(facts.items())
    }
    shuffled_evidence = {name: items[::-1] for name, items in reversed(doubled.items())}
    first = evaluated(catalogue, facts, answers, evidence)
    second = evaluated(
        catalogue, shuffled_facts, dict(reversed(answers.items())), shuffled_evidence
    )
    assert first == second


@settings(EVERY_FIRM, max_examples=20)
@given(seed=SEEDS)
def test_every_reason_can_be_read_in_both_languages(catalogue: Catalogue, seed: int) -> None:
    firm = Firm(catalogue, seed)
    facts = firm.facts()
    answers = firm.answers()
    evidence = firm.evidence()
    evaluation = evaluated(catalogue, facts, answers, evidence)
    for row in evaluation.rows.values():
        faults = [fault.reason for fault in row.evidence_faults]
        for reason in (row.applicability_reason, row.reason, *faults):
            for sentence in (reason.en, reason.zh_hans):
                assert sentence.endswith((".", "。", "?”", "？”")), sentence
                assert "{" not in sentence
                assert "  " not in sentence


@settings(EVERY_FIRM, max_examples=20)
@given(seed=SEEDS)
def test_confirmed_never_counts_what_nobody_determined(catalogue: Catalogue, seed: int) -> None:
    firm = Firm(catalogue, seed)
    facts = firm.facts()
    answers = firm.answers()
    evaluation = evaluated(catalogue, facts, answers)
    stated_not_applicable = sum(
        row.weight
        for name, row in evaluation.rows.items()
        if catalogue.requirements[name].track is Track.DUTY
        and row.applicability is Applicability.APPLIES
        and row.outcome is Outcome.NOT_APPLICABLE
    )
    assert evaluation.confirmed.duty == Score(
        0, evaluation.claimed.duty.weight + stated_not_applicable
    )
    as_claimed = {name: row.outcome for name, row in evaluation.rows.items()}
    agreed = evaluated(catalogue, facts, answers, determinations=as_claimed)
    assert agreed.confirmed == agreed.claimed
    assert agreed.confirmed_band is agreed.band
    assert agreed.confirmed_blockers == agreed.blockers
