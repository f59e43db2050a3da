"""Run the suite on PostgreSQL and Redis, then on SQLite and the embedded broker.

On PostgreSQL and Redis only what touches a database is run: the engine and the set-up know nothing
of it. The browser walks through the pages once only, on SQLite. A failure on PostgreSQL ends the
run, so that the last line is always the summary of what failed, or of the whole suite.
"""

from __future__ import annotations

import os
import shlex
import sys

from tools.project import PYTHON, SetupError, say
from tools.services import run_with, services, stop_on_terminate

NO_TESTS_COLLECTED = 5
ON_SERVERS = ("--stored-only", "-m", "not browser")


def run(arguments: list[str]) -> int:
    """Run pytest on both sets of servers with these further arguments; gives the exit code."""
    pytest = [str(PYTHON), "-m", "pytest"]
    say("\nTests on PostgreSQL and Redis")
    with services() as environment:
        first = run_with([*pytest, *ON_SERVERS, *arguments], {**os.environ, **environment})
    if first not in {0, NO_TESTS_COLLECTED}:
        return first
    say("\nTests on SQLite and the embedded broker")
    defaults = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "BROKER_URL"}}
    return run_with([*pytest, *arguments], defaults)


def main() -> int:
    stop_on_terminate()
    try:
        return run(shlex.split(os.environ.get("ARGS", "")))
    except SetupError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
