"""Every page of the table, in a real browser: both languages, both themes, wide and narrow.

Whatever answers a whole page is walked, so that a new page needs no line here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Error
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from compliance.models import Membership
from tests.compliance.pages.browser import faults_of, fits, sign_in
from tests.compliance.test_access import TABLE, World, world_of

pytestmark = pytest.mark.browser

POLICY = "cnsa.m18.third_party_policy_in_force"
CHOICE = "cnsa.m08.system_protection_level"
LOOKS = (("en", "light", 1440), ("zh-hans", "dark", 390))
NARROW = {"width": 390, "height": 800}
# Other sides of a page than the one its address opens with.
SIDES = (
    ("firm_actions", "?view=board"),
    ("firm_actions", "?q=nothing-like-it"),
    ("assessment_tasks", "?view=does_not_apply"),
    ("assessment_tasks", "?view=severity&who=nobody"),
    ("assessment_facts", "?group=spacecraft"),
    ("submission_trace", "?score=evidence"),
    ("catalogue", "?by=source"),
    ("catalogue", "?by=today"),
    ("catalogue", "?q=insurance"),
    ("notifications", "?show=unread"),
)
ACCOUNT = ("account_change_password", "account_logout")
SIGNED_OUT = ("account_login", "account_reset_password", "account_signup")


@dataclass(frozen=True)
class Stop:
    """One address, and who opens it; nobody for a page that needs no sign-in."""

    who: str
    address: str


@pytest.fixture
def world(
    ada: Membership,
    ben: Membership,
    cleo: Membership,
    vera: Membership,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    monkeypatch.setattr("compliance.tasks.ask_for", lambda report_id: None)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return world_of(ada, ben, cleo, "Demo")


def stops(world: World) -> Iterator[Stop]:
    """Every address that somebody may open, with the role that sees most there."""
    for name, page in TABLE.items():
        if page.get is None or 200 not in page.get:
            continue
        _viewer, contributor, manager, officer = (status == 200 for status in page.get)
        who = "ada" if manager else "ben" if contributor else "cleo" if officer else "vera"
        yield Stop("" if page.is_public else who, world.url(name))
        yield from (Stop(who, world.url(name).partition("?")[0] + q) for n, q in SIDES if n == name)
    for requirement in (POLICY, CHOICE):
        yield Stop("ada", reverse("requirement", args=[world.things["draft"], requirement]))
        yield Stop("", reverse("catalogue_requirement", args=[requirement]))
    yield Stop("cleo", world.url("corrective_action"))
    yield Stop("cleo", world.url("submission"))
    yield from (Stop("ada", reverse(name)) for name in ACCOUNT)
    yield from (Stop("", reverse(name)) for name in SIGNED_OUT)
    yield Stop("ada", "/nowhere/")


def is_page(reply: object) -> bool:
    """Not a download, nor a part that a script swaps in."""
    content = getattr(reply, "content", b"")
    return bool(content.lstrip()[:15].lower() == b"<!doctype html>")


def test_every_page_is_open_to_everybody_and_fits_a_telephone(
    chromium: Browser, live_server: LiveServer, world: World, request: pytest.FixtureRequest
) -> None:
    people = {who: request.getfixturevalue(who) for who in ("ada", "ben", "cleo", "vera")}
    clients = {who: Client(raise_request_exception=False) for who in ("", *people)}
    for who, member in people.items():
        clients[who].force_login(member.user)
    way = sorted(
        {stop for stop in stops(world) if is_page(clients[stop.who].get(stop.address))},
        key=lambda stop: (stop.who, stop.address),
    )
    assert len(way) > len(TABLE) / 2
    wrong: dict[str, object] = {}
    broken: list[Error] = []  # scripts
    for language, theme, width in LOOKS:
        for who in clients:
            context = chromium.new_context(
                viewport={"width": width, "height": 900},
                locale="zh-CN" if language == "zh-hans" else "en-GB",
            )
            page = context.new_page()
            page.on("pageerror", lambda error: broken.append(error))
            context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
            if who:
                user = people[who].user
                user.language = language
                user.save(update_fields=["language"])
                sign_in(page, live_server, people[who])
            for stop in way:
                if stop.who != who:
                    continue
                page.goto(live_server.url + stop.address)
                place = f"{stop.address} {language} {theme} {width}"
                if faults := faults_of(page):
                    wrong[place] = faults
                if width != NARROW["width"]:
                    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
                if not fits(page):
                    wrong[f"{place}, narrow"] = "scrolls sideways"
                if width != NARROW["width"]:
                    page.set_viewport_size({"width": width, "height": 900})
            context.close()
    assert broken == []
    assert wrong == {}, "\n".join(f"{place}: {fault}" for place, fault in wrong.items())
