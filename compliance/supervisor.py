"""One parent for the processes of an installation: starts them, restarts a dead one, stops all.

Children are forked from the parent, which has loaded the project already, so that three of them
start in the time of one. That is safe only because the parent has a single thread and no open
database connection; it reads its children's output in the loop that looks after them.
"""

from __future__ import annotations

import ctypes
import logging
import os
import re
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import NoReturn

LOOK_EVERY_S = 0.1
STOP_LIMIT_S = 8.0
STEADY_AFTER_S = 60.0
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0
STARTS_BEFORE_GIVING_UP = 3
LOG_BYTES, LOGS_KEPT = 5_000_000, 3
LINES_SHOWN = 15
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15  # Linux's prctl
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How Python's logging, Celery, gunicorn and structlog mark what a person should see at once.
WORTH_SHOWING = re.compile(
    r"\b(ERROR|CRITICAL)\b|\[(error|critical)\s*\]|\"level\": \"(error|critical)\"|^Traceback "
)


@dataclass
class Child:
    """Something that is kept running in a process of its own, with a log file."""

    name: str
    run: Callable[[], object]
    delay_s: float = FIRST_DELAY_S
    starts: int = 0
    started_at: float = 0.0
    start_again_at: float | None = None
    pid: int | None = None
    output: int | None = None  # the reading end of its pipe
    unfinished: bytes = b""
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
        self._log_files = {child.name: _log_file(logs / f"{child.name}.log") for child in children}
        self._outputs = selectors.DefaultSelector()
        self._stopping = False
        self._is_steady = False

    def run(self, *, is_ready: Callable[[], bool], when_ready: Callable[[], object]) -> None:
        """Start all, call `when_ready` once, keep all running until told to stop, then stop all."""
        before = {number: signal.signal(number, self._told_to_stop) for number in SIGNALS}
        try:
            for child in self._children:
                self._start(child)
            while not self._stopping:
                self._read_outputs(LOOK_EVERY_S)
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
        self._stopping = True

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _start(self, child: Child) -> None:
        child.starts += 1
        child.started_at = time.monotonic()
        child.start_again_at = None
        child.unfinished, child.last_lines = b"", []
        sys.stdout.flush()
        sys.stderr.flush()
        reading, writing = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(child, parent, self._folder, writing)
        os.close(writing)
        child.pid, child.output = pid, reading
        os.set_blocking(reading, False)
        self._outputs.register(reading, selectors.EVENT_READ, child)

    def _read_outputs(self, limit_s: float) -> None:
        for key, _ in self._outputs.select(limit_s):
            self._read_output(key.data)

    def _read_output(self, child: Child) -> bool:
        """Copy what a child has printed to its log, and its errors to the terminal too."""
        if child.output is None:
            return False
        try:
            data = os.read(child.output, 65536)
        except BlockingIOError:
            return False
        *lines, child.unfinished = (child.unfinished + data).split(b"\n")
        if not data and child.unfinished:
            lines, child.unfinished = [child.unfinished], b""
        for line in lines:
            text = line.decode(errors="replace")
            self._log_files[child.name].emit(logging.makeLogRecord({"msg": text}))
            child.last_lines = [*child.last_lines[-(LINES_SHOWN - 1) :], text]
            if WORTH_SHOWING.search(text):
                self._say(f"{child.name} | {text}")
        if not data:
            self._close_output(child)
        return bool(data)

    def _close_output(self, child: Child) -> None:
        if child.output is not None:
            self._outputs.unregister(child.output)
            os.close(child.output)
            child.output = None

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.start_again_at is not None:
            if now >= child.start_again_at:
                self._start(child)
            return
        ended = self._ending(child)
        if ended is None:
            if now - child.started_at > STEADY_AFTER_S:
                child.delay_s = FIRST_DELAY_S
            return
        if not self._is_steady and child.starts >= STARTS_BEFORE_GIVING_UP:
            lines = "\n".join(f"    {line}" for line in child.last_lines)
            raise GaveUp(
                f"{child.name} stopped at each of its first {child.starts} starts ({ended}). "
                f"Its last lines:\n{lines}\nMore is in {self._logs / child.name}.log."
            )
        self._say(f"{child.name} stopped ({ended}); starting it again in {child.delay_s:.0f} s.")
        child.start_again_at = now + child.delay_s
        child.delay_s = min(child.delay_s * 2, LONGEST_DELAY_S)

    def _ending(self, child: Child) -> str | None:
        """How a child ended, in words; None while it runs. Cleans up behind one that ended."""
        if child.pid is None:
            return None
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0:
            return None
        _kill_group(child.pid)  # what it started itself
        child.pid = None
        while self._read_output(child):
            pass
        self._close_output(child)
        code = os.waitstatus_to_exitcode(status)
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def _stop_all(self) -> None:
        for child in self._children:
            if child.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_LIMIT_S
        while any(child.pid is not None for child in self._children):
            self._read_outputs(LOOK_EVERY_S)
            for child in self._children:
                if child.pid is not None and time.monotonic() > deadline:
                    _kill_group(child.pid)
                self._ending(child)
        self._outputs.close()
        for log in self._log_files.values():
            log.close()


def command_line(main: Callable[[], object], *words: str) -> Callable[[], None]:
    """What a child runs: the main function of a command that is loaded already, with its words."""

    def run() -> None:
        sys.argv = list(words)
        main()

    return run


def _become(child: Child, parent: int, folder: Path, output: int) -> NoReturn:
    """Turn the process just forked into the child: its own session, signals and output."""
    code = 1
    try:
        # A session of its own: Ctrl-C in the terminal reaches the parent only, which then stops
        # its children in order.
        os.setsid()
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(PR_SET_NAME, f"th-{child.name}".encode(), 0, 0, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)  # also when the parent is killed outright
        if os.getppid() != parent:
            os._exit(code)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        os.chdir(folder)
        child.run()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if isinstance(leaving.code, str):
            sys.stderr.write(leaving.code + "\n")
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _log_file(path: Path) -> RotatingFileHandler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
