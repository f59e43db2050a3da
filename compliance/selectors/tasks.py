"""The task list: every requirement of an assessment, grouped, filtered and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from django.urls import reverse

from checklists import Catalogue, Evaluation, Flag, Outcome, Requirement
from checklists.engine.model import Applicability, Score, Severity, Track
from compliance.models import Assessment, Delegation
from compliance.selectors.discussion import delegations_of, marks_of
from compliance.selectors.evaluation import AssessmentState
from compliance.selectors.heads import SCORED

# What a row shows: an outcome, or the mark a person has put on it.
STATES = (*(outcome.value for outcome in Outcome), *(flag.value for flag in Flag))
CARRIED_OVER, DISCUSSION = "carried_over", "discussion"
ASKED_FOR = (*STATES, CARRIED_OVER, DISCUSSION)
TO_DO = frozenset({Outcome.NOT_ANSWERED, Outcome.UNDETERMINED, Flag.COME_BACK})


class View(StrEnum):
    MEASURE = "measure"
    TOPIC = "topic"
    SEVERITY = "severity"
    DOES_NOT_APPLY = "does_not_apply"


class Who(StrEnum):
    """In whose hands; the id of a person is understood as well."""

    ME = "me"
    NOBODY = "nobody"
    LATE = "late"  # anybody's, past its day


@dataclass(frozen=True)
class TaskFilters:
    """What the address asks for; anything it does not know is left out."""

    query: str = ""
    topic: str = ""
    severity: str = ""
    outcome: str = ""
    flagged: bool = False
    who: str = ""
    measure: int | None = None
    view: View = View.MEASURE

    @classmethod
    def read(cls, asked: Mapping[str, str], catalogue: Catalogue) -> TaskFilters:
        """The filters of a query string."""

        def known(name: str, values: Iterable[str]) -> str:
            value = asked.get(name, "")
            return value if value in values else ""

        return cls(
            query=asked.get("q", "").strip()[:100],
            topic=known("topic", catalogue.topics),
            severity=known("severity", [severity.value for severity in Severity]),
            outcome=known("outcome", ASKED_FOR),
            flagged=asked.get("flagged") == "1",
            who=_who(asked.get("who", "")),
            measure=next(
                (number for number in catalogue.measures if str(number) == asked.get("measure")),
                None,
            ),
            view=View(known("view", list(View)) or View.MEASURE),
        )

    @property
    def narrows(self) -> bool:
        """Whether anything but the view was asked for."""
        asked = (self.query, self.topic, self.severity, self.outcome, self.who, self.measure)
        return self.flagged or any(asked)

    def as_query(self, **other: str) -> dict[str, str]:
        """The address of these filters, with others in their place."""
        values = {
            "q": self.query,
            "topic": self.topic,
            "severity": self.severity,
            "outcome": self.outcome,
            "flagged": "1" if self.flagged else "",
            "who": self.who,
            "measure": str(self.measure or ""),
            "view": "" if self.view is View.MEASURE else str(self.view),
            **other,
        }
        return {name: value for name, value in values.items() if value}


def _who(text: str) -> str:
    if text in list(Who):
        return text
    try:
        return str(UUID(text))
    except ValueError:
        return ""


@dataclass(frozen=True)
class Handed:
    """In whose hands the requirements are, as one person looks at it."""

    delegations: Mapping[str, Delegation]
    marked: frozenset[str]  # needs discussion
    me: UUID
    today: date

    @classmethod
    def read(cls, assessment: Assessment, *, me: UUID, today: date) -> Handed:
        """Delegations and marks of the assessment (two queries)."""
        return cls(delegations_of(assessment), marks_of(assessment), me, today)

    def is_late(self, requirement: str) -> bool:
        """Whether the day has passed by which it was asked for."""
        due_on = self.due_on(requirement)
        return due_on is not None and due_on < self.today

    def due_on(self, requirement: str) -> date | None:
        delegation = self.delegations.get(requirement)
        return delegation.due_on if delegation else None

    def is_in_hands(self, requirement: str, who: str) -> bool:
        """Whether the filter `who` keeps this requirement."""
        delegation = self.delegations.get(requirement)
        if delegation is None:
            return who == Who.NOBODY
        if who == Who.LATE:
            return self.is_late(requirement)
        return str(delegation.to_id) == (str(self.me) if who == Who.ME else who)


@dataclass(frozen=True)
class Marks:
    """How states and severities are drawn: made once for a page, not once for each of 140 rows."""

    states: Mapping[str, str]
    severities: Mapping[str, str]


@dataclass(frozen=True)
class FactToAnswer:
    question: str
    url: str


@dataclass(frozen=True)
class TaskRow:
    """One line of the list, ready to be written out."""

    requirement: str
    number: str  # M07-01
    title: str
    url: str
    topic: str
    state: str  # one of STATES
    state_mark: str  # the state as it is drawn
    severity_mark: str
    is_carried_over: bool
    is_returned: bool
    needs_talk: bool = False
    who: str = ""
    due_on: date | None = None
    is_late: bool = False
    to_answer: FactToAnswer | None = None  # undetermined: the question that settles it
    reason: str = ""  # in the view of what does not apply

    @property
    def has_more(self) -> bool:
        """Whether anything stands under the line."""
        return bool(
            self.is_carried_over
            or self.is_returned
            or self.needs_talk
            or self.who
            or self.to_answer
            or self.reason
        )


@dataclass(frozen=True)
class TaskGroup:
    """The rows of one measure, or of one topic."""

    key: str
    number: str
    title: str
    rows: tuple[TaskRow, ...]
    counts: Mapping[str, int]  # by outcome, for the bar
    answered: int
    applicable: int
    blocking: int  # blocking duties not met
    to_do: int
    not_known: int  # marked "don't know yet"
    carried_over: int
    is_open: bool


@dataclass(frozen=True)
class TaskSection:
    key: str
    letter: str
    title: str
    groups: tuple[TaskGroup, ...]
    score: Score  # duties and upcoming together
    answered: int
    applicable: int


@dataclass(frozen=True)
class TaskList:
    """The page: sections of groups of rows, and the figures around them."""

    filters: TaskFilters
    sections: tuple[TaskSection, ...]
    total: int
    applicable: int
    answered: int
    flagged: int
    undetermined: int
    not_applicable: int
    mine: int
    late: int
    shown: int
    topics: tuple[tuple[str, str], ...]
    first_open_fact: FactToAnswer | None


@dataclass
class _Tally:
    """Counts of one group while the rows go by."""

    counts: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    applicable: int = 0
    blocking: int = 0
    to_do: int = 0
    not_known: int = 0
    carried_over: int = 0


def task_list(
    state: AssessmentState, filters: TaskFilters, lang: str, marks: Marks, handed: Handed
) -> TaskList:
    """Every requirement in force as the filters ask for it."""
    return _Builder(state, filters, lang, marks, handed).build()


def chosen_requirements(
    state: AssessmentState, filters: TaskFilters, lang: str, handed: Handed
) -> list[Requirement]:
    """The requirements that the filters keep, in the catalogue's order."""
    builder = _Builder(state, filters, lang, Marks({}, {}), handed)
    return [
        state.catalogue.requirements[name]
        for name, row in state.evaluation.rows.items()
        if builder.is_wanted(state.catalogue.requirements[name], row)
    ]


def state_of(row: Evaluation) -> str:
    """What a row shows: the mark where there is one, else the outcome."""
    if row.flag is not None and row.applicability is Applicability.APPLIES:
        return row.flag.value
    return row.outcome.value


def is_answered(row: Evaluation) -> bool:
    """Whether the firm has said something that can be judged."""
    return row.outcome not in (Outcome.NOT_ANSWERED, Outcome.UNDETERMINED)


def fact_link(facts_url: str, catalogue: Catalogue, name: str) -> str:
    """The place on the facts page where one question stands."""
    return f"{facts_url}?group={catalogue.facts[name].group}#{field_id(name)}"


def field_id(fact: str) -> str:
    """The HTML id of a question about a fact."""
    return f"fact-{fact.replace('.', '-')}"


class _Builder:
    def __init__(
        self,
        state: AssessmentState,
        filters: TaskFilters,
        lang: str,
        marks: Marks,
        handed: Handed,
    ) -> None:
        self.state, self.filters, self.lang, self.marks = state, filters, lang, marks
        self.handed = handed
        self.catalogue = state.catalogue
        self.facts_url = reverse("assessment_facts", args=[state.assessment.pk])
        # One address is worked out; the others differ in the id alone.
        first = next(iter(self.catalogue.requirements))
        pattern = reverse("requirement", args=[state.assessment.pk, first])
        self.url_start, _, self.url_end = pattern.partition(first)
        self.topics = {key: title.get(lang) for key, title in self.catalogue.topics.items()}
        self.needle = filters.query.casefold()
        self.returned = frozenset(state.assessment.reopened)

    def build(self) -> TaskList:
        rows_of: dict[str, list[TaskRow]] = {}
        tallies: dict[str, _Tally] = {}
        flagged = not_applicable = mine = late = 0
        for name, evaluation in self.state.evaluation.rows.items():
            requirement = self.catalogue.requirements[name]
            key = self._group_key(requirement)
            tally = tallies.setdefault(key, _Tally())
            self._count(tally, requirement, evaluation)
            applies = evaluation.applicability is not Applicability.DOES_NOT_APPLY
            flagged += evaluation.flag is not None and applies
            not_applicable += evaluation.outcome is Outcome.NOT_APPLICABLE
            mine += applies and self.handed.is_in_hands(name, Who.ME)
            late += applies and self.handed.is_late(name)
            if self.is_wanted(requirement, evaluation):
                rows_of.setdefault(key, []).append(self._row(requirement, evaluation))
        sections = self._sections(rows_of, tallies)
        return TaskList(
            filters=self.filters,
            sections=sections,
            total=len(self.state.evaluation.rows),
            applicable=sum(tally.applicable for tally in tallies.values()),
            answered=sum(tally.answered for tally in tallies.values()),
            flagged=flagged,
            undetermined=sum(tally.counts[Outcome.UNDETERMINED] for tally in tallies.values()),
            not_applicable=not_applicable,
            mine=mine,
            late=late,
            shown=sum(len(rows) for rows in rows_of.values()),
            topics=tuple(sorted(self.topics.items(), key=lambda topic: topic[1])),
            first_open_fact=self._fact_to_answer(tuple(self.state.evaluation.missing_facts)),
        )

    def _group_key(self, requirement: Requirement) -> str:
        if self.filters.view is View.TOPIC:
            return requirement.topic
        if self.filters.view is View.SEVERITY:
            return requirement.severity.value
        return str(requirement.measure)

    def _count(self, tally: _Tally, requirement: Requirement, row: Evaluation) -> None:
        if row.applicability is Applicability.DOES_NOT_APPLY:
            return
        tally.applicable += 1
        tally.counts[row.outcome] += 1
        tally.answered += is_answered(row)
        tally.to_do += state_of(row) in TO_DO
        tally.not_known += row.flag is Flag.DONT_KNOW
        tally.carried_over += self.state.is_carried_over(requirement.id)
        is_blocking = requirement.severity is Severity.BLOCKING and requirement.track is Track.DUTY
        tally.blocking += is_blocking and row.outcome in (Outcome.NOT_MET, Outcome.PARTLY_MET)

    def is_wanted(self, requirement: Requirement, row: Evaluation) -> bool:
        """Whether the filters keep this requirement."""
        filters = self.filters
        if filters.view is View.DOES_NOT_APPLY:
            if row.outcome is not Outcome.NOT_APPLICABLE:
                return False
        elif row.applicability is Applicability.DOES_NOT_APPLY:
            return False
        if filters.topic and requirement.topic != filters.topic:
            return False
        if filters.severity and requirement.severity != filters.severity:
            return False
        if filters.measure and requirement.measure != filters.measure:
            return False
        if filters.outcome and filters.outcome not in self._states(requirement.id, row):
            return False
        if filters.who and not self.handed.is_in_hands(requirement.id, filters.who):
            return False
        if filters.flagged and row.flag is None:
            return False
        return not self.needle or self._is_found(requirement)

    def _states(self, name: str, row: Evaluation) -> list[str | None]:
        return [
            row.outcome,
            row.flag,
            CARRIED_OVER if self.state.is_carried_over(name) else None,
            DISCUSSION if name in self.handed.marked else None,
        ]

    def _is_found(self, requirement: Requirement) -> bool:
        texts = (requirement.title, requirement.question)
        words = [requirement.source_row, *(word for t in texts for word in (t.en, t.zh_hans))]
        return any(self.needle in word.casefold() for word in words)

    def _row(self, requirement: Requirement, row: Evaluation) -> TaskRow:
        shown = state_of(row)
        delegation = self.handed.delegations.get(requirement.id)
        to_answer = None
        if row.outcome is Outcome.UNDETERMINED:
            to_answer = self._fact_to_answer(row.missing_facts)
        return TaskRow(
            requirement=requirement.id,
            number=requirement.source_row,
            title=requirement.title.get(self.lang),
            url=f"{self.url_start}{requirement.id}{self.url_end}",
            topic=self.topics[requirement.topic],
            state=shown,
            state_mark=self.marks.states[shown],
            severity_mark=self.marks.severities[requirement.severity],
            is_carried_over=self.state.is_carried_over(requirement.id),
            is_returned=requirement.id in self.returned,
            needs_talk=requirement.id in self.handed.marked,
            who=str(delegation.to) if delegation else "",
            due_on=self.handed.due_on(requirement.id),
            is_late=self.handed.is_late(requirement.id),
            to_answer=to_answer,
            reason=(row.reason.get(self.lang) if self.filters.view is View.DOES_NOT_APPLY else ""),
        )

    def _fact_to_answer(self, names: tuple[str, ...]) -> FactToAnswer | None:
        if not names:
            return None
        return FactToAnswer(
            question=self.catalogue.facts[names[0]].question.get(self.lang),
            url=fact_link(self.facts_url, self.catalogue, names[0]),
        )

    def _sections(
        self, rows_of: Mapping[str, list[TaskRow]], tallies: Mapping[str, _Tally]
    ) -> tuple[TaskSection, ...]:
        if self.filters.view is View.TOPIC:
            groups = [
                self._group(key, "", title, rows_of, tallies)
                for key, title in sorted(self.topics.items(), key=lambda topic: topic[1])
                if key in tallies
            ]
            sections = [self._section("topics", "", "", groups, Score(0, 0))]
        elif self.filters.view is View.SEVERITY:
            groups = [
                self._group(severity.value, "", title.get(self.lang), rows_of, tallies)
                for severity, title in self.catalogue.severities.items()
                if severity.value in tallies
            ]
            sections = [self._section("severities", "", "", groups, Score(0, 0))]
        else:
            sections = [
                self._section(
                    section.id,
                    section.id,
                    section.title.get(self.lang),
                    [
                        self._group(
                            str(measure.number),
                            str(measure.number),
                            measure.title.get(self.lang),
                            rows_of,
                            tallies,
                        )
                        for measure in self.catalogue.measures.values()
                        if measure.section == section.id
                    ],
                    self._score_of(section.id),
                )
                for section in self.catalogue.sections.values()
            ]
        return _with_one_open(tuple(section for section in sections if section.groups))

    def _score_of(self, section: str) -> Score:
        scores = [
            self.state.evaluation.claimed.by_section.get((track, section)) or Score(0, 0)
            for track in SCORED
        ]
        return Score(sum(s.points2 for s in scores), sum(s.weight for s in scores))

    def _group(
        self,
        key: str,
        number: str,
        title: str,
        rows_of: Mapping[str, list[TaskRow]],
        tallies: Mapping[str, _Tally],
    ) -> TaskGroup | None:
        rows = tuple(rows_of.get(key, ()))
        hides_empty = self.filters.narrows or self.filters.view is View.DOES_NOT_APPLY
        if not rows and hides_empty:
            return None
        tally = tallies.get(key) or _Tally()
        return TaskGroup(
            key=key,
            number=number,
            title=title,
            rows=rows,
            counts=tally.counts,
            answered=tally.answered,
            applicable=tally.applicable,
            blocking=tally.blocking,
            to_do=tally.to_do,
            not_known=tally.not_known,
            carried_over=tally.carried_over,
            is_open=bool(rows) and (hides_empty or tally.blocking > 0),
        )

    def _section(
        self,
        key: str,
        letter: str,
        title: str,
        groups: Iterable[TaskGroup | None],
        score: Score,
    ) -> TaskSection:
        kept = tuple(group for group in groups if group is not None)
        return TaskSection(
            key=key,
            letter=letter,
            title=title,
            groups=kept,
            score=score,
            answered=sum(group.answered for group in kept),
            applicable=sum(group.applicable for group in kept),
        )


def _with_one_open(sections: tuple[TaskSection, ...]) -> tuple[TaskSection, ...]:
    """Where nothing is urgent, the first group with work left is open."""
    groups = [group for section in sections for group in section.groups]
    if any(group.is_open for group in groups):
        return sections
    first = next((group for group in groups if group.to_do and group.rows), None)
    return tuple(
        replace(
            section,
            groups=tuple(
                replace(group, is_open=True) if group is first else group
                for group in section.groups
            ),
        )
        for section in sections
    )
