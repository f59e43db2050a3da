"""Four people recur: ada attests, ben contributes, cleo reviews, dov is from another firm."""

from __future__ import annotations

import pytest

from compliance.models import Assessment, Firm, Membership, Role, Submission
from tests import factories


@pytest.fixture(autouse=True)
def quiet_bell(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No message goes to a broker, except where a worker is there to hear it."""
    if request.node.get_closest_marker("worker") or request.node.get_closest_marker("browser"):
        return
    monkeypatch.setattr("compliance.tasks.ask_for", lambda report_id: None)


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
