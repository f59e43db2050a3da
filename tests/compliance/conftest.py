"""Four people recur: ada attests, ben contributes, cleo reviews, dov is from another firm."""

from __future__ import annotations

import pytest

from compliance import clock
from compliance.models import Answer, Assessment, Firm, Membership, Role, Submission
from compliance.selectors.evaluation import evaluation_of
from tests import factories


@pytest.fixture(autouse=True)
def quiet_bell(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No message goes to a broker, except where a worker is there to hear it."""
    if request.node.get_closest_marker("worker") or request.node.get_closest_marker("browser"):
        return
    monkeypatch.setattr("compliance.tasks.ask_for", lambda report_id: None)
    monkeypatch.setattr("compliance.tasks.ask_for_webhooks", lambda: None)


@pytest.fixture
def firm(db: None) -> Firm:
    return factories.firm("Demo Orbital Co.")


@pytest.fixture
def ada(firm: Firm) -> Membership:
    return factories.member(firm, Role.MANAGER, "Ada")


@pytest.fixture
def ben(firm: Firm) -> Membership:
    return factories.member(firm, Role.CONTRIBUTOR, "Ben")


@pytest.fixture
def cleo(firm: Firm) -> Membership:
    return factories.member(firm, Role.OFFICER, "Cleo")


@pytest.fixture
def vera(firm: Firm) -> Membership:
    return factories.member(firm, Role.VIEWER, "Vera")


@pytest.fixture
def dov(db: None) -> Membership:
    other = factories.firm("Other Launch Co.")
    return factories.member(other, Role.MANAGER, "Dov")


@pytest.fixture
def assessment(ada: Membership) -> Assessment:
    """A draft with all facts stated and nothing answered."""
    return factories.draft(ada)


@pytest.fixture
def answered_assessment(ada: Membership, ben: Membership) -> Assessment:
    """A draft that is ready to be submitted; ben answered everything."""
    return factories.answered(ada, ben)


@pytest.fixture
def submission(answered_assessment: Assessment, ada: Membership) -> Submission:
    """Submission no. 1, waiting for cleo."""
    return factories.submitted(answered_assessment, ada)


# A submission that is quick to make: most tests need one, few need every answer to be good.


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
