"""One render in a child process: starts it, listens to it, and ends it when it takes too long."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from compliance.reports.child import TOO_MUCH_MEMORY

CHILD = "compliance.reports.child"
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL")
STDERR_TAIL = 4_000  # bytes
LOOK_EVERY_S = 1.0
_SAYS_NO_MEMORY = (
    b"MemoryError",
    b"failed to allocate",
    b"out of memory",
    b"Cannot allocate",
    b"Error creating thread",  # there was no room for its stack
)


@dataclass(frozen=True)
class Job:
    """Everything a render needs."""

    content: dict[str, Any]
    review: dict[str, Any]
    kind: str
    lang: str
    code: str
    digest: str
    issued_at: datetime


@dataclass(frozen=True)
class Made:
    """A finished render; the file lies where the caller wanted it."""

    pages: int
    size: int
    sha256: str
    cpu_seconds: float
    peak_megabytes: int


class RenderFailed(Exception):
    """The child did not finish. `kind` says why, `detail` is for the log."""

    TOO_LONG, TOO_LARGE, STOPPED = "too_long", "too_large", "stopped"

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind, self.detail = kind, detail


def render_in_child(
    job: Job,
    output: Path,
    say: Callable[[str, int], None] = lambda step, percent: None,
    look: Callable[[], None] = lambda: None,
) -> Made:
    """Render the job to the file `output`.

    `say` hears of every step, `look` is called about once a second; either may raise to stop it.
    """
    deadline = time.monotonic() + settings.REPORT_SECONDS
    with tempfile.TemporaryFile() as order, tempfile.TemporaryFile() as complaints:
        order.write(_order(job, output))
        order.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", CHILD],
            cwd=settings.BASE_DIR,
            env=child_environment(job.issued_at),
            stdin=order,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,  # its own group, so that nothing of it can be left over
        )
        try:
            result = _listen(child, deadline, say, look)
            code = child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise RenderFailed(RenderFailed.TOO_LONG) from error
        finally:
            _end(child)
        if code != 0 or result is None:
            raise _failure(code, _tail(complaints))
        return Made(**result)


def child_environment(issued_at: datetime) -> dict[str, str]:
    """What the child may know: where programs and fonts are, and no secret."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "FONTCONFIG_FILE": str(Path(settings.REPORT_FONTS_DIR) / "fonts.conf"),
        "SOURCE_DATE_EPOCH": str(int(issued_at.timestamp())),  # the same report, the same bytes
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
    }


def _order(job: Job, output: Path) -> bytes:
    order = {
        **vars(job),
        "issued_at": job.issued_at.isoformat(),
        "time_zone": settings.TIME_ZONE,
        "site_url": settings.SITE_URL,
        "fonts": str(settings.REPORT_FONTS_DIR),
        "output": str(output),
        "megabytes": settings.REPORT_MEGABYTES,
        "seconds": settings.REPORT_SECONDS,
        "parent": os.getpid(),
    }
    return json.dumps(order).encode()


def _listen(
    child: subprocess.Popen[bytes],
    deadline: float,
    say: Callable[[str, int], None],
    look: Callable[[], None],
) -> dict[str, Any] | None:
    """Hand on every step until the child closes its output; returns the result, if it told one."""
    assert child.stdout is not None
    result: dict[str, Any] | None = None
    waiting = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RenderFailed(RenderFailed.TOO_LONG)
            if not selector.select(min(left, LOOK_EVERY_S)):
                look()
                continue
            chunk = os.read(child.stdout.fileno(), 65_536)
            if not chunk:
                return result
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                said = json.loads(line)
                if "step" in said:
                    say(said["step"], said["percent"])
                else:
                    result = said


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _tail(complaints: IO[bytes]) -> bytes:
    size = complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, size - STDERR_TAIL))
    return complaints.read()


def _failure(code: int, complaints: bytes) -> RenderFailed:
    detail = f"exit code {code}; {complaints.decode(errors='replace').strip()}"
    if code == TOO_MUCH_MEMORY or any(sign in complaints for sign in _SAYS_NO_MEMORY):
        return RenderFailed(RenderFailed.TOO_LARGE, detail)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):  # its processor time is used up
        return RenderFailed(RenderFailed.TOO_LONG, detail)
    return RenderFailed(RenderFailed.STOPPED, detail)
