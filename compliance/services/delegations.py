"""Handing requirements to colleagues, one or many at once, with a day by which they are due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions
from compliance.errors import InvalidInput, TransitionNotAllowed
from compliance.models import Assessment, Delegation, Membership
from compliance.selectors.evaluation import catalogue_of
from compliance.services.texts import one_line

LATEST = date(2100, 12, 31)
LONGEST_NOTE = 300


def delegate(
    *,
    assessment: Assessment,
    requirement_ids: Sequence[str],
    to: Membership,
    due_on: date | None = None,
    note: str = "",
    by: Membership,
) -> list[Delegation]:
    """Put requirements into a colleague's hands; gives back those that were not so before."""
    permissions.require(by, "delegate", assessment)
    wanted = list(dict.fromkeys(requirement_ids))
    note = one_line(note)
    faults: dict[str, str] = {}
    if not wanted:
        faults["requirements"] = _("Choose at least one requirement.")
    elif not set(wanted) <= set(catalogue_of(assessment).requirements):
        faults["requirements"] = _("There is no such requirement. Choose from the task list.")
    if to.firm_id != assessment.firm_id or not permissions.may(to, "answer"):
        faults["to"] = _("Choose a manager or a contributor of the firm.")
    if due_on is not None and not clock.today() <= due_on <= LATEST:
        faults["due_on"] = _("Choose today or a later day, or leave it open.")
    if len(note) > LONGEST_NOTE:
        faults["note"] = _("Write at most 300 characters.")
    if faults:
        raise InvalidInput(faults)
    with transaction.atomic():
        _hold(assessment)
        stored = _stored(assessment, wanted)
        now = clock.now()
        changed = [
            Delegation(
                assessment=assessment,
                requirement=name,
                to=to.user,
                due_on=due_on,
                note=note,
                by=by.user,
                at=now,
            )
            for name in wanted
            if name not in stored
            or (stored[name].to_id, stored[name].due_on, stored[name].note)
            != (to.user_id, due_on, note)
        ]
        Delegation.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["assessment", "requirement"],
            update_fields=["to", "due_on", "note", "by", "at"],
        )
        audit.record_all(
            audit.event(
                by,
                "delegation.set",
                to.user,
                assessment=assessment,
                requirement=delegation.requirement,
                before=_said(stored.get(delegation.requirement)),
                after=_said(delegation),
            )
            for delegation in changed
        )
    return changed


def withdraw_delegations(
    *, assessment: Assessment, requirement_ids: Sequence[str], by: Membership
) -> int:
    """Take requirements out of anybody's hands; gives back how many there were."""
    permissions.require(by, "delegate", assessment)
    known = catalogue_of(assessment).requirements
    with transaction.atomic():
        _hold(assessment)
        stored = _stored(assessment, [name for name in requirement_ids if name in known])
        Delegation.objects.filter(pk__in=[each.pk for each in stored.values()]).delete()
        audit.record_all(
            audit.event(
                by,
                "delegation.withdrawn",
                each.to,
                assessment=assessment,
                requirement=name,
                before=_said(each),
            )
            for name, each in stored.items()
        )
    return len(stored)


def _hold(assessment: Assessment) -> None:
    """Lock the row, and tell open task lists that something changed; refuse outside a draft."""
    here = Assessment.objects.filter(pk=assessment.pk, status__in=Assessment.EDITABLE)
    if here.update(updated_at=clock.now()) != 1:
        raise TransitionNotAllowed(
            _("Nothing can be delegated now: the assessment is with the officer, or closed.")
        )


def _stored(assessment: Assessment, requirement_ids: Sequence[str]) -> dict[str, Delegation]:
    rows = Delegation.objects.filter(assessment=assessment, requirement__in=requirement_ids)
    return {row.requirement: row for row in rows.select_related("to")}


def _said(delegation: Delegation | None) -> dict[str, Any] | None:
    if delegation is None:
        return None
    return {
        "to": str(delegation.to_id),
        "name": str(delegation.to),
        "due_on": delegation.due_on.isoformat() if delegation.due_on else None,
        "note": delegation.note,
    }
