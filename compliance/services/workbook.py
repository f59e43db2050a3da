"""A workbook that comes back: read, held against what is stored, applied all or nothing."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from checklists import Fact, InvalidValue, Requirement, Text, parse_fact, serialize_value
from checklists.engine.model import FactKind
from checklists.engine.wording import fact_value
from compliance import audit, clock, permissions
from compliance.errors import AnswerLocked, InvalidInput, TransitionNotAllowed
from compliance.exports.workbook import (
    ANSWER_COLUMNS,
    DONT_KNOW,
    FACT_COLUMNS,
    FLAGS,
    FORM,
    answer_words,
    fact_words,
    print_of,
    print_of_answer,
)
from compliance.inspection import process
from compliance.models import Answer, Assessment, Membership, WorkbookUpload
from compliance.selectors.evaluation import AssessmentState, evaluation_of
from compliance.selectors.heads import facts_are_open
from compliance.selectors.trail import FLAG_WORDS, answer_in_words
from compliance.services.answers import answer_content, checked_answer, save_answer
from compliance.services.assessments import save_facts
from compliance.services.texts import clean_text
from compliance.services.uploads import opens_as_zip, shown_name
from compliance.workflow import is_open

LARGEST, MOST_UNPACKED = 5 * 1024 * 1024, 64 * 1024 * 1024
LONGEST_CELL = 33_000  # a sheet takes 32,767
MINE, THEIRS = "mine", "theirs"
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})T00:00:00")
_COLUMN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Part:
    """One thing a row changes: the answer, the mark, the note."""

    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """What one answer or fact would become."""

    key: str  # requirement id or name of the fact
    is_fact: bool
    sheet: str
    row: int
    number: str
    title: str
    url: str
    parts: tuple[Part, ...]
    new: Any
    version: int  # of what is stored now
    is_conflict: bool = False
    who: str = ""  # who saved since the workbook was downloaded
    at: datetime | None = None


@dataclass(frozen=True)
class Problem:
    """A cell that cannot be taken, and how to cure it."""

    sheet: str
    cell: str
    title: str
    sentence: str


@dataclass(frozen=True)
class WorkbookPreview:
    """What applying the workbook would do; with a problem, nothing is applied."""

    changes: tuple[Change, ...]
    conflicts: tuple[Change, ...]
    problems: tuple[Problem, ...]
    untouched: int

    @property
    def can_be_applied(self) -> bool:
        return not self.problems and bool(self.changes or self.conflicts)


# --- taking it in ---------------------------------------------------------------------------------


def take_workbook(
    *, assessment: Assessment, upload: UploadedFile[Any] | None, by: Membership
) -> WorkbookUpload:
    """The cells of a workbook, kept for its preview; nothing of the assessment changes yet."""
    permissions.require(by, "answer", assessment)
    if not assessment.is_editable:
        raise AnswerLocked(
            _("The assessment is with the officer, or closed: a workbook cannot be applied now.")
        )
    if upload is None:
        raise InvalidInput({"file": _("Choose the workbook you filled in.")})
    cells = _cells(_sheets(upload), assessment)
    with transaction.atomic():
        # A person looks at one workbook at a time; what was never applied is not needed again.
        mine = WorkbookUpload.objects.filter(assessment=assessment, uploaded_by=by.user)
        mine.filter(applied_at__isnull=True).delete()
        return WorkbookUpload.objects.create(
            assessment=assessment,
            uploaded_by=by.user,
            uploaded_at=clock.now(),
            filename=shown_name(upload),
            cells=cells,
        )


def _sheets(upload: UploadedFile[Any]) -> dict[str, list[list[Any]]]:
    name, size = shown_name(upload), upload.size or 0
    if not name.lower().endswith(".xlsx"):
        raise _refusal(
            _("“%(name)s” is not an XLSX workbook. Save it as “Excel workbook (.xlsx)”.")
            % {"name": name or "?"}
        )
    if size > LARGEST:
        raise _refusal(
            _("The workbook has %(size).1f MB; at most 5 MB are read. Take pictures out of it.")
            % {"size": size / 1024**2}
        )
    upload.seek(0)
    unreadable = _("“%(name)s” cannot be read. Open it in your program and save it again.") % {
        "name": name
    }
    if not opens_as_zip(upload, "xl/"):
        raise _refusal(unreadable)
    upload.seek(0)
    with zipfile.ZipFile(upload) as archive:
        members = archive.infolist()
    if any("vbaproject" in member.filename.lower() for member in members):
        raise _refusal(_("The workbook holds macros. Save it as a workbook without macros."))
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise _refusal(_("The workbook unpacks to more than 64 MB. Download a fresh one."))
    upload.seek(0)
    try:
        return process.read_sheets(upload.chunks())
    except process.Unreadable:
        raise _refusal(unreadable) from None


def _refusal(sentence: str) -> InvalidInput:
    return InvalidInput({"file": sentence})


def _cells(sheets: Mapping[str, Sequence[Sequence[Any]]], assessment: Assessment) -> dict[str, Any]:
    """The rows that matter, each with its number in the sheet, as plain text."""
    meta: dict[str, str] = {}
    found: dict[str, Any] = {}
    for title, rows in sheets.items():
        first = _text(rows[0][0]) if rows and rows[0] else ""
        if first == "form":
            meta = {_text(row[0]): _text(row[1]) for row in rows if len(row) > 1}
        for kind, columns in (("requirement", ANSWER_COLUMNS), ("fact", FACT_COLUMNS)):
            if first == kind:
                found[kind] = {"sheet": clean_text(title)[:31], "rows": _rows(rows, columns)}
    if meta.get("form") != FORM or "requirement" not in found:
        raise _refusal(
            _("This is not a workbook of Tianheng. Download it on this page and fill that one in.")
        )
    if meta.get("assessment") != str(assessment.pk):
        raise _refusal(
            _("This workbook belongs to another assessment. Upload it on that one’s page.")
        )
    return found


def _rows(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    names = [_text(cell) for cell in rows[0]]
    missing = [name for name in columns if name not in names]
    if missing:
        raise _refusal(
            _("Columns of the workbook are gone. Download a fresh one and copy your text over.")
        )
    at = {name: names.index(name) for name in columns}
    taken = []
    for number, row in enumerate(rows[2:], start=3):
        line = {name: _text(row[place]) for name, place in at.items() if place < len(row)}
        if line.get(columns[0]):
            taken.append({"row": number, **line})
    return taken


def _text(cell: Any) -> str:
    """A cell as text: 4.0 is 4, a date is its day."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return format(Decimal(repr(cell)).normalize(), "f") if abs(cell) < 1e15 else str(cell)
    text = clean_text(str(cell))[:LONGEST_CELL]
    day = _MIDNIGHT.fullmatch(text)
    return day[1] if day else text


# --- what it would change -------------------------------------------------------------------------


def preview_of(
    upload: WorkbookUpload, state: AssessmentState, by: Membership, lang: str
) -> WorkbookPreview:
    """Every change, conflict and problem, held against what is stored now (no query)."""
    reader = _Reader(state, by, lang)
    reader.read_facts(upload.cells.get("fact", {"sheet": "", "rows": []}))
    reader.read_answers(upload.cells["requirement"])
    return WorkbookPreview(
        changes=tuple(change for change in reader.changes if not change.is_conflict),
        conflicts=tuple(change for change in reader.changes if change.is_conflict),
        problems=tuple(reader.problems),
        untouched=reader.untouched,
    )


class _Reader:
    def __init__(self, state: AssessmentState, by: Membership, lang: str) -> None:
        self.state, self.by, self.lang = state, by, lang
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.untouched = 0

    # answers

    def read_answers(self, given: Mapping[str, Any]) -> None:
        seen: set[str] = set()
        for line in given["rows"]:
            requirement = self.state.catalogue.requirements.get(line["requirement"])
            if requirement is None or requirement.id not in self.state.evaluation.rows:
                sentence = _("There is no such requirement any more. Delete the row.")
                self._problem(given, line, ANSWER_COLUMNS, "number", line["number"], sentence)
            elif requirement.id in seen:
                sentence = _("This requirement stands in two rows. Delete one of them.")
                self._problem(given, line, ANSWER_COLUMNS, "number", line["number"], sentence)
            else:
                seen.add(requirement.id)
                self._read_answer(given, line, requirement)

    def _read_answer(
        self, given: Mapping[str, Any], line: Mapping[str, Any], requirement: Requirement
    ) -> None:
        title = requirement.title.get(self.lang)
        stored = self.state.answers.get(requirement.id)
        words = answer_words(requirement)
        value, mark = _chosen(line["answer"], words), _chosen(line["mark"], FLAGS)
        reason, note = line["reason"].strip(), line["note"].strip()
        said = (value or None, reason, mark, note)
        if print_of_answer(*said) == line["print"]:
            self.untouched += 1
            return
        fields = {"value": "answer", "not_applicable_reason": "reason", "flag": "mark"}
        faults: dict[str, str] = {}
        if words and value and value not in words:
            faults["value"] = self._not_offered(line["answer"], words)
        if mark and mark not in FLAGS:
            faults["flag"] = self._not_offered(line["mark"], FLAGS)
        try:
            content = checked_answer(
                requirement,
                None if "value" in faults else value,
                note,
                reason,
                "" if "flag" in faults else mark,
            )
        except InvalidInput as refusal:
            faults = {**{name: str(text) for name, text in refusal.fields.items()}, **faults}
        if not faults and not is_open(self.state.assessment, requirement.id):
            faults["value"] = _("This answer is locked. Put back what stood there.")
        version = line["version"]
        if not faults and not (version.isascii() and version.isdigit() and len(version) < 10):
            faults["value"] = _(
                "The hidden columns of this row were changed. Use a fresh workbook."
            )
        if faults:
            for field, sentence in faults.items():
                column = fields.get(field, field)
                self._problem(given, line, ANSWER_COLUMNS, column, title, sentence)
            return
        current = answer_content(stored or Answer(requirement=requirement.id))
        if content == {**current, "note": current["note"].strip()}:
            self.untouched += 1
            return
        now = stored.version if stored else 0
        is_conflict = now != int(version)
        self.changes.append(
            Change(
                key=requirement.id,
                is_fact=False,
                sheet=given["sheet"],
                row=line["row"],
                number=requirement.source_row,
                title=title,
                url=reverse("requirement", args=[self.state.assessment.pk, requirement.id]),
                parts=tuple(self._parts(requirement, current, content)),
                new=content,
                version=now,
                is_conflict=is_conflict,
                who=str(stored.updated_by or "") if stored and is_conflict else "",
                at=stored.updated_at if stored and is_conflict else None,
            )
        )

    def _parts(
        self, requirement: Requirement, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Iterable[Part]:
        catalogue = self.state.catalogue
        shown = [
            (
                _("Answer"),
                *(
                    answer_in_words(catalogue, requirement.id, it, self.lang)
                    for it in (before, after)
                ),
            ),
            (_("Mark"), *(str(FLAG_WORDS.get(it["flag"], "")) for it in (before, after))),
            (_("Note"), before["note"], after["note"]),
        ]
        return (Part(*part) for part in shown if part[1] != part[2])

    # facts

    def read_facts(self, given: Mapping[str, Any]) -> None:
        by_fact: dict[str, list[Mapping[str, Any]]] = {}
        for line in given["rows"]:
            by_fact.setdefault(line["fact"], []).append(line)
        for name, lines in by_fact.items():
            fact = self.state.catalogue.facts.get(name)
            if fact is None:
                sentence = _("There is no such question any more. Delete the row.")
                self._problem(given, lines[0], FACT_COLUMNS, "question", name, sentence)
            else:
                self._read_fact(given, lines, fact)

    def _read_fact(
        self, given: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], fact: Fact
    ) -> None:
        first, assessment = lines[0], self.state.assessment
        label = fact.label.get(self.lang)
        if not any(line["answer"].strip() for line in lines):
            self.untouched += 1
            return
        try:
            value = self._fact_value(fact, lines)
        except InvalidValue as error:
            sentence = error.message.get(self.lang)
            self._problem(given, first, FACT_COLUMNS, "answer", label, sentence)
            return
        is_said = fact.name in assessment.facts
        stored = assessment.facts.get(fact.name, "")
        if print_of(True, value) == first["print"] or (is_said and _same(value, stored)):
            self.untouched += 1
            return
        sentence = ""
        if not permissions.may(self.by, "save_facts"):
            sentence = _("Only a manager changes facts. Put back what stood there.")
        elif not facts_are_open(assessment):
            sentence = _("The facts are locked. Put back what stood there.")
        if sentence:
            self._problem(given, first, FACT_COLUMNS, "answer", label, sentence)
            return
        before = self._fact_in_words(fact, stored) if is_said else ""
        self.changes.append(
            Change(
                key=fact.name,
                is_fact=True,
                sheet=given["sheet"],
                row=first["row"],
                number="",
                title=label,
                url=f"{reverse('assessment_facts', args=[assessment.pk])}?group={fact.group}",
                parts=(Part(_("Fact"), before, self._fact_in_words(fact, value)),),
                new=value,
                version=assessment.facts_version,
                is_conflict=print_of(is_said, stored) != first["print"],
            )
        )

    def _fact_value(self, fact: Fact, lines: Sequence[Mapping[str, Any]]) -> Any:
        """The JSON form of a fact as its rows say it; None for "don't know yet"."""
        words = {**fact_words(fact), DONT_KNOW: FLAGS[DONT_KNOW]}
        keys = [_chosen(line["answer"], words) for line in lines]
        said = [key for key in keys if key]
        if set(said) == {DONT_KNOW}:
            return None
        if fact.kind is FactKind.SEVERAL:
            if wrong := [key for key in said if key not in ("yes", "no")]:
                text = self._not_offered(FLAGS.get(wrong[0], Text(wrong[0])).get(self.lang), words)
                raise InvalidValue(Text(text, text))
            return serialize_value(
                parse_fact(
                    fact,
                    [line["choice"] for line, key in zip(lines, keys, strict=True) if key == "yes"],
                )
            )
        raw: Any = said[0]
        if fact_words(fact) and raw not in words:
            text = self._not_offered(raw, words)
            raise InvalidValue(Text(text, text))
        if fact.kind is FactKind.YES_NO:
            raw = raw == "yes"
        return serialize_value(parse_fact(fact, raw))

    def _fact_in_words(self, fact: Fact, value: Any) -> str:
        if value is None:
            return FLAGS[DONT_KNOW].get(self.lang)
        try:
            parsed = parse_fact(fact, value)
        except InvalidValue:
            return str(value)
        return "" if parsed is None else fact_value(fact, parsed, self.lang)

    # problems

    def _not_offered(self, text: str, words: Mapping[str, Text]) -> str:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        offered = (", " if self.lang == "en" else "、").join(
            w.get(self.lang) for w in words.values()
        )
        return _("“%(text)s” is not offered here. Choose one of: %(words)s.") % {
            "text": shown,
            "words": offered,
        }

    def _problem(
        self,
        given: Mapping[str, Any],
        line: Mapping[str, Any],
        columns: Sequence[str],
        column: str,
        title: str,
        sentence: str,
    ) -> None:
        cell = f"{_COLUMN_LETTERS[columns.index(column)]}{line['row']}"
        self.problems.append(Problem(given["sheet"], cell, title, sentence))


def _chosen(text: str, words: Mapping[str, Text]) -> str:
    """What is stored for a word of a drop-down, in either language; other text as it is."""
    folded = text.strip().casefold()
    for key, word in words.items():
        if folded in (key, word.get("en").casefold(), word.get("zh-hans").casefold()):
            return key
    return text.strip()


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one) == sorted(other)
    return bool(one == other)


# --- applying it ----------------------------------------------------------------------------------


def apply_workbook(
    *,
    upload: WorkbookUpload,
    keep: Mapping[str, str],
    seen: Mapping[str, str],
    lang: str,
    by: Membership,
) -> int:
    """Save every change, or none; gives back how many answers and facts are new.

    `keep` says for each conflict whose version stays; `seen` is the version that was shown then.
    """
    permissions.require(by, "answer", upload.assessment)
    with transaction.atomic():
        waiting = WorkbookUpload.objects.filter(pk=upload.pk, applied_at__isnull=True)
        if waiting.update(applied_at=clock.now(), cells={}) != 1:
            raise TransitionNotAllowed(_("This workbook is applied already."))
        assessment = Assessment.objects.select_related("firm").get(pk=upload.assessment_id)
        preview = preview_of(upload, evaluation_of(assessment), by, lang)
        if preview.problems:
            raise InvalidInput(
                {"file": _("Correct the problems in the workbook and upload it again.")}
            )
        wanted = list(preview.changes)
        for conflict in preview.conflicts:
            choice = keep.get(conflict.key, "")
            if choice not in (MINE, THEIRS) or seen.get(conflict.key) != str(conflict.version):
                raise InvalidInput(
                    {"keep": _("Somebody saved meanwhile. Choose whose version stays.")}
                )
            if choice == MINE:
                wanted.append(conflict)
        facts = {change.key: change.new for change in wanted if change.is_fact}
        if facts:
            save_facts(
                assessment=assessment,
                values=facts,
                base_version=assessment.facts_version,
                by=by,
            )
        for change in wanted:
            if not change.is_fact:
                save_answer(
                    assessment=assessment,
                    requirement_id=change.key,
                    **change.new,
                    base_version=change.version,
                    by=by,
                )
        audit.record(
            by,
            "workbook.applied",
            upload,
            assessment=assessment,
            after={"filename": upload.filename, "changes": len(wanted)},
        )
    return len(wanted)
