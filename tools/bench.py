"""`make bench`: how long the engine, the pages and the report take, and how much they ask for.

Prints a table; `--write` also keeps it in docs/benchmarks.md. Every figure in the documents comes
from here.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")

import django

from tools.bench_api import api_figures, queries_of
from tools.bench_audit import measure_audit
from tools.bench_frameworks import framework_figures

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "benchmarks.md"
START, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True)
class Figure:
    """One line of the table; times in seconds, memory in bytes."""

    what: str
    median_s: float
    p95_s: float
    queries: int | None = None
    peak_bytes: int | None = None
    limit: str = ""
    note: str = ""

    def row(self) -> str:
        memory = "" if self.peak_bytes is None else f"{self.peak_bytes / 1e6:.0f} MB"
        queries = "" if self.queries is None else str(self.queries)
        cells = [self.what, _shown(self.median_s), _shown(self.p95_s), queries, memory]
        return "| " + " | ".join([*cells, self.limit, self.note]) + " |"


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def measure(what: str, call: Callable[[], object], *, times: int, **details: object) -> Figure:
    """The median and the 95th percentile of several calls, after two that warm up."""
    call()
    call()
    taken = []
    for _round in range(times):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    taken.sort()
    p95 = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
    return Figure(what, statistics.median(taken), p95, **details)  # type: ignore[arg-type]


def engine_figures() -> list[Figure]:
    """Loading the rules, and judging all of them."""
    from checklists import Answer, EvidenceItem, evaluate_assessment, load_catalogue
    from checklists.engine.loader import CATALOGUES, read_catalogue
    from checklists.engine.model import FactKind
    from compliance.demo import meeting_value
    from tests.factories import AS_OF

    folder = CATALOGUES / "cnsa_2025_2027"
    with tempfile.TemporaryDirectory() as cache:
        load = measure(
            "load the catalogue, cache warm",
            lambda: read_catalogue(folder, cache_dir=Path(cache)),
            times=15,
            limit="150 ms",
        )
    cold = measure("load the catalogue, no cache", lambda: read_catalogue(folder), times=3)
    catalogue = load_catalogue()
    facts: dict[str, object] = {}
    for fact in catalogue.facts.values():
        if fact.kind is FactKind.SEVERAL:
            facts[fact.name] = tuple(choice.id for choice in fact.choices)
        elif fact.kind is FactKind.YES_NO:
            facts[fact.name] = True
    from checklists.engine.values import parse_answer

    answers = {
        name: Answer(parse_answer(requirement, meeting_value(catalogue, requirement)))
        for name, requirement in catalogue.requirements.items()
    }
    evidence = {
        name: [EvidenceItem(spec.kind) for spec in requirement.evidence]
        for name, requirement in catalogue.requirements.items()
    }
    judge = measure(
        f"evaluate {len(answers)} requirements",
        lambda: evaluate_assessment(
            catalogue,
            as_of=AS_OF,
            facts=facts,  # type: ignore[arg-type]
            answers=answers,
            evidence=evidence,
        ),
        times=200,
        limit="3 ms",
    )
    return [load, cold, judge]


@contextmanager
def scratch_site() -> Iterator[None]:
    """A fresh database with the demo firms, gone afterwards."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    # The application server's behaviour, not the debugging one, which records every query.
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    from compliance.demo import make_demo

    make_demo()
    _fill(200)
    yield
    connection.close()


def _fill(count: int) -> None:
    """As many assessments again as a busy firm keeps, each with all its answers."""
    from uuid import uuid4

    from compliance.models import Answer, Assessment

    model = Assessment.objects.get(title="DO-3 launch campaign 2027")
    answers = list(Answer.objects.filter(assessment=model))
    copies = []
    for number in range(count):
        copy = Assessment.objects.get(pk=model.pk)
        copy.pk, copy.title, copy.status = uuid4(), f"Earlier mission {number}", "archived"
        copies.append(copy)
    Assessment.objects.bulk_create(copies)
    # What is archived was worked on before: the demo's own assessments stay the latest.
    Assessment.objects.filter(status="archived").update(created_at="2025-01-01T00:00:00Z")
    for copy in copies:
        for answer in answers:
            answer.pk, answer.assessment = None, copy
        Answer.objects.bulk_create(answers)


def page_figures() -> list[Figure]:
    """Pages through the whole stack, signed in, without the network."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from compliance.models import Answer, Assessment, Submission, User

    assessment = Assessment.objects.get(title="DO-3 launch campaign 2027")
    submission = Submission.objects.get(
        assessment__firm=assessment.firm, assessment__title="Ground network 2026"
    )

    def client_of(email: str) -> Client:
        client = Client()
        client.force_login(
            User.objects.get(email=email),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        return client

    manager, officer = client_of("manager@demo.example"), client_of("officer@demo.example")
    answer = Answer.objects.filter(assessment=assessment, value="yes", flag="").earliest("id")
    requirement: dict[str, Any] = {
        "assessment_id": assessment.pk,
        "requirement_id": answer.requirement,
    }

    def get(client: Client, name: str, asked: str = "", **kwargs: object) -> Callable[[], object]:
        def call() -> None:
            response = client.get(f"{reverse(name, kwargs=kwargs)}{asked}")
            if response.status_code != 200:
                raise RuntimeError(f"{name} answered {response.status_code}")
            b"".join(response)

        return call

    def save() -> None:
        version = Answer.objects.values_list("version", flat=True).get(pk=answer.pk)
        response = manager.post(
            reverse("answer_save", kwargs=requirement),
            {"value": "yes", "note": f"Version {version}", "base_version": version},
            headers={"HX-Request": "true"},
        )
        if response.status_code != 200:
            raise RuntimeError(f"answer_save answered {response.status_code}")

    pages: list[tuple[str, Callable[[], object], int, str]] = [
        (
            "task list",
            get(manager, "assessment_tasks", assessment_id=assessment.pk),
            0,
            "60 ms, 12",
        ),
        ("one requirement", get(manager, "requirement", **requirement), 0, "100 ms, 15"),
        ("save one answer", save, 1, "20 ms, 10"),
        (
            "facts",
            get(manager, "assessment_facts", assessment_id=assessment.pk),
            0,
            "100 ms, 15",
        ),
        (
            "check answers",
            get(manager, "assessment_check", assessment_id=assessment.pk),
            0,
            "100 ms, 15",
        ),
        ("home of a firm", get(manager, "firm_home", firm_id=assessment.firm_id), 0, "100 ms, 15"),
        ("people", get(manager, "firm_people", firm_id=assessment.firm_id), 0, "100 ms, 15"),
        (
            "library of evidence",
            get(manager, "evidence_library", firm_id=assessment.firm_id),
            0,
            "100 ms, 15",
        ),
        ("compare", get(manager, "firm_compare", firm_id=assessment.firm_id), 0, "100 ms, 15"),
        (
            "trace of a score",
            get(manager, "assessment_trace", assessment_id=assessment.pk),
            0,
            "100 ms, 15",
        ),
        (
            "delegate",
            get(manager, "delegation", assessment_id=assessment.pk),
            0,
            "100 ms, 15",
        ),
        ("look for news", get(manager, "requirement_live", **requirement), 0, "20 ms, 15"),
        (
            "submissions",
            get(manager, "assessment_submissions", assessment_id=assessment.pk),
            0,
            "100 ms, 15",
        ),
        ("submission", get(manager, "submission", submission_id=submission.pk), 0, "100 ms, 15"),
        ("audit trail", get(manager, "audit_trail", assessment_id=assessment.pk), 0, "100 ms, 15"),
        ("catalogue", get(manager, "catalogue"), 0, "100 ms, 15"),
        ("notices", get(manager, "notifications"), 0, "100 ms, 15"),
        (
            "corrective actions",
            get(manager, "firm_actions", firm_id=assessment.firm_id),
            0,
            "100 ms, 15",
        ),
        (
            "board of actions",
            get(manager, "firm_actions", "?view=board", firm_id=assessment.firm_id),
            0,
            "100 ms, 15",
        ),
        (
            "download the workbook",
            get(manager, "workbook_download", assessment_id=assessment.pk),
            0,
            "",
        ),
        ("officer's desk", get(officer, "desk"), 0, "100 ms, 15"),
        ("review", get(officer, "review", submission_id=submission.pk), 0, "120 ms, 15"),
    ]
    figures = []
    for what, call, own_queries, limit in pages:
        call()
        with CaptureQueriesContext(connection) as captured:
            call()
        queries = queries_of(captured.captured_queries) - own_queries
        figures.append(measure(f"page: {what}", call, times=30, queries=queries, limit=limit))
    return figures


def desk_figures() -> list[Figure]:
    """The officer's desk with thousands of submissions."""
    from tools.bench_desk import measure_desk

    return measure_desk(measure)


def report_figures() -> list[Figure]:
    """The full report in its own process: CPU and peak memory of the child."""
    from tools.bench_report import measure_report

    return [Figure(**figure) for figure in measure_report()]


def machine() -> str:
    """The machine in general words."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{cores} cores of a shared virtual machine ({platform.machine()}), {memory:.0f} GiB, "
        f"Debian 12, Python {platform.python_version()}, SQLite"
    )


def table(figures: list[Figure]) -> str:
    """The figures as Markdown."""
    head = "| what | median | p95 | queries | peak memory | limit | note |"
    lines = [f"Measured on {machine()}.", "", head, "| --- " * 7 + "|"]
    return "\n".join([*lines, *(figure.row() for figure in figures)])


def keep(text: str) -> None:
    """Put the table between the marks of docs/benchmarks.md."""
    page = TARGET.read_text(encoding="utf-8")
    before, rest = page.split(START)
    after = rest.split(END)[1]
    TARGET.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    options = parser.parse_args()
    django.setup()
    figures = engine_figures()
    with scratch_site():
        figures += page_figures()
        figures += api_figures(measure)
        figures += framework_figures(measure)
        figures += desk_figures()  # late: it fills the database
        figures += measure_audit(measure)
        figures += report_figures()
    text = table(figures)
    sys.stdout.write(text + "\n")
    if options.write:
        keep(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
