"""A stand-in for `compliance.reports.child` whose renders start a process, and never end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from compliance.reports.child import serve


def hang(parent: int) -> int:
    with open(0, encoding="utf-8", closefd=False) as order:
        output = Path(json.load(order)["output"])
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
    output.with_name("pids").write_text(f"{os.getpid()} {sleeper.pid}", encoding="ascii")
    time.sleep(99)
    return 0


if __name__ == "__main__":
    sys.exit(serve(hang))
