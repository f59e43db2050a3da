"""What the officer's queue keeps of a submission: its figures, small enough for a long list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checklists.engine.model import Applicability, Outcome, Track
from compliance.selectors.frozen import frozen_scores, percent_of


def reviewable(row: Mapping[str, Any]) -> bool:
    """Whether an officer determines this row: it applies, or that could not be told."""
    return bool(row["applicability"] != Applicability.DOES_NOT_APPLY)


def is_plainly_in_order(row: Mapping[str, Any]) -> bool:
    """Whether an officer may confirm this row together with others, without opening it.

    Claimed met, with every required piece of evidence valid, on a rule that we are sure of.
    Anything else, a stated “not applicable” included, deserves a look of its own.
    """
    return bool(
        row["applicability"] == Applicability.APPLIES
        and row["outcome"] == Outcome.MET
        and not row["evidence_faults"]
        and not row["flag"]
        and row["confidence"] == "high"
    )


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
