"""When a person last opened the firm's home, so that it can say what changed since."""

from __future__ import annotations

from datetime import timedelta

from compliance import clock
from compliance.models import Membership

A_MINUTE = timedelta(minutes=1)


def note_visit(member: Membership, *, last_event: int, news_after: int) -> None:
    """Remember the visit, how far the trail went then, and from where on it told of news.

    The page says the minute. One looked at again within it writes nothing where nothing happened,
    for a write waits for the disk.
    """
    now = clock.now()
    is_noted = (last_event, news_after) == (member.visited_event, member.news_after)
    if is_noted and member.visited_at is not None and now - member.visited_at < A_MINUTE:
        return
    Membership.objects.filter(pk=member.pk).update(
        visited_at=now, visited_event=last_event, news_after=news_after
    )
