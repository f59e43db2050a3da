"""The head of every page of one assessment: title, status, dates and band."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from checklists import Catalogue
from checklists.engine import wording
from checklists.engine.loader import DEFAULT_CATALOGUE
from checklists.engine.model import Band, FactValue, Track
from compliance import permissions, workflow
from compliance.models import Assessment, Membership
from compliance.selectors.editions import newer_edition
from compliance.selectors.evaluation import AssessmentState

LAUNCH_WINDOW = "launch_window"


@dataclass(frozen=True)
class AssessmentHead:
    """What stands above the tabs, whichever of them is open."""

    assessment: Assessment
    framework: str  # its title; "" for the catalogue that everybody knows
    edition: str
    asks_facts: bool
    newer_edition: str  # "" where a draft is judged by the newest
    launch_window: str  # "" where it is not known
    band: Band
    blockers: int
    may_save_facts: bool
    may_answer: bool
    may_submit: bool
    may_manage: bool  # rename it, or put it away


def head_of(state: AssessmentState, member: Membership, lang: str) -> AssessmentHead:
    """The head for this person: what the role allows and the status lets happen now."""
    assessment = state.assessment
    is_further = state.catalogue.id != DEFAULT_CATALOGUE
    newer = newer_edition(assessment)
    return AssessmentHead(
        assessment=assessment,
        framework=state.catalogue.title.get(lang) if is_further else "",
        edition=assessment.catalogue_edition,
        asks_facts=bool(state.catalogue.facts),
        newer_edition=newer.edition if newer else "",
        launch_window=mission_span_in_words(state.catalogue, state.facts, LAUNCH_WINDOW, lang),
        band=state.evaluation.band,
        blockers=len(state.evaluation.blockers),
        may_save_facts=permissions.may(member, "save_facts") and facts_are_open(assessment),
        may_answer=permissions.may(member, "answer") and assessment.is_editable,
        may_submit=permissions.may(member, "submit") and workflow.allows(assessment, "submit"),
        may_manage=permissions.may(member, "rename")
        and (assessment.is_editable or workflow.allows(assessment, "archive")),
    )


def facts_are_open(assessment: Assessment) -> bool:
    """Whether the status lets facts change: in a draft, or when the officer opened them again."""
    if assessment.status == Assessment.Status.RETURNED:
        return assessment.facts_reopened
    return assessment.status == Assessment.Status.DRAFT


def mission_span(
    catalogue: Catalogue, facts: Mapping[str, FactValue | None], name: str
) -> tuple[date, date] | None:
    """The first and the last day of a mission date, as far as they are known."""
    span = catalogue.dates.get(name)
    if span is None:
        return None
    known = [
        value
        for fact in (span.from_fact, span.until_fact)
        if fact is not None and isinstance(value := facts.get(fact), date)
    ]
    return (min(known), max(known)) if known else None


def mission_span_in_words(
    catalogue: Catalogue, facts: Mapping[str, FactValue | None], name: str, lang: str
) -> str:
    """12–26 Mar 2027, 2027年3月12日—26日; "" where it is not known."""
    span = mission_span(catalogue, facts, name)
    return span_in_words(*span, lang) if span else ""


def span_in_words(first: date, last: date, lang: str) -> str:
    """Two days as one span, without repeating the month and year they share."""
    end = wording.day(last, lang)
    if first == last:
        return end
    same_year, same_month = first.year == last.year, first.month == last.month
    if lang == "en":
        start = wording.day(first, lang)
        if same_year and same_month:
            return f"{first.day}–{end}"
        return f"{start.rpartition(' ')[0] if same_year else start} – {end}"
    start = wording.day(first, lang)
    if same_year and same_month:
        return f"{start}—{last.day}日"
    return f"{start}—{end.partition('年')[2] if same_year else end}"


SCORED = (Track.DUTY, Track.UPCOMING)
