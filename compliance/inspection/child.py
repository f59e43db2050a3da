"""`python -m compliance.inspection.child`: opens one strange file, in a process of its own.

The file comes in as standard input; out goes the result. The process knows no database and no
secret, and what it may use of memory, processor time and output is bounded here before the first
byte is read: a file that unpacks without end takes nobody down but this process.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

UNREADABLE, TOO_MUCH_MEMORY = 2, 3  # exit codes
MEGABYTES, SECONDS, OUTPUT_MEGABYTES = 640, 10, 32
LONGEST_SIDE = 1600  # pixels of a preview
MOST_PIXELS = 100_000_000
MOST_ROWS, MOST_COLUMNS = 3_000, 40
_PR_SET_PDEATHSIG = 1


def count_pages(stream: BinaryIO) -> int:
    """The number of pages of a PDF that can be opened; ValueError for anything else."""
    import pikepdf

    try:
        with pikepdf.open(stream) as pdf:
            pages = len(pdf.pages)
    except (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError) as error:
        raise ValueError(str(error)) from error
    if pages == 0:
        raise ValueError("no pages")
    return pages


def redraw(stream: BinaryIO) -> bytes:
    """A PNG or JPEG picture drawn anew as a JPEG: its pixels and nothing else it carried."""
    from PIL import Image, ImageOps

    try:
        with Image.open(stream, formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError("too many pixels")
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            turned = ImageOps.exif_transpose(opened).convert("RGBA")
        paper = Image.new("RGB", turned.size, "white")
        paper.paste(turned, mask=turned)
        drawn = io.BytesIO()
        paper.save(drawn, "JPEG", quality=84)
    except MemoryError:
        raise
    except Exception as error:  # a damaged picture makes Pillow raise almost anything
        raise ValueError(str(error)) from error
    return drawn.getvalue()


def read_sheets(stream: BinaryIO) -> dict[str, list[list[Any]]]:
    """Every sheet of an XLSX workbook as rows of plain values, dates in ISO form."""
    from python_calamine import CalamineError, CalamineWorkbook

    sheets: dict[str, list[list[Any]]] = {}
    try:
        with CalamineWorkbook.from_filelike(stream) as workbook:
            for name in workbook.sheet_names[:10]:
                sheet = workbook.get_sheet_by_name(name)
                if sheet.total_height > MOST_ROWS or sheet.total_width > MOST_COLUMNS:
                    raise ValueError("too many cells")
                rows = sheet.to_python(skip_empty_area=False)
                sheets[name] = [[_plain(cell) for cell in row] for row in rows]
    except (CalamineError, OSError, IndexError) as error:
        raise ValueError(str(error)) from error
    return sheets


def _plain(cell: Any) -> Any:
    if cell is None or isinstance(cell, str | bool | int | float):
        return cell
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _draw_page(number: str) -> None:
    """Become the program that draws one page; the bounds stay."""
    side = str(LONGEST_SIDE)
    options = ["-q", "-png", "-singlefile", "-cropbox", "-scale-to", side]
    os.execvp("pdftoppm", ["pdftoppm", *options, "-f", number, "-l", number, "-"])


def _bound(parent: int) -> None:
    """No more memory, time and output than a preview needs, and no life after the parent's."""
    memory, output = MEGABYTES * 1024 * 1024, OUTPUT_MEGABYTES * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(UNREADABLE)  # the parent died before it could be noticed


def main(arguments: Sequence[str]) -> int:
    parent, action, *rest = arguments
    _bound(int(parent))
    if action == "page":
        _draw_page(*rest)
    answers: dict[str, Callable[[BinaryIO], bytes]] = {
        "pages": lambda stream: str(count_pages(stream)).encode(),
        "picture": redraw,
        "sheets": lambda stream: json.dumps(read_sheets(stream)).encode(),
    }
    with open(0, "rb", closefd=False) as stream:
        try:
            answer = answers[action](stream)
        except MemoryError:
            return TOO_MUCH_MEMORY
        except ValueError:
            return UNREADABLE
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
