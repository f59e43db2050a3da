"""The review: one answer beside its determination, the decision, and what the firm reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from compliance import clock
from compliance.models import Assessment, Determination, Finding, Membership, Submission
from compliance.services.answers import save_answer
from compliance.services.review import accept_assessment, record_determination, return_to_firm
from tests import factories
from tests.compliance.pages.conftest import claimed


@pytest.fixture
def met(light_submission: Submission) -> str:
    """A requirement that the firm claims to meet."""
    return claimed(light_submission, "met")[0]


@pytest.fixture
def second_round(
    light_submission: Submission, met: str, ada: Membership, ben: Membership, cleo: Membership
) -> Submission:
    """Submission no. 2: one answer was returned and says "partly" now."""
    record_determination(
        submission=light_submission,
        requirement_id=met,
        outcome="partly_met",
        comment="Show the register.",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(submission=light_submission, comment="One answer.", by=cleo)
    assessment = Assessment.objects.get(pk=light_submission.assessment_id)
    save_answer(
        assessment=assessment,
        requirement_id=met,
        value="partly",
        note="Register is kept since May.",
        base_version=None,
        by=ben,
    )
    return factories.submitted(assessment, ada)


def address(submission: Submission, requirement: str = "") -> str:
    if requirement:
        return reverse("review_requirement", args=[submission.pk, requirement])
    return reverse("review", args=[submission.pk])


def sent(outcome: str = "met", **change: Any) -> dict[str, Any]:
    return {"outcome": outcome, "comment": "", "base_version": "0", **change}


# --- reading ---


def test_the_review_opens_at_the_first_open_answer(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    page = client.get(address(light_submission)).content.decode()
    assert light_submission.content["requirements"][0]["question"]["en"] in page
    assert "0 of " in page


def test_answer_reason_and_sources_stand_beside_the_determination(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    page = client.get(address(light_submission, met)).content.decode()
    row = next(r for r in light_submission.content["requirements"] if r["requirement"] == met)
    assert row["question"]["en"] in page
    assert "Answered “yes”" in page
    assert "Confirm the claim" in page
    assert row["source_row"] in page


def test_what_is_not_determined_can_be_listed_alone(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    others = claimed(light_submission, "met")
    record_determination(submission=light_submission, requirement_id=met, outcome="met", by=cleo)
    client.force_login(cleo.user)
    page = client.get(address(light_submission, others[1]), {"show": "open"}).content.decode()
    assert address(light_submission, others[1]) in page
    assert f"{address(light_submission, met)}?" not in page


def test_a_requirement_that_is_not_there_is_not_found(
    client: Client, light_submission: Submission, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    assert client.get(address(light_submission, "cnsa.m99.nothing")).status_code == 404
    out = [
        row["requirement"]
        for row in light_submission.content["requirements"]
        if row["applicability"] == "does_not_apply"
    ]
    assert client.get(address(light_submission, out[0])).status_code == 404
    assert client.post(address(light_submission, out[0]), sent()).status_code in (404, 422)


@pytest.mark.parametrize("name", ["ada", "ben", "vera"])
def test_only_an_officer_reviews(
    client: Client,
    light_submission: Submission,
    met: str,
    request: pytest.FixtureRequest,
    name: str,
) -> None:
    member: Membership = request.getfixturevalue(name)
    client.force_login(member.user)
    assert client.get(address(light_submission)).status_code == 403
    assert client.post(address(light_submission, met), sent()).status_code == 403
    for view in ("review_return", "review_accept"):
        assert client.get(reverse(view, args=[light_submission.pk])).status_code == 403
        assert client.post(reverse(view, args=[light_submission.pk]), {}).status_code == 403
    confirm = reverse("review_confirm", args=[light_submission.pk])
    assert client.post(confirm, {"measure": "1"}).status_code == 403
    assert not Determination.objects.exists()


def test_another_firms_submission_does_not_exist(
    client: Client, light_submission: Submission, met: str, dov: Membership
) -> None:
    client.force_login(dov.user)
    for view in ("review", "review_return", "review_accept", "submission", "reports"):
        reply = client.get(reverse(view, args=[light_submission.pk]))
        assert reply.status_code == 404, view
    assert client.post(address(light_submission, met), sent()).status_code == 404


# --- determining ---


def test_a_claim_is_confirmed_and_the_next_open_answer_comes(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    reply = client.post(address(light_submission, met), sent())
    stored = Determination.objects.get()
    assert (stored.requirement, stored.outcome, stored.by) == (met, "met", cleo.user)
    assert "/review/cnsa." in reply.headers["Location"]
    assert met not in reply.headers["Location"]


def test_another_outcome_needs_words(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    reply = client.post(address(light_submission, met), sent("not_met"))
    assert reply.status_code == 422
    assert "Say why" in reply.content.decode()
    assert not Determination.objects.exists()
    client.post(address(light_submission, met), sent("not_met", comment="No register."))
    assert Determination.objects.get().comment == "No register."


@pytest.mark.parametrize("outcome", ["", "undetermined", "not_answered", "<script>"])
def test_an_outcome_nobody_may_set_is_refused(
    client: Client, light_submission: Submission, met: str, cleo: Membership, outcome: str
) -> None:
    client.force_login(cleo.user)
    reply = client.post(address(light_submission, met), sent(outcome))
    assert reply.status_code == 422
    assert not Determination.objects.exists()


def test_a_finding_is_raised_with_the_determination(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    due = clock.today() + timedelta(days=20)
    client.force_login(cleo.user)
    finding = {
        "finding": "on",
        "severity": "major",
        "missing": "A signed register.",
        "due_on": due.isoformat(),
    }
    client.post(address(light_submission, met), sent("not_met", comment="None.", **finding))
    raised = Finding.objects.get()
    assert (raised.requirement, raised.missing, raised.due_on) == (met, "A signed register.", due)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"missing": ""}, "Say what is missing"),
        ({"due_on": ""}, "Choose the day"),
        ({"due_on": "2020-01-01"}, "today or a later day"),
        ({"due_on": "2026-02-30"}, "valid date"),
        ({"severity": "grave"}, "valid choice"),
    ],
)
def test_a_finding_that_cannot_be_raised_keeps_the_determination_back(
    client: Client,
    light_submission: Submission,
    met: str,
    cleo: Membership,
    change: dict[str, str],
    said: str,
) -> None:
    finding = {
        "finding": "on",
        "severity": "major",
        "missing": "A signed register.",
        "due_on": (clock.today() + timedelta(days=20)).isoformat(),
        **change,
    }
    client.force_login(cleo.user)
    reply = client.post(address(light_submission, met), sent("not_met", comment="None.", **finding))
    assert reply.status_code == 422
    assert said in reply.content.decode()
    assert not Finding.objects.exists()
    assert not Determination.objects.exists()


def test_a_second_officer_is_told_that_another_was_first(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    record_determination(
        submission=light_submission,
        requirement_id=met,
        outcome="not_met",
        comment="Too old.",
        by=cleo,
    )
    client.force_login(cleo.user)
    reply = client.post(address(light_submission, met), sent("met"))
    assert reply.status_code == 412
    page = reply.content.decode()
    assert "Another officer determined this" in page
    assert "Too old." in page
    assert 'name="base_version" value="1"' in page
    assert Determination.objects.get().outcome == "not_met"
    client.post(address(light_submission, met), sent("met", base_version="1"))
    assert Determination.objects.get().outcome == "met"


def test_all_claims_of_a_measure_are_confirmed_at_once(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    rows = {row["requirement"]: row for row in light_submission.content["requirements"]}
    measure = rows[met]["measure"]
    expected = {
        name for name in claimed(light_submission, "met") if rows[name]["measure"] == measure
    }
    client.force_login(cleo.user)
    confirm = reverse("review_confirm", args=[light_submission.pk])
    client.post(confirm, {"measure": str(measure)})
    assert set(Determination.objects.values_list("requirement", flat=True)) == expected


@pytest.mark.parametrize("measure", ["", "99", "one", "\x00"])
def test_a_measure_that_is_not_there_confirms_nothing(
    client: Client, light_submission: Submission, cleo: Membership, measure: str
) -> None:
    client.force_login(cleo.user)
    confirm = reverse("review_confirm", args=[light_submission.pk])
    reply = client.post(confirm, {"measure": measure})
    assert reply.status_code == 422
    assert not Determination.objects.exists()


# --- the second round ---


def test_the_second_round_shows_what_changed_and_what_was_said_before(
    client: Client, second_round: Submission, met: str, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    page = client.get(address(second_round, met)).content.decode()
    assert "Changed since the last round" in page
    assert "Show the register." in page
    assert "Register is kept since May." in page
    assert "changed since the last round: 0 of 1" in page


def test_the_second_round_lists_the_changed_answers_by_default(
    client: Client, second_round: Submission, met: str, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    page = client.get(address(second_round, met)).content.decode()
    unchanged = claimed(second_round, "met")[0]
    assert f"{address(second_round, unchanged)}?" not in page
    everything = client.get(address(second_round, met), {"show": "all"}).content.decode()
    assert f"{address(second_round, unchanged)}?" in everything


# --- the decision ---


def test_nothing_is_returned_while_nothing_is_open_again(
    client: Client, light_submission: Submission, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    page = reverse("review_return", args=[light_submission.pk])
    reply = client.post(page, {"comment": "Please look again."})
    assert reply.status_code == 422
    assert "Mark at least one answer" in reply.content.decode()


def test_the_return_says_what_opens_again_and_hands_it_back(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    record_determination(
        submission=light_submission,
        requirement_id=met,
        outcome="not_met",
        comment="Show the register.",
        opens_again=True,
        by=cleo,
    )
    client.force_login(cleo.user)
    page = reverse("review_return", args=[light_submission.pk])
    assert "Show the register." in client.get(page).content.decode()
    reply = client.post(page, {"comment": "One answer is open again."})
    assert reply.headers["Location"] == reverse("desk")
    light_submission.assessment.refresh_from_db()
    assert light_submission.assessment.status == "returned"
    assert light_submission.assessment.reopened == [met]


def test_an_acceptance_is_signed(
    client: Client, light_submission: Submission, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    page = reverse("review_accept", args=[light_submission.pk])
    assert "answers are not determined" in client.get(page).content.decode()
    assert client.post(page, {"statement": "Fine."}).status_code == 422
    client.post(page, {"statement": "Fine.", "signed": "on"})
    light_submission.refresh_from_db()
    assert light_submission.decision == "accepted"
    assert light_submission.decided_by == cleo.user


def test_a_decided_submission_is_read_and_not_changed(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    accept_assessment(submission=light_submission, statement="Fine.", by=cleo)
    client.force_login(cleo.user)
    page = client.get(address(light_submission, met)).content.decode()
    assert "This submission is decided" in page
    assert "Save and go on" not in page
    reply = client.post(address(light_submission, met), sent())
    assert reply.status_code == 409
    assert "<html" in reply.content.decode()
    for view, data in (
        ("review_return", {"comment": "No.", "reopen_facts": "on"}),
        ("review_accept", {"signed": "on"}),
    ):
        assert client.post(reverse(view, args=[light_submission.pk]), data).status_code == 409


def test_who_answered_cannot_review_it(
    client: Client, light_submission: Submission, met: str, ben: Membership
) -> None:
    Membership.objects.filter(pk=ben.pk).update(role="officer")
    client.force_login(ben.user)
    reply = client.post(address(light_submission, met), sent())
    assert reply.status_code == 403
    assert "Another officer has to review it" in reply.content.decode()


# --- what the firm reads ---


def test_the_firm_reads_outcome_comment_and_finding_beside_its_answer(
    client: Client, light_submission: Submission, met: str, cleo: Membership, vera: Membership
) -> None:
    client.force_login(cleo.user)
    finding = {
        "finding": "on",
        "severity": "major",
        "missing": "A signed register.",
        "due_on": (clock.today() + timedelta(days=20)).isoformat(),
    }
    client.post(
        address(light_submission, met), sent("partly_met", comment="Half of it.", **finding)
    )
    client.force_login(vera.user)
    page = client.get(reverse("submission", args=[light_submission.pk])).content.decode()
    assert "Half of it." in page
    assert "A signed register." in page
    assert light_submission.digest in page
    assert "Head of compliance" in page
    assert "Review</a>" not in page


def test_the_firm_reads_what_is_open_again(
    client: Client, second_round: Submission, met: str, ada: Membership
) -> None:
    first = Submission.objects.get(assessment=second_round.assessment, number=1)
    client.force_login(ada.user)
    page = client.get(reverse("submission", args=[first.pk])).content.decode()
    assert "Open again" in page
    assert reverse("requirement", args=[first.assessment_id, met]) in page
    assert "One answer." in page


def test_what_a_person_wrote_cannot_become_markup(
    client: Client, light_submission: Submission, met: str, cleo: Membership
) -> None:
    record_determination(
        submission=light_submission,
        requirement_id=met,
        outcome="not_met",
        comment="<script>alert(1)</script>",
        by=cleo,
    )
    client.force_login(cleo.user)
    for page in (address(light_submission, met), reverse("submission", args=[light_submission.pk])):
        assert "<script>alert" not in client.get(page).content.decode()


def test_the_pages_keep_their_query_budget(
    client: Client,
    second_round: Submission,
    met: str,
    cleo: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(cleo.user)
    for page in (
        address(second_round, met),
        reverse("submission", args=[second_round.pk]),
        reverse("review_accept", args=[second_round.pk]),
    ):
        with django_assert_max_num_queries(13):
            client.get(page)
