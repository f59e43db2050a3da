"""The audit trail, read on from where it was told last → who hears of each event.

What the trail holds is told, sooner or later, whatever stops in between: the cursor of a firm moves
in the transaction that stores the notifications.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.urls import reverse

from compliance.models import (
    AuditEvent,
    AuditHead,
    CorrectiveAction,
    Firm,
    Membership,
    NoticeCursor,
    Notification,
    Report,
    Role,
)
from compliance.models.notices import Kind
from compliance.notices.delivery import deliver

EVENTS_AT_ONCE = 300
FIRM_SIDE = (Role.MANAGER, Role.CONTRIBUTOR)


@dataclass(frozen=True)
class Team:
    """Who is who in a firm, asked once for many events."""

    firm: Firm

    @cached_property
    def roles(self) -> Mapping[UUID, str]:
        members = Membership.objects.filter(firm=self.firm, user__is_active=True)
        return dict(members.values_list("user_id", "role"))

    def having(self, *roles: Role) -> list[UUID]:
        return [person for person, role in self.roles.items() if role in roles]


@dataclass(frozen=True)
class Rule:
    """How one action is told: as which kind, to whom, and where the site shows it."""

    kind: Kind
    to: Callable[[AuditEvent, Team], Iterable[UUID]]
    path: Callable[[AuditEvent], str]


def announce() -> int:
    """Tell what happened since the last time; gives the number of events looked at."""
    heads = AuditHead.objects.annotate(told=Coalesce("firm__notice_cursor__sequence", 0))
    behind = list(heads.filter(sequence__gt=F("told")).values_list("firm", flat=True))
    return sum(_announce_of(firm_id) for firm_id in behind)


def _announce_of(firm_id: UUID) -> int:
    with transaction.atomic():
        NoticeCursor.objects.bulk_create([NoticeCursor(firm_id=firm_id)], ignore_conflicts=True)
        cursor = NoticeCursor.objects.select_for_update().select_related("firm").get(pk=firm_id)
        rows = AuditEvent.objects.filter(firm=firm_id, sequence__gt=cursor.sequence)
        events = list(
            rows.select_related("assessment", "firm").order_by("sequence")[:EVENTS_AT_ONCE]
        )
        if not events:
            return 0
        team = Team(cursor.firm)
        deliver(_together(_notifications(events, team)))
        NoticeCursor.objects.filter(pk=firm_id).update(sequence=events[-1].sequence)
    return len(events)


def _notifications(events: Sequence[AuditEvent], team: Team) -> Iterator[Notification]:
    for event in events:
        rule = RULES.get(event.action)
        if rule is None:
            continue
        for person in sorted(set(rule.to(event, team))):
            if person == event.actor_id or person not in team.roles:
                continue  # nobody is told what they did themselves, and nobody outside the firm
            yield Notification(
                to_id=person,
                firm=team.firm,
                kind=rule.kind,
                code=event.action,
                key=f"event:{event.firm_id}:{event.sequence}",
                details=_details(event),
                path=rule.path(event),
                at=event.at,
            )


def _together(notifications: Iterable[Notification]) -> list[Notification]:
    """Many requirements given at once are told as one."""
    alone: list[Notification] = []
    given: dict[tuple[Any, ...], list[Notification]] = defaultdict(list)
    for each in notifications:
        if each.code == "delegation.set":
            details = each.details
            given[each.to_id, details.get("assessment_id"), details.get("who")].append(each)
        else:
            alone.append(each)
    for same in given.values():
        first = same[0]
        if len(same) > 1:
            first.code = "delegation.several"
            first.details = {**first.details, "count": len(same)}
            tasks = reverse("assessment_tasks", args=[first.details["assessment_id"]])
            first.path = f"{tasks}?who=me"
        alone.append(first)
    return alone


def _details(event: AuditEvent) -> dict[str, Any]:
    after = event.after if isinstance(event.after, dict) else {}
    said: dict[str, Any] = {"who": event.actor_name}
    if event.assessment is not None:
        said["assessment"] = event.assessment.title
        said["assessment_id"] = str(event.assessment.pk)
        said["catalogue"] = event.assessment.catalogue_id
    if event.requirement:
        said["requirement"] = event.requirement
    if after.get("due_on"):
        said["day"] = after["due_on"]
    if after.get("title"):
        said["title"] = after["title"]
    if event.action == "member.role_changed":
        said |= {"firm": event.firm.name, "role": after.get("role", "")}
    if after.get("text"):
        said["text"] = str(after["text"])[:300]
    return said


# --- to whom --------------------------------------------------------------------------------------


def _officers(event: AuditEvent, team: Team) -> list[UUID]:
    return team.having(Role.OFFICER)


def _firm_side(event: AuditEvent, team: Team) -> list[UUID]:
    return team.having(*FIRM_SIDE)


def _managers_and_owner(event: AuditEvent, team: Team) -> list[UUID]:
    owners = CorrectiveAction.objects.filter(pk=_subject(event)).values_list("owner", flat=True)
    return [*team.having(Role.MANAGER), *(owner for owner in owners if owner)]


def _managers(event: AuditEvent, team: Team) -> list[UUID]:
    return team.having(Role.MANAGER)


def _whoever_got_it(event: AuditEvent, team: Team) -> list[UUID]:
    try:
        return [UUID((event.after or {}).get("to") or "")]
    except ValueError:  # taken back, or written when the trail kept the name alone
        return []


def _whoever_asked(event: AuditEvent, team: Team) -> list[UUID]:
    asked = Report.objects.filter(pk=_subject(event)).values_list("requested_by", flat=True)
    return [person for person in asked if person]


def _whoever_is_named(event: AuditEvent, team: Team) -> list[UUID]:
    before, after = event.before or {}, event.after or {}
    new = set(after.get("mentions", ())) - set(before.get("mentions", ()))
    return [UUID(person) for person in new]


def _whose_role_it_is(event: AuditEvent, team: Team) -> list[UUID]:
    members = Membership.objects.filter(pk=_subject(event), firm=team.firm)
    return list(members.values_list("user_id", flat=True))


def _subject(event: AuditEvent) -> str:
    return event.subject.partition(":")[2]


# --- where ----------------------------------------------------------------------------------------


def _review(event: AuditEvent) -> str:
    return reverse("review", args=[_subject(event)])


def _tasks(event: AuditEvent) -> str:
    return reverse("assessment_tasks", args=[event.assessment_id])


def _submissions(event: AuditEvent) -> str:
    return reverse("assessment_submissions", args=[event.assessment_id])


def _requirement(event: AuditEvent) -> str:
    return reverse("requirement", args=[event.assessment_id, event.requirement])


def _talk(event: AuditEvent) -> str:
    return f"{_requirement(event)}#talk"


def _home(event: AuditEvent) -> str:
    return reverse("firm_home", args=[event.firm_id])


def _actions(event: AuditEvent) -> str:
    return reverse("firm_actions", args=[event.firm_id])


def _action(event: AuditEvent) -> str:
    return reverse("corrective_action", args=[_subject(event)])


def _webhook(event: AuditEvent) -> str:
    return reverse("webhook", args=[_subject(event)])


RULES: Mapping[str, Rule] = {
    "assessment.submitted": Rule(Kind.SUBMITTED, _officers, _review),
    "assessment.withdrawn": Rule(Kind.SUBMITTED, _officers, _submissions),
    "assessment.returned": Rule(Kind.RETURNED, _firm_side, _tasks),
    "assessment.accepted": Rule(Kind.ACCEPTED, _firm_side, _submissions),
    "finding.raised": Rule(Kind.RETURNED, _firm_side, _actions),
    "question.asked": Rule(Kind.QUESTION, _firm_side, _requirement),
    "question.answered": Rule(Kind.QUESTION, _officers, _submissions),
    "delegation.set": Rule(Kind.DELEGATED, _whoever_got_it, _requirement),
    "comment.added": Rule(Kind.MENTIONED, _whoever_is_named, _talk),
    "comment.edited": Rule(Kind.MENTIONED, _whoever_is_named, _talk),
    "review.assigned": Rule(Kind.ASSIGNED, _whoever_got_it, _review),
    "member.role_changed": Rule(Kind.ROLE, _whose_role_it_is, _home),
    "corrective_action.finished": Rule(Kind.ACTION, _officers, _action),
    "corrective_action.verified": Rule(Kind.ACTION, _managers_and_owner, _action),
    "corrective_action.reopened": Rule(Kind.ACTION, _managers_and_owner, _action),
    "corrective_action.extended": Rule(Kind.ACTION, _managers_and_owner, _action),
    "report.ready": Rule(Kind.REPORT, _whoever_asked, _submissions),
    "report.failed": Rule(Kind.REPORT, _whoever_asked, _submissions),
    "webhook.stopped": Rule(Kind.WEBHOOK, _managers, _webhook),
}
