"""What the tests in a real browser share: signing in, and what axe-core finds on a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from compliance.models import Membership

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What passes is not counted: that takes half of the time.
OPTIONS = {"runOnly": RULES, "resultTypes": ["violations"]}


def sign_in(page: Page, site: LiveServer, member: Membership) -> None:
    """The person's session, without the form."""
    client = Client()
    client.force_login(member.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site.url}]
    )


# Of a long list the first lines: the others come out of the same loop of the same template.
LONG = {
    "exclude": [["li:nth-of-type(n+6)"], ["tr:nth-of-type(n+6)"], ["details.th-m:nth-of-type(n+4)"]]
}


def faults_of(page: Page) -> list[tuple[str, str]]:
    """The rules of WCAG 2.2 AA and of good practice that the page breaks, each with a place."""
    found = Axe().run(page, context=LONG, options=OPTIONS).response["violations"]
    return [(fault["id"], fault["nodes"][0]["html"]) for fault in found]


def fits(page: Page) -> bool:
    """Whether nothing of the page stands beyond the right edge of the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
