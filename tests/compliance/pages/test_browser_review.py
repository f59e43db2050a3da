"""The officer's pages and the firm's home in a real browser."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from compliance.models import Determination, Membership, Submission

pytestmark = pytest.mark.browser
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def sign_in(page: Page, site: LiveServer, member: Membership) -> None:
    client = Client()
    client.force_login(member.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site.url}]
    )


def addresses(submission: Submission) -> list[str]:
    firm = submission.assessment.firm_id
    views = ("review", "review_accept", "submission", "reports")
    return [
        reverse("firm_home", args=[firm]),
        reverse("firm_people", args=[firm]),
        reverse("desk"),
        *(reverse(view, args=[submission.pk]) for view in views),
        reverse("scoring"),
        reverse("verify"),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_accessibility_fault(
    page: Page,
    live_server: LiveServer,
    light_submission: Submission,
    cleo: Membership,
    theme: str,
) -> None:
    sign_in(page, live_server, cleo)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
    for address in addresses(light_submission):
        page.goto(live_server.url + address)
        found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == [], address


def test_no_page_scrolls_sideways_on_a_telephone(
    page: Page, live_server: LiveServer, light_submission: Submission, cleo: Membership
) -> None:
    sign_in(page, live_server, cleo)
    page.set_viewport_size({"width": 390, "height": 800})
    for address in addresses(light_submission):
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_an_officer_reviews_with_the_keyboard(
    page: Page, live_server: LiveServer, light_submission: Submission, cleo: Membership
) -> None:
    sign_in(page, live_server, cleo)
    page.goto(live_server.url + reverse("review", args=[light_submission.pk]))
    first = page.url, page.locator(".th-question").inner_text()
    page.keyboard.press("f")
    expect(page.get_by_label("Raise a finding:")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator(".th-question")).not_to_have_text(first[1])
    page.get_by_text("Partly met").first.click()
    page.get_by_label("Comment to the firm").fill("Half of it.")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert Determination.objects.get().comment == "Half of it."


def test_the_theme_switches_without_loading_the_page(
    page: Page, live_server: LiveServer, db: None
) -> None:
    page.goto(live_server.url + reverse("scoring"))
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Switch between light and dark").first.click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")


def test_a_menu_closes_on_escape_and_gives_the_focus_back(
    page: Page, live_server: LiveServer, cleo: Membership
) -> None:
    sign_in(page, live_server, cleo)
    page.goto(live_server.url + reverse("desk"))
    menu = page.locator(".th-tools details.th-pop.th-wide")
    menu.locator("summary").click()
    expect(page.get_by_role("button", name="Sign out").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
