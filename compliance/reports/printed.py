"""What a report prints, as typed values: `context` fills them, the templates show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from checklists.engine.model import Outcome, Track

HAN = re.compile("[㐀-䶿一-鿿豈-﫿]")
ONE_LINE = 60  # Latin letters; what is longer stands under its translation, not beside it
SHOWN_ORDER = (
    Outcome.MET,
    Outcome.PARTLY_MET,
    Outcome.NOT_MET,
    Outcome.NOT_ANSWERED,
    Outcome.UNDETERMINED,
    Outcome.NOT_APPLICABLE,
)


@dataclass(frozen=True)
class Words:
    """A text and the language it is written in: fonts, hyphens and readers aloud need it."""

    text: str
    lang: str  # en or zh-Hans
    zh: str = ""  # the same in Chinese, in a report in both languages

    def __bool__(self) -> bool:
        return bool(self.text)


class Twin(str):
    """A word of the report itself in English, with the same in Chinese; `str` is the English."""

    __slots__ = ("end", "own", "zh")

    def __new__(cls, english: str, chinese: str, end: int = 0) -> Twin:
        """`end`: how many letters at the end are the same in both and stand there once."""
        self = super().__new__(cls, english)
        self.own = english[: len(english) - end]
        self.zh = chinese[: len(chinese) - end]
        self.end = english[len(english) - end :]
        return self

    own: str
    zh: str
    end: str

    @property
    def both(self) -> str:
        """Both in one line, for titles and pictures."""
        return f"{self.own} {self.zh}{self.end}"

    def __html__(self) -> str:
        """What Django's templates print."""
        return twice(escape(self.own), escape(self.zh)) + escape(self.end)


def twice(english: str, chinese: str, between: str = "") -> SafeString:
    """Two texts that are HTML already; where nothing else is said, sentences get their own line."""
    if not between:
        between = "<br/>" if len(english) > ONE_LINE or len(chinese) * 2 > ONE_LINE else " "
    return mark_safe(f'{english}{between}<span lang="zh-Hans">{chinese}</span>')


@dataclass(frozen=True)
class Figure:
    """A score as it is printed, and the sums it comes from."""

    percent: str | None
    points: str
    weight: str


@dataclass(frozen=True)
class Pair:
    """The two figures that always stand side by side; confirmed is None before any review."""

    claimed: Figure
    confirmed: Figure | None
    count: int  # requirements of this track that apply

    @property
    def shown(self) -> Figure:
        return self.claimed if self.confirmed is None else self.confirmed

    @property
    def confirmed_percent(self) -> str | None:
        return None if self.confirmed is None else self.confirmed.percent


@dataclass(frozen=True)
class Band:
    title: Words
    says: Words


@dataclass(frozen=True)
class EvidenceLine:
    label: str
    anchor: str
    title: Words
    until: str


@dataclass(frozen=True)
class SourceLine:
    name: Words
    article: Words


@dataclass(frozen=True)
class OfficerLine:
    said: str
    comment: Words
    findings: tuple[tuple[str, str], ...]  # label, anchor


@dataclass(frozen=True)
class Requirement:
    """One requirement that applies, or may apply."""

    anchor: str
    label: str
    title: Words
    question: Words
    outcome: Outcome
    outcome_word: str
    standing: str
    rank: str  # track and severity
    points: str
    answer: Words
    answered: str
    note: Words
    reason: Words
    evidence: tuple[EvidenceLine, ...]
    officer: OfficerLine | None
    clause: Words
    sources: tuple[SourceLine, ...]
    doubt: Words
    is_blocking: bool
    is_long: bool


@dataclass(frozen=True)
class Tile:
    outcome: Outcome
    is_blocking: bool


@dataclass(frozen=True)
class ScoreLine:
    """The scores of one track of one measure, as they are printed."""

    title: str
    pair: Pair
    said: str


@dataclass(frozen=True)
class Measure:
    anchor: str
    number: int
    title: Words
    note: Words
    duty: Pair
    upcoming: Pair
    scores: tuple[ScoreLine, ...]
    requirements: tuple[Requirement, ...]
    off: tuple[Named, ...]
    duty_tiles: tuple[Tile, ...]
    upcoming_tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Section:
    id: str
    title: Words
    duty: Pair
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Topic:
    title: str
    duty: Pair
    blockers: int


@dataclass(frozen=True)
class Named:
    label: str
    title: Words


@dataclass(frozen=True)
class Blocker:
    anchor: str
    label: str
    title: Words
    outcome: Outcome
    outcome_word: str


@dataclass(frozen=True)
class Step:
    """One thing to do first."""

    mark: str  # a date, or the label of a requirement
    text: Words
    label: str
    owner: Words
    status: str
    is_late: bool


@dataclass(frozen=True)
class StatedFact:
    label: Words
    shown: Words
    is_stated: bool


@dataclass(frozen=True)
class Milestone:
    title: Words
    when: str
    is_done: bool


@dataclass(frozen=True)
class Action:
    """What the firm does about a finding, or by itself."""

    label: str
    requirement: Named
    title: Words
    plan: Words
    owner: Words
    due: str
    status: str
    is_late: bool
    is_closed: bool
    milestones: tuple[Milestone, ...]
    closing_note: Words


@dataclass(frozen=True)
class Earlier:
    """One submission in the trend."""

    label: str
    on: str
    duty: Pair
    blockers: int


@dataclass(frozen=True)
class Finding:
    anchor: str
    label: str
    requirement: Named
    requirement_anchor: str
    severity: str
    missing: Words
    close_by: str
    suggested: Words
    action: Action | None


@dataclass(frozen=True)
class OpenQuestion:
    question: Words
    waiting: tuple[Named, ...]


@dataclass(frozen=True)
class NotApplicable:
    label: str
    title: Words
    why: Words
    decision: str


@dataclass(frozen=True)
class Opportunity:
    anchor: str
    label: str
    title: Words
    outcome: Outcome
    outcome_word: str
    sources: Words


@dataclass(frozen=True)
class EvidencePiece:
    anchor: str
    label: str
    title: Words
    kind: Words
    file: str
    validity: str
    used_for: str
    sha256: str


@dataclass(frozen=True)
class Source:
    anchor: str
    id: str
    name: Words
    official_name: Words | None  # the Chinese name, where the report is in English
    number: str
    force: Words
    is_verified: bool
    url: str


@dataclass(frozen=True)
class SumLine:
    severity: str
    weight: str
    counts: str
    points: str
    out_of: str


@dataclass(frozen=True)
class Sum:
    """How one figure of one track is made."""

    title: str
    which: str
    lines: tuple[SumLine, ...]
    total: SumLine | None
    result: str


@dataclass(frozen=True)
class BandRule:
    title: Words
    rule: str


@dataclass(frozen=True)
class Signed:
    """Who said what, and when."""

    who: Words
    when: str
    statement: Words


@dataclass(frozen=True)
class Chapter:
    anchor: str
    title: Words
    number: str = ""  # of a measure


@dataclass(frozen=True)
class ReportContext:
    """One report, ready to be printed."""

    lang: str
    tag: str  # the language as HTML and PDF name it
    kind: str
    w: Mapping[str, str]
    document_title: str
    firm: Words
    running_firm: Words
    mission: Words
    number: str
    code: str  # "" for a draft: nobody can check it
    digest: str
    edition: str
    as_of: str
    window: str
    issued: str
    issued_at: datetime
    check_url: str
    state: str
    state_title: str
    state_note: str
    tone: str  # of the band at the head of every page
    mark: str  # printed across every page; "" once accepted
    round: str
    band: Band
    confirmed_band: Band | None
    duty: Pair
    upcoming: Pair
    coverage: str | None
    opportunities_taken: str
    score_lines: tuple[tuple[str, Pair], ...]
    blockers: tuple[Blocker, ...]
    blocker_count: str
    more_blockers: str
    steps: tuple[Step, ...]
    steps_hint: str
    trend: tuple[Earlier, ...]  # oldest first, this submission last
    trend_note: str
    counts: Mapping[Track, tuple[tuple[Outcome, int], ...]]
    track_titles: Mapping[Track, str]
    track_meanings: tuple[tuple[str, Words], ...]
    outcome_meanings: tuple[tuple[Outcome, str, str], ...]
    skyline_counts: str
    heat_note: str
    gates: tuple[int, int]
    gates_note: str
    topics: tuple[Topic, ...]
    facts: tuple[StatedFact, ...]
    sections: tuple[Section, ...]
    findings: tuple[Finding, ...]
    shown_findings: tuple[Finding, ...]
    more_findings: str
    own_actions: tuple[Action, ...]
    open_questions: tuple[OpenQuestion, ...]
    stated_off: tuple[NotApplicable, ...]
    ruled_out: tuple[NotApplicable, ...]
    opportunities: tuple[Opportunity, ...]
    evidence: tuple[EvidencePiece, ...]
    sources: tuple[Source, ...]
    rules: tuple[Words, ...]
    sums: tuple[Sum, ...]
    band_rules: tuple[BandRule, ...]
    trail: str  # the end of the firm's audit trail when the report was asked for
    checked_up_to: Words
    notice: Words
    attested: Signed | None
    decided: Signed | None
    decision: str
    contents: tuple[Chapter, ...]

    @property
    def has_trend(self) -> bool:
        return len(self.trend) > 1

    @property
    def is_draft(self) -> bool:
        return self.state == "draft"

    @property
    def tags(self) -> tuple[str, ...]:
        """The languages it is written in, as HTML and PDF name them."""
        return (self.tag, "zh-Hans") if self.is_both else (self.tag,)

    @property
    def is_both(self) -> bool:
        return self.lang == "both"

    @property
    def is_full(self) -> bool:
        return self.kind == "full"

    @property
    def has_long_names(self) -> bool:
        """Whether the cover needs smaller letters to keep everything on one page."""
        return sum(2 if HAN.match(x) else 1 for x in self.firm.text + self.mission.text) > 120

    @property
    def is_reviewed(self) -> bool:
        return self.duty.confirmed is not None
