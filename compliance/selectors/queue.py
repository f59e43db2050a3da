"""What the officer's queue keeps of a submission: its figures, small enough for a long list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checklists.engine.model import Applicability, Track
from compliance.selectors.frozen import frozen_scores, percent_of


def reviewable(row: Mapping[str, Any]) -> bool:
    """Whether an officer determines this row: it applies, or that could not be told."""
    return bool(row["applicability"] != Applicability.DOES_NOT_APPLY)


def figures_of(content: dict[str, Any], determinations: Mapping[str, str]) -> dict[str, Any]:
    """Blockers, progress and confirmed duty scores; `determinations` is outcome by requirement."""
    scores = frozen_scores(content, determinations)
    names = [row.requirement for row in scores.rows if reviewable(row.content)]
    blocked = {row.topic for row in scores.blockers}
    return {
        "blockers": len(scores.blockers),
        "reviewed": sum(name in determinations for name in names),
        "total": len(names),
        "topics": {
            topic: [percent_of(score), topic in blocked]
            for (track, topic), score in scores.confirmed.by_topic.items()
            if track is Track.DUTY and score.percent is not None
        },
        "duty_score": percent_of(scores.confirmed.duty) or "",
    }
