"""Two editions of the rules → what changed between them, requirement by requirement, in words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checklists.engine import clauses
from checklists.engine.meaning import means_the_same
from checklists.engine.model import (
    All,
    AnswerSpec,
    AnyOf,
    Catalogue,
    Check,
    Citation,
    Comparator,
    Condition,
    DateCheck,
    Fact,
    FlagTest,
    Not,
    NumberCheck,
    Parameter,
    Reference,
    Requirement,
    Text,
    Word,
)
from checklists.engine.wording import listed


class Verdict(Word):
    """What becomes of an answer that was given under the earlier edition."""

    KEPT = "kept"
    CONFIRM_AGAIN = "confirm_again"
    RETIRED = "retired"
    NEW = "new"


class ChangeKind(Word):
    WORDING = "wording"
    LIMIT = "limit"
    ANSWER = "answer"
    APPLICABILITY = "applicability"
    EVIDENCE = "evidence"
    TRACK = "track"
    SEVERITY = "severity"
    PERIOD = "period"
    PLACE = "place"
    SOURCES = "sources"


class EntryState(Word):
    NEW = "new"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that reads otherwise; None on a side where it is not there."""

    kind: ChangeKind
    field: str
    label: Text
    before: Text | None
    after: Text | None
    asks_again: bool  # an answer given before may no longer be right


@dataclass(frozen=True, slots=True)
class RequirementChange:
    """One requirement in both editions; `before` is None for a new one, `after` for a retired."""

    id: str
    verdict: Verdict
    before: Requirement | None
    after: Requirement | None
    changes: tuple[Change, ...] = ()

    @property
    def requirement(self) -> Requirement:
        """The newer form; the older one where it is retired."""
        found = self.after or self.before
        assert found is not None  # one side is always there
        return found


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A fact, a flag, a parameter or a reference that is new, gone or reads otherwise."""

    id: str
    title: Text
    state: EntryState
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Edition:
    id: str
    edition: str
    digest: str
    title: Text


@dataclass(frozen=True, slots=True)
class CatalogueDifference:
    """Everything that changed from one edition to another."""

    before: Edition
    after: Edition
    # Every requirement of both: in the order of the later edition, the retired ones last.
    requirements: Mapping[str, RequirementChange]
    facts: tuple[EntryChange, ...]
    flags: tuple[EntryChange, ...]
    parameters: tuple[EntryChange, ...]
    references: tuple[EntryChange, ...]

    def with_verdict(self, verdict: Verdict) -> list[RequirementChange]:
        """The requirements of which an answer fares like this."""
        return [change for change in self.requirements.values() if change.verdict is verdict]

    @property
    def is_empty(self) -> bool:
        """Whether nothing that a reader or an answer depends on has changed."""
        return not (self.facts or self.flags or self.parameters or self.references) and all(
            change.verdict is Verdict.KEPT and not change.changes
            for change in self.requirements.values()
        )


def difference(before: Catalogue, after: Catalogue) -> CatalogueDifference:
    """What changed from `before` to `after`."""
    both = (before, after)
    names = [*after.requirements, *(n for n in before.requirements if n not in after.requirements)]
    return CatalogueDifference(
        before=_edition(before),
        after=_edition(after),
        requirements={name: _requirement_change(before, after, name) for name in names},
        facts=_entries(both, "facts", _fact_fields, lambda fact: fact.label),
        flags=_entries(both, "flags", _flag_fields, lambda flag: flag.label),
        parameters=_entries(both, "parameters", _parameter_fields, lambda limit: limit.title),
        references=_entries(both, "references", _reference_fields, lambda source: source.name),
    )


def _edition(catalogue: Catalogue) -> Edition:
    return Edition(catalogue.id, catalogue.edition, catalogue.digest, catalogue.title)


# --- what is compared -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Field:
    """One thing that may change: its name, what is compared, and how it reads."""

    kind: ChangeKind
    name: str
    label: Text
    value: Any
    words: Text | None
    asks_again: bool = False


_LABELS = {
    "title": Text("Title", "标题"),
    "question": Text("Question", "问题"),
    "guidance": Text("Guidance", "指南"),
    "rationale": Text("Why it matters", "理由"),
    "answer": Text("Kind of answer", "答案类型"),
    "limit": Text("Limit", "限值"),
    "best_practice": Text("Best practice", "最佳做法"),
    "when_not_met": Text("Sentence when it is not met", "不符合时的说明"),
    "applies_when": Text("Applies to", "适用范围"),
    "evidence": Text("Evidence", "证据"),
    "track": Text("Track", "类别"),
    "severity": Text("Severity", "严重程度"),
    "topic": Text("Topic", "主题"),
    "measure": Text("Measure", "措施"),
    "in_force": Text("In force", "有效期"),
    "corrective_action": Text("Suggested corrective action", "建议整改措施"),
    "references": Text("Sources", "依据"),
    "clause": Text("Place in the plan", "计划条款"),
    "confidence": Text("How sure we are", "可信程度"),
    "verification_note": Text("What is not verified", "待核实事项"),
    "label": Text("Name", "名称"),
    "help": Text("Help", "说明"),
    "why": Text("Why we ask", "询问原因"),
    "choices": Text("Choices", "选项"),
    "asked_when": Text("Asked of", "询问范围"),
    "kind": Text("Kind", "类型"),
    "when": Text("True when", "成立条件"),
    "values": Text("Values", "取值"),
    "basis": Text("Basis", "依据类型"),
    "name": Text("Name", "名称"),
    "issuer": Text("Issued by", "发布机构"),
    "number": Text("Number", "文号"),
    "date": Text("Date", "日期"),
    "status": Text("Status", "状态"),
    "binding": Text("Legal force", "效力级别"),
    "url": Text("Address", "网址"),
    "facts_used": Text("What is used of it", "引用内容"),
    "verified": Text("Checked against its text", "是否核对原文"),
    "note": Text("Note", "备注"),
}
_VERIFIED = {True: Text("yes", "是"), False: Text("no", "否")}
_CONFIDENCE = {
    "high": Text("high", "高"),
    "medium": Text("medium", "中"),
    "low": Text("low", "低"),
}


def _field(
    kind: ChangeKind, name: str, words: Text | None, value: Any = None, *, asks: bool = False
) -> _Field:
    """A field that is compared by its value, or where it has none by its words."""
    return _Field(kind, name, _LABELS[name], words if value is None else value, words, asks)


def _plain(word: str) -> Text | None:
    return Text(word, word) if word else None


def _requirement_fields(catalogue: Catalogue, requirement: Requirement) -> Iterator[_Field]:
    kinds, answer, period = ChangeKind, requirement.answer, requirement.in_force
    condition = _expanded(catalogue, requirement.applies_when)
    measure = catalogue.measures[requirement.measure]
    yield _field(kinds.WORDING, "question", requirement.question, asks=True)
    yield _field(kinds.WORDING, "guidance", requirement.guidance, asks=True)
    yield _field(kinds.ANSWER, "answer", clauses.answer_in_words(answer), answer, asks=True)
    yield from _check_fields(catalogue, requirement.check)
    yield _field(
        kinds.APPLICABILITY,
        "applies_when",
        clauses.condition_in_words(catalogue, condition),
        condition,
    )
    required = [spec for spec in requirement.evidence if spec.required]
    yield _field(
        kinds.EVIDENCE, "evidence", _evidence_in_words(catalogue, requirement), tuple(required),
        asks=True,
    )  # fmt: skip
    yield _field(kinds.TRACK, "track", catalogue.tracks[requirement.track].title, requirement.track)
    yield _field(
        kinds.SEVERITY,
        "severity",
        catalogue.severities[requirement.severity],
        requirement.severity,
    )
    yield _field(
        kinds.PERIOD, "in_force", clauses.period_in_words(period.starts_on, period.ends_on), period
    )
    yield _field(kinds.WORDING, "title", requirement.title)
    yield _field(kinds.WORDING, "rationale", requirement.rationale)
    yield _field(kinds.WORDING, "corrective_action", requirement.corrective_action.text)
    yield _field(kinds.PLACE, "topic", catalogue.topics[requirement.topic], requirement.topic)
    yield _field(
        kinds.PLACE,
        "measure",
        Text(f"{measure.number} {measure.title.en}", f"{measure.number} {measure.title.zh_hans}"),
        measure.number,
    )
    yield _field(
        kinds.SOURCES,
        "references",
        _citations_in_words(catalogue, requirement.references),
        requirement.references,
    )
    yield _field(kinds.SOURCES, "confidence", _CONFIDENCE[requirement.confidence])
    yield _field(kinds.SOURCES, "verification_note", requirement.verification_note)


def _check_fields(catalogue: Catalogue, check: Check | None) -> Iterator[_Field]:
    words: Text | None = None
    value: Any = None
    best_words: Text | None = None
    best_value: Any = None
    if isinstance(check, NumberCheck):
        words, value = _limit_field(catalogue, check.comparator, check.parameter)
        if check.best_practice is not None:
            best = check.best_practice
            best_words, best_value = _limit_field(catalogue, best.comparator, best.parameter)
    elif isinstance(check, DateCheck):
        words = clauses.date_check_in_words(catalogue, check)
        value = (check.comparator, check.fact)
    yield _field(ChangeKind.LIMIT, "limit", words, value, asks=True)
    yield _field(ChangeKind.LIMIT, "best_practice", best_words, best_value)
    yield _field(ChangeKind.WORDING, "when_not_met", check.when_not_met if check else None)


def _limit_field(
    catalogue: Catalogue, comparator: Comparator, name: str
) -> tuple[Text, tuple[Any, ...]]:
    parameter = catalogue.parameters[name]
    values = {
        (
            value.value,
            value.starts_on,
            value.ends_on,
            None if value.when is None else _expanded(catalogue, value.when),
        )
        for value in parameter.values
    }
    words = clauses.limits_in_words(catalogue, comparator, name)
    return words, (comparator, parameter.unit, frozenset(values))


def _expanded(catalogue: Catalogue, condition: Condition) -> Condition:
    """The condition with its flags written out: a flag that changed changes whom it speaks to."""
    match condition:
        case All(parts):
            return All(tuple(_expanded(catalogue, part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_expanded(catalogue, part) for part in parts))
        case Not(part):
            return Not(_expanded(catalogue, part))
        case FlagTest(flag):
            return _expanded(catalogue, catalogue.flags[flag].when)
        case _:
            return condition


def _evidence_in_words(catalogue: Catalogue, requirement: Requirement) -> Text | None:
    required = [spec for spec in requirement.evidence if spec.required]
    if not required:
        return None
    words = []
    for lang in clauses.LANGUAGES:
        kinds = []
        for spec in required:
            kind = catalogue.evidence_kinds[spec.kind].get(lang)
            if spec.covers:
                covers = catalogue.dates[spec.covers].label.get(lang)
                kind += f" (covers: {covers})" if lang == "en" else f"（须覆盖：{covers}）"
            kinds.append(kind)
        words.append(("; " if lang == "en" else "；").join(kinds))
    return Text(*words)


def _citations_in_words(catalogue: Catalogue, citations: Sequence[Citation]) -> Text:
    said: dict[str, list[str]] = {lang: [] for lang in clauses.LANGUAGES}
    for citation in citations:
        for lang, words in said.items():
            name = catalogue.references[citation.reference].name.get(lang)
            parts = [text.get(lang) for text in (citation.article, citation.covers) if text]
            comma = ", " if lang == "en" else "，"
            words.append(comma.join([name, *parts]))
    return Text("; ".join(said["en"]), "；".join(said["zh-hans"]))


def _fact_fields(catalogue: Catalogue, fact: Fact) -> Iterator[_Field]:
    kinds = ChangeKind
    yield _field(kinds.WORDING, "label", fact.label)
    yield _field(kinds.WORDING, "question", fact.question, asks=True)
    yield _field(kinds.WORDING, "help", fact.help)
    yield _field(kinds.WORDING, "why", fact.why)
    shape = (fact.kind, fact.unit, fact.min, fact.max)
    yield _field(kinds.ANSWER, "kind", _plain(fact.kind), shape, asks=True)
    choices = [[choice.label.get(lang) for choice in fact.choices] for lang in clauses.LANGUAGES]
    words = Text(listed(choices[0], "en"), listed(choices[1], "zh-hans")) if fact.choices else None
    yield _field(kinds.ANSWER, "choices", words, fact.choices, asks=True)
    if fact.asked_when is None:
        yield _field(kinds.APPLICABILITY, "asked_when", None)
    else:
        gate = _expanded(catalogue, fact.asked_when)
        said = clauses.condition_in_words(catalogue, gate)
        yield _field(kinds.APPLICABILITY, "asked_when", said, gate)


def _flag_fields(catalogue: Catalogue, flag: Any) -> Iterator[_Field]:
    yield _field(ChangeKind.WORDING, "label", flag.label)
    said = clauses.condition_in_words(catalogue, flag.when)
    yield _field(ChangeKind.APPLICABILITY, "when", said, flag.when)


def _parameter_fields(catalogue: Catalogue, parameter: Parameter) -> Iterator[_Field]:
    basis = tuple(
        catalogue.threshold_basis[name]
        for name in dict.fromkeys(v.basis or parameter.basis for v in parameter.values)
    )
    yield _field(ChangeKind.WORDING, "title", parameter.title)
    values = tuple(
        replace(value, basis=value.basis or parameter.basis) for value in parameter.values
    )
    words = clauses.values_in_words(catalogue, parameter)
    yield _field(ChangeKind.LIMIT, "values", words, (parameter.unit, values), asks=True)
    yield _field(ChangeKind.SOURCES, "basis", clauses.all_of(basis))


def _reference_fields(catalogue: Catalogue, reference: Reference) -> Iterator[_Field]:
    kinds, force = ChangeKind, catalogue.legal_force[reference.binding]
    yield _field(kinds.WORDING, "name", reference.name)
    yield _field(kinds.WORDING, "issuer", reference.issuer)
    yield _field(kinds.SOURCES, "number", reference.number)
    yield _field(kinds.PERIOD, "date", _plain(reference.date))
    yield _field(kinds.PERIOD, "in_force", _plain(reference.in_force))
    yield _field(kinds.SOURCES, "status", _plain(reference.status))
    yield _field(kinds.SOURCES, "binding", force.title, reference.binding)
    yield _field(kinds.SOURCES, "url", _plain(reference.url))
    used = reference.facts_used
    words = clauses.all_of(used) if used else None
    yield _field(kinds.SOURCES, "facts_used", words, used)
    yield _field(kinds.SOURCES, "verified", _VERIFIED[reference.verified])
    yield _field(kinds.SOURCES, "confidence", _CONFIDENCE[reference.confidence])
    yield _field(kinds.WORDING, "note", reference.note)


# --- comparing ------------------------------------------------------------------------------------


def _changes(before: Iterator[_Field], after: Iterator[_Field]) -> tuple[Change, ...]:
    return tuple(
        Change(new.kind, new.name, new.label, old.words, new.words, old.asks_again)
        for old, new in zip(before, after, strict=True)
        if old.value != new.value
    )


def _requirement_change(before: Catalogue, after: Catalogue, name: str) -> RequirementChange:
    old, new = before.requirements.get(name), after.requirements.get(name)
    if old is None:
        return RequirementChange(name, Verdict.NEW, None, new)
    if new is None:
        return RequirementChange(name, Verdict.RETIRED, old, None)
    changes = _changes(_requirement_fields(before, old), _requirement_fields(after, new))
    if before.id == after.id and means_the_same(before.edition, new):
        reworded = {"question", "guidance"}
        if _without_labels(old.answer) == _without_labels(new.answer):
            reworded.add("answer")
        changes = tuple(
            replace(change, asks_again=False) if change.field in reworded else change
            for change in changes
        )
    asks_again = any(change.asks_again for change in changes)
    verdict = Verdict.CONFIRM_AGAIN if asks_again else Verdict.KEPT
    return RequirementChange(name, verdict, old, new, changes)


def _without_labels(answer: AnswerSpec) -> AnswerSpec:
    unnamed = Text("", "")
    return replace(answer, options=tuple(replace(o, label=unnamed) for o in answer.options))


def _entries(
    both: tuple[Catalogue, Catalogue],
    what: str,
    fields: Callable[[Catalogue, Any], Iterator[_Field]],
    title: Callable[[Any], Text],
) -> tuple[EntryChange, ...]:
    """What is new, gone or different among the facts, flags, parameters or references."""
    before, after = both
    old: Mapping[str, Any] = getattr(before, what)
    new: Mapping[str, Any] = getattr(after, what)
    found = []
    for name, entry in new.items():
        if name not in old:
            found.append(EntryChange(name, title(entry), EntryState.NEW))
        elif changes := _changes(fields(before, old[name]), fields(after, entry)):
            found.append(EntryChange(name, title(entry), EntryState.CHANGED, changes))
    gone = [name for name in old if name not in new]
    found += [EntryChange(name, title(old[name]), EntryState.REMOVED) for name in gone]
    return tuple(found)
