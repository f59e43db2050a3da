"""Every status change, in one table: which action leads where, from where, and whose it is.

`permissions` takes the roles from here, services refuse by it, templates show a button by it, and
`tests/compliance/test_workflow.py` tries every (status, action, role).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db.models import F, Model
from django.utils.translation import gettext as _

from compliance import clock
from compliance.errors import TransitionNotAllowed
from compliance.models import Assessment, CorrectiveAction, Report, Role

Status = Assessment.Status
Stage = CorrectiveAction.Status
Making = Report.Status
Subject: TypeAlias = Assessment | CorrectiveAction | Report


@dataclass(frozen=True)
class Transition:
    sources: frozenset[str]
    target: str
    roles: frozenset[Role]


_NOBODY: frozenset[Role] = frozenset()
_READERS = frozenset(Role)
_WRITERS = frozenset({Role.CONTRIBUTOR, Role.MANAGER})
_MANAGER = frozenset({Role.MANAGER})
_OFFICER = frozenset({Role.OFFICER})
_WAITING = frozenset({Status.SUBMITTED, Status.IN_REVIEW})

TRANSITIONS: dict[str, Transition] = {
    "submit": Transition(frozenset({Status.DRAFT, Status.RETURNED}), Status.SUBMITTED, _MANAGER),
    # Taken back before an officer began. The first round leads to the draft, a later one to what
    # had been returned: only that is open again.
    "withdraw": Transition(frozenset({Status.SUBMITTED}), Status.DRAFT, _MANAGER),
    "withdraw_round": Transition(frozenset({Status.SUBMITTED}), Status.RETURNED, _MANAGER),
    "review": Transition(_WAITING, Status.IN_REVIEW, _OFFICER),
    "return": Transition(_WAITING, Status.RETURNED, _OFFICER),
    "accept": Transition(_WAITING, Status.ACCEPTED, _OFFICER),
    "archive": Transition(frozenset({Status.DRAFT, Status.ACCEPTED}), Status.ARCHIVED, _MANAGER),
}
ACTION_TRANSITIONS: dict[str, Transition] = {
    "start_action": Transition(
        frozenset({Stage.OPEN, Stage.REOPENED}), Stage.IN_PROGRESS, _WRITERS
    ),
    "finish_action": Transition(frozenset({Stage.IN_PROGRESS}), Stage.DONE, _WRITERS),
    "verify_action": Transition(frozenset({Stage.DONE}), Stage.VERIFIED, _OFFICER),
    "reopen_action": Transition(frozenset({Stage.DONE, Stage.VERIFIED}), Stage.REOPENED, _OFFICER),
}
# What a worker does to a report is nobody's button; reports.build guards it by lease and fence too.
REPORT_TRANSITIONS: dict[str, Transition] = {
    "take_report": Transition(
        frozenset({Making.REQUESTED, Making.RENDERING}), Making.RENDERING, _NOBODY
    ),
    "give_back_report": Transition(frozenset({Making.RENDERING}), Making.REQUESTED, _NOBODY),
    "finish_report": Transition(frozenset({Making.RENDERING}), Making.READY, _NOBODY),
    "fail_report": Transition(frozenset({Making.RENDERING}), Making.FAILED, _NOBODY),
    "cancel_report": Transition(
        frozenset({Making.REQUESTED, Making.RENDERING}), Making.CANCELLED, _MANAGER | _OFFICER
    ),
    "retry_report": Transition(
        frozenset({Making.FAILED, Making.CANCELLED}), Making.REQUESTED, _READERS
    ),
}
TABLES: Mapping[type[Model], Mapping[str, Transition]] = {
    Assessment: TRANSITIONS,
    CorrectiveAction: ACTION_TRANSITIONS,
    Report: REPORT_TRANSITIONS,
}
ROLES: dict[str, frozenset[Role]] = {
    action: transition.roles
    for table in TABLES.values()
    for action, transition in table.items()
    if transition.roles
}


def allows(subject: Subject, action: str) -> bool:
    """Whether the status allows the action; templates show only live buttons."""
    return subject.status in _transition(subject, action).sources


def open_actions(subject: Subject, role: Role) -> frozenset[str]:
    """The actions for which this status and this role have a button."""
    return frozenset(
        action
        for action, transition in TABLES[type(subject)].items()
        if subject.status in transition.sources and role in transition.roles
    )


def is_open(assessment: Assessment, requirement_id: str) -> bool:
    """Whether this answer may be changed: any in a draft, else what the officer opened again."""
    if assessment.status == Status.DRAFT:
        return True
    return assessment.status == Status.RETURNED and requirement_id in assessment.reopened


def move(subject: Subject, action: str, **fields: Any) -> None:
    """Change the status by a guarded update, so that a double click cannot act twice."""
    transition = _transition(subject, action)
    kind = type(subject)
    still_there = kind._default_manager.filter(pk=subject.pk, status__in=transition.sources)
    fields = {"status": transition.target, **fields}
    if isinstance(subject, Assessment):
        fields["updated_at"] = clock.now()
        counted = fields
    elif isinstance(subject, CorrectiveAction):
        counted = {**fields, "version": F("version") + 1}
    else:
        counted = {**fields, "fence": F("fence") + 1}  # whoever is making it comes too late
    if still_there.update(**counted) != 1:
        now = kind._default_manager.filter(pk=subject.pk).values_list("status", flat=True).first()
        raise TransitionNotAllowed(
            _("“%(title)s” is %(status)s now, so this is no longer possible. Load the page again.")
            % {"title": _title(subject), "status": kind.Status(now or subject.status).label}
        )
    if isinstance(subject, CorrectiveAction):
        subject.version += 1
    elif isinstance(subject, Report):
        subject.fence += 1
    for name, value in fields.items():
        setattr(subject, name, value)


def _transition(subject: Subject, action: str) -> Transition:
    return TABLES[type(subject)][action]


def _title(subject: Subject) -> str:
    return subject.title if isinstance(subject, Assessment) else subject.label
