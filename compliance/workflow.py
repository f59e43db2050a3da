"""Every status change of an assessment, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from compliance import clock
from compliance.errors import TransitionNotAllowed
from compliance.models import Assessment

Status = Assessment.Status


@dataclass(frozen=True)
class Transition:
    sources: frozenset[Status]
    target: Status


TRANSITIONS: dict[str, Transition] = {
    "submit": Transition(frozenset({Status.DRAFT, Status.RETURNED}), Status.SUBMITTED),
    "review": Transition(frozenset({Status.SUBMITTED, Status.IN_REVIEW}), Status.IN_REVIEW),
    "return": Transition(frozenset({Status.SUBMITTED, Status.IN_REVIEW}), Status.RETURNED),
    "accept": Transition(frozenset({Status.SUBMITTED, Status.IN_REVIEW}), Status.ACCEPTED),
    "archive": Transition(frozenset({Status.DRAFT, Status.ACCEPTED}), Status.ARCHIVED),
}


def allows(assessment: Assessment, action: str) -> bool:
    """Whether the status allows the action; templates show only live buttons."""
    return assessment.status in TRANSITIONS[action].sources


def move(assessment: Assessment, action: str, **fields: Any) -> None:
    """Change the status by a guarded update, so that a double click cannot act twice."""
    transition = TRANSITIONS[action]
    still_there = Assessment.objects.filter(pk=assessment.pk, status__in=transition.sources)
    fields = {"status": transition.target, "updated_at": clock.now(), **fields}
    if still_there.update(**fields) != 1:
        raise TransitionNotAllowed(
            _("“%(title)s” is %(status)s now, so this is no longer possible. Load the page again.")
            % {"title": assessment.title, "status": _current_status(assessment).label}
        )
    for name, value in fields.items():
        setattr(assessment, name, value)


def _current_status(assessment: Assessment) -> Status:
    now = Assessment.objects.filter(pk=assessment.pk).values_list("status", flat=True).first()
    return Status(now or assessment.status)
