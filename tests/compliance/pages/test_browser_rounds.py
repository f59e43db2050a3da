"""A review of three rounds in a real browser, with two officers, and the board after it."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from compliance.models import (
    Answer,
    CorrectiveAction,
    Determination,
    Membership,
    Role,
    Submission,
)
from compliance.services.answers import save_answer
from tests import factories
from tests.compliance.pages.browser import sign_in
from tests.compliance.pages.conftest import claimed

pytestmark = pytest.mark.browser


def answer_again(submission: Submission, name: str, note: str, ben: Membership) -> None:
    stored = Answer.objects.get(assessment=submission.assessment, requirement=name)
    save_answer(
        assessment=submission.assessment,
        requirement_id=name,
        value=stored.value,
        note=note,
        base_version=stored.version,
        by=ben,
    )


def hand_in_again(submission: Submission, ada: Membership) -> Submission:
    submission.assessment.refresh_from_db()
    return factories.submitted(submission.assessment, ada)


def determine(page: Page, outcome: str, comment: str, *, opens_again: bool = False) -> None:
    page.locator(f"input[name=outcome][value={outcome}]").check()
    page.get_by_label("Comment to the firm").fill(comment)
    if opens_again:
        page.get_by_label("Open this answer again").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()


def test_three_rounds_end_with_an_action_that_is_verified_on_the_board(
    page: Page,
    chromium: Browser,
    live_server: LiveServer,
    light_submission: Submission,
    ada: Membership,
    ben: Membership,
    cleo: Membership,
) -> None:
    hu = factories.member(cleo.firm, Role.OFFICER, "Hu")
    first, name = light_submission, claimed(light_submission, "met")[0]

    def address(submission: Submission) -> str:
        path = reverse("review_requirement", args=[submission.pk, name])
        return live_server.url + path

    # Round 1: two officers see each other, and the second one to save is asked.
    sign_in(page, live_server, cleo)
    page.goto(address(first))
    second_window = chromium.new_context()
    other = second_window.new_page()
    sign_in(other, live_server, hu)
    other.goto(address(first))
    expect(other.get_by_text("Cleo looks at this answer too.")).to_be_visible()
    determine(page, "partly_met", "Show the register.", opens_again=True)
    other.locator("input[name=outcome][value=met]").check()
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_text("Another officer determined this")).to_be_visible()
    assert Determination.objects.get(requirement=name).outcome == "partly_met"
    second_window.close()
    # The firm answers a question in place.
    page.goto(address(first))
    page.keyboard.press("q")
    page.get_by_label("Your question").fill("Since when is it kept?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Not answered yet.")).to_be_visible()
    firm_window = chromium.new_context()
    firm = firm_window.new_page()
    sign_in(firm, live_server, ben)
    asked = reverse("requirement", args=[first.assessment_id, name])
    firm.goto(live_server.url + asked)
    firm.get_by_label("Your answer").fill("Since May.")
    firm.get_by_role("button", name="Answer", exact=True).click()
    expect(firm.locator("#questions")).to_contain_text("→ Since May.")
    assert asked in firm.url
    page.goto(address(first))
    expect(page.locator("#questions")).to_contain_text("→ Since May.")
    page.goto(live_server.url + reverse("review_return", args=[first.pk]))
    page.get_by_label("What the firm has to do").fill("One answer.")
    page.get_by_role("button", name="Return it").click()
    page.wait_for_url("**/desk/")

    # Round 2: only what changed is listed, before and after side by side.
    answer_again(first, name, "Kept since May.", ben)
    second = hand_in_again(first, ada)
    page.goto(live_server.url + reverse("review", args=[second.pk]))
    expect(page.locator(".th-rail [aria-current=true]").first).to_contain_text("Changed since")
    page.goto(address(second))
    expect(page.locator(".th-changes ins")).to_have_text("Kept since May.")
    expect(page.get_by_text("“Show the register.”").first).to_be_visible()
    determine(page, "partly_met", "The second half too.", opens_again=True)
    page.goto(live_server.url + reverse("review_return", args=[second.pk]))
    page.get_by_label("What the firm has to do").fill("The same answer.")
    page.get_by_role("button", name="Return it").click()
    page.wait_for_url("**/desk/")

    # Round 3: a finding, and accepted with conditions.
    answer_again(first, name, "Kept since March.", ben)
    third = hand_in_again(second, ada)
    page.goto(address(third) + "?show=all")
    page.get_by_text("History of this answer").click()
    expect(page.get_by_text("Submission no. 1, round 1:")).to_be_visible()
    before = page.locator(".th-question").inner_text()
    page.keyboard.press("j")
    expect(page.locator(".th-question")).not_to_have_text(before)
    page.keyboard.press("k")
    expect(page.locator(".th-question")).to_have_text(before)
    page.keyboard.press("f")
    page.get_by_label("Raise a finding:").check()
    page.get_by_label("What is missing").fill("The months before March.")
    determine(page, "partly_met", "Close the gap.")
    page.goto(live_server.url + reverse("review_accept", args=[third.pk]))
    expect(page.get_by_text("accepted with conditions")).to_be_visible()
    page.get_by_label("I reviewed this submission").check()
    page.get_by_role("button", name="Accept it").click()
    expect(page.get_by_text("Accepted with conditions").first).to_be_visible()

    # The board: by a button and by dragging; then the officer verifies.
    board = live_server.url + reverse("firm_actions", args=[ada.firm_id]) + "?view=board"
    firm.goto(board)
    firm.get_by_role("button", name="Start").click()
    firm.get_by_text("The action is in progress.").wait_for()
    firm.locator("[data-th-card]").drag_to(firm.locator("[data-th-column=done]"))
    firm.get_by_text("Reported as done.").wait_for()
    assert CorrectiveAction.objects.get().status == "done"
    firm_window.close()
    page.goto(board)
    page.get_by_role("button", name="Verify").click()
    page.get_by_text("Verified.", exact=False).first.wait_for()
    assert CorrectiveAction.objects.get().status == "verified"
