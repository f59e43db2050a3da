"""The child process: bounded, knows no secret, and makes the same bytes twice."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pytest_django import Settings

from compliance.reports import process, warm
from compliance.reports.process import Job, RenderFailed, child_environment, render_in_child
from tests.compliance.reports.conftest import ASKED_AT, small
from tests.compliance.reports.factory import review_of


def job(content: dict[str, Any], **fields: Any) -> Job:
    values: dict[str, Any] = {
        "content": content,
        "review": review_of(content),
        "kind": "full",
        "lang": "en",
        "code": "TH-7K3M-9Q2X-4DHP",
        "digest": "5a" * 32,
        "issued_at": ASKED_AT,
    }
    return Job(**(values | fields))


def test_the_child_renders_and_tells_its_steps(content: dict[str, Any], tmp_path: Path) -> None:
    steps: list[tuple[str, int]] = []
    output = tmp_path / "report.pdf"
    made = render_in_child(
        job(small(content)), output, lambda step, percent: steps.append((step, percent))
    )
    assert [step for step, _ in steps] == ["writing", "layout", "printing"]
    assert [percent for _, percent in steps] == sorted(percent for _, percent in steps)
    assert made.sha256 == hashlib.sha256(output.read_bytes()).hexdigest()
    assert made.size == output.stat().st_size
    with pikepdf.open(output) as pdf:
        assert made.pages == len(pdf.pages)


def test_the_same_job_gives_the_same_bytes(content: dict[str, Any], tmp_path: Path) -> None:
    made = [
        render_in_child(job(small(content), lang="zh-hans"), tmp_path / f"{turn}.pdf")
        for turn in range(2)
    ]
    assert made[0].sha256 == made[1].sha256


def test_the_child_is_told_no_secret(
    monkeypatch: pytest.MonkeyPatch, content: dict[str, Any], tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary-secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://canary")
    assert set(child_environment()) <= {
        "PATH",
        "LANG",
        "LC_ALL",
        "FONTCONFIG_FILE",
        "PYTHONUTF8",
        "PYTHONHASHSEED",
    }
    warm.end()  # so that it starts anew, in this environment
    # Nothing on the way to a PDF asks for a variable that is not there.
    render_in_child(job(small(content), kind="summary"), tmp_path / "report.pdf")
    environment = Path(f"/proc/{_warm_pid()}/environ").read_bytes()
    assert b"PYTHONHASHSEED=0" in environment
    assert b"canary" not in environment


def test_too_little_memory_is_told_from_other_ends(
    content: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    settings.REPORT_MEGABYTES = 120
    with pytest.raises(RenderFailed) as failed:
        render_in_child(job(content), tmp_path / "report.pdf")
    assert failed.value.kind == RenderFailed.TOO_LARGE


def test_a_render_that_takes_too_long_is_ended(
    content: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    settings.REPORT_SECONDS = 1
    started = time.monotonic()
    with pytest.raises(RenderFailed) as failed:
        render_in_child(job(content), tmp_path / "report.pdf")
    assert failed.value.kind == RenderFailed.TOO_LONG
    assert time.monotonic() - started < 10


def test_a_child_that_hangs_is_ended_with_all_it_started(
    monkeypatch: pytest.MonkeyPatch,
    content: dict[str, Any],
    settings: Settings,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(process, "CHILD", "tests.compliance.reports.hangs")
    settings.REPORT_SECONDS = 2
    with pytest.raises(RenderFailed) as failed:
        render_in_child(job(content), tmp_path / "report.pdf")
    assert failed.value.kind == RenderFailed.TOO_LONG
    assert _gone([int(pid) for pid in (tmp_path / "pids").read_text().split()])


def test_a_render_nobody_wants_any_more_is_ended_with_all_it_started(
    monkeypatch: pytest.MonkeyPatch, content: dict[str, Any], tmp_path: Path
) -> None:
    class Cancelled(Exception):
        pass

    def look() -> None:
        if (tmp_path / "pids").exists():
            raise Cancelled

    monkeypatch.setattr(process, "CHILD", "tests.compliance.reports.hangs")
    monkeypatch.setattr(process, "LOOK_EVERY_S", 0.1)
    with pytest.raises(Cancelled):
        render_in_child(job(content), tmp_path / "report.pdf", look=look)
    assert _gone([int(pid) for pid in (tmp_path / "pids").read_text().split()])


def _gone(pids: list[int]) -> bool:
    """Whether they end within a moment: a signal is not felt at once."""
    deadline = time.monotonic() + 5
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_content_that_breaks_the_render_is_a_failure_with_a_detail_for_the_log(
    content: dict[str, Any], tmp_path: Path
) -> None:
    broken = content | {"tracks": {}}
    with pytest.raises(RenderFailed) as failed:
        render_in_child(job(broken), tmp_path / "report.pdf")
    assert failed.value.kind == RenderFailed.STOPPED
    assert "KeyError" in failed.value.detail


def test_a_listener_that_raises_ends_the_child(content: dict[str, Any], tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(step: str, percent: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        render_in_child(job(content), tmp_path / "report.pdf", stop)
    assert not (tmp_path / "report.pdf").exists()


def test_a_warm_process_that_is_killed_fails_one_render_and_is_replaced(
    content: dict[str, Any], tmp_path: Path
) -> None:
    def kill(step: str, percent: int) -> None:
        os.kill(_warm_pid(), signal.SIGKILL)

    with pytest.raises(RenderFailed) as failed:
        render_in_child(job(small(content)), tmp_path / "report.pdf", kill)
    assert failed.value.kind == RenderFailed.STOPPED
    assert render_in_child(job(small(content)), tmp_path / "report.pdf").pages > 5


def test_the_children_die_with_the_worker(content: dict[str, Any], tmp_path: Path) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:  # stands for a worker: tells its children's numbers while one renders

        def tell(step: str, percent: int) -> None:
            keeper = _warm_pid()
            children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text()
            os.write(write, f"{keeper} {children}\n".encode())
            time.sleep(60)

        render_in_child(job(content), tmp_path / "report.pdf", tell)
        os._exit(0)
    os.close(write)
    numbers = [int(number) for number in os.read(read, 100).split()]
    os.close(read)
    assert len(numbers) == 2
    assert all(map(_runs, numbers))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert _gone(numbers)


def _warm_pid() -> int:
    pid: int = warm._kept[0].process.pid
    return pid
