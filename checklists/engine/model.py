"""The values the engine reads and returns: frozen, and free of behaviour that could surprise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

LANGUAGES = ("en", "zh-hans")


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in English and, once translated, in Simplified Chinese."""

    en: str
    zh_hans: str = ""

    def get(self, lang: str) -> str:
        """The text in `lang` ("en" or "zh-hans"); English where it is not translated yet."""
        if lang.lower().startswith("zh") and self.zh_hans:
            return self.zh_hans
        return self.en

    def as_json(self) -> dict[str, str]:
        return {"en": self.en, "zh_hans": self.zh_hans}


class Word(StrEnum):
    """A closed list of words that read, compare and serialize as plain strings."""

    # Enum's own hash is written in Python; evaluating looks members up a thousand times.
    __hash__ = str.__hash__


class Track(Word):
    DUTY = "duty"
    UPCOMING = "upcoming"
    OPPORTUNITY = "opportunity"


class Severity(Word):
    BLOCKING = "blocking"
    MAJOR = "major"
    MINOR = "minor"
    OPPORTUNITY = "opportunity"


class Applicability(Word):
    APPLIES = "applies"
    DOES_NOT_APPLY = "does_not_apply"
    UNDETERMINED = "undetermined"


class Outcome(Word):
    MET = "met"
    PARTLY_MET = "partly_met"
    NOT_MET = "not_met"
    NOT_ANSWERED = "not_answered"
    NOT_APPLICABLE = "not_applicable"
    UNDETERMINED = "undetermined"


class Band(Word):
    READY = "ready"
    CONDITIONALLY_READY = "conditionally_ready"
    INCOMPLETE = "incomplete"
    NOT_READY = "not_ready"


class AnswerKind(Word):
    YES_PARTLY_NO = "yes_partly_no"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    DOCUMENT = "document"


class FactKind(Word):
    SEVERAL = "several"
    ONE = "one"
    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"


class Flag(Word):
    """What a person may mark a requirement with; a state of its own in list, score and report."""

    DONT_KNOW = "dont_know"
    COME_BACK = "come_back"


class Comparator(Word):
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    BELOW = "below"
    ABOVE = "above"
    ON_OR_BEFORE = "on_or_before"
    ON_OR_AFTER = "on_or_after"


class EvidenceProblem(Word):
    MISSING = "missing"
    EXPIRED = "expired"
    NOT_YET_EFFECTIVE = "not_yet_effective"
    ENDS_EARLY = "ends_early"
    STARTS_LATE = "starts_late"


# --- conditions -----------------------------------------------------------------------------------


class FactOperator(Word):
    IS = "is"
    ANY_OF = "any_of"
    ALL_OF = "all_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ABOVE = "above"
    BELOW = "below"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class All:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


@dataclass(frozen=True, slots=True)
class FlagTest:
    flag: str


@dataclass(frozen=True, slots=True)
class FactTest:
    fact: str
    operator: FactOperator
    # bool, Decimal, date or a choice id; a tuple of ids for any_of and all_of
    expected: "bool | Decimal | date | str | tuple[str, ...]"


Condition = All | AnyOf | Not | FlagTest | FactTest

# --- the catalogue --------------------------------------------------------------------------------

# A value as the firm states it. `several` is a tuple of choice ids; () is a known "none of these".
FactValue = str | bool | Decimal | date | tuple[str, ...]
AnswerValue = str | Decimal | date


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: Text
    title_origin: str
    group_id: str | None = None  # its group in the framework it was imported from


@dataclass(frozen=True, slots=True)
class Measure:
    number: int
    section: str
    title: Text
    title_origin: str
    addressed_to: tuple[str, ...]
    duty_in_plan: str
    note: Text
    group_id: str | None = None  # its group in the framework it was imported from


@dataclass(frozen=True, slots=True)
class TrackInfo:
    title: Text
    meaning: Text


@dataclass(frozen=True, slots=True)
class LegalForce:
    title: Text
    binds: bool


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    label: Text
    help: Text | None = None


@dataclass(frozen=True, slots=True)
class FactGroup:
    id: str
    title: Text


@dataclass(frozen=True, slots=True)
class Fact:
    """One question about what the firm or the mission is."""

    name: str
    group: str
    kind: FactKind
    label: Text
    question: Text
    why: Text
    help: Text | None = None
    choices: tuple[Choice, ...] = ()
    unit: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    asked_when: Condition | None = None
    proper_names: bool = False  # the choices keep their capital inside a sentence

    def choice(self, choice_id: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.id == choice_id), None)


@dataclass(frozen=True, slots=True)
class DerivedFlag:
    name: str
    label: Text
    when: Condition


@dataclass(frozen=True, slots=True)
class MissionDate:
    """A span of the mission that evidence can be held against; either end is the name of a fact."""

    name: str
    label: Text
    from_fact: str | None
    until_fact: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    id: str
    name: Text
    issuer: Text
    number: Text | None  # None: not known
    date: str
    in_force: str
    status: str
    binding: str
    url: str
    facts_used: tuple[Text, ...]
    verified: bool
    verified_where: Text | None
    confidence: str
    note: Text | None


@dataclass(frozen=True, slots=True)
class ParameterValue:
    value: Decimal
    starts_on: date | None  # None: the source gives no date, so in force for every as_of
    ends_on: date | None
    reference: str | None
    when: Condition | None = None
    note: Text | None = None
    basis: str | None = None  # None: the parameter's; a variant may rest on another kind of text


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated limit with its citation."""

    id: str
    unit: str
    title: Text
    basis: str
    values: tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True)
class BandInfo:
    title: Text
    says: Text


@dataclass(frozen=True, slots=True)
class Scoring:
    weights: Mapping[Severity, int]
    points2: Mapping[Outcome, int]  # doubled, so that a half stays a whole number
    ready_at: Decimal
    conditionally_ready_at: Decimal
    bands: Mapping[Band, BandInfo]
    rules: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    id: str
    label: Text
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    kind: AnswerKind
    may_be_not_applicable: bool
    unit: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    decimals: int | None = None
    options: tuple[Option, ...] = ()

    def option(self, option_id: str) -> Option | None:
        return next((option for option in self.options if option.id == option_id), None)


@dataclass(frozen=True, slots=True)
class Target:
    comparator: Comparator
    parameter: str


@dataclass(frozen=True, slots=True)
class NumberCheck:
    comparator: Comparator
    parameter: str
    best_practice: Target | None = None
    when_not_met: Text | None = None


@dataclass(frozen=True, slots=True)
class DateCheck:
    comparator: Comparator
    fact: str | None  # None: held against as_of
    when_not_met: Text | None = None


Check = NumberCheck | DateCheck


@dataclass(frozen=True, slots=True)
class EvidenceSpec:
    kind: str
    required: bool
    covers: str | None = None


@dataclass(frozen=True, slots=True)
class SuggestedAction:
    due: str
    text: Text


@dataclass(frozen=True, slots=True)
class Clause:
    """Where in the plan a requirement comes from."""

    measure: int
    sentences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    reference: str
    article: Text | None = None
    covers: Text | None = None


@dataclass(frozen=True, slots=True)
class Period:
    starts_on: date | None = None
    ends_on: date | None = None

    def holds(self, day: date) -> bool:
        return (self.starts_on is None or self.starts_on <= day) and (
            self.ends_on is None or day <= self.ends_on
        )


@dataclass(frozen=True, slots=True)
class ControlParameter:
    """What a framework leaves open in a control, or has filled in."""

    id: str
    label: Text
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    """What a requirement is in the framework it was imported from."""

    id: str
    parent: str | None = None  # the control it extends
    parameters: tuple[ControlParameter, ...] = ()


@dataclass(frozen=True, slots=True)
class SameMeaning:
    """Since which edition the wording asks the same, and the mark of the wording judged."""

    since: str
    wording: str


@dataclass(frozen=True, slots=True)
class Requirement:
    id: str
    source_row: str
    measure: int
    section: str
    track: Track
    topic: str
    severity: Severity
    title: Text
    question: Text
    guidance: Text
    rationale: Text
    in_force: Period
    applies_when: Condition
    answer: AnswerSpec
    check: Check | None
    evidence: tuple[EvidenceSpec, ...]
    corrective_action: SuggestedAction
    clause: Clause
    references: tuple[Citation, ...]
    confidence: str
    sources_verified: str
    key_fact_seen: str
    verification_note: Text | None
    checked_on: date
    same_meaning: SameMeaning | None = None  # judged by the author, see meaning.py
    control: Control | None = None  # where it was imported from another framework


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Catalogue:
    """One edition of the rules. Compared by identity; `digest` tells two editions apart."""

    id: str
    edition: str
    digest: str
    title: Text
    checked_up_to: Text
    notice: Text
    sections: Mapping[str, Section]
    measures: Mapping[int, Measure]
    tracks: Mapping[Track, TrackInfo]
    topics: Mapping[str, Text]
    severities: Mapping[Severity, Text]
    roles: Mapping[str, Text]
    evidence_kinds: Mapping[str, Text]
    legal_force: Mapping[str, LegalForce]
    threshold_basis: Mapping[str, Text]
    groups: Mapping[str, FactGroup]
    facts: Mapping[str, Fact]  # in the order they are asked
    flags: Mapping[str, DerivedFlag]
    dates: Mapping[str, MissionDate]
    parameters: Mapping[str, Parameter]
    references: Mapping[str, Reference]
    scoring: Scoring
    requirements: Mapping[str, Requirement]  # by measure, then by source row
    languages: tuple[str, ...] = ("en", "zh_hans")  # those that every text is written in

    def __repr__(self) -> str:
        return f"<Catalogue {self.id}, edition {self.edition}, {self.digest[:12]}>"


# --- what goes into an evaluation, and what comes out ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    value: AnswerValue | None = None
    not_applicable_reason: str = ""
    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One piece of evidence; both dates are days on which it is still, or already, valid."""

    kind: str
    effective_on: date | None = None
    expires_on: date | None = None


class Reason:
    """A sentence worded only when somebody reads it: most of 140 reasons never are."""

    __slots__ = ("values", "words")

    def __init__(self, words: Callable[..., str], *values: Any) -> None:
        self.words = words
        self.values = values

    @property
    def key(self) -> str:
        """What kind of reason this is, the same in every language."""
        return self.words.__name__

    def get(self, lang: str) -> str:
        return self.words("zh-hans" if lang.lower().startswith("zh") else "en", *self.values)

    @property
    def en(self) -> str:
        return self.get("en")

    @property
    def zh_hans(self) -> str:
        return self.get("zh-hans")

    @property
    def text(self) -> Text:
        return Text(self.en, self.zh_hans)

    def __eq__(self, other: object) -> bool:
        """Two reasons are equal when they say the same."""
        return isinstance(other, Reason) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<Reason {self.key}: {self.en}>"


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit an answer was held against, with its source."""

    comparator: Comparator
    value: Decimal
    unit: str
    basis: str
    reference: str | None
    in_force_from: date | None  # None: the source gives no date
    note: Text | None
    parameter: str


@dataclass(frozen=True, slots=True)
class EvidenceFault:
    """Why a required kind of evidence does not count in full."""

    kind: str
    problem: EvidenceProblem
    item_on: date | None  # the day the evidence ends or begins
    needed_on: date | None  # the day it should have been valid
    mission_date: str | None  # the named mission date it falls short of
    reason: Reason


@dataclass(frozen=True, slots=True)
class EvidenceCheck:
    """What the attached evidence is worth for one requirement."""

    faults: tuple[EvidenceFault, ...] = ()  # of the required kinds
    covers: tuple[str, ...] = ()  # mission dates that are covered to the last day
    unchecked: tuple[str, ...] = ()  # mission dates that are not (fully) known
    covered: bool = False  # every required kind is valid; with none required, any kind
    ends_soon: tuple[tuple[str, date], ...] = ()  # required kinds, and the last day of cover


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The engine's outcome for one requirement, and why."""

    requirement: str
    applicability: Applicability
    applicability_reason: Reason
    missing_facts: tuple[str, ...]
    outcome: Outcome
    reason: Reason
    points2: int
    confirmed_points2: int
    weight: int
    limit: Limit | None  # known before there is an answer, unless facts leave it open
    best_practice: str | None
    missing_evidence: tuple[str, ...]
    evidence_faults: tuple[EvidenceFault, ...]
    evidence_covered: bool | None  # None: no kind of evidence is named, or nothing to cover yet
    flag: Flag | None
    confirmed_outcome: Outcome | None
    target: Limit | None  # the best practice, stricter than the limit

    @property
    def points(self) -> Decimal | None:
        """1, 0.5 or 0; None where the requirement leaves the sum."""
        if self.outcome is Outcome.NOT_APPLICABLE:
            return None
        return Decimal(self.points2) / 2

    @property
    def limit_value(self) -> Decimal | None:
        return self.limit.value if self.limit else None

    @property
    def limit_unit(self) -> str | None:
        return self.limit.unit if self.limit else None

    @property
    def limit_reference(self) -> str | None:
        return self.limit.reference if self.limit else None


class Score(NamedTuple):
    """Points over weight, kept exact; rounded once, when `percent` is read."""

    points2: int
    weight: int

    @property
    def points(self) -> Decimal:
        return Decimal(self.points2) / 2

    @property
    def percent(self) -> Decimal | None:
        """Between 0.0 and 100.0, one decimal place, half up; None where nothing applies."""
        if not self.weight:
            return None
        return Decimal((self.points2 * 1000 + self.weight) // (2 * self.weight)).scaleb(-1)


@dataclass(frozen=True, slots=True)
class Scores:
    """Points per track, and within each scored track per measure, section and topic."""

    duty: Score
    upcoming: Score
    by_measure: Mapping[tuple[Track, int], Score]
    by_section: Mapping[tuple[Track, str], Score]
    by_topic: Mapping[tuple[Track, str], Score]


class Opportunities(NamedTuple):
    taken_up: int
    total: int


@dataclass(frozen=True, slots=True)
class AssessmentEvaluation:
    as_of: date
    rows: Mapping[str, Evaluation]  # every requirement in force, in the catalogue's order
    claimed: Scores
    confirmed: Scores
    band: Band
    confirmed_band: Band
    blockers: tuple[Evaluation, ...]  # by the firm's own claim
    confirmed_blockers: tuple[Evaluation, ...]  # by the determination where there is one
    evidence_coverage: Score
    opportunities: Opportunities
    missing_facts: Mapping[str, tuple[str, ...]]  # fact to answer → requirements waiting for it
