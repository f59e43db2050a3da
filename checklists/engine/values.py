"""What a person types or a program sends → a typed value, or a sentence that says what to do."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from checklists.engine.model import (
    AnswerKind,
    AnswerValue,
    Choice,
    Fact,
    FactKind,
    FactValue,
    Option,
    Requirement,
    Text,
)
from checklists.engine.units import UNITS, plain, quantity

YES, PARTLY, NO = "yes", "partly", "no"
IN_PLACE, NOT_IN_PLACE = "in_place", "not_in_place"

MAX_TYPED = 100
MAX_SHOWN = 40
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)

# Powers of ten are typed for probabilities (1e-6); anything beyond this is no measurement.
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?0?[0-9]{1,2})?")
_MAX_EXPONENT = 15
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STARTS_AS_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*\s*[^0-9.,\s]")


class InvalidValue(ValueError):
    """A value that cannot be taken; `message` says what is wrong and what to do."""

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message


def parse_fact(fact: Fact, raw: Any) -> FactValue | None:
    """The typed value of a fact; None for "don't know yet"."""
    if fact.kind is FactKind.SEVERAL:
        return None if raw is None else _several(fact, raw)
    raw = _trimmed(raw)
    if raw is None:
        return None
    match fact.kind:
        case FactKind.ONE:
            return _one_of(raw, fact.choices)
        case FactKind.YES_NO:
            return _boolean(raw)
        case FactKind.NUMBER:
            return _number(raw, unit=fact.unit or "count", low=fact.min, high=fact.max)
        case FactKind.DATE:
            return parse_date(raw)


def parse_answer(requirement: Requirement, raw: Any) -> AnswerValue | None:
    """The typed value of an answer; None where none is given."""
    raw = _trimmed(raw)
    if raw is None:
        return None
    spec = requirement.answer
    match spec.kind:
        case AnswerKind.YES_PARTLY_NO:
            words = {True: YES, False: NO, "true": YES, "false": NO}
            return _word(raw, words, (YES, PARTLY, NO))
        case AnswerKind.DOCUMENT:
            words = {True: IN_PLACE, False: NOT_IN_PLACE, "true": IN_PLACE, "false": NOT_IN_PLACE}
            return _word(raw, words, (IN_PLACE, NOT_IN_PLACE))
        case AnswerKind.CHOICE:
            return _one_of(raw, spec.options)
        case AnswerKind.NUMBER:
            return _number(
                raw, unit=spec.unit or "count", low=spec.min, high=spec.max, decimals=spec.decimals
            )
        case AnswerKind.DATE:
            return parse_date(raw)


def serialize_value(value: FactValue | None) -> str | bool | list[str] | None:
    """The value as JSON can carry it: numbers as plain decimal strings, dates as 2026-11-20."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value)


def _trimmed(raw: Any) -> Any:
    """Blank counts as not given; a text beyond all measure is refused before it is looked at."""
    if isinstance(raw, str):
        raw = raw.strip()
        if len(raw) > MAX_TYPED:
            raise InvalidValue(
                Text(
                    f"This is longer than {MAX_TYPED} characters. Write the value only, "
                    "and put explanations in the note.",
                    f"内容超过{MAX_TYPED}个字符。请只填写数值或选项，说明写在备注中。",
                )
            )
        return raw or None
    return raw


def _shown(raw: Any) -> str:
    if isinstance(raw, int) and abs(raw) >= 10**MAX_SHOWN:
        return "…"  # Python refuses to write out an int of thousands of digits
    text = str(raw)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _not_a_choice(raw: Any, known: Sequence[str]) -> InvalidValue:
    return InvalidValue(
        Text(
            f"“{_shown(raw)}” is not one of the choices. Choose one of: {', '.join(known)}.",
            f"“{_shown(raw)}”不在选项之中。请从以下选项中选择：{'、'.join(known)}。",
        )
    )


def _one_of(raw: Any, choices: Sequence[Choice | Option]) -> str:
    known = [choice.id for choice in choices]
    if not isinstance(raw, str) or raw not in known:
        raise _not_a_choice(raw, known)
    return raw


def _word(raw: Any, words: dict[Any, str], known: Sequence[str]) -> str:
    if isinstance(raw, bool):
        return words[raw]
    if isinstance(raw, str):
        word = words.get(raw, raw)
        if word in known:
            return word
    raise _not_a_choice(raw, known)


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    words = {"yes": True, "true": True, "no": False, "false": False}
    if isinstance(raw, str) and raw in words:
        return words[raw]
    raise _not_a_choice(raw, ("yes", "no"))


def _several(fact: Fact, raw: Any) -> tuple[str, ...]:
    """The choices in the order of the question; an empty list is a known "none of these"."""
    if isinstance(raw, str):
        raw = [raw]
    if not isinstance(raw, list | tuple | set | frozenset):
        raise InvalidValue(
            Text(
                "This is not a list of choices. Send a list, empty for “none of these”.",
                "这不是选项列表。请提交列表；“以上都不是”请提交空列表。",
            )
        )
    known = [choice.id for choice in fact.choices]
    for choice in raw:
        if not isinstance(choice, str) or choice not in known:
            raise _not_a_choice(choice, known)
    return tuple(choice for choice in known if choice in raw)


def _number(
    raw: Any,
    *,
    unit: str,
    low: Decimal | None,
    high: Decimal | None,
    decimals: int | None = None,
) -> Decimal:
    value = _plain_number(raw, unit)
    if low is not None and value < low:
        raise InvalidValue(
            Text(
                f"{plain(value)} is too small. Write a number from {quantity(low, unit, 'en')} up.",
                f"{plain(value)}过小。请填写不小于{quantity(low, unit, 'zh-hans')}的数值。",
            )
        )
    if high is not None and value > high:
        raise InvalidValue(
            Text(
                f"{plain(value)} is too large. Write a number up to {quantity(high, unit, 'en')}.",
                f"{plain(value)}过大。请填写不大于{quantity(high, unit, 'zh-hans')}的数值。",
            )
        )
    places = plain(value).partition(".")[2]
    if decimals is not None and len(places) > decimals:
        raise InvalidValue(_too_fine(decimals))
    return value


def _too_fine(decimals: int) -> Text:
    if not decimals:
        return Text("Write a whole number.", "请填写整数。")
    places = "one decimal place" if decimals == 1 else f"{decimals} decimal places"
    return Text(f"Write at most {places}.", f"最多保留{decimals}位小数。")


def _plain_number(raw: Any, unit: str) -> Decimal:
    if isinstance(raw, Decimal):
        raw = str(raw)
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        # An int with thousands of digits must not be turned into text at all.
        raw = repr(raw) if isinstance(raw, float) or abs(raw) < 10**MAX_SHOWN else "too large"
    if not isinstance(raw, str):
        raise InvalidValue(_not_a_number(unit))
    if _NUMBER.fullmatch(raw):
        exponent = re.split("[eE]", raw)[1:] or ["0"]
        if abs(int(exponent[0])) <= _MAX_EXPONENT:
            value = Decimal(raw)
            return value.copy_abs() if value == 0 else value
        raise InvalidValue(
            Text(
                f"“{_shown(raw)}” is outside what can be measured. Write a number with "
                "at most 15 digits.",
                f"“{_shown(raw)}”超出可填写的范围。请填写不超过15位的数值。",
            )
        )
    raise InvalidValue(_why_no_number(raw, unit))


def _why_no_number(raw: str, unit: str) -> Text:
    if not raw.isascii() and any(sign.isdigit() and not sign.isascii() for sign in raw):
        return Text("Write the number with ordinary digits (0-9).", "请使用半角数字（0-9）填写。")
    if re.fullmatch(r"[+-]?[0-9][0-9,.]*", raw) and "," in raw:
        return Text(
            "Write the number without commas, and with a point before decimals: 1000 or 4.6.",
            "请勿使用逗号，小数点用“.”：如1000或4.6。",
        )
    if re.fullmatch(r"[+-]?[0-9]{16,}(\.[0-9]*)?|[+-]?[0-9]+\.[0-9]{16,}", raw):
        return Text("Write a number with at most 15 digits.", "请填写不超过15位的数值。")
    if _STARTS_AS_NUMBER.match(raw):
        return _number_only(unit)
    return _not_a_number(unit)


def _number_only(unit: str) -> Text:
    words = UNITS[unit]
    if not words.many:
        return Text("Write the number only.", "请只填写数字。")
    name = "percent" if unit == "percent" else words.many
    return Text(
        f"Write the number only, in {name}.", f"请只填写数字，单位为{_unit_name_zh(unit)}。"
    )


def _not_a_number(unit: str) -> Text:
    words = UNITS[unit]
    if not words.many:
        return Text("Write a number, such as 0.5 or 12.", "请填写数字，例如0.5或12。")
    name = "percent" if unit == "percent" else words.many
    return Text(f"Write a number, in {name}.", f"请填写数字，单位为{_unit_name_zh(unit)}。")


def _unit_name_zh(unit: str) -> str:
    return "百分比" if unit == "percent" else UNITS[unit].zh_hans.removeprefix("个")


def parse_date(raw: Any) -> date:
    """A day in the calendar, typed as year-month-day."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        day = raw
    elif isinstance(raw, str) and _DATE.fullmatch(raw):
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            raise InvalidValue(
                Text(
                    f"{raw} is not a day in the calendar. Check the month and the day.",
                    f"{raw}不是有效日期。请核对月份和日期。",
                )
            ) from None
    else:
        raise InvalidValue(
            Text(
                "Write the date as year-month-day, such as 2027-03-12.",
                "请按“年-月-日”填写日期，例如2027-03-12。",
            )
        )
    if not EARLIEST <= day <= LATEST:
        raise InvalidValue(
            Text(
                f"The year {day.year} cannot be right. "
                f"Write a date between {EARLIEST.year} and {LATEST.year}.",
                f"年份{day.year}有误。请填写{EARLIEST.year}年至{LATEST.year}年之间的日期。",
            )
        )
    return day
