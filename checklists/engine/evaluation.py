"""Facts, answers and evidence → the outcome of every requirement in force, with its reason."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from weakref import WeakKeyDictionary

from checklists.engine import values, wording
from checklists.engine.applicability import ApplicabilityProgram
from checklists.engine.conditions import ConditionProgram, State
from checklists.engine.evidence import NOTHING_TO_CHECK, check_evidence, nothing_attached
from checklists.engine.model import (
    Answer,
    AnswerKind,
    AnswerValue,
    Applicability,
    AssessmentEvaluation,
    Catalogue,
    DateCheck,
    Evaluation,
    EvidenceItem,
    EvidenceProblem,
    FactValue,
    Flag,
    Limit,
    NumberCheck,
    Opportunities,
    Outcome,
    Period,
    Reason,
    Requirement,
    Score,
    Track,
)
from checklists.engine.parameters import Limits, ParameterProgram
from checklists.engine.scoring import (
    ScoreBoard,
    band_of,
    is_blocking_duty,
    weight_of,
    worst_first,
)

REACHED, MISSED = "reached", "missed"

# Looking a member up in its enumeration costs more than the comparison it is wanted for.
APPLIES = Applicability.APPLIES
DOES_NOT_APPLY = Applicability.DOES_NOT_APPLY
MET, PARTLY_MET, NOT_APPLICABLE = Outcome.MET, Outcome.PARTLY_MET, Outcome.NOT_APPLICABLE


class Judgement(NamedTuple):
    """What the answer alone is worth, before any evidence is looked at."""

    outcome: Outcome
    reason: Reason
    limit: Limit | None = None
    best_practice: str | None = None
    missing_facts: tuple[str, ...] = ()


Judge = Callable[[AnswerValue, State, date], Judgement]

_NOT_ANSWERED = Judgement(Outcome.NOT_ANSWERED, Reason(wording.not_answered))
_REASON_NOT_ALLOWED = Judgement(Outcome.NOT_ANSWERED, Reason(wording.reason_not_allowed))
_DONT_KNOW = Judgement(Outcome.NOT_ANSWERED, Reason(wording.dont_know_yet))
_NO_LONGER_FITS = Judgement(Outcome.NOT_ANSWERED, Reason(wording.no_longer_fits))
_NO_ANSWER = Answer()

_WORDS = {
    AnswerKind.YES_PARTLY_NO: {
        values.YES: Judgement(Outcome.MET, Reason(wording.answered_yes)),
        values.PARTLY: Judgement(Outcome.PARTLY_MET, Reason(wording.answered_partly)),
        values.NO: Judgement(Outcome.NOT_MET, Reason(wording.answered_no)),
    },
    AnswerKind.DOCUMENT: {
        values.IN_PLACE: Judgement(Outcome.MET, Reason(wording.document_in_place)),
        values.NOT_IN_PLACE: Judgement(Outcome.NOT_MET, Reason(wording.document_not_in_place)),
    },
}


def _by_word(known: Mapping[str, Judgement]) -> Judge:
    def judge(value: AnswerValue, state: State, as_of: date) -> Judgement:
        return known.get(value, _NO_LONGER_FITS) if isinstance(value, str) else _NO_LONGER_FITS

    return judge


class _NumberJudge:
    """Holds a number against the limit in force."""

    __slots__ = ("catalogue", "check", "conditions", "limits", "targets")

    def __init__(
        self, catalogue: Catalogue, check: NumberCheck, conditions: ConditionProgram
    ) -> None:
        self.catalogue = catalogue
        self.check = check
        self.conditions = conditions
        parameters = catalogue.parameters
        self.limits = ParameterProgram(parameters[check.parameter], check.comparator, conditions)
        best = check.best_practice
        self.targets = (
            ParameterProgram(parameters[best.parameter], best.comparator, conditions)
            if best
            else None
        )

    def __call__(self, value: AnswerValue, state: State, as_of: date) -> Judgement:
        if not isinstance(value, Decimal) or not value.is_finite():
            return _NO_LONGER_FITS
        limits = self.limits.limits(as_of, state)
        if len(limits.possible) == 1:
            limit = limits.possible[0]
            if limit is None:
                unit = self.limits.parameter.unit
                return Judgement(Outcome.MET, Reason(wording.no_limit, value, unit, as_of))
            met = wording.holds(value, limit)
            target, best = self._best_practice(value, as_of, state, met)
            reason = Reason(
                wording.number_judged, self.catalogue, self.check, value, limit, met, target
            )
            return Judgement(Outcome.MET if met else Outcome.NOT_MET, reason, limit, best)
        verdicts = {limit is None or wording.holds(value, limit) for limit in limits.possible}
        if len(verdicts) == 1:
            met = verdicts.pop()
            known = [limit for limit in limits.possible if limit is not None]
            limit = known[0] if met else known[-1]
            _, best = self._best_practice(value, as_of, state, met)
            reason = Reason(wording.every_limit_judged, value, limit, met)
            return Judgement(Outcome.MET if met else Outcome.NOT_MET, reason, limit, best)
        missing = self.conditions.names(limits.wanted)
        reason = Reason(wording.limit_open, self.catalogue, limits.possible, missing)
        return Judgement(Outcome.UNDETERMINED, reason, missing_facts=missing)

    def bounds(self, as_of: date, state: State) -> tuple[Limit | None, Limit | None]:
        """The limit and the best practice, each as far as the facts settle it."""
        targets = self.targets
        return (
            _settled(self.limits.limits(as_of, state)),
            None if targets is None else _settled(targets.limits(as_of, state)),
        )

    def _best_practice(
        self, value: Decimal, as_of: date, state: State, met: bool
    ) -> tuple[Limit | None, str | None]:
        if self.targets is None or not met:
            return None, None
        target = _settled(self.targets.limits(as_of, state))
        # Where the target itself is open there is nothing to boast of, and nothing to regret.
        if target is None:
            return None, None
        return target, REACHED if wording.holds(value, target) else MISSED


def _settled(limits: Limits) -> Limit | None:
    return limits.possible[0] if len(limits.possible) == 1 else None


def _by_date(catalogue: Catalogue, check: DateCheck, conditions: ConditionProgram) -> Judge:
    label = catalogue.facts[check.fact].label if check.fact else None

    def judge(value: AnswerValue, state: State, as_of: date) -> Judgement:
        if not isinstance(value, date):
            return _NO_LONGER_FITS
        held_against = as_of
        if check.fact is not None:
            mission_date = state.value(check.fact)
            if not isinstance(mission_date, date):
                missing: tuple[str, ...] = ()
                if state.is_asked(check.fact) is not False:
                    position = conditions.fact_at[check.fact]
                    missing = conditions.names(conditions.wanted_fact(position, state))
                reason = Reason(wording.date_open, catalogue, check.fact, missing)
                return Judgement(Outcome.UNDETERMINED, reason, missing_facts=missing)
            held_against = mission_date
        before = check.comparator == "on_or_before"
        met = value <= held_against if before else value >= held_against
        reason = Reason(
            wording.date_judged,
            check.comparator,
            value,
            held_against,
            label,
            check.when_not_met,
            met,
        )
        return Judgement(Outcome.MET if met else Outcome.NOT_MET, reason)

    return judge


def _judge_for(
    catalogue: Catalogue, requirement: Requirement, conditions: ConditionProgram
) -> Judge:
    match requirement.check:
        case NumberCheck():
            return _NumberJudge(catalogue, requirement.check, conditions)
        case DateCheck():
            return _by_date(catalogue, requirement.check, conditions)
    if requirement.answer.kind is AnswerKind.CHOICE:
        return _by_word(
            {
                option.id: Judgement(option.outcome, Reason(wording.option_chosen, option))
                for option in requirement.answer.options
            }
        )
    return _by_word(_WORDS[requirement.answer.kind])


class _Rule:
    """One requirement, made ready for many evaluations."""

    __slots__ = (
        "applicability",
        "bounds",
        "catalogue",
        "has_required",
        "is_blocking_duty",
        "is_opportunity",
        "judge",
        "limited_period",
        "nothing_attached",
        "places",
        "requirement",
        "sole_document",
        "weight",
    )

    def __init__(
        self,
        catalogue: Catalogue,
        requirement: Requirement,
        conditions: ConditionProgram,
        board: ScoreBoard,
    ) -> None:
        required = [spec for spec in requirement.evidence if spec.required]
        self.catalogue = catalogue
        self.requirement = requirement
        self.applicability = ApplicabilityProgram(catalogue, requirement.applies_when, conditions)
        self.judge = _judge_for(catalogue, requirement, conditions)
        self.bounds = self.judge.bounds if isinstance(self.judge, _NumberJudge) else None
        self.weight = weight_of(catalogue.scoring, requirement)
        self.places = board.places(requirement)
        self.has_required = bool(required)
        self.sole_document = requirement.answer.kind is AnswerKind.DOCUMENT and len(required) == 1
        self.nothing_attached = nothing_attached(catalogue, requirement.evidence)
        period = requirement.in_force
        self.limited_period = None if period == Period() else period
        self.is_blocking_duty = is_blocking_duty(requirement)
        self.is_opportunity = requirement.track is Track.OPPORTUNITY

    def judged(self, answer: Answer, state: State, as_of: date) -> Judgement:
        """The outcome of an answer to a requirement that applies."""
        if answer.flag is Flag.DONT_KNOW:
            return _DONT_KNOW
        if answer.value is None:
            if answer.not_applicable_reason.strip():
                if self.requirement.answer.may_be_not_applicable:
                    reason = Reason(wording.stated_not_applicable, answer.not_applicable_reason)
                    return Judgement(Outcome.NOT_APPLICABLE, reason)
                return _REASON_NOT_ALLOWED
            return _NOT_ANSWERED
        return self.judge(answer.value, state, as_of)

    def evaluation(
        self,
        answer: Answer,
        items: Sequence[EvidenceItem],
        determined: Outcome | None,
        state: State,
        as_of: date,
    ) -> Evaluation:
        applicability, why, missing_facts = self.applicability.verdict(state)
        check = NOTHING_TO_CHECK
        limit = target = best_practice = None
        covered: bool | None = None
        if applicability is APPLIES:
            judgement = self.judged(answer, state, as_of)
            missing_facts = judgement.missing_facts
            outcome, reason = judgement.outcome, judgement.reason
            if self.requirement.evidence and outcome is not NOT_APPLICABLE:
                check = self.nothing_attached
                if items:
                    check = check_evidence(
                        self.catalogue, self.requirement.evidence, items, state, as_of
                    )
                if outcome is MET or outcome is PARTLY_MET:
                    covered = check.covered
                    if self.has_required:
                        reason = Reason(
                            wording.judged_with_evidence,
                            self.catalogue,
                            reason,
                            outcome,
                            check,
                            as_of,
                            self.sole_document,
                        )
                        if check.faults:
                            outcome = PARTLY_MET
            if self.bounds is not None:
                limit, target = self.bounds(as_of, state)
                limit, best_practice = judgement.limit or limit, judgement.best_practice
        elif applicability is Applicability.UNDETERMINED:
            outcome = Outcome.UNDETERMINED
            reason = Reason(wording.counts_nothing_yet, why) if self.weight else why
        else:
            outcome, reason = NOT_APPLICABLE, why
        points2 = self.catalogue.scoring.points2
        return Evaluation(
            self.requirement.id,
            applicability,
            why,
            missing_facts,
            outcome,
            reason,
            points2[outcome],
            0 if determined is None else points2[determined],
            self.weight,
            limit,
            best_practice,
            tuple(fault.kind for fault in check.faults if fault.problem is EvidenceProblem.MISSING)
            if check.faults
            else (),
            check.faults,
            covered,
            answer.flag,
            determined,
            target,
        )


class _Program:
    """One catalogue, compiled."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.conditions = ConditionProgram(catalogue)
        self.board = ScoreBoard(catalogue)
        self.rules = [
            _Rule(catalogue, requirement, self.conditions, self.board)
            for requirement in catalogue.requirements.values()
        ]
        self.rule_of = {rule.requirement.id: rule for rule in self.rules}


_programs: WeakKeyDictionary[Catalogue, _Program] = WeakKeyDictionary()


def _program_of(catalogue: Catalogue) -> _Program:
    program = _programs.get(catalogue)
    if program is None:
        program = _programs[catalogue] = _Program(catalogue)
    return program


def evaluate_requirement(
    catalogue: Catalogue,
    name: str,
    *,
    as_of: date,
    facts: Mapping[str, FactValue | None],
    answer: Answer | None,
    evidence: Sequence[EvidenceItem],
) -> Evaluation:
    """One requirement, judged as `evaluate_assessment` does; no other answer has a say in it."""
    program = _program_of(catalogue)
    state = program.conditions.state(facts)
    return program.rule_of[name].evaluation(answer or _NO_ANSWER, evidence, None, state, as_of)


def evaluate_assessment(
    catalogue: Catalogue,
    *,
    as_of: date,
    facts: Mapping[str, FactValue | None],
    answers: Mapping[str, Answer],
    evidence: Mapping[str, Sequence[EvidenceItem]],
    determinations: Mapping[str, Outcome] | None = None,
) -> AssessmentEvaluation:
    """Every requirement in force on `as_of`, judged; with scores, bands and blockers.

    Names the catalogue does not know are passed over, and a value of the wrong type counts as not
    given: what enters is checked by `parse_fact` and `parse_answer`.
    """
    program = _program_of(catalogue)
    determinations = determinations or {}
    state = program.conditions.state(facts)
    rows: dict[str, Evaluation] = {}
    points2, weights = program.board.empty()
    confirmed_points2, confirmed_weights = program.board.empty()
    blocking: list[tuple[Evaluation, Outcome]] = []
    effective: list[tuple[Evaluation, Outcome]] = []
    confirmed_blocking: list[Outcome] = []
    taken_up = offered = coverable = covered = 0
    waiting: dict[str, list[str]] = {}

    for rule in program.rules:
        requirement = rule.requirement
        if rule.limited_period is not None and not rule.limited_period.holds(as_of):
            continue
        name = requirement.id
        determined = determinations.get(name)
        row = rows[name] = rule.evaluation(
            answers.get(name, _NO_ANSWER), evidence.get(name, ()), determined, state, as_of
        )
        outcome = row.outcome
        # What the facts rule out is out; what the firm states as not applicable leaves the
        # confirmed sum only once the officer agrees, and all else waits with its weight.
        if determined is not None:
            confirmed = determined
        elif row.applicability is DOES_NOT_APPLY:
            confirmed = NOT_APPLICABLE
        else:
            confirmed = Outcome.NOT_ANSWERED
        weight = rule.weight
        if outcome is not NOT_APPLICABLE:
            earned = row.points2 * weight
            for place in rule.places:
                points2[place] += earned
                weights[place] += weight
        if confirmed is not NOT_APPLICABLE:
            earned = row.confirmed_points2 * weight
            for place in rule.places:
                confirmed_points2[place] += earned
                confirmed_weights[place] += weight
        if rule.is_blocking_duty:
            blocking.append((row, outcome))
            effective.append((row, outcome if determined is None else determined))
            confirmed_blocking.append(confirmed)
        if rule.is_opportunity:
            if row.applicability is APPLIES:
                offered += 1
                taken_up += outcome is MET or outcome is PARTLY_MET
        elif row.evidence_covered is not None:
            coverable += 1
            covered += row.evidence_covered
        for fact in row.missing_facts:
            waiting.setdefault(fact, []).append(name)

    claimed = program.board.scores(points2, weights)
    confirmed_scores = program.board.scores(confirmed_points2, confirmed_weights)
    scoring = catalogue.scoring
    return AssessmentEvaluation(
        as_of=as_of,
        rows=rows,
        claimed=claimed,
        confirmed=confirmed_scores,
        band=band_of((outcome for _, outcome in blocking), claimed.duty, scoring),
        confirmed_band=band_of(confirmed_blocking, confirmed_scores.duty, scoring),
        blockers=worst_first(blocking),
        confirmed_blockers=worst_first(effective),
        evidence_coverage=Score(2 * covered, coverable),
        opportunities=Opportunities(taken_up, offered),
        missing_facts={fact: tuple(waiting[fact]) for fact in catalogue.facts if fact in waiting},
    )
