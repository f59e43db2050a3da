"""Forms that several subjects share: scores, blockers, a person's name."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from checklists import Outcome, Text
from checklists.engine import export
from checklists.engine.model import Band, Scores
from compliance.api.fields import PercentField
from compliance.models import User
from compliance.selectors.figures import BlockerFigure

OUTCOMES = frozenset(outcome.value for outcome in Outcome)
BANDS = [band.value for band in Band]


class ScorePair(serializers.Serializer[Any]):
    duty = PercentField()
    upcoming = PercentField()


class ScoresForm(serializers.Serializer[Any]):
    """What the firm claims, and what the officer confirmed of it."""

    claimed = ScorePair()
    confirmed = ScorePair()


class BlockerForm(serializers.Serializer[Any]):
    requirement = serializers.CharField()
    title = serializers.CharField()
    outcome = serializers.ChoiceField(sorted(OUTCOMES))
    reason = serializers.CharField()


class StandingForm(serializers.Serializer[Any]):
    """The figures that assessment and submission have in common."""

    band = serializers.ChoiceField(BANDS)
    scores = ScoresForm()
    blockers = BlockerForm(many=True)
    evidence_coverage = PercentField()


def scores_json(claimed: Scores, confirmed: Scores | None) -> dict[str, Any]:
    """Always two figures side by side; null where no officer has looked yet."""
    nothing = {"duty": None, "upcoming": None}
    return {
        "claimed": export.scores_json(claimed),
        "confirmed": export.scores_json(confirmed) if confirmed else nothing,
    }


def blocker_json(blocker: BlockerFigure, lang: str) -> dict[str, Any]:
    """A blocking duty that stands in the way."""
    return {
        "requirement": blocker.requirement,
        "title": blocker.title.get(lang),
        "outcome": blocker.outcome,
        "reason": blocker.reason.get(lang),
    }


def said(text: Any, lang: str) -> Any:
    """A frozen {en, zh_hans} in one language; anything else as it is."""
    if isinstance(text, dict) and text.keys() == {"en", "zh_hans"}:
        return Text(text["en"], text["zh_hans"]).get(lang)
    return text


def name_of(person: User | None) -> str | None:
    """What the pages call a person; null for one who is gone."""
    return None if person is None else str(person)
