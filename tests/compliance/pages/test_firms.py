"""A firm's home, its people, and the start of an assessment."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from compliance.models import Assessment, Firm, Membership, Submission
from compliance.services.review import record_determination, return_to_firm
from tests import factories
from tests.compliance.pages.conftest import claimed


def home_of(client: Client, member: Membership, **query: str) -> str:
    client.force_login(member.user)
    reply = client.get(reverse("firm_home", args=[member.firm_id]), query)
    assert reply.status_code == 200
    return reply.content.decode()


# --- home ---


def test_a_new_firm_is_invited_to_start_an_assessment(client: Client, ada: Membership) -> None:
    page = home_of(client, ada)
    assert "No assessment yet" in page
    assert reverse("assessment_start", args=[ada.firm_id]) in page


def test_who_may_not_start_one_is_told_who_does(client: Client, vera: Membership) -> None:
    page = home_of(client, vera)
    assert "A manager of the firm starts it." in page
    assert reverse("assessment_start", args=[vera.firm_id]) not in page


def test_blockers_stand_above_the_scores(client: Client, assessment: Assessment, ada: Any) -> None:
    page = home_of(client, ada)
    first = page.index('href="#blocks-')
    assert first < page.index("Scores by track, claimed and confirmed")
    assert "Incomplete" in page
    assert "Evidence coverage" in page


def test_every_blocker_links_to_its_cure(
    client: Client, assessment: Assessment, ada: Membership
) -> None:
    page = home_of(client, ada)
    assert f"/assessments/{assessment.pk}/requirements/" in page


def test_a_draft_shows_no_confirmed_figure(
    client: Client, assessment: Assessment, ada: Membership
) -> None:
    assert "confirmed –" in home_of(client, ada)


def test_a_submission_shows_its_frozen_figures(
    client: Client, light_submission: Submission, vera: Membership
) -> None:
    page = home_of(client, vera)
    assert "These figures are those of submission no. 1" in page
    assert "confirmed 0%" in page
    assert reverse("submission", args=[light_submission.pk]) in page


def test_a_returned_assessment_shows_what_was_confirmed_before(
    client: Client, light_submission: Submission, ada: Membership, cleo: Membership
) -> None:
    requirement = claimed(light_submission, "met")[0]
    record_determination(
        submission=light_submission,
        requirement_id=requirement,
        outcome="met",
        comment="Once more, please.",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(submission=light_submission, comment="One answer.", by=cleo)
    page = home_of(client, ada)
    assert "what the officer determined in submission no. 1" in page
    assert "confirmed –" not in page
    assert "Continue answering" in page


def test_every_chart_has_its_table(client: Client, assessment: Assessment, ada: Any) -> None:
    page = home_of(client, ada)
    assert "Duty score by topic</caption>" in page
    assert "Progress by section</caption>" in page


def test_an_earlier_assessment_can_be_chosen(
    client: Client, assessment: Assessment, ada: Membership
) -> None:
    factories.draft(ada, title="Second mission")
    assert "<strong>Second mission</strong>" in home_of(client, ada)
    chosen = home_of(client, ada, assessment=str(assessment.pk))
    assert f"<strong>{assessment.title}</strong>" in chosen


def test_an_assessment_of_another_firm_cannot_be_chosen(
    client: Client, assessment: Assessment, dov: Membership, ada: Membership
) -> None:
    foreign = factories.draft(dov, title="Secret mission")
    assert "Secret mission" not in home_of(client, ada, assessment=str(foreign.pk))
    assert home_of(client, ada, assessment="not-a-uuid")


def test_a_name_cannot_become_markup(client: Client, ada: Membership) -> None:
    Firm.objects.filter(pk=ada.firm_id).update(name="<script>alert(1)</script>")
    assert "<script>alert" not in home_of(client, ada)


def test_another_firms_home_does_not_exist(client: Client, firm: Firm, dov: Membership) -> None:
    client.force_login(dov.user)
    for name in ("firm_home", "firm_people", "assessment_start"):
        assert client.get(reverse(name, args=[firm.pk])).status_code == 404, name


def test_the_home_page_keeps_its_query_budget(
    client: Client,
    light_submission: Submission,
    ada: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(ada.user)
    with django_assert_max_num_queries(15):
        client.get(reverse("firm_home", args=[ada.firm_id]))


# --- registering ---


def test_a_firm_is_registered_where_sign_up_is_open(
    client: Client, db: None, settings: Settings
) -> None:
    settings.SIGN_UP_OPEN = True
    client.force_login(factories.person("eve@demo.example"))
    reply = client.post(reverse("firm_register"), {"name": "  Beiyue   Launch "})
    firm = Firm.objects.get()
    assert firm.name == "Beiyue Launch"
    assert reply.headers["Location"] == reverse("firm_home", args=[firm.pk])


def test_where_sign_up_is_closed_registering_is_refused_with_a_reason(
    client: Client, db: None
) -> None:
    client.force_login(factories.person("eve@demo.example"))
    reply = client.post(reverse("firm_register"), {"name": "Beiyue Launch"})
    assert reply.status_code == 403
    assert "operator of this installation" in reply.content.decode()


@pytest.mark.parametrize("name", ["", "  ", "x", "x" * 201, "bad\x00name"])
def test_a_name_that_cannot_be_taken_is_said_beside_the_field(
    client: Client, db: None, settings: Settings, name: str
) -> None:
    settings.SIGN_UP_OPEN = True
    client.force_login(factories.person("eve@demo.example"))
    reply = client.post(reverse("firm_register"), {"name": name})
    assert reply.status_code == 422
    assert 'id="id_name_error"' in reply.content.decode()
    assert not Firm.objects.exists()


# --- starting an assessment ---

START = {"title": "DO-4", "as_of": "2026-11-20", "roles": ["satellite_operator"]}


def test_a_manager_starts_an_assessment_and_goes_on_to_the_facts(
    client: Client, ada: Membership
) -> None:
    client.force_login(ada.user)
    reply = client.post(reverse("assessment_start", args=[ada.firm_id]), START)
    assessment = Assessment.objects.get()
    assert assessment.facts == {"firm.roles": ["satellite_operator"]}
    assert reply.headers["Location"] == reverse("assessment_facts", args=[assessment.pk])


def test_answers_are_carried_over_when_asked(
    client: Client, stated_assessment: Assessment, ada: Membership
) -> None:
    client.force_login(ada.user)
    data = {**START, "copy_from": str(stated_assessment.pk)}
    client.post(reverse("assessment_start", args=[ada.firm_id]), data)
    started = Assessment.objects.exclude(pk=stated_assessment.pk).get()
    assert started.answers.filter(is_carried_over=True).exists()


def test_nothing_is_carried_over_from_another_firm(
    client: Client, ada: Membership, dov: Membership
) -> None:
    foreign = factories.draft(dov)
    client.force_login(ada.user)
    data = {**START, "copy_from": str(foreign.pk)}
    reply = client.post(reverse("assessment_start", args=[ada.firm_id]), data)
    assert reply.status_code == 422
    assert not Assessment.objects.filter(firm=ada.firm).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"as_of": "2026-02-30"}, "as_of"),
        ({"as_of": "1990-01-01"}, "as_of"),
        ({"roles": []}, "roles"),
        ({"roles": ["pirate"]}, "roles"),
    ],
)
def test_a_start_that_cannot_be_taken_names_the_field(
    client: Client, ada: Membership, change: dict[str, Any], field: str
) -> None:
    client.force_login(ada.user)
    reply = client.post(reverse("assessment_start", args=[ada.firm_id]), {**START, **change})
    assert reply.status_code == 422
    assert f'id="id_{field}_error"' in reply.content.decode()
    assert not Assessment.objects.exists()


def test_the_form_offers_today(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    page = client.get(reverse("assessment_start", args=[ada.firm_id])).content.decode()
    assert 'type="date"' in page
    assert "Satellite operator" in page


@pytest.mark.parametrize("role", ["ben", "vera", "cleo"])
def test_only_a_manager_starts_an_assessment(
    client: Client, request: pytest.FixtureRequest, role: str
) -> None:
    member: Membership = request.getfixturevalue(role)
    client.force_login(member.user)
    address = reverse("assessment_start", args=[member.firm_id])
    assert client.get(address).status_code == 403
    assert client.post(address, START).status_code == 403
