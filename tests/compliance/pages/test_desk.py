"""The officer's queue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from compliance import clock
from compliance.models import (
    Assessment,
    AuditEvent,
    CorrectiveAction,
    Membership,
    QueueEntry,
    Role,
    Submission,
)
from compliance.services import corrective_actions
from compliance.services.queue import put_into_queue
from compliance.services.review import (
    accept_assessment,
    confirm_remaining,
    raise_finding,
    return_to_firm,
)
from tests import factories


def desk(client: Client, member: Membership, query: str = "") -> str:
    client.force_login(member.user)
    reply = client.get(reverse("desk") + query)
    assert reply.status_code == 200
    return reply.content.decode()


def test_what_waits_is_listed_with_firm_band_and_progress(
    client: Client, light_submission: Submission, cleo: Membership
) -> None:
    count = confirm_remaining(submission=light_submission, by=cleo)
    page = desk(client, cleo)
    assert light_submission.assessment.title in page
    assert light_submission.assessment.firm.name in page
    assert f"{count} of " in page
    assert reverse("review", args=[light_submission.pk]) in page


def test_what_waits_long_is_marked_in_words_and_counted_in_working_days(
    client: Client, light_submission: Submission, cleo: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The national holiday of October 2026 is no work; the Saturday after it is.
    QueueEntry.objects.update(submitted_at=datetime(2026, 9, 18, 4, tzinfo=UTC))
    monkeypatch.setattr("compliance.selectors.desk.clock.today", lambda: date(2026, 10, 10))
    page = desk(client, cleo)
    assert "th-late" in page
    assert "11 days" in page
    assert "the oldest <strong>11 working days</strong>" in page
    assert light_submission.assessment.title in desk(client, cleo, "?late=1")
    monkeypatch.setattr("compliance.selectors.desk.clock.today", lambda: date(2026, 10, 9))
    assert light_submission.assessment.title not in desk(client, cleo, "?late=1")


def test_a_decided_submission_leaves_the_queue(
    client: Client, light_submission: Submission, cleo: Membership
) -> None:
    accept_assessment(submission=light_submission, statement="Fine.", by=cleo)
    page = desk(client, cleo)
    assert "Nothing waits for you" in page
    assert reverse("submission", args=[light_submission.pk]) in page


def test_the_heat_map_marks_blockers_in_words(
    client: Client, light_submission: Submission, cleo: Membership
) -> None:
    assert '<span class="visually-hidden"> blocker</span>' in desk(client, cleo)


@pytest.mark.parametrize("name", ["ada", "ben", "vera", "dov"])
def test_nobody_but_the_firms_officer_sees_it(
    client: Client, light_submission: Submission, request: pytest.FixtureRequest, name: str
) -> None:
    member: Membership = request.getfixturevalue(name)
    page = desk(client, member)
    assert light_submission.assessment.title not in page
    assert "You are compliance officer in no firm" in page


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("?q=campaign", True),
        ("?q=orbital", True),
        ("?q=nothing", False),
        ("?round=first", True),
        ("?round=later", False),
        ("?taken=nobody", True),
        ("?taken=me", False),
        ("?late=1", False),
        ("?band=ready", False),
        ("?sort=blockers", True),
        ("?sort=progress", True),
        ("?sort=%00&band=x&firm=y&page=-3&firms=x", True),
    ],
)
def test_the_address_filters_and_orders_the_queue(
    client: Client, light_submission: Submission, cleo: Membership, query: str, is_there: bool
) -> None:
    page = desk(client, cleo, query)
    waits = reverse("review", args=[light_submission.pk])
    assert (f'class="th-title" href="{waits}"' in page) is is_there


def test_a_submission_is_taken_and_handed_over(
    client: Client, light_submission: Submission, cleo: Membership, vera: Membership
) -> None:
    hu = factories.member(cleo.firm, Role.OFFICER, "Hu")
    address = reverse("submission_assign", args=[light_submission.pk])
    client.force_login(cleo.user)
    client.post(address, {"to": str(cleo.user_id)})
    assert "th-title" in desk(client, cleo, "?taken=me")
    client.post(address, {"to": str(hu.user_id)})
    assert QueueEntry.objects.get().assigned_to == hu.user
    assert client.post(address, {"to": str(vera.user_id)}).status_code == 422
    assert QueueEntry.objects.get().assigned_to == hu.user
    assert AuditEvent.objects.filter(action="review.assigned").count() == 2
    return_to_firm(submission=light_submission, comment="Facts.", reopen_facts=True, by=cleo)
    assert client.post(address, {"to": ""}).status_code == 409


def test_the_portfolio_shows_the_trend_between_two_accepted_submissions(
    client: Client, light_submission: Submission, cleo: Membership
) -> None:
    accept_assessment(submission=light_submission, statement="", by=cleo)
    # As a second assessment of the firm would leave it, in one row.
    later = Submission.objects.get(pk=light_submission.pk)
    later.pk, later.number, later.decision, later.decided_at = uuid4(), 2, "", None
    later.submitted_at += timedelta(days=1)
    later.save(force_insert=True)
    put_into_queue(later)
    Assessment.objects.update(status="submitted")
    later.assessment.refresh_from_db()
    confirm_remaining(submission=later, by=cleo)
    assert "up from 0" not in desk(client, cleo)  # what is in hand makes no trend
    accept_assessment(submission=later, statement="", by=cleo)
    assert "up from 0" in desk(client, cleo)


def test_what_the_firm_reports_as_done_waits_on_the_desk(
    client: Client, light_submission: Submission, ada: Membership, cleo: Membership
) -> None:
    raise_finding(
        submission=light_submission,
        requirement_id="cnsa.m01.research_call_watch",
        severity="major",
        missing="Minutes.",
        due_on=clock.today(),
        by=cleo,
    )
    accept_assessment(submission=light_submission, statement="", by=cleo)
    action = CorrectiveAction.objects.select_related("firm", "finding", "assessment").get()
    corrective_actions.start(action=action, by=ada)
    page = desk(client, cleo)
    assert "Accepted with conditions" in page
    assert "to verify" not in page
    corrective_actions.finish(action=action, by=ada)
    assert reverse("corrective_action", args=[action.pk]) in desk(client, cleo)


def test_the_desk_keeps_its_query_budget(
    client: Client,
    light_submission: Submission,
    cleo: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(cleo.user)
    with django_assert_max_num_queries(12):
        client.get(reverse("desk"))
