"""Strange files, opened in a bounded child: page counts, previews, the cells of a workbook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import IO, Any

from django.conf import settings

from compliance.inspection.child import SECONDS

CHILD = "compliance.inspection.child"
WALL_SECONDS = SECONDS + 5
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL")


class Unreadable(Exception):
    """The file could not be opened within the bounds; `detail` is for the log."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def count_pages(chunks: Iterable[bytes]) -> int:
    """The number of pages of a PDF."""
    return int(_run(chunks, "pages"))


def redraw(chunks: Iterable[bytes]) -> bytes:
    """A picture as a JPEG of its pixels alone, small enough for a page."""
    return _run(chunks, "picture")


def can_draw_pages() -> bool:
    """Whether the program that draws the pages of a PDF is installed."""
    return shutil.which("pdftoppm") is not None


def draw_page(chunks: Iterable[bytes], number: int) -> bytes:
    """One page of a PDF as a PNG picture."""
    drawn = _run(chunks, "page", str(number))
    if not drawn.startswith(b"\x89PNG"):
        raise Unreadable(f"page {number} was not drawn")
    return drawn


def read_sheets(chunks: Iterable[bytes]) -> dict[str, list[list[Any]]]:
    """The cells of an XLSX workbook by sheet."""
    sheets: dict[str, list[list[Any]]] = json.loads(_run(chunks, "sheets"))
    return sheets


def _run(chunks: Iterable[bytes], action: str, *arguments: str) -> bytes:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        for chunk in chunks:
            given.write(chunk)
        given.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", CHILD, str(os.getpid()), action, *arguments],
            cwd=settings.BASE_DIR,
            env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
            stdin=given,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = child.wait(WALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Unreadable(f"{action}: too long") from error
        finally:
            child.kill()
            child.wait()
        if code != 0:
            raise Unreadable(f"{action}: exit code {code}")
        return _whole(answer)


def _whole(answer: IO[bytes]) -> bytes:
    answer.seek(0)
    return answer.read()
