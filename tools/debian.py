"""The Debian packages that the project needs, and their installation where it is allowed."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.fonts import LETTERS_FOLDER, SYSTEM_FOLDERS
from tools.project import ROOT, SetupError, run_logged, say

LOCK_WAIT_S = 300
POSTGRESQL_FOLDERS = "/usr/lib/postgresql/*/bin"


@dataclass(frozen=True)
class Need:
    """One Debian package, what it is for, and whether the machine already has what it brings."""

    package: str
    purpose: str
    is_there: Callable[[], bool]


def has_library(name: str) -> Callable[[], bool]:
    def look() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return look


def has_program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def has_chinese_fonts() -> bool:
    return any(any(folder.rglob("NotoSerifCJK-Bold.ttc")) for folder in SYSTEM_FOLDERS)


def has_letters() -> bool:
    return (Path(LETTERS_FOLDER) / "DejaVuSans.ttf").is_file()


def has_venv() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


def postgresql_program(name: str) -> str | None:
    """The path of a PostgreSQL program, from Debian's newest server or from the search path."""
    servers = sorted(Path("/").glob(POSTGRESQL_FOLDERS.lstrip("/") + f"/{name}"))
    return str(servers[-1]) if servers else shutil.which(name)


RUN_NEEDS = (
    Need("python3-venv", "the virtual environment", has_venv),
    Need("libpango-1.0-0", "the PDF report", has_library("libpango-1.0.so.0")),
    Need("libpangoft2-1.0-0", "the PDF report", has_library("libpangoft2-1.0.so.0")),
    Need("libharfbuzz-subset0", "the PDF report", has_library("libharfbuzz-subset.so.0")),
    Need("libmagic1", "checks of uploaded files", has_library("libmagic.so.1")),
    Need("poppler-utils", "previews of PDF evidence", has_program("pdftoppm")),
    Need("fonts-noto-cjk", "Chinese in the PDF report", has_chinese_fonts),
    Need("fonts-dejavu-core", "European names in the PDF report", has_letters),
)
MESSAGES_NEED = Need("gettext", "the Chinese interface", has_program("msgfmt"))
TEST_NEEDS = (
    Need("postgresql", "tests", lambda: postgresql_program("initdb") is not None),
    Need("redis-server", "tests", has_program("redis-server")),
    Need("chromium", "browser tests", has_program("chromium")),
)


def has_messages() -> bool:
    """Whether the clone has translations to compile."""
    places = [ROOT / name for name in ("locale", "compliance", "checklists")]
    return any(any(place.rglob("*.po")) for place in places)


def missing(needs: Sequence[Need]) -> list[Need]:
    return [need for need in needs if not need.is_there()]


def install(needs: Sequence[Need]) -> None:
    """Install what is missing as root or through sudo; otherwise stop with the line to type."""
    lacking = missing(needs)
    if not lacking:
        return
    packages = [need.package for need in lacking]
    rights = _rights()
    if rights is None:
        wanted = "\n".join(f"    {need.package}: for {need.purpose}" for need in lacking)
        raise SetupError(
            f"These packages are missing, and installing them needs root:\n{wanted}\n"
            "Type this as root, then start again:\n"
            f"    apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"
        )
    say(f"  Debian packages: {' '.join(packages)} … ", end="")
    started = time.monotonic()
    _patiently([*rights, "apt-get", "update"])
    settings = ["-o", f"DPkg::Lock::Timeout={LOCK_WAIT_S}"]
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    install_command = ["apt-get", *settings, "install", "-y", "--no-install-recommends"]
    _patiently([*rights, *environment, *install_command, *packages])
    say(f"{time.monotonic() - started:.1f} s")
    if still := missing(lacking):
        raise SetupError(
            f"Installed, but still not found: {', '.join(need.package for need in still)}. "
            f"Is {sys.executable} Debian's own Python? Try: make PYTHON=/usr/bin/python3.11"
        )


def _rights() -> list[str] | None:
    """How to run a command as root: [] for root itself, None where there is no way."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    asked = ["sudo", "-v"] if sys.stdin.isatty() else ["sudo", "-n", "true"]
    return ["sudo"] if subprocess.run(asked, check=False).returncode == 0 else None


def _patiently(command: list[str]) -> None:
    """Run apt-get, and wait while another one holds its lock."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            run_logged(command)
        except SetupError as error:
            if "Could not get lock" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(2)
        else:
            return
