"""The officer's view of one submission: the list, one answer beside its determination, the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from compliance import clock
from compliance.models import (
    Determination,
    Evidence,
    Finding,
    Presence,
    Question,
    Role,
    Submission,
    User,
)
from compliance.selectors.evidence import preview_pages
from compliance.selectors.frozen import FrozenRow
from compliance.selectors.home import Blocker, TrackScore, frozen_blockers, lead_of
from compliance.selectors.queue import is_plainly_in_order, reviewable
from compliance.selectors.submission import (
    SubmissionState,
    earlier_round,
    submission_state,
    substance,
)

Json = Mapping[str, Any]
MOST_PAGES = 20  # of one piece of evidence, beside the answer
FILTERS = {
    "changed": _("Changed since the last round"),
    "open": _("Not determined yet"),
    "all": _("All that apply"),
}


@dataclass(frozen=True)
class Line:
    """One requirement in the list on the left."""

    row: FrozenRow
    changed: bool
    is_current: bool

    @property
    def is_done(self) -> bool:
        return self.row.confirmed is not None


@dataclass(frozen=True)
class Group:
    """The lines of one measure, and how many a single click may confirm."""

    number: int
    title: Json
    lines: tuple[Line, ...]
    confirmable: int


@dataclass(frozen=True)
class Attached:
    """A piece of evidence of the current answer, with what it is worth."""

    content: Json
    problem: str  # "valid" or the engine's word
    is_new: bool
    pages: range  # the pictures a preview has

    @property
    def shown_pages(self) -> range:
        return self.pages[:MOST_PAGES]

    @property
    def more_pages(self) -> int:
        return len(self.pages) - len(self.shown_pages)


@dataclass(frozen=True)
class Change:
    """One part of the answer that is not as it was in the last round."""

    what: str | Promise
    before: str
    after: str


@dataclass(frozen=True)
class Said:
    """What an officer made of this requirement in an earlier round."""

    number: int
    round: int
    outcome: str
    comment: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Source:
    name: Json
    number: Json | str | None
    article: Json | None
    force: Json
    binds: bool
    verified: bool
    url: str


@dataclass(frozen=True)
class Current:
    """The requirement under review."""

    row: FrozenRow
    content: Json
    changed: bool
    evidence: tuple[Attached, ...]
    sources: tuple[Source, ...]
    determination: Determination | None
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]  # since the last round
    outcomes: tuple[str, str] | None  # before and after, where the outcome changed
    determined_before: Determination | None  # in the last round
    questions: tuple[Question, ...]
    said: tuple[Said, ...]  # in earlier submissions of this assessment

    @property
    def claim_can_be_confirmed(self) -> bool:
        return self.row.claimed in ("met", "partly_met", "not_met", "not_applicable")


@dataclass(frozen=True)
class ReviewPage:
    state: SubmissionState
    show: str
    groups: tuple[Group, ...]
    current: Current | None
    previous: str | None  # the neighbours of the current one in the list
    next: str | None
    next_open: str | None  # the requirement after the current one that is not determined yet
    open_ids: tuple[str, ...]
    reviewed: int
    total: int
    confirmable: int  # all that is plainly in order and not determined yet
    changed_reviewed: int
    changed_total: int
    has_earlier_round: bool

    @property
    def left(self) -> int:
        return self.total - self.reviewed

    @property
    def percent(self) -> float:
        return 100 * self.reviewed / (self.total or 1)


def review_page(
    submission: Submission, *, requirement: str = "", show: str = ""
) -> ReviewPage | None:
    """The split view for one requirement, the first open one by default; None if not there."""
    state = submission_state(submission)
    rows = [row for row in state.scores.rows if reviewable(row.content)]
    earlier = earlier_round(submission)
    before = {row["requirement"]: row for row in earlier.content["requirements"]} if earlier else {}
    changed = changed_since(rows, before) if earlier else frozenset()
    show = show if show in FILTERS else ("changed" if changed else "all")
    if show == "changed" and not changed:
        show = "all"
    names = [row.requirement for row in rows]
    open_ids = tuple(row.requirement for row in rows if row.confirmed is None)
    if requirement and requirement not in names:
        return None
    chosen = requirement or (open_ids[0] if open_ids else names[0] if names else "")
    by_name = {row.requirement: row for row in rows}
    groups = _groups(submission, rows, changed, chosen, show)
    listed = [line.row.requirement for group in groups for line in group.lines]
    at = listed.index(chosen) if chosen else 0
    return ReviewPage(
        state=state,
        show=show,
        groups=groups,
        previous=listed[at - 1] if at else None,
        next=listed[at + 1] if at + 1 < len(listed) else None,
        current=(
            _current(state, by_name[chosen], chosen in changed, before, earlier) if chosen else None
        ),
        next_open=next_after(names, open_ids, chosen),
        open_ids=open_ids,
        reviewed=len(rows) - len(open_ids),
        total=len(rows),
        confirmable=_confirmable(rows),
        changed_reviewed=sum(by_name[name].confirmed is not None for name in changed),
        changed_total=len(changed),
        has_earlier_round=earlier is not None,
    )


@dataclass(frozen=True)
class Colleague:
    """Another officer who has this submission open now."""

    name: str
    title: Json | None  # of the answer the colleague looks at
    is_same: bool  # the same answer


PRESENT_FOR = timedelta(seconds=60)


def colleagues_here(submission: Submission, user: User, requirement: str) -> tuple[Colleague, ...]:
    """The other officers of the firm who were seen here within a minute (one query)."""
    titles = {row["requirement"]: row["title"] for row in submission.content["requirements"]}
    firm = submission.assessment.firm_id
    seen = (
        Presence.objects.filter(
            assessment_id=submission.assessment_id,
            seen_at__gte=clock.now() - PRESENT_FOR,
            user__memberships__firm_id=firm,
            user__memberships__role=Role.OFFICER,
        )
        .exclude(user=user)
        .select_related("user")
        .order_by("user__name")
    )
    return tuple(
        Colleague(
            str(presence.user),
            titles.get(presence.requirement),
            presence.requirement == requirement,
        )
        for presence in seen
    )


def next_after(names: Sequence[str], open_ids: Sequence[str], current: str) -> str | None:
    """The first open requirement after the current one, starting over at the end."""
    at = names.index(current) if current in names else -1
    waiting = [*names[at + 1 :], *names[: max(at, 0)]]
    still_open = set(open_ids)
    return next((name for name in waiting if name in still_open), None)


def changed_since(rows: Sequence[FrozenRow], before: Mapping[str, Json]) -> frozenset[str]:
    """The requirements an officer has to look at again, or for the first time."""
    return frozenset(
        row.requirement
        for row in rows
        if row.requirement not in before
        or substance(before[row.requirement]) != substance(row.content)
    )


def _groups(
    submission: Submission,
    rows: Sequence[FrozenRow],
    changed: frozenset[str],
    chosen: str,
    show: str,
) -> tuple[Group, ...]:
    groups = []
    for measure in submission.content["measures"]:
        of_measure = [row for row in rows if row.measure == measure["number"]]
        lines = tuple(
            Line(row, row.requirement in changed, row.requirement == chosen)
            for row in of_measure
            if row.requirement == chosen
            or show == "all"
            or (show == "changed" and row.requirement in changed)
            or (show == "open" and row.confirmed is None)
        )
        if lines:
            groups.append(
                Group(measure["number"], measure["title"], lines, _confirmable(of_measure))
            )
    return tuple(groups)


def _confirmable(rows: Sequence[FrozenRow]) -> int:
    """How many one click may confirm: plainly in order and not determined yet."""
    return sum(row.confirmed is None and is_plainly_in_order(row.content) for row in rows)


def _current(
    state: SubmissionState,
    row: FrozenRow,
    changed: bool,
    before: Mapping[str, Json],
    earlier: Submission | None,
) -> Current:
    content = state.submission.content
    earlier_row = before.get(row.requirement) if changed else None
    pieces = {piece["id"]: piece for piece in content["evidence"]}
    problems = {fault["kind"]: fault["problem"] for fault in row.content["evidence_faults"]}
    seen = set(earlier_row["evidence"]) if earlier_row else set()
    said = _said(state.submission, row.requirement)
    stored = Evidence.objects.in_bulk([name for name in row.content["evidence"] if name in pieces])
    pages = {str(key): preview_pages(piece) for key, piece in stored.items()}
    return Current(
        row=row,
        content=row.content,
        changed=changed,
        evidence=tuple(
            Attached(
                pieces[name],
                str(problems.get(pieces[name]["kind"], "valid")),
                is_new=earlier_row is not None and name not in seen,
                pages=range(1, 1 + pages.get(name, 0)),
            )
            for name in row.content["evidence"]
            if name in pieces
        ),
        sources=tuple(_sources(content, row.content)),
        determination=state.determinations.get(row.requirement),
        findings=tuple(f for f in state.findings if f.requirement == row.requirement),
        changes=_changes(earlier, earlier_row, content, row.content) if earlier_row else (),
        outcomes=(
            (earlier_row["outcome"], row.content["outcome"])
            if earlier_row and earlier_row["outcome"] != row.content["outcome"]
            else None
        ),
        determined_before=(
            next((d for d in said if d.submission_id == earlier.pk), None) if earlier else None
        ),
        questions=tuple(
            Question.objects.filter(
                submission=state.submission, requirement=row.requirement
            ).select_related("asked_by", "answered_by")
        ),
        said=tuple(
            Said(
                number=d.submission.number,
                round=d.submission.round,
                outcome=d.outcome,
                comment=d.comment,
                by=str(d.by or ""),
                at=d.at,
            )
            for d in said
            if not d.is_carried_over
        ),
    )


def _said(submission: Submission, requirement: str) -> list[Determination]:
    """The determinations of this requirement in earlier submissions, the last first."""
    if submission.number == 1:
        return []
    return list(
        Determination.objects.filter(
            submission__assessment_id=submission.assessment_id,
            submission__number__lt=submission.number,
            requirement=requirement,
        )
        .select_related("by", "submission")
        .defer("submission__content")
        .order_by("-submission__number")
    )


def _changes(
    earlier: Submission | None, before: Json, content: Json, after: Json
) -> tuple[Change, ...]:
    """Answer, reason, note, mark and evidence, where they are not as they were."""
    lang = "zh_hans" if (get_language() or "en").startswith("zh") else "en"
    parts: list[Change] = []

    def compare(what: Promise, old: str, new: str) -> None:
        if old != new:
            parts.append(Change(what, old, new))

    def shown(row: Json) -> str:
        said = row["answer_shown"] or {}
        return str(said.get(lang) or said.get("en") or "")

    compare(_("Answer"), shown(before), shown(after))
    compare(
        _("Why it does not apply"),
        before["not_applicable_reason"] or "",
        after["not_applicable_reason"] or "",
    )
    compare(_("Note"), before["note"], after["note"])
    old = {piece["id"]: piece["title"] for piece in earlier.content["evidence"]} if earlier else {}
    new = {piece["id"]: piece["title"] for piece in content["evidence"]}
    kept = set(before["evidence"]) & set(after["evidence"])
    compare(
        _("Evidence"),
        "\n".join(old[name] for name in before["evidence"] if name in old and name not in kept),
        "\n".join(new[name] for name in after["evidence"] if name in new and name not in kept),
    )
    return tuple(parts)


def _sources(content: Json, row: Json) -> list[Source]:
    sources = []
    for citation in row["citations"]:
        reference = content["references"].get(citation["id"])
        if reference is not None:
            sources.append(
                Source(
                    name=reference["name"],
                    number=reference["number"],
                    article=citation["article"],
                    force=reference["force"],
                    binds=reference["binds"],
                    verified=reference["verified"],
                    url=reference["url"],
                )
            )
    return sources


@dataclass(frozen=True)
class Asked:
    """A question with the title of the answer it is about."""

    question: Question
    title: Json


def questions_of(submission: Submission) -> tuple[Asked, ...]:
    """The officer's questions, those without an answer first (one query)."""
    titles = {row["requirement"]: row["title"] for row in submission.content["requirements"]}
    questions = submission.questions.select_related("asked_by", "answered_by")
    asked = [Asked(q, titles.get(q.requirement, {})) for q in questions]
    return tuple(sorted(asked, key=lambda each: each.question.answered_at is not None))


# --- the end of a round, and what the firm sees ---------------------------------------------------


@dataclass(frozen=True)
class Determined:
    row: FrozenRow
    determination: Determination | None
    findings: tuple[Finding, ...]
    evidence: tuple[Json, ...]


@dataclass(frozen=True)
class MeasureBlock:
    number: int
    title: Json
    lines: tuple[Determined, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class SubmissionPage:
    """All of a submission: figures, every answer with its determination, findings, what is open."""

    state: SubmissionState
    content: Json
    measures: tuple[MeasureBlock, ...]
    not_applying: int
    reviewed: int
    total: int
    differs: tuple[Determined, ...]  # the officer set another outcome than the claim
    reopened: tuple[Determined, ...]
    undetermined: int
    coverage: str | None
    opportunities: Json

    @property
    def percent(self) -> float:
        return 100 * self.reviewed / (self.total or 1)

    @property
    def says(self) -> Json:
        """What the claimed band means, in the words of the rules it was judged by."""
        words: Json = self.content["bands"][self.state.scores.band]["says"]
        return words

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        return frozen_blockers(self.state.scores)

    @property
    def lead(self) -> str:
        return lead_of(self.blockers)

    @property
    def tracks(self) -> tuple[TrackScore, ...]:
        claimed, confirmed = self.state.scores.claimed, self.state.scores.confirmed
        return (
            TrackScore("duty", claimed.duty.percent, confirmed.duty.percent),
            TrackScore("upcoming", claimed.upcoming.percent, confirmed.upcoming.percent),
        )


def submission_page(submission: Submission) -> SubmissionPage:
    """What the firm reads of its submission, and the officer before deciding (two queries)."""
    state = submission_state(submission)
    content = submission.content
    pieces = {piece["id"]: piece for piece in content["evidence"]}
    rows = [row for row in state.scores.rows if reviewable(row.content)]
    lines = {row.requirement: _determined(state, row, pieces) for row in rows}
    measures = []
    for measure in content["measures"]:
        of_measure = tuple(
            lines[row.requirement] for row in rows if row.measure == measure["number"]
        )
        if of_measure:
            counts = Counter(
                str(line.row.effective)
                for line in of_measure
                if line.row.effective != "not_applicable"
            )
            measures.append(MeasureBlock(measure["number"], measure["title"], of_measure, counts))
    reviewed = sum(row.confirmed is not None for row in rows)
    return SubmissionPage(
        state=state,
        content=content,
        measures=tuple(measures),
        not_applying=len(state.scores.rows) - len(rows),
        reviewed=reviewed,
        total=len(rows),
        differs=tuple(
            line
            for line in lines.values()
            if line.row.confirmed is not None and line.row.confirmed != line.row.claimed
        ),
        reopened=tuple(
            line
            for line in lines.values()
            if line.determination is not None and line.determination.opens_again
        ),
        undetermined=len(rows) - reviewed,
        coverage=content["evaluation"]["evidence_coverage"],
        opportunities=content["evaluation"]["opportunities"],
    )


def _determined(state: SubmissionState, row: FrozenRow, pieces: Mapping[str, Json]) -> Determined:
    return Determined(
        row=row,
        determination=state.determinations.get(row.requirement),
        findings=tuple(f for f in state.findings if f.requirement == row.requirement),
        evidence=tuple(pieces[name] for name in row.content["evidence"] if name in pieces),
    )
