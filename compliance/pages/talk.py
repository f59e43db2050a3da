"""What the page of a requirement needs to show of colleagues: their words, delegation, presence."""

from __future__ import annotations

from typing import Any

from compliance.models import Answer, Assessment, Membership
from compliance.selectors.discussion import talk_of, team_of


def talk_context(
    assessment: Assessment,
    requirement_id: str,
    member: Membership,
    *,
    here: tuple[str, ...] = (),
    answer: Answer | None = None,
    has_answer: bool = False,
) -> dict[str, Any]:
    """The parts about colleagues; `has_answer` says that `answer` was looked up already."""
    if not has_answer:
        answer = (
            Answer.objects.filter(assessment=assessment, requirement=requirement_id)
            .select_related("updated_by")
            .first()
        )
    return {
        "assessment": assessment,
        "requirement_id": requirement_id,
        "talk": talk_of(assessment, requirement_id, member, answer=answer, here=here),
        "team": team_of(member),
        "talk_errors": {},
        "typed": "",
    }
