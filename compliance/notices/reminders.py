"""What is due soon, today, or is late → a reminder, counted in working days.

Safe to run as often as one likes: each step of each due date is told once. A day on which nothing
ran is made up for with the step that holds now, not with all that were missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils import timezone

from compliance import clock
from compliance.models import (
    Answer,
    Assessment,
    CorrectiveAction,
    Delegation,
    Evidence,
    Firm,
    Membership,
    Notification,
    Role,
)
from compliance.models.notices import Kind
from compliance.notices.delivery import FROM_HOUR, deliver
from compliance.notices.words import calendar_note
from compliance.workdays import is_announced, is_working_day, working_days_until

# Working days before (and, negative, after) the due date at which a person hears of it.
STEPS = (5, 1, 0, -1, -5, -10, -20)
EVIDENCE_STEPS = (20, 5, 0, -1)
AHEAD, BACK = timedelta(days=45), timedelta(days=60)


@dataclass(frozen=True)
class Due:
    """One thing with a date, and who is to hear of it."""

    what: str  # action, delegation, evidence
    id: Any
    firm: Firm
    on: date
    to: frozenset[UUID]
    details: dict[str, Any]
    path: str

    def reminder(self, today: date, steps: Sequence[int]) -> Iterator[Notification]:
        """A notification per person, if a step is reached."""
        step = reached(working_days_until(self.on, today), steps)
        if step is None:
            return
        for person in sorted(self.to):
            yield Notification(
                to_id=person,
                firm=self.firm,
                kind=Kind.EVIDENCE if self.what == "evidence" else Kind.DEADLINE,
                code=f"{self.what}.{'due' if step >= 0 else 'late'}",
                key=f"due:{self.what}:{self.id}:{self.on.isoformat()}:{step}",
                details={**self.details, "day": self.on.isoformat()},
                path=self.path,
                at=clock.now(),
            )


def reached(left: int, steps: Sequence[int]) -> int | None:
    """The step that holds with so many working days left; None while there is time."""
    passed = [step for step in steps if left <= step]
    return min(passed) if passed else None


def remind() -> int:
    """Store today's reminders; gives how many things had one. Nothing on a day off."""
    today = clock.today()
    if timezone.localtime(clock.now()).hour < FROM_HOUR or not is_working_day(today):
        return 0
    dues: list[tuple[Due, Sequence[int]]]
    dues = [(due, STEPS) for due in (*_actions(today), *_delegations(today))]
    dues += [(due, EVIDENCE_STEPS) for due in _evidence(today)]
    reminders = [each for due, steps in dues for each in due.reminder(today, steps)]
    if reminders:
        with transaction.atomic():
            deliver(reminders)
    return len(reminders)


def calendar_notes(today: date) -> list[str]:
    """What people should know of the calendar that reminders count by."""
    years = {today.year, (today + AHEAD).year}
    return [calendar_note(year) for year in sorted(years) if not is_announced(year)]


def _members(firms: Iterable[UUID]) -> dict[UUID, dict[UUID, str]]:
    """Firm → person → role, of people who may sign in (one query)."""
    found: dict[UUID, dict[UUID, str]] = {firm: {} for firm in firms}
    rows = Membership.objects.filter(firm__in=found, user__is_active=True)
    for firm, person, role in rows.values_list("firm", "user", "role"):
        found[firm][person] = role
    return found


def _to(roles: dict[UUID, str], person: UUID | None, *, managers: bool) -> frozenset[UUID]:
    chosen = {one for one, role in roles.items() if managers and role == Role.MANAGER}
    if person in roles:
        chosen.add(person)
    return frozenset(chosen)


def _of_assessment(assessment: Assessment, requirement: str) -> dict[str, Any]:
    return {
        "assessment": assessment.title,
        "assessment_id": str(assessment.pk),
        "catalogue": assessment.catalogue_id,
        "requirement": requirement,
    }


def _actions(today: date) -> list[Due]:
    rows = list(
        CorrectiveAction.objects.filter(status__in=CorrectiveAction.UNFINISHED)
        # SQLite knows no least of a day and nothing.
        .annotate(first=Least("due_on", Coalesce("finding__due_on", "due_on")))
        .filter(first__range=(today - BACK, today + AHEAD))
        .select_related("finding", "assessment__firm")
    )
    members = _members({row.firm_id for row in rows})
    return [
        Due(
            "action",
            row.pk,
            row.assessment.firm,
            row.deadline_on,
            _to(members[row.firm_id], row.owner_id, managers=True),
            _of_assessment(row.assessment, row.requirement),
            reverse("corrective_action", args=[row.pk]),
        )
        for row in rows
    ]


def _delegations(today: date) -> list[Due]:
    given = Answer.objects.filter(
        ~Q(value=None) | ~Q(not_applicable_reason=""),
        assessment=OuterRef("assessment"),
        requirement=OuterRef("requirement"),
    )
    rows = list(
        Delegation.objects.filter(
            ~Exists(given),
            due_on__range=(today - BACK, today + AHEAD),
            assessment__status__in=Assessment.EDITABLE,
        ).select_related("assessment__firm")
    )
    members = _members({row.assessment.firm_id for row in rows})
    return [
        Due(
            "delegation",
            row.pk,
            row.assessment.firm,
            row.due_on,
            _to(
                members[row.assessment.firm_id],
                row.to_id,
                managers=row.due_on < today,  # what is late, the manager hears of as well
            ),
            _of_assessment(row.assessment, row.requirement),
            reverse("requirement", args=[row.assessment_id, row.requirement]),
        )
        for row in rows
        if row.due_on is not None
    ]


def _evidence(today: date) -> list[Due]:
    rows = list(
        Evidence.objects.filter(
            expires_on__range=(today - BACK, today + AHEAD),
            replaced_by=None,
            uses__isnull=False,  # what serves nothing may end
        )
        .select_related("firm")
        .distinct()
    )
    members = _members({row.firm_id for row in rows})
    return [
        Due(
            "evidence",
            row.pk,
            row.firm,
            row.expires_on,
            _to(members[row.firm_id], row.added_by_id, managers=True),
            {"title": row.title},
            reverse("evidence_piece", args=[row.pk]),
        )
        for row in rows
        if row.expires_on is not None
    ]
