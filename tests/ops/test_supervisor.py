"""The parent process: it restarts what dies, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compliance.supervisor import Child, GaveUp, Supervisor, command_line

LIMIT_S = 20.0


def python(code: str) -> Callable[[], object]:
    return lambda: os.execv(sys.executable, [sys.executable, "-u", "-c", code])


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Running:
    """A supervisor in a thread of its own, without signal handlers."""

    def __init__(self, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(signal, "signal", lambda number, handler: handler)
        self.ready = threading.Event()
        self.supervisor = supervisor
        self.thread = threading.Thread(
            target=supervisor.run,
            kwargs={"is_ready": lambda: True, "when_ready": self.ready.set},
        )
        self.thread.start()

    def stop(self) -> None:
        self.supervisor.stop()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive()


def test_a_dead_child_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    child = Child("sleeper", python("import time; time.sleep(600)"), delay_s=0.1)
    running = Running(
        Supervisor([child], folder=tmp_path, logs=tmp_path, say=said.append), monkeypatch
    )
    try:
        assert running.ready.wait(LIMIT_S)
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: child.pid not in {first, None})
    finally:
        running.stop()
    assert said == ["sleeper stopped (signal SIGKILL); starting it again in 0 s."]


def test_stopping_ends_a_child_that_ignores_the_request_and_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compliance.supervisor.STOP_LIMIT_S", 0.5)
    stubborn = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "open('pid', 'w').write(f'{p.pid}\\n'); time.sleep(600)"
    )
    child = Child("stubborn", python(stubborn))
    supervisor = Supervisor([child], folder=tmp_path, logs=tmp_path, say=print)
    running = Running(supervisor, monkeypatch)
    pid_file = tmp_path / "pid"
    wait_for(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    grandchild = int(pid_file.read_text())
    assert is_running(grandchild)
    running.stop()
    assert child.pid is None
    wait_for(lambda: not is_running(grandchild))


def test_a_child_that_never_starts_ends_the_parent_with_its_last_words(tmp_path: Path) -> None:
    child = Child("web", python("raise SystemExit('DATABASE_URL is wrong')"), delay_s=0.05)
    supervisor = Supervisor([child], folder=tmp_path, logs=tmp_path, say=lambda text: None)
    with pytest.raises(GaveUp, match=r"(?s)web stopped at each of its first 3 starts.*is wrong"):
        supervisor.run(is_ready=lambda: False, when_ready=lambda: None)


def test_output_goes_to_the_log_and_errors_to_the_terminal_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    code = "import time; print('all is well'); print('ERROR no such host'); time.sleep(600)"
    supervisor = Supervisor(
        [Child("web", python(code))], folder=tmp_path, logs=tmp_path, say=said.append
    )
    running = Running(supervisor, monkeypatch)
    try:
        wait_for(lambda: bool(said))
    finally:
        running.stop()
    assert said == ["web | ERROR no such host"]
    assert (tmp_path / "web.log").read_text() == "all is well\nERROR no such host\n"


def test_a_child_has_its_own_command_line_and_its_ending_is_told(tmp_path: Path) -> None:
    def main() -> None:
        sys.exit(f"no {sys.argv[1]}")

    child = Child("web", command_line(main, "web", "--port"), delay_s=0.05)
    supervisor = Supervisor([child], folder=tmp_path, logs=tmp_path, say=lambda text: None)
    with pytest.raises(GaveUp, match=r"exit code 1(?s:.*)no --port"):
        supervisor.run(is_ready=lambda: False, when_ready=lambda: None)


def test_a_killed_parent_takes_its_children_with_it(tmp_path: Path) -> None:
    code = f"""
import pathlib, time
from compliance.supervisor import Child, Supervisor
child = Child("sleeper", lambda: time.sleep(600))
folder = pathlib.Path({str(tmp_path)!r})
Supervisor([child], folder=folder, logs=folder, say=print).run(
    is_ready=lambda: True, when_ready=lambda: print(child.pid, flush=True)
)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not is_running(child))
