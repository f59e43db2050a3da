"""The firm's pages in a real browser: saved while typing, filtered live, open to everybody."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from compliance.models import Answer, Assessment, Membership
from compliance.services.answers import save_answer
from tests.compliance.pages.browser import faults_of, fits, sign_in

pytestmark = pytest.mark.browser

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
POLICY = "cnsa.m18.third_party_policy_in_force"


def test_an_answer_is_saved_while_it_is_given(
    page: Page, live_server: LiveServer, assessment: Assessment, ben: Membership
) -> None:
    sign_in(page, live_server, ben)
    page.goto(live_server.url + reverse("requirement", args=[assessment.pk, NUMBER]))
    page.locator("#value").fill("123 km")
    page.locator("#note").fill("NRLMSISE-00")
    expect(page.locator("#value-error")).to_contain_text("Write the number only, in years.")
    page.locator("#value").fill("60")
    page.locator("#note").focus()
    expect(page.locator("#outcome")).to_contain_text("over the limit of 25 years")
    expect(page.locator("#value-error")).to_be_hidden()
    expect(page.locator("#note")).to_have_value("NRLMSISE-00")
    page.get_by_role("button", name="Come back to this").click()
    expect(page.locator("#flag-come_back")).to_have_attribute("aria-pressed", "true")
    answer = Answer.objects.get(assessment=assessment, requirement=NUMBER)
    assert (answer.value, answer.note, answer.flag) == ("60", "NRLMSISE-00", "come_back")


def test_enter_saves_once_and_is_no_conflict_with_oneself(
    page: Page, live_server: LiveServer, assessment: Assessment, ben: Membership
) -> None:
    sign_in(page, live_server, ben)
    page.goto(live_server.url + reverse("requirement", args=[assessment.pk, NUMBER]))
    page.locator("#value").fill("4")
    page.locator("#value").press("Enter")
    expect(page.locator("#outcome")).to_contain_text("4 years is within the limit")
    expect(page.locator("#flag-dont_know")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.wait_for_load_state("networkidle")
    assert page.get_by_text("saved this answer before you").count() == 0


def test_a_link_waits_for_the_note_that_is_on_its_way(
    page: Page, live_server: LiveServer, assessment: Assessment, ben: Membership
) -> None:
    sign_in(page, live_server, ben)
    here = live_server.url + reverse("requirement", args=[assessment.pk, NUMBER])
    page.goto(here)
    page.locator("#note").fill("The last words before leaving.")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url(lambda address: address != here)
    answer = Answer.objects.get(assessment=assessment, requirement=NUMBER)
    assert answer.note == "The last words before leaving."


def test_two_people_at_once_choose_what_to_keep(
    page: Page, live_server: LiveServer, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    sign_in(page, live_server, ben)
    page.goto(live_server.url + reverse("requirement", args=[assessment.pk, NUMBER]))
    save_answer(assessment=assessment, requirement_id=NUMBER, value="14", base_version=0, by=ada)
    page.locator("#value").fill("9.8")
    page.locator("#note").focus()
    expect(page.get_by_text("Ada saved this answer before you")).to_be_visible()
    outcomes = page.locator(".th-conflict tr", has_text="Outcome").locator("td")
    expect(outcomes).to_have_text(
        [re.compile("Partly|Met"), re.compile("Partly|Met"), "Not answered"]
    )
    expect(page.locator(".th-conflict tr", has_text="Evidence")).to_contain_text(
        "whatever you choose"
    )
    page.set_viewport_size({"width": 390, "height": 800})
    assert fits(page)
    assert faults_of(page) == []
    page.get_by_label("Keep yours: 9.8 years").check()
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.locator("#value")).to_have_value("9.8")
    answer = Answer.objects.get(assessment=assessment, requirement=NUMBER)
    assert (answer.value, answer.version) == ("9.8", 2)


def test_a_question_appears_when_it_begins_to_matter(
    page: Page, live_server: LiveServer, assessment: Assessment, ada: Membership
) -> None:
    sign_in(page, live_server, ada)
    group = f"{reverse('assessment_facts', args=[assessment.pk])}?group=spacecraft"
    page.goto(live_server.url + group)
    altitude = page.locator("#fact-mission-lowest_altitude_km-value")
    expect(altitude).to_have_count(0)
    page.get_by_label("Elongated elliptical orbit").check()
    expect(altitude).to_be_visible()
    altitude.fill("80 miles")
    page.keyboard.press("Tab")
    wrong = page.locator("#fact-mission-lowest_altitude_km-error")
    expect(wrong).to_contain_text("Write the number only, in km.")
    page.get_by_label("Elongated elliptical orbit").uncheck()
    expect(altitude).to_have_count(0)


def test_the_list_is_searched_and_walked_with_the_keyboard(
    page: Page, live_server: LiveServer, assessment: Assessment, ada: Membership
) -> None:
    sign_in(page, live_server, ada)
    page.goto(live_server.url + reverse("assessment_tasks", args=[assessment.pk]))
    page.keyboard.press("/")
    page.keyboard.type("lifetime after")
    expect(page.locator(".th-reqs li")).to_have_count(1)
    assert "q=lifetime" in page.url
    page.locator("h1").click()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requirements/{NUMBER}/")
    page.go_back()
    expect(page.locator("#q")).to_have_value("lifetime after")


def test_everything_works_without_a_script(
    chromium: Browser, live_server: LiveServer, assessment: Assessment, ada: Membership
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, live_server, ada)
    page.goto(live_server.url + reverse("requirement", args=[assessment.pk, POLICY]))
    page.get_by_label("In place", exact=False).first.check()
    page.get_by_role("textbox", name="Note for the officer").fill("Without a script.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("The answer is saved.")).to_be_visible()
    page.goto(live_server.url + reverse("assessment_tasks", args=[assessment.pk]))
    page.get_by_label("Search requirements").fill("M18-01")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".th-reqs li")).to_have_count(1)
    facts = f"{reverse('assessment_facts', args=[assessment.pk])}?group=spacecraft"
    page.goto(live_server.url + facts)
    page.get_by_label("Elongated elliptical orbit").check()
    page.get_by_role("button", name="Save and show what follows").click()
    expect(page.locator("#fact-mission-lowest_altitude_km-value")).to_be_visible()
    context.close()
    answer = Answer.objects.get(assessment=assessment, requirement=POLICY)
    assert (answer.value, answer.note) == ("in_place", "Without a script.")
