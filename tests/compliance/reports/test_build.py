"""The report's row as a job: nobody makes it twice, and nothing that dies loses it."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import translation
from pytest_django import Settings

from compliance import clock, tasks
from compliance.models import AuditEvent, Report, Role
from compliance.reports import build, signing
from compliance.reports.process import Job, Made, RenderFailed
from compliance.services.reports import cancel_report
from tests import factories
from tests.compliance.reports.conftest import small, stored_report

pytestmark = pytest.mark.django_db
Status = Report.Status
PDF = b"%PDF-1.7 made up"
Render = Callable[..., Made]
Say: TypeAlias = Callable[[str, int], None]
Look: TypeAlias = Callable[[], None]


def rendering(monkeypatch: pytest.MonkeyPatch, render: Render) -> None:
    monkeypatch.setattr(build, "render_in_child", render)


def quick(job: Job, output: Path, say: Say, look: Look = lambda: None) -> Made:
    """Stands in for the child: writes a file at once."""
    say("layout", 30)
    output.write_bytes(PDF)
    return Made(3, len(PDF), hashlib.sha256(PDF).hexdigest(), 0.1, 50)


def failing(error: Exception) -> Render:
    def render(*args: object) -> Made:
        raise error

    return render


def again(report: Report) -> Report:
    return Report.objects.get(pk=report.pk)


def stored_files() -> list[str]:
    found: list[str] = []
    folders = ["reports"]
    while folders:
        folder = folders.pop()
        if not default_storage.exists(folder):
            continue
        inside, files = default_storage.listdir(folder)
        folders += [f"{folder}/{name}" for name in inside]
        found += files
    return found


@pytest.fixture(autouse=True)
def own_storage(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "storage")},
        }
    }


@pytest.fixture(autouse=True)
def unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made up here is no PDF that could be signed."""
    monkeypatch.setattr(signing, "signed", lambda pdf, who, at: pdf)


def test_a_waiting_report_becomes_ready_with_its_file(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering(monkeypatch, quick)
    build.build_report(report.pk)
    made = again(report)
    assert made.status == Status.READY
    assert made.progress == 100
    assert made.pages == 3
    assert made.size == len(PDF)
    assert made.lease_until is None
    assert made.finished_at is not None
    with made.file.open() as pdf:
        assert hashlib.sha256(pdf.read()).hexdigest() == made.sha256
    assert AuditEvent.objects.filter(action="report.ready").count() == 1


def test_a_report_is_taken_once(report: Report) -> None:
    first = build.take(report.pk)
    assert first is not None
    assert first.fence == 1
    assert build.take(report.pk) is None


def test_a_ready_report_is_left_alone(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    rendering(monkeypatch, quick)
    build.build_report(report.pk)
    rendering(monkeypatch, failing(AssertionError("made twice")))
    build.build_report(report.pk)
    assert again(report).status == Status.READY
    assert again(report).attempts == 1


def test_a_report_whose_holder_is_gone_is_taken_again(report: Report) -> None:
    build.take(report.pk)
    Report.objects.filter(pk=report.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    second = build.take(report.pk)
    assert second is not None
    assert second.fence == 2


def test_a_report_out_of_attempts_is_not_taken(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(attempts=build.MAX_ATTEMPTS)
    assert build.take(report.pk) is None


def test_a_lease_lasts_longer_than_a_render_may(report: Report, settings: Settings) -> None:
    build.take(report.pk)
    lease = again(report).lease_until
    assert lease is not None
    assert lease - clock.now() > timedelta(seconds=settings.REPORT_SECONDS + 20)


def test_who_comes_back_too_late_changes_nothing_and_leaves_no_file(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(job: Job, output: Path, say: Say, look: Look) -> Made:
        Report.objects.filter(pk=report.pk).update(lease_until=clock.now() - timedelta(seconds=1))
        assert build.take(report.pk) is not None
        output.write_bytes(PDF)
        return Made(3, len(PDF), "0" * 64, 0.1, 50)

    # The progress that is noted after the render would notice it first: look past it.
    monkeypatch.setattr(build, "note_progress", lambda *args: None)
    rendering(monkeypatch, overtaken)
    build.build_report(report.pk)
    row = again(report)
    assert (row.status, row.fence, row.file.name) == (Status.RENDERING, 2, "")
    assert stored_files() == []
    assert not AuditEvent.objects.exists()


def test_progress_stops_a_render_that_was_overtaken(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def overtaken(job: Job, output: Path, say: Say, look: Look) -> Made:
        Report.objects.filter(pk=report.pk).update(fence=7)
        say("layout", 30)
        said.append("went on")
        return quick(job, output, say)

    rendering(monkeypatch, overtaken)
    build.build_report(report.pk)
    assert said == []
    assert again(report).status == Status.RENDERING


def test_three_failures_end_it_with_a_reason_a_person_understands(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering(monkeypatch, failing(RenderFailed(RenderFailed.TOO_LONG)))
    for attempt in (1, 2):
        build.build_report(report.pk)
        row = again(report)
        assert (row.status, row.attempts, row.error) == (Status.REQUESTED, attempt, "")
    build.build_report(report.pk)
    row = again(report)
    assert (row.status, row.attempts) == (Status.FAILED, 3)
    assert "took longer" in row.error
    event = AuditEvent.objects.get(action="report.failed")
    assert event.after == {"reason": "too_long"}
    build.build_report(report.pk)
    assert again(report).attempts == 3


def test_a_failure_nobody_foresaw_counts_as_an_attempt_too(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering(monkeypatch, failing(RuntimeError("poison")))
    for _attempt in range(3):
        build.build_report(report.pk)
    row = again(report)
    assert row.status == Status.FAILED
    assert "unexpectedly" in row.error
    assert "poison" not in row.error


def test_a_full_storage_is_named(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def save(self, *args: object) -> str:
            raise OSError(errno.ENOSPC, "No space left on device")

    rendering(monkeypatch, quick)
    monkeypatch.setattr(build, "_storage", Full)
    for _attempt in range(3):
        build.build_report(report.pk)
    assert "storage is full" in again(report).error


def test_a_moment_of_trouble_does_not_lose_the_report(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering(monkeypatch, failing(RenderFailed(RenderFailed.STOPPED)))
    build.build_report(report.pk)
    rendering(monkeypatch, quick)
    assert build.waiting_reports() == []  # not at once: whatever it was may pass
    Report.objects.filter(pk=report.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    for report_id in build.waiting_reports():
        build.build_report(report_id)
    assert again(report).status == Status.READY


# --- the sweep ------------------------------------------------------------------------------------


def test_a_report_nobody_heard_of_is_asked_for_again_but_not_every_time(report: Report) -> None:
    assert build.waiting_reports() == [report.pk]
    assert build.waiting_reports() == []
    Report.objects.filter(pk=report.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    assert build.waiting_reports() == [report.pk]


def test_a_report_just_asked_for_is_left_to_its_message(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(requested_at=clock.now())
    assert build.waiting_reports() == []


def test_a_report_that_was_asked_for_again_can_still_be_taken(report: Report) -> None:
    build.waiting_reports()
    assert build.take(report.pk) is not None


def test_a_report_somebody_is_making_is_left_alone(report: Report) -> None:
    build.take(report.pk)
    assert build.waiting_reports() == []


def test_a_report_whose_last_holder_died_fails_in_the_sweep(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(attempts=2)
    build.take(report.pk)
    Report.objects.filter(pk=report.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    assert build.waiting_reports() == []
    row = again(report)
    assert row.status == Status.FAILED
    assert "unexpectedly" in row.error
    assert AuditEvent.objects.filter(action="report.failed").count() == 1


def test_a_sweep_asks_for_a_bounded_number(
    content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "MAX_PER_SWEEP", 2)
    first = stored_report(small(content))
    for number in range(3):
        Report.objects.create(
            submission=first.submission,
            kind="summary",
            lang="en",
            review=first.review,
            source_digest=f"{number + 1:064d}",
            code=f"TH-7K3M-9Q2X-4DH{number}",
            requested_at=first.requested_at + timedelta(minutes=number + 1),
        )
    assert len(build.waiting_reports()) == 2
    assert len(build.waiting_reports()) == 2
    assert build.waiting_reports() == []


def test_the_sweep_rings_for_each(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[object] = []
    monkeypatch.setattr(tasks, "ask_for", rung.append)
    tasks.sweep_reports()
    assert rung == [report.pk]


def test_a_failed_report_speaks_the_language_it_was_asked_in(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_in: list[str] = []

    def sentence(lang: str) -> Any:
        asked_in.append(lang)
        return translation.override(lang)

    monkeypatch.setattr("compliance.reports.build.override", sentence)
    Report.objects.filter(pk=report.pk).update(lang="zh-hans", attempts=2)
    rendering(monkeypatch, failing(RenderFailed(RenderFailed.TOO_LARGE)))
    build.build_report(report.pk)
    assert asked_in == ["zh-hans"]


def test_what_a_killed_worker_left_is_removed_and_a_running_render_keeps_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, running = (tmp_path / f"{build.FOLDER_PREFIX}{name}" for name in ("left", "running"))
    for folder in (left, running):
        folder.mkdir()
        (folder / "report.pdf").write_bytes(b"%PDF")
    os.utime(left, (0, 0))
    build.remove_left_folders()
    assert not left.exists()
    assert running.exists()


# --- cancelling -----------------------------------------------------------------------------------


def test_a_cancelled_render_stops_in_the_middle_and_nothing_of_it_is_kept(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_on: list[str] = []

    def cancelled(job: Job, output: Path, say: Say, look: Look) -> Made:
        look()
        officer = factories.member(report.submission.assessment.firm, Role.OFFICER, "Cleo")
        cancel_report(report=again(report), by=officer)
        look()
        went_on.append("went on")
        return quick(job, output, say)

    rendering(monkeypatch, cancelled)
    build.build_report(report.pk)
    row = again(report)
    assert went_on == []
    assert (row.status, row.progress, row.step, row.lease_until) == (Status.CANCELLED, 0, "", None)
    assert stored_files() == []
    build.build_report(report.pk)  # a message that comes late
    assert build.waiting_reports() == []
    assert again(report).status == Status.CANCELLED


def test_a_report_cancelled_at_the_last_moment_is_not_issued(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CancelledMeanwhile:
        def save(self, name: str, content: Any) -> str:
            Report.objects.filter(pk=report.pk).update(status=Status.CANCELLED)
            return default_storage.save(name, content)

        def delete(self, name: str) -> None:
            default_storage.delete(name)

    rendering(monkeypatch, quick)
    monkeypatch.setattr(build, "_storage", CancelledMeanwhile)
    build.build_report(report.pk)
    assert again(report).status == Status.CANCELLED
    assert stored_files() == []
    assert not AuditEvent.objects.filter(action="report.ready").exists()


def test_the_file_of_a_holder_killed_after_storing_goes_when_the_report_is_made(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build.take(report.pk)
    assert first is not None
    default_storage.save(build._file_name(first, 1), ContentFile(PDF))
    Report.objects.filter(pk=report.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    rendering(monkeypatch, quick)
    build.build_report(report.pk)
    assert stored_files() == [f"{report.pk}-2.pdf"]


def test_a_report_that_cannot_be_signed_says_so(
    report: Report, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    rendering(monkeypatch, quick)
    settings.SIGNING_FILE = tmp_path / "gone.pem"
    for _attempt in range(3):
        build.build_report(report.pk)
    assert "could not be signed" in again(report).error
    assert stored_files() == []
