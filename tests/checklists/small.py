"""The small catalogue of the engine's tests, and the facts and answers that recur with it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from checklists import (
    Answer,
    AssessmentEvaluation,
    Catalogue,
    Evaluation,
    EvidenceItem,
    Outcome,
    evaluate_assessment,
)
from checklists.engine.model import FactValue

FIXTURES = Path(__file__).parent / "fixtures"
AS_OF = date(2026, 11, 20)

RULES_KNOWN = "small.m01.rules_known"
POLICY = "small.m01.policy_in_force"
LIFETIME = "small.m01.orbit_lifetime"
PROBABILITY = "small.m01.failure_probability"
REPORT = "small.m02.report_after_incident"
PHASES = "small.m02.phases_covered"
FILED = "small.m02.filed_before_window"
FUND = "small.m02.fund_claimed"
REPEALED = "small.m02.repealed_rule"
ALWAYS_ANSWERED = "small.m02.always_answered"
NOTICE_DAYS = "small.m02.days_of_notice"
REVIEWED = "small.m02.last_reviewed_on"

# An operator with one satellite in low orbit and a launch in March 2027: everything applies.
OPERATOR: dict[str, FactValue | None] = {
    "firm.roles": ("satellite_operator", "launch_service_provider"),
    "firm.staff": Decimal(40),
    "mission.launch": True,
    "mission.window_from": date(2027, 3, 12),
    "mission.window_until": date(2027, 3, 26),
    "mission.orbit": "leo",
    "mission.altitude_km": Decimal(550),
}
SUPPLIER: dict[str, FactValue | None] = {"firm.roles": ("supplier",), "firm.staff": Decimal(40)}

POLICY_OVER_THE_WINDOW = EvidenceItem("insurance_policy", date(2026, 3, 1), date(2027, 12, 31))
ANALYSIS = EvidenceItem("orbit_analysis")

# Every requirement that applies to OPERATOR, answered as well as can be.
ALL_MET: dict[str, Answer] = {
    RULES_KNOWN: Answer("yes"),
    POLICY: Answer("in_place"),
    LIFETIME: Answer(Decimal("4.6")),
    PROBABILITY: Answer(Decimal("0.00001")),
    REPORT: Answer(Decimal(1)),
    PHASES: Answer("all"),
    FILED: Answer(date(2027, 3, 12)),
    FUND: Answer("yes"),
    ALWAYS_ANSWERED: Answer("yes"),
    NOTICE_DAYS: Answer(Decimal(30)),
    REVIEWED: Answer(date(2026, 11, 20)),
}
ALL_EVIDENCE: dict[str, Sequence[EvidenceItem]] = {
    POLICY: [POLICY_OVER_THE_WINDOW],
    LIFETIME: [ANALYSIS],
    PHASES: [EvidenceItem("warranty")],
}


def evaluated(
    catalogue: Catalogue,
    facts: Mapping[str, FactValue | None] = OPERATOR,
    answers: Mapping[str, Answer] | None = None,
    evidence: Mapping[str, Sequence[EvidenceItem]] | None = None,
    *,
    as_of: date = AS_OF,
    determinations: Mapping[str, Outcome] | None = None,
) -> AssessmentEvaluation:
    return evaluate_assessment(
        catalogue,
        as_of=as_of,
        facts=facts,
        answers=answers or {},
        evidence=evidence or {},
        determinations=determinations,
    )


def row(
    catalogue: Catalogue,
    requirement: str,
    answer: Answer | None = None,
    *items: EvidenceItem,
    facts: Mapping[str, FactValue | None] = OPERATOR,
    as_of: date = AS_OF,
) -> Evaluation:
    """The evaluation of one requirement, with one answer and its evidence."""
    answers = {} if answer is None else {requirement: answer}
    return evaluated(catalogue, facts, answers, {requirement: items}, as_of=as_of).rows[requirement]
