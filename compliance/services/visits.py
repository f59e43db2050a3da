"""When a person last opened the firm's home, so that it can say what changed since."""

from __future__ import annotations

from compliance import clock
from compliance.models import Membership


def note_visit(member: Membership, *, last_event: int, news_after: int) -> None:
    """Remember the visit, how far the trail went then, and from where on it told of news."""
    Membership.objects.filter(pk=member.pk).update(
        visited_at=clock.now(), visited_event=last_event, news_after=news_after
    )
