"""A whole assessment as JSON, so that it can be kept, worked on elsewhere and taken in again."""

from __future__ import annotations

from typing import Any

from compliance.models import Evidence
from compliance.selectors.evaluation import AssessmentState

FORMAT = "tianheng-assessment/1"


def transfer_json(state: AssessmentState) -> dict[str, Any]:
    """Facts, answers and what is said of the evidence; the files themselves stay here."""
    assessment = state.assessment
    return {
        "format": FORMAT,
        "catalogue": {
            "id": assessment.catalogue_id,
            "edition": assessment.catalogue_edition,
            "digest": assessment.catalogue_digest,
        },
        "assessment": {
            "title": assessment.title,
            "as_of": assessment.as_of.isoformat(),
        },
        "facts": dict(sorted(assessment.facts.items())),
        "answers": [
            {
                "requirement": name,
                "value": answer.value,
                "note": answer.note,
                "not_applicable_reason": answer.not_applicable_reason,
                "flag": answer.flag,
                "is_carried_over": answer.is_carried_over,
            }
            for name, answer in sorted(state.answers.items())
        ],
        "evidence": _evidence(state),
    }


def _evidence(state: AssessmentState) -> list[dict[str, Any]]:
    pieces: dict[Any, Evidence] = {}
    uses: dict[Any, list[dict[str, Any]]] = {}
    for name, attached in sorted(state.evidence.items()):
        for piece in attached:
            pieces.setdefault(piece.pk, piece)
            use = {"requirement": name, "is_carried_over": piece.is_carried_over}
            uses.setdefault(piece.pk, []).append(use)
    order = sorted(pieces.values(), key=lambda piece: (piece.added_at, str(piece.pk)))
    return [
        {
            "kind": piece.kind,
            "title": piece.title,
            "filename": piece.filename,
            "media_type": piece.media_type,
            "size": piece.size,
            "sha256": piece.sha256,
            "url": piece.url,
            "effective_on": piece.effective_on.isoformat() if piece.effective_on else None,
            "expires_on": piece.expires_on.isoformat() if piece.expires_on else None,
            "uses": uses[piece.pk],
        }
        for piece in order
    ]
