"""The catalogue as everybody may read it: browsed, searched, and one thing at a time.

Everything here comes from the rules as they are loaded; the database is never asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from weakref import WeakKeyDictionary

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checklists import (
    Catalogue,
    CatalogueError,
    Requirement,
    Text,
    catalogues,
    load_catalogue,
)
from checklists.engine import clauses, wording
from checklists.engine.loader import DEFAULT_CATALOGUE
from checklists.engine.model import (
    All,
    AnswerKind,
    Citation,
    Comparator,
    Condition,
    FactTest,
    Measure,
    NumberCheck,
    Parameter,
    ParameterValue,
    Reference,
    Severity,
    Track,
)
from checklists.engine.units import plain, quantity
from checklists.glossary import glossary
from compliance.selectors.facts import unit_name
from compliance.selectors.package import clause_shown, doubt_of

ROLES = "firm.roles"
MAX_QUERY = 100


class By(StrEnum):
    """The ways to browse."""

    MEASURE = "measure"
    TOPIC = "topic"
    TRACK = "track"
    SOURCE = "source"
    TODAY = "today"


ADDRESSEES: dict[str, str | Promise] = {
    "government": gettext_lazy("government"),
    "local_governments": gettext_lazy("local governments"),
    "firms": gettext_lazy("firms"),
    "soes": gettext_lazy("state-owned enterprises"),
    "institutes": gettext_lazy("research institutes"),
    "universities": gettext_lazy("universities"),
    "financial_institutions": gettext_lazy("financial institutions"),
    "local_enterprises": gettext_lazy("local enterprises"),
}
TITLE_ORIGINS: dict[str, str | Promise] = {
    "original": gettext_lazy("The Chinese title is the plan’s own."),
    "reported": gettext_lazy("The Chinese title is as the press reports it."),
    "body_only": gettext_lazy(
        "The text of the measure was seen, its heading was not: the Chinese title is ours."
    ),
    "draft": gettext_lazy("The Chinese title is our own wording."),
}
DUE: dict[str, str | Promise] = {
    "before_permit_application": gettext_lazy("before the permit is applied for"),
    "before_launch": gettext_lazy("before the launch"),
    "30_days": gettext_lazy("within 30 days"),
    "90_days": gettext_lazy("within 90 days"),
    "next_review": gettext_lazy("by the next review"),
    "before_review": gettext_lazy("before the review"),
}
KEY_FACT: dict[str, str | Promise] = {
    "seen": gettext_lazy("The fact that this line tests was read in its source."),
    "partly": gettext_lazy("The fact that this line tests was read in part only."),
    "not_seen": gettext_lazy("The fact that this line tests was not read in any source."),
}
SOURCES_SEEN: dict[str, str | Promise] = {
    "all": gettext_lazy("Every source named here was seen."),
    "some": gettext_lazy("Some of the sources named here were not seen."),
    "none": gettext_lazy("None of the sources named here was seen."),
}
REFERENCE_STATUS: dict[str, str | Promise] = {
    "in_force": gettext_lazy("in force"),
    "draft": gettext_lazy("a draft, not in force"),
    "to_be_checked": gettext_lazy("whether it is still in force is to be checked"),
}


def _word(words: Mapping[str, str | Promise], key: str) -> str:
    """The word for a key; an edition may bring keys of its own, shown as they are."""
    return str(words[key]) if key in words else key.replace("_", " ")


# --- what the address asks for --------------------------------------------------------------------


@dataclass(frozen=True)
class CatalogueFilters:
    """What the address asks for; anything it does not know is left out."""

    by: By = By.MEASURE
    query: str = ""
    severity: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, str], *, is_plan: bool = True) -> CatalogueFilters:
        """The filters of a query string; what is asked today is a view of the plan alone."""
        by, severity = asked.get("by", ""), asked.get("severity", "")
        is_known = by in list(By) and (is_plan or by != By.TODAY)
        return cls(
            by=By(by) if is_known else By.MEASURE,
            query=asked.get("q", "").strip()[:MAX_QUERY],
            severity=severity if severity in list(Severity) else "",
        )

    @property
    def narrows(self) -> bool:
        """Whether anything but the way to browse was asked for."""
        return bool(self.query or self.severity)

    def as_query(self, by: By) -> dict[str, str]:
        """The address of the same filters under another way to browse."""
        values = {
            "by": "" if by is By.MEASURE else str(by),
            "q": self.query,
            "severity": self.severity,
        }
        return {name: value for name, value in values.items() if value}


# --- rows, groups and sections --------------------------------------------------------------------


@dataclass(frozen=True)
class Marks:
    """How tracks and severities are drawn: made once for a page, not once for each of 140 rows."""

    tracks: Mapping[str, str]
    severities: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """One requirement in a list."""

    number: str  # M07-01
    title: str
    url: str
    topic: str
    track_mark: str
    severity_mark: str  # "" where the track says it already
    period: str  # where it is not in force today: since or until when


@dataclass(frozen=True)
class Counts:
    """Requirements in force today, by track."""

    duty: int
    upcoming: int
    opportunity: int

    @property
    def total(self) -> int:
        return self.duty + self.upcoming + self.opportunity

    @property
    def duties(self) -> str:
        """How many duties bind today, in words."""
        if not self.duty:
            return _("no duty today")
        return ngettext("%(n)s duty today", "%(n)s duties today", self.duty) % {"n": self.duty}


@dataclass(frozen=True)
class Group:
    """The requirements of one measure, topic, severity or source."""

    key: str
    number: str
    title: str
    note: str
    note_lang: str
    url: str
    asks: str  # of a measure: the plan's own duty on firms
    verified: bool | None  # of a source
    counts: Counts
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    key: str
    letter: str
    title: str
    meaning: str
    groups: tuple[Group, ...]
    count: int  # different requirements in it


@dataclass(frozen=True)
class MeasureLine:
    """What one of the plan's measures asks of firms."""

    number: int
    title: str
    url: str
    section: str
    addressed_to: str
    speaks_to_firms: bool
    asks: str  # none, indirect, announced or direct
    note: str
    note_lang: str
    title_origin: str
    counts: Counts


@dataclass(frozen=True)
class CatalogueHead:
    """The edition, and how much it holds."""

    title: str
    edition: str
    checked_up_to: str
    notice: str
    requirements: int
    measures: int
    sources: int


@dataclass(frozen=True)
class CataloguePage:
    """One way through the catalogue, narrowed or whole."""

    head: CatalogueHead
    filters: CatalogueFilters
    sections: tuple[Section, ...]
    measures: tuple[MeasureLine, ...]  # for what the plan asks today
    shown: int
    total: int

    @property
    def binding(self) -> tuple[MeasureLine, ...]:
        """Measures in whose field a duty binds firms today."""
        return tuple(line for line in self.measures if line.counts.duty)

    @property
    def not_binding(self) -> tuple[MeasureLine, ...]:
        return tuple(line for line in self.measures if not line.counts.duty)

    @property
    def by_what_is_asked(self) -> tuple[tuple[str, tuple[MeasureLine, ...]], ...]:
        """What the plan itself asks of firms, the strongest first, with the measures that do."""
        kinds = ("direct", "announced", "indirect", "none")
        asked = ((kind, tuple(m for m in self.measures if m.asks == kind)) for kind in kinds)
        return tuple((kind, lines) for kind, lines in asked if lines)


def catalogue_head(catalogue: Catalogue, lang: str) -> CatalogueHead:
    """What stands above every view of the catalogue."""
    return CatalogueHead(
        title=catalogue.title.get(lang),
        edition=catalogue.edition,
        checked_up_to=catalogue.checked_up_to.get(lang),
        notice=catalogue.notice.get(lang),
        requirements=len(catalogue.requirements),
        measures=len(catalogue.measures),
        sources=len(catalogue.references),
    )


def catalogue_page(
    catalogue: Catalogue, filters: CatalogueFilters, lang: str, today: date, marks: Marks
) -> CataloguePage:
    """The catalogue by measure, topic, track or source, or what it asks of firms today."""
    found = found_requirements(catalogue, filters)
    build = _Lists(catalogue, lang, today, marks, keep_empty=not filters.narrows)
    sections: tuple[Section, ...] = ()
    match filters.by:
        case By.MEASURE:
            sections = build.by_measure(found)
        case By.TOPIC:
            sections = build.by_topic(found)
        case By.TRACK:
            sections = build.by_track(found)
        case By.SOURCE:
            sections = build.by_source(found)
        case By.TODAY:
            pass
    return CataloguePage(
        head=catalogue_head(catalogue, lang),
        filters=filters,
        sections=sections,
        measures=tuple(measure_line(catalogue, m, lang, today) for m in _measures(catalogue)),
        shown=len(found),
        total=len(catalogue.requirements),
    )


def _measures(catalogue: Catalogue) -> Iterable[Measure]:
    return catalogue.measures.values()


def measure_line(catalogue: Catalogue, measure: Measure, lang: str, today: date) -> MeasureLine:
    """One measure, with what it asks and what binds in its field."""
    rows = [r for r in catalogue.requirements.values() if r.measure == measure.number]
    addressees = [_word(ADDRESSEES, name) for name in measure.addressed_to]
    return MeasureLine(
        number=measure.number,
        title=measure.title.get(lang),
        url=address_in(catalogue, "_measure", measure.number),
        section=catalogue.sections[measure.section].title.get(lang),
        addressed_to=wording.listed(addressees, lang),
        speaks_to_firms="firms" in measure.addressed_to,
        asks=measure.duty_in_plan,
        note=measure.note.get(lang),
        note_lang=_foreign(measure.note, lang),
        title_origin=_word(TITLE_ORIGINS, measure.title_origin),
        counts=_counts(rows, today),
    )


def _counts(requirements: Iterable[Requirement], today: date) -> Counts:
    tracks = Counter(r.track for r in requirements if r.in_force.holds(today))
    return Counts(tracks[Track.DUTY], tracks[Track.UPCOMING], tracks[Track.OPPORTUNITY])


def _foreign(text: Text, lang: str) -> str:
    """The language a text falls back to: "en" on a Chinese page, "" where it is translated."""
    return "en" if lang != "en" and not text.zh_hans else ""


class _Lists:
    """The found requirements, put in order."""

    def __init__(
        self,
        catalogue: Catalogue,
        lang: str,
        today: date,
        marks: Marks,
        *,
        keep_empty: bool = False,
    ) -> None:
        self.catalogue, self.lang, self.today, self.marks = catalogue, lang, today, marks
        self.keep_empty = keep_empty
        self._rows: dict[str, Row] = {}  # a requirement stands under each of its sources

    def row(self, requirement: Requirement) -> Row:
        row = self._rows.get(requirement.id)
        if row is None:
            row = self._rows[requirement.id] = self._made_row(requirement)
        return row

    def _made_row(self, requirement: Requirement) -> Row:
        period = requirement.in_force
        is_now = period.holds(self.today)
        return Row(
            number=requirement.source_row,
            title=requirement.title.get(self.lang),
            url=requirement_url(self.catalogue, requirement.id),
            topic=self.catalogue.topics[requirement.topic].get(self.lang),
            track_mark=self.marks.tracks[requirement.track],
            severity_mark=self.marks.severities.get(requirement.severity, ""),
            period="" if is_now else period_in_words(period.starts_on, period.ends_on, self.lang),
        )

    def group(
        self,
        requirements: Sequence[Requirement],
        *,
        key: str,
        title: str,
        number: str = "",
        note: Text | None = None,
        url: str = "",
        asks: str = "",
        verified: bool | None = None,
    ) -> Group:
        return Group(
            key=key,
            number=number,
            title=title,
            note=note.get(self.lang) if note else "",
            note_lang=_foreign(note, self.lang) if note else "",
            url=url,
            asks=asks,
            verified=verified,
            counts=_counts(requirements, self.today),
            rows=tuple(self.row(requirement) for requirement in requirements),
        )

    def section(
        self, groups: Iterable[Group], *, key: str, title: str, letter: str = "", meaning: str = ""
    ) -> Section:
        kept = tuple(group for group in groups if group.rows or self.keep_empty)
        count = len({row.url for group in kept for row in group.rows})
        return Section(key, letter, title, meaning, kept, count)

    def by_measure(self, found: Sequence[Requirement]) -> tuple[Section, ...]:
        catalogue = self.catalogue
        return self.filled(
            self.section(
                (
                    self.group(
                        [r for r in found if r.measure == measure.number],
                        key=f"m{measure.number}",
                        number=str(measure.number),
                        title=measure.title.get(self.lang),
                        note=measure.note,
                        url=address_in(catalogue, "_measure", measure.number),
                        asks=measure.duty_in_plan,
                    )
                    for measure in _measures(catalogue)
                    if measure.section == section.id
                ),
                key=section.id,
                letter=section.id,
                title=section.title.get(self.lang),
            )
            for section in catalogue.sections.values()
        )

    def by_topic(self, found: Sequence[Requirement]) -> tuple[Section, ...]:
        groups = (
            self.group(
                [r for r in found if r.topic == topic], key=topic, title=title.get(self.lang)
            )
            for topic, title in self.catalogue.topics.items()
        )
        return self.filled([self.section(groups, key="topics", title="")])

    def by_track(self, found: Sequence[Requirement]) -> tuple[Section, ...]:
        severities = self.catalogue.severities
        return self.filled(
            self.section(
                (
                    group
                    for severity in severities
                    if (
                        group := self.group(
                            [r for r in found if r.track == track and r.severity == severity],
                            key=f"{track}-{severity}",
                            title=severities[severity].get(self.lang),
                        )
                    ).rows
                ),
                key=str(track),
                title=info.title.get(self.lang),
                meaning=info.meaning.get(self.lang),
            )
            for track, info in self.catalogue.tracks.items()
        )

    def by_source(self, found: Sequence[Requirement]) -> tuple[Section, ...]:
        catalogue = self.catalogue
        resting: dict[str, list[Requirement]] = {}
        for requirement in found:
            for name in dict.fromkeys(c.reference for c in requirement.references):
                resting.setdefault(name, []).append(requirement)
        return self.filled(
            self.section(
                (
                    self.group(
                        resting.get(reference.id, []),
                        key=reference.id,
                        title=reference.name.get(self.lang),
                        url=reference_url(catalogue, reference.id),
                        verified=reference.verified,
                    )
                    for reference in catalogue.references.values()
                    if reference.binding == binding
                ),
                key=binding,
                title=force.title.get(self.lang),
                meaning=_("Binds those it speaks to.") if force.binds else _("Binds nobody."),
            )
            for binding, force in catalogue.legal_force.items()
        )

    @staticmethod
    def filled(sections: Iterable[Section]) -> tuple[Section, ...]:
        return tuple(section for section in sections if section.groups)


def address_in(catalogue: Catalogue, page: str = "", *args: str | int) -> str:
    """A public page of a catalogue; the addresses of the plan's own have no id in them."""
    if catalogue.id == DEFAULT_CATALOGUE:
        return reverse(f"catalogue{page}", args=args)
    return reverse(f"framework{page}", args=[catalogue.id, *args])


def requirement_url(catalogue: Catalogue, requirement_id: str) -> str:
    """The public page of a requirement."""
    return address_in(catalogue, "_requirement", requirement_id)


def reference_url(catalogue: Catalogue, reference_id: str) -> str:
    """The public page of a source."""
    return address_in(catalogue, "_reference", reference_id)


def full_requirement_url(catalogue_id: str, requirement_id: str) -> str:
    """The public page of a requirement; "" where no catalogue of today holds it."""
    try:
        rules = load_catalogue(catalogue_id)
    except CatalogueError:
        return ""
    return requirement_url(rules, requirement_id) if requirement_id in rules.requirements else ""


@dataclass(frozen=True)
class CatalogueChoice:
    """One of the catalogues of the installation."""

    title: str
    url: str
    is_current: bool


def catalogue_choices(current: Catalogue, lang: str) -> tuple[CatalogueChoice, ...]:
    """Every catalogue there is, to go from one to the other; none where there is only one."""
    found = tuple(
        CatalogueChoice(one.title.get(lang), address_in(one), one.id == current.id)
        for one in catalogues()
    )
    return found if len(found) > 1 else ()


# --- search ---------------------------------------------------------------------------------------

_indexes: WeakKeyDictionary[Catalogue, dict[str, str]] = WeakKeyDictionary()


def found_requirements(catalogue: Catalogue, filters: CatalogueFilters) -> list[Requirement]:
    """Requirements that hold every word of the query in either language, in catalogue order."""
    words = _folded(filters.query).split()
    index = _index(catalogue) if words else {}
    return [
        requirement
        for requirement in catalogue.requirements.values()
        if (not filters.severity or requirement.severity == filters.severity)
        and all(word in index[requirement.id] for word in words)
    ]


def _folded(text: str) -> str:
    """Full-width and upper-case letters are the same to a reader."""
    return unicodedata.normalize("NFKC", text).casefold()


def _index(catalogue: Catalogue) -> dict[str, str]:
    """What is searched of each requirement, made once per edition."""
    index = _indexes.get(catalogue)
    if index is None:
        index = {r.id: _searched(catalogue, r) for r in catalogue.requirements.values()}
        _indexes[catalogue] = index
    return index


def _searched(catalogue: Catalogue, requirement: Requirement) -> str:
    texts = [
        requirement.title,
        requirement.question,
        requirement.guidance,
        requirement.rationale,
        requirement.corrective_action.text,
        catalogue.topics[requirement.topic],
        catalogue.measures[requirement.measure].title,
        *(option.label for option in requirement.answer.options),
        *(catalogue.evidence_kinds[spec.kind] for spec in requirement.evidence),
    ]
    plain_words = [requirement.id, requirement.source_row]
    for citation in requirement.references:
        reference = catalogue.references[citation.reference]
        said = (reference.number, citation.article, citation.covers)
        texts += [reference.name, *(text for text in said if text)]
        plain_words.append(reference.id)
    words = [word for text in texts for word in (text.en, text.zh_hans)]
    return _folded("\n".join([*plain_words, *words]))


# --- conditions and periods in words --------------------------------------------------------------


def _whom(catalogue: Catalogue, condition: Condition) -> tuple[tuple[str, ...], list[Condition]]:
    """The roles a requirement speaks to (none: every role), and the conditions beside them."""
    parts = list(condition.parts) if isinstance(condition, All) else [condition]
    roles: tuple[str, ...] = ()
    rest: list[Condition] = []
    for part in parts:
        is_roles = isinstance(part, FactTest) and part.fact == ROLES and not roles
        if is_roles and isinstance(part, FactTest) and isinstance(part.expected, tuple):
            roles = part.expected
        else:
            rest.append(part)
    return roles, rest


def period_in_words(starts_on: date | None, ends_on: date | None, lang: str) -> str:
    """From when until when something is in force; "" where no date is set."""
    return clauses.period_in_words(starts_on, ends_on).get(lang) if starts_on or ends_on else ""


# --- one requirement ------------------------------------------------------------------------------


@dataclass(frozen=True)
class OptionLine:
    label: str
    outcome: str


@dataclass(frozen=True)
class LimitLine:
    """One dated limit, or best practice, with its basis."""

    is_best_practice: bool
    asked: str  # at most 25 years
    case: str  # the case it is for; "" for every other case
    period: str  # "" where the source gives no date
    basis: str
    source: str  # the name of the reference
    source_url: str
    note: str


@dataclass(frozen=True)
class EvidenceLine:
    title: str
    is_required: bool
    covers: str


@dataclass(frozen=True)
class Aside:
    """A figure or date as the catalogue states it, and what is to be said about it."""

    text: str
    aside: str = ""
    lang: str = ""  # "en" where the remark is not translated


@dataclass(frozen=True)
class SourceLine:
    """A reference as one requirement cites it."""

    url: str
    name: str
    other_name: str  # in the other language
    other_lang: str
    number: str
    force: str
    binds: bool
    dated: Aside
    article: str
    covers: str
    verified: bool


@dataclass(frozen=True)
class Neighbour:
    title: str
    url: str


@dataclass(frozen=True)
class CatalogueRequirement:
    """Everything the catalogue says about one requirement."""

    id: str
    number: str
    title: str
    measure_number: int
    measure_title: str
    measure_url: str
    track: str
    track_meaning: str
    severity: str
    topic: str
    question: str
    guidance: str
    rationale: str
    answer_in_words: str
    options: tuple[OptionLine, ...]
    may_be_not_applicable: bool
    limits: tuple[LimitLine, ...]
    roles: str  # "" for every role
    conditions: tuple[str, ...]
    period: str
    weight: int
    evidence: tuple[EvidenceLine, ...]
    corrective_action: str
    due: str
    clause: str
    sources: tuple[SourceLine, ...]
    doubt: str
    confidence: str
    key_fact: str
    sources_seen: str
    checked_on: date
    previous: Neighbour | None
    next: Neighbour | None


def catalogue_requirement(
    catalogue: Catalogue, requirement: Requirement, lang: str
) -> CatalogueRequirement:
    """The page of one requirement."""
    roles, rest = _whom(catalogue, requirement.applies_when)
    conditions = (clauses.condition_in_words(catalogue, part).get(lang) for part in rest)
    doubt = doubt_of(catalogue, requirement)
    names = list(catalogue.requirements)
    at = names.index(requirement.id)
    period = requirement.in_force
    return CatalogueRequirement(
        id=requirement.id,
        number=requirement.source_row,
        title=requirement.title.get(lang),
        measure_number=requirement.measure,
        measure_title=catalogue.measures[requirement.measure].title.get(lang),
        measure_url=address_in(catalogue, "_measure", requirement.measure),
        track=str(requirement.track),
        track_meaning=catalogue.tracks[requirement.track].meaning.get(lang),
        severity=str(requirement.severity),
        topic=catalogue.topics[requirement.topic].get(lang),
        question=requirement.question.get(lang),
        guidance=requirement.guidance.get(lang),
        rationale=requirement.rationale.get(lang),
        answer_in_words=_answer_in_words(requirement, lang),
        options=tuple(
            OptionLine(option.label.get(lang), str(option.outcome))
            for option in requirement.answer.options
        ),
        may_be_not_applicable=requirement.answer.may_be_not_applicable,
        limits=tuple(_limits(catalogue, requirement, lang)),
        roles=wording.listed([catalogue.roles[r].get(lang) for r in roles], lang, either=True),
        conditions=tuple(conditions),
        period=period_in_words(period.starts_on, period.ends_on, lang),
        weight=catalogue.scoring.weights.get(requirement.severity, 0)
        if requirement.track is not Track.OPPORTUNITY
        else 0,
        evidence=tuple(_evidence(catalogue, requirement, lang)),
        corrective_action=requirement.corrective_action.text.get(lang),
        due=_word(DUE, requirement.corrective_action.due),
        clause=clause_shown(requirement).get(lang),
        sources=tuple(_source(catalogue, citation, lang) for citation in requirement.references),
        doubt=doubt.get(lang) if doubt else "",
        confidence=requirement.confidence,
        key_fact=_word(KEY_FACT, requirement.key_fact_seen),
        sources_seen=_word(SOURCES_SEEN, requirement.sources_verified),
        checked_on=requirement.checked_on,
        previous=_neighbour(catalogue, names[at - 1], lang) if at else None,
        next=_neighbour(catalogue, names[at + 1], lang) if at + 1 < len(names) else None,
    )


def _neighbour(catalogue: Catalogue, name: str, lang: str) -> Neighbour:
    return Neighbour(catalogue.requirements[name].title.get(lang), requirement_url(catalogue, name))


def _answer_in_words(requirement: Requirement, lang: str) -> str:
    spec = requirement.answer
    match spec.kind:
        case AnswerKind.YES_PARTLY_NO:
            return _("Yes, partly or no. “Partly” counts half.")
        case AnswerKind.DOCUMENT:
            return _("The document is in place, with its file attached, or it is not.")
        case AnswerKind.CHOICE:
            return _("One of the choices below; each says what it counts as.")
        case AnswerKind.DATE:
            return _("A date.")
        case AnswerKind.NUMBER:
            return _number_in_words(spec.unit, spec.min, spec.max, spec.decimals, lang)


def _number_in_words(
    unit: str | None, low: Decimal | None, high: Decimal | None, decimals: int | None, lang: str
) -> str:
    name = unit_name(unit, lang)
    words = _("A number in %(unit)s") % {"unit": name} if name else _("A number")
    if low is not None and high is not None:
        words += _(", between %(low)s and %(high)s") % {"low": plain(low), "high": plain(high)}
    elif low is not None:
        words += _(", %(low)s or more") % {"low": plain(low)}
    if decimals == 0:
        words += _(", a whole number")
    elif decimals:
        words += ngettext(
            ", with up to %(n)s decimal place", ", with up to %(n)s decimal places", decimals
        ) % {"n": decimals}
    return words + ("." if lang == "en" else "。")


def _limits(catalogue: Catalogue, requirement: Requirement, lang: str) -> Iterable[LimitLine]:
    check = requirement.check
    if not isinstance(check, NumberCheck):
        return
    targets = [(check.comparator, check.parameter, False)]
    if check.best_practice:
        targets.append((check.best_practice.comparator, check.best_practice.parameter, True))
    for comparator, name, is_best_practice in targets:
        parameter = catalogue.parameters[name]
        for value in parameter.values:
            yield _limit(catalogue, parameter, value, comparator, lang, is_best_practice)


def _limit(
    catalogue: Catalogue,
    parameter: Parameter,
    value: ParameterValue,
    comparator: Comparator,
    lang: str,
    is_best_practice: bool,
) -> LimitLine:
    limit = clauses.limit_of(parameter, value, comparator)
    source = catalogue.references.get(value.reference or "")
    return LimitLine(
        is_best_practice=is_best_practice,
        asked=wording.asked(limit, lang),
        case=_case(catalogue, value, lang),
        period=period_in_words(value.starts_on, value.ends_on, lang),
        basis=catalogue.threshold_basis[limit.basis].get(lang),
        source=source.name.get(lang) if source else "",
        source_url=reference_url(catalogue, source.id) if source else "",
        note=value.note.get(lang) if value.note else "",
    )


def _case(catalogue: Catalogue, value: ParameterValue, lang: str) -> str:
    """The case that a value of a limit is for; "" for every other case."""
    if value.when is None:
        return ""
    return clauses.condition_in_words(catalogue, value.when).get(lang)


def _evidence(catalogue: Catalogue, requirement: Requirement, lang: str) -> Iterable[EvidenceLine]:
    for spec in sorted(requirement.evidence, key=lambda spec: not spec.required):
        covers = catalogue.dates[spec.covers].label.get(lang) if spec.covers else ""
        kind = catalogue.evidence_kinds[spec.kind].get(lang)
        yield EvidenceLine(kind, spec.required, wording.inside(covers))


def _source(catalogue: Catalogue, citation: Citation, lang: str) -> SourceLine:
    reference = catalogue.references[citation.reference]
    force = catalogue.legal_force[reference.binding]
    name, other, other_lang = _both_names(reference, lang)
    return SourceLine(
        url=reference_url(catalogue, reference.id),
        name=name,
        other_name=other,
        other_lang=other_lang,
        number=number_of(reference, lang),
        force=force.title.get(lang),
        binds=force.binds,
        dated=dated(reference.date, lang),
        article=citation.article.get(lang) if citation.article else "",
        covers=citation.covers.get(lang) if citation.covers else "",
        verified=reference.verified,
    )


def _both_names(reference: Reference, lang: str) -> tuple[str, str, str]:
    """The name in the reader's language, the name in the other one, and which that is."""
    name = reference.name.get(lang)
    other = reference.name.get("zh-hans" if lang == "en" else "en")
    return (name, "" if other == name else other, "zh-Hans" if lang == "en" else "en")


# --- dates and numbers of sources -----------------------------------------------------------------

_REMARK = re.compile(r"\s*\((.*)\)\s*")
_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_SAID_OF_DAYS = re.compile(
    r"(?:published|(?P<acceded>China: acceded)) (?P<day>\d{4}-\d\d-\d\d)"
    r"(?P<before> or shortly before)?"
)
_WITHOUT_DATE = {
    "in force": gettext_lazy("in force, date not known"),
    "not yet": gettext_lazy("not in force yet"),
}


def _remark(text: str, lang: str) -> tuple[str, str]:
    """A remark on a date or number in the reader's words, and its language where it has none."""
    if "general knowledge" in text:
        return _("from general knowledge, not read"), ""
    if text.startswith("assumed"):
        return _("assumed"), ""
    if text == "publication":
        return _("day of publication"), ""
    said = _SAID_OF_DAYS.fullmatch(text)
    if said:
        sentence = _("China acceded on %(day)s") if said["acceded"] else _("published %(day)s")
        if said["before"]:
            sentence = _("published %(day)s or shortly before")
        return sentence % {"day": wording.day(date.fromisoformat(said["day"]), lang)}, ""
    return text, "" if lang == "en" else "en"


def dated(stated: str, lang: str) -> Aside:
    """A date of a source, which may be a month, a year, two dates, or not known."""
    remark = _REMARK.search(stated)
    if remark:
        stated = stated.replace(remark[0], "").strip()
    aside, aside_lang = _remark(remark[1], lang) if remark else ("", "")
    words = str(_WITHOUT_DATE[stated]) if stated in _WITHOUT_DATE else _days_in_words(stated, lang)
    return Aside(words, aside, aside_lang)


def _days_in_words(stated: str, lang: str) -> str:
    days = [_DAY.fullmatch(part) for part in stated.split(" / ")]
    if not stated or None in days:
        return stated
    return " / ".join(_day_in_words(found, lang) for found in days if found)


def _day_in_words(found: re.Match[str], lang: str) -> str:
    year, month, day = found.groups()
    if day:
        return wording.day(date(int(year), int(month), int(day)), lang)
    if not month:
        return f"{year}" if lang == "en" else f"{year}年"
    whole = wording.day(date(int(year), int(month), 1), lang)
    return whole.partition(" ")[2] if lang == "en" else whole.removesuffix("1日")


def number_of(reference: Reference, lang: str) -> str:
    """The official number; "" where it is not known."""
    return reference.number.get(lang) if reference.number else ""


# --- one measure ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SourceSummary:
    """A source, and how many of a measure's requirements rest on it."""

    name: str
    url: str
    force: str
    binds: bool
    count: int


@dataclass(frozen=True)
class CatalogueMeasure:
    """One measure of the plan, with its requirements by track and the sources behind them."""

    line: MeasureLine
    section_letter: str
    tracks: tuple[Section, ...]
    sources: tuple[SourceSummary, ...]
    previous: Neighbour | None
    next: Neighbour | None


def catalogue_measure(
    catalogue: Catalogue, number: int, lang: str, today: date, marks: Marks
) -> CatalogueMeasure:
    """The page of one measure."""
    measure = catalogue.measures[number]
    lists = _Lists(catalogue, lang, today, marks)
    own = [r for r in catalogue.requirements.values() if r.measure == number]
    cited = Counter(name for r in own for name in dict.fromkeys(c.reference for c in r.references))
    numbers = list(catalogue.measures)
    at = numbers.index(number)

    def neighbour(index: int) -> Neighbour | None:
        if not 0 <= index < len(numbers):
            return None
        other = catalogue.measures[numbers[index]]
        url = address_in(catalogue, "_measure", other.number)
        return Neighbour(f"{other.number} {other.title.get(lang)}", url)

    tracks = (
        lists.section(
            [lists.group([r for r in own if r.track == track], key=str(track), title="")],
            key=str(track),
            title=info.title.get(lang),
            meaning=info.meaning.get(lang),
        )
        for track, info in catalogue.tracks.items()
    )
    return CatalogueMeasure(
        line=measure_line(catalogue, measure, lang, today),
        section_letter=measure.section,
        tracks=lists.filled(tracks),
        sources=tuple(
            SourceSummary(
                name=catalogue.references[name].name.get(lang),
                url=reference_url(catalogue, name),
                force=catalogue.legal_force[catalogue.references[name].binding].title.get(lang),
                binds=catalogue.legal_force[catalogue.references[name].binding].binds,
                count=count,
            )
            for name, count in cited.most_common()
        ),
        previous=neighbour(at - 1),
        next=neighbour(at + 1),
    )


# --- one source -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class RestingRow:
    """A requirement that rests on a source: the article, and what it covers."""

    row: Row
    article: str
    covers: str


@dataclass(frozen=True)
class RestingLimit:
    """A limit that a source sets."""

    title: str
    value: str
    case: str
    period: str


@dataclass(frozen=True)
class FactUsed:
    text: str
    lang: str  # "en" where it is not translated


@dataclass(frozen=True)
class CatalogueReference:
    """Everything the catalogue says about one source."""

    id: str
    name: str
    other_name: str
    other_lang: str
    force: str
    binds: bool
    status: str
    is_in_force: bool
    number: str
    issuer: FactUsed
    dated: Aside
    in_force: Aside
    url: str
    facts_used: tuple[FactUsed, ...]
    verified: bool
    verified_where: FactUsed | None  # None where nothing more is to be said
    confidence: str
    note: FactUsed | None
    requirements: tuple[RestingRow, ...]
    limits: tuple[RestingLimit, ...]


def catalogue_reference(
    catalogue: Catalogue, reference: Reference, lang: str, today: date, marks: Marks
) -> CatalogueReference:
    """The page of one source."""
    force = catalogue.legal_force[reference.binding]
    name, other, other_lang = _both_names(reference, lang)
    where = reference.verified_where
    is_unread = not reference.verified and where and "general knowledge" in where.en
    return CatalogueReference(
        id=reference.id,
        name=name,
        other_name=other,
        other_lang=other_lang,
        force=force.title.get(lang),
        binds=force.binds,
        status=_word(REFERENCE_STATUS, reference.status),
        is_in_force=reference.status == "in_force",
        number=number_of(reference, lang),
        issuer=_fact_used(reference.issuer, lang),
        dated=dated(reference.date, lang),
        in_force=dated(reference.in_force, lang),
        url=reference.url if reference.url.startswith(("https://", "http://")) else "",
        facts_used=tuple(_fact_used(fact, lang) for fact in reference.facts_used),
        verified=reference.verified,
        verified_where=_fact_used(where, lang) if where and not is_unread else None,
        confidence=reference.confidence,
        note=_fact_used(reference.note, lang) if reference.note else None,
        requirements=tuple(_resting(catalogue, reference, lang, today, marks)),
        limits=tuple(_limits_of(catalogue, reference, lang)),
    )


def _fact_used(text: Text, lang: str) -> FactUsed:
    is_address = not re.search(r"[a-z]{3} [a-z]{3}", text.en)  # the same in every language
    return FactUsed(text.get(lang), "" if is_address else _foreign(text, lang))


def _resting(
    catalogue: Catalogue, reference: Reference, lang: str, today: date, marks: Marks
) -> Iterable[RestingRow]:
    lists = _Lists(catalogue, lang, today, marks)
    for requirement in catalogue.requirements.values():
        citations = [c for c in requirement.references if c.reference == reference.id]
        if citations:
            articles = [c.article.get(lang) for c in citations if c.article]
            covers = [c.covers.get(lang) for c in citations if c.covers]
            joint = "; " if lang == "en" else "；"
            yield RestingRow(lists.row(requirement), joint.join(articles), " ".join(covers))


def _limits_of(catalogue: Catalogue, reference: Reference, lang: str) -> Iterable[RestingLimit]:
    for parameter in catalogue.parameters.values():
        for value in parameter.values:
            if value.reference == reference.id:
                yield RestingLimit(
                    title=parameter.title.get(lang),
                    value=quantity(value.value, parameter.unit, lang),
                    case=_case(catalogue, value, lang),
                    period=period_in_words(value.starts_on, value.ends_on, lang),
                )


# --- the glossary ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class TermLine:
    """One term of the glossary."""

    en: tuple[str, ...]
    zh_hans: str
    also: tuple[str, ...]
    avoided: tuple[str, ...]
    source: str  # the name of the source that uses the word; "" where the word is our own
    source_url: str
    note: str


def glossary_lines(catalogue: Catalogue, lang: str) -> tuple[TermLine, ...]:
    """The glossary, by the word of the reader's language."""
    lines = []
    for term in glossary():
        source = catalogue.references.get(term.source)
        lines.append(
            TermLine(
                en=term.en,
                zh_hans=term.zh_hans,
                also=term.also,
                avoided=term.avoided,
                source=source.name.get(lang) if source else "",
                source_url=reference_url(catalogue, source.id) if source else "",
                note=term.note.get(lang) if term.note else "",
            )
        )
    return tuple(sorted(lines, key=lambda line: line.en[0].lower()))
