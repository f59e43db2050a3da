"""Who looks at what: a row per person, renewed while a page is open. No part of the trail."""

from __future__ import annotations

from compliance import clock
from compliance.models import Assessment, Membership, Presence


def note_presence(*, assessment: Assessment, requirement_id: str, by: Membership) -> None:
    """Remember that this person looks at this requirement now."""
    place = {"requirement": requirement_id, "seen_at": clock.now()}
    mine = Presence.objects.filter(assessment=assessment, user=by.user_id)
    if mine.update(**place) == 0:
        # Two windows of one person may come at the same moment; either is right.
        Presence.objects.bulk_create(
            [Presence(assessment=assessment, user=by.user, **place)], ignore_conflicts=True
        )
