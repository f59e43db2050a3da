"""The facts page: questions that follow from answers, and what is typed wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.models import Assessment, Membership, Submission
from compliance.selectors.evaluation import evaluation_of
from compliance.services.assessments import save_facts, start_assessment
from compliance.services.review import record_determination, return_to_firm
from tests import factories

HTMX = {"HX-Request": "true"}
MASS = "mission.satellite_mass_kg"
ORBITS = "mission.orbits"
ACTIVITIES = "mission.special_activities"


def url(assessment: Assessment, group: str = "spacecraft") -> str:
    return f"{reverse('assessment_facts', args=[assessment.pk])}?group={group}"


def form(assessment: Assessment, **answers: Any) -> dict[str, Any]:
    """What the page sends: for each question what it was, and what stands in its fields now."""
    sent: dict[str, Any] = {}
    for name, now in answers.items():
        fact = name.replace("__", ".")
        was = assessment.facts.get(fact, "")
        sent[f"was:{fact}"] = "" if was == "" else json.dumps(was)
        sent[fact] = now
    return sent


def stated(assessment: Assessment) -> dict[str, Any]:
    facts: dict[str, Any] = Assessment.objects.get(pk=assessment.pk).facts
    return facts


@pytest.fixture
def as_ada(client: Client, ada: Membership) -> Client:
    client.force_login(ada.user)
    return client


@pytest.fixture
def blank(ada: Membership) -> Assessment:
    """An assessment of which nothing is known but the roles."""
    return start_assessment(
        firm=ada.firm,
        title="New",
        as_of=factories.AS_OF,
        roles=["satellite_operator"],
        by=ada,
    )


@pytest.mark.parametrize("group", ["firm", "sites", "launch", "spacecraft", "data_and_trade", "x"])
def test_every_group_has_a_page_within_fifteen_queries(
    as_ada: Client, assessment: Assessment, group: str
) -> None:
    as_ada.get(url(assessment, group))
    with CaptureQueriesContext(connection) as queries:
        response = as_ada.get(url(assessment, group))
    assert response.status_code == 200
    assert len(queries) <= 15


def test_questions_are_asked_with_help_and_why(as_ada: Client, assessment: Assessment) -> None:
    page = as_ada.get(url(assessment)).content.decode()
    assert "How heavy is the heaviest satellite at launch?" in page
    assert "Why we ask" in page
    assert 'name="mission.satellite_mass_kg"' in page
    assert 'value="146"' in page
    assert "<span>kg</span>" in page


def test_a_question_that_does_not_matter_is_not_asked(
    as_ada: Client, assessment: Assessment
) -> None:
    page = as_ada.get(url(assessment)).content.decode()
    assert 'name="mission.lowest_altitude_km"' not in page  # asked of elliptical orbits alone


def test_saving_without_a_script_shows_what_follows(as_ada: Client, assessment: Assessment) -> None:
    sent = form(assessment, mission__orbits=["leo", "elliptical"])
    response = as_ada.post(url(assessment), sent)
    assert response.status_code == 302
    assert response["Location"] == url(assessment)
    page = as_ada.get(response["Location"]).content.decode()
    assert 'name="mission.lowest_altitude_km"' in page
    assert stated(assessment)[ORBITS] == ["leo", "elliptical"]


def test_a_form_is_saved_whatever_group_its_address_names(
    as_ada: Client, assessment: Assessment
) -> None:
    sent = form(assessment, mission__satellite_mass_kg="250")
    assert as_ada.post(url(assessment, "x"), sent).status_code == 302
    assert stated(assessment)[MASS] == "250"


def test_continuing_saves_and_goes_to_the_next_group(
    as_ada: Client, assessment: Assessment
) -> None:
    sent = form(assessment, mission__satellite_mass_kg="200")
    response = as_ada.post(url(assessment), {**sent, "next": "1"})
    assert response["Location"] == url(assessment, "data_and_trade")
    assert stated(assessment)[MASS] == "200"
    last = as_ada.post(url(assessment, "data_and_trade"), {"next": "1"})
    assert last["Location"] == reverse("assessment_tasks", args=[assessment.pk])


def test_saving_live_renews_the_counter_and_brings_in_the_question(
    as_ada: Client, assessment: Assessment
) -> None:
    sent = form(assessment, mission__orbits=["leo", "elliptical"], mission__satellite_mass_kg="146")
    page = as_ada.post(url(assessment), sent, headers=HTMX).content.decode()
    assert "<html" not in page
    assert 'id="facts-aside"' in page
    assert 'id="box-fact-mission-lowest_altitude_km"' in page
    assert "Orbits: low Earth orbit (below 2000 km) and elongated elliptical orbit" in page
    # What somebody may be typing in at this moment is left alone.
    assert 'id="box-fact-mission-satellite_mass_kg"' not in page


def test_the_last_change_names_what_it_brought_in(
    as_ada: Client, assessment: Assessment, ada: Membership
) -> None:
    save_facts(assessment=assessment, values={ACTIVITIES: ["crew_or_passengers"]}, by=ada)
    page = as_ada.get(url(assessment)).content.decode()
    assert "Special activities: crew or passengers on board" in page
    assert "brought in" in page
    assert "Passengers" in page


def test_what_is_open_is_listed_with_the_question_that_settles_it(
    as_ada: Client, blank: Assessment
) -> None:
    first = next(iter(evaluation_of(blank).evaluation.missing_facts))
    page = as_ada.get(url(blank, "launch")).content.decode()
    assert "Still open" in page
    assert f'href="{url(blank, "firm")}#fact-{first.replace(".", "-")}"' in page
    assert "Until you answer, it counts as undetermined" in page


def test_untouched_questions_stay_unanswered(as_ada: Client, blank: Assessment) -> None:
    sent = form(blank, firm__size=[], firm__secrecy=[], firm__staff="", firm__practices=[])
    as_ada.post(url(blank, "firm"), sent)
    assert set(stated(blank)) == {"firm.roles"}


@pytest.mark.parametrize(
    ("name", "sent", "value"),
    [
        ("firm__size", "_dont_know", None),
        ("firm__secrecy", ["_none"], []),
        ("firm__secrecy", ["_dont_know"], None),
        ("firm__staff", "_dont_know", None),
        ("firm__staff", "40", "40"),
        ("firm__has_foreign_investors", "no", False),
        ("firm__practices", ["subcontracts", "public_tenders"], ["subcontracts", "public_tenders"]),
    ],
)
def test_every_kind_of_question_is_saved(
    as_ada: Client, blank: Assessment, name: str, sent: Any, value: Any
) -> None:
    as_ada.post(url(blank, "firm"), form(blank, **{name: sent}))
    assert stated(blank)[name.replace("__", ".")] == value


def test_an_answer_taken_away_is_not_known_and_never_no(
    as_ada: Client, assessment: Assessment
) -> None:
    as_ada.post(url(assessment), form(assessment, mission__orbits=[], mission__radio=[]))
    assert stated(assessment)[ORBITS] is None


def test_ticking_don_t_know_replaces_the_answer_and_an_answer_replaces_it(
    as_ada: Client, assessment: Assessment
) -> None:
    as_ada.post(url(assessment), form(assessment, mission__orbits=["leo", "_dont_know"]))
    assert stated(assessment)[ORBITS] is None
    assessment.refresh_from_db()
    as_ada.post(url(assessment), form(assessment, mission__orbits=["geo", "_dont_know"]))
    assert stated(assessment)[ORBITS] == ["geo"]


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"mission__satellite_mass_kg": "heavy"}, "Write a number, in kg."),
        ({"mission__satellite_mass_kg": "146 kg"}, "Write the number only, in kg."),
        ({"mission__satellite_mass_kg": "0"}, "0 is too small."),
        ({"mission__satellite_mass_kg": "999999999"}, "is too large."),
        ({"mission__activity_ends_on": "2027-02-30"}, "is not a day in the calendar"),
        ({"mission__activity_ends_on": "next year"}, "Write the date as year-month-day"),
        ({"mission__orbits": ["moonlight"]}, "is not one of the choices"),
        ({"mission__direct_to_device": "maybe"}, "is not one of the choices"),
        (
            {"mission__special_activities": ["celestial_body", "_dont_know"]},
            "Keep one of them.",
        ),
    ],
)
def test_a_wrong_fact_gets_its_sentence_and_nothing_typed_is_lost(
    as_ada: Client,
    assessment: Assessment,
    sent: dict[str, Any],
    sentence: str,
    headers: dict[str, str],
) -> None:
    before = stated(assessment)
    answers = {"mission__satellite_count": "77", **sent}
    response = as_ada.post(url(assessment), form(assessment, **answers), headers=headers)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "everything you typed is still here" in page
    wrong = next(iter(sent)).replace("__", ".")
    assert stated(assessment)[wrong] == before[wrong]
    if not headers:
        assert stated(assessment) == before
        assert 'value="77"' in page
        typed = next(iter(sent.values()))
        if isinstance(typed, str) and typed != "maybe":
            assert f'value="{typed}"' in page


def test_live_one_wrong_answer_does_not_hold_up_the_others(
    as_ada: Client, assessment: Assessment
) -> None:
    sent = form(assessment, mission__satellite_count="77", mission__satellite_mass_kg="heavy")
    assert as_ada.post(url(assessment), sent, headers=HTMX).status_code == 422
    assert stated(assessment)["mission.satellite_count"] == "77"
    assert stated(assessment)[MASS] == "146"


def test_live_a_wrong_answer_leaves_with_its_question(
    as_ada: Client, assessment: Assessment
) -> None:
    sent = form(assessment, mission__orbits=["geo"], mission__satellite_mass_kg="heavy")
    assert as_ada.post(url(assessment), sent, headers=HTMX).status_code == 200
    assert stated(assessment)[ORBITS] == ["geo"]


def test_a_launch_window_that_closes_before_it_opens_is_told_at_the_field(
    as_ada: Client, assessment: Assessment
) -> None:
    sent = form(assessment, mission__launch_window_until="2027-03-01")
    response = as_ada.post(url(assessment, "launch"), sent)
    page = response.content.decode()
    assert response.status_code == 422
    field = page.partition('id="fact-mission-launch_window_until-error"')[2][:600]
    assert "Correct one of the dates." in field


def test_the_roles_cannot_be_emptied(as_ada: Client, assessment: Assessment) -> None:
    response = as_ada.post(url(assessment, "firm"), form(assessment, firm__roles=[]))
    assert response.status_code == 422
    assert "Choose at least one thing that the firm does." in response.content.decode()


# --- two people at once ---------------------------------------------------------------------------


def test_two_people_may_answer_different_questions_at_once(
    as_ada: Client, assessment: Assessment, ada: Membership
) -> None:
    sent = form(assessment, mission__satellite_mass_kg="200", mission__satellite_count="1")
    save_facts(assessment=assessment, values={"mission.satellite_count": "9"}, by=ada)
    assert as_ada.post(url(assessment), sent).status_code == 302
    assert stated(assessment)[MASS] == "200"
    assert stated(assessment)["mission.satellite_count"] == "9"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_same_question_answered_twice_is_never_overwritten_silently(
    as_ada: Client, assessment: Assessment, ada: Membership, headers: dict[str, str]
) -> None:
    sent = form(assessment, mission__satellite_mass_kg="200")
    save_facts(assessment=assessment, values={MASS: "300"}, by=ada)
    response = as_ada.post(url(assessment), sent, headers=headers)
    page = response.content.decode()
    assert response.status_code == 412
    assert "Theirs: 300 kg." in page
    assert 'value="200"' in page
    assert stated(assessment)[MASS] == "300"
    assessment.refresh_from_db()
    again = form(assessment, mission__satellite_mass_kg="200")
    as_ada.post(url(assessment), again, headers=headers)
    assert stated(assessment)[MASS] == "200"


# --- who, and when --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["ben", "cleo", "vera"])
def test_only_a_manager_changes_facts(
    client: Client, assessment: Assessment, role: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    page = client.get(url(assessment)).content.decode()
    assert 'name="mission.orbits"' not in page
    assert "A manager of the firm states the facts." in page
    assert "146 kg" in page
    sent = form(assessment, mission__satellite_mass_kg="200")
    assert client.post(url(assessment), sent).status_code == 403
    assert stated(assessment)[MASS] == "146"


def test_facts_of_a_submitted_assessment_can_be_read_only(
    as_ada: Client, submission: Submission
) -> None:
    assessment = Assessment.objects.get(pk=submission.assessment_id)
    page = as_ada.get(url(assessment)).content.decode()
    assert 'name="mission.orbits"' not in page
    assert "in the status “Submitted”" in page
    sent = form(assessment, mission__satellite_mass_kg="200")
    assert as_ada.post(url(assessment), sent).status_code == 409
    assert stated(assessment)[MASS] == "146"


@pytest.mark.parametrize("reopen", [True, False])
def test_returned_facts_are_open_only_where_the_officer_opened_them(
    as_ada: Client, submission: Submission, cleo: Membership, reopen: bool
) -> None:
    record_determination(
        submission=submission,
        requirement_id="cnsa.m07.orbit_lifetime_after_mission",
        outcome="not_met",
        comment="Why?",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(submission=submission, comment="See.", reopen_facts=reopen, by=cleo)
    assessment = Assessment.objects.get(pk=submission.assessment_id)
    page = as_ada.get(url(assessment)).content.decode()
    assert ('name="mission.orbits"' in page) is reopen
    sent = form(assessment, mission__satellite_mass_kg="200")
    assert as_ada.post(url(assessment), sent).status_code == (302 if reopen else 409)


def test_another_firm_finds_no_facts(
    client: Client, assessment: Assessment, dov: Membership
) -> None:
    client.force_login(dov.user)
    assert client.get(url(assessment)).status_code == 404
    sent = form(assessment, mission__satellite_mass_kg="200")
    assert client.post(url(assessment), sent).status_code == 404
    assert stated(assessment)[MASS] == "146"


def test_the_page_speaks_chinese(as_ada: Client, assessment: Assessment) -> None:
    response = as_ada.get(url(assessment), headers={"Accept-Language": "zh-hans"})
    assert "卫星使用哪些轨道" in response.content.decode()
