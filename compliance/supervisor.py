"""One parent for the processes of an installation: starts them, restarts a dead one, stops all."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType

LOOK_EVERY_S = 0.2
STOP_LIMIT_S = 8.0
STEADY_AFTER_S = 60.0
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0
STARTS_BEFORE_GIVING_UP = 3
LOG_BYTES, LOGS_KEPT = 5_000_000, 3
LINES_SHOWN = 15
# How Python's logging, Celery, gunicorn and structlog mark what a person should see at once.
WORTH_SHOWING = re.compile(
    r"\b(ERROR|CRITICAL)\b|\[(error|critical)\s*\]|\"level\": \"(error|critical)\"|^Traceback "
)


@dataclass
class Child:
    """A command that is kept running, with its log file."""

    name: str
    command: Sequence[str]
    starts: int = 0
    delay_s: float = FIRST_DELAY_S
    started_at: float = 0.0
    start_again_at: float | None = None
    process: subprocess.Popen[str] | None = None
    last_lines: list[str] = field(default_factory=list)


class GaveUp(Exception):
    """A child died at each of its first starts; its text tells which, with its last lines."""


class Supervisor:
    """Runs children until SIGINT, SIGTERM or `stop()`; leaves no process behind."""

    def __init__(
        self, children: Sequence[Child], *, folder: Path, logs: Path, say: Callable[[str], object]
    ) -> None:
        self._children = list(children)
        self._folder = folder
        self._logs = logs
        self._say = say
        self._stopping = threading.Event()
        self._is_steady = False

    def run(self, *, is_ready: Callable[[], bool], when_ready: Callable[[], object]) -> None:
        """Start all, call `when_ready` once, keep all running until told to stop, then stop all."""
        before = {
            number: signal.signal(number, self._told_to_stop)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            for child in self._children:
                self._start(child)
            while not self._stopping.wait(LOOK_EVERY_S):
                for child in self._children:
                    self._look_after(child)
                if not self._is_steady and is_ready():
                    self._is_steady = True
                    when_ready()
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        self._stopping.set()

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _start(self, child: Child) -> None:
        child.starts += 1
        child.started_at = time.monotonic()
        child.start_again_at = None
        # A session of its own: Ctrl-C in the terminal reaches this parent only, which then stops
        # its children in order.
        child.process = subprocess.Popen(
            [*_dies_with_parent(), *child.command],
            cwd=self._folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        child.last_lines = []
        reader = threading.Thread(
            target=self._keep_log, args=(child, child.process), name=f"log of {child.name}"
        )
        reader.daemon = True
        reader.start()

    def _keep_log(self, child: Child, process: subprocess.Popen[str]) -> None:
        """Copy a child's output to its log file, and its errors to the terminal too."""
        if process.stdout is None:
            return
        log = _log_file(self._logs / f"{child.name}.log")
        for line in process.stdout:
            text = line.rstrip("\n")
            log.emit(logging.makeLogRecord({"msg": text}))
            child.last_lines = [*child.last_lines[-(LINES_SHOWN - 1) :], text]
            if WORTH_SHOWING.search(text):
                self._say(f"{child.name} | {text}")
        log.close()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.start_again_at is not None:
            if now >= child.start_again_at:
                self._start(child)
            return
        if child.process is None or child.process.poll() is None:
            if now - child.started_at > STEADY_AFTER_S:
                child.delay_s = FIRST_DELAY_S
            return
        _kill_group(child.process.pid)  # what the dead one started itself
        ended = _ending(child.process.returncode)
        if not self._is_steady and child.starts >= STARTS_BEFORE_GIVING_UP:
            lines = "\n".join(f"    {line}" for line in child.last_lines)
            raise GaveUp(
                f"{child.name} stopped at each of its first {child.starts} starts ({ended}). "
                f"Its last lines:\n{lines}\nMore is in {self._logs / child.name}.log."
            )
        self._say(f"{child.name} stopped ({ended}); starting it again in {child.delay_s:.0f} s.")
        child.start_again_at = now + child.delay_s
        child.delay_s = min(child.delay_s * 2, LONGEST_DELAY_S)

    def _stop_all(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_LIMIT_S
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in running:
            _kill_group(process.pid)
            process.wait()


def _dies_with_parent() -> list[str]:
    """The prefix that has Linux end a child when this parent is killed outright."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"signal {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"


def _log_file(path: Path) -> RotatingFileHandler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
