"""What was said about a requirement, who is asked to do it, and who is looking at it now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zlib import crc32

from compliance import clock, permissions
from compliance.models import (
    Answer,
    Assessment,
    Comment,
    Delegation,
    DiscussionMark,
    Membership,
    Presence,
    Role,
    User,
)
from compliance.selectors.changes import cursor_of

HERE_FOR = timedelta(seconds=45)  # three missed looks
SHOWN = 200


@dataclass(frozen=True)
class Part:
    """A piece of a comment: plain words, or the name of somebody who is mentioned."""

    text: str
    is_mention: bool


@dataclass(frozen=True)
class CommentView:
    id: str
    who: str
    initials: str
    at: datetime
    edited_at: datetime | None
    is_removed: bool
    is_mine: bool
    text: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class DelegationView:
    to: str
    to_id: str
    is_mine: bool
    due_on: date | None
    is_late: bool
    note: str
    by: str


@dataclass(frozen=True)
class Colleague:
    """Somebody in the firm, for a choice of people."""

    id: str
    name: str
    initials: str
    is_me: bool
    may_answer: bool


@dataclass(frozen=True)
class Talk:
    """Everything beside the answer of one requirement that colleagues change (four queries)."""

    comments: tuple[CommentView, ...]
    delegation: DelegationView | None
    mark_by: str
    mark_at: datetime | None
    here: tuple[str, ...]  # who else looks at it now
    answer_version: int
    answered_by: str
    answered_at: datetime | None
    is_carried_over: bool
    may_discuss: bool
    may_delegate: bool
    today: date
    stamp: str

    @property
    def is_marked(self) -> bool:
        return self.mark_at is not None

    @property
    def count(self) -> int:
        return sum(not comment.is_removed for comment in self.comments)


def here_now(assessment: Assessment, requirement_id: str, member: Membership) -> tuple[str, ...]:
    """Who else looks at this requirement now (one query)."""
    present = (
        Presence.objects.filter(
            assessment=assessment,
            requirement=requirement_id,
            seen_at__gte=clock.now() - HERE_FOR,
        )
        .exclude(user=member.user_id)
        .select_related("user")
        .order_by("user__name")
    )
    return tuple(str(each.user) for each in present)


def stamp_of(assessment: Assessment, here: Sequence[str] = ()) -> str:
    """Changes with everything that a page open elsewhere has to show anew."""
    return f"{cursor_of(assessment)}-{crc32(','.join(here).encode())}"


def talk_of(
    assessment: Assessment,
    requirement_id: str,
    member: Membership,
    *,
    answer: Answer | None,
    here: tuple[str, ...] = (),
) -> Talk:
    """What colleagues said and did about one requirement, as this person sees it."""
    place = {"assessment": assessment, "requirement": requirement_id}
    comments = Comment.objects.filter(**place).select_related("author").order_by("-at", "-id")
    comments = comments.prefetch_related("mentions")
    delegation = Delegation.objects.filter(**place).select_related("to", "by").first()
    mark = DiscussionMark.objects.filter(**place).select_related("by").first()
    is_open = assessment.status != Assessment.Status.ARCHIVED
    return Talk(
        comments=tuple(_comment(each, member) for each in list(comments[:SHOWN])[::-1]),
        delegation=_delegation(delegation, member.user_id) if delegation else None,
        mark_by=str(mark.by or "") if mark else "",
        mark_at=mark.at if mark else None,
        here=here,
        answer_version=answer.version if answer else 0,
        answered_by=str(answer.updated_by or "") if answer else "",
        answered_at=answer.updated_at if answer else None,
        is_carried_over=answer is not None and answer.is_carried_over,
        may_discuss=permissions.may(member, "discuss") and is_open,
        may_delegate=permissions.may(member, "delegate") and assessment.is_editable,
        today=clock.today(),
        stamp=stamp_of(assessment, here),
    )


def team_of(member: Membership) -> tuple[Colleague, ...]:
    """Everybody in the member's firm, by name (one query)."""
    team = Membership.objects.filter(firm=member.firm_id).select_related("user")
    return tuple(
        Colleague(
            id=str(each.user_id),
            name=str(each.user),
            initials=each.user.initials,
            is_me=each.user_id == member.user_id,
            may_answer=Role(each.role) in permissions.ALLOWED["answer"],
        )
        for each in team.order_by("user__name", "user__email")
    )


def delegations_of(assessment: Assessment) -> dict[str, Delegation]:
    """Who has which requirement in hand, by requirement id (one query)."""
    rows = Delegation.objects.filter(assessment=assessment).select_related("to")
    return {row.requirement: row for row in rows}


def marks_of(assessment: Assessment) -> frozenset[str]:
    """The requirements that somebody wants to talk about (one query)."""
    rows = DiscussionMark.objects.filter(assessment=assessment)
    return frozenset(rows.values_list("requirement", flat=True))


def mentioned_in(text: str, people: Iterable[User]) -> list[User]:
    """Who is named in the text with an @ before the name or the address."""
    named = {}
    for user in people:
        for name in (user.name, user.email):
            if name and _mention_of(name).search(text):
                named[user.pk] = user
    return list(named.values())


def _mention_of(name: str) -> re.Pattern[str]:
    # "@Ben" is not found in "@Benedict", yet Chinese words need no space after a name.
    end = r"(?![A-Za-z0-9_])" if name[-1].isascii() else ""
    return re.compile(f"[@＠]{re.escape(name)}{end}", re.IGNORECASE)


def parts_of(text: str, mentioned: Sequence[User]) -> tuple[Part, ...]:
    """The text cut where somebody is mentioned."""
    names = [name for user in mentioned for name in (user.name, user.email) if name]
    if not names:
        return (Part(text, False),)
    names.sort(key=len, reverse=True)
    found = re.compile("|".join(_mention_of(name).pattern for name in names), re.IGNORECASE)
    parts, at = [], 0
    for match in found.finditer(text):
        parts += [Part(text[at : match.start()], False), Part(match[0], True)]
        at = match.end()
    parts.append(Part(text[at:], False))
    return tuple(part for part in parts if part.text)


def _comment(comment: Comment, member: Membership) -> CommentView:
    author = comment.author
    return CommentView(
        id=str(comment.pk),
        who=comment.author_name,
        initials=author.initials if author else comment.author_name[:1],
        at=comment.at,
        edited_at=comment.edited_at,
        is_removed=comment.removed_at is not None,
        is_mine=comment.author_id == member.user_id,
        text=comment.text,
        parts=parts_of(comment.text, list(comment.mentions.all())),
    )


def _delegation(delegation: Delegation, me: object) -> DelegationView:
    due_on = delegation.due_on
    return DelegationView(
        to=str(delegation.to),
        to_id=str(delegation.to_id),
        is_mine=delegation.to_id == me,
        due_on=due_on,
        is_late=due_on is not None and due_on < clock.today(),
        note=delegation.note,
        by=str(delegation.by or ""),
    )
