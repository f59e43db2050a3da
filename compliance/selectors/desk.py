"""The officer's desk: what waits in all firms where the person is an officer, oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count

from checklists.engine.model import Track
from compliance import clock
from compliance.models import Assessment, Firm, Role, Submission, User
from compliance.selectors.frozen import frozen_scores

LATE_AFTER_DAYS = 10
DECIDED_SHOWN = 10


@dataclass(frozen=True)
class Waiting:
    """One submission in the queue."""

    submission: Submission
    firm: Firm
    days: int
    reviewed: int
    total: int

    @property
    def is_late(self) -> bool:
        return self.days > LATE_AFTER_DAYS

    @property
    def round(self) -> int:
        return int(self.submission.number)

    @property
    def percent(self) -> Decimal:
        return Decimal(100 * self.reviewed) / (self.total or 1)


@dataclass(frozen=True)
class HeatCell:
    percent: Decimal | None
    level: int  # 0 where no duty applies, then 1 to 5
    has_blocker: bool


@dataclass(frozen=True)
class HeatRow:
    submission: Submission
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class Desk:
    waiting: tuple[Waiting, ...]
    decided: tuple[Submission, ...]
    topics: tuple[Mapping[str, str], ...]
    heat: tuple[HeatRow, ...]
    firms: int


def desk_of(user: User) -> Desk:
    """Everything on this person's desk (three queries)."""
    mine: dict[str, Any] = {
        "assessment__firm__memberships__user": user,
        "assessment__firm__memberships__role": Role.OFFICER,
    }
    queue = (
        Submission.objects.filter(**mine, decision="")
        .filter(assessment__status__in=[Assessment.Status.SUBMITTED, Assessment.Status.IN_REVIEW])
        .select_related("assessment__firm")
        .prefetch_related("determinations")
        .order_by("submitted_at")
    )
    decided = (
        Submission.objects.filter(**mine)
        .exclude(decision="")
        .select_related("assessment__firm", "decided_by")
        .defer("content")
        .order_by("-decided_at")[:DECIDED_SHOWN]
    )
    waiting = tuple(_waiting(submission, clock.now()) for submission in queue)
    submissions = [each.submission for each in waiting]
    topics = submissions[0].content["topics"] if submissions else {}
    return Desk(
        waiting=waiting,
        decided=tuple(decided),
        topics=tuple(topics.values()),
        heat=tuple(_heat(submission, list(topics)) for submission in submissions),
        firms=Firm.objects.filter(memberships__user=user, memberships__role=Role.OFFICER).aggregate(
            count=Count("id")
        )["count"],
    )


def reviewable(row: Mapping[str, Any]) -> bool:
    """Whether an officer determines this row: it applies, or that could not be told."""
    return bool(row["applicability"] != "does_not_apply")


def _waiting(submission: Submission, now: datetime) -> Waiting:
    names = {row["requirement"] for row in submission.content["requirements"] if reviewable(row)}
    done = {determination.requirement for determination in submission.determinations.all()}
    return Waiting(
        submission=submission,
        firm=submission.assessment.firm,
        days=max(0, (now - submission.submitted_at).days),
        reviewed=len(done & names),
        total=len(names),
    )


def _heat(submission: Submission, topics: list[str]) -> HeatRow:
    outcomes = {d.requirement: d.outcome for d in submission.determinations.all()}
    scores = frozen_scores(submission.content, outcomes)
    blocked = {row.topic for row in scores.blockers}
    cells = []
    for topic in topics:
        score = scores.confirmed.by_topic.get((Track.DUTY, topic))
        percent = score.percent if score else None
        cells.append(HeatCell(percent, _level(percent), topic in blocked))
    return HeatRow(submission, tuple(cells))


def _level(percent: Decimal | None) -> int:
    if percent is None:
        return 0
    return 1 + sum(percent >= limit for limit in (40, 60, 80, 90))
