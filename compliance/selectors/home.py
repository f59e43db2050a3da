"""The firm's home page: where its assessment stands, live while drafting, frozen once submitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from operator import itemgetter
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import ngettext

from checklists import Catalogue, Text, load_catalogue
from checklists.engine.model import Reason, Score, Track
from compliance import audit, clock
from compliance.models import (
    Assessment,
    AuditEvent,
    Delegation,
    Evidence,
    EvidenceUse,
    Firm,
    Membership,
    Submission,
)
from compliance.selectors.corrective_actions import ActionLine, urgent_actions
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.frozen import FrozenScores
from compliance.selectors.submission import submission_state

Words = Text | Reason | Mapping[str, str]
EXPIRING_WITHIN = timedelta(days=180)
SHOWN = 6
MOST_NEWS = 100
A_NEW_VISIT = timedelta(minutes=30)


@dataclass(frozen=True)
class Blocker:
    requirement: str
    title: Words
    outcome: str
    reason: Words
    measure: int

    @property
    def anchor(self) -> str:
        """The blocker's place on the page."""
        return f"blocks-{self.requirement}"


@dataclass(frozen=True)
class TrackScore:
    track: str
    claimed: Decimal | None
    confirmed: Decimal | None


@dataclass(frozen=True)
class SectionLine:
    id: str
    title: Words
    counts: Mapping[str, int]  # applicable requirements by outcome

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def answered(self) -> int:
        return sum(self.counts.get(outcome, 0) for outcome in ("met", "partly_met", "not_met"))


@dataclass(frozen=True)
class TopicLine:
    """One line of the dot chart, with its coordinates ready."""

    topic: str
    title: Words
    claimed: Decimal
    confirmed: Decimal | None
    y: int
    text_y: int
    claimed_x: int
    confirmed_x: int | None
    diamond_y: int


@dataclass(frozen=True)
class TopicChart:
    lines: tuple[TopicLine, ...]
    height: int
    bottom: int
    axis_y: int


@dataclass(frozen=True)
class Expiring:
    evidence: Evidence
    requirement: str
    has_ended: bool


@dataclass(frozen=True)
class Due:
    """A requirement in somebody's hands, with its day."""

    delegation: Delegation
    title: Words
    is_late: bool
    is_mine: bool


@dataclass(frozen=True)
class Activity:
    who: str
    did: str | Promise
    what: Words | None
    event: AuditEvent
    is_new: bool  # since this person's last visit


@dataclass(frozen=True)
class Overview:
    """What the home page says of one assessment."""

    assessment: Assessment
    submission: Submission | None  # the latest
    is_frozen: bool  # the figures are those of the submission
    band: str
    band_says: Words
    tracks: tuple[TrackScore, ...]
    coverage: str | None
    taken_up: int
    opportunities: int
    blockers: tuple[Blocker, ...]
    sections: tuple[SectionLine, ...]
    topics: TopicChart
    expiring: tuple[Expiring, ...]

    @property
    def claimed_trace(self) -> str:
        """Where the claimed figures are traced."""
        if self.is_frozen and self.submission is not None:
            return reverse("submission_trace", args=[self.submission.pk])
        return reverse("assessment_trace", args=[self.assessment.pk])

    @property
    def coverage_trace(self) -> str:
        """Where the coverage by evidence is traced; a submission keeps its figure alone."""
        return "" if self.is_frozen else reverse("assessment_trace", args=[self.assessment.pk])

    @property
    def confirmed_trace(self) -> str:
        """Where the confirmed figures are traced; "" where there are none."""
        if self.submission is None:
            return ""
        return reverse("submission_trace", args=[self.submission.pk])

    @property
    def lead(self) -> str:
        return lead_of(self.blockers)


def lead_of(blockers: Sequence[Blocker]) -> str:
    """What the blockers make of the band, in one sentence; "" without blockers."""
    not_met = sum(blocker.outcome == "not_met" for blocker in blockers)
    if not_met:
        return ngettext(
            "%(count)d blocking duty is not met.",
            "%(count)d blocking duties are not met.",
            not_met,
        ) % {"count": not_met}
    if not blockers:
        return ""
    return ngettext(
        "%(count)d blocking duty is open or met only in part.",
        "%(count)d blocking duties are open or met only in part.",
        len(blockers),
    ) % {"count": len(blockers)}


def frozen_blockers(scores: FrozenScores) -> tuple[Blocker, ...]:
    """The blockers of a submission, by the officer's outcome where there is one."""
    return tuple(
        Blocker(
            requirement=row.requirement,
            title=row.content["title"],
            outcome=row.effective,
            reason=row.content["reason"],
            measure=row.measure,
        )
        for row in scores.blockers
    )


@dataclass(frozen=True)
class AssessmentLine:
    """An assessment as the home page lists it."""

    id: UUID
    title: str
    status: str
    as_of: date
    last_number: int | None  # of its submissions


@dataclass(frozen=True)
class FirmHome:
    overview: Overview | None
    assessments: tuple[AssessmentLine, ...]
    due: tuple[Due, ...]
    actions: tuple[ActionLine, ...]
    activity: tuple[Activity, ...]
    news: int  # events by others since this person's last visit, MOST_NEWS at most
    last_event: int  # of the trail
    news_after: int  # the last event before this visit


def firm_home_of(member: Membership, *, chosen: str = "") -> FirmHome:
    """The home page of the member's firm, for the chosen assessment or the latest one."""
    assessments = _assessments_of(member.firm)
    current = _current(assessments, chosen, member.firm)
    events = list(AuditEvent.objects.filter(firm=member.firm).order_by("-sequence")[:SHOWN])
    last_event = events[0].sequence if events else 0
    news_after = _news_after(member, last_event)
    return FirmHome(
        overview=overview_of(current) if current else None,
        assessments=assessments,
        due=_due(member),
        actions=urgent_actions(member.firm, member, SHOWN),
        activity=_activity(member, events, news_after),
        news=_news(member, news_after) if last_event > news_after else 0,
        last_event=last_event,
        news_after=news_after,
    )


def _news_after(member: Membership, last_event: int) -> int:
    """The last event of the trail before this visit; a visit lasts while no half hour passes."""
    if member.visited_at is None:
        return last_event
    is_new_visit = clock.now() - member.visited_at > A_NEW_VISIT
    return member.visited_event if is_new_visit else member.news_after


def _news(member: Membership, news_after: int) -> int:
    events = AuditEvent.objects.filter(firm=member.firm, sequence__gt=news_after)
    return events.exclude(actor=member.user_id)[:MOST_NEWS].count()


def _assessments_of(firm: Firm) -> tuple[AssessmentLine, ...]:
    """All assessments, the newest first; only what a line shows, for a firm keeps hundreds."""
    last = Submission.objects.filter(assessment=OuterRef("pk")).order_by("-number")
    rows = (
        Assessment.objects.filter(firm=firm)
        .annotate(last_number=Subquery(last.values("number")[:1]))
        .order_by("-created_at")
        .values_list("id", "title", "status", "as_of", "last_number")
    )
    return tuple(AssessmentLine(*row) for row in rows)


def _current(lines: Iterable[AssessmentLine], chosen: str, firm: Firm) -> Assessment | None:
    latest = None
    for line in lines:
        if str(line.id) == chosen:
            latest = line
            break
        if latest is None and line.status != Assessment.Status.ARCHIVED:
            latest = line
    if latest is None:
        return None
    current = Assessment.objects.get(pk=latest.id)
    current.firm = firm
    return current


def overview_of(assessment: Assessment) -> Overview:
    """The figures of one assessment (at most six queries)."""
    submission = Submission.objects.filter(assessment=assessment).order_by("-number").first()
    if submission is not None:
        submission.assessment = assessment
    if submission is None or assessment.is_editable:
        return _live(assessment, submission)
    return _frozen(assessment, submission)


def _live(assessment: Assessment, submission: Submission | None) -> Overview:
    state = evaluation_of(assessment, with_people=False)
    catalogue, evaluation = state.catalogue, state.evaluation
    # While a returned assessment is worked on, what was confirmed in the last round still stands.
    reviewed = submission_state(submission).scores.confirmed if submission else None
    counts: dict[str, Counter[str]] = {section: Counter() for section in catalogue.sections}
    for name, row in evaluation.rows.items():
        if row.outcome != "not_applicable":
            counts[catalogue.requirements[name].section][row.outcome] += 1
    topics = {
        topic: (
            evaluation.claimed.by_topic.get((Track.DUTY, topic)),
            reviewed.by_topic.get((Track.DUTY, topic)) if reviewed else None,
        )
        for topic in catalogue.topics
    }
    return Overview(
        assessment=assessment,
        submission=submission,
        is_frozen=False,
        band=evaluation.band,
        band_says=catalogue.scoring.bands[evaluation.band].says,
        tracks=(
            _track("duty", evaluation.claimed.duty, reviewed.duty if reviewed else None),
            _track(
                "upcoming", evaluation.claimed.upcoming, reviewed.upcoming if reviewed else None
            ),
        ),
        coverage=_text(evaluation.evidence_coverage),
        taken_up=evaluation.opportunities.taken_up,
        opportunities=evaluation.opportunities.total,
        blockers=tuple(
            Blocker(
                requirement=row.requirement,
                title=catalogue.requirements[row.requirement].title,
                outcome=row.outcome,
                reason=row.reason,
                measure=catalogue.requirements[row.requirement].measure,
            )
            for row in evaluation.blockers
        ),
        sections=tuple(
            SectionLine(section.id, section.title, counts[section.id])
            for section in catalogue.sections.values()
        ),
        topics=topic_chart(
            {catalogue.topics[topic]: pair for topic, pair in topics.items()},
            {title: topic for topic, title in catalogue.topics.items()},
        ),
        expiring=_expiring(
            (piece, requirement)
            for requirement, pieces in state.evidence.items()
            for piece in pieces
        ),
    )


def _frozen(assessment: Assessment, submission: Submission) -> Overview:
    content, scores = submission.content, submission_state(submission).scores
    counts: dict[str, Counter[str]] = {s["id"]: Counter() for s in content["sections"]}
    for row in scores.rows:
        if row.effective != "not_applicable":
            counts[row.section][row.effective] += 1
    figures = content["evaluation"]
    topics = [
        (
            Text(title["en"], title["zh_hans"]),
            (
                scores.claimed.by_topic.get((Track.DUTY, topic)),
                scores.confirmed.by_topic.get((Track.DUTY, topic)),
            ),
        )
        for topic, title in content["topics"].items()
    ]
    return Overview(
        assessment=assessment,
        submission=submission,
        is_frozen=True,
        band=scores.band,
        band_says=content["bands"][scores.band]["says"],
        tracks=(
            _track("duty", scores.claimed.duty, scores.confirmed.duty),
            _track("upcoming", scores.claimed.upcoming, scores.confirmed.upcoming),
        ),
        coverage=figures["evidence_coverage"],
        taken_up=figures["opportunities"]["taken_up"],
        opportunities=figures["opportunities"]["total"],
        blockers=frozen_blockers(scores),
        sections=tuple(
            SectionLine(section["id"], section["title"], counts[section["id"]])
            for section in content["sections"]
        ),
        topics=topic_chart(
            dict(topics),
            {title: topic for topic, (title, _pair) in zip(content["topics"], topics, strict=True)},
        ),
        expiring=_expiring(
            (use.evidence, use.requirement)
            for use in EvidenceUse.objects.filter(
                assessment=assessment,
                evidence__expires_on__lte=clock.today() + EXPIRING_WITHIN,
            ).select_related("evidence")
        ),
    )


def _track(track: str, claimed: Score, confirmed: Score | None) -> TrackScore:
    return TrackScore(track, claimed.percent, confirmed.percent if confirmed else None)


def _text(score: Score) -> str | None:
    return None if score.percent is None else str(score.percent)


# The chart's own measures: names left of 170, figures right of 790, 6 points of width per percent.
_LEFT, _PER_CENT, _LINE, _FIRST = 170, 6, 28, 20


def topic_chart(
    topics: Mapping[Text, tuple[Score | None, Score | None]],
    names: Mapping[Text, str] = MappingProxyType({}),
) -> TopicChart:
    """Topics with a duty that applies, the weakest first, placed on the chart."""
    scored = [
        (title, claimed.percent, confirmed.percent if confirmed else None)
        for title, (claimed, confirmed) in topics.items()
        if claimed is not None and claimed.percent is not None
    ]
    scored.sort(key=lambda line: (line[1], line[0].en))
    lines = []
    for index, (title, claimed, confirmed) in enumerate(scored):
        y = _FIRST + index * _LINE
        lines.append(
            TopicLine(
                topic=names.get(title, ""),
                title=title,
                claimed=claimed,
                confirmed=confirmed,
                y=y,
                text_y=y + 5,
                claimed_x=_x(claimed),
                confirmed_x=None if confirmed is None else _x(confirmed),
                diamond_y=y - 6,
            )
        )
    bottom = _FIRST + len(lines) * _LINE - 14
    return TopicChart(tuple(lines), height=bottom + 24, bottom=bottom, axis_y=bottom + 18)


def _x(percent: Decimal) -> int:
    return _LEFT + round(percent * _PER_CENT)


def _expiring(attached: Iterable[tuple[Evidence, str]]) -> tuple[Expiring, ...]:
    """Evidence that has ended or ends soon, the most pressing first, each piece once."""
    today = clock.today()
    pressing = [
        (piece.expires_on, requirement, piece)
        for piece, requirement in attached
        if piece.expires_on is not None and piece.expires_on <= today + EXPIRING_WITHIN
    ]
    pressing.sort(key=itemgetter(0, 1))
    seen: dict[UUID, Expiring] = {}
    for ends_on, requirement, piece in pressing:
        seen.setdefault(piece.pk, Expiring(piece, requirement, ends_on < today))
    return tuple(seen.values())[:SHOWN]


def _due(member: Membership) -> tuple[Due, ...]:
    """What is delegated with a day, in work that is open, the most pressing first (one query)."""
    catalogue, today = load_catalogue(), clock.today()
    waiting = (
        Delegation.objects.filter(
            assessment__firm=member.firm,
            assessment__status__in=Assessment.EDITABLE,
            due_on__isnull=False,
        )
        .select_related("to")
        .order_by("due_on", "requirement")[:SHOWN]
    )
    return tuple(
        Due(
            delegation=delegation,
            title=_title(catalogue, delegation.requirement) or Text(delegation.requirement),
            is_late=delegation.due_on is not None and delegation.due_on < today,
            is_mine=delegation.to_id == member.user_id,
        )
        for delegation in waiting
    )


def _activity(
    member: Membership, events: Sequence[AuditEvent], news_after: int
) -> tuple[Activity, ...]:
    catalogue = load_catalogue()
    return tuple(
        Activity(
            who=event.actor_name,
            did=audit.SENTENCES.get(event.action, event.action),
            what=_title(catalogue, event.requirement),
            event=event,
            is_new=event.sequence > news_after and event.actor_id != member.user_id,
        )
        for event in events
    )


def _title(catalogue: Catalogue, requirement: str) -> Text | None:
    known: Any = catalogue.requirements.get(requirement)
    return known.title if known else None
