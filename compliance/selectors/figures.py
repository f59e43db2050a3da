"""Band, scores and blockers of assessments: live while the firm works, frozen once handed in."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Max

from checklists import Text
from checklists.engine.model import Reason, Score, Scores
from compliance.models import (
    Answer,
    Assessment,
    AuditEvent,
    Determination,
    Evidence,
    EvidenceUse,
    Submission,
)
from compliance.selectors.evaluation import AssessmentState, catalogue_of, evaluation_of
from compliance.selectors.frozen import FrozenScores, frozen_scores


@dataclass(frozen=True)
class BlockerFigure:
    requirement: str
    title: Text
    outcome: str
    reason: Text | Reason


@dataclass(frozen=True)
class AssessmentFigures:
    """Where one assessment stands."""

    assessment: Assessment
    version: int  # grows with everything that happens to it
    band: str
    claimed: Scores
    confirmed: Scores | None  # None: no officer has looked yet
    blockers: tuple[BlockerFigure, ...]
    evidence_coverage: str | None
    submission: Submission | None  # the latest


def figures_of(assessments: Sequence[Assessment]) -> list[AssessmentFigures]:
    """The figures of several assessments at once (at most six queries, however many)."""
    ids = [assessment.pk for assessment in assessments]
    latest = _latest_submissions(ids)
    settled = {each.pk: _settled(each) for each in assessments if each.pk not in latest}
    live = [
        each.pk
        for each in assessments
        if each.is_editable or (each.pk not in latest and settled[each.pk] is None)
    ]
    answers, evidence = _stored(live)
    outcomes: dict[UUID, dict[str, str]] = defaultdict(dict)
    for determination in Determination.objects.filter(submission__in=latest.values()):
        outcomes[determination.submission_id][determination.requirement] = determination.outcome
    versions = _versions(ids)
    figures = []
    for assessment in assessments:
        submission = latest.get(assessment.pk)
        frozen = frozen_scores(submission.content, outcomes[submission.pk]) if submission else None
        version = versions.get(assessment.pk, 0)
        if known := settled.get(assessment.pk):
            figures.append(replace(known, assessment=assessment, version=version))
        elif submission is None or frozen is None or assessment.is_editable:
            state = evaluation_of(
                assessment,
                answers=answers.get(assessment.pk, {}),
                evidence=evidence.get(assessment.pk, {}),
            )
            figures.append(_live(state, version, submission, frozen))
            _settle(figures[-1])
        else:
            figures.append(_frozen(assessment, version, submission, frozen))
    return figures


# What was put into the archive without being handed in never changes again, and a list of many
# would judge each anew: the figures of the last few hundred are kept.
_MOST_SETTLED = 300
_settled_figures: OrderedDict[tuple[Any, ...], AssessmentFigures] = OrderedDict()
_settling = threading.Lock()


def _key(assessment: Assessment) -> tuple[Any, ...]:
    # The rules themselves are part of it: a framework may be replaced while the site runs.
    return (assessment.pk, assessment.updated_at, assessment.as_of, catalogue_of(assessment))


def _settled(assessment: Assessment) -> AssessmentFigures | None:
    if assessment.status != Assessment.Status.ARCHIVED:
        return None
    key = _key(assessment)
    with _settling:
        found = _settled_figures.get(key)
        if found is not None:
            _settled_figures.move_to_end(key)
    return found


def _settle(figures: AssessmentFigures) -> None:
    if figures.assessment.status != Assessment.Status.ARCHIVED or figures.submission:
        return
    with _settling:
        _settled_figures[_key(figures.assessment)] = figures
        while len(_settled_figures) > _MOST_SETTLED:
            _settled_figures.popitem(last=False)


def _latest_submissions(ids: Sequence[UUID]) -> dict[UUID, Submission]:
    numbers = Submission.objects.filter(assessment__in=ids).order_by("number")
    last = dict(numbers.values_list("assessment", "pk"))  # the last one of each wins
    if not last:
        return {}
    return {each.assessment_id: each for each in Submission.objects.filter(pk__in=last.values())}


def _stored(
    ids: Sequence[UUID],
) -> tuple[dict[UUID, dict[str, Answer]], dict[UUID, dict[str, list[Evidence]]]]:
    answers: dict[UUID, dict[str, Answer]] = defaultdict(dict)
    evidence: dict[UUID, dict[str, list[Evidence]]] = defaultdict(lambda: defaultdict(list))
    if not ids:
        return answers, evidence
    for answer in Answer.objects.filter(assessment__in=ids):
        answers[answer.assessment_id][answer.requirement] = answer
    uses = EvidenceUse.objects.filter(assessment__in=ids).select_related("evidence")
    for use in uses.order_by("evidence__added_at", "evidence_id"):
        evidence[use.assessment_id][use.requirement].append(use.evidence)
    return answers, evidence


def _versions(ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """The number of the last thing in each one's trail."""
    events = AuditEvent.objects.filter(assessment__in=ids).order_by().values("assessment")
    return dict(events.annotate(last=Max("id")).values_list("assessment", "last"))


def _live(
    state: AssessmentState,
    version: int,
    submission: Submission | None,
    reviewed: FrozenScores | None,
) -> AssessmentFigures:
    evaluation, requirements = state.evaluation, state.catalogue.requirements
    return AssessmentFigures(
        assessment=state.assessment,
        version=version,
        band=evaluation.band,
        claimed=evaluation.claimed,
        # While a returned one is worked on, what was confirmed in the last round still stands.
        confirmed=reviewed.confirmed if reviewed else None,
        blockers=tuple(
            BlockerFigure(
                row.requirement, requirements[row.requirement].title, row.outcome, row.reason
            )
            for row in evaluation.blockers
        ),
        evidence_coverage=_percent(evaluation.evidence_coverage),
        submission=submission,
    )


def _frozen(
    assessment: Assessment, version: int, submission: Submission, scores: FrozenScores
) -> AssessmentFigures:
    return AssessmentFigures(
        assessment=assessment,
        version=version,
        band=scores.band,
        claimed=scores.claimed,
        confirmed=scores.confirmed,
        blockers=frozen_blocker_figures(scores),
        evidence_coverage=submission.content["evaluation"]["evidence_coverage"],
        submission=submission,
    )


def frozen_blocker_figures(scores: FrozenScores) -> tuple[BlockerFigure, ...]:
    """What stands in the way of a submission, by the officer's outcome where there is one."""
    return tuple(
        BlockerFigure(
            row.requirement,
            _text(row.content["title"]),
            row.effective,
            _text(row.content["reason"]),
        )
        for row in scores.blockers
    )


def _text(stored: Mapping[str, Any]) -> Text:
    return Text(stored["en"], stored["zh_hans"])


def _percent(score: Score) -> str | None:
    return None if score.percent is None else str(score.percent)
