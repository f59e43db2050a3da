"""YAML text → plain values with the line of every key.

Built from the parser's events and not from its constructors: nothing a file says can create an
object, refer to another part of the file, or be read as something its author did not write.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from checklists.engine.faults import CatalogueError, Fault

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_VALUES = 100_000

Path = tuple[str | int, ...]
Event = Any

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
_AMBIGUOUS = frozenset({"yes", "no", "on", "off", "y", "n"})
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_plain_word(text: str) -> bool:
    """Whether the text, written without quotes, is read as this text and as nothing else."""
    return not (
        text in _NULL
        or text in _BOOLEANS
        or text.lower() in _AMBIGUOUS
        or _DECIMAL.fullmatch(text)
        or _DATE.fullmatch(text)
    )


@dataclass(slots=True)
class Document:
    """The values of one file, and where they stand in it."""

    file: str
    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Sequence[str | int]) -> int | None:
        """The line of the key, or of the nearest key around it that is in the file."""
        here = tuple(path)
        while here not in self.lines:
            if not here:
                return None
            here = here[:-1]
        return self.lines[here]

    def fault(self, path: Sequence[str | int], problem: str, cure: str) -> Fault:
        return Fault(self.file, self.line(path), dotted(path), problem, cure)


def dotted(path: Sequence[str | int]) -> str:
    """`facts[3].label` for ("facts", 3, "label")."""
    words = ""
    for step in path:
        words += f"[{step}]" if isinstance(step, int) else f".{step}" if words else str(step)
    return words


def read_document(file: str, content: bytes) -> Document:
    """The file's values; where `.faults` stopped the reading, `.data` is None."""
    document = Document(file, None)
    if len(content) > MAX_BYTES:
        problem = f"The file is larger than {MAX_BYTES} bytes."
        document.faults.append(Fault(file, None, "", problem, "Split it, or cut it."))
        return document
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        document.faults.append(Fault(file, line, "", "The file is not UTF-8.", "Save it as UTF-8."))
        return document
    try:
        _Reader(document, yaml.parse(text, Loader=_PARSER)).read()
    except yaml.YAMLError as error:
        document.data = None
        document.faults.append(_syntax_fault(file, error))
    except _StopReadingError:
        document.data = None
    return document


def _syntax_fault(file: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else None
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return Fault(
        file,
        line,
        "",
        f"This is not YAML: {what}.",
        "Check the indentation, and put quotes around a text with a colon or a sign in front.",
    )


class _StopReadingError(Exception):
    """Reading on would cost more than it could tell."""


class _Reader:
    def __init__(self, document: Document, events: Any) -> None:
        self.document = document
        self.events = events
        self.count = 0

    def read(self) -> None:
        next(self.events)  # stream start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            self.report(event, (), "The file is empty.", "Fill it in, or delete it.")
            raise _StopReadingError
        self.document.lines[()] = 1
        self.document.data = self.value(next(self.events), (), 1)
        next(self.events)  # document end
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self.report(event, (), "The file holds a second document.", "Keep one per file.")

    def report(self, event: Event, path: Path, problem: str, cure: str) -> None:
        line = event.start_mark.line + 1
        self.document.faults.append(Fault(self.document.file, line, dotted(path), problem, cure))

    def value(self, event: Event, path: Path, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            self.report(event, path, f"The file holds more than {MAX_VALUES} values.", "Split it.")
            raise _StopReadingError
        if depth > MAX_DEPTH:
            problem = f"The values are nested more than {MAX_DEPTH} deep."
            self.report(event, path, problem, "Nest them less; a condition can name a flag.")
            raise _StopReadingError
        if isinstance(event, yaml.AliasEvent):
            self.report(event, path, f"*{event.anchor} refers to another place.", "Write it out.")
            return None
        if event.anchor is not None:
            self.report(
                event, path, f"&{event.anchor} marks a place to refer to.", "Remove the mark."
            )
        if event.tag is not None and not (isinstance(event, yaml.ScalarEvent) and event.tag == "!"):
            self.report(
                event, path, f"The tag {event.tag} is not allowed.", "Write the value alone."
            )
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path, depth)
        return self.mapping(path, depth)

    def sequence(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.document.lines[here] = event.start_mark.line + 1
            items.append(self.value(event, here, depth + 1))
        return items

    def mapping(self, path: Path, depth: int) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path)
            here = (*path, key)
            self.document.lines.setdefault(here, event.start_mark.line + 1)
            value = self.value(next(self.events), here, depth + 1)
            if key in items:
                first = self.document.lines[here]
                problem = f"The key is there twice (first in line {first})."
                self.report(event, here, problem, "Keep one of the two.")
            items[key] = value
        return items

    def key(self, event: Event, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self.report(
                event, path, "A key is a list, a mapping or an alias.", "Write a plain word."
            )
            raise _StopReadingError
        if event.anchor is not None or event.tag is not None:
            self.report(event, path, "A key carries a mark or a tag.", "Write the plain word.")
        if not event.style and event.value.lower() in _AMBIGUOUS:
            self.report(
                event,
                path,
                f"The key {event.value} can be read as true or false.",
                "Put it in quotes.",
            )
        key: str = event.value
        return key

    def scalar(self, event: Event, path: Path) -> Any:
        text: str = event.value
        if event.style:  # quoted or a block
            return text
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if text.lower() in _AMBIGUOUS:
            cure = "Write true or false if that is meant; put a text or an id in quotes."
            self.report(event, path, f"The bare word {text} can be read in two ways.", cure)
            return None
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                problem = f"{text} is not a day in the calendar."
                self.report(event, path, problem, "Correct the date (year-month-day).")
                return None
        return text


def raise_faults(faults: Sequence[Fault]) -> None:
    """Stop with every fault there is; go on where there is none."""
    if faults:
        raise CatalogueError(faults)
