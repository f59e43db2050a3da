from datetime import date
from decimal import Decimal

import pytest

from checklists import Answer, Catalogue, EvidenceItem, Flag, Outcome
from checklists.engine.model import Applicability, Comparator
from tests.checklists.small import (
    ALWAYS_ANSWERED,
    ANALYSIS,
    FILED,
    FUND,
    LIFETIME,
    NOTICE_DAYS,
    OPERATOR,
    PHASES,
    POLICY,
    POLICY_OVER_THE_WINDOW,
    PROBABILITY,
    REPORT,
    REVIEWED,
    RULES_KNOWN,
    SUPPLIER,
    row,
)

MET, PARTLY_MET, NOT_MET = Outcome.MET, Outcome.PARTLY_MET, Outcome.NOT_MET
NOT_ANSWERED, NOT_APPLICABLE = Outcome.NOT_ANSWERED, Outcome.NOT_APPLICABLE
UNDETERMINED = Outcome.UNDETERMINED


@pytest.mark.parametrize(
    ("value", "outcome", "en", "zh"),
    [
        ("yes", MET, "Answered “yes”.", "回答为“是”。"),
        ("partly", PARTLY_MET, "Answered “partly”: counts half.", "回答为“部分”，计一半分。"),
        ("no", NOT_MET, "Answered “no”.", "回答为“否”。"),
    ],
)
def test_yes_partly_and_no_mean_what_they_say(
    small: Catalogue, value: str, outcome: Outcome, en: str, zh: str
) -> None:
    evaluation = row(small, RULES_KNOWN, Answer(value))
    assert evaluation.outcome is outcome
    assert (evaluation.reason.en, evaluation.reason.zh_hans) == (en, zh)


def test_a_document_is_in_place_or_not(small: Catalogue) -> None:
    assert row(small, POLICY, Answer("in_place"), POLICY_OVER_THE_WINDOW).outcome is MET
    assert row(small, POLICY, Answer("not_in_place"), POLICY_OVER_THE_WINDOW).outcome is NOT_MET


@pytest.mark.parametrize(
    ("option", "outcome"), [("all", MET), ("some", PARTLY_MET), ("none", NOT_MET)]
)
def test_each_option_leads_to_its_outcome(small: Catalogue, option: str, outcome: Outcome) -> None:
    assert row(small, PHASES, Answer(option)).outcome is outcome


def test_an_option_says_what_it_counts_as(small: Catalogue) -> None:
    reason = row(small, PHASES, Answer("some")).reason
    assert reason.en == "The choice “Some phases” counts as partly met."
    assert reason.zh_hans == "所选“部分阶段”计为“部分符合”。"


def test_no_answer_is_not_answered(small: Catalogue) -> None:
    assert row(small, RULES_KNOWN).outcome is NOT_ANSWERED
    assert row(small, RULES_KNOWN).reason.en == "Not answered yet."


def test_what_does_not_apply_is_not_applicable_and_leaves_the_sum(small: Catalogue) -> None:
    evaluation = row(small, POLICY, Answer("not_in_place"), facts=SUPPLIER)
    assert evaluation.outcome is NOT_APPLICABLE
    assert evaluation.points is None
    assert evaluation.reason == evaluation.applicability_reason


def test_what_may_apply_is_undetermined_whatever_the_answer(small: Catalogue) -> None:
    facts = {**OPERATOR, "mission.launch": None}
    evaluation = row(small, POLICY, Answer("in_place"), POLICY_OVER_THE_WINDOW, facts=facts)
    assert evaluation.outcome is UNDETERMINED
    assert evaluation.points == 0
    assert evaluation.weight == 10
    assert evaluation.reason.en.endswith("Until then it counts nothing.")


def test_an_open_opportunity_is_not_said_to_count_nothing(small: Catalogue) -> None:
    evaluation = row(small, FUND, facts={})
    assert evaluation.weight == 0
    assert "counts nothing" not in evaluation.reason.en


# Not applicable, don't know, come back ------------------------------------------------------------


def test_not_applicable_needs_a_reason(small: Catalogue) -> None:
    stated = row(small, RULES_KNOWN, Answer(None, "We have no such plant."))
    assert stated.outcome is NOT_APPLICABLE
    assert "“We have no such plant.”" in stated.reason.en
    assert row(small, RULES_KNOWN, Answer(None, "  ")).outcome is NOT_ANSWERED


def test_not_applicable_is_refused_where_it_is_not_possible(small: Catalogue) -> None:
    evaluation = row(small, ALWAYS_ANSWERED, Answer(None, "We have no such plant."))
    assert evaluation.outcome is NOT_ANSWERED
    assert "not possible here" in evaluation.reason.en


def test_a_value_beside_a_reason_is_judged(small: Catalogue) -> None:
    assert row(small, RULES_KNOWN, Answer("no", "We have none.")).outcome is NOT_MET


def test_dont_know_yet_is_not_answered_whatever_the_value(small: Catalogue) -> None:
    for answer in (Answer("yes", flag=Flag.DONT_KNOW), Answer(None, "None.", Flag.DONT_KNOW)):
        evaluation = row(small, RULES_KNOWN, answer)
        assert evaluation.outcome is NOT_ANSWERED
        assert "don't know yet" in evaluation.reason.en
        assert evaluation.flag is Flag.DONT_KNOW


def test_come_back_to_this_leaves_the_outcome_and_stays_on_the_row(small: Catalogue) -> None:
    evaluation = row(small, RULES_KNOWN, Answer("yes", flag=Flag.COME_BACK))
    assert evaluation.outcome is MET
    assert evaluation.flag is Flag.COME_BACK


@pytest.mark.parametrize(
    ("requirement", "value"),
    [
        (RULES_KNOWN, "maybe"),
        (RULES_KNOWN, Decimal(1)),
        (PHASES, "an option of an older edition"),
        (LIFETIME, "4.6"),
        (LIFETIME, Decimal("NaN")),
        (FILED, "2027-03-12"),
    ],
)
def test_a_stored_value_that_no_longer_fits_asks_to_be_answered_again(
    small: Catalogue, requirement: str, value: str | Decimal
) -> None:
    evaluation = row(small, requirement, Answer(value), ANALYSIS)
    assert evaluation.outcome is NOT_ANSWERED
    assert "no longer fits" in evaluation.reason.en


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "outcome", "best"),
    [
        ("0", MET, "reached"),
        ("5", MET, "reached"),
        ("5.01", MET, "missed"),
        ("25", MET, "missed"),
        ("25.01", NOT_MET, None),
    ],
)
def test_a_maximum_holds_on_the_limit_and_not_above(
    small: Catalogue, value: str, outcome: Outcome, best: str | None
) -> None:
    evaluation = row(small, LIFETIME, Answer(Decimal(value)), ANALYSIS)
    assert evaluation.outcome is outcome
    assert evaluation.best_practice == best


def test_below_does_not_hold_on_the_limit(small: Catalogue) -> None:
    assert row(small, PROBABILITY, Answer(Decimal("0.0001"))).outcome is NOT_MET
    assert row(small, PROBABILITY, Answer(Decimal("0.00009"))).outcome is MET


def test_a_minimum_holds_on_the_limit_and_not_below(small: Catalogue) -> None:
    assert row(small, NOTICE_DAYS, Answer(Decimal(30))).outcome is MET
    assert row(small, NOTICE_DAYS, Answer(Decimal(29))).outcome is NOT_MET


def test_a_number_is_explained_with_limit_basis_and_best_practice(small: Catalogue) -> None:
    reason = row(small, LIFETIME, Answer(Decimal("4.6")), ANALYSIS).reason
    assert reason.en.startswith(
        "4.6 years is within the limit of 25 years (administrative notice). "
        "Best practice (at most 5 years; a foreign rule, for comparison) is met as well."
    )
    assert reason.zh_hans.startswith(
        "4.6年，未超过25年的上限（行政通知）。同时达到最佳做法（不超过5年，境外规则，仅供对照）。"
    )


def test_met_below_best_practice_says_so(small: Catalogue) -> None:
    reason = row(small, LIFETIME, Answer(Decimal(11)), ANALYSIS).reason
    assert "is not reached: met, below best practice." in reason.en


def test_one_year_is_singular(small: Catalogue) -> None:
    assert row(small, LIFETIME, Answer(Decimal(1)), ANALYSIS).reason.en.startswith("1 year is")


def test_small_probabilities_are_plain_decimals(small: Catalogue) -> None:
    reason = row(small, PROBABILITY, Answer(Decimal("1E-7"))).reason
    assert reason.en == ("0.0000001 is below the limit of 0.0001 (a foreign rule, for comparison).")
    assert "E" not in reason.zh_hans


def test_a_limit_of_our_own_is_called_our_suggestion(small: Catalogue) -> None:
    met = row(small, NOTICE_DAYS, Answer(Decimal(30))).reason
    assert met.en == "30 days reaches the minimum of 30 days (our suggestion; no rule sets it)."
    missed = row(small, NOTICE_DAYS, Answer(Decimal(1))).reason
    assert "our suggestion; no rule sets it" in missed.en


def test_a_requirement_may_word_its_own_failure(small: Catalogue) -> None:
    reason = row(small, NOTICE_DAYS, Answer(Decimal(1))).reason
    assert reason.en.startswith("1 day of notice is less than the 30 we suggest.")


def test_an_own_sentence_without_chinese_gives_way_to_ours(small: Catalogue) -> None:
    reason = row(small, NOTICE_DAYS, Answer(Decimal(1))).reason
    assert reason.zh_hans == "1天，未达到30天的下限（本系统建议，无规定依据）。"


def test_the_limit_travels_with_the_evaluation(small: Catalogue) -> None:
    evaluation = row(small, LIFETIME, Answer(Decimal(4)), ANALYSIS)
    assert evaluation.limit is not None
    assert evaluation.limit.comparator is Comparator.AT_MOST
    assert evaluation.limit.in_force_from == date(2021, 5, 1)
    assert evaluation.limit_value == 25
    assert evaluation.limit_unit == "year"
    assert evaluation.limit_reference == "NOTICE-1"


def test_limit_and_target_are_known_before_there_is_an_answer(small: Catalogue) -> None:
    for evaluation in (row(small, LIFETIME), row(small, LIFETIME, Answer(None, "None."))):
        assert evaluation.limit_value == 25
        assert evaluation.target is not None
        assert evaluation.target.value == 5
        assert evaluation.target.basis == "foreign_rule"
    assert row(small, LIFETIME, facts=SUPPLIER).limit is None
    assert row(small, REPORT, facts={}).limit is None  # one, two or four hours


# Dated limits and variants ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "limit"),
    [
        (date(2021, 4, 30), None),
        (date(2021, 5, 1), 25),
        (date(2027, 12, 31), 25),
        (date(2028, 1, 1), 10),
    ],
)
def test_the_limit_is_the_one_in_force_on_the_day(
    small: Catalogue, as_of: date, limit: int | None
) -> None:
    assert row(small, LIFETIME, Answer(Decimal(4)), as_of=as_of).limit_value == limit


def test_before_any_limit_a_number_is_only_noted(small: Catalogue) -> None:
    evaluation = row(small, LIFETIME, Answer(Decimal(900)), ANALYSIS, as_of=date(2020, 1, 1))
    assert evaluation.outcome is MET
    assert "no limit is in force" in evaluation.reason.en


@pytest.mark.parametrize(
    ("staff", "launch", "limit"), [(40, False, 4), (40, True, 2), (101, False, 1), (101, True, 1)]
)
def test_a_variant_that_is_true_replaces_the_limit_and_the_strictest_wins(
    small: Catalogue, staff: int, launch: bool, limit: int
) -> None:
    facts = {**OPERATOR, "firm.staff": Decimal(staff), "mission.launch": launch}
    assert row(small, REPORT, Answer(Decimal(1)), facts=facts).limit_value == limit


@pytest.mark.parametrize(
    ("hours", "outcome"), [("1", MET), ("1.5", UNDETERMINED), ("2", UNDETERMINED), ("2.5", NOT_MET)]
)
def test_an_unknown_variant_matters_only_between_the_limits(
    small: Catalogue, hours: str, outcome: Outcome
) -> None:
    facts = {**OPERATOR, "firm.staff": None}  # a launch: 2 hours; large as well: 1 hour
    evaluation = row(small, REPORT, Answer(Decimal(hours)), facts=facts)
    assert evaluation.outcome is outcome
    assert evaluation.missing_facts == (("firm.staff",) if outcome is UNDETERMINED else ())


def test_among_open_limits_the_one_closest_to_the_outcome_is_named(small: Catalogue) -> None:
    kept = row(small, REPORT, Answer(Decimal(1)), facts={})
    assert kept.limit_value == 1
    assert kept.reason.en == (
        "1 hour keeps every limit that may apply here; the strictest is at most 1 hour."
    )
    broken = row(small, REPORT, Answer(Decimal(5)), facts={})
    assert broken.limit_value == 4
    assert broken.reason.zh_hans == "5小时，不符合本项可能适用的任何限值，其中最宽为不超过4小时。"


def test_an_open_limit_names_the_limits_and_the_question(small: Catalogue) -> None:
    reason = row(small, REPORT, Answer(Decimal(3)), facts={}).reason
    assert "at most 1 hour, at most 2 hours or at most 4 hours" in reason.en
    assert "“How many people work in the firm?”" in reason.en
    assert "不超过1小时、不超过2小时或不超过4小时" in reason.zh_hans


def test_a_looser_open_variant_does_not_matter_beside_a_strict_true_one(small: Catalogue) -> None:
    facts = {**OPERATOR, "firm.staff": Decimal(500), "mission.launch": None}
    assert row(small, REPORT, Answer(Decimal("1.5")), facts=facts).outcome is NOT_MET


# Dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "outcome"), [(12, MET), (13, NOT_MET)])
def test_a_date_is_held_against_a_mission_date(
    small: Catalogue, day: int, outcome: Outcome
) -> None:
    evaluation = row(small, FILED, Answer(date(2027, 3, day)))
    assert evaluation.outcome is outcome
    assert "12 Mar 2027" in evaluation.reason.en
    assert "2027年3月12日" in evaluation.reason.zh_hans


def test_a_date_is_held_against_the_day_of_the_assessment(small: Catalogue) -> None:
    assert row(small, REVIEWED, Answer(date(2026, 11, 20))).outcome is MET
    assert row(small, REVIEWED, Answer(date(2026, 11, 21))).outcome is NOT_MET


def test_a_date_waits_for_an_unknown_mission_date(small: Catalogue) -> None:
    facts = {**OPERATOR, "mission.window_from": None}
    evaluation = row(small, FILED, Answer(date(2027, 3, 1)), facts=facts)
    assert evaluation.applicability is Applicability.APPLIES
    assert evaluation.outcome is UNDETERMINED
    assert evaluation.missing_facts == ("mission.window_from",)


def test_two_evaluations_that_say_the_same_are_equal(small: Catalogue) -> None:
    first = row(small, LIFETIME, Answer(Decimal(4)), EvidenceItem("orbit_analysis"))
    assert first == row(small, LIFETIME, Answer(Decimal(4)), EvidenceItem("orbit_analysis"))
    assert first != row(small, LIFETIME, Answer(Decimal(5)), EvidenceItem("orbit_analysis"))
