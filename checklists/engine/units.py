"""Units, and how a number is written with them: singular and plural in English, and in Chinese."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Unit:
    one: str
    many: str
    zh_hans: str
    glued: bool = False  # English writes it without a space: 40%
    counted: bool = False  # things, not a measure: 2 persons are, but 2 years is


UNITS = {
    "year": Unit("year", "years", "年"),
    "month": Unit("month", "months", "个月"),
    "week": Unit("week", "weeks", "周"),
    "day": Unit("day", "days", "天"),
    "working_day": Unit("working day", "working days", "个工作日"),
    "hour": Unit("hour", "hours", "小时"),
    "minute": Unit("minute", "minutes", "分钟"),
    "km": Unit("km", "km", "千米"),
    "m": Unit("m", "m", "米"),
    "kg": Unit("kg", "kg", "千克"),
    "tonne": Unit("tonne", "tonnes", "吨"),
    "degree": Unit("degree", "degrees", "度"),
    "percent": Unit("%", "%", "%", glued=True),
    "person": Unit("person", "persons", "人", counted=True),
    "satellite": Unit("satellite", "satellites", "颗卫星", counted=True),
    "casualties_per_event": Unit("casualties per event", "casualties per event", "人／次"),
    "cny": Unit("yuan", "yuan", "元"),
    # Pure numbers: the question says what is counted.
    "count": Unit("", "", ""),
    "probability": Unit("", "", ""),
    "ratio": Unit("", "", ""),
}


def plain(value: Decimal) -> str:
    """The number without exponent and without trailing zeros: 0.0001, 25, 4.6."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def unit_word(value: Decimal, unit: str, lang: str) -> str:
    """The unit as it stands after this number; "" for pure numbers."""
    words = UNITS[unit]
    if lang != "en":
        return words.zh_hans
    return words.one if value == 1 else words.many


def is_plural(value: Decimal, unit: str) -> bool:
    """Whether an English verb after this quantity stands in the plural."""
    return UNITS[unit].counted and value != 1


def quantity(value: Decimal, unit: str, lang: str) -> str:
    """`1 year`, `2 years`, `40%`, `4.6年`, `0.0001`."""
    word = unit_word(value, unit, lang)
    space = " " if word and lang == "en" and not UNITS[unit].glued else ""
    return f"{plain(value)}{space}{word}"
