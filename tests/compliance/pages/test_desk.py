"""The officer's queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from compliance import clock
from compliance.models import Membership, Submission
from compliance.services.review import accept_assessment, confirm_remaining


def desk(client: Client, member: Membership) -> str:
    client.force_login(member.user)
    reply = client.get(reverse("desk"))
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


def test_what_waits_long_is_marked_in_words(
    client: Client, light_submission: Submission, cleo: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.now() + timedelta(days=17, hours=2)
    monkeypatch.setattr("compliance.selectors.desk.clock.now", lambda: later)
    page = desk(client, cleo)
    assert "17 days" in page
    assert "th-late" in page


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


def test_the_desk_keeps_its_query_budget(
    client: Client,
    light_submission: Submission,
    cleo: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(cleo.user)
    with django_assert_max_num_queries(10):
        client.get(reverse("desk"))
