"""The firm's library of evidence: what it keeps, until when each piece holds, where it serves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checklists import Catalogue, load_catalogue
from checklists.engine import wording
from checklists.engine.evidence import ENDS_SOON
from checklists.engine.model import Applicability
from compliance import clock, permissions
from compliance.inspection.process import can_draw_pages
from compliance.models import Assessment, Evidence, EvidenceUse, Membership
from compliance.selectors.evaluation import catalogue_of, evaluation_of
from compliance.workflow import is_open

ON_A_PAGE = 25
SHOWN_USES = 3
OPEN_ASSESSMENTS = 10  # of a firm, whose requirements are offered for a piece
ICONS = {
    "application/pdf": "file-type-pdf",
    "image/png": "photo",
    "image/jpeg": "photo",
    "application/zip": "file-zip",
}


class LibraryState(StrEnum):
    """What the list can be narrowed to."""

    EXPIRED = "expired"
    ENDS_SOON = "ends_soon"
    UNSORTED = "unsorted"
    UNUSED = "unused"


@dataclass(frozen=True)
class LibraryFilters:
    """What the address asks for; anything it does not know is left out."""

    query: str = ""
    kind: str = ""
    state: str = ""
    page: int = 1

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> LibraryFilters:
        """The filters of a query string."""
        state, page = asked.get("state", ""), asked.get("page", "")
        return cls(
            query=asked.get("q", "").replace("\x00", "").strip()[:100],
            kind=asked.get("kind", "").replace("\x00", "")[:80],
            state=state if state in list(LibraryState) else "",
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    @property
    def narrows(self) -> bool:
        return bool(self.query or self.kind or self.state)


@dataclass(frozen=True)
class ValidityMark:
    """Until when a piece holds, seen from today."""

    state: str
    word: str


@dataclass(frozen=True)
class UseView:
    """A requirement that a piece serves."""

    number: str
    title: str
    assessment: str
    url: str
    is_open: bool = False


@dataclass(frozen=True)
class LibraryRow:
    id: str
    title: str
    file_icon: str
    filename: str
    link: str
    size: int
    pages: int | None
    kind_title: str  # "" where nobody has said yet
    effective_on: date | None
    expires_on: date | None
    mark: ValidityMark
    uses: tuple[UseView, ...]
    more_uses: int
    added_by: str
    added_at: datetime
    is_newer_version: bool


@dataclass(frozen=True)
class KindOption:
    kind: str
    title: str


@dataclass(frozen=True)
class LibraryPage:
    rows: tuple[LibraryRow, ...]
    found: int
    total: int
    counts: Mapping[str, int]  # by LibraryState
    kinds: tuple[KindOption, ...]  # that the firm keeps
    all_kinds: tuple[KindOption, ...]
    number: int
    last: int
    may_add: bool


@dataclass(frozen=True)
class PlaceView:
    """A requirement the piece may serve, as a box to tick."""

    value: str
    number: str
    title: str
    is_required: bool
    is_used: bool
    is_open: bool


@dataclass(frozen=True)
class PlaceGroup:
    assessment: str
    places: tuple[PlaceView, ...]


@dataclass(frozen=True)
class VersionView:
    id: str
    title: str
    filename: str
    validity: str
    added_by: str
    added_at: datetime
    sha256: str
    is_this: bool


@dataclass(frozen=True)
class PiecePage:
    row: LibraryRow
    media_type: str
    sha256: str
    version: int
    kind: str
    uses: tuple[UseView, ...]
    places: tuple[PlaceGroup, ...]
    versions: tuple[VersionView, ...]  # newest first; empty where there is one alone
    newest_id: str
    all_kinds: tuple[KindOption, ...]
    preview_pages: int  # 0 where nothing can be shown
    may_change: bool
    is_newest: bool


def mark_of(piece: Evidence, today: date) -> ValidityMark:
    """Expired, ending within thirty days, not in force yet, valid, or without an end."""
    begins, ends = piece.effective_on, piece.expires_on
    if ends and ends < today:
        return ValidityMark("expired", _("Expired"))
    if begins and begins > today:
        return ValidityMark("not_yet_effective", _("Not in force yet"))
    if ends is None:
        return ValidityMark("undated", "")
    days = (ends - today).days
    if days <= ENDS_SOON.days:
        if days == 0:
            return ValidityMark("ends_soon", _("Expires today"))
        words = ngettext("Expires in %(days)d day", "Expires in %(days)d days", days)
        return ValidityMark("ends_soon", words % {"days": days})
    return ValidityMark("valid", "")


def library_page(member: Membership, filters: LibraryFilters, lang: str) -> LibraryPage:
    """One page of the firm's newest versions, newest first (five queries)."""
    catalogue, today = load_catalogue(), clock.today()
    newest = Evidence.objects.filter(firm=member.firm, replaced_by__isnull=True)
    states = _states(today)
    counts = newest.aggregate(
        total=Count("pk"), **{name: Count("pk", filter=asked) for name, asked in states.items()}
    )
    pieces = _asked_for(newest, filters, states, catalogue)
    uses = Prefetch(
        "uses",
        EvidenceUse.objects.select_related("assessment").order_by(
            "-assessment__created_at", "requirement"
        ),
    )
    rows = pieces.select_related("added_by").prefetch_related(uses)
    paginator = Paginator(rows.order_by("-added_at", "pk"), ON_A_PAGE)
    page = paginator.get_page(filters.page)
    kept = newest.exclude(kind="").values_list("kind", flat=True).order_by("kind").distinct()
    return LibraryPage(
        rows=tuple(library_row(piece, today, lang) for piece in page),
        found=paginator.count,
        total=counts.pop("total"),
        counts=counts,
        kinds=_options(catalogue, kept, lang),
        all_kinds=_options(catalogue, catalogue.evidence_kinds, lang),
        number=page.number,
        last=paginator.num_pages,
        may_add=permissions.may(member, "attach_evidence"),
    )


def _states(today: date) -> dict[str, Q]:
    used = Exists(EvidenceUse.objects.filter(evidence=OuterRef("pk")))
    return {
        LibraryState.EXPIRED: Q(expires_on__lt=today),
        LibraryState.ENDS_SOON: Q(expires_on__range=(today, today + ENDS_SOON)),
        LibraryState.UNSORTED: Q(kind=""),
        LibraryState.UNUSED: ~Q(used),
    }


def _asked_for(
    pieces: QuerySet[Evidence],
    filters: LibraryFilters,
    states: Mapping[str, Q],
    catalogue: Catalogue,
) -> QuerySet[Evidence]:
    if filters.state:
        pieces = pieces.filter(states[filters.state])
    if filters.kind:
        pieces = pieces.filter(kind=filters.kind)
    for word in filters.query.split():
        folded = word.casefold()
        kinds = [
            name
            for name, title in catalogue.evidence_kinds.items()
            if folded in title.get("en").casefold() or folded in title.get("zh-hans").casefold()
        ]
        pieces = pieces.filter(
            Q(title__icontains=word)
            | Q(filename__icontains=word)
            | Q(url__icontains=word)
            | Q(kind__in=kinds)
        )
    return pieces


def library_row(piece: Evidence, today: date, lang: str) -> LibraryRow:
    """A piece as a line of the list; its uses are at hand."""
    uses = [_use_view(use, lang) for use in piece.uses.all()]
    kind = load_catalogue().evidence_kinds.get(piece.kind)
    return LibraryRow(
        id=str(piece.pk),
        title=piece.title,
        file_icon=ICONS.get(piece.media_type, "file") if piece.file else "link",
        filename=piece.filename,
        link=piece.url,
        size=piece.size,
        pages=piece.pages,
        kind_title=kind.get(lang) if kind else piece.kind,
        effective_on=piece.effective_on,
        expires_on=piece.expires_on,
        mark=mark_of(piece, today),
        uses=tuple(uses[:SHOWN_USES]),
        more_uses=max(0, len(uses) - SHOWN_USES),
        added_by=str(piece.added_by or ""),
        added_at=piece.added_at,
        is_newer_version=piece.replaces_id is not None,
    )


def _use_view(use: EvidenceUse, lang: str) -> UseView:
    requirement = catalogue_of(use.assessment).requirements.get(use.requirement)
    return UseView(
        number=requirement.source_row if requirement else use.requirement,
        title=requirement.title.get(lang) if requirement else use.requirement,
        assessment=use.assessment.title,
        url=reverse("requirement", args=[use.assessment_id, use.requirement]),
        is_open=is_open(use.assessment, use.requirement),
    )


def _options(catalogue: Catalogue, kinds: Iterable[str], lang: str) -> tuple[KindOption, ...]:
    options = [
        KindOption(name, catalogue.evidence_kinds[name].get(lang))
        for name in kinds
        if name in catalogue.evidence_kinds
    ]
    return tuple(sorted(options, key=lambda option: option.title))


# --- one piece ------------------------------------------------------------------------------------


def piece_page(piece: Evidence, member: Membership, lang: str) -> PiecePage:
    """Everything the page of one piece shows (five queries)."""
    uses = [
        _use_view(use, lang)
        for use in sorted(piece.uses.all(), key=lambda use: (use.assessment.title, use.requirement))
    ]
    versions = _versions(piece, lang)
    may_change = permissions.may(member, "attach_evidence")
    is_newest = not versions or versions[0].is_this
    catalogue = load_catalogue()
    return PiecePage(
        row=library_row(piece, clock.today(), lang),
        media_type=piece.media_type,
        sha256=piece.sha256,
        version=piece.version,
        kind=piece.kind,
        uses=tuple(uses),
        places=tuple(_places(piece, lang)) if may_change and is_newest and piece.kind else (),
        versions=versions,
        newest_id=versions[0].id if versions else str(piece.pk),
        all_kinds=_options(catalogue, catalogue.evidence_kinds, lang),
        preview_pages=preview_pages(piece),
        may_change=may_change,
        is_newest=is_newest,
    )


def preview_pages(piece: Evidence) -> int:
    """How many pictures a preview has: the pages of a PDF, one for a picture, else none."""
    if not piece.file:
        return 0
    if piece.media_type == "application/pdf":
        return (piece.pages or 1) if can_draw_pages() else 0
    return 1 if piece.media_type in {"image/png", "image/jpeg"} else 0


def _versions(piece: Evidence, lang: str) -> tuple[VersionView, ...]:
    """The chain this piece belongs to, newest first; empty where it stands alone."""
    in_chains = Evidence.objects.filter(firm_id=piece.firm_id).filter(
        Q(replaces__isnull=False) | Q(replaced_by__isnull=False)
    )
    older_of: dict[UUID, UUID | None] = dict(in_chains.values_list("pk", "replaces_id"))
    if piece.pk not in older_of:
        return ()
    newer_of = {older: newer for newer, older in older_of.items() if older is not None}
    at: UUID | None = piece.pk
    while at in newer_of:
        at = newer_of[at]
    chain: list[UUID] = []
    while at is not None:
        chain.append(at)
        at = older_of.get(at)
    rows = Evidence.objects.select_related("added_by").in_bulk(chain)
    return tuple(
        VersionView(
            id=str(pk),
            title=rows[pk].title,
            filename=rows[pk].filename,
            validity=validity_in_words(rows[pk], lang),
            added_by=str(rows[pk].added_by or ""),
            added_at=rows[pk].added_at,
            sha256=rows[pk].sha256,
            is_this=pk == piece.pk,
        )
        for pk in chain
    )


def _places(piece: Evidence, lang: str) -> Iterable[PlaceGroup]:
    """Requirements of open assessments that ask for this kind, by assessment."""
    used: dict[UUID, set[str]] = defaultdict(set)
    for use in piece.uses.all():
        used[use.assessment_id].add(use.requirement)
    assessments = Assessment.objects.filter(
        firm_id=piece.firm_id, status__in=Assessment.EDITABLE
    ).order_by("-updated_at")
    for assessment in assessments[:OPEN_ASSESSMENTS]:
        rows = evaluation_of(assessment, answers={}, evidence={}).evaluation.rows
        places = []
        for name, row in rows.items():
            requirement = catalogue_of(assessment).requirements[name]
            spec = next((spec for spec in requirement.evidence if spec.kind == piece.kind), None)
            is_used = name in used[assessment.pk]
            if spec is None or (row.applicability is Applicability.DOES_NOT_APPLY and not is_used):
                continue
            places.append(
                PlaceView(
                    value=f"{assessment.pk}:{name}",
                    number=requirement.source_row,
                    title=requirement.title.get(lang),
                    is_required=spec.required,
                    is_used=is_used,
                    is_open=is_open(assessment, name),
                )
            )
        if places:
            yield PlaceGroup(assessment.title, tuple(places))


def validity_in_words(piece: Evidence, lang: str) -> str:
    """1 Mar 2026 – 28 Feb 2027; "" where no date is known."""
    begins, ends = piece.effective_on, piece.expires_on
    if begins and ends:
        return f"{wording.day(begins, lang)} – {wording.day(ends, lang)}"
    if begins:
        return _("from %(day)s") % {"day": wording.day(begins, lang)}
    if ends:
        return _("until %(day)s") % {"day": wording.day(ends, lang)}
    return ""
