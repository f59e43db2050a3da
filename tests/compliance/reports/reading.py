"""Reading a PDF back: its text, its glyphs, its fonts, its tags."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf


def text_of(path: Path, page: int | None = None) -> str:
    """Everything a reader can select, in reading order; of one page, where one is asked for."""
    one = [] if page is None else ["-f", str(page), "-l", str(page)]
    done = subprocess.run(
        ["pdftotext", "-raw", *one, str(path), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


def squeezed(text: str) -> str:
    """The text without white space: lines break where the page wants it."""
    return "".join(text.split())


def fonts_of(pdf: pikepdf.Pdf) -> Iterator[tuple[str, bool]]:
    """Each font's name, and whether it is embedded with a way back to text."""
    seen = set()
    for font in _fonts(pdf):
        if font.objgen in seen:
            continue
        seen.add(font.objgen)
        inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
        told = inner.get("/FontDescriptor")
        embedded = told is not None and any(
            key in told for key in ("/FontFile", "/FontFile2", "/FontFile3")
        )
        yield str(font.BaseFont), embedded and "/ToUnicode" in font


def _fonts(pdf: pikepdf.Pdf) -> Iterator[Any]:
    for found in pdf.objects:
        is_font = isinstance(found, pikepdf.Dictionary) and found.get("/Type") == "/Font"
        if is_font and not str(found.Subtype).startswith("/CIDFont"):  # those are parts of others
            yield found


def glyphs_of(pdf: pikepdf.Pdf) -> tuple[int, int]:
    """How many glyphs are drawn, and how many of them are the empty box."""
    drawn = missing = 0
    for page in pdf.pages:
        for step in pikepdf.parse_content_stream(page):
            operands: Any = step.operands
            operator = step.operator
            if str(operator) not in ("Tj", "TJ"):
                continue
            parts = operands[0] if str(operator) == "TJ" else operands
            for part in parts:
                if isinstance(part, pikepdf.String):
                    codes = bytes(part)
                    pairs = [codes[at : at + 2] for at in range(0, len(codes), 2)]
                    drawn += len(pairs)
                    missing += pairs.count(b"\0\0")
    return drawn, missing


def bookmarks_of(pdf: pikepdf.Pdf) -> list[tuple[int, str, int]]:
    """Depth, words and page of every bookmark."""
    found: list[tuple[int, str, int]] = []
    numbers = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}

    def walk(items: Any, depth: int) -> None:
        for item in items:
            found.append((depth, item.title, numbers[item.destination[0].objgen]))
            walk(item.children, depth + 1)

    with pdf.open_outline() as outline:
        walk(outline.root, 1)
    return found


def tags_of(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every element of the structure tree."""
    waiting, seen = [pdf.Root.StructTreeRoot], set()
    while waiting:
        element = waiting.pop()
        if element.objgen in seen:
            continue
        seen.add(element.objgen)
        if "/S" in element:
            yield element
        children = element.get("/K")
        if isinstance(children, pikepdf.Array):
            waiting += [child for child in children if isinstance(child, pikepdf.Dictionary)]
        elif isinstance(children, pikepdf.Dictionary):
            waiting.append(children)
