"""`make screenshots`: the main pages in both languages, written to docs/screenshots/.

A fresh database with the demo firms, Django's own test server and a real browser; nothing of the
installation's own data is touched. Pictures are kept small: 256 colours, at most 150 KB each.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop

import django

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screenshots"
MOST_BYTES = 150_000
WIDTH, HEIGHT, TALLEST = 1440, 900, 1500
LANGUAGES = ("en", "zh-hans")
MANAGER, OFFICER = "manager@demo.example", "officer@demo.example"


@dataclass(frozen=True)
class Shot:
    """One page as one person sees it."""

    name: str
    address: str
    email: str = MANAGER
    theme: str = "light"
    width: int = WIDTH


def shots() -> list[Shot]:
    """The pages worth showing, of the demo firm."""
    from django.urls import reverse

    from compliance.models import Assessment, Submission

    draft = Assessment.objects.get(title="DO-3 launch campaign 2027")
    waiting = Submission.objects.get(assessment__title="Ground network 2026")
    policy, orbit = (
        reverse("requirement", args=[draft.pk, name])
        for name in (
            "cnsa.m18.third_party_policy_in_force",
            "cnsa.m07.orbit_lifetime_after_mission",
        )
    )
    tasks = reverse("assessment_tasks", args=[draft.pk])
    home = reverse("firm_home", args=[draft.firm_id])
    actions = reverse("firm_actions", args=[draft.firm_id])
    return [
        Shot("home", home),
        Shot("home-dark", home, theme="dark"),
        Shot("facts", reverse("assessment_facts", args=[draft.pk])),
        Shot("tasks", tasks),
        Shot("tasks-phone", tasks, width=390),
        Shot("requirement", policy),
        Shot("requirement-number", orbit),
        Shot("requirement-phone", policy, width=390),
        Shot("check", reverse("assessment_check", args=[draft.pk])),
        Shot("trace", f"{reverse('assessment_trace', args=[draft.pk])}?score=duty&scope=measure:7"),
        Shot("compare", reverse("firm_compare", args=[draft.firm_id])),
        Shot("people", reverse("firm_people", args=[draft.firm_id])),
        Shot("evidence", reverse("evidence_library", args=[draft.firm_id])),
        Shot("desk", reverse("desk"), email=OFFICER),
        Shot("review", reverse("review", args=[waiting.pk]), email=OFFICER),
        Shot("submission", reverse("submission", args=[waiting.pk])),
        Shot("catalogue", reverse("catalogue")),
        Shot("actions", actions),
        Shot("actions-board", f"{actions}?view=board"),
        Shot("actions-phone", actions, width=390),
        Shot("action", reverse("corrective_action", args=[_first_action(draft.firm_id)])),
        Shot("notifications", reverse("notifications")),
        Shot("notification-settings", reverse("notification_preferences")),
        Shot("trail", reverse("firm_trail", args=[draft.firm_id])),
        Shot("workbook", reverse("workbook", args=[draft.pk])),
    ]


def _first_action(firm_id: UUID) -> UUID:
    from compliance.models import CorrectiveAction

    action = CorrectiveAction.objects.filter(firm=firm_id, status="in_progress")[0]
    return action.pk


@contextmanager
def served_demo() -> Iterator[str]:
    """The address of a server with the demo firms, on a database that is gone afterwards."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.db import connections
    from django.test.testcases import LiveServerThread
    from django.test.utils import override_settings

    from compliance.demo import make_demo
    from compliance.notices.events import announce

    call_command("migrate", verbosity=0)
    make_demo()
    announce()
    with override_settings(ALLOWED_HOSTS=["*"], DEBUG=False, STATIC_URL="/static/"):
        connection = connections["default"]
        server = LiveServerThread("localhost", StaticFilesHandler, connections_override={})
        server.daemon = True
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        try:
            yield f"http://localhost:{server.port}"
        finally:
            server.terminate()
            connection.close()


def session_of(email: str, language: str) -> str:
    """The key of a new session of this person, who reads in that language."""
    from django.conf import settings
    from django.test import Client

    from compliance.models import User

    user = User.objects.get(email=email)
    user.language = language
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def small_png(picture: bytes) -> bytes:
    """The picture in few colours, and lower where it would still be too large."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    while True:
        content = io.BytesIO()
        # The octree keeps small areas of colour, such as the bars, which a median cut blends.
        few = image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(content, "PNG", optimize=True)
        if content.tell() <= MOST_BYTES:
            return content.getvalue()
        image = image.crop((0, 0, image.width, int(image.height * 0.85)))


def main() -> int:
    """Write every picture, and say how many there are."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        sys.stderr.write("Chromium is missing. `make test` installs it.\n")
        return 1
    django.setup()
    from django.conf import settings

    TARGET.mkdir(parents=True, exist_ok=True)
    count = 0
    with served_demo() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        for language in LANGUAGES:
            for shot in shots():
                locale = "zh-CN" if language == "zh-hans" else "en-GB"
                size = {"width": shot.width, "height": HEIGHT}
                context = browser.new_context(viewport=size, locale=locale)  # type: ignore[arg-type]
                key = session_of(shot.email, language)
                context.add_cookies(
                    [
                        {"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site},
                        {"name": "theme", "value": shot.theme, "url": site},
                    ]
                )
                page = context.new_page()
                page.goto(site + shot.address, wait_until="networkidle")
                height = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({"width": shot.width, "height": min(height, TALLEST)})
                name = shot.name if language == "en" else f"{shot.name}.{language}"
                (TARGET / f"{name}.png").write_bytes(small_png(page.screenshot()))
                count += 1
                context.close()
        browser.close()
    sys.stdout.write(f"{count} pictures in docs/screenshots/.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
