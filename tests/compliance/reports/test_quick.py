"""The quick twins draw what WeasyPrint draws."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import weasyprint
from PIL import Image, ImageChops

from compliance.reports import process, quick
from compliance.reports.process import Made, render_in_child
from tests.compliance.reports.conftest import small
from tests.compliance.reports.factory import review_of
from tests.compliance.reports.reading import text_of
from tests.compliance.reports.test_process import job

CLEARLY = 150  # levels of grey; the shape of a letter that stands a little aside differs by less


def test_the_quick_twins_are_those_of_this_release() -> None:
    assert weasyprint.VERSION == quick.WRITTEN_FOR


def test_the_pages_are_those_that_weasyprint_draws(
    content: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = small(content, 8)
    shown["requirements"][0] = shown["requirements"][0] | {
        "note": "½ ≤ µ – “quoted” Łódź Αθήνα Москва 龘𠮷 字。" * 40 + "W" * 300
    }
    made: list[Made] = []
    for name in ("quick", "plain"):
        made.append(
            render_in_child(
                job(shown, review=review_of(shown, "returned")), tmp_path / f"{name}.pdf"
            )
        )
        monkeypatch.setattr(process, "CHILD", "tests.compliance.reports.plain")
    assert made[0].sha256 != made[1].sha256  # the second one is plain indeed
    assert made[0].pages == made[1].pages
    assert text_of(tmp_path / "quick.pdf") == text_of(tmp_path / "plain.pdf")
    for name in ("quick", "plain"):
        drawn = [str(tmp_path / f"{name}.pdf"), str(tmp_path / name)]
        subprocess.run(["pdftoppm", "-r", "50", "-gray", *drawn], check=True, timeout=60)
    pictures = [sorted(tmp_path.glob(f"{name}-*.pgm")) for name in ("quick", "plain")]
    assert len(pictures[0]) == made[0].pages
    for one, other in zip(*pictures, strict=True):
        with Image.open(one) as left, Image.open(other) as right:
            differs = ImageChops.difference(left, right).histogram()[CLEARLY:]
        assert sum(differs) < 20, one.name
