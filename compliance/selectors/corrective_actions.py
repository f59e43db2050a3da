"""Corrective actions for their pages: the list by urgency, the board, one action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance import clock, permissions, workflow
from compliance.models import (
    Assessment,
    AuditEvent,
    ClosingEvidence,
    CorrectiveAction,
    Evidence,
    Firm,
    Membership,
    Milestone,
    Role,
    Submission,
    User,
)
from compliance.selectors.evaluation import evaluation_of

SOON = timedelta(days=30)
VERIFIED_SHOWN = 5  # on the board and in the list, until somebody asks for all
HISTORY = 30

Stage = CorrectiveAction.Status


class View(StrEnum):
    LIST = "list"
    BOARD = "board"


class Urgency(StrEnum):
    OVERDUE = "overdue"
    SOON = "soon"
    LATER = "later"
    WAITING = "waiting"  # for the officer
    VERIFIED = "verified"


URGENCIES: Mapping[Urgency, Promise] = {
    Urgency.OVERDUE: _("Overdue"),
    Urgency.SOON: _("Next 30 days"),
    Urgency.LATER: _("Later"),
    Urgency.WAITING: _("Waiting for the officer"),
    Urgency.VERIFIED: _("Verified"),
}


@dataclass(frozen=True)
class ActionFilters:
    """What the address says; anything else in it is left alone."""

    query: str = ""
    owner: str = ""  # a person's id, or "none"
    severity: str = ""
    assessment: str = ""
    state: str = ""
    is_mine: bool = False
    view: View = View.LIST
    all_verified: bool = False

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> ActionFilters:
        severity, state = sent.get("severity", ""), sent.get("state", "")
        return cls(
            query=sent.get("q", "").replace("\x00", "").strip()[:100],
            owner="none" if sent.get("owner") == "none" else _id(sent.get("owner", "")),
            severity=severity if severity in CorrectiveAction.Severity.values else "",
            assessment=_id(sent.get("assessment", "")),
            state=state if state in set(Urgency) else "",
            is_mine=sent.get("mine") == "1",
            view=View.BOARD if sent.get("view") == View.BOARD else View.LIST,
            all_verified=sent.get("verified") == "all",
        )

    def as_query(self, **other: str) -> dict[str, str]:
        """The address of the same list with something else chosen."""
        now = {
            "q": self.query,
            "owner": self.owner,
            "severity": self.severity,
            "assessment": self.assessment,
            "state": self.state,
            "mine": "1" if self.is_mine else "",
            "view": self.view if self.view is View.BOARD else "",
            "verified": "all" if self.all_verified else "",
        }
        return {name: value for name, value in {**now, **other}.items() if value}


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


@dataclass(frozen=True)
class ActionLine:
    """One action as a row or a card."""

    action: CorrectiveAction
    steps_done: int
    steps: int
    days: int  # until the deadline; below 0 it is late
    urgency: Urgency
    moves: frozenset[str]

    @property
    def percent(self) -> Decimal:
        return Decimal(100 * self.steps_done) / (self.steps or 1)

    @property
    def is_overdue(self) -> bool:
        return self.urgency is Urgency.OVERDUE

    @property
    def days_late(self) -> int:
        return -self.days


@dataclass(frozen=True)
class ActionGroup:
    name: str
    title: str | Promise
    lines: tuple[ActionLine, ...]
    total: int

    @property
    def hidden(self) -> int:
        return self.total - len(self.lines)


@dataclass(frozen=True)
class ActionsPage:
    groups: tuple[ActionGroup, ...]
    columns: tuple[ActionGroup, ...]
    counts: Mapping[Urgency, int]
    found: int
    total: int
    owners: tuple[User, ...]
    assessments: tuple[tuple[str, str], ...]

    @property
    def overdue(self) -> int:
        return self.counts[Urgency.OVERDUE]

    @property
    def unfinished(self) -> int:
        return sum(self.counts[u] for u in (Urgency.OVERDUE, Urgency.SOON, Urgency.LATER))

    @property
    def waiting(self) -> int:
        return self.counts[Urgency.WAITING]

    @property
    def verified(self) -> int:
        return self.counts[Urgency.VERIFIED]


# A column shows one status or two: what was reopened is open again.
COLUMNS: tuple[tuple[str, Promise, tuple[str, ...]], ...] = (
    ("open", Stage.OPEN.label, (Stage.OPEN, Stage.REOPENED)),
    ("in_progress", Stage.IN_PROGRESS.label, (Stage.IN_PROGRESS,)),
    ("done", Stage.DONE.label, (Stage.DONE,)),
    ("verified", Stage.VERIFIED.label, (Stage.VERIFIED,)),
)


def actions_page(member: Membership, filters: ActionFilters, lang: str) -> ActionsPage:
    """The firm's actions by urgency and by status, as the filters say (one query)."""
    today = clock.today()
    actions = list(with_steps(CorrectiveAction.objects.filter(firm=member.firm)))
    lines = [line_of(action, member, today) for action in actions]
    found = [line for line in lines if _matches(line, filters, member, lang)]
    counts = {urgency: sum(line.urgency is urgency for line in lines) for urgency in Urgency}
    owners = {action.owner for action in actions if action.owner}
    return ActionsPage(
        groups=tuple(
            group
            for urgency, title in URGENCIES.items()
            if (group := _group(urgency, title, found, {urgency}, filters)).total
        ),
        columns=tuple(
            _group(
                name,
                title,
                [line for line in found if line.action.status in statuses],
                set(Urgency),
                filters,
            )
            for name, title, statuses in COLUMNS
        ),
        counts=counts,
        found=len(found),
        total=len(lines),
        owners=tuple(sorted(owners, key=str)),
        assessments=tuple(
            sorted(
                {(str(a.assessment_id), a.assessment.title) for a in actions}, key=lambda p: p[1]
            )
        ),
    )


def found_actions(member: Membership, filters: ActionFilters, lang: str) -> list[CorrectiveAction]:
    """The actions the filters find, with their milestones, the most urgent first (two queries)."""
    actions = with_steps(CorrectiveAction.objects.filter(firm=member.firm))
    lines = [
        line_of(action, member, clock.today()) for action in actions.prefetch_related("milestones")
    ]
    order = list(Urgency)
    found = [line for line in lines if _matches(line, filters, member, lang)]
    found.sort(key=lambda line: (order.index(line.urgency), line.days, line.action.number))
    return [line.action for line in found]


def with_steps(actions: Any) -> Any:
    """Each action with its finding, its owner and how many of its milestones are done."""
    return actions.select_related("finding", "owner", "assessment").annotate(
        steps=Count("milestones"),
        steps_done=Count("milestones", filter=Q(milestones__done_on__isnull=False)),
    )


def line_of(action: CorrectiveAction, member: Membership, today: date) -> ActionLine:
    """An action from `with_steps` as a line for this person."""
    days = (action.deadline_on - today).days
    return ActionLine(
        action=action,
        steps_done=action.steps_done,  # type: ignore[attr-defined]
        steps=action.steps,  # type: ignore[attr-defined]
        days=days,
        urgency=_urgency(action, days),
        moves=workflow.open_actions(action, Role(member.role)),
    )


def _urgency(action: CorrectiveAction, days: int) -> Urgency:
    if action.status == Stage.VERIFIED:
        return Urgency.VERIFIED
    if action.status == Stage.DONE:
        return Urgency.WAITING
    if days < 0:
        return Urgency.OVERDUE
    return Urgency.SOON if days <= SOON.days else Urgency.LATER


def _matches(line: ActionLine, filters: ActionFilters, member: Membership, lang: str) -> bool:
    action = line.action
    owner = str(action.owner_id) if action.owner_id else "none"
    return (
        (not filters.owner or owner == filters.owner)
        and (not filters.is_mine or action.owner_id == member.user_id)
        and (not filters.severity or action.severity == filters.severity)
        and (not filters.assessment or str(action.assessment_id) == filters.assessment)
        and (not filters.state or line.urgency == filters.state)
        and (not filters.query or filters.query.casefold() in _searched(action, lang))
    )


def _searched(action: CorrectiveAction, lang: str) -> str:
    texts = (title_of(action, lang), in_lang(action.requirement_title, lang))
    parts = (*texts, action.label, action.missing, action.requirement)
    return "\n".join((*parts, str(action.owner or ""))).casefold()


def title_of(action: CorrectiveAction, lang: str) -> str:
    """What the firm calls it, else what the rules suggest."""
    suggested = in_lang(action.suggested, lang) or in_lang(action.requirement_title, lang)
    return action.title or suggested


def in_lang(text: Mapping[str, str], lang: str) -> str:
    """One of the two languages of a frozen text; English where it is not translated."""
    chinese = text.get("zh_hans", "") if lang == "zh-hans" else ""
    return chinese or text.get("en", "")


def _group(
    name: str,
    title: str | Promise,
    lines: Iterable[ActionLine],
    urgencies: set[Urgency],
    filters: ActionFilters,
) -> ActionGroup:
    of_group = [line for line in lines if line.urgency in urgencies]
    if name == Urgency.VERIFIED:
        of_group.sort(key=lambda line: line.action.verified_at or line.action.created_at)
        of_group.reverse()
        if not filters.all_verified and not filters.state:
            return ActionGroup(name, title, tuple(of_group[:VERIFIED_SHOWN]), len(of_group))
    else:
        of_group.sort(key=lambda line: (line.days, line.action.number))
    return ActionGroup(name, title, tuple(of_group), len(of_group))


def actions_of(submission: Submission, member: Membership) -> dict[int, ActionLine]:
    """The actions of a submission's findings, by the number of the finding (one query)."""
    actions = with_steps(CorrectiveAction.objects.filter(finding__submission=submission))
    today = clock.today()
    return {action.number: line_of(action, member, today) for action in actions}


# --- an action of the firm's own ------------------------------------------------------------------


@dataclass(frozen=True)
class Gap:
    """A requirement for which the firm may take on an action."""

    id: str
    title: str


@dataclass(frozen=True)
class NewActionPage:
    """What to choose from on the way to an action of the firm's own."""

    assessments: tuple[Assessment, ...]
    chosen: Assessment | None
    measures: tuple[tuple[str, tuple[Gap, ...]], ...]
    workers: tuple[User, ...]


def new_action_page(firm: Firm, assessment: str, requirement: str, lang: str) -> NewActionPage:
    """The firm's assessments, and what applies in the chosen one or else the newest (4 queries)."""
    kept = Assessment.objects.filter(firm=firm).exclude(status=Assessment.Status.ARCHIVED)
    assessments = tuple(kept.order_by("-created_at"))
    wanted = [each for each in assessments if str(each.pk) == assessment]
    chosen = next(iter((*wanted, *assessments)), None)
    return NewActionPage(
        assessments=assessments,
        chosen=chosen,
        measures=_gaps(chosen, requirement, lang) if chosen else (),
        workers=tuple(workers_of(firm)),
    )


def _gaps(assessment: Assessment, also: str, lang: str) -> tuple[tuple[str, tuple[Gap, ...]], ...]:
    """What applies, and the requirement somebody came from, by measure."""
    state = evaluation_of(assessment)
    rows = state.evaluation.rows
    measures: dict[int, list[Gap]] = {}
    for name, requirement in state.catalogue.requirements.items():
        applies = name in rows and rows[name].applicability == "applies"
        if applies or name == also:
            title = f"{requirement.source_row} {requirement.title.get(lang)}".strip()
            measures.setdefault(requirement.measure, []).append(Gap(name, title))
    titles = state.catalogue.measures
    return tuple(
        (f"{number}. {titles[number].title.get(lang)}", tuple(gaps))
        for number, gaps in sorted(measures.items())
    )


# --- one action -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ActionPage:
    action: CorrectiveAction
    line: ActionLine
    milestones: tuple[Milestone, ...]
    evidence: tuple[Evidence, ...]
    library: tuple[Evidence, ...]  # the firm's newest pieces, to choose from
    workers: tuple[User, ...]
    events: tuple[AuditEvent, ...]
    may_update: bool
    may_extend: bool


LIBRARY_SHOWN = 100


def action_page(action: CorrectiveAction, member: Membership) -> ActionPage:
    """All of one action from `visible_to` (five queries)."""
    milestones = tuple(action.milestones.all())
    links = ClosingEvidence.objects.filter(action=action).select_related("evidence__added_by")
    pieces = tuple(link.evidence for link in links)
    may_update = permissions.may(member, "update_action") and action.is_unfinished
    counted = _counted(action, milestones)
    library: Sequence[Evidence] = ()
    workers: Sequence[User] = ()
    if may_update:
        taken = [piece.pk for piece in pieces]
        kept = Evidence.objects.filter(firm=action.firm).exclude(pk__in=taken)
        library = list(kept.order_by("-added_at")[:LIBRARY_SHOWN])
        workers = workers_of(action.firm)
    return ActionPage(
        action=action,
        line=line_of(counted, member, clock.today()),
        milestones=milestones,
        evidence=pieces,
        library=tuple(library),
        workers=tuple(workers),
        events=tuple(
            AuditEvent.objects.filter(
                assessment=action.assessment_id,
                requirement=action.requirement,
                subject=f"correctiveaction:{action.pk}",
            ).order_by("-id")[:HISTORY]
        ),
        may_update=may_update,
        may_extend=permissions.may(member, "extend_action")
        and action.is_unfinished
        and action.finding_id is not None,
    )


def _counted(action: CorrectiveAction, milestones: Sequence[Milestone]) -> CorrectiveAction:
    """The action with its milestones counted, as `with_steps` would give it."""
    action.steps = len(milestones)  # type: ignore[attr-defined]
    action.steps_done = sum(step.done_on is not None for step in milestones)  # type: ignore[attr-defined]
    return action


def workers_of(firm: Firm) -> list[User]:
    """Who may own an action: the contributors and managers of the firm, by name."""
    roles = workflow.ROLES["finish_action"]
    members = firm.memberships.filter(role__in=roles).select_related("user")
    return sorted((member.user for member in members), key=str)


def urgent_actions(firm: Firm, member: Membership, limit: int) -> tuple[ActionLine, ...]:
    """What the firm has to do next, for its home page (one query)."""
    actions = with_steps(CorrectiveAction.objects.filter(firm=firm).unfinished())
    lines = [line_of(action, member, clock.today()) for action in actions]
    return tuple(sorted(lines, key=lambda line: line.days)[:limit])
