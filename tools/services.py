"""A private PostgreSQL and Redis on free loopback ports: `python -m tools.services COMMAND …`.

Runs the command with DATABASE_URL and BROKER_URL set, and stops both servers when it ends, however
it ends. Nothing outlives it and nothing outside its temporary folder is touched.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from tools.debian import postgresql_program
from tools.project import SetupError, say

START_LIMIT_S = 60
STOP_LIMIT_S = 10
POSTGRESQL_USER = DATABASE = "tianheng"
# The data is thrown away afterwards, so nothing need reach the disk.
POSTGRESQL_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """Both servers, running; gives the settings that point the project at them."""
    with ExitStack() as stack:
        yield {
            "DATABASE_URL": stack.enter_context(postgresql()),
            "BROKER_URL": stack.enter_context(redis()),
        }


@contextmanager
def postgresql() -> Iterator[str]:
    """A running PostgreSQL of its own; gives its URL."""
    names = ("initdb", "postgres", "pg_isready", "createdb")
    programs = {name: postgresql_program(name) for name in names}
    if None in programs.values():
        raise SetupError("PostgreSQL is missing. Install Debian's package postgresql.")
    initdb, postgres, pg_isready, createdb = (str(program) for program in programs.values())
    owner = _owner()
    password = secrets.token_urlsafe(24)
    with _folder("postgresql", owner) as folder:
        password_file = folder / "password"
        password_file.write_text(password, encoding="ascii")
        data = folder / "data"
        identity = ["--username", POSTGRESQL_USER, "--pwfile", str(password_file)]
        encoding = ["--encoding", "UTF8", "--locale", "C.UTF-8"]
        create = [initdb, "--pgdata", str(data), "--auth", "scram-sha-256", "--no-sync"]
        _run_as(owner, [*create, *identity, *encoding], folder)
        password_file.unlink()
        port = free_port()
        command = [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1"]
        for setting in POSTGRESQL_SETTINGS:
            command += ["-c", setting]
        ready = [pg_isready, "-q", "-h", "127.0.0.1", "-p", str(port)]
        with _server("PostgreSQL", command, folder, owner, stop_with=signal.SIGINT) as process:
            _wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, process, folder)
            place = ["-h", "127.0.0.1", "-p", str(port), "-U", POSTGRESQL_USER]
            _run_as(owner, [createdb, *place, DATABASE], folder, PGPASSWORD=password)
            yield f"postgres://{POSTGRESQL_USER}:{password}@127.0.0.1:{port}/{DATABASE}"


@contextmanager
def redis() -> Iterator[str]:
    """A running Redis of its own; gives its URL."""
    program = shutil.which("redis-server")
    if program is None:
        raise SetupError("Redis is missing. Install Debian's package redis-server.")
    password = secrets.token_urlsafe(24)
    with _folder("redis", None) as folder:
        port = free_port()
        configuration = folder / "redis.conf"
        configuration.write_text(
            f"bind 127.0.0.1\nport {port}\ndir {folder}\nrequirepass {password}\n"
            'save ""\nappendonly no\n',
            encoding="utf-8",
        )
        with _server("Redis", [program, str(configuration)], folder, None) as process:
            _wait_until(lambda: _answers(port), process, folder)
            yield f"redis://:{password}@127.0.0.1:{port}/0"


def _owner() -> str | None:
    """Whom PostgreSQL runs as: it refuses root, so root lends it Debian's user for it."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def _folder(name: str, owner: str | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"tianheng-{name}-"))
    try:
        if owner is not None:
            shutil.chown(folder, user=owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_as(owner: str | None, command: Sequence[str], folder: Path, **settings: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        user=owner,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _server(
    name: str,
    command: Sequence[str],
    folder: Path,
    owner: str | None,
    stop_with: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a session of its own, so that Ctrl-C reaches it through us and not before us."""
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            user=owner,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(stop_with)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            say(f"{name} did not stop within {STOP_LIMIT_S} s and was killed.")
            process.kill()
            process.wait()


def _wait_until(
    is_ready: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path
) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            log = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
            raise SetupError(f"{process.args!r} did not start:\n{log}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def run_with(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end and give its exit code; Ctrl-C is left to the command itself."""
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal sent it to the command too, which is stopping
        except BaseException:
            process.terminate()
            process.wait()
            raise


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], output: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A command beside the one in the foreground; it is stopped when the block ends before it."""
    process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # pytest ends what its tests have started
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def follow(process: subprocess.Popen[bytes], path: str) -> int:
    """Show what a command has said so far and says until its end; gives its exit code."""
    with Path(path).open("rb") as said:
        is_over = False
        while True:
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
            if is_over:
                return process.returncode
            time.sleep(0.2)
            is_over = process.poll() is not None


def stop_on_terminate() -> None:
    """Let SIGTERM unwind the stack like an exit: servers are stopped and folders removed."""

    def leave(signum: int, frame: FrameType | None) -> None:
        sys.exit(128 + signum)

    signal.signal(signal.SIGTERM, leave)


def main(command: list[str]) -> int:
    if not command:
        say("Usage: python -m tools.services COMMAND …")
        return 2
    stop_on_terminate()
    try:
        with services() as environment:
            return run_with(command, {**os.environ, **environment})
    except SetupError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
