"""The cut faces of the report: everyday Chinese is in them, rare characters still get drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from tools.fonts import FACES, KOREAN, TARGET, Face, collections_folder

IN_GB2312, BEYOND_GB2312, BEYOND_NOTO = "天", "喆", "Łą"
NAME = IN_GB2312 + BEYOND_GB2312 + BEYOND_NOTO


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.target)
def test_a_cut_face_has_its_characters_under_a_family_name_of_its_own(face: Face) -> None:
    font = TTFont(TARGET / face.target)
    whole = TTFont(collections_folder() / face.collection, fontNumber=face.member)
    assert font.getBestCmap().keys() == whole.getBestCmap().keys() & face.characters
    assert {ord(IN_GB2312)} <= font.getBestCmap().keys() or face.member == KOREAN
    assert font["name"].getDebugName(1) == face.family
    assert "Noto" not in face.family


def test_rare_characters_in_a_name_are_drawn_from_the_full_collections(tmp_path: Path) -> None:
    pdf = tmp_path / "name.pdf"
    code = (
        "import sys, weasyprint; weasyprint.HTML(string='<html lang=zh-Hans>"
        '<p style="font-family: Noto Sans CJK SC">\' + sys.argv[1]).write_pdf(sys.argv[2])'
    )
    subprocess.run(
        [sys.executable, "-c", code, NAME, str(pdf)],
        env={**os.environ, "FONTCONFIG_FILE": str(TARGET / "fonts.conf")},
        check=True,
    )
    shown = subprocess.run(["pdffonts", pdf], capture_output=True, text=True, check=True).stdout
    assert "+Tianheng-Sans-SC" in shown
    assert "+Noto-Sans-CJK-SC" in shown
    assert "+DejaVu-Sans " in shown
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True)
    assert text.stdout.strip() == NAME
