"""`make test`: both pairs of servers, the right exit code, the truth in the last line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tools import run_tests
from tools.services import follow, running

URLS = {"DATABASE_URL": "postgres://x", "BROKER_URL": "redis://x"}
Run = tuple[list[str], Mapping[str, str]]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[Run]:
    """The pytest runs that were asked for: on SQLite first, it runs beside the other.

    Given are their exit codes: that on PostgreSQL, and that on SQLite.
    """
    asked: list[Run] = []
    on_servers, embedded = request.param

    def run_with(command: Sequence[str], environment: Mapping[str, str]) -> int:
        asked.append((list(command[3:]), environment))
        return int(on_servers)

    @contextmanager
    def beside(
        command: Sequence[str], environment: Mapping[str, str], output: IO[bytes]
    ) -> Iterator[subprocess.Popen[bytes]]:
        asked.append((list(command[3:]), environment))
        ends = f"print('the summary'); raise SystemExit({embedded})"
        with running([sys.executable, "-c", ends], {}, output) as process:
            yield process

    @contextmanager
    def services() -> Iterator[dict[str, str]]:
        yield URLS

    monkeypatch.setattr(run_tests, "run_with", run_with)
    monkeypatch.setattr(run_tests, "running", beside)
    monkeypatch.setattr(run_tests, "services", services)
    return asked


@pytest.mark.parametrize("runs", [(0, 0)], indirect=True)
def test_the_whole_suite_runs_on_sqlite_and_all_but_the_browser_on_postgresql(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://the-developers-own")
    assert run_tests.run(["-k", "answer"]) == 0
    (embedded, environment), (on_servers, server_environment) = runs
    assert on_servers == ["--stored-only", "-m", "not browser", "-k", "answer"]
    assert URLS.items() <= server_environment.items()
    assert embedded == ["-k", "answer"]
    assert "DATABASE_URL" not in environment
    assert "BROKER_URL" not in environment
    assert capfd.readouterr().out.endswith("the summary\n")


@pytest.mark.parametrize("runs", [(1, 0)], indirect=True)
def test_a_failure_on_postgresql_is_what_the_run_ends_with(
    runs: list[Run], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_tests.run([]) == 1
    assert "the summary" not in capfd.readouterr().out


@pytest.mark.parametrize("runs", [(0, 1)], indirect=True)
def test_a_failure_on_sqlite_fails_the_run(runs: list[Run]) -> None:
    assert run_tests.run([]) == 1


@pytest.mark.parametrize("runs", [(5, 0)], indirect=True)
def test_a_choice_of_browser_tests_only_is_no_failure_on_postgresql(runs: list[Run]) -> None:
    assert run_tests.run(["-k", "walk"]) == 0


def test_a_command_beside_another_does_not_outlive_it(tmp_path: Path) -> None:
    with (tmp_path / "said").open("wb") as output:
        command = [sys.executable, "-c", "import time; print('on', flush=True); time.sleep(60)"]
        with running(command, {}, output) as process:
            while not (tmp_path / "said").read_bytes():
                assert process.poll() is None
        assert process.poll() is not None


def test_what_was_said_is_followed_to_the_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "said").open("wb") as output:
        ends = "print('first', flush=True); import time; time.sleep(.3); print('last'); exit(3)"
        with running([sys.executable, "-c", ends], {}, output) as process:
            assert follow(process, str(tmp_path / "said")) == 3
    assert capfd.readouterr().out == "first\nlast\n"
