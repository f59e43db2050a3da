"""The folders of this clone, and one way to run a command in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
SETUP_LOG = VAR / "log" / "setup.log"


class SetupError(Exception):
    """A set-up step that cannot go on; its text says what is wrong and what to do."""


def say(text: str, *, end: str = "\n") -> None:
    """Print one plain line at once, also when the output is a file."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def run_logged(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
    """Run a command in the clone with its output in the set-up log; a failure shows its end."""
    words = [str(word) for word in command]
    SETUP_LOG.parent.mkdir(parents=True, exist_ok=True)
    with SETUP_LOG.open("ab") as log:
        log.write(f"\n$ {' '.join(words)}\n".encode())
        log.flush()
        start = log.tell()
        done = subprocess.run(
            words, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        )
    if done.returncode != 0:
        with SETUP_LOG.open("rb") as log:
            log.seek(start)
            lines = log.read().decode(errors="replace").strip().splitlines()
        shown = "\n".join(f"    {line}" for line in lines[-25:])
        raise SetupError(
            f"This command failed with exit code {done.returncode}:\n"
            f"    {' '.join(words)}\n{shown}\n"
            f"The whole output is in {SETUP_LOG.relative_to(ROOT)}."
        )
