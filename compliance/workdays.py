"""Working days in China, with its moved weekends; where a year is not known, Monday to Friday."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from chinese_calendar import is_workday

SATURDAY = 5


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """Whether offices are open; a year's holidays are published at the end of the one before."""
    try:
        return bool(is_workday(day))
    except NotImplementedError:
        return day.weekday() < SATURDAY


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
