"""`python -m compliance.reports.child`: one render, in a process of its own.

A job comes in as JSON; out go lines of JSON, one for each step, the last with the result. The
process knows no database and no secret: its parent gives it a scrubbed environment. What it may
use of memory and of processor time is bounded here, before a single page is laid out; the parent
bounds the time on the clock.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import logging
import os
import resource
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

FAILED, TOO_MUCH_MEMORY = 1, 3  # exit codes
_PR_SET_PDEATHSIG = 1


def main() -> int:
    job = json.load(sys.stdin)
    _bound(job)
    try:
        return _render(job)
    except MemoryError:
        return TOO_MUCH_MEMORY


def _bound(job: dict[str, Any]) -> None:
    """No more memory and time than the job may have, and no life after the parent's."""
    memory = job["megabytes"] * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (job["seconds"], job["seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != job["parent"]:
            sys.exit(FAILED)  # the parent died before it could be noticed


def _render(job: dict[str, Any]) -> int:
    # A document keeps all it makes until it is written, then the process ends: a search for
    # garbage finds none and takes a fifth of the time.
    gc.disable()
    # Imported within the bounds, and after the job is read.
    from django.conf import settings

    from compliance.canonical import canonical
    from compliance.exports.assessment_results import submission_oscal
    from compliance.reports.context import report_context
    from compliance.reports.markup import Fonts
    from compliance.reports.render import render_pdf

    settings.configure(USE_I18N=False)  # Django's templates ask for it; there is nothing else
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = report_context(
        job["content"],
        job["review"],
        kind=job["kind"],
        lang=job["lang"],
        code=job["code"],
        digest=job["digest"],
        issued_at=datetime.fromisoformat(job["issued_at"]),
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
            "peak_megabytes": _peak_kilobytes() // 1024,
        }
    )
    return 0


def _peak_kilobytes() -> int:
    """The most memory this program has held; `ru_maxrss` would count its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def _say_step(step: str, percent: int) -> None:
    _say({"step": step, "percent": percent})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
    from compliance.reports.both import BOTH
