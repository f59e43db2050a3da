"""Delegating, talking and confirming on the pages; two people at once in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from compliance import clock
from compliance.models import (
    Answer,
    Assessment,
    Comment,
    Delegation,
    DiscussionMark,
    EvidenceUse,
    Membership,
)
from compliance.selectors.discussion import stamp_of
from compliance.services.answers import save_answer
from compliance.services.delegations import delegate
from compliance.services.discussion import add_comment, ask_for_discussion
from compliance.services.evidence import attach_evidence
from tests import factories
from tests.compliance.pages.browser import faults_of, sign_in
from tests.compliance.pages.test_tasks import shown

ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
PLAN = "cnsa.m07.debris_mitigation_plan"
CALLS = "cnsa.m01.research_call_watch"
HTMX = {"HX-Request": "true"}


def url(name: str, assessment: Assessment, *more: object) -> str:
    return reverse(name, args=[assessment.pk, *more])


def test_what_the_list_shows_is_delegated_and_found_by_whose_it_is(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    client.force_login(ada.user)
    tasks = url("assessment_tasks", assessment)
    page = f"{url('delegation', assessment)}?measure=7&severity=blocking"
    offered = client.get(page).content.decode()
    due = (clock.today() + timedelta(days=5)).isoformat()
    wrong = client.post(page, {"requirement": [ORBIT], "to": str(ben.user_id), "due_on": "soon"})
    assert wrong.status_code == 422
    assert "Enter a valid date" in wrong.content.decode()
    assert not Delegation.objects.exists()
    body = {"requirement": [ORBIT, PLAN], "to": str(ben.user_id), "due_on": due, "note": "First"}
    assert f'value="{ORBIT}" checked' in offered
    answer = client.post(page, body)
    assert answer.headers["Location"] == f"{tasks}?severity=blocking&measure=7"
    Delegation.objects.filter(requirement=PLAN).update(due_on=clock.today() - timedelta(days=1))
    client.force_login(ben.user)
    assert set(shown(client.get(tasks, {"who": "me"}).content)) == {"M07-01", "M07-03"}
    assert set(shown(client.get(tasks, {"who": str(ben.user_id)}).content)) == {"M07-01", "M07-03"}
    late = client.get(tasks, {"who": "late"}).content
    assert shown(late) == ["M07-03"]
    assert "was due" in late.decode()
    assert "M07-01" not in shown(client.get(tasks, {"who": "nobody"}).content)
    assert shown(client.get(tasks, {"who": "banana"}).content)
    by_severity = client.get(tasks, {"view": "severity"}).content.decode()
    assert by_severity.count('<details class="th-m"') == 4
    client.force_login(ada.user)
    client.post(page, {"requirement": [ORBIT, PLAN], "withdraw": "1"})
    assert not Delegation.objects.exists()


def test_the_list_asks_for_news_cheaply_and_gets_them_with_its_filters(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    client.force_login(ada.user)
    tasks = url("assessment_tasks", assessment)
    seen = stamp_of(Assessment.objects.get(pk=assessment.pk))
    query = {"seen": seen, "outcome": "discussion"}
    with CaptureQueriesContext(connection) as queries:
        assert client.get(tasks, query, headers=HTMX).status_code == 204
    assert len(queries) <= 4
    ask_for_discussion(assessment=assessment, requirement_id=ORBIT, by=ben)
    news = client.get(tasks, query, headers=HTMX)
    assert shown(news.content) == ["M07-01"]
    assert "Needs discussion" in news.content.decode()
    assert 'id="task-rail" hx-swap-oob="true"' in news.content.decode()


def test_a_page_open_elsewhere_learns_what_changed_and_nothing_else(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    client.force_login(ada.user)
    live = url("requirement_live", assessment, ORBIT)
    first = client.get(live, {"seen": "", "base_version": "0"}, headers=HTMX).content.decode()
    seen = first.split('{"seen": "')[1].split('"')[0]
    again = {"seen": seen, "base_version": "0"}
    with CaptureQueriesContext(connection) as queries:
        assert client.get(live, again, headers=HTMX).status_code == 204
    assert len(queries) <= 6
    save_answer(assessment=assessment, requirement_id=ORBIT, value="4", base_version=0, by=ben)
    add_comment(assessment=assessment, requirement_id=ORBIT, text="See @Ada <b>now</b>", by=ben)
    client.force_login(ben.user)
    client.get(url("requirement", assessment, ORBIT))
    client.force_login(ada.user)
    with CaptureQueriesContext(connection) as queries:
        news = client.get(live, again, headers=HTMX).content.decode()
    assert len(queries) <= 15
    assert "Ben saved a newer answer" in news
    assert '<strong class="th-mention">@Ada</strong> &lt;b&gt;now&lt;/b&gt;' in news
    assert "is looking at this now" in news
    same = client.get(live, {"seen": "", "base_version": "1"}, headers=HTMX).content.decode()
    assert "saved a newer answer" not in same


FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def undo(client: Client, page: str) -> None:
    """Press the button beside the message."""
    form = page[: page.index("Undo</button>")].rpartition("<form")[2]
    address = form.partition('action="')[2].partition('"')[0]
    client.post(address, dict(FIELD.findall(form)))


def test_what_is_taken_away_can_be_put_back(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    client.force_login(ada.user)
    page = url("requirement", assessment, ORBIT)
    day = clock.today() + timedelta(days=5)
    delegate(
        assessment=assessment, requirement_ids=[ORBIT], to=ben, due_on=day, note="First", by=ada
    )
    hands = url("requirement_delegate", assessment, ORBIT)
    undo(client, client.post(hands, {"to": ""}, follow=True).content.decode())
    given = Delegation.objects.get()
    assert (given.to, given.due_on, given.note) == (ben.user, day, "First")
    live = client.post(hands, {"to": ""}, headers=HTMX).content.decode()
    assert 'id="th-messages" hx-swap-oob' in live
    undo(client, live)
    assert Delegation.objects.get().to == ben.user

    comment = add_comment(assessment=assessment, requirement_id=ORBIT, text="See @Ben", by=ada)
    change = url("comment_change", assessment, ORBIT, comment.pk)
    client.post(change, {"remove": "1"})
    assert "See @Ben" not in client.get(page).content.decode()
    for _turn in range(2):
        client.post(change, {"restore": "1"})
    comment.refresh_from_db()
    assert (comment.text, comment.removed_at, comment.version) == ("See @Ben", None, 3)
    assert list(comment.mentions.all()) == [ben.user]
    stranger = Client()
    stranger.force_login(ben.user)
    stranger.post(change, {"remove": "1"})
    assert stranger.post(change, {"restore": "1"}).status_code == 403

    piece = attach_evidence(
        assessment=assessment,
        requirement_id=ORBIT,
        kind="orbit_lifetime_analysis",
        upload=factories.pdf(),
        by=ben,
    )
    detach = url("evidence_detach", assessment, ORBIT, piece.pk)
    told = client.post(detach, follow=True).content.decode()
    assert not EvidenceUse.objects.exists()
    undo(client, told)
    assert EvidenceUse.objects.get().evidence == piece


def test_a_requirement_with_talk_keeps_its_query_budget(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    for number in range(4):
        add_comment(assessment=assessment, requirement_id=ORBIT, text=f"@Ada {number}", by=ben)
    delegate(assessment=assessment, requirement_ids=[ORBIT], to=ben, by=ada)
    ask_for_discussion(assessment=assessment, requirement_id=ORBIT, by=ben)
    client.force_login(ada.user)
    page = url("requirement", assessment, ORBIT)
    client.get(page)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page).status_code == 200
    assert len(queries) <= 15, [query["sql"][:90] for query in queries]


def test_everything_beside_the_answer_works_without_a_script(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    client.force_login(ada.user)
    page = url("requirement", assessment, ORBIT)
    add = url("comment_add", assessment, ORBIT)
    long = "x" * 4001
    kept = client.post(add, {"text": long})
    assert kept.status_code == 422
    assert long in kept.content.decode()
    assert "4,000 are kept" in kept.content.decode()
    assert client.post(add, {"text": "Plain."}).headers["Location"] == f"{page}#talk"
    comment = Comment.objects.get()
    change = url("comment_change", assessment, ORBIT, comment.pk)
    client.post(change, {"text": "Changed."})
    assert "Changed." in client.get(page).content.decode()
    client.post(change, {"remove": "1"})
    assert "This comment was taken back." in client.get(page).content.decode()
    mark = url("requirement_discussion", assessment, ORBIT)
    client.post(mark)
    assert DiscussionMark.objects.filter(requirement=ORBIT).exists()
    client.post(mark, {"resolve": "1"})
    assert not DiscussionMark.objects.exists()
    hand = url("requirement_delegate", assessment, ORBIT)
    for wrong in ({"to": "nobody"}, {"to": str(ben.user_id), "due_on": "2001-01-01"}):
        assert client.post(hand, wrong).status_code == 422
    client.post(hand, {"to": str(ben.user_id), "due_on": "2099-12-31"})
    assert Delegation.objects.get().to == ben.user
    other = Comment.objects.create(
        assessment=assessment, requirement=PLAN, author_name="Ada", text="x", at=clock.now()
    )
    assert client.post(url("comment_change", assessment, ORBIT, other.pk)).status_code == 404


def test_what_was_carried_over_is_confirmed_measure_by_measure(
    client: Client, stated_assessment: Assessment, ada: Membership, vera: Membership
) -> None:
    Answer.objects.filter(assessment=stated_assessment).update(is_carried_over=True)
    client.force_login(ada.user)
    tasks = url("assessment_tasks", stated_assessment)
    check = url("assessment_check", stated_assessment)
    page = client.get(tasks, {"outcome": "carried_over", "measure": "7"}).content
    waiting = shown(page)
    assert f"All {len(waiting)} carried over still hold" in page.decode()
    assert "nobody has confirmed that it still holds" in client.get(check).content.decode()
    confirm = url("carried_confirm", stated_assessment)
    assert client.post(confirm, {"measure": "banana"}).status_code == 422
    said = client.post(confirm, {"measure": "7"}, follow=True).content.decode()
    assert f"{len(waiting)} requirements of measure 7 are confirmed." in said
    left = Answer.objects.filter(assessment=stated_assessment, is_carried_over=True)
    assert left.exists()
    assert not left.filter(requirement__startswith="cnsa.m07.").exists()


@pytest.mark.browser
def test_two_people_work_on_one_requirement_at_once(
    chromium: Browser,
    page: Page,
    live_server: LiveServer,
    assessment: Assessment,
    ada: Membership,
    ben: Membership,
) -> None:
    here = live_server.url + url("requirement", assessment, ORBIT)
    tick = "htmx.trigger(document.body, 'th-tick')"
    other_window = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    bens = other_window.new_page()
    sign_in(page, live_server, ada)
    sign_in(bens, live_server, ben)
    bens.goto(here)
    page.goto(here)
    expect(page.locator("#live")).to_contain_text("Ben is looking at this now")

    # A comment, a mark and a delegation of hers appear in his window.
    page.get_by_label("Write a comment").fill("Is the model right,")
    page.get_by_role("button", name="@Ben").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#talk-text")).to_have_value("")
    page.get_by_role("button", name="Needs discussion").click()
    expect(page.get_by_role("button", name="Resolved")).to_be_visible()
    page.get_by_label("To whom").select_option(label="Ben")
    page.get_by_label("Due on").fill("2099-12-31")
    page.get_by_role("button", name="Delegate", exact=True).click()
    expect(page.locator("#hands-now")).to_contain_text("Ben, due 31 Dec 2099")
    bens.evaluate(tick)
    expect(bens.locator("#talk-list")).to_contain_text("Is the model right, @Ben")
    expect(bens.locator("#hands-now")).to_contain_text("(you), due 31 Dec 2099")
    expect(bens.locator("#talk-mark")).to_contain_text("Needs discussion")

    # His answer appears in her window by itself while she types nothing …
    bens.locator("#value").fill("14")
    bens.locator("#note").focus()
    expect(bens.locator("#saved")).to_contain_text("Saved")
    page.evaluate(tick)
    expect(page.locator("#value")).to_have_value("14")
    expect(page.locator("#outcome")).to_contain_text("14 years")

    # … and never over what she is typing.
    page.locator("#note").fill("Her words, not saved yet")
    bens.locator("#value").fill("15")
    bens.locator("#note").focus()
    expect(bens.locator("#outcome")).to_contain_text("15 years")
    page.evaluate(tick)
    expect(page.locator("#newer")).to_contain_text("Ben saved a newer answer")
    expect(page.locator("#note")).to_have_value("Her words, not saved yet")
    assert faults_of(page) == []
    other_window.close()


@pytest.mark.browser
def test_the_list_is_worked_by_keys_and_changes_by_itself(
    page: Page, live_server: LiveServer, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    sign_in(page, live_server, ben)
    tasks = live_server.url + url("assessment_tasks", assessment)
    page.goto(tasks)
    group = page.locator("#m7")
    group.locator("summary").click()
    expect(group).to_have_attribute("open", "")
    delegate(assessment=assessment, requirement_ids=[ORBIT], to=ben, by=ada)
    page.evaluate("htmx.trigger(document.body, 'th-tick')")
    expect(group.locator(".th-reqs__who")).to_have_text("Ben")
    expect(group).to_have_attribute("open", "")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("mine only")
    assert faults_of(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("m")
    page.wait_for_url("**who=me*")
    expect(page.locator(".th-reqs li")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requirements/{ORBIT}/")
    following = page.locator("a[rel=next]").get_attribute("href")
    page.keyboard.press("j")
    page.wait_for_url(f"**{following}")
    page.goto(live_server.url + url("requirement", assessment, CALLS))
    page.keyboard.press("2")
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert Answer.objects.get(assessment=assessment, requirement=CALLS).value == "partly"
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (tasks, page.url, live_server.url + url("delegation", assessment)):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
