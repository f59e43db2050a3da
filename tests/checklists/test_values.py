from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklists import Catalogue, InvalidValue, parse_answer, parse_fact, serialize_value
from checklists.engine.model import Fact
from tests.checklists.small import (
    FILED,
    LIFETIME,
    NOTICE_DAYS,
    PHASES,
    POLICY,
    PROBABILITY,
    RULES_KNOWN,
)


def refused(catalogue: Catalogue, requirement: str, raw: Any) -> str:
    with pytest.raises(InvalidValue) as caught:
        parse_answer(catalogue.requirements[requirement], raw)
    assert caught.value.message.zh_hans
    return caught.value.message.en


@pytest.mark.parametrize("raw", ["4.6", " 4.6 ", "+4.6", Decimal("4.6"), 4.6, "0.46e1", "460e-2"])
def test_a_number_is_taken_in_every_common_form(small: Catalogue, raw: Any) -> None:
    assert parse_answer(small.requirements[LIFETIME], raw) == Decimal("4.6")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("123 km", "Write the number only, in years."),
        ("4.6 years", "Write the number only, in years."),
        ("12abc", "Write the number only, in years."),
        ("1,5", "without commas"),
        ("1,000", "without commas"),
        ("four", "Write a number, in years."),
        ("４.６", "ordinary digits"),
        ("٤", "ordinary digits"),
        ("NaN", "Write a number, in years."),
        ("Infinity", "Write a number, in years."),
        ("-inf", "Write a number, in years."),
        (float("nan"), "Write a number, in years."),
        (float("inf"), "Write a number, in years."),
        (Decimal("NaN"), "Write a number, in years."),
        ("1e999", "Write"),
        ("1e99", "outside what can be measured"),
        ("1e-99", "outside what can be measured"),
        ("9" * 16, "at most 15 digits"),
        pytest.param("9" * 5000, "longer than", id="5000 digits"),
        ("-1", "too small"),
        ("1000.01", "too large. Write a number up to 1000 years."),
        ("4.678", "at most 2 decimal places"),
        (True, "Write a number"),
        ([4], "Write a number"),
        ({"value": 4}, "Write a number"),
        ("--4", "Write a number"),
        ("4.6.1", "Write a number"),
        ("0x10", "Write the number only"),
        ("1_000", "Write the number only"),
    ],
)
def test_what_is_no_number_is_refused_with_a_cure(small: Catalogue, raw: Any, says: str) -> None:
    assert says in refused(small, LIFETIME, raw)


def test_a_number_of_thousands_of_digits_is_refused(small: Catalogue) -> None:
    assert refused(small, LIFETIME, 10**5000) == "Write a number, in years."
    assert "“…” is not one of the choices." in refused(small, PHASES, 10**5000)


def test_a_whole_number_is_asked_for_where_it_has_to_be_one(small: Catalogue) -> None:
    assert refused(small, NOTICE_DAYS, "1.5") == "Write a whole number."
    assert parse_answer(small.requirements[NOTICE_DAYS], "30.0") == 30


def test_a_probability_may_be_typed_as_a_power_of_ten(small: Catalogue) -> None:
    assert parse_answer(small.requirements[PROBABILITY], "1e-6") == Decimal("0.000001")
    assert refused(small, PROBABILITY, "50%") == "Write the number only."
    assert "up to 1." in refused(small, PROBABILITY, "1.5")


def test_minus_zero_is_zero(small: Catalogue) -> None:
    assert serialize_value(parse_answer(small.requirements[LIFETIME], "-0")) == "0"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("2026-02-30", "not a day in the calendar"),
        ("2026-13-01", "not a day in the calendar"),
        ("0000-01-01", "not a day in the calendar"),
        ("30.02.2026", "Write the date as year-month-day"),
        ("20260230", "Write the date as year-month-day"),
        ("2026-W05-1", "Write the date as year-month-day"),
        ("２０２６-01-01", "Write the date as year-month-day"),
        ("2026-01-01T00:00:00", "Write the date as year-month-day"),
        ("banana", "Write the date as year-month-day"),
        ("0026-01-01", "cannot be right"),
        ("9999-01-01", "cannot be right"),
        (20260101, "Write the date as year-month-day"),
        (datetime(2026, 1, 1), "Write the date as year-month-day"),
    ],
)
def test_what_is_no_date_is_refused_with_a_cure(small: Catalogue, raw: Any, says: str) -> None:
    assert says in refused(small, FILED, raw)


def test_a_date_is_taken_as_text_or_as_a_date(small: Catalogue) -> None:
    for raw in ("2027-03-12", date(2027, 3, 12)):
        assert parse_answer(small.requirements[FILED], raw) == date(2027, 3, 12)


@pytest.mark.parametrize(
    ("requirement", "raw", "value"),
    [
        (RULES_KNOWN, "partly", "partly"),
        (RULES_KNOWN, True, "yes"),
        (RULES_KNOWN, False, "no"),
        (RULES_KNOWN, "true", "yes"),
        (POLICY, True, "in_place"),
        (POLICY, "false", "not_in_place"),
        (POLICY, "in_place", "in_place"),
        (PHASES, "some", "some"),
    ],
)
def test_words_are_taken_as_ids_or_as_true_and_false(
    small: Catalogue, requirement: str, raw: Any, value: str
) -> None:
    assert parse_answer(small.requirements[requirement], raw) == value


@pytest.mark.parametrize(
    ("requirement", "raw"),
    [
        (RULES_KNOWN, "maybe"),
        (RULES_KNOWN, 1),
        (RULES_KNOWN, ["yes"]),
        (POLICY, "partly"),
        (PHASES, "most"),
        (PHASES, True),
        (PHASES, {}),
    ],
)
def test_an_unknown_choice_is_refused_with_the_known_ones(
    small: Catalogue, requirement: str, raw: Any
) -> None:
    assert "Choose one of: " in refused(small, requirement, raw)


@pytest.mark.parametrize("requirement", [RULES_KNOWN, POLICY, PHASES, LIFETIME, FILED])
@pytest.mark.parametrize("raw", [None, "", "   "])
def test_blank_is_no_answer(small: Catalogue, requirement: str, raw: Any) -> None:
    assert parse_answer(small.requirements[requirement], raw) is None


# Facts --------------------------------------------------------------------------------------------


def test_several_choices_come_back_in_the_order_of_the_question(small: Catalogue) -> None:
    roles = small.facts["firm.roles"]
    raw = ["supplier", "satellite_operator", "supplier"]
    assert parse_fact(roles, raw) == ("satellite_operator", "supplier")
    assert parse_fact(roles, "supplier") == ("supplier",)


def test_an_empty_list_is_a_known_none_and_null_is_not_known(small: Catalogue) -> None:
    roles = small.facts["firm.roles"]
    assert parse_fact(roles, []) == ()
    assert parse_fact(roles, None) is None


@pytest.mark.parametrize("raw", [["pirate"], [None], [["supplier"]], [{}], 5, {}, True])
def test_unknown_roles_are_refused(small: Catalogue, raw: Any) -> None:
    with pytest.raises(InvalidValue):
        parse_fact(small.facts["firm.roles"], raw)


@pytest.mark.parametrize(
    ("fact", "raw", "value"),
    [
        ("mission.launch", "yes", True),
        ("mission.launch", "false", False),
        ("mission.launch", True, True),
        ("mission.launch", "", None),
        ("mission.orbit", "leo", "leo"),
        ("firm.staff", "40", Decimal(40)),
        ("mission.window_from", "2027-03-12", date(2027, 3, 12)),
    ],
)
def test_facts_are_typed(small: Catalogue, fact: str, raw: Any, value: Any) -> None:
    assert parse_fact(small.facts[fact], raw) == value


@pytest.mark.parametrize(
    ("fact", "raw"),
    [
        ("mission.launch", "perhaps"),
        ("mission.launch", 1),
        ("mission.orbit", "moon"),
        ("mission.orbit", ["leo"]),
        ("firm.staff", "0"),
        ("firm.staff", "40 persons"),
        ("mission.window_from", "12 March"),
    ],
)
def test_facts_of_the_wrong_form_are_refused(small: Catalogue, fact: str, raw: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_fact(small.facts[fact], raw)
    assert caught.value.message.en
    assert caught.value.message.zh_hans


HOSTILE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(raw=HOSTILE)
def test_whatever_arrives_is_typed_or_refused(small: Catalogue, raw: Any) -> None:
    for requirement in small.requirements.values():
        with suppress(InvalidValue):
            value = parse_answer(requirement, raw)
            again = serialize_value(value)
            assert again is None or isinstance(again, str)
            assert parse_answer(requirement, again) == value
    for fact in small.facts.values():
        with suppress(InvalidValue):
            known = parse_fact(fact, raw)
            assert parse_fact(fact, serialize_value(known)) == known


def test_values_are_written_plainly() -> None:
    assert serialize_value(Decimal("1E-7")) == "0.0000001"
    assert serialize_value(Decimal("1E+3")) == "1000"
    assert serialize_value(Decimal("4.60")) == "4.6"
    assert serialize_value(date(2027, 3, 12)) == "2027-03-12"
    assert serialize_value(("leo", "geo")) == ["leo", "geo"]
    assert serialize_value(True) is True
    assert serialize_value(None) is None


def test_percent_is_named_in_words(small: Catalogue) -> None:
    fact: Fact = replace(small.facts["firm.staff"], unit="percent")
    with pytest.raises(InvalidValue) as caught:
        parse_fact(fact, "40 %")
    assert caught.value.message.en == "Write the number only, in percent."
    assert caught.value.message.zh_hans == "请只填写数字，单位为百分比。"
