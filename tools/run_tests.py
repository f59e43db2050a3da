"""Run the suite on PostgreSQL and Redis and, beside it, on SQLite and the embedded broker.

On PostgreSQL and Redis only what touches a database is run: the engine and the set-up know nothing
of it. The browser walks through the pages once only, on SQLite. What SQLite's run says is kept
until the other has ended, so that the last line is always the summary of what failed, or of the
whole suite.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile

from tools.project import PYTHON, SetupError, say
from tools.services import follow, run_with, running, services, stop_on_terminate

NO_TESTS_COLLECTED = 5
ON_SERVERS = ("--stored-only", "-m", "not browser")


def run(arguments: list[str]) -> int:
    """Run pytest on both sets of servers with these further arguments; gives the exit code."""
    pytest = [str(PYTHON), "-m", "pytest"]
    defaults = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "BROKER_URL"}}
    with (
        services() as environment,
        tempfile.NamedTemporaryFile(prefix="tianheng-tests-") as said,
        running([*pytest, *arguments], defaults, said) as embedded,
    ):
        say("\nTests on PostgreSQL and Redis")
        first = run_with([*pytest, *ON_SERVERS, *arguments], {**os.environ, **environment})
        if first not in {0, NO_TESTS_COLLECTED}:
            return first
        say("\nTests on SQLite and the embedded broker")
        return follow(embedded, said.name)


def main() -> int:
    stop_on_terminate()
    try:
        return run(shlex.split(os.environ.get("ARGS", "")))
    except SetupError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
