"""Working days in China: Monday to Friday, less the holidays, plus the weekends worked for them.

The State Council announces a year's holidays late in the year before. Our own table below comes
first, so that a year can be added without waiting for a library; then the library's years. A year
that neither knows counts Monday to Friday, and `is_announced` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar

SATURDAY = 5
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Year:
    """What differs from Monday to Friday; each as (month, day)."""

    off: frozenset[tuple[int, int]]
    worked: frozenset[tuple[int, int]]


def _days(text: str) -> frozenset[tuple[int, int]]:
    pairs = (part.split("-") for part in text.split())
    return frozenset((int(month), int(day)) for month, day in pairs)


OWN_YEARS: Mapping[int, Year] = {
    2026: Year(
        off=_days(
            "1-1 1-2 2-16 2-17 2-18 2-19 2-20 2-23 4-6 5-1 5-4 5-5 6-19 9-25 10-1 10-2 10-5 "
            "10-6 10-7"
        ),
        worked=_days("1-4 2-14 2-28 5-9 9-20 10-10"),
    ),
}


def is_announced(year: int) -> bool:
    """Whether the holidays of the year are known."""
    if year in OWN_YEARS:
        return True
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def is_working_day(day: date) -> bool:
    """Whether people work on that day."""
    own = OWN_YEARS.get(day.year)
    month_day = (day.month, day.day)
    if own is not None:
        return month_day in own.worked or (day.weekday() < SATURDAY and month_day not in own.off)
    if not is_announced(day.year):
        return day.weekday() < SATURDAY
    return bool(chinese_calendar.is_workday(day))


def working_days_until(due_on: date, today: date) -> int:
    """Working days left until a day, which counts itself; negative once it is over.

    On the day itself 0, on the working day before it 1, on the first working day after it -1.
    """
    step = ONE_DAY if due_on >= today else -ONE_DAY
    count, day = 0, today
    # From the day after today to the due day, or back to the day after the due day.
    while day != due_on:
        counted = day + step if step > timedelta() else day
        count += is_working_day(counted)
        day += step
    return count if step > timedelta() else -count


@lru_cache(maxsize=4096)
def working_days_between(first: date, last: date) -> int:
    """How many working days have begun after `first`, `last` included; 0 on the same day."""
    span = (last - first).days
    return sum(is_working_day(first + timedelta(days=n)) for n in range(1, span + 1))


def working_days_before(day: date, count: int) -> date:
    """The latest day from which at least `count` working days lie until `day`."""
    while count > 0:
        count -= is_working_day(day)
        day -= timedelta(days=1)
    return day
