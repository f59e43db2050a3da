"""The servers of the tests: private, and gone when the command ends, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tools import services
from tools.project import ROOT


def left_behind() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("tianheng-*"))


def test_both_servers_answer_only_with_the_password_and_are_gone_afterwards() -> None:
    before = left_behind()
    with services.services() as urls:
        with psycopg.connect(urls["DATABASE_URL"]) as database:
            assert database.execute("SELECT 1").fetchone() == (1,)
        without = urls["DATABASE_URL"].replace(":" + urls["DATABASE_URL"].split(":")[2], ":x@", 1)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(without.replace("@127.0.0.1@", "@"), connect_timeout=5)
        port = int(urls["BROKER_URL"].rsplit(":", 1)[1].split("/")[0])
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(urls["DATABASE_URL"], connect_timeout=5)
    assert left_behind() <= before


def test_a_terminated_run_stops_its_servers() -> None:
    before = left_behind()
    code = "import os, time; print(os.environ['BROKER_URL'], flush=True); time.sleep(600)"
    run = subprocess.Popen(
        [sys.executable, "-m", "tools.services", sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    port = int(run.stdout.readline().rsplit(":", 1)[1].split("/")[0])
    run.send_signal(signal.SIGTERM)
    assert run.wait(30) == 128 + signal.SIGTERM
    run.stdout.close()
    assert left_behind() <= before
    time.sleep(0.1)
    with redis.Redis(port=port) as broker, pytest.raises(redis.ConnectionError):
        broker.ping()


def test_the_exit_code_is_that_of_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.services", "sh", "-c", "exit 7"], cwd=ROOT, check=False
    )
    assert done.returncode == 7
