"""The officer's desk: what waits in all firms where the person is an officer.

It reads the entries of the queue alone, never the frozen content: thousands may wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Min, OuterRef, Q, Subquery, UUIDField
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from checklists import Catalogue
from checklists.engine.model import Band
from compliance import clock
from compliance.models import CorrectiveAction, Firm, Membership, QueueEntry, Role, Submission, User
from compliance.selectors.corrective_actions import ActionLine, line_of, with_steps
from compliance.workdays import working_days_before, working_days_between

LATE_AFTER_DAYS = 10  # working days
PER_PAGE = 20
FIRMS_PER_PAGE = 12
DECIDED_SHOWN = 10
ACTIONS_SHOWN = 8

SORTS: Mapping[str, tuple[Promise, tuple[Any, ...]]] = {
    "age": (_("Longest waiting first"), ("submitted_at",)),
    "new": (_("Newest first"), ("-submitted_at",)),
    "blockers": (_("Most blockers first"), ("-blockers", "submitted_at")),
    "progress": (
        _("Nearest to its end first"),
        (F("reviewed") * 100 / F("total"), "submitted_at"),
    ),
    "firm": (_("By firm"), ("firm__name", "submitted_at")),
}


@dataclass(frozen=True)
class DeskFilters:
    """What the address says; anything else in it is left alone."""

    query: str = ""
    firm: str = ""
    band: str = ""
    round: str = ""  # "first" or "later"
    taken: str = ""  # "me", "nobody" or "others"
    is_late: bool = False
    sort: str = "age"

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> DeskFilters:
        band, round_ = sent.get("band", ""), sent.get("round", "")
        taken, sort = sent.get("taken", ""), sent.get("sort", "")
        try:
            firm = str(UUID(sent.get("firm", "")))
        except ValueError:
            firm = ""
        return cls(
            query=sent.get("q", "").replace("\x00", "").strip()[:100],
            firm=firm,
            band=band if band in set(Band) else "",
            round=round_ if round_ in {"first", "later"} else "",
            taken=taken if taken in {"me", "nobody", "others"} else "",
            is_late=sent.get("late") == "1",
            sort=sort if sort in SORTS else "age",
        )

    def as_query(self) -> dict[str, str]:
        """The part of the address that leads here again."""
        now = {
            "q": self.query,
            "firm": self.firm,
            "band": self.band,
            "round": self.round,
            "taken": self.taken,
            "late": "1" if self.is_late else "",
            "sort": "" if self.sort == "age" else self.sort,
        }
        return {name: value for name, value in now.items() if value}


@dataclass(frozen=True)
class Waiting:
    """One submission in the queue."""

    entry: QueueEntry
    days: int  # working days since it was submitted
    officers: tuple[User, ...]  # of its firm, to hand it to
    is_mine: bool

    @property
    def is_late(self) -> bool:
        return self.days > LATE_AFTER_DAYS

    @property
    def percent(self) -> Decimal:
        return Decimal(100 * self.entry.reviewed) / (self.entry.total or 1)


@dataclass(frozen=True)
class HeatCell:
    percent: Decimal | None
    level: int  # 0 where no duty applies, then 1 to 5
    has_blocker: bool
    before: Decimal | None  # in the submission accepted before; None where there is no trend

    @property
    def trend(self) -> str:
        if self.percent is None or self.before is None or self.percent == self.before:
            return ""
        return "up" if self.percent > self.before else "down"


@dataclass(frozen=True)
class HeatRow:
    firm: Firm
    entry: QueueEntry
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class Desk:
    filters: DeskFilters
    page: Page[QueueEntry]
    waiting: tuple[Waiting, ...]
    total: int
    oldest: QueueEntry | None
    oldest_days: int
    decided: tuple[QueueEntry, ...]
    topics: tuple[Any, ...]
    heat: tuple[HeatRow, ...]
    heat_page: Page[Membership]
    firms: tuple[Firm, ...]
    to_verify: tuple[ActionLine, ...]
    to_verify_total: int
    overdue: int


def desk_of(
    user: User,
    memberships: Sequence[Membership],
    catalogue: Catalogue,
    filters: DeskFilters | None = None,
    *,
    page: str | None = None,
    firms_page: str | None = None,
) -> Desk:
    """Everything on the desk of the person with these memberships (at most eight queries)."""
    filters = filters or DeskFilters()
    today = clock.today()
    mine = [member for member in memberships if member.role == Role.OFFICER]
    queue = QueueEntry.objects.on_desk_of(user).waiting()
    wanted = _wanted(filters, user, today)
    summary = queue.aggregate(
        total=Count("*"),
        oldest=Min("submitted_at"),
        **({"found": Count("is_waiting", filter=wanted)} if wanted else {}),
    )
    paginator = Paginator(_ordered(queue.filter(wanted), filters), PER_PAGE)
    paginator.count = summary["found" if wanted else "total"]  # counted already
    shown = paginator.get_page(page)
    heat_page = Paginator(mine, FIRMS_PER_PAGE).get_page(firms_page)
    # The keys alone first: to sort thousands of whole rows takes many times as long.
    keys = list(shown.object_list)
    decided = list(_decided(user))
    pairs = _heat_keys([member.firm for member in heat_page])
    stored = _stored({*keys, *decided, *(key for pair in pairs for key in pair if key)})
    entries = [stored[key] for key in keys if key in stored]
    officers = _officers_of({entry.firm_id for entry in entries})
    firms = Membership.objects.filter(user=user, role=Role.OFFICER).values("firm")
    actions = CorrectiveAction.objects.filter(firm__in=firms)
    counts = actions.aggregate(
        done=Count("pk", filter=Q(status=CorrectiveAction.Status.DONE)),
        late=Count(
            "pk",
            filter=Q(status__in=CorrectiveAction.UNFINISHED)
            & (Q(due_on__lt=today) | Q(finding__due_on__lt=today)),
        ),
    )
    return Desk(
        filters=filters,
        page=shown,
        waiting=tuple(_waiting(entry, officers, user, today) for entry in entries),
        total=summary["total"],
        oldest=_oldest(entries, filters, shown),
        oldest_days=_age(summary["oldest"], today),
        decided=tuple(stored[key] for key in decided if key in stored),
        topics=tuple(catalogue.topics.values()),
        heat=_heat(pairs, stored, list(catalogue.topics)),
        heat_page=heat_page,
        firms=tuple(member.firm for member in mine),
        to_verify=_to_verify(actions, mine, today) if counts["done"] else (),
        to_verify_total=counts["done"],
        overdue=counts["late"],
    )


def _wanted(filters: DeskFilters, user: User, today: date) -> Q:
    """The entries that the filters let through; an empty one where nothing is filtered."""
    wanted = Q()
    if filters.query:
        wanted &= Q(assessment__title__icontains=filters.query) | Q(
            firm__name__icontains=filters.query
        )
    if filters.firm:
        wanted &= Q(firm_id=filters.firm)
    if filters.band:
        wanted &= Q(band=filters.band)
    if filters.round:
        wanted &= Q(round=1) if filters.round == "first" else Q(round__gt=1)
    if filters.taken == "me":
        wanted &= Q(assigned_to=user)
    elif filters.taken == "nobody":
        wanted &= Q(assigned_to=None)
    elif filters.taken == "others":
        wanted &= Q(assigned_to__isnull=False) & ~Q(assigned_to=user)
    if filters.is_late:
        day = working_days_before(today, LATE_AFTER_DAYS + 1)
        ends = datetime.combine(day, time.max, tzinfo=timezone.get_default_timezone())
        wanted &= Q(submitted_at__lte=ends)
    return wanted


def _ordered(queue: Any, filters: DeskFilters) -> Any:
    first, *rest = SORTS[filters.sort][1]
    first = first.desc() if filters.sort == "progress" else first
    return queue.order_by(first, *rest).values_list("pk", flat=True)


def _stored(keys: set[UUID]) -> dict[UUID, QueueEntry]:
    """Entries of the queue by key, with all that a line of the desk shows (one query)."""
    whole = QueueEntry.objects.select_related("assessment", "firm", "assigned_to")
    return whole.defer("assessment__facts", "assessment__reopened").in_bulk(keys)


def _oldest(
    entries: Sequence[QueueEntry], filters: DeskFilters, page: Page[QueueEntry]
) -> QueueEntry | None:
    """The first of the list as it stands, to take it up with one click."""
    return entries[0] if entries and page.number == 1 and filters.sort == "age" else None


def _waiting(
    entry: QueueEntry, officers: Mapping[UUID, tuple[User, ...]], user: User, today: date
) -> Waiting:
    return Waiting(
        entry=entry,
        days=_age(entry.submitted_at, today),
        officers=officers.get(entry.firm_id, ()),
        is_mine=entry.assigned_to_id == user.pk,
    )


def _age(since: datetime | None, today: date) -> int:
    return working_days_between(timezone.localdate(since), today) if since else 0


def _officers_of(firms: set[UUID]) -> dict[UUID, tuple[User, ...]]:
    """Who may review in each of these firms (one query)."""
    members = Membership.objects.filter(firm__in=firms, role=Role.OFFICER).select_related("user")
    of_firm: dict[UUID, list[User]] = {}
    for member in members.order_by("user__name"):
        of_firm.setdefault(member.firm_id, []).append(member.user)
    return {firm: tuple(users) for firm, users in of_firm.items()}


def _decided(user: User) -> Iterable[UUID]:
    decided = QueueEntry.objects.on_desk_of(user).filter(is_waiting=False)
    decided = decided.exclude(decision=Submission.Decision.WITHDRAWN).order_by("-decided_at")
    return decided.values_list("pk", flat=True)[:DECIDED_SHOWN]


def _to_verify(actions: Any, mine: Sequence[Membership], today: date) -> tuple[ActionLine, ...]:
    of_firm = {member.firm_id: member for member in mine}
    done = with_steps(actions.filter(status=CorrectiveAction.Status.DONE))
    done = done.select_related("firm").order_by("done_at")[:ACTIONS_SHOWN]
    return tuple(line_of(action, of_firm[action.firm_id], today) for action in done)


Pair: TypeAlias = tuple[UUID | None, UUID | None]


def _heat_keys(firms: Sequence[Firm]) -> list[Pair]:
    """For each firm the entry accepted last, else the one in hand, and the one accepted before.

    Only what was accepted was looked at as a whole, so only two of those make a trend (one query).
    """
    entries = QueueEntry.objects.filter(firm=OuterRef("pk")).order_by("-submitted_at")
    accepted = entries.filter(decision=Submission.Decision.ACCEPTED).values("submission_id")
    in_hand = entries.exclude(decision=Submission.Decision.WITHDRAWN).values("submission_id")
    key = UUIDField()  # else SQLite answers with text, which is no key of `in_bulk`
    rows = (
        Firm.objects.filter(pk__in=[firm.pk for firm in firms])
        .annotate(
            last=Subquery(accepted[:1], output_field=key),
            before=Subquery(accepted[1:2], output_field=key),
            in_hand=Subquery(in_hand[:1], output_field=key),
        )
        .order_by("name")
        .values_list("last", "before", "in_hand")
    )
    return [(last or in_hand, before) for last, before, in_hand in rows]


def _heat(
    pairs: Sequence[Pair], stored: Mapping[UUID, QueueEntry], topics: Sequence[str]
) -> tuple[HeatRow, ...]:
    """Firms × topics."""
    heat = []
    for shown, earlier in pairs:
        entry = stored.get(shown) if shown else None
        before = stored.get(earlier) if earlier else None
        if entry is not None:
            cells = tuple(_cell(topic, entry, before) for topic in topics)
            heat.append(HeatRow(entry.firm, entry, cells))
    return tuple(heat)


def _cell(topic: str, entry: QueueEntry, before: QueueEntry | None) -> HeatCell:
    said, has_blocker = entry.topics.get(topic, (None, False))
    percent = None if said is None else Decimal(said)
    then = before.topics.get(topic, (None, False))[0] if before else None
    return HeatCell(percent, _level(percent), has_blocker, None if then is None else Decimal(then))


def _level(percent: Decimal | None) -> int:
    if percent is None:
        return 0
    return 1 + sum(percent >= limit for limit in (40, 60, 80, 90))
