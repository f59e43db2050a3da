"""A submission as a table, one line per requirement, for a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from compliance.selectors.submission import SubmissionState

COLUMNS = (
    "requirement", "source_row", "measure", "section", "track", "topic", "severity", "title",
    "applicability", "applicability_reason", "answer", "not_applicable_reason", "flag", "note",
    "outcome", "reason", "confirmed_outcome", "comment", "weight", "evidence",
)  # fmt: skip
BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet takes the Chinese for another encoding
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def _rows(state: SubmissionState, lang: str) -> Iterator[tuple[Any, ...]]:
    """One line per requirement, in the order of COLUMNS."""
    labels = {piece["id"]: piece["label"] for piece in state.submission.content["evidence"]}
    key = "zh_hans" if lang.startswith("zh") else "en"
    for row in state.scores.rows:
        content = row.content
        determination = state.determinations.get(row.requirement)
        yield (
            row.requirement,
            content["source_row"],
            row.measure,
            row.section,
            row.track.value,
            row.topic,
            row.severity.value,
            content["title"][key],
            content["applicability"],
            content["applicability_reason"][key],
            content["answer"],
            content["not_applicable_reason"],
            content["flag"],
            content["note"],
            row.claimed.value,
            content["reason"][key],
            row.confirmed.value if row.confirmed else "",
            determination.comment if determination else "",
            row.weight,
            " ".join(labels[piece] for piece in content["evidence"] if piece in labels),
        )


def submission_csv(state: SubmissionState, lang: str) -> str:
    """The table as CSV."""
    text = io.StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(map(plain_cell, cells) for cells in _rows(state, lang))
    return text.getvalue()


def plain_cell(value: Any) -> str:
    """A spreadsheet would take a text that starts like this for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" \u3000").startswith(_STARTS_FORMULA) else text
