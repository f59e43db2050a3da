"""Facts, answers and evidence from a file → what `evaluate_assessment` takes.

Every problem is found and named at once: where it stands, what is wrong, what to do.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from checklists.engine.documents import MAX_BYTES, read_document
from checklists.engine.model import (
    Answer,
    Catalogue,
    EvidenceItem,
    FactValue,
    Flag,
    Requirement,
    Text,
)
from checklists.engine.values import InvalidValue, parse_answer, parse_date, parse_fact

KEYS = ("as_of", "facts", "answers", "evidence")
ANSWER_KEYS = ("value", "not_applicable_reason", "flag", "note")
EVIDENCE_KEYS = ("kind", "effective_on", "expires_on")
MAX_REASON = 4000


@dataclass(frozen=True, slots=True)
class InputProblem:
    key: str
    message: Text

    def get(self, lang: str) -> str:
        text = self.message.get(lang)
        return f"{self.key}: {text}" if self.key else text


class InputError(Exception):
    """An input that cannot be evaluated."""

    def __init__(self, problems: Iterable[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.get("en") for problem in self.problems))


@dataclass(slots=True)
class AssessmentInput:
    as_of: date
    facts: dict[str, FactValue | None] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    evidence: dict[str, list[EvidenceItem]] = field(default_factory=dict)


def read_input_text(name: str, content: bytes) -> Any:
    """The plain values of a JSON or YAML file."""
    if len(content) > MAX_BYTES:
        raise _stop("", f"The file is larger than {MAX_BYTES} bytes.", f"文件超过{MAX_BYTES}字节。")
    if name.lower().endswith(".json"):
        return _read_json(content)
    document = read_document(name, content)
    if document.faults:
        raise InputError(
            InputProblem(
                fault.key,
                Text(
                    f"Line {fault.line or 1}: {fault.problem} {fault.cure}",
                    f"第{fault.line or 1}行：{fault.problem} {fault.cure}",
                ),
            )
            for fault in document.faults
        )
    return document.data


def _stop(key: str, en: str, zh_hans: str) -> InputError:
    return InputError([InputProblem(key, Text(en, zh_hans))])


def _read_json(content: bytes) -> Any:
    try:
        return json.loads(
            content.decode("utf-8"), parse_float=Decimal, object_pairs_hook=_without_twins
        )
    except UnicodeDecodeError:
        raise _stop(
            "", "The file is not UTF-8. Save it as UTF-8.", "文件不是UTF-8编码，请另存为UTF-8。"
        ) from None
    except RecursionError:
        raise _stop(
            "", "The values are nested too deep. Nest them less.", "数据嵌套过深，请减少层级。"
        ) from None
    except ValueError as error:
        raise _stop(
            "", f"This is not JSON: {error}. Correct the file.", f"不是有效的JSON：{error}。"
        ) from None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"the key {key!r} is there twice")
        values[key] = value
    return values


def read_input(catalogue: Catalogue, data: Any) -> AssessmentInput:
    """The input, typed and checked against the catalogue; InputError lists every problem."""
    return _InputReader(catalogue).read(data)


class _InputReader:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.problems: list[InputProblem] = []

    def problem(self, key: str, en: str, zh_hans: str) -> None:
        self.problems.append(InputProblem(key, Text(en, zh_hans)))

    def read(self, data: Any) -> AssessmentInput:
        if not isinstance(data, dict):
            raise _stop(
                "",
                "The file is not a mapping. Write as_of, facts, answers and evidence.",
                "文件内容不是键值结构。请写明as_of、facts、answers和evidence。",
            )
        for key in data:
            if key not in KEYS:
                self.unknown(str(key), str(key), KEYS, "key", "键")
        given = AssessmentInput(as_of=date.min)
        self.read_as_of(data, given)
        for name, raw in self.mapping(data, "facts").items():
            self.read_fact(name, raw, given)
        for name, raw in self.mapping(data, "answers").items():
            self.read_answer(name, raw, given)
        for name, raw in self.mapping(data, "evidence").items():
            self.read_evidence(name, raw, given)
        if self.problems:
            raise InputError(self.problems)
        return given

    def mapping(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = data.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(
                key, "This is not a mapping. Write name: value.", "不是键值结构。请写作“名称: 值”。"
            )
            return {}
        return value

    def unknown(self, key: str, name: str, known: Iterable[str], what: str, what_zh: str) -> None:
        close = get_close_matches(name[:200], list(known), n=1)
        hint = f" Did you mean {close[0]}?" if close else " Check the name, or remove it."
        hint_zh = f"是否应为{close[0]}？" if close else "请核对名称或删除该项。"
        shown = name if len(name) <= 80 else name[:80] + "…"
        self.problem(
            key if len(key) <= 120 else key[:120] + "…",
            f"There is no {what} “{shown}”.{hint}",
            f"没有名为“{shown}”的{what_zh}。{hint_zh}",
        )

    def read_as_of(self, data: Mapping[str, Any], given: AssessmentInput) -> None:
        raw = data.get("as_of")
        if raw is None:
            self.problem(
                "as_of",
                "The date of the assessment is missing. Add it, such as as_of: 2026-11-20.",
                "缺少评估日。请补充，例如as_of: 2026-11-20。",
            )
            return
        try:
            given.as_of = parse_date(raw)
        except InvalidValue as error:
            self.problems.append(InputProblem("as_of", error.message))

    def read_fact(self, name: str, raw: Any, given: AssessmentInput) -> None:
        fact = self.catalogue.facts.get(name)
        if fact is None:
            self.unknown(f"facts.{name}", name, self.catalogue.facts, "fact", "事实")
            return
        try:
            given.facts[name] = parse_fact(fact, raw)
        except InvalidValue as error:
            self.problems.append(InputProblem(f"facts.{name}", error.message))

    def requirement(self, part: str, name: str) -> Requirement | None:
        requirement = self.catalogue.requirements.get(name)
        if requirement is None:
            known = self.catalogue.requirements
            self.unknown(f"{part}.{name}", name, known, "requirement", "要求")
        return requirement

    def read_answer(self, name: str, raw: Any, given: AssessmentInput) -> None:
        requirement = self.requirement("answers", name)
        if requirement is None:
            return
        key = f"answers.{name}"
        form = raw if isinstance(raw, dict) else {"value": raw}
        for word in form:
            if word not in ANSWER_KEYS:
                self.unknown(f"{key}.{word}", str(word), ANSWER_KEYS, "key", "键")
        reason = form.get("not_applicable_reason") or ""
        if not isinstance(reason, str) or len(reason) > MAX_REASON:
            self.problem(
                f"{key}.not_applicable_reason",
                f"This is not a text of at most {MAX_REASON} characters. Shorten it.",
                f"不是{MAX_REASON}个字符以内的文字。请缩短。",
            )
            return
        flag = self.flag(f"{key}.flag", form.get("flag"))
        try:
            value = parse_answer(requirement, form.get("value"))
            check_answer(requirement, value, reason)
        except InvalidValue as error:
            self.problems.append(InputProblem(key, error.message))
            return
        given.answers[name] = Answer(value, reason, flag)

    def flag(self, key: str, raw: Any) -> Flag | None:
        if raw is None or raw == "":
            return None
        if isinstance(raw, str) and raw in list(Flag):
            return Flag(raw)
        self.unknown(key, str(raw), list(Flag), "flag", "标记")
        return None

    def read_evidence(self, name: str, raw: Any, given: AssessmentInput) -> None:
        if self.requirement("evidence", name) is None:
            return
        if not isinstance(raw, list):
            self.problem(
                f"evidence.{name}",
                "This is not a list. Write [{kind: …}].",
                "不是列表。请写作[{kind: …}]。",
            )
            return
        items = [
            self.evidence_item(f"evidence.{name}[{number}]", item)
            for number, item in enumerate(raw)
        ]
        given.evidence[name] = [item for item in items if item is not None]

    def evidence_item(self, key: str, raw: Any) -> EvidenceItem | None:
        form = {"kind": raw} if isinstance(raw, str) else raw
        if not isinstance(form, dict):
            self.problem(
                key,
                "This is not a piece of evidence. Write {kind: …, effective_on: …, expires_on: …}.",
                "不是有效的材料条目。请写作{kind: …, effective_on: …, expires_on: …}。",
            )
            return None
        for word in form:
            if word not in EVIDENCE_KEYS:
                self.unknown(f"{key}.{word}", str(word), EVIDENCE_KEYS, "key", "键")
        kind = form.get("kind")
        if not isinstance(kind, str) or kind not in self.catalogue.evidence_kinds:
            known = self.catalogue.evidence_kinds
            self.unknown(f"{key}.kind", str(kind), known, "evidence kind", "材料种类")
            return None
        effective_on = self.day(f"{key}.effective_on", form.get("effective_on"))
        expires_on = self.day(f"{key}.expires_on", form.get("expires_on"))
        if effective_on and expires_on and expires_on < effective_on:
            self.problem(
                f"{key}.expires_on",
                "The evidence ends before it takes effect. Correct one of the two dates.",
                "失效日期早于生效日期。请更正其中之一。",
            )
            return None
        return EvidenceItem(kind, effective_on, expires_on)

    def day(self, key: str, raw: Any) -> date | None:
        if raw is None or raw == "":
            return None
        try:
            return parse_date(raw)
        except InvalidValue as error:
            self.problems.append(InputProblem(key, error.message))
            return None


def check_answer(requirement: Requirement, value: object, not_applicable_reason: str) -> None:
    """Refuse what contradicts itself: a value beside a reason why there is none."""
    if not not_applicable_reason.strip():
        return
    if value is not None:
        raise InvalidValue(
            Text(
                "There is both an answer and a reason why the requirement does not apply. "
                "Keep one of the two.",
                "既有回答又有不适用理由。请只保留其中一项。",
            )
        )
    if not requirement.answer.may_be_not_applicable:
        raise InvalidValue(
            Text(
                "“Not applicable” is not possible for this requirement. Give an answer.",
                "本项不得选择“不适用”。请作答。",
            )
        )
