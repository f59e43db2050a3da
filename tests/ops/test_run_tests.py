"""`make test`: both pairs of servers, the right exit code, the truth in the last line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from tools import run_tests

URLS = {"DATABASE_URL": "postgres://x", "BROKER_URL": "redis://x"}
Run = tuple[list[str], Mapping[str, str]]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[Run]:
    """The pytest runs that were asked for; each ends with the next of the given exit codes."""
    asked: list[Run] = []
    codes = iter(request.param)

    def run_with(command: Sequence[str], environment: Mapping[str, str]) -> int:
        asked.append((list(command[3:]), environment))
        code: int = next(codes)
        return code

    @contextmanager
    def services() -> Iterator[dict[str, str]]:
        yield URLS

    monkeypatch.setattr(run_tests, "run_with", run_with)
    monkeypatch.setattr(run_tests, "services", services)
    return asked


@pytest.mark.parametrize("runs", [(0, 0)], indirect=True)
def test_the_whole_suite_runs_on_sqlite_and_all_but_the_browser_on_postgresql(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://the-developers-own")
    assert run_tests.run(["-k", "answer"]) == 0
    (on_servers, server_environment), (embedded, environment) = runs
    assert on_servers == ["--stored-only", "-m", "not browser", "-k", "answer"]
    assert URLS.items() <= server_environment.items()
    assert embedded == ["-k", "answer"]
    assert "DATABASE_URL" not in environment
    assert "BROKER_URL" not in environment


@pytest.mark.parametrize("runs", [(1, 0)], indirect=True)
def test_a_failure_on_postgresql_is_what_the_run_ends_with(runs: list[Run]) -> None:
    assert run_tests.run([]) == 1
    assert len(runs) == 1


@pytest.mark.parametrize("runs", [(0, 1)], indirect=True)
def test_a_failure_on_sqlite_fails_the_run(runs: list[Run]) -> None:
    assert run_tests.run([]) == 1


@pytest.mark.parametrize("runs", [(5, 0)], indirect=True)
def test_a_choice_of_browser_tests_only_is_no_failure_on_postgresql(runs: list[Run]) -> None:
    assert run_tests.run(["-k", "walk"]) == 0
    assert len(runs) == 2
