from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from checklists import Catalogue
from checklists.engine.model import Applicability, FactValue
from tests.checklists.small import (
    FILED,
    FUND,
    LIFETIME,
    OPERATOR,
    PHASES,
    POLICY,
    PROBABILITY,
    REPEALED,
    RULES_KNOWN,
    SUPPLIER,
    evaluated,
    row,
)

APPLIES = Applicability.APPLIES
DOES_NOT_APPLY = Applicability.DOES_NOT_APPLY
UNDETERMINED = Applicability.UNDETERMINED

Facts = Mapping[str, FactValue | None]


def without(*names: str) -> Facts:
    return {name: value for name, value in OPERATOR.items() if name not in names}


def test_a_requirement_without_a_condition_applies_to_everybody(small: Catalogue) -> None:
    assert row(small, RULES_KNOWN, facts={}).applicability is APPLIES
    assert row(small, RULES_KNOWN, facts={}).applicability_reason.en == "Applies to every firm."


def test_a_missing_fact_leaves_it_open_and_is_named(small: Catalogue) -> None:
    evaluation = row(small, POLICY, facts=without("mission.launch"))
    assert evaluation.applicability is UNDETERMINED
    assert evaluation.missing_facts == ("mission.launch",)
    assert evaluation.applicability_reason.en == (
        "It is not known yet whether this applies. Answer first: “Is a launch part of the mission?”"
    )
    assert evaluation.applicability_reason.zh_hans == (
        "尚不能判断是否适用。请先回答：“任务是否包含发射？”"
    )


def test_dont_know_yet_is_the_same_as_missing(small: Catalogue) -> None:
    facts = {**OPERATOR, "mission.launch": None}
    assert row(small, POLICY, facts=facts).applicability is UNDETERMINED


def test_one_known_no_settles_an_all(small: Catalogue) -> None:
    facts: Facts = {"firm.roles": ("satellite_operator",), "mission.orbit": "geo"}
    evaluation = row(small, LIFETIME, facts=facts)
    assert evaluation.applicability is DOES_NOT_APPLY
    assert evaluation.missing_facts == ()


def test_one_known_yes_settles_an_any(small: Catalogue) -> None:
    facts: Facts = {"firm.roles": ("satellite_operator",)}
    assert row(small, PHASES, facts=facts).applicability is APPLIES


def test_not_turns_known_round_and_leaves_unknown_alone(small: Catalogue) -> None:
    assert row(small, FUND, facts={"firm.staff": Decimal(40)}).applicability is APPLIES
    assert row(small, FUND, facts={"firm.staff": Decimal(101)}).applicability is DOES_NOT_APPLY
    assert row(small, FUND, facts={}).applicability is UNDETERMINED


@pytest.mark.parametrize(("staff", "expected"), [(100, APPLIES), (101, DOES_NOT_APPLY)])
def test_above_means_above_and_not_from(
    small: Catalogue, staff: int, expected: Applicability
) -> None:
    assert row(small, FUND, facts={"firm.staff": Decimal(staff)}).applicability is expected


def test_none_of_these_is_a_known_answer(small: Catalogue) -> None:
    evaluation = row(small, PROBABILITY, facts={"firm.roles": ()})
    assert evaluation.applicability is DOES_NOT_APPLY
    assert "not your roles (none of these)" in evaluation.applicability_reason.en


def test_a_question_that_is_not_asked_makes_its_tests_false(small: Catalogue) -> None:
    evaluation = row(small, POLICY, facts=SUPPLIER)
    assert evaluation.applicability is DOES_NOT_APPLY


def test_an_answer_left_over_from_a_question_no_longer_asked_does_not_count(
    small: Catalogue,
) -> None:
    facts: Facts = {**SUPPLIER, "mission.launch": True}
    assert row(small, POLICY, facts=facts).applicability is DOES_NOT_APPLY


def test_while_it_is_open_whether_a_question_is_asked_the_gate_is_wanted_first(
    small: Catalogue,
) -> None:
    evaluation = row(small, POLICY, facts={"mission.launch": True})
    assert evaluation.applicability is UNDETERMINED
    assert evaluation.missing_facts == ("firm.roles",)


def test_a_no_counts_even_while_it_is_open_whether_the_question_is_asked(
    small: Catalogue,
) -> None:
    assert row(small, POLICY, facts={"mission.launch": False}).applicability is DOES_NOT_APPLY


def test_missing_facts_are_listed_once_in_asking_order_with_who_waits(small: Catalogue) -> None:
    evaluation = evaluated(small, {})
    assert list(evaluation.missing_facts) == ["firm.roles", "firm.staff"]
    assert FUND in evaluation.missing_facts["firm.staff"]
    assert POLICY in evaluation.missing_facts["firm.roles"]


def test_nothing_is_asked_that_cannot_matter(small: Catalogue) -> None:
    assert evaluated(small, SUPPLIER).missing_facts == {}


def test_why_it_applies_is_told_from_the_facts(small: Catalogue) -> None:
    reason = row(small, LIFETIME).applicability_reason
    assert reason.en == "Applies to you because a satellite is in low orbit."
    assert reason.zh_hans == "适用，因为有近地轨道卫星。"


def test_why_it_does_not_apply_names_whom_it_concerns(small: Catalogue) -> None:
    reason = row(small, PROBABILITY, facts={**SUPPLIER}).applicability_reason
    only = "it concerns only launch service provider, not your roles (supplier)."
    assert reason.en.startswith("Does not apply to you because this is not so: ")
    assert reason.en.endswith(f" and because {only}")
    assert reason.zh_hans.endswith("，且本项仅涉及发射服务单位，而角色为供应商。")


def test_a_rule_no_longer_in_force_is_absent(small: Catalogue) -> None:
    assert REPEALED not in evaluated(small).rows
    assert REPEALED in evaluated(small, as_of=date(2025, 12, 31)).rows
    assert REPEALED not in evaluated(small, as_of=date(2019, 12, 31)).rows
    assert REPEALED in evaluated(small, as_of=date(2020, 1, 1)).rows


def test_a_value_of_the_wrong_type_counts_as_not_known(small: Catalogue) -> None:
    wrong: dict[str, FactValue | None] = {
        "firm.roles": True,
        "firm.staff": "many",
        "mission.launch": "yes",
        "mission.orbit": Decimal(3),
    }
    assert row(small, FILED, facts=wrong).applicability is UNDETERMINED
    assert row(small, FUND, facts=wrong).applicability is UNDETERMINED
    assert row(small, FUND, facts={"firm.staff": Decimal("NaN")}).applicability is UNDETERMINED


def test_facts_the_catalogue_does_not_know_are_passed_over(small: Catalogue) -> None:
    evaluation = row(small, RULES_KNOWN, facts={"mission.tea": "green"})
    assert evaluation.applicability is APPLIES
