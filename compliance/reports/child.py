"""`python -m compliance.reports.child`: forks a process for each render, and renders in it.

A job comes in as JSON; out go lines of JSON, one for each step, the last with the result. The
process knows no database and no secret: it was started with a scrubbed environment. What a child
may use of memory and of processor time is bounded here, before a single page is laid out; the
worker bounds the time on the clock.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import logging
import os
import resource
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

FAILED, TOO_MUCH_MEMORY = 1, 3  # exit codes
NEARLY_ALL = 32  # megabytes left: less than some step asks for at once
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Running:
    """A child at work, and the line to the worker that waits for it."""

    pid: int
    line: socket.socket


def serve(render: Callable[[int], int]) -> int:
    """Fork a child for every order that comes in, until the worker is gone.

    `render` gets the number of its parent; what it returns is the child's exit code.
    """
    control = socket.socket(fileno=os.dup(0))
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    running: set[Running] = set()
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is woken:
                    woken.recv(4096)
                    for child in [child for child in running if _has_ended(child)]:
                        running.remove(child)
                        with suppress(KeyError):
                            selector.unregister(child.line)
                        child.line.close()
                elif key.fileobj is control:
                    message, given, _, _ = socket.recv_fds(control, 16, 4)
                    if not message:
                        return 0  # its children die with it
                    child = _fork(given, render)
                    running.add(child)
                    selector.register(child.line, selectors.EVENT_READ, child)
                elif key.data in running:  # the worker has done with it
                    selector.unregister(key.fileobj)
                    _kill(key.data.pid)


def _fork(given: list[int], render: Callable[[int], int]) -> Running:
    line, *streams = given
    parent = os.getpid()
    pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        return Running(pid, socket.socket(fileno=line))
    code = FAILED
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()  # its own group, so that nothing of it can be left over
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, 65_536)  # among them the lines of others
        code = render(parent)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else FAILED
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _has_ended(child: Running) -> bool:
    """Whether it has; then all it started is ended too, and the worker is told its exit code."""
    if os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        return False
    _kill(child.pid)  # its number is not given to another process before the next line
    code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
    with suppress(OSError):  # the worker may have stopped listening
        child.line.send(str(code).encode())
    return True


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # it may not lead its group yet
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def main(parent: int) -> int:
    """Render the job on standard input; returns the exit code."""
    with open(0, encoding="utf-8", closefd=False) as order:
        job = json.load(order)
    _bound(job, parent)
    try:
        return _render(job)
    except MemoryError:
        return TOO_MUCH_MEMORY
    except Exception:
        # Python does not always find the words: "error return without exception set".
        if _kilobytes("VmPeak") // 1024 + NEARLY_ALL > job["megabytes"]:
            return TOO_MUCH_MEMORY
        raise


def _bound(job: dict[str, Any], parent: int) -> None:
    """No more memory and time than the job may have, and no life after the parent's."""
    memory = job["megabytes"] * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (job["seconds"], job["seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(FAILED)  # the parent died before it could be noticed


def warm_up() -> None:
    """Import all a render needs, and have Pango's and the templates' first time behind us."""
    from django.conf import settings

    from compliance.exports import assessment_results  # noqa: F401
    from compliance.reports import context, render  # noqa: F401

    settings.configure(USE_I18N=False)  # Django's templates ask for it; there is nothing else
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    render.warm_up(Path(os.environ["FONTCONFIG_FILE"]).parent)
    # A document keeps all it makes until it is written, then the process ends: a search for
    # garbage finds none and takes a fifth of the time.
    gc.collect()
    gc.disable()
    gc.freeze()


def _render(job: dict[str, Any]) -> int:
    from compliance.canonical import canonical
    from compliance.exports.assessment_results import submission_oscal
    from compliance.reports.both import BOTH
    from compliance.reports.context import report_context
    from compliance.reports.markup import Fonts
    from compliance.reports.render import render_pdf

    issued_at = datetime.fromisoformat(job["issued_at"])
    os.environ["SOURCE_DATE_EPOCH"] = str(int(issued_at.timestamp()))  # fontTools writes it
    context = report_context(
        job["content"],
        job["review"],
        kind=job["kind"],
        lang=job["lang"],
        code=job["code"],
        digest=job["digest"],
        issued_at=issued_at,
        time_zone=job["time_zone"],
        site_url=job["site_url"],
    )
    files = {}
    if job["review"]["state"] != "draft":  # of which nothing is frozen yet
        # Data for whoever reads the file by program is in one language.
        lang = "en" if job["lang"] == BOTH else job["lang"]
        oscal = submission_oscal(job["content"], job["review"], job["digest"], lang)
        files = {
            # Its SHA-256 is the digest on the cover: who has the file can check the print by it.
            "submission.json": (context.w["attached_submission"], canonical(job["content"])),
            "review.json": (context.w["attached_review"], canonical(job["review"])),
            "assessment-results.oscal.json": (context.w["attached_oscal"], canonical(oscal)),
        }
    rendered = render_pdf(context, Fonts(Path(job["fonts"])), _say_step, files)
    Path(job["output"]).write_bytes(rendered.pdf)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _say(
        {
            "pages": rendered.pages,
            "size": len(rendered.pdf),
            "sha256": hashlib.sha256(rendered.pdf).hexdigest(),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
            "peak_megabytes": _kilobytes("VmHWM") // 1024,
        }
    )
    return 0


def _kilobytes(name: str) -> int:
    """A figure of this process; as the most memory held, `ru_maxrss` would count its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{name}:")[1].split()[0])


def _say_step(step: str, percent: int) -> None:
    _say({"step": step, "percent": percent})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    warm_up()
    sys.exit(serve(main))
