from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from checklists import Answer, Catalogue, EvidenceItem, Flag, Outcome
from checklists.engine.model import Band, Score, Track
from checklists.engine.scoring import band_of
from tests.checklists.small import (
    ALL_EVIDENCE,
    ALL_MET,
    ALWAYS_ANSWERED,
    FILED,
    FUND,
    LIFETIME,
    OPERATOR,
    POLICY,
    REPORT,
    REVIEWED,
    RULES_KNOWN,
    SUPPLIER,
    evaluated,
)

MET, PARTLY_MET, NOT_MET = Outcome.MET, Outcome.PARTLY_MET, Outcome.NOT_MET
NOT_ANSWERED, NOT_APPLICABLE = Outcome.NOT_ANSWERED, Outcome.NOT_APPLICABLE
UNDETERMINED = Outcome.UNDETERMINED


def but(**changes: Answer) -> Mapping[str, Answer]:
    """The best answers, with some changed (by the last part of the requirement's id)."""
    names = {name.rsplit(".", 1)[1]: name for name in ALL_MET}
    return {**ALL_MET, **{names[slug]: answer for slug, answer in changes.items()}}


@pytest.mark.parametrize(
    ("points2", "weight", "percent"),
    [
        (0, 0, None),
        (0, 3, "0.0"),
        (6, 3, "100.0"),
        (1, 3, "16.7"),
        (2, 3, "33.3"),
        (1999, 1000, "100.0"),  # 99.95: half up
        (1998, 1000, "99.9"),
        (1, 2000, "0.0"),  # 0.025
        (1, 1000, "0.1"),  # 0.05: half up
    ],
)
def test_a_percentage_is_rounded_once_and_half_up(
    points2: int, weight: int, percent: str | None
) -> None:
    shown = Score(points2, weight).percent
    assert (None if shown is None else str(shown)) == percent


def test_everything_met_is_a_hundred_and_ready(small: Catalogue) -> None:
    evaluation = evaluated(small, answers=ALL_MET, evidence=ALL_EVIDENCE)
    assert evaluation.claimed.duty == Score(2 * 36, 36)
    assert evaluation.claimed.upcoming.percent == 100
    assert evaluation.band is Band.READY
    assert evaluation.blockers == ()


def test_weights_follow_the_severity_and_half_counts_half(small: Catalogue) -> None:
    answers = but(rules_known=Answer("partly"), always_answered=Answer("no"))
    duty = evaluated(small, answers=answers, evidence=ALL_EVIDENCE).claimed.duty
    assert duty.weight == 36  # two blocking, two major, three minor
    assert duty.points == Decimal("31.5")


def test_not_applicable_leaves_the_sum(small: Catalogue) -> None:
    answers = but(rules_known=Answer(None, "We have none."), always_answered=Answer("no"))
    duty = evaluated(small, answers=answers, evidence=ALL_EVIDENCE).claimed.duty
    assert duty == Score(2 * 29, 31)


def test_scores_by_measure_section_and_topic_add_up_to_the_track(small: Catalogue) -> None:
    answers = but(rules_known=Answer("partly"), phases_covered=Answer("some"))
    claimed = evaluated(small, answers=answers, evidence=ALL_EVIDENCE).claimed
    for track, total in ((Track.DUTY, claimed.duty), (Track.UPCOMING, claimed.upcoming)):
        for parts in (claimed.by_measure, claimed.by_section, claimed.by_topic):
            of_track = [score for key, score in parts.items() if key[0] is track]
            assert sum(score.points2 for score in of_track) == total.points2
            assert sum(score.weight for score in of_track) == total.weight
    assert claimed.by_measure[Track.DUTY, 1].points == Decimal("22.5")
    assert claimed.by_topic[Track.UPCOMING, "insurance"].points == Decimal("2.5")


def test_a_part_where_nothing_applies_has_no_score(small: Catalogue) -> None:
    claimed = evaluated(small, SUPPLIER).claimed
    assert claimed.by_topic[Track.DUTY, "insurance"].percent is None


def test_an_opportunity_has_no_weight_and_is_counted(small: Catalogue) -> None:
    with_it = evaluated(small, answers=ALL_MET, evidence=ALL_EVIDENCE)
    without = evaluated(small, answers=but(fund_claimed=Answer("no")), evidence=ALL_EVIDENCE)
    assert with_it.claimed == without.claimed
    assert with_it.opportunities == (1, 1)
    assert without.opportunities == (0, 1)
    assert evaluated(small, answers={FUND: Answer("partly")}).opportunities.taken_up == 1
    large = {**OPERATOR, "firm.staff": Decimal(500)}
    assert evaluated(small, large, {FUND: Answer("yes")}).opportunities == (0, 0)


# Bands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocking", "percent", "band"),
    [
        ([NOT_MET, NOT_ANSWERED], 100, Band.NOT_READY),
        ([MET, NOT_ANSWERED], 100, Band.INCOMPLETE),
        ([MET, UNDETERMINED], 100, Band.INCOMPLETE),
        ([MET, NOT_APPLICABLE], 90, Band.READY),
        ([MET, PARTLY_MET], 100, Band.CONDITIONALLY_READY),
        ([MET], 89, Band.CONDITIONALLY_READY),
        ([MET], 70, Band.CONDITIONALLY_READY),
        ([MET], 69, Band.NOT_READY),
        ([], 95, Band.READY),
    ],
)
def test_the_first_rule_that_holds_gives_the_band(
    small: Catalogue, blocking: list[Outcome], percent: int, band: Band
) -> None:
    assert band_of(blocking, Score(2 * percent, 100), small.scoring) is band


def test_a_rounded_ninety_is_not_enough_for_ready(small: Catalogue) -> None:
    almost = Score(2 * 8996, 10000)
    assert str(almost.percent) == "90.0"
    assert band_of([MET], almost, small.scoring) is Band.CONDITIONALLY_READY


def test_where_no_duty_applies_nothing_stands_in_the_way(small: Catalogue) -> None:
    assert band_of([], Score(0, 0), small.scoring) is Band.READY


def test_one_blocking_gap_is_never_ready_whatever_the_average(small: Catalogue) -> None:
    evaluation = evaluated(
        small, answers=but(policy_in_force=Answer("not_in_place")), evidence=ALL_EVIDENCE
    )
    assert evaluation.band is Band.NOT_READY


def test_a_blocking_dont_know_is_incomplete(small: Catalogue) -> None:
    answers = but(policy_in_force=Answer("in_place", flag=Flag.DONT_KNOW))
    assert evaluated(small, answers=answers, evidence=ALL_EVIDENCE).band is Band.INCOMPLETE


def test_upcoming_rules_do_not_move_the_band(small: Catalogue) -> None:
    answers = but(phases_covered=Answer("none"), days_of_notice=Answer(Decimal(0)))
    evaluation = evaluated(small, answers=answers, evidence=ALL_EVIDENCE)
    assert evaluation.band is Band.READY
    assert evaluation.claimed.duty.percent == 100


def test_blockers_come_worst_first(small: Catalogue) -> None:
    answers = {POLICY: Answer("in_place"), LIFETIME: Answer(Decimal(99))}
    names = [row.requirement for row in evaluated(small, answers=answers).blockers]
    assert names == [LIFETIME, POLICY]
    facts = {**OPERATOR, "mission.orbit": None}
    names = [row.requirement for row in evaluated(small, facts).blockers]
    assert names == [LIFETIME, POLICY]  # undetermined before not answered


# Confirmed ----------------------------------------------------------------------------------------

ALL_DETERMINED = dict.fromkeys(ALL_MET, MET)


def test_what_is_not_determined_counts_nothing_with_its_weight(small: Catalogue) -> None:
    evaluation = evaluated(
        small, answers=ALL_MET, evidence=ALL_EVIDENCE, determinations={RULES_KNOWN: MET}
    )
    assert evaluation.confirmed.duty == Score(10, 36)
    assert evaluation.confirmed_band is Band.INCOMPLETE
    assert evaluation.rows[RULES_KNOWN].confirmed_outcome is MET
    assert evaluation.rows[POLICY].confirmed_outcome is None


def test_a_stated_not_applicable_leaves_the_confirmed_sum_when_the_officer_agrees(
    small: Catalogue,
) -> None:
    answers = but(rules_known=Answer(None, "We have none."))

    def weights(**determinations: Outcome) -> tuple[int, int]:
        evaluation = evaluated(
            small, answers=answers, evidence=ALL_EVIDENCE, determinations=determinations
        )
        return evaluation.claimed.duty.weight, evaluation.confirmed.duty.weight

    assert weights() == (31, 36)
    assert weights(**{RULES_KNOWN: NOT_MET}) == (31, 36)
    assert weights(**{RULES_KNOWN: NOT_APPLICABLE}) == (31, 31)


def test_a_determination_replaces_nothing_in_the_claim(small: Catalogue) -> None:
    evaluation = evaluated(
        small,
        answers=ALL_MET,
        evidence=ALL_EVIDENCE,
        determinations={**ALL_DETERMINED, POLICY: NOT_MET},
    )
    assert evaluation.band is Band.READY
    assert evaluation.confirmed_band is Band.NOT_READY
    assert evaluation.claimed.duty.percent == 100
    assert evaluation.confirmed.duty == Score(2 * 26, 36)
    assert evaluation.blockers == ()
    assert [row.requirement for row in evaluation.confirmed_blockers] == [POLICY]


def test_everything_confirmed_is_ready(small: Catalogue) -> None:
    evaluation = evaluated(
        small, answers=ALL_MET, evidence=ALL_EVIDENCE, determinations=ALL_DETERMINED
    )
    assert evaluation.confirmed_band is Band.READY
    assert evaluation.confirmed == evaluation.claimed


def test_a_determined_not_applicable_leaves_the_confirmed_sum(small: Catalogue) -> None:
    determinations = {**ALL_DETERMINED, REPORT: NOT_APPLICABLE}
    evaluation = evaluated(
        small, answers=ALL_MET, evidence=ALL_EVIDENCE, determinations=determinations
    )
    assert evaluation.confirmed.duty.weight == 31


def test_partly_met_by_evidence_reaches_score_and_blockers(small: Catalogue) -> None:
    ends_early = EvidenceItem("insurance_policy", None, date(2027, 3, 12))
    evidence = {**ALL_EVIDENCE, POLICY: [ends_early]}
    evaluation = evaluated(small, answers=ALL_MET, evidence=evidence)
    assert evaluation.claimed.duty.points == 31
    assert evaluation.band is Band.CONDITIONALLY_READY
    assert [row.requirement for row in evaluation.blockers] == [POLICY]


def test_rows_keep_the_order_of_the_catalogue(small: Catalogue) -> None:
    rows = list(evaluated(small).rows)
    assert rows == [name for name in small.requirements if name in rows]
    assert rows.index(FILED) < rows.index(ALWAYS_ANSWERED) < rows.index(REVIEWED)
