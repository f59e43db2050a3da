"""A warm process for each worker, which forks the children that render.

To import WeasyPrint and to teach it the signatures of Pango takes as long as to lay out a summary.
The warm process has done both, knows no order and no secret, and forks a child for each render: so
none can see what another one printed. It ends when the worker that started it does.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

END_SECONDS = 5.0  # after a SIGKILL


class TooSlow(Exception):
    """The child did not end in time."""


@dataclass(frozen=True)
class Child:
    """A render that runs."""

    stdout: int
    line: socket.socket  # its parent tells the exit code here, and kills it when this is closed

    def wait(self, seconds: float) -> int | None:
        """Its exit code as subprocess gives it; None if the warm process ended before it."""
        self.line.settimeout(seconds)
        try:
            told = self.line.recv(16)
        except TimeoutError as error:
            raise TooSlow from error
        except ConnectionError:
            return None
        return int(told) if told else None

    def end(self) -> None:
        """Kill whatever still runs of it; returns when it is gone."""
        os.close(self.stdout)
        with self.line, suppress(OSError, TooSlow):
            self.line.shutdown(socket.SHUT_WR)
            while self.wait(END_SECONDS) is not None:
                pass


class Warm:
    """The warm process of this process, for one program in one environment."""

    def __init__(self, module: str, environment: Mapping[str, str], folder: Path) -> None:
        self.made_for = (os.getpid(), module, dict(environment))
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=folder,
                env=dict(environment),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is for the worker, which ends its renders
            )

    def start(self, order: IO[bytes], complaints: IO[bytes]) -> Child:
        """A child at work on this order; raises OSError if the warm process is gone."""
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stdout, write = os.pipe()
        try:
            socket.send_fds(
                self.control,
                [b"render"],
                [theirs.fileno(), order.fileno(), write, complaints.fileno()],
            )
        except OSError:
            os.close(stdout)
            line.close()
            raise
        finally:
            theirs.close()
            os.close(write)
        return Child(stdout, line)

    def end(self) -> None:
        self.control.close()
        if self.made_for[0] == os.getpid():  # a fork of the worker is no parent of it
            self.process.terminate()  # a fork that still holds the other end would keep it alive
            self.process.wait()


_lock = threading.Lock()
_kept: list[Warm] = []


def start(
    module: str, environment: Mapping[str, str], folder: Path, order: IO[bytes], says: IO[bytes]
) -> Child:
    """A child at work, from the warm process of this worker; a dead one is replaced."""
    with _lock:
        wanted = (os.getpid(), module, dict(environment))
        if not (_kept and _kept[0].made_for == wanted):
            end()
            _kept.append(Warm(module, environment, folder))
        try:
            return _kept[0].start(order, says)
        except OSError:
            end()
            _kept.append(Warm(module, environment, folder))
            return _kept[0].start(order, says)


def end() -> None:
    """End the warm process; the next render starts one again."""
    while _kept:
        _kept.pop().end()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # a thread that is not here may have held it


os.register_at_fork(after_in_child=_after_fork)
atexit.register(end)
