"""When a person last opened the firm's home, so that it can say what changed since."""

from __future__ import annotations

from datetime import timedelta

from compliance import clock
from compliance.models import AuditEvent, Membership

A_NEW_VISIT = timedelta(minutes=30)


def note_visit(member: Membership) -> int:
    """Remember the visit; gives back the last event of the trail that was there before it."""
    now = clock.now()
    events = AuditEvent.objects.filter(firm=member.firm_id).order_by("-sequence")
    last = events.values_list("id", flat=True).first() or 0
    if member.visited_at is None:
        news_after = last
    elif now - member.visited_at > A_NEW_VISIT:
        news_after = member.visited_event
    else:
        news_after = member.news_after
    Membership.objects.filter(pk=member.pk).update(
        visited_at=now, visited_event=last, news_after=news_after
    )
    return news_after
