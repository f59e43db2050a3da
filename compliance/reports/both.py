"""A report in two languages from the same report in each: what differs stands there twice.

Pure. Both were made from the same content, so they have the same shape, and figures, names and
whatever people typed are the same in both: those are printed once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from compliance.reports.printed import ReportContext, Twin, Words

BOTH = "both"


def in_both(english: ReportContext, chinese: ReportContext) -> ReportContext:
    """The English report with the Chinese texts beside its own."""
    merged: ReportContext = _merged(english, chinese)
    return replace(merged, lang=BOTH, tag=english.tag)


def _merged(first: Any, second: Any) -> Any:
    if first is None or second is None:
        return None
    if isinstance(first, Words):
        same = first.text == second.text or not second.text
        return first if same else replace(first, zh=second.text)
    if isinstance(first, str):
        return _twin(first, second)
    if is_dataclass(first) and not isinstance(first, type):
        pairs = {f.name: (getattr(first, f.name), getattr(second, f.name)) for f in fields(first)}
        return replace(first, **{name: _merged(*pair) for name, pair in pairs.items()})
    if isinstance(first, tuple):
        return tuple(_merged(a, b) for a, b in zip(first, second, strict=True))
    if isinstance(first, Mapping):
        return {key: _merged(first[key], second[key]) for key in first}
    return first


def _twin(first: str, second: str) -> str:
    """Both texts; what they end in alike, such as a figure, only once."""
    if first == second or not any(letter.isalpha() for letter in first + second):
        return first
    end = 0
    for place, (a, b) in enumerate(zip(reversed(first), reversed(second), strict=False), 1):
        if a != b:
            break
        if a == " ":
            end = place
    return Twin(first, second, end)
