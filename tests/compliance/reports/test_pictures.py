"""The main pages as pictures, held against kept ones: small, grey, and compared in coarse cells.

Another release of a font moves single dots and passes; a column that broke, a block that is gone
or moved does not. `RENEW_PICTURES=1 pytest tests/compliance/reports/test_pictures.py` draws the
kept pictures anew after a wanted change: look at them before committing.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageChops

from compliance.reports.process import render_in_child
from tests.compliance.reports.reading import bookmarks_of
from tests.compliance.reports.test_process import job

KEPT = Path(__file__).parent / "pictures"
DOTS_PER_INCH = 48
CELL = 5  # dots
GREY_APART = 26  # of 255: a cell that differs by more is another one
MOST_APART = 0.012  # of all cells
LANGS = ("en", "zh-hans", "both")


def drawn(pdf: Path, page: int) -> Image.Image:
    """One page, small and grey."""
    place = ["-f", str(page), "-l", str(page), "-r", str(DOTS_PER_INCH), "-singlefile"]
    target = pdf.with_suffix(".pgm")
    root = str(target.with_suffix(""))
    subprocess.run(["pdftoppm", "-gray", *place, str(pdf), root], check=True)
    with Image.open(target) as picture:
        return picture.convert("L").quantize(16).convert("L")


def apart(first: Image.Image, second: Image.Image) -> float:
    """The share of cells that differ."""
    assert first.size == second.size
    size = first.width // CELL, first.height // CELL
    coarse = [picture.resize(size, Image.Resampling.BOX) for picture in (first, second)]
    counts = ImageChops.difference(*coarse).histogram()
    return sum(counts[GREY_APART:]) / sum(counts)


def kept(name: str) -> Image.Image:
    with Image.open(KEPT / f"{name}.png") as picture:
        return picture.convert("L")


@pytest.mark.parametrize("lang", LANGS)
def test_the_main_pages_look_as_they_did(lang: str, tmp_path: Path) -> None:
    # Content of its own, so that a new wording in the catalogue moves nothing here.
    stored: dict[str, Any] = json.loads(gzip.decompress((KEPT / "submission.json.gz").read_bytes()))
    path = tmp_path / "report.pdf"
    render_in_child(job(stored["content"], review=stored["review"], lang=lang), path)
    with pikepdf.open(path) as pdf:
        first = next(page for depth, _, page in bookmarks_of(pdf) if depth == 3)
    for name, page in (("cover", 1), ("board", 2), ("requirements", first)):
        picture = drawn(path, page)
        if os.environ.get("RENEW_PICTURES"):
            picture.save(KEPT / f"{lang}-{name}.png", optimize=True)
        assert apart(picture, kept(f"{lang}-{name}")) <= MOST_APART, (lang, name)


def test_a_page_that_moved_by_some_millimetres_is_another_one() -> None:
    for path in KEPT.glob("*.png"):
        picture = kept(path.stem)
        moved = ImageChops.offset(picture, 0, 6)
        assert apart(picture, moved) > 5 * MOST_APART, path.name
    assert len(list(KEPT.glob("*.png"))) == 3 * len(LANGS)
