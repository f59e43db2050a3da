"""The facts page: one group of questions, what follows from the answers, and what is still open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.urls import reverse

from checklists import Catalogue, Fact, evaluate_assessment
from checklists.engine import wording
from checklists.engine.conditions import ConditionProgram, names_in
from checklists.engine.model import Applicability, Evaluation, FactKind, FactValue, Track
from checklists.engine.units import UNITS
from compliance.models import Assessment, AuditEvent
from compliance.selectors.evaluation import AssessmentState, typed_facts
from compliance.selectors.tasks import fact_link, field_id

DONT_KNOW, NONE = "_dont_know", "_none"
MOST_OPEN_SHOWN = 5
MOST_CHANGES_SHOWN = 6
MOST_STATEMENTS_SHOWN = 3

_programs: WeakKeyDictionary[Catalogue, ConditionProgram] = WeakKeyDictionary()


class Missing:
    """The answer to a question that nobody has answered; not the same as "don't know yet"."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True)
class Draft:
    """What stands in the fields of one question, whether it can be taken or not."""

    values: tuple[str, ...] = ()  # ticked choices, or the one text
    dont_know: bool = False
    none: bool = False  # "none of these"

    @property
    def text(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def is_blank(self) -> bool:
        return not (self.values or self.dont_know or self.none)


@dataclass(frozen=True)
class ChoiceView:
    value: str
    label: str
    help: str
    is_checked: bool


@dataclass(frozen=True)
class QuestionView:
    """One question as it stands on the page."""

    name: str
    id: str
    kind: FactKind
    question: str
    help: str
    why: str
    unit: str
    is_asked: bool
    choices: tuple[ChoiceView, ...]
    draft: Draft
    stored: Any  # JSON form; MISSING where nothing was ever said
    shown: str  # the stored answer in words
    waiting: int  # requirements that wait for it
    error: str = ""
    is_follow_up: bool = False  # it hangs on another question of the group
    follow_ups: tuple[QuestionView, ...] = ()

    @property
    def was(self) -> str:
        """The stored answer as a form carries it, so that a change of it is noticed."""
        if isinstance(self.stored, Missing):
            return ""
        return json.dumps(self.stored, ensure_ascii=False)


@dataclass(frozen=True)
class GroupLink:
    id: str
    title: str
    answered: int
    asked: int
    is_current: bool

    @property
    def is_done(self) -> bool:
        return self.answered == self.asked


@dataclass(frozen=True)
class Counter:
    """How much of the catalogue applies now."""

    total: int
    applies: int
    duty: int
    upcoming: int
    opportunity: int
    undetermined: int
    does_not_apply: int


@dataclass(frozen=True)
class Moved:
    """A requirement that the last change brought in or took out."""

    title: str
    url: str
    measure: int
    track: Track
    severity: str


@dataclass(frozen=True)
class LastChange:
    statements: tuple[str, ...]  # "Orbits: low Earth orbit"
    more_statements: int
    came_in: tuple[Moved, ...]
    went_out: tuple[Moved, ...]
    more_in: int
    more_out: int

    @property
    def count_in(self) -> int:
        return len(self.came_in) + self.more_in

    @property
    def count_out(self) -> int:
        return len(self.went_out) + self.more_out


@dataclass(frozen=True)
class OpenFact:
    question: str
    url: str
    waiting: int
    first_waiting: str


@dataclass(frozen=True)
class FactsPage:
    group: GroupLink
    position: int
    groups: tuple[GroupLink, ...]
    previous: GroupLink | None
    next: GroupLink | None
    questions: tuple[QuestionView, ...]
    counter: Counter
    open: tuple[OpenFact, ...]
    more_open: int

    @property
    def every_question(self) -> list[QuestionView]:
        """The questions and what follows them, in one list."""
        return [q for root in self.questions for q in (root, *root.follow_ups)]


def program_of(catalogue: Catalogue) -> ConditionProgram:
    """The facts and flags of a catalogue, compiled once."""
    program = _programs.get(catalogue)
    if program is None:
        program = _programs[catalogue] = ConditionProgram(catalogue)
    return program


def asked_facts(catalogue: Catalogue, facts: Mapping[str, FactValue | None]) -> frozenset[str]:
    """The questions that matter, given the (typed) answers so far."""
    state = program_of(catalogue).state(facts)
    return frozenset(name for name in catalogue.facts if state.is_asked(name))


def draft_of(fact: Fact, stored: Any) -> Draft:
    """The fields of a question as the stored answer fills them."""
    if isinstance(stored, Missing):
        return Draft()
    if stored is None:
        return Draft(dont_know=True)
    match fact.kind:
        case FactKind.SEVERAL:
            chosen = tuple(str(choice) for choice in stored) if isinstance(stored, list) else ()
            return Draft(values=chosen, none=not chosen)
        case FactKind.YES_NO:
            return Draft(values=("yes" if stored is True else "no",))
        case _:
            return Draft(values=(str(stored),))


def facts_page(
    state: AssessmentState,
    group_id: str,
    lang: str,
    *,
    drafts: Mapping[str, Draft] | None = None,
    errors: Mapping[str, str] | None = None,
) -> FactsPage:
    """One group; `drafts` are fields as typed, which stand even where they could not be saved."""
    catalogue = state.catalogue
    asked = asked_facts(catalogue, state.facts)
    groups = [_group_link(state, asked, key, key == group_id, lang) for key in catalogue.groups]
    worth_a_visit = [group for group in groups if group.asked or group.is_current]
    position = next(i for i, group in enumerate(worth_a_visit) if group.is_current)
    open_facts = list(state.evaluation.missing_facts.items())
    return FactsPage(
        group=worth_a_visit[position],
        position=position + 1,
        groups=tuple(worth_a_visit),
        previous=worth_a_visit[position - 1] if position else None,
        next=worth_a_visit[position + 1] if position + 1 < len(worth_a_visit) else None,
        questions=_questions(state, group_id, asked, drafts or {}, errors or {}, lang),
        counter=_counter(state),
        open=tuple(
            _open_fact(state, name, waiting, lang) for name, waiting in open_facts[:MOST_OPEN_SHOWN]
        ),
        more_open=max(0, len(open_facts) - MOST_OPEN_SHOWN),
    )


def _group_link(
    state: AssessmentState, asked: frozenset[str], key: str, is_current: bool, lang: str
) -> GroupLink:
    names = [n for n, fact in state.catalogue.facts.items() if fact.group == key and n in asked]
    return GroupLink(
        id=key,
        title=state.catalogue.groups[key].title.get(lang),
        answered=sum(name in state.assessment.facts for name in names),
        asked=len(names),
        is_current=is_current,
    )


# --- questions ------------------------------------------------------------------------------------


def _questions(
    state: AssessmentState,
    group_id: str,
    asked: frozenset[str],
    drafts: Mapping[str, Draft],
    errors: Mapping[str, str],
    lang: str,
) -> tuple[QuestionView, ...]:
    """The group's questions; one that hangs on another of the group stands below it."""
    facts = [fact for fact in state.catalogue.facts.values() if fact.group == group_id]
    root_of: dict[str, str] = {}
    below: dict[str, list[Fact]] = {}
    for fact in facts:
        gates = _gates(state.catalogue, fact)
        root = next((root_of[f.name] for f in facts if f.name in gates and f.name in root_of), "")
        # Roles decide about half of all questions: they are no reason to stand below them.
        if root and root != "firm.roles":
            root_of[fact.name] = root
            below[root].append(fact)
        else:
            root_of[fact.name] = fact.name
            below[fact.name] = []

    def view(fact: Fact, follow_ups: Iterable[Fact] = ()) -> QuestionView:
        stored = state.assessment.facts.get(fact.name, MISSING)
        draft = drafts.get(fact.name) or draft_of(fact, stored)
        return QuestionView(
            name=fact.name,
            id=field_id(fact.name),
            kind=fact.kind,
            question=fact.question.get(lang),
            help=fact.help.get(lang) if fact.help else "",
            why=fact.why.get(lang),
            unit=unit_name(fact.unit, lang),
            is_asked=fact.name in asked,
            choices=_choices(fact, draft, lang),
            draft=draft,
            stored=stored,
            shown=_in_words(state, fact, lang),
            waiting=len(state.evaluation.missing_facts.get(fact.name, ())),
            error=errors.get(fact.name, ""),
            is_follow_up=fact.name not in below,
            follow_ups=tuple(view(other) for other in follow_ups),
        )

    return tuple(view(fact, below[fact.name]) for fact in facts if fact.name in below)


def unit_name(unit: str | None, lang: str) -> str:
    """The unit as it stands after a field; "" for pure numbers."""
    words = UNITS.get(unit or "count", UNITS["count"])
    return words.many if lang == "en" else words.zh_hans


def _gates(catalogue: Catalogue, fact: Fact) -> set[str]:
    """The facts that decide whether a question is asked, those behind flags included."""
    gates: set[str] = set()
    waiting = [] if fact.asked_when is None else [fact.asked_when]
    while waiting:
        facts, flags = names_in(waiting.pop())
        gates |= facts
        waiting.extend(catalogue.flags[flag].when for flag in flags)
    return gates


def _choices(fact: Fact, draft: Draft, lang: str) -> tuple[ChoiceView, ...]:
    if fact.kind is FactKind.YES_NO:
        words = {"yes": ("Yes", "是"), "no": ("No", "否")}
        return tuple(
            ChoiceView(value, en if lang == "en" else zh, "", value in draft.values)
            for value, (en, zh) in words.items()
        )
    return tuple(
        ChoiceView(
            choice.id,
            choice.label.get(lang),
            choice.help.get(lang) if choice.help else "",
            choice.id in draft.values,
        )
        for choice in fact.choices
    )


def _in_words(state: AssessmentState, fact: Fact, lang: str) -> str:
    value = state.facts.get(fact.name)
    return "" if value is None else wording.fact_value(fact, value, lang)


# --- what follows ---------------------------------------------------------------------------------


def _counter(state: AssessmentState) -> Counter:
    rows = state.evaluation.rows.values()
    applying = [row for row in rows if row.applicability is Applicability.APPLIES]
    tracks = [state.catalogue.requirements[row.requirement].track for row in applying]
    undetermined = sum(row.applicability is Applicability.UNDETERMINED for row in rows)
    return Counter(
        total=len(rows),
        applies=len(applying),
        duty=tracks.count(Track.DUTY),
        upcoming=tracks.count(Track.UPCOMING),
        opportunity=tracks.count(Track.OPPORTUNITY),
        undetermined=undetermined,
        does_not_apply=len(rows) - len(applying) - undetermined,
    )


def _open_fact(state: AssessmentState, name: str, waiting: tuple[str, ...], lang: str) -> OpenFact:
    facts_url = reverse("assessment_facts", args=[state.assessment.pk])
    return OpenFact(
        question=state.catalogue.facts[name].question.get(lang),
        url=fact_link(facts_url, state.catalogue, name),
        waiting=len(waiting),
        first_waiting=state.catalogue.requirements[waiting[0]].title.get(lang),
    )


def last_change(state: AssessmentState, lang: str) -> LastChange | None:
    """What the newest change of facts said, and which requirements it moved (one query)."""
    event = (
        AuditEvent.objects.filter(assessment=state.assessment, action="facts.saved")
        .order_by("-id")
        .first()
    )
    if event is None or not event.after:
        return None
    catalogue = state.catalogue
    before = evaluate_assessment(
        catalogue,
        as_of=state.assessment.as_of,
        facts=typed_facts(catalogue, {**state.assessment.facts, **(event.before or {})}),
        answers={},
        evidence={},
    )
    came_in: list[Moved] = []
    went_out: list[Moved] = []
    for name, row in state.evaluation.rows.items():
        was, now = before.rows[name].applicability, row.applicability
        if was is now:
            continue
        if now is Applicability.APPLIES:
            came_in.append(_moved(state, row, lang))
        elif was is Applicability.APPLIES:
            went_out.append(_moved(state, row, lang))
    return LastChange(
        statements=tuple(
            _statement(catalogue, name, event.after, lang)
            for name in list(event.after)[:MOST_STATEMENTS_SHOWN]
        ),
        more_statements=max(0, len(event.after) - MOST_STATEMENTS_SHOWN),
        came_in=tuple(came_in[:MOST_CHANGES_SHOWN]),
        went_out=tuple(went_out[:MOST_CHANGES_SHOWN]),
        more_in=max(0, len(came_in) - MOST_CHANGES_SHOWN),
        more_out=max(0, len(went_out) - MOST_CHANGES_SHOWN),
    )


def _statement(catalogue: Catalogue, name: str, after: Mapping[str, Any], lang: str) -> str:
    fact = catalogue.facts.get(name)
    if fact is None:
        return name
    value = typed_facts(catalogue, {name: after[name]})[name]
    if value is None:
        said = "don’t know yet" if lang == "en" else "尚不清楚"
    else:
        said = wording.fact_value(fact, value, lang)
    return f"{fact.label.get(lang)}{': ' if lang == 'en' else '：'}{said}"


def _moved(state: AssessmentState, row: Evaluation, lang: str) -> Moved:
    requirement = state.catalogue.requirements[row.requirement]
    return Moved(
        title=requirement.title.get(lang),
        url=reverse("requirement", args=[state.assessment.pk, requirement.id]),
        measure=requirement.measure,
        track=requirement.track,
        severity=state.catalogue.severities[requirement.severity].get(lang),
    )


def group_of(state: AssessmentState, asked_for: str) -> str:
    """The group to show: the one asked for, else the first with a question left, else the first."""
    catalogue = state.catalogue
    if asked_for in catalogue.groups:
        return asked_for
    asked = asked_facts(catalogue, state.facts)
    for name, fact in catalogue.facts.items():
        if name in asked and name not in state.assessment.facts:
            return fact.group
    return next(iter(catalogue.groups))


def stored_fact(assessment: Assessment, name: str) -> Any:
    """The stored JSON form, or MISSING."""
    return assessment.facts.get(name, MISSING)
