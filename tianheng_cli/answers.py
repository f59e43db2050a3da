"""An assessment as a YAML file: pulled with its questions, filled in, and what is changed pushed.

Beside each answer stand the version it was pulled at and a fingerprint of what it said then. So it
shows which answers were changed in the file, and which were changed on the server meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tianheng_cli.client import Client, Given, Json
from tianheng_cli.errors import Exit, Failed

FORMAT = "tianheng-answers/1"
LARGEST_FILE = 8 * 1024 * 1024
WIDTH = 96
FIELDS = ("value", "note", "not_applicable_reason", "flag")
_HEAD = """\
Answers of an assessment. Fill in `value`, `note`, `not_applicable_reason` and `flag`
(dont_know or come_back), then: tianheng push FILE
Leave `version` and `pulled` as they are; by them nobody is overwritten.
The facts are for reading; they are changed on their page."""
_NULL = frozenset({"", "null", "~", "Null", "NULL"})
_NAME = re.compile(r"  ([A-Za-z0-9_.\-]+):\s*")


@dataclass(frozen=True)
class Answer:
    """What stands in an answer."""

    value: str | None = None
    note: str = ""
    not_applicable_reason: str = ""
    flag: str = ""

    @property
    def fingerprint(self) -> str:
        said = json.dumps([self.value, self.note, self.not_applicable_reason, self.flag])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in FIELDS}


@dataclass(frozen=True)
class Stored:
    """An answer on the server."""

    answer: Answer
    version: int
    is_open: bool = True


@dataclass(frozen=True)
class Written:
    """An answer in a file, with the state it was pulled from."""

    answer: Answer
    version: int
    pulled: str

    @property
    def is_changed(self) -> bool:
        return self.answer.fingerprint != self.pulled


@dataclass(frozen=True)
class AnswerFile:
    """A file as it was read."""

    assessment: str
    server: str
    answers: Mapping[str, Written]


@dataclass(frozen=True)
class Conflict:
    """Two people changed one answer: in the file, and on the server."""

    requirement: str
    yours: Answer
    theirs: Answer
    version: int

    def as_json(self) -> Json:
        return {
            "requirement": self.requirement,
            "yours": self.yours.as_json(),
            "theirs": self.theirs.as_json(),
            "version": self.version,
        }


@dataclass(frozen=True)
class Plan:
    """What a push will do."""

    changes: tuple[Given, ...]
    before: Mapping[str, Answer]
    conflicts: tuple[Conflict, ...]
    unknown: tuple[str, ...]
    locked: tuple[str, ...]
    behind: tuple[str, ...]  # changed on the server alone


# --- from the server ------------------------------------------------------------------------------


def stored_answers(client: Client, assessment_id: str) -> tuple[list[Json], dict[str, Stored]]:
    """The rows of the assessment, and its answers with their notes, of one and the same state."""
    before = {row["requirement"]: row["etag"] for row in client.rows(assessment_id)}
    lines = {line["requirement"]: line for line in client.written_out(assessment_id)["answers"]}
    rows = client.rows(assessment_id)
    stored: dict[str, Stored] = {}
    for row in rows:
        name = row["requirement"]
        line = lines.get(name)
        if row["etag"] != before.get(name):
            # Somebody saved it between the calls: ask for this one alone.
            line = client.answer(assessment_id, name)
            row["etag"] = line["etag"]
        answer = _answer(line) if line else Answer()
        stored[name] = Stored(answer, _version(row["etag"]), bool(row["is_open"]))
    return rows, stored


def _answer(line: Json) -> Answer:
    return Answer(
        _text(line["value"]),
        line["note"] or "",
        line["not_applicable_reason"] or "",
        line["flag"] or "",
    )


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _version(etag: str) -> int:
    digits = etag.strip('W/"')
    return int(digits) if digits.isascii() and digits.isdigit() else 0


# --- into a file ----------------------------------------------------------------------------------


def write_file(
    path: Path,
    *,
    server: str,
    assessment: Json,
    facts: Mapping[str, Any],
    rows: Sequence[Json],
    stored: Mapping[str, Stored],
    requirements: Mapping[str, Json],
) -> None:
    """Write the whole file at once, or leave what is there."""
    lines = [
        *_comment(_HEAD),
        *_dumped(
            {
                "format": FORMAT,
                "server": server,
                "assessment": assessment["id"],
                "title": assessment["title"],
                "firm": assessment["firm_name"],
                "status": assessment["status"],
                "as_of": str(assessment["as_of"]),
            }
        ),
        *_dumped({"facts": dict(facts)}),
        "answers:",
    ]
    for row in rows:
        name = row["requirement"]
        if row["applicability"] == "does_not_apply":
            continue
        lines += ["", *_about(row, requirements.get(name, {})), f"  {name}:"]
        lines += [f"    {line}" for line in _dumped(_block(stored[name]))]
    replace_file(path, "\n".join(lines) + "\n")


def _block(stored: Stored) -> dict[str, Any]:
    return {
        **stored.answer.as_json(),
        "version": stored.version,
        "pulled": stored.answer.fingerprint,
    }


def _about(row: Json, requirement: Json) -> list[str]:
    """What a person needs to answer: question, choices, what is there now."""
    spec = requirement.get("answer") or {}
    said = [f"{row['source_row']} {row['title']}", str(requirement.get("question", ""))]
    options = [f"{option['id']} ({option['label']})" for option in spec.get("options", ())]
    kind = str(spec.get("kind", ""))
    words = {
        "yes_partly_no": "yes, partly or no",
        "document": "in_place or not_in_place",
        "number": f"a number, {spec.get('unit')}",
        "date": "a date, such as 2027-03-12",
        "choice": "; ".join(options),
    }.get(kind, "")
    said.append(f"value: {words}" if words else "")
    said.append(f"{row['applicability']}, {row['outcome']}: {row['reason']}")
    return [line for text in said if text for line in _comment(text, indent="  ")]


def _comment(text: str, *, indent: str = "") -> list[str]:
    """Lines of a comment; no text of the server can end it."""
    lines: list[str] = []
    for part in text.splitlines():
        words = "".join(letter if letter.isprintable() else " " for letter in part)
        lines += textwrap.wrap(words, WIDTH) or [""]
    return [f"{indent}# {line}".rstrip() for line in lines]


def _dumped(values: Mapping[str, Any]) -> list[str]:
    text = yaml.safe_dump(
        dict(values), allow_unicode=True, sort_keys=False, width=WIDTH, default_flow_style=False
    )
    return str(text).rstrip("\n").split("\n")


def replace_file(path: Path, content: str | bytes) -> None:
    """Put the content in the file's place in one step."""
    data = content.encode() if isinstance(content, str) else content
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        new.write_bytes(data)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise Failed(
            Exit.USAGE,
            "cannot_write",
            f"{path} cannot be written ({error.strerror}). Choose another place.",
        ) from None


# --- out of a file --------------------------------------------------------------------------------


def read_file(path: Path) -> AnswerFile:
    """The file, or a refusal that names the place and the cure."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _bad(path, "it is larger than 8 MB")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Failed(Exit.USAGE, "no_file", f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise _bad(path, "it is not UTF-8") from None
    try:
        # Every scalar as a text: `yes` stays yes, 1.50 stays 1.50, a date stays as it is written.
        held = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _bad(path, f"it is not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise _bad(path, f"its `format` is not {FORMAT}")
    answers = held.get("answers")
    if not isinstance(held.get("assessment"), str) or not isinstance(answers, dict | str):
        raise _bad(path, "it names no assessment, or has no answers")
    lines = answers if isinstance(answers, dict) else {}
    return AnswerFile(
        assessment=held["assessment"],
        server=str(held.get("server", "")),
        answers={str(name): _written(path, str(name), line) for name, line in lines.items()},
    )


def _written(path: Path, name: str, line: object) -> Written:
    if not isinstance(line, dict):
        raise _bad(path, f"{name} is not a list of fields")
    unknown = sorted(set(line) - {*FIELDS, "version", "pulled"})
    if unknown:
        raise _bad(path, f"{name} has a field `{unknown[0][:40]}` that no answer has")
    wrong = [field for field, value in line.items() if not isinstance(value, str)]
    if wrong:
        raise _bad(path, f"{name}: `{wrong[0]}` is not one value")
    version = line.get("version", "0")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise _bad(path, f"{name}: `version` is not a whole number")
    texts = {field: line.get(field, "") for field in FIELDS}
    texts = {field: "" if text in _NULL else text for field, text in texts.items()}
    answer = Answer(
        texts["value"] or None, texts["note"], texts["not_applicable_reason"], texts["flag"]
    )
    return Written(answer, int(version), line.get("pulled") or Answer().fingerprint)


def _bad(path: Path, why: str) -> Failed:
    return Failed(
        Exit.USAGE,
        "bad_file",
        f"{path} cannot be read as answers: {why}. Mend it, or pull into another file.",
    )


# --- and back -------------------------------------------------------------------------------------


def plan_of(file: AnswerFile, stored: Mapping[str, Stored], *, force: bool) -> Plan:
    """Which answers go out, and which two people changed."""
    changes, conflicts = [], []
    before: dict[str, Answer] = {}
    unknown, locked, behind = [], [], []
    for name, written in file.answers.items():
        now = stored.get(name)
        if now is None:
            unknown.append(name)
        elif not written.is_changed:
            if now.version != written.version:
                behind.append(name)
        elif now.answer == written.answer:
            continue  # it says so already
        elif not now.is_open:
            locked.append(name)
        elif now.version != written.version and not force:
            conflicts.append(Conflict(name, written.answer, now.answer, now.version))
        else:
            before[name] = now.answer
            etag = f'"{now.version}"'
            changes.append(Given(name, etag=etag, **written.answer.as_json()))  # type: ignore[arg-type]  # of FIELDS
    return Plan(
        tuple(changes),
        before,
        tuple(conflicts),
        tuple(unknown),
        tuple(locked),
        tuple(behind),
    )


def note_pushed(path: Path, file: AnswerFile, saved: Iterable[Json]) -> None:
    """Write the new versions into the file, and leave everything else in it as it is."""
    new = {line["requirement"]: int(line["version"]) for line in saved}
    lines = path.read_text(encoding="utf-8").split("\n")
    name = ""
    for number, line in enumerate(lines):
        if heading := _NAME.fullmatch(line):
            name = heading[1]
        if name not in new:
            continue
        if line.startswith("    version:"):
            lines[number] = f"    version: {new[name]}"
        elif line.startswith("    pulled:"):
            lines[number] = f"    pulled: '{file.answers[name].answer.fingerprint}'"
    replace_file(path, "\n".join(lines))
