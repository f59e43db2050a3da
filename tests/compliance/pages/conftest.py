"""A submission that is quick to make: most pages need one, few need every answer to be good."""

from __future__ import annotations

import pytest

from compliance import clock
from compliance.models import Answer, Assessment, Membership, Submission
from compliance.selectors.evaluation import evaluation_of
from tests import factories


@pytest.fixture
def stated_assessment(assessment: Assessment, ben: Membership) -> Assessment:
    """A draft that may be submitted: plain questions say yes, all else is "don't know yet"."""
    state = evaluation_of(assessment)
    answers = []
    for name, row in state.evaluation.rows.items():
        if row.applicability != "applies":
            continue
        requirement = state.catalogue.requirements[name]
        needs_evidence = any(spec.required for spec in requirement.evidence)
        is_plain = requirement.answer.kind == "yes_partly_no" and not needs_evidence
        answers.append(
            Answer(
                assessment=assessment,
                requirement=name,
                value="yes" if is_plain else None,
                flag="" if is_plain else "dont_know",
                updated_by=ben.user,
                updated_at=clock.now(),
            )
        )
    Answer.objects.bulk_create(answers)
    return assessment


@pytest.fixture
def light_submission(stated_assessment: Assessment, ada: Membership) -> Submission:
    """Submission no. 1 of it, waiting for cleo."""
    return factories.submitted(stated_assessment, ada)


def claimed(submission: Submission, outcome: str) -> list[str]:
    """The requirements with this claimed outcome that apply, in order."""
    return [
        row["requirement"]
        for row in submission.content["requirements"]
        if row["outcome"] == outcome and row["applicability"] == "applies"
    ]
