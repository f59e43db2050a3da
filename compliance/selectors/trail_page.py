"""The audit trail as a page: filters that live in the address, and one page of sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from checklists import Catalogue, load_catalogue
from compliance.models import Assessment, AuditEvent, Firm, User
from compliance.selectors.evaluation import catalogue_of
from compliance.selectors.trail import TrailEntry, trail_entry

PER_PAGE = 50
SYSTEM = "system"
# What happened, in a few groups; each action begins with one of the words before the dot.
AREAS: Mapping[str, tuple[Promise, tuple[str, ...]]] = {
    "answers": (_("Answers and facts"), ("answer", "facts", "workbook")),
    "evidence": (_("Evidence"), ("evidence",)),
    "teamwork": (_("Working together"), ("delegation", "comment", "discussion")),
    "status": (_("Start, submission, decision"), ("assessment",)),
    "review": (_("Review and findings"), ("determination", "finding", "question", "review")),
    "actions": (_("Corrective actions"), ("corrective_action",)),
    "reports": (_("Reports"), ("report", "preview")),
    "people": (_("Firm, people, access"), ("firm", "member", "invitation", "token", "webhook")),
}


@dataclass(frozen=True)
class TrailFilters:
    """What of the trail is shown."""

    query: str = ""
    who: UUID | str = ""  # a person, the system, or everybody
    area: str = ""
    assessment: UUID | None = None
    since: date | None = None
    until: date | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> TrailFilters:
        """The filters from what an address says; what cannot be understood filters nothing."""
        who, area = said.get("who", ""), said.get("area", "")
        return cls(
            query=said.get("q", ""),
            who=SYSTEM if who == SYSTEM else _uuid(who) or "",
            area=area if area in AREAS else "",
            assessment=_uuid(said.get("assessment", "")),
            since=said.get("since"),
            until=said.get("until"),
        )

    @property
    def is_set(self) -> bool:
        return self != TrailFilters()

    def apply(self, events: QuerySet[AuditEvent], catalogue: Catalogue) -> QuerySet[AuditEvent]:
        if self.query:
            events = events.filter(requirement__in=_requirements(catalogue, self.query))
        if self.who == SYSTEM:
            events = events.filter(actor=None)
        elif isinstance(self.who, UUID):
            events = events.filter(actor=self.who)
        if self.area:
            beginnings = [Q(action__startswith=f"{word}.") for word in AREAS[self.area][1]]
            events = events.filter(reduce(or_, beginnings))
        if self.assessment:
            events = events.filter(assessment=self.assessment)
        if self.since:
            events = events.filter(at__gte=_midnight(self.since))
        if self.until:
            events = events.filter(at__lt=_midnight(self.until) + timedelta(days=1))
        return events


@dataclass(frozen=True)
class TrailPage:
    page: Page[AuditEvent]
    entries: tuple[TrailEntry, ...]
    people: tuple[tuple[UUID | str, str], ...]
    areas: tuple[tuple[str, Promise], ...]
    assessments: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True)
class Trail:
    """The events of a firm, or of one of its assessments."""

    firm: Firm
    assessment: Assessment | None = None

    @property
    def events(self) -> QuerySet[AuditEvent]:
        events = AuditEvent.objects.filter(firm=self.firm)
        return events.filter(assessment=self.assessment) if self.assessment else events

    @cached_property
    def catalogue(self) -> Catalogue:
        return catalogue_of(self.assessment) if self.assessment else load_catalogue()

    def page(self, filters: TrailFilters, number: str | None, lang: str) -> TrailPage:
        """One page of sentences, newest first."""
        found = filters.apply(self.events, self.catalogue).order_by("-sequence")
        page = Paginator(found.select_related("assessment"), PER_PAGE).get_page(number)
        people = User.objects.filter(pk__in=self.events.values("actor")).order_by("name", "email")
        system = (SYSTEM, "Tianheng")
        assessments = () if self.assessment else self.firm.assessments.values_list("pk", "title")
        return TrailPage(
            page=page,
            entries=tuple(self.entry(event, lang) for event in page),
            people=(*((person.pk, str(person)) for person in people), system),
            areas=tuple((name, words) for name, (words, _beginnings) in AREAS.items()),
            assessments=tuple(assessments),
        )

    def entry(self, event: AuditEvent, lang: str) -> TrailEntry:
        """An event in words, and of a whole firm's trail also in which assessment."""
        where = event.assessment
        entry = trail_entry(event, catalogue_of(where) if where else self.catalogue, lang)
        is_named = self.assessment is None and where is not None
        return replace(entry, assessment=where.title) if is_named and where else entry

    def exported(self, filters: TrailFilters) -> Iterator[AuditEvent]:
        """Every event that the filters leave, oldest first, without holding them all."""
        found = filters.apply(self.events, self.catalogue).order_by("sequence")
        return found.select_related("assessment").iterator(500)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    # Years no trail reaches would not fit into a moment of another time zone.
    day = min(max(day, date(1970, 1, 1)), date(9000, 1, 1))
    return timezone.make_aware(datetime.combine(day, time.min))


def _requirements(catalogue: Catalogue, query: str) -> list[str]:
    """The requirements meant by M07-01, by an id, or by a part of a title in either language."""
    words = query.casefold().strip()
    return [
        name
        for name, requirement in catalogue.requirements.items()
        if requirement.source_row.casefold().startswith(words)
        or words in name
        or any(
            words in title.casefold() for title in (requirement.title.en, requirement.title.zh_hans)
        )
    ]
