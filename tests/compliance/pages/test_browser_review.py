"""The officer's pages and the firm's home in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from compliance.models import Determination, Membership, Submission
from tests.compliance.pages.browser import sign_in

pytestmark = pytest.mark.browser


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
