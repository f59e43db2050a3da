"""One render in a child process: has it started, listens to it, ends it when it takes too long."""

from __future__ import annotations

import json
import os
import selectors
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from compliance.reports import warm
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
        child = warm.start(CHILD, child_environment(), settings.BASE_DIR, order, complaints)
        try:
            result = _listen(child, deadline, say, look)
            code = child.wait(max(0.1, deadline - time.monotonic()))
        except warm.TooSlow as error:
            raise RenderFailed(RenderFailed.TOO_LONG) from error
        finally:
            child.end()
        if code != 0 or result is None:
            raise _failure(code, _tail(complaints))
        return Made(**result)


def child_environment() -> dict[str, str]:
    """What the child may know: where programs and fonts are, and no secret."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "FONTCONFIG_FILE": str(Path(settings.REPORT_FONTS_DIR) / "fonts.conf"),
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",  # the same report, the same bytes
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
    }
    return json.dumps(order).encode()


def _listen(
    child: warm.Child,
    deadline: float,
    say: Callable[[str, int], None],
    look: Callable[[], None],
) -> dict[str, Any] | None:
    """Hand on every step until the child closes its output; returns the result, if it told one."""
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
            chunk = os.read(child.stdout, 65_536)
            if not chunk:
                return result
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                said = json.loads(line)
                if "step" in said:
                    say(said["step"], said["percent"])
                else:
                    result = said


def _tail(complaints: IO[bytes]) -> bytes:
    size = complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, size - STDERR_TAIL))
    return complaints.read()


def _failure(code: int | None, complaints: bytes) -> RenderFailed:
    detail = f"exit code {code}; {complaints.decode(errors='replace').strip()}"
    if code == TOO_MUCH_MEMORY or any(sign in complaints for sign in _SAYS_NO_MEMORY):
        return RenderFailed(RenderFailed.TOO_LARGE, detail)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):  # its processor time is used up
        return RenderFailed(RenderFailed.TOO_LONG, detail)
    return RenderFailed(RenderFailed.STOPPED, detail)
