"""The figures of a frozen submission are the engine's own."""

from __future__ import annotations

from checklists import EvidenceItem, Outcome, evaluate_assessment
from compliance.models import Assessment, Membership, Submission
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.frozen import frozen_scores
from compliance.services.answers import save_answer
from tests import factories


def test_frozen_and_live_scores_agree(
    answered_assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    names = list(evaluation_of(answered_assessment).answers)
    for name, fields in {
        names[0]: {"not_applicable_reason": "We have none."},
        names[1]: {"value": None, "flag": "dont_know"},
        names[2]: {"not_applicable_reason": "Not ours."},
    }.items():
        save_answer(
            assessment=answered_assessment,
            requirement_id=name,
            base_version=None,
            by=ben,
            **fields,  # type: ignore[arg-type]
        )
    submission = factories.submitted(answered_assessment, ada)
    outcomes = [Outcome.NOT_APPLICABLE, *[Outcome.PARTLY_MET] * 9, *[Outcome.MET] * 28]
    determinations = dict(zip(names[2:40], outcomes, strict=True))
    state = evaluation_of(Assessment.objects.get(pk=answered_assessment.pk))
    live = evaluate_assessment(
        state.catalogue,
        as_of=answered_assessment.as_of,
        facts=state.facts,
        answers=state.typed_answers,
        evidence={
            name: [EvidenceItem(e.kind, e.effective_on, e.expires_on) for e in pieces]
            for name, pieces in state.evidence.items()
        },
        determinations=determinations,
    )
    frozen = frozen_scores(submission.content, determinations)
    assert frozen.claimed == live.claimed
    assert frozen.confirmed == live.confirmed
    assert (frozen.band, frozen.confirmed_band) == (live.band, live.confirmed_band)
    assert [row.requirement for row in frozen.blockers] == [
        row.requirement for row in live.confirmed_blockers
    ]


def test_nothing_is_confirmed_before_the_review(submission: Submission) -> None:
    scores = frozen_scores(submission.content, {})
    assert scores.confirmed.duty.points2 == 0
    assert scores.confirmed.duty.weight == scores.claimed.duty.weight > 0
