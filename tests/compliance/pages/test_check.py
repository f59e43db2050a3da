"""Check, attest, submit, and the list of submissions."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.models import Assessment, Membership, Submission
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.package import problems_of
from compliance.services.answers import save_answer

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
ATTESTATION = {"name": "Ada Lin", "position": "Head of compliance", "statement": "", "attest": "1"}


def check_url(assessment: Assessment) -> str:
    return reverse("assessment_check", args=[assessment.pk])


def submit_url(assessment: Assessment) -> str:
    return reverse("assessment_submit", args=[assessment.pk])


@pytest.fixture
def as_ada(client: Client, ada: Membership) -> Client:
    client.force_login(ada.user)
    return client


def test_all_problems_are_shown_at_once_each_with_a_link_to_its_cure(
    as_ada: Client, assessment: Assessment
) -> None:
    problems = problems_of(evaluation_of(assessment))
    page = as_ada.get(check_url(assessment)).content.decode()
    assert f"{len(problems)} problems stop the submission" in page
    assert len(problems) > 10
    for problem in problems:
        assert problem.requirement is not None
        link = reverse("requirement", args=[assessment.pk, problem.requirement])
        assert f'href="{link}"' in page


def test_the_check_takes_at_most_fifteen_queries(
    as_ada: Client, answered_assessment: Assessment
) -> None:
    as_ada.get(check_url(answered_assessment))
    with CaptureQueriesContext(connection) as queries:
        assert as_ada.get(check_url(answered_assessment)).status_code == 200
    assert len(queries) <= 15


def test_what_may_go_out_open_is_listed_with_what_it_means(
    as_ada: Client, stated_assessment: Assessment, ben: Membership
) -> None:
    save_answer(
        assessment=stated_assessment,
        requirement_id=NUMBER,
        value="60",
        base_version=None,
        by=ben,
    )
    page = as_ada.get(check_url(stated_assessment)).content.decode()
    assert "Nothing stops the submission." in page
    standing = page.partition("You can submit with these")[2]
    row = standing[standing.index("M07-01") :][:900]
    assert "Not met" in row
    assert "The band stays at “not ready”." in row


def test_submitting_leads_to_the_submission(as_ada: Client, stated_assessment: Assessment) -> None:
    page = as_ada.get(check_url(stated_assessment)).content.decode()
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert key is not None
    sent = {**ATTESTATION, "idempotency_key": key[1]}
    response = as_ada.post(submit_url(stated_assessment), sent)
    submission = Submission.objects.get(assessment=stated_assessment)
    assert response.status_code == 302
    assert response["Location"] == reverse("submission", args=[submission.pk])
    assert submission.attestation.name == "Ada Lin"
    again = as_ada.post(submit_url(stated_assessment), sent)
    assert again["Location"] == response["Location"]
    assert Submission.objects.count() == 1


def test_a_second_submission_with_another_key_is_told_no(
    as_ada: Client, stated_assessment: Assessment
) -> None:
    as_ada.post(submit_url(stated_assessment), {**ATTESTATION, "idempotency_key": "a"})
    response = as_ada.post(submit_url(stated_assessment), {**ATTESTATION, "idempotency_key": "b"})
    assert response.status_code == 409
    assert "is Submitted now" in response.content.decode()
    assert Submission.objects.count() == 1


def test_the_same_key_with_another_statement_is_told(
    as_ada: Client, stated_assessment: Assessment
) -> None:
    as_ada.post(submit_url(stated_assessment), {**ATTESTATION, "idempotency_key": "a"})
    other = {**ATTESTATION, "idempotency_key": "a", "statement": "Other."}
    response = as_ada.post(submit_url(stated_assessment), other)
    assert response.status_code == 422
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Write your full name"),
        ("name", "x" * 121, "Write your full name"),
        ("position", " ", "Write your position"),
        ("statement", "x" * 20_001, "Write at most 20,000 characters."),
        ("attest", None, "Tick the box"),
        ("idempotency_key", "k" * 201, "at most 200 plain characters"),
    ],
)
def test_a_wrong_attestation_is_told_and_what_was_typed_stays(
    as_ada: Client, stated_assessment: Assessment, field: str, value: str | None, sentence: str
) -> None:
    sent = {**ATTESTATION, "position": "Head of compliance", "statement": "A word.", field: value}
    response = as_ada.post(
        submit_url(stated_assessment), {k: v for k, v in sent.items() if v is not None}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    if field != "position":
        assert 'value="Head of compliance"' in page
    if field != "statement":
        assert "A word.</textarea>" in page
    assert not Submission.objects.exists()


def test_problems_stop_the_submission_and_nothing_typed_is_lost(
    as_ada: Client, assessment: Assessment
) -> None:
    sent = {**ATTESTATION, "statement": "Half done."}
    response = as_ada.post(submit_url(assessment), sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "problems stop the submission" in page
    assert "Half done.</textarea>" in page
    assessment.refresh_from_db()
    assert assessment.status == "draft"


@pytest.mark.parametrize("role", ["ben", "cleo", "vera"])
def test_only_a_manager_submits(
    client: Client, stated_assessment: Assessment, role: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    page = client.get(check_url(stated_assessment)).content.decode()
    assert 'name="idempotency_key"' not in page
    assert "A manager of the firm attests and submits." in page
    assert client.post(submit_url(stated_assessment), ATTESTATION).status_code == 403
    assert not Submission.objects.exists()


def test_another_firm_cannot_submit(
    client: Client, stated_assessment: Assessment, dov: Membership
) -> None:
    client.force_login(dov.user)
    assert client.post(submit_url(stated_assessment), ATTESTATION).status_code == 404


def test_a_submitted_assessment_offers_no_second_form(
    as_ada: Client, light_submission: Submission
) -> None:
    assessment = light_submission.assessment
    page = as_ada.get(check_url(assessment)).content.decode()
    assert 'name="idempotency_key"' not in page
    assert "Nothing can be submitted now." in page
    assert reverse("submission", args=[light_submission.pk]) in page


def test_the_rounds_are_listed_with_their_reports(
    as_ada: Client, light_submission: Submission
) -> None:
    assessment = light_submission.assessment
    page = as_ada.get(reverse("assessment_submissions", args=[assessment.pk])).content.decode()
    assert "No. 1" in page
    assert "with the officer" in page
    assert reverse("submission", args=[light_submission.pk]) in page
    assert reverse("reports", args=[light_submission.pk]) in page


def test_before_the_first_round_the_page_says_what_to_do(
    as_ada: Client, assessment: Assessment
) -> None:
    page = as_ada.get(reverse("assessment_submissions", args=[assessment.pk])).content.decode()
    assert "Nothing has been submitted yet" in page
