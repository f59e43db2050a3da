"""`manage.py serve`: site, worker and clock start together, survive a kill, and stop together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings

from tools.services import free_port

START_LIMIT_S, STOP_LIMIT_S = 60, 10

pytestmark = pytest.mark.worker


def wait_for(condition: Callable[[], bool], limit_s: float = START_LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


class Site:
    """A running `manage.py serve` with a folder of its own, and what it prints."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.output = folder / "output"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "TEST_FOLDER": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "BROKER_URL": "",
        }
        self.manage("migrate", "--verbosity", "0")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=output,
                stderr=output,
            )

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def printed(self, text: str) -> bool:
        return text in self.output.read_text()

    def logged(self, name: str, text: str) -> bool:
        log = self.folder / "log" / f"{name}.log"
        return log.is_file() and text in log.read_text()

    def children(self) -> dict[str, int]:
        """The process id of each child by its name."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        names = {Path(f"/proc/{pid}/comm").read_text().strip(): int(pid) for pid in pids.split()}
        return {name.removeprefix("th-"): pid for name, pid in names.items()}

    def group(self) -> list[int]:
        """Every living process of this site: a fork keeps the words of the parent's command."""
        living = []
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(FileNotFoundError, ProcessLookupError):
                if f"--port\0{self.port}\0" in place.read_text():
                    living.append(int(place.parent.name))
        return living

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as it:
                return bool(it.status == 200)
        except OSError:
            return False


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    running = Site(tmp_path)
    yield running
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not running.group(), STOP_LIMIT_S)


def test_the_site_survives_kills_and_stops_within_ten_seconds(site: Site) -> None:
    wait_for(lambda: site.printed(f"Tianheng is ready at http://127.0.0.1:{site.port}/"))
    assert site.healthy()
    wait_for(lambda: site.logged("worker", " ready."))
    wait_for(lambda: site.children().keys() == {"web", "worker", "clock"})
    first = site.children()

    os.kill(first["web"], signal.SIGKILL)
    os.kill(first["worker"], signal.SIGKILL)
    wait_for(lambda: site.printed("worker stopped (signal SIGKILL); starting it again in 1 s."))
    wait_for(lambda: site.children().keys() == {"web", "worker", "clock"})
    wait_for(site.healthy)
    second = site.children()
    assert second["web"] != first["web"]
    assert second["worker"] != first["worker"]
    assert second["clock"] == first["clock"]

    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(STOP_LIMIT_S) == 0
    assert site.printed("Stopped.")
    assert site.group() == []


def test_a_port_in_use_is_one_sentence(site: Site) -> None:
    wait_for(site.healthy)
    refused = site.manage("serve", "--port", str(site.port))
    assert refused.returncode == 1
    assert refused.stdout == ""
    (line,) = refused.stderr.strip().splitlines()
    assert f"Port {site.port} on 127.0.0.1 cannot be used" in line
    assert f"make run PORT={site.port + 1}" in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("DATABASE_URL", "mysql://somewhere/else"),
        ("BROKER_URL", "amqp://somewhere"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("LANGUAGE_CODE", "fr"),
        ("PORT", "eighty"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_sentence(name: str, value: str) -> None:
    refused = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    (line,) = refused.stderr.strip().splitlines()
    assert name in line
    assert value.split(":")[0] in line
