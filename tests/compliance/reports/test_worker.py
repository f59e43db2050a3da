"""A real worker makes the report, and its sudden death loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from compliance import clock, tasks
from compliance.models import AuditEvent, Report, Role
from compliance.services.reports import cancel_report
from tests import factories
from tests.compliance.reports.conftest import stored_report
from tests.conftest import start_worker

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PATIENCE_S = 180


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "the worker did not get there in time"
        time.sleep(0.1)


def status(report: Report) -> str:
    return Report.objects.values_list("status", flat=True).get(pk=report.pk)


def test_a_worker_stops_a_cancelled_report_and_renders_the_next(
    worker: subprocess.Popen[bytes], content: dict[str, Any]
) -> None:
    unwanted = stored_report(content, kind="full")
    tasks.ask_for(unwanted.pk)
    wait_for(lambda: Report.objects.filter(pk=unwanted.pk, progress__gte=15).exists())
    firm = unwanted.submission.assessment.firm
    cancel_report(report=unwanted, by=factories.member(firm, Role.MANAGER, "Ada"))
    report = Report.objects.create(
        submission=unwanted.submission,
        kind="summary",
        lang="en",
        review=unwanted.review,
        source_digest="1" * 64,
        code="TH-7K3M-9Q2X-4DH2",
        requested_at=unwanted.requested_at,
    )
    tasks.ask_for(unwanted.pk)  # a message that comes again
    tasks.ask_for(report.pk)
    wait_for(lambda: status(report) not in (Report.Status.REQUESTED, Report.Status.RENDERING))
    made = Report.objects.get(pk=report.pk)
    assert made.status == Report.Status.READY, made.error
    with made.file.open() as file, pikepdf.open(BytesIO(file.read())) as pdf:
        assert len(pdf.pages) == made.pages
        assert "/AcroForm" in pdf.Root  # signed
    left = Report.objects.get(pk=unwanted.pk)
    assert (left.status, left.file.name, left.sha256) == (Report.Status.CANCELLED, "", "")
    assert AuditEvent.objects.filter(action="report.ready").count() == 1


def test_a_worker_killed_in_the_middle_of_a_render_loses_nothing(
    worker: subprocess.Popen[bytes], content: dict[str, Any]
) -> None:
    report = stored_report(content, kind="full")
    tasks.ask_for(report.pk)
    wait_for(
        lambda: Report.objects.filter(pk=report.pk, progress__gte=30, status="rendering").exists()
    )
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    row = Report.objects.get(pk=report.pk)
    assert row.status == Report.Status.RENDERING
    assert row.file.name == ""
    # The time of the lease passes.
    Report.objects.filter(pk=report.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    with start_worker():
        tasks.sweep_reports.apply_async()
        wait_for(lambda: status(report) == Report.Status.READY)
    made = Report.objects.get(pk=report.pk)
    assert made.fence == 2
    assert str(made.file.name).endswith("-2.pdf")
    assert AuditEvent.objects.filter(action="report.ready").count() == 1
