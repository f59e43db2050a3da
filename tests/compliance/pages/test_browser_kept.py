"""In a real browser: nothing typed is lost, and files are dropped into the library."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from compliance.models import Answer, Assessment, Evidence, Membership, Submission
from compliance.services.answers import save_answer
from tests import factories
from tests.compliance.pages.browser import sign_in

pytestmark = pytest.mark.browser

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
WATCH = "cnsa.m01.research_call_watch"
KEPT = "Object.keys(localStorage).filter(name => name.startsWith('tianheng-draft:')).length"


def stored(assessment: Assessment, requirement: str = NUMBER) -> tuple[object, str]:
    answer = Answer.objects.filter(assessment=assessment, requirement=requirement).first()
    return (answer.value, answer.note) if answer else (None, "")


def test_what_is_typed_outlives_a_dropped_network_and_an_ended_session(
    page: Page, live_server: LiveServer, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    sign_in(page, live_server, ben)
    address = live_server.url + reverse("requirement", args=[assessment.pk, NUMBER])
    tasks = live_server.url + reverse("assessment_tasks", args=[assessment.pk])
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(address)

    def lose(route: Route) -> None:
        route.abort() if route.request.method == "POST" else route.continue_()

    # The network drops while a note is typed; the page is left, and found again with the text.
    page.route("**/answer/", lose)
    page.locator("#value").fill("4")
    page.locator("#note").fill("Computed with the wind of the network gone.")
    page.locator("#value").focus()
    expect(page.locator("#saved")).to_contain_text("kept in this browser and sent again by itself")
    page.goto(tasks)
    expect(page.locator("#th-messages")).to_contain_text("waits in this browser")
    page.get_by_role("link", name="M07-01 Orbit lifetime").first.click()
    expect(page.locator("#note")).to_have_value("Computed with the wind of the network gone.")
    assert stored(assessment) == (None, "")
    page.unroute("**/answer/")
    expect(page.locator("#outcome")).to_contain_text("4 years is within the limit")
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert stored(assessment) == ("4", "Computed with the wind of the network gone.")
    expect(page.locator("#answer-form:not([data-th-kept])")).to_be_visible()
    assert page.evaluate(KEPT) == 0

    # The session ends while typing: signing in again leads back, and the text is saved.
    Session.objects.all().delete()
    page.locator("#note").fill("Typed after the session ended.")
    page.locator("#value").focus()
    expect(page.locator("#th-messages")).to_contain_text("You were signed out.")
    page.get_by_role("link", name="Sign in again").click()
    page.locator("#id_login").fill(ben.user.email)
    page.locator("#id_password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(address)
    expect(page.locator("#note")).to_have_value("Typed after the session ended.")
    expect(page.locator("#answer-form:not([data-th-kept])")).to_be_visible()
    assert page.evaluate(KEPT) == 0
    assert stored(assessment) == ("4", "Typed after the session ended.")

    # A colleague saved while the text was kept: both are shown, and the choice ends it.
    page.route("**/answer/", lose)
    page.locator("#value").fill("9")
    page.locator("#note").focus()
    expect(page.locator("#saved")).to_contain_text("Not saved yet")
    version = Answer.objects.get(assessment=assessment, requirement=NUMBER).version
    save_answer(
        assessment=assessment, requirement_id=NUMBER, value="7", base_version=version, by=ada
    )
    page.unroute("**/answer/")
    page.goto(address)
    expect(page.get_by_text("Ada saved this answer before you")).to_be_visible()
    page.get_by_label("Keep yours: 9 years").check()
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.locator("#value")).to_have_value("9")
    expect(page.locator("#answer-form:not([data-th-kept])")).to_be_visible()
    assert page.evaluate(KEPT) == 0
    assert stored(assessment)[0] == "9"


DROP = """files => {
  const given = new DataTransfer();
  for (const [name, text] of files) given.items.add(new File([text], name));
  document.querySelector(".th-lib-drop").dispatchEvent(
    new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true}));
}"""


def test_files_are_dropped_into_the_library_and_each_tells_how_it_went(
    page: Page, live_server: LiveServer, assessment: Assessment, ben: Membership
) -> None:
    sign_in(page, live_server, ben)
    library = live_server.url + reverse("evidence_library", args=[ben.firm_id])
    page.goto(library)
    good = factories.PDF.decode("latin-1")
    page.evaluate(DROP, [["one.pdf", good], ["broken.pdf", "nothing"], ["two.pdf", good]])
    lines = page.locator(".th-upload")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_contain_text("Added.")
    expect(lines.nth(1)).to_contain_text("“broken.pdf” is not a readable PDF file.")
    expect(lines.nth(2)).to_contain_text("Added.")
    expect(page.locator("#library tbody tr")).to_have_count(2)
    assert set(Evidence.objects.values_list("title", flat=True)) == {"one.pdf", "two.pdf"}
    lines.nth(0).get_by_role("link").click()
    page.get_by_label("Kind").select_option("orbit_lifetime_analysis")
    page.get_by_label("Valid until, the last day").first.fill("2030-01-01")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The piece is saved.")).to_be_visible()
    page.get_by_label("Orbit lifetime").first.check()
    page.get_by_role("button", name="Save where it serves").click()
    expect(page.get_by_text("It serves 1 requirement now.")).to_be_visible()
    expect(page.locator(".th-preview img")).to_have_js_property("naturalHeight", 1600)


TYPED = "Object.keys(localStorage).filter(name => name.startsWith('tianheng-typed:')).length"


def test_what_is_typed_into_any_form_comes_back_after_signing_in_again(
    page: Page, live_server: LiveServer, light_submission: Submission, cleo: Membership
) -> None:
    sign_in(page, live_server, cleo)
    name = light_submission.content["requirements"][0]["requirement"]
    answer = reverse("review_requirement", args=[light_submission.pk, name])
    page.goto(live_server.url + answer)
    comment = page.get_by_label("Comment to the firm")
    missing = page.get_by_label("What is missing")

    # The session ends while a finding is written; it is sent, and nobody is there to take it.
    page.locator("input[name=outcome][value=partly_met]").check()
    comment.fill("Half of it.")
    page.locator("summary", has_text="Raise a finding").click()
    page.get_by_label("Raise a finding:").check()
    missing.fill("The second half.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Save").click()
    page.locator("#id_login").fill(cleo.user.email)
    page.locator("#id_password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{answer}")
    expect(page.locator(".th-typed")).to_contain_text("What you typed is back.")
    expect(comment).to_have_value("Half of it.")
    expect(missing).to_be_visible()
    expect(missing).to_have_value("The second half.")
    expect(page.locator("input[name=outcome][value=partly_met]")).to_be_checked()

    # A refusal keeps it, a save ends it.
    comment.fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".th-errors")).to_be_visible()
    assert page.evaluate(TYPED) == 1
    comment.fill("Half of it.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    assert page.evaluate(TYPED) == 0
    assert light_submission.findings.get().missing == "The second half."

    # A page left by mistake; what is discarded stays away, and no tick of a signature comes back.
    accept = live_server.url + reverse("review_accept", args=[light_submission.pk])
    page.goto(accept)
    page.get_by_label("Statement").fill("Reviewed in full.")
    page.locator("input[name=signed]").check()
    page.goto(live_server.url + reverse("desk"))
    page.goto(accept)
    expect(page.get_by_label("Statement")).to_have_value("Reviewed in full.")
    expect(page.locator("input[name=signed]")).not_to_be_checked()
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("Statement")).to_have_value("")
    assert page.evaluate(TYPED) == 0


def test_a_fact_that_was_typed_is_saved_when_the_page_is_opened_again(
    page: Page, live_server: LiveServer, assessment: Assessment, ada: Membership
) -> None:
    sign_in(page, live_server, ada)
    facts = f"{live_server.url}{reverse('assessment_facts', args=[assessment.pk])}?group=firm"
    page.goto(facts)
    page.locator("#fact-firm-staff-value").fill("41")
    page.route(
        "**/facts/**",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    page.keyboard.press("Tab")
    page.unroute("**/facts/**")
    page.goto(live_server.url + reverse("scoring"))
    page.goto(facts)
    expect(page.locator("#facts-saved")).to_contain_text("Saved")
    assessment.refresh_from_db()
    assert assessment.facts["firm.staff"] == "41"
    assert page.evaluate(TYPED) == 0
