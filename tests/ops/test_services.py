"""The servers of the tests: private, and gone when the command ends, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tools import services
from tools.project import ROOT


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that PostgreSQL's own user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def test_both_servers_answer_only_with_the_password_and_are_gone_afterwards(
    temporary: Path,
) -> None:
    with services.services() as urls:
        assert len(list(temporary.iterdir())) == 2
        with psycopg.connect(urls["DATABASE_URL"]) as database:
            assert database.execute("SELECT 1").fetchone() == (1,)
        password = urlsplit(urls["DATABASE_URL"]).password
        assert password
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(urls["DATABASE_URL"].replace(password, "guess"))
        port = urlsplit(urls["BROKER_URL"]).port
        assert port
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    with pytest.raises(psycopg.OperationalError, match="onnection refused"):
        psycopg.connect(urls["DATABASE_URL"])
    assert list(temporary.iterdir()) == []


def test_a_terminated_run_stops_its_servers(temporary: Path) -> None:
    code = "import os, time; print(os.environ['BROKER_URL'], flush=True); time.sleep(600)"
    run = subprocess.Popen(
        [sys.executable, "-m", "tools.services", sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    port = urlsplit(run.stdout.readline().strip()).port
    assert port
    assert len(list(temporary.iterdir())) == 2
    run.send_signal(signal.SIGTERM)
    assert run.wait(30) == 128 + signal.SIGTERM
    run.stdout.close()
    assert list(temporary.iterdir()) == []
    with redis.Redis(port=port) as broker, pytest.raises(redis.ConnectionError):
        broker.ping()


def test_the_exit_code_is_that_of_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.services", "sh", "-c", "exit 7"], cwd=ROOT, check=False
    )
    assert done.returncode == 7
