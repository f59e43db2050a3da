from datetime import date
from decimal import Decimal

import pytest

from checklists import Answer, Catalogue, EvidenceItem, Outcome
from checklists.engine.model import EvidenceProblem, Score
from tests.checklists.small import (
    LIFETIME,
    OPERATOR,
    PHASES,
    POLICY,
    POLICY_OVER_THE_WINDOW,
    evaluated,
    row,
)

IN_PLACE = Answer("in_place")
OPENS, CLOSES = date(2027, 3, 12), date(2027, 3, 26)
WINDOW_UNKNOWN = {**OPERATOR, "mission.window_from": None, "mission.window_until": None}


def policy(starts: date | None, ends: date | None) -> EvidenceItem:
    return EvidenceItem("insurance_policy", starts, ends)


def test_required_evidence_that_is_missing_leaves_half(small: Catalogue) -> None:
    evaluation = row(small, POLICY, IN_PLACE)
    assert evaluation.outcome is Outcome.PARTLY_MET
    assert evaluation.missing_evidence == ("insurance_policy",)
    assert "“insurance policy” is not attached" in evaluation.reason.en
    assert "“保险单”尚未附上" in evaluation.reason.zh_hans


def test_evidence_of_another_kind_does_not_stand_in(small: Catalogue) -> None:
    evaluation = row(small, POLICY, IN_PLACE, EvidenceItem("premium_receipt"))
    assert evaluation.outcome is Outcome.PARTLY_MET


def test_evidence_without_dates_is_valid(small: Catalogue) -> None:
    assert row(small, POLICY, IN_PLACE, policy(None, None)).outcome is Outcome.MET


def test_helpful_evidence_is_not_asked_for(small: Catalogue) -> None:
    assert row(small, POLICY, IN_PLACE, POLICY_OVER_THE_WINDOW).outcome is Outcome.MET


@pytest.mark.parametrize(
    ("starts", "ends", "problem", "item_on", "needed_on"),
    [
        (None, date(2026, 11, 19), EvidenceProblem.EXPIRED, date(2026, 11, 19), None),
        (date(2026, 11, 21), None, EvidenceProblem.NOT_YET_EFFECTIVE, date(2026, 11, 21), None),
        (None, date(2027, 3, 11), EvidenceProblem.ENDS_EARLY, date(2027, 3, 11), OPENS),
        (None, date(2027, 3, 25), EvidenceProblem.ENDS_EARLY, date(2027, 3, 25), CLOSES),
        (None, date(2027, 3, 26), None, None, None),
        (date(2026, 11, 20), date(2027, 3, 26), None, None, None),
    ],
)
def test_evidence_is_valid_to_the_day(
    small: Catalogue,
    starts: date | None,
    ends: date | None,
    problem: EvidenceProblem | None,
    item_on: date | None,
    needed_on: date | None,
) -> None:
    evaluation = row(small, POLICY, IN_PLACE, policy(starts, ends))
    if problem is None:
        assert evaluation.outcome is Outcome.MET
        assert evaluation.evidence_faults == ()
        return
    assert evaluation.outcome is Outcome.PARTLY_MET
    (fault,) = evaluation.evidence_faults
    assert (fault.problem, fault.item_on) == (problem, item_on)
    assert fault.needed_on == (needed_on or date(2026, 11, 20))
    assert evaluation.missing_evidence == ()


def test_a_policy_that_ends_before_the_window_is_told_with_both_dates(small: Catalogue) -> None:
    reason = row(small, POLICY, IN_PLACE, policy(None, date(2027, 2, 28))).reason
    assert reason.en == (
        "The document is in place, but it ends on 28 Feb 2027, before the launch window opens on "
        "12 Mar 2027. Evidence that ends early counts as partly met at most."
    )
    assert reason.zh_hans == (
        "文件已具备，但于2027年2月28日到期，早于2027年3月12日开启的发射窗口。"
        "提前失效的材料最多计为“部分符合”。"
    )


def test_evidence_that_starts_after_the_window_opens_is_told(small: Catalogue) -> None:
    old, new = policy(None, date(2026, 12, 31)), policy(date(2027, 3, 20), None)
    evaluation = row(small, POLICY, IN_PLACE, old, new)
    assert evaluation.outcome is Outcome.PARTLY_MET
    only_later = row(small, POLICY, IN_PLACE, policy(date(2027, 3, 20), None))
    assert only_later.evidence_faults[0].problem is EvidenceProblem.NOT_YET_EFFECTIVE


def test_a_policy_and_its_renewal_cover_the_window_together(small: Catalogue) -> None:
    first, renewal = policy(None, date(2027, 3, 14)), policy(date(2027, 3, 15), date(2028, 3, 14))
    assert row(small, POLICY, IN_PLACE, first, renewal).outcome is Outcome.MET
    assert row(small, POLICY, IN_PLACE, renewal, first).outcome is Outcome.MET


def test_a_day_without_cover_inside_the_window_is_found(small: Catalogue) -> None:
    first, late = policy(None, date(2027, 3, 14)), policy(date(2027, 3, 16), date(2028, 3, 14))
    evaluation = row(small, POLICY, IN_PLACE, first, late)
    assert evaluation.outcome is Outcome.PARTLY_MET
    assert evaluation.evidence_faults[0].item_on == date(2027, 3, 14)


def test_a_window_typed_the_wrong_way_round_is_the_same_window(small: Catalogue) -> None:
    facts = {**OPERATOR, "mission.window_from": CLOSES, "mission.window_until": OPENS}
    ends_inside = policy(None, date(2027, 3, 20))
    evaluation = row(small, POLICY, IN_PLACE, ends_inside, facts=facts)
    assert evaluation.outcome is Outcome.PARTLY_MET
    assert "before the launch window closes on 26 Mar 2027" in evaluation.reason.en


def test_an_unknown_window_is_judged_today_and_says_so(small: Catalogue) -> None:
    policy_of_now = policy(None, date(2027, 2, 28))
    evaluation = row(small, POLICY, IN_PLACE, policy_of_now, facts=WINDOW_UNKNOWN)
    assert evaluation.outcome is Outcome.MET
    assert "could not be checked in full" in evaluation.reason.en
    assert "无法核对" in evaluation.reason.zh_hans


def test_a_half_known_window_is_judged_by_what_is_known(small: Catalogue) -> None:
    facts = {**OPERATOR, "mission.window_until": None}
    early = row(small, POLICY, IN_PLACE, policy(None, date(2027, 2, 28)), facts=facts)
    assert early.outcome is Outcome.PARTLY_MET
    late = row(small, POLICY, IN_PLACE, policy(None, date(2027, 3, 12)), facts=facts)
    assert late.outcome is Outcome.MET
    assert "could not be checked in full" in late.reason.en


def test_a_covered_window_is_said_to_be_covered(small: Catalogue) -> None:
    reason = row(small, POLICY, IN_PLACE, POLICY_OVER_THE_WINDOW).reason
    assert reason.en.endswith(
        "The required evidence is valid on 20 Nov 2026 and covers the launch window."
    )


def test_evidence_limits_other_kinds_of_answers_as_well(small: Catalogue) -> None:
    evaluation = row(small, LIFETIME, Answer(Decimal(4)))
    assert evaluation.outcome is Outcome.PARTLY_MET
    assert evaluation.best_practice == "reached"
    assert "But the evidence “orbit analysis” is not attached." in evaluation.reason.en


def test_evidence_does_not_lift_a_bad_answer(small: Catalogue) -> None:
    evaluation = row(small, POLICY, Answer("not_in_place"), POLICY_OVER_THE_WINDOW)
    assert evaluation.outcome is Outcome.NOT_MET


def test_coverage_counts_what_is_claimed_and_has_kinds_of_evidence(small: Catalogue) -> None:
    answers = {
        POLICY: IN_PLACE,
        LIFETIME: Answer(Decimal(4)),
        PHASES: Answer("some"),
    }
    evidence = {POLICY: [POLICY_OVER_THE_WINDOW], PHASES: [EvidenceItem("warranty")]}
    coverage = evaluated(small, answers=answers, evidence=evidence).evidence_coverage
    assert coverage == Score(2 * 2, 3)
    assert str(coverage.percent) == "66.7"


def test_helpful_evidence_counts_as_cover_only_while_it_is_valid(small: Catalogue) -> None:
    answers = {PHASES: Answer("all")}
    ended = EvidenceItem("warranty", None, date(2027, 3, 11))
    coverage = evaluated(small, answers=answers, evidence={PHASES: [ended]}).evidence_coverage
    assert coverage.percent == 0
    assert evaluated(small).evidence_coverage.percent is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (date(2026, 11, 20), "ends on 20 Nov 2026, the very day of the date of judgement"),
        (date(2026, 12, 20), "ends on 20 Dec 2026, 30 days after the date of judgement"),
        (date(2026, 12, 21), ""),
        (None, ""),
    ],
)
def test_evidence_that_ends_within_thirty_days_is_met_and_says_so(
    small: Catalogue, ends: date | None, said: str
) -> None:
    held = policy(date(2026, 1, 1), ends)
    evaluation = row(small, POLICY, IN_PLACE, held, facts=WINDOW_UNKNOWN)
    assert evaluation.outcome is Outcome.MET
    reason = evaluation.reason
    assert (said in reason.en) if said else ("renew it" not in reason.en)
    assert ("到期" in reason.zh_hans) is bool(said)


def test_a_renewal_that_follows_at_once_is_no_end(small: Catalogue) -> None:
    items = [policy(date(2026, 1, 1), date(2026, 12, 1)), policy(date(2026, 12, 2), None)]
    evaluation = row(small, POLICY, IN_PLACE, *items, facts=WINDOW_UNKNOWN)
    assert "renew it" not in evaluation.reason.en
