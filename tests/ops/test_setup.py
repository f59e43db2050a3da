"""Set-up: a step is done once, again when its inputs change, and a missing package is named."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from tools import debian, setup
from tools.project import ROOT, SetupError
from tools.setup import Step


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "STAMPS", tmp_path / "stamps")
    return []


def a_step(folder: Path, built: list[str]) -> Step:
    source, result = folder / "source", folder / "result"

    def build() -> None:
        result.write_text(source.read_text())
        built.append(source.read_text())

    return Step("copy", "A copy", lambda: [source], (result,), build)


def test_a_step_whose_inputs_have_not_changed_is_left_out(tmp_path: Path, built: list[str]) -> None:
    (tmp_path / "source").write_text("one")
    for _ in range(2):
        a_step(tmp_path, built).run()
    assert built == ["one"]


def test_a_step_is_done_again_when_an_input_changes(tmp_path: Path, built: list[str]) -> None:
    (tmp_path / "source").write_text("one")
    a_step(tmp_path, built).run()
    (tmp_path / "source").write_text("two")
    a_step(tmp_path, built).run()
    assert built == ["one", "two"]


def test_a_step_is_done_again_when_its_result_is_gone(tmp_path: Path, built: list[str]) -> None:
    (tmp_path / "source").write_text("one")
    a_step(tmp_path, built).run()
    (tmp_path / "result").unlink()
    a_step(tmp_path, built).run()
    assert built == ["one", "one"]


def test_a_step_that_failed_is_tried_again(tmp_path: Path, built: list[str]) -> None:
    def fail() -> None:
        raise SetupError("No space left.")

    (tmp_path / "source").write_text("one")
    a_step(tmp_path, built).run()
    (tmp_path / "source").write_text("two")
    broken = Step("copy", "A copy", lambda: [tmp_path / "source"], (), fail)
    with pytest.raises(SetupError, match=r"Set-up stopped at: A copy\.\nNo space left\."):
        broken.run()
    a_step(tmp_path, built).run()
    assert built == ["one", "two"]


def test_without_root_and_sudo_the_exact_command_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/x" if "apt" in name else None)
    needs = [
        debian.Need("fonts-noto-cjk", "Chinese", lambda: False),
        debian.Need("libmagic1", "uploads", lambda: True),
        debian.Need("gettext", "messages", lambda: False),
    ]
    with pytest.raises(SetupError) as refusal:
        debian.install(needs)
    line = "apt-get update && apt-get install -y --no-install-recommends fonts-noto-cjk gettext"
    assert str(refusal.value).splitlines()[-1].strip() == line


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "secret_key"
    monkeypatch.setattr(setup, "VAR", tmp_path)
    monkeypatch.setattr(setup, "SECRET_KEY", key)
    setup.write_secret_key()
    first = key.read_text()
    setup.write_secret_key()
    assert key.read_text() == first
    assert len(first.strip()) >= 64
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["base.txt", "dev.txt", "uv.txt"])
def test_every_locked_package_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert entries
    assert all("==" in line and line.endswith("\\") for line in entries)
    assert "://" not in text


def test_the_npm_lock_has_hashes_and_no_download_address() -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert text.count('"integrity": "sha512-') == 3
    assert '"resolved"' not in text
