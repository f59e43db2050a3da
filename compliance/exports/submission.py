"""A submission as a table, one line per requirement, for a spreadsheet or a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import xlsxwriter

from compliance.selectors.submission import SubmissionState

COLUMNS = (
    "requirement", "source_row", "measure", "section", "track", "topic", "severity", "title",
    "applicability", "applicability_reason", "answer", "not_applicable_reason", "flag", "note",
    "outcome", "reason", "confirmed_outcome", "comment", "weight", "evidence",
)  # fmt: skip
WIDTHS = {"requirement": 44, "title": 44, "applicability_reason": 44, "reason": 50, "note": 40}
WIDTHS |= {"comment": 40, "not_applicable_reason": 40, "evidence": 24}
LONGEST_CELL = 32_767
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


def submission_xlsx(state: SubmissionState, lang: str) -> bytes:
    """The table as a workbook. Every cell is a string: what begins with "=" stays text."""
    output = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(output, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(f"No. {state.submission.number}")
        sheet.freeze_panes(1, 1)
        for column, name in enumerate(COLUMNS):
            sheet.set_column(column, column, WIDTHS.get(name, 16))
            sheet.write_string(0, column, name, bold)
        row = 0
        for row, cells in enumerate(_rows(state, lang), start=1):
            for column, value in enumerate(cells):
                text = "" if value is None else str(value)
                sheet.write_string(row, column, text[:LONGEST_CELL], wrapped)
        sheet.autofilter(0, 0, max(row, 1), len(COLUMNS) - 1)
    return output.getvalue()


def plain_cell(value: Any) -> str:
    """A spreadsheet would take a text that starts like this for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" \u3000").startswith(_STARTS_FORMULA) else text
