"""An assessment as an XLSX workbook to fill in without a connection, and the form it is read by.

Row 1 of each sheet holds the names of its columns and is hidden; so are the columns that tell
which answer a row is, which version it was, and what it said then. Every cell is text.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from checklists import Catalogue, Evaluation, Fact, Flag, Requirement, Text
from checklists.engine.model import AnswerKind, Applicability, FactKind
from compliance.models import Answer
from compliance.selectors.evaluation import AssessmentState
from compliance.selectors.facts import asked_facts, unit_name
from compliance.selectors.package import ANSWER_WORDS
from compliance.workflow import is_open

FORM = "tianheng-workbook-1"
META = "Tianheng"
LISTS = "Lists"
FIRST_ROW = 2  # below the hidden names and the headings, counted from 0
LANGUAGES = ("en", "zh-hans")
ANSWER_COLUMNS = (
    "requirement", "number", "title", "how", "answer", "reason", "mark", "note", "outcome",
    "version", "print",
)  # fmt: skip
FACT_COLUMNS = ("fact", "choice", "question", "how", "answer", "print")
YES_NO = {"yes": Text("Yes", "是"), "no": Text("No", "否")}
DONT_KNOW = "dont_know"
FLAGS = {
    Flag.DONT_KNOW.value: Text("Don’t know yet", "尚不清楚"),
    Flag.COME_BACK.value: Text("Come back to this", "稍后处理"),
}
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f]")  # a sheet keeps none of them


def sheet_text(text: str) -> str:
    """A text as a sheet can keep it."""
    return _UNSEEN.sub("", text)


def print_of(*parts: Any) -> str:
    """A short fingerprint of what a row says, to tell whether somebody changed it."""
    said = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def print_of_answer(value: Any, reason: str, flag: str, note: str) -> str:
    """The fingerprint of an answer."""
    return print_of(value, sheet_text(reason), flag, sheet_text(note).strip())


def answer_words(requirement: Requirement) -> dict[str, Text]:
    """The words an answer is chosen from, by what is stored; empty where it is typed."""
    match requirement.answer.kind:
        case AnswerKind.YES_PARTLY_NO:
            return {word: ANSWER_WORDS[word] for word in ("yes", "partly", "no")}
        case AnswerKind.DOCUMENT:
            return {word: ANSWER_WORDS[word] for word in ("in_place", "not_in_place")}
        case AnswerKind.CHOICE:
            return {option.id: option.label for option in requirement.answer.options}
    return {}


def fact_words(fact: Fact) -> dict[str, Text]:
    """The words a fact is chosen from, by what is stored; each choice of several is yes or no."""
    if fact.kind in (FactKind.YES_NO, FactKind.SEVERAL):
        return {**YES_NO, DONT_KNOW: FLAGS[DONT_KNOW]}
    if fact.kind is FactKind.ONE:
        labels = {choice.id: choice.label for choice in fact.choices}
        return {**labels, DONT_KNOW: FLAGS[DONT_KNOW]}
    return {}


def rows_asked(state: AssessmentState) -> list[tuple[Requirement, Evaluation]]:
    """The requirements of the workbook: all but those that do not apply."""
    requirements = state.catalogue.requirements
    return [
        (requirements[name], row)
        for name, row in state.evaluation.rows.items()
        if row.applicability is not Applicability.DOES_NOT_APPLY
    ]


@dataclass(frozen=True)
class _Looks:
    """The formats of the cells."""

    heading: Format
    title: Format
    strong: Format
    plain: Format
    quiet: Format
    open: Format
    closed: Format


def assessment_workbook(
    state: AssessmentState, lang: str, *, may_save_facts: bool, made_at: datetime
) -> bytes:
    """The workbook in the person's language, with the other language beside it."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(content, {**options, "strings_to_numbers": False})
    book.set_properties({"title": state.assessment.title, "author": "Tianheng"})
    wrap = {"text_wrap": True, "valign": "top"}
    box = {**wrap, "border": 1, "border_color": "#C8CADA", "num_format": "@"}
    looks = _Looks(
        heading=book.add_format(
            {**wrap, "bold": True, "bg_color": "#171937", "font_color": "#FFFFFF"}
        ),
        title=book.add_format({"bold": True, "font_size": 16}),
        strong=book.add_format({"bold": True}),
        plain=book.add_format({**wrap, "border": 1, "border_color": "#E3E4EE"}),
        quiet=book.add_format({"font_color": "#565A75"}),
        open=book.add_format({**box, "locked": False, "bg_color": "#FFFBEA"}),
        closed=book.add_format({**box, "bg_color": "#EDEDF5"}),
    )
    with override(lang):
        _instructions(book.add_worksheet(_("Instructions")), state, lang, made_at, looks)
        answers, facts = book.add_worksheet(_("Requirements")), book.add_worksheet(_("Facts"))
        lists = _Lists(book.add_worksheet(LISTS), lang)
        _answers(answers, state, lang, lists, looks)
        _facts(facts, state, lang, lists, looks, may_save_facts=may_save_facts)
    meta = book.add_worksheet(META)
    for row, (name, value) in enumerate(
        (
            ("form", FORM),
            ("assessment", str(state.assessment.pk)),
            ("catalogue", f"{state.catalogue.id} {state.assessment.catalogue_edition}"),
            ("facts_version", str(state.assessment.facts_version)),
            ("language", lang),
        )
    ):
        meta.write_string(row, 0, name)
        meta.write_string(row, 1, value)
    for sheet in (lists.sheet, meta):
        sheet.very_hidden()
        sheet.protect()
    book.close()
    return content.getvalue()


class _Lists:
    """The hidden sheet that drop-downs take their words from: one column for each list."""

    def __init__(self, sheet: Worksheet, lang: str) -> None:
        self.sheet, self.lang = sheet, lang
        self._places: dict[tuple[str, ...], str] = {}

    def source(self, words: Mapping[str, Text]) -> str:
        """Where the words stand, as a drop-down names it."""
        shown = tuple(text.get(self.lang) for text in words.values())
        if shown not in self._places:
            column = len(self._places)
            for row, word in enumerate(shown):
                self.sheet.write_string(row, column, word)
            name = xlsxwriter.utility.xl_col_to_name(column)
            self._places[shown] = f"={LISTS}!${name}$1:${name}${len(shown)}"
        return self._places[shown]

    def offer(self, sheet: Worksheet, row: int, column: int, words: Mapping[str, Text]) -> None:
        """A drop-down in one cell."""
        sheet.data_validation(
            row,
            column,
            row,
            column,
            {
                "validate": "list",
                "source": self.source(words),
                "error_title": _("Not one of the choices")[:32],
                "error_message": _("Choose from the list, or leave the cell empty.")[:255],
            },
        )


_PROTECTION = {"format_columns": True, "format_rows": True, "autofilter": True, "sort": True}


def _begin(
    sheet: Worksheet,
    columns: Sequence[str],
    headings: Mapping[str, str],
    widths: Mapping[str, int],
    looks: _Looks,
) -> None:
    """Names, headings and widths; columns without a heading are hidden."""
    for index, name in enumerate(columns):
        sheet.write_string(0, index, name)
        sheet.write_string(1, index, headings.get(name, ""), looks.heading)
        hidden = {"hidden": True} if name not in headings else {}
        sheet.set_column(index, index, widths.get(name, 8), None, hidden)
    sheet.set_row(0, None, None, {"hidden": True})
    sheet.freeze_panes(FIRST_ROW, 3)
    sheet.ignore_errors({"number_stored_as_text": "A1:K3000"})  # every cell is text on purpose
    sheet.protect("", _PROTECTION)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)


def _in_both(sheet: Worksheet, row: int, column: int, text: Text, lang: str, looks: _Looks) -> None:
    """A text in the person's language, the other one below it."""
    own = text.get(lang)
    other = text.get(next(each for each in LANGUAGES if each != lang))
    if own == other or not other:
        sheet.write_string(row, column, own, looks.plain)
    else:
        sheet.write_rich_string(
            row, column, looks.strong, own, looks.quiet, f"\n{other}", looks.plain
        )


def _answers(
    sheet: Worksheet, state: AssessmentState, lang: str, lists: _Lists, looks: _Looks
) -> None:
    headings = {
        "number": _("No."),
        "title": _("Requirement"),
        "how": _("How to answer"),
        "answer": _("Answer"),
        "reason": _("Why it does not apply to us"),
        "mark": _("Mark"),
        "note": _("Note for the officer"),
        "outcome": _("Outcome when downloaded"),
    }
    widths = {"number": 9, "title": 52, "how": 44, "answer": 24, "reason": 28, "mark": 18}
    widths |= {"note": 44, "outcome": 40}
    _begin(sheet, ANSWER_COLUMNS, headings, widths, looks)
    at = {name: index for index, name in enumerate(ANSWER_COLUMNS)}
    for row, (requirement, evaluation) in enumerate(rows_asked(state), start=FIRST_ROW):
        stored = state.answers.get(requirement.id) or Answer(requirement=requirement.id, version=0)
        words = answer_words(requirement)
        look = looks.open if is_open(state.assessment, requirement.id) else looks.closed
        value = "" if stored.value is None else str(stored.value)
        title = Text(
            *(
                f"{requirement.title.get(each)}\n{requirement.question.get(each)}"
                for each in LANGUAGES
            )
        )
        mark = FLAGS[stored.flag].get(lang) if stored.flag in FLAGS else ""
        cells = {
            "requirement": (requirement.id, None),
            "number": (requirement.source_row, looks.plain),
            "how": (_how(state.catalogue, requirement, lang), looks.plain),
            "answer": (words[value].get(lang) if value in words else value, look),
            "reason": (stored.not_applicable_reason, look),
            "mark": (mark, look),
            "note": (stored.note, look),
            "outcome": (evaluation.reason.get(lang), looks.plain),
            "version": (str(stored.version), None),
            "print": (
                print_of_answer(
                    stored.value, stored.not_applicable_reason, stored.flag, stored.note
                ),
                None,
            ),
        }
        if not requirement.answer.may_be_not_applicable:
            cells["reason"] = ("", looks.closed)
        for name, (text, look_of_cell) in cells.items():
            sheet.write_string(row, at[name], sheet_text(text), look_of_cell)
        _in_both(sheet, row, at["title"], title, lang, looks)
        if words:
            lists.offer(sheet, row, at["answer"], words)
        lists.offer(sheet, row, at["mark"], FLAGS)


def _how(catalogue: Catalogue, requirement: Requirement, lang: str) -> str:
    spec = requirement.answer
    parts = [requirement.guidance.get(lang)]
    if spec.kind is AnswerKind.NUMBER:
        unit = unit_name(spec.unit, lang)
        parts.append(
            _("Write a number, in %(unit)s.") % {"unit": unit} if unit else _("Write a number.")
        )
    elif spec.kind is AnswerKind.DATE:
        parts.append(_("Write a date such as 2027-03-12."))
    else:
        parts.append(_("Choose from the list in the cell."))
    return "\n".join(part for part in parts if part)


def _facts(
    sheet: Worksheet,
    state: AssessmentState,
    lang: str,
    lists: _Lists,
    looks: _Looks,
    *,
    may_save_facts: bool,
) -> None:
    headings = {
        "question": _("Question"),
        "how": _("Choice"),
        "answer": _("Answer"),
    }
    _begin(sheet, FACT_COLUMNS, headings, {"question": 64, "how": 48, "answer": 30}, looks)
    sheet.freeze_panes(FIRST_ROW, 0)
    asked = asked_facts(state.catalogue, state.facts)
    look = looks.open if may_save_facts else looks.closed
    row = FIRST_ROW
    for name, fact in state.catalogue.facts.items():
        if name not in asked:
            continue
        stored = state.assessment.facts.get(name, "")
        is_said = name in state.assessment.facts
        words = fact_words(fact)
        choices = fact.choices if fact.kind is FactKind.SEVERAL else (None,)
        for position, choice in enumerate(choices):
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, choice.id if choice else "")
            if position == 0:
                _in_both(sheet, row, 2, fact.question, lang, looks)
            else:
                sheet.write_string(row, 2, "", looks.plain)
            if choice:
                _in_both(sheet, row, 3, choice.label, lang, looks)
            else:
                sheet.write_string(row, 3, _how_fact(fact, lang), looks.plain)
            key = _fact_key(fact, choice.id if choice else "", stored, is_said=is_said)
            word = {**words, DONT_KNOW: FLAGS[DONT_KNOW]}.get(key)
            sheet.write_string(row, 4, word.get(lang) if word else key, look)
            sheet.write_string(row, 5, print_of(is_said, stored))
            if words:
                lists.offer(sheet, row, 4, words)
            row += 1


def _how_fact(fact: Fact, lang: str) -> str:
    if fact.kind is FactKind.NUMBER:
        unit = unit_name(fact.unit, lang)
        return _("Write a number, in %(unit)s.") % {"unit": unit} if unit else _("Write a number.")
    if fact.kind is FactKind.DATE:
        return _("Write a date such as 2027-03-12.")
    return _("Choose from the list in the cell.")


def _fact_key(fact: Fact, choice_id: str, stored: Any, *, is_said: bool) -> str:
    """What stands in the cell of a fact, as the words of it are keyed; "" where nothing is said."""
    if not is_said:
        return ""
    if stored is None:
        return DONT_KNOW
    if fact.kind is FactKind.SEVERAL:
        return "yes" if isinstance(stored, list) and choice_id in stored else "no"
    if fact.kind is FactKind.YES_NO:
        return "yes" if stored is True else "no"
    return str(stored)


def _instructions(
    sheet: Worksheet, state: AssessmentState, lang: str, made_at: datetime, looks: _Looks
) -> None:
    assessment = state.assessment
    sheet.set_column(0, 0, 100, looks.plain)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, assessment.title, looks.title)
    sheet.write_string(1, 0, f"{assessment.firm.name} · {assessment.as_of.isoformat()}")
    row = 3
    for each in (lang, next(other for other in LANGUAGES if other != lang)):
        with override(each):
            local = timezone.localtime(made_at).strftime("%Y-%m-%d %H:%M")
            lines = [
                _("Downloaded %(when)s from Tianheng.") % {"when": local},
                _("Fill in the yellow cells of the next two sheets. All else is locked."),
                _("Leave a cell as it is to keep the answer. Empty it to take the answer off."),
                _("Where a requirement does not apply, leave the answer empty and write why."),
                _("A mark, such as “come back to this”, may stand beside an answer."),
                _("Upload the workbook on the page it came from: nothing counts before you agree."),
                _("Where somebody else changed the same answer meanwhile, you choose."),
            ]
        for line in lines:
            sheet.write_string(row, 0, line)
            row += 1
        row += 1
    sheet.protect()
