"""What every test shares: no way out to a network, a real browser, a real worker."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation
from playwright.sync_api import Browser, Page, sync_playwright

LOOPBACK_NAMES = frozenset({"localhost", ""})


DATABASE_FIXTURES = frozenset({"db", "transactional_db", "live_server"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stored-only",
        action="store_true",
        help="leave out what touches no database: its outcome is the same on every server",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--stored-only"):
        return
    stored = [item for item in items if touches_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(stored)])
    items[:] = stored


def touches_database(item: pytest.Item) -> bool:
    """Whether a test asks for the database, by its mark or by one of its fixtures."""
    fixtures = DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


class NetworkRefused(AssertionError):
    """A test tried to leave this machine."""


def _is_loopback(host: object) -> bool:
    if not isinstance(host, str) or host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Tests reach this machine only, so that they pass the same way on a train."""
    connect = socket.socket.connect
    look_up = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise NetworkRefused(f"A test tried to connect to {address!r}.")
        connect(self, address)

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in {None, socket.gethostname()} and not _is_loopback(name):
            raise NetworkRefused(f"A test tried to look up {name!r}.")
        return look_up(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test starts in English: a page asked for in Chinese leaves its thread in Chinese."""
    with translation.override("en"):
        yield


CHROMIUM_OPTIONS = (
    "--no-sandbox",  # CI runs as root, where Chromium refuses to start with its sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@pytest.fixture(scope="session")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright; one process for all tests.

    The database comes first: Playwright keeps an event loop in this thread, which Django takes
    for an asynchronous view, from the first page to the end of the session.
    """
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("Chromium is missing. `make test` installs it.")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM_OPTIONS])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh browser window without cookies; a script that fails on the page fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(15_000)
    faults: list[str] = []
    window = context.new_page()
    window.on("pageerror", lambda error: faults.append(str(error)))
    yield window
    context.close()
    assert faults == []


WORKER_START_LIMIT_S = 60


@pytest.fixture
def worker(transactional_db: None) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker on the database and the broker of the test, ready for its tasks."""
    with start_worker() as process:
        yield process


@contextmanager
def start_worker() -> Iterator[subprocess.Popen[bytes]]:
    """Another worker, as long as the block lasts."""
    pool = "threads" if settings.CELERY_BROKER_URL.startswith("filesystem://") else "prefork"
    options = ["--pool", pool, "--concurrency", "2", "--loglevel", "INFO"]
    options += ["--without-gossip", "--without-mingle"]
    with tempfile.NamedTemporaryFile(prefix="worker-", suffix=".log") as output:
        log = Path(output.name)
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config.celery", "worker", *options],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings_test",
                "DATABASE_URL": database_url(),
            },
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + WORKER_START_LIMIT_S
            while b" ready." not in log.read_bytes():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            sys.stdout.write(log.read_text())  # pytest shows it when the test fails


def database_url() -> str:
    """The address of the test's database, for a process that the test starts."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
