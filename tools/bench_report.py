"""The report's figures for `make bench`: processor time, memory and growth of the child process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.test import override_settings

from compliance.reports.process import Job, Made, render_in_child
from tests.compliance.reports.factory import every_requirement_applies, make, many, review_of

RENDERS = 3
TIMES_LARGER = 10
WORKERS, TOGETHER = 2, 10
LIMITS = {"full": "6 s, 350 MB", "both": "5.5 s, 400 MB", "summary": "1 s"}


def measure_report() -> Iterator[dict[str, Any]]:
    """Lines for the table: seconds are processor time of the child that is forked for a render.

    The warm process it comes from is started first; that is measured apart, once for each worker.
    """
    content = every_requirement_applies(make().content)
    count = len(content["requirements"])
    base = 0.0
    started = time.perf_counter()
    _render(content, "summary", "en")
    yield {
        "what": "first report of a worker: summary, en, clock",
        "median_s": time.perf_counter() - started,
        "p95_s": time.perf_counter() - started,
        "note": "starts the warm process",
    }
    for kind, lang in (("full", "en"), ("full", "zh-hans"), ("full", "both"), ("summary", "en")):
        made = [_render(content, kind, lang) for _turn in range(RENDERS)]
        seconds = sorted(one.cpu_seconds for one in made)
        base = base or seconds[RENDERS // 2]
        yield {
            "what": f"{kind} report, {lang}, {count} requirements, CPU",
            "median_s": seconds[RENDERS // 2],
            "p95_s": seconds[-1],
            "peak_bytes": max(one.peak_megabytes for one in made) * 1024 * 1024,
            "limit": LIMITS["both" if lang == "both" else kind],
            "note": f"{made[0].pages} pages",
        }
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda _turn: _render(content, "full", "en"), range(TOGETHER)))
    seconds_each = (time.perf_counter() - started) / TOGETHER
    yield {
        "what": f"full report, en, {WORKERS} at a time, clock for each",
        "median_s": seconds_each,
        "p95_s": seconds_each,
        "limit": "25 a minute",
        "note": f"{60 / seconds_each:.0f} a minute",
    }
    with override_settings(REPORT_SECONDS=600, REPORT_MEGABYTES=8192):
        large = _render(many(content, TIMES_LARGER), "full", "en")
    yield {
        "what": f"full report, en, {count * TIMES_LARGER} requirements, CPU",
        "median_s": large.cpu_seconds,
        "p95_s": large.cpu_seconds,
        "peak_bytes": large.peak_megabytes * 1024 * 1024,
        "limit": f"{TIMES_LARGER + 1} times the time",
        "note": f"{large.cpu_seconds / base:.1f} times, {large.pages} pages",
    }


def _render(content: dict[str, Any], kind: str, lang: str) -> Made:
    job = Job(
        content=content,
        review=review_of(content),
        kind=kind,
        lang=lang,
        code="TH-7K3M-9Q2X-4DHP",
        digest="0" * 64,
        issued_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    with tempfile.TemporaryDirectory() as folder:
        return render_in_child(job, Path(folder) / "report.pdf")
