"""A submission as a workbook to read, to filter and to print: a sheet for each thing it holds.

Every text is written as text: what begins with "=" stays what it was.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from compliance.exports.workbook import sheet_text
from compliance.selectors.frozen import FrozenRow, percent_of
from compliance.selectors.submission import SubmissionState
from compliance.templatetags.tianheng import APPLICABILITIES, BANDS, FLAGS, OUTCOMES, STATUSES, Look

LONGEST_CELL = 32_767
INK, PAPER = "#2B2F8F", "#FFFFFF"
# Ink and ground of an outcome, as on the pages; the word says the same.
COLOURS: Mapping[str, tuple[str, str]] = {
    "met": ("#14603A", "#E4F2E9"),
    "partly_met": ("#7A4B00", "#FBF0DA"),
    "not_met": ("#9B1C1C", "#FBE7E7"),
    "undetermined": ("#5B3B8C", "#EFE9F7"),
}
Json = dict[str, Any]


def submission_xlsx(state: SubmissionState, lang: str) -> bytes:
    """The submission with its review, in the language that is active."""
    output = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(output, options) as book:
        _Book(book, state, "zh_hans" if lang.startswith("zh") else "en").write()
    return output.getvalue()


class _Book:
    def __init__(self, book: xlsxwriter.Workbook, state: SubmissionState, key: str) -> None:
        self.book, self.state, self.key = book, state, key
        self.content: Json = state.submission.content
        self.plain = book.add_format({"text_wrap": True, "valign": "top"})
        self.strong = book.add_format({"text_wrap": True, "valign": "top", "bold": True})
        self.title = book.add_format({"bold": True, "font_size": 16, "font_color": INK})
        self.head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "font_color": PAPER, "bg_color": INK}
        )
        self.coloured: dict[str, Format] = {
            name: book.add_format(
                {"valign": "top", "bold": True, "font_color": ink, "bg_color": ground}
            )
            for name, (ink, ground) in COLOURS.items()
        }

    def write(self) -> None:
        self.book.set_properties(
            {
                "title": f"{self.content['firm']['name']}: {self.content['assessment']['title']}",
                "created": self.state.submission.submitted_at.replace(tzinfo=None),
            }
        )
        self.summary()
        self.requirements()
        if self.state.findings:
            self.findings()
        self.evidence()
        self.facts()

    # --- the sheets ---------------------------------------------------------------------------

    def summary(self) -> None:
        scores, submission = self.state.scores, self.state.submission
        sheet = self.book.add_worksheet(_("Summary"))
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 22)
        sheet.set_column(3, 3, 60)
        self.put(sheet, 0, 0, self.content["firm"]["name"], self.title)
        attestation = self.content["attestation"]
        lines: list[tuple[str, object]] = [
            (_("Assessment"), self.content["assessment"]["title"]),
            (_("Submission"), _("no. %(n)d") % {"n": submission.number}),
            (_("Judged as of"), self.content["assessment"]["as_of"]),
            (_("Submitted"), _moment(submission.submitted_at)),
            (_("Attested by"), f"{attestation['name']}, {attestation['position']}"),
            (_("State"), _word(STATUSES, submission.decision or "submitted")),
            (_("Rules"), self.content["catalogue"]["edition"]),
            (_("Digest (SHA-256)"), submission.digest),
        ]
        for row, (name, value) in enumerate(lines, start=2):
            self.put(sheet, row, 0, name, self.strong)
            self.put(sheet, row, 1, value)
        row = len(lines) + 3
        for column, name in enumerate(("", _("Claimed"), _("Confirmed"))):
            self.put(sheet, row, column, name, self.head)
        figures: list[tuple[str, object, object]] = [
            (_("Band"), _word(BANDS, scores.band), _word(BANDS, scores.confirmed_band)),
            *(
                (
                    self.said(self.content["tracks"][track]["title"]),
                    percent_of(getattr(scores.claimed, track)),
                    percent_of(getattr(scores.confirmed, track)),
                )
                for track in ("duty", "upcoming")
            ),
        ]
        for figure in figures:
            row += 1
            for column, value in enumerate(figure):
                shown = "–" if value is None else value
                self.put(sheet, row, column, shown, self.plain if column else self.strong)
        if scores.blockers:
            row += 2
            for column, name in enumerate((_("What blocks"), _("No."), _("Outcome"), _("Why"))):
                self.put(sheet, row, column, name, self.head)
            for blocker in scores.blockers:
                row += 1
                self.put(sheet, row, 0, self.said(blocker.content["title"]), self.strong)
                self.put(sheet, row, 1, blocker.content["source_row"])
                self.outcome(sheet, row, 2, blocker.effective.value)
                self.put(sheet, row, 3, self.said(blocker.content["reason"]))
        self.printed(sheet)

    def requirements(self) -> None:
        columns = (
            (_("No."), 10), (_("Requirement"), 44), (_("Measure"), 9), (_("Section"), 9),
            (_("Track"), 14), (_("Topic"), 18), (_("Severity"), 12), (_("Applies"), 14),
            (_("Why"), 40), (_("Answer"), 24), (_("Why not applicable"), 30), (_("Mark"), 18),
            (_("Note"), 40), (_("Outcome"), 16), (_("Reason"), 50),
            (_("The officer’s outcome"), 16), (_("The officer’s comment"), 40), (_("Weight"), 9),
            (_("Evidence"), 18), (_("Identifier"), 44),
        )  # fmt: skip
        sheet = self.table(_("Requirements"), columns, len(self.state.scores.rows), keep=2)
        labels = {piece["id"]: piece["label"] for piece in self.content["evidence"]}
        for at, row in enumerate(self.state.scores.rows, start=1):
            self.requirement(sheet, at, row, labels)

    def requirement(
        self, sheet: Worksheet, at: int, row: FrozenRow, labels: Mapping[str, str]
    ) -> None:
        content = row.content
        determination = self.state.determinations.get(row.requirement)
        shown = content["answer_shown"]
        self.put(sheet, at, 0, content["source_row"])
        self.put(sheet, at, 1, self.said(content["title"]), self.strong)
        sheet.write_number(at, 2, row.measure, self.plain)
        self.put(sheet, at, 3, row.section)
        self.put(sheet, at, 4, self.said(self.content["tracks"][row.track.value]["title"]))
        self.put(sheet, at, 5, self.said(self.content["topics"][row.topic]))
        self.put(sheet, at, 6, self.said(self.content["severities"][row.severity.value]))
        self.put(sheet, at, 7, _word(APPLICABILITIES, content["applicability"]))
        self.put(sheet, at, 8, self.said(content["applicability_reason"]))
        self.put(sheet, at, 9, self.said(shown) if isinstance(shown, dict) else shown)
        self.put(sheet, at, 10, content["not_applicable_reason"])
        self.put(sheet, at, 11, _word(FLAGS, content["flag"] or ""))
        self.put(sheet, at, 12, content["note"])
        self.outcome(sheet, at, 13, row.claimed.value)
        self.put(sheet, at, 14, self.said(content["reason"]))
        self.outcome(sheet, at, 15, row.confirmed.value if row.confirmed else "")
        self.put(sheet, at, 16, determination.comment if determination else "")
        sheet.write_number(at, 17, row.weight, self.plain)
        self.put(sheet, at, 18, " ".join(labels[e] for e in content["evidence"] if e in labels))
        self.put(sheet, at, 19, row.requirement)

    def findings(self) -> None:
        columns = (
            (_("Finding"), 10), (_("Requirement"), 44), (_("Severity"), 12),
            (_("What is missing"), 60), (_("To be closed by"), 16), (_("Identifier"), 44),
        )  # fmt: skip
        sheet = self.table(_("Findings"), columns, len(self.state.findings))
        titles = {row.requirement: row.content["title"] for row in self.state.scores.rows}
        for at, finding in enumerate(self.state.findings, start=1):
            self.put(sheet, at, 0, finding.label, self.strong)
            self.put(sheet, at, 1, self.said(titles[finding.requirement]))
            self.put(sheet, at, 2, finding.get_severity_display())
            self.put(sheet, at, 3, finding.missing)
            self.put(sheet, at, 4, finding.due_on.isoformat())
            self.put(sheet, at, 5, finding.requirement)

    def evidence(self) -> None:
        columns = (
            (_("No."), 10), (_("Title"), 44), (_("Kind"), 26), (_("File or link"), 40),
            (_("Effective from"), 15), (_("Valid until"), 15), ("SHA-256", 68),
            (_("Serves"), 50),
        )  # fmt: skip
        pieces = self.content["evidence"]
        sheet = self.table(_("Evidence"), columns, len(pieces))
        for at, piece in enumerate(pieces, start=1):
            self.put(sheet, at, 0, piece["label"])
            self.put(sheet, at, 1, piece["title"], self.strong)
            self.put(sheet, at, 2, self.said(piece["kind_title"]))
            self.put(sheet, at, 3, piece["filename"] or piece["url"])
            self.put(sheet, at, 4, piece["effective_on"])
            self.put(sheet, at, 5, piece["expires_on"])
            self.put(sheet, at, 6, piece["sha256"])
            self.put(sheet, at, 7, "\n".join(piece["requirements"]))

    def facts(self) -> None:
        columns = ((_("Question"), 60), (_("Answer"), 50), (_("Identifier"), 36))
        facts = self.content["facts"]
        sheet = self.table(_("Facts"), columns, len(facts))
        for at, fact in enumerate(facts, start=1):
            self.put(sheet, at, 0, self.said(fact["question"]), self.strong)
            self.put(sheet, at, 1, self.said(fact["shown"]) if fact["shown"] else "")
            self.put(sheet, at, 2, fact["name"])

    # --- their parts --------------------------------------------------------------------------

    def table(
        self, name: str, columns: Sequence[tuple[str, int]], rows: int, *, keep: int = 1
    ) -> Worksheet:
        """A sheet with its headings in sight, filters, and a form to print in."""
        sheet = self.book.add_worksheet(name)
        sheet.freeze_panes(1, keep)
        sheet.set_row(0, 30)
        for column, (title, width) in enumerate(columns):
            sheet.set_column(column, column, width)
            self.put(sheet, 0, column, title, self.head)
        sheet.autofilter(0, 0, max(rows, 1), len(columns) - 1)
        sheet.repeat_rows(0)
        self.printed(sheet)
        return sheet

    def printed(self, sheet: Worksheet) -> None:
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        number = self.state.submission.number
        sheet.set_footer(f"&L{_('Submission no. %(n)d') % {'n': number}}&C&A&R&P / &N")

    def outcome(self, sheet: Worksheet, row: int, column: int, outcome: str) -> None:
        word = _word(OUTCOMES, outcome) if outcome else ""
        self.put(sheet, row, column, word, self.coloured.get(outcome, self.plain))

    def put(
        self, sheet: Worksheet, row: int, column: int, value: object, look: Format | None = None
    ) -> None:
        text = "" if value is None else sheet_text(str(value))
        sheet.write_string(row, column, text[:LONGEST_CELL], look or self.plain)

    def said(self, text: Mapping[str, str]) -> str:
        return text[self.key] or text["en"]


def _word(looks: Mapping[str, Look], value: str) -> str:
    look = looks.get(str(value))
    return str(look.word) if look else str(value)


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
