"""The audit trail: who did what, in sentences, page by page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance import audit
from compliance.models import Assessment, Membership, Submission
from compliance.services.answers import save_answer
from compliance.services.review import record_determination

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"


@pytest.fixture
def url(assessment: Assessment) -> str:
    return reverse("audit_trail", args=[assessment.pk])


def test_events_are_told_in_words_newest_first(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership, url: str
) -> None:
    for version, fields in enumerate(({"value": "11.5", "note": "v1"}, {"flag": "come_back"})):
        save_answer(
            assessment=assessment, requirement_id=NUMBER, base_version=version, by=ben, **fields
        )
    client.force_login(ada.user)
    page = client.get(url).content.decode()
    assert page.index("marked “Come back to this”") < page.index("11.5 years")
    assert "note: v1" in page
    assert "started the assessment" in page
    assert "Orbits: low Earth orbit" in page
    assert reverse("requirement", args=[assessment.pk, NUMBER]) in page


def test_the_review_is_told_as_well(
    client: Client, submission: Submission, ada: Membership, cleo: Membership
) -> None:
    record_determination(
        submission=submission,
        requirement_id=NUMBER,
        outcome="not_met",
        comment="The analysis is of another satellite.",
        by=cleo,
    )
    client.force_login(ada.user)
    page = client.get(reverse("audit_trail", args=[submission.assessment_id])).content.decode()
    assert "determined an outcome" in page
    assert "The analysis is of another satellite." in page
    assert "Submission no. 1" in page


def test_the_trail_is_paged_within_fifteen_queries(
    client: Client, answered_assessment: Assessment, ada: Membership
) -> None:
    client.force_login(ada.user)
    url = reverse("audit_trail", args=[answered_assessment.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(url).content.decode()
    assert len(queries) <= 15
    assert page.count("<time datetime=") >= 50
    assert "page 1 of" in page
    for number in ("2", "0", "999", "banana"):
        assert client.get(f"{url}?page={number}").status_code == 200


@pytest.mark.parametrize("role", ["ben", "cleo", "vera"])
def test_everybody_of_the_firm_reads_the_trail(
    client: Client, url: str, role: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    assert client.get(url).status_code == 200


def test_a_requirement_that_left_the_catalogue_does_not_break_the_trail(
    client: Client, assessment: Assessment, ada: Membership, url: str
) -> None:
    audit.record(
        ada,
        "answer.saved",
        assessment,
        assessment=assessment,
        requirement="cnsa.m07.gone",
        after={"value": "5", "note": "", "flag": "gone", "not_applicable_reason": ""},
    )
    client.force_login(ada.user)
    assert client.get(url).status_code == 200
