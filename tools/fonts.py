"""Build var/fonts: the faces of the PDF report, cut down from the system's Noto CJK collections.

A cut face has the characters of GB 2312 and Latin. It halves the memory of a render. `fonts.conf`
beside the faces puts them before the full collections, so that a rarer character in a name still
finds its glyph there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.project import VAR, SetupError, say

TARGET = VAR / "fonts"
SYSTEM_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
NO_BREAK_SPACE_TO_LATIN_EXTENDED_A = range(0xA0, 0x180)
LATIN = frozenset(
    {
        *range(0x20, 0x7F),
        *NO_BREAK_SPACE_TO_LATIN_EXTENDED_A,
        *range(0x2010, 0x2040),
        *map(ord, "←→≤≥−×÷μΣ•…"),
    }
)
CHINESE_PUNCTUATION = frozenset(map(ord, "〔〕《》—…“”‘’「」『』【】、。，；：？！（）"))
LAYOUT_FEATURES = ["kern", "liga", "locl", "halt", "palt", "calt", "ccmp", "mark"]
KOREAN, SIMPLIFIED_CHINESE = 1, 2  # the place of each face in a Noto CJK collection


@dataclass(frozen=True)
class Face:
    """One face to cut: from which collection, which member, with or without Han characters."""

    target: str
    collection: str
    member: int

    @property
    def characters(self) -> frozenset[int]:
        if self.member == KOREAN:  # English is set in this face: its quotation marks are narrow
            return LATIN
        return LATIN | CHINESE_PUNCTUATION | frozenset(gb2312())


FACES = tuple(
    Face(f"Noto{style}{code}-{weight}.otf", f"Noto{style}CJK-{weight}.ttc", member)
    for style in ("Sans", "Serif")
    for weight in ("Regular", "Bold")
    for code, member in (("SC", SIMPLIFIED_CHINESE), ("KR", KOREAN))
)


def gb2312() -> Iterator[int]:
    """The code points of GB 2312, the everyday set of simplified Chinese."""
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                continue


def collections_folder() -> Path:
    """The folder of the system's Noto CJK collections."""
    for folder in SYSTEM_FOLDERS:
        for found in sorted(folder.rglob("NotoSansCJK-Regular.ttc")):
            return found.parent
    raise SetupError("The Noto CJK fonts are missing. Install Debian's package fonts-noto-cjk.")


def cut(face: Face, source: Path, target: Path) -> None:
    """Write one cut face under its family's own name."""
    from fontTools import subset  # the set-up imports this module before fontTools is installed

    options = subset.Options()
    options.layout_features = LAYOUT_FEATURES
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.font_number = face.member
    options.hinting = False
    font = subset.load_font(str(source / face.collection), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=face.characters)
    subsetter.subset(font)
    font.save(str(target / face.target))


def fontconfig(cut_faces: Path, system: Path) -> str:
    """A fontconfig file in which the cut faces come first and the system's collections after."""
    return f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{cut_faces}</dir>
  <dir>{system}</dir>
  <cachedir>{cut_faces / "cache"}</cachedir>
</fontconfig>
"""


def build(target: Path = TARGET) -> int:
    """Write every face and fonts.conf to the target; returns the number of faces."""
    source = collections_folder()
    target.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for done in [pool.submit(cut, face, source, target) for face in FACES]:
            done.result()
    (target / "fonts.conf").write_text(fontconfig(target, source), encoding="utf-8")
    return len(FACES)


if __name__ == "__main__":
    try:
        say(f"{build()} faces in {TARGET}")
    except SetupError as error:
        sys.exit(str(error))
