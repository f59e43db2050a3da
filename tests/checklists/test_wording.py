from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from checklists import Answer, Catalogue, EvidenceItem, Text, load_catalogue
from checklists.engine import wording
from checklists.engine.model import (
    Comparator,
    EvidenceSpec,
    FactValue,
    Limit,
    NumberCheck,
    Requirement,
)
from checklists.engine.units import UNITS, quantity
from tests.checklists.small import (
    FUND,
    LIFETIME,
    OPERATOR,
    PHASES,
    POLICY,
    PROBABILITY,
    evaluated,
    row,
)


def with_requirement(catalogue: Catalogue, requirement: Requirement) -> Catalogue:
    return replace(catalogue, requirements={**catalogue.requirements, requirement.id: requirement})


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        ("1", "year", "1 year", "1年"),
        ("2", "year", "2 years", "2年"),
        ("0.5", "hour", "0.5 hours", "0.5小时"),
        ("1.0", "month", "1 month", "1个月"),
        ("10", "working_day", "10 working days", "10个工作日"),
        ("40", "percent", "40%", "40%"),
        ("550", "km", "550 km", "550千米"),
        ("0.0001", "probability", "0.0001", "0.0001"),
        ("1E-7", "casualties_per_event", "0.0000001 casualties per event", "0.0000001人／次"),
        ("1E+3", "count", "1000", "1000"),
        ("-0.0", "km", "0 km", "0千米"),
    ],
)
def test_a_quantity_is_written_with_its_unit(value: str, unit: str, en: str, zh: str) -> None:
    assert quantity(Decimal(value), unit, "en") == en
    assert quantity(Decimal(value), unit, "zh-hans") == zh


def test_every_unit_of_the_catalogue_is_known(cnsa: Catalogue) -> None:
    used = {parameter.unit for parameter in cnsa.parameters.values()}
    assert used <= set(UNITS)


@pytest.mark.parametrize(
    ("comparator", "value", "en", "zh"),
    [
        (
            Comparator.AT_LEAST,
            "3",
            "3 persons reach the minimum of 2 persons",
            "3人，达到2人的下限",
        ),
        (
            Comparator.AT_LEAST,
            "1",
            "1 person falls short of the minimum of 2 persons",
            "1人，未达到2人的下限",
        ),
        (
            Comparator.AT_LEAST,
            "0",
            "0 persons fall short of the minimum of 2 persons",
            "0人，未达到2人的下限",
        ),
        (
            Comparator.AT_MOST,
            "2",
            "2 persons are within the limit of 2 persons",
            "2人，未超过2人的上限",
        ),
        (
            Comparator.AT_MOST,
            "3",
            "3 persons are over the limit of 2 persons",
            "3人，超过2人的上限",
        ),
        (Comparator.BELOW, "1", "1 person is below the limit of 2 persons", "1人，低于2人的限值"),
        (
            Comparator.BELOW,
            "2",
            "2 persons are not below the limit of 2 persons",
            "2人，未低于2人的限值",
        ),
        (
            Comparator.ABOVE,
            "3",
            "3 persons are above the minimum of 2 persons",
            "3人，高于2人的下限",
        ),
        (
            Comparator.ABOVE,
            "2",
            "2 persons are not above the minimum of 2 persons",
            "2人，未高于2人的下限",
        ),
    ],
)
def test_each_comparison_has_its_words(
    small: Catalogue, comparator: Comparator, value: str, en: str, zh: str
) -> None:
    limit = Limit(comparator, Decimal(2), "person", "notice", None, None, None, "a_parameter")
    check = NumberCheck(comparator, "a_parameter")
    met = wording.holds(Decimal(value), limit)
    said = {
        lang: wording.number_judged(lang, small, check, Decimal(value), limit, met, None)
        for lang in ("en", "zh-hans")
    }
    assert said == {"en": f"{en} (administrative notice).", "zh-hans": f"{zh}（行政通知）。"}


def test_of_many_roles_only_those_that_matter_are_named(small: Catalogue) -> None:
    reason = row(small, PROBABILITY).applicability_reason
    assert reason.en == "Applies to you because of your roles (launch service provider)."


def test_a_negated_flag_is_told_as_it_is(small: Catalogue) -> None:
    small_firm = row(small, FUND).applicability_reason
    assert small_firm.en == "Applies to you because this is not so: the firm is large."
    assert small_firm.zh_hans.startswith("适用，因为不存在“")
    large: dict[str, FactValue | None] = {**OPERATOR, "firm.staff": Decimal(500)}
    reason = row(small, FUND, facts=large).applicability_reason
    assert reason.en == "Does not apply to you because the firm is large."


def test_the_tests_that_settle_applicability_can_be_listed_one_by_one(small: Catalogue) -> None:
    reason = row(small, LIFETIME).applicability_reason
    assert wording.why("en", reason) == ["Because a satellite is in low orbit."]
    facts: dict[str, FactValue | None] = {**OPERATOR, "firm.roles": ("supplier",)}
    against = row(small, PROBABILITY, facts=facts).applicability_reason
    assert wording.why("zh-hans", against)[-1] == "本项仅涉及发射服务单位，而角色为供应商。"
    open_ = row(small, PROBABILITY, facts={}).applicability_reason
    assert wording.why("en", open_) == [open_.en]


def test_expired_evidence_is_told_with_its_last_day(small: Catalogue) -> None:
    items = [EvidenceItem("orbit_analysis", None, date(2026, month, 1)) for month in (9, 10, 8)]
    reason = row(small, LIFETIME, Answer(Decimal(4)), *items).reason
    assert (
        "But the evidence “orbit analysis” ended on 1 Oct 2026, before the date of this "
        "assessment, 20 Nov 2026. Evidence that has ended counts as partly met at most."
    ) in reason.en


def test_two_faults_are_told_in_one_breath(small: Catalogue) -> None:
    policy = small.requirements[POLICY]
    both = replace(
        policy, evidence=tuple(EvidenceSpec(spec.kind, True) for spec in policy.evidence)
    )
    items = {POLICY: [EvidenceItem("insurance_policy", None, date(2026, 1, 1))]}
    catalogue = with_requirement(small, both)
    reason = (
        evaluated(catalogue, answers={POLICY: Answer("in_place")}, evidence=items)
        .rows[POLICY]
        .reason
    )
    assert reason.en == (
        "The document is in place. But the evidence “insurance policy” ended on 1 Jan 2026, "
        "before the date of this assessment, 20 Nov 2026; the evidence “premium receipt” is not "
        "attached. Without the required evidence an answer counts as partly met at most."
    )


def test_what_is_half_met_anyway_is_not_told_that_evidence_could_halve_it(
    small: Catalogue,
) -> None:
    phases = small.requirements[PHASES]
    strict = replace(phases, evidence=(EvidenceSpec("warranty", True),))
    catalogue = with_requirement(small, strict)
    reason = evaluated(catalogue, answers={PHASES: Answer("some")}).rows[PHASES].reason
    assert reason.en == (
        "The choice “Some phases” counts as partly met. "
        "In addition, the evidence “warranty” is not attached."
    )


def test_only_three_questions_are_written_out(small: Catalogue) -> None:
    names = list(small.facts)
    assert wording.applicability_open("en", small, names[:5]).endswith("and 2 more questions.")
    assert wording.applicability_open("en", small, names[:4]).endswith("and 1 more question.")
    assert wording.applicability_open("zh-hans", small, names[:5]).endswith("以及另外2个问题。")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Launch window", "launch window"),
        ("TT&C operator", "TT&C operator"),
        ("A firm", "a firm"),
        ("", ""),
    ],
)
def test_a_label_inside_a_sentence_starts_small(label: str, expected: str) -> None:
    assert wording.inside(label) == expected


def test_lists_are_joined_as_people_do() -> None:
    assert wording.listed([], "en") == ""
    assert wording.listed(["a"], "en") == "a"
    assert wording.listed(["a", "b", "c"], "en") == "a, b and c"
    assert wording.listed(["a", "b", "c"], "zh-hans") == "a、b和c"
    assert wording.listed(["a", "b", "c"], "en", either=True) == "a, b or c"


def test_a_text_without_chinese_falls_back_to_english() -> None:
    assert Text("Hello").get("zh-hans") == "Hello"
    assert Text("Hello", "你好").get("zh-Hans") == "你好"
    assert Text("Hello", "你好").get("en") == "Hello"


def test_our_own_targets_and_foreign_rules_are_named_as_such(cnsa: Catalogue) -> None:
    own = cnsa.threshold_basis["own_target"]
    foreign = cnsa.threshold_basis["foreign_rule"]
    assert "our suggestion" in own.en.lower()
    assert "no rule" in own.en
    assert "foreign rule" in foreign.en.lower()
    assert "comparison" in foreign.en


def test_the_name_of_a_place_keeps_its_capital_inside_a_sentence() -> None:
    facts = load_catalogue().facts
    assert wording.fact_value(facts["firm.regions"], ("beijing",), "en") == "Beijing"
    assert wording.fact_value(facts["firm.data_recipients"], ("abroad",), "en")[0].islower()
