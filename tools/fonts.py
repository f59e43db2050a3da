"""Build var/fonts: the faces of the PDF report, cut down from the system's Noto CJK collections.

A cut face has the characters of GB 2312 and Latin. It halves the memory of a render. A rarer
character, as in a person's name, still comes from the full collection: `fonts.conf` beside the
faces (for FONTCONFIG_FILE) answers for `Noto Sans CJK SC` with the cut face first and the
collection after it. The cut faces have family names of their own, because WeasyPrint takes two
fonts of one family and weight for the same font, and would draw the glyphs of one from the other.
"""

from __future__ import annotations

import ctypes
import io
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from tools.project import VAR, SetupError, say

TARGET = VAR / "fonts"
LETTERS_FOLDER = "/usr/share/fonts/truetype/dejavu"  # Latin letters that Noto CJK lacks, as in Łódź
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
LAYOUT_FEATURES = ("kern", "liga", "locl", "halt", "palt", "calt", "ccmp", "mark")
KOREAN, SIMPLIFIED_CHINESE = 1, 2  # the place of each face in a Noto CJK collection


@dataclass(frozen=True)
class Face:
    """One face to cut: from which collection, which member, with or without Han characters."""

    target: str
    collection: str
    member: int

    @property
    def family(self) -> str:
        return self.original_family.replace("Noto", "Tianheng").replace(" CJK", "")

    @property
    def original_family(self) -> str:
        return f"Noto {self.style} CJK {'KR' if self.member == KOREAN else 'SC'}"

    @property
    def style(self) -> str:
        return "Sans" if "Sans" in self.collection else "Serif"

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


class Subsetter:
    """HarfBuzz's subsetter, which WeasyPrint needs too; it cuts a face in under a second.

    fontTools does the same in pure Python, and takes half a minute of CPU for each Chinese face.
    """

    NAME_IDS, LAYOUT_FEATURES = 3, 6  # hb_subset_sets_t
    NO_HINTING, NOTDEF_OUTLINE = 0x01, 0x40  # hb_subset_flags_t

    def __init__(self) -> None:
        try:
            self._core = ctypes.CDLL("libharfbuzz.so.0")
            self._subset = ctypes.CDLL("libharfbuzz-subset.so.0")
        except OSError as error:
            raise SetupError(
                f"HarfBuzz's subsetter is missing ({error}). "
                "Install Debian's package libharfbuzz-subset0."
            ) from error
        for library, names in (
            (self._core, ("hb_blob_create_from_file_or_fail", "hb_face_create")),
            (self._core, ("hb_face_reference_blob", "hb_blob_get_data")),
            (self._subset, ("hb_subset_input_create_or_fail", "hb_subset_or_fail")),
            (self._subset, ("hb_subset_input_unicode_set", "hb_subset_input_set")),
        ):
            for name in names:
                getattr(library, name).restype = ctypes.c_void_p

    def cut(self, collection: Path, member: int, characters: Iterable[int]) -> bytes:
        """The font file of one member of a collection, with these characters only."""
        core, subset = self._core, self._subset
        blob = core.hb_blob_create_from_file_or_fail(str(collection).encode())
        wanted = subset.hb_subset_input_create_or_fail()
        if not blob or not wanted:
            raise SetupError(f"{collection} cannot be read. Reinstall Debian's fonts-noto-cjk.")
        unicodes = ctypes.c_void_p(subset.hb_subset_input_unicode_set(ctypes.c_void_p(wanted)))
        for character in characters:
            core.hb_set_add(unicodes, character)
        name_ids = subset.hb_subset_input_set(ctypes.c_void_p(wanted), self.NAME_IDS)
        core.hb_set_add_range(ctypes.c_void_p(name_ids), 0, 25)
        features = ctypes.c_void_p(
            subset.hb_subset_input_set(ctypes.c_void_p(wanted), self.LAYOUT_FEATURES)
        )
        core.hb_set_clear(features)
        for feature in LAYOUT_FEATURES:
            core.hb_set_add(features, int.from_bytes(feature.encode(), "big"))
        subset.hb_subset_input_set_flags(
            ctypes.c_void_p(wanted), self.NO_HINTING | self.NOTDEF_OUTLINE
        )
        face = core.hb_face_create(ctypes.c_void_p(blob), member)
        result = subset.hb_subset_or_fail(ctypes.c_void_p(face), ctypes.c_void_p(wanted))
        if not result:
            raise SetupError(f"{collection} cannot be cut. Reinstall Debian's fonts-noto-cjk.")
        data = core.hb_face_reference_blob(ctypes.c_void_p(result))
        length = ctypes.c_uint()
        start = core.hb_blob_get_data(ctypes.c_void_p(data), ctypes.byref(length))
        return ctypes.string_at(start, length.value)


def renamed(data: bytes, face: Face) -> bytes:
    """The same font file under the cut face's own family name."""
    from fontTools.ttLib import TTFont  # before set-up has installed it, the rest can be imported

    font = TTFont(io.BytesIO(data))
    for record in font["name"].names:
        text = record.toUnicode().replace(face.original_family, face.family)
        record.string = text.replace("Noto", "Tianheng").replace("CJK", "")
    written = io.BytesIO()
    font.save(written)
    return written.getvalue()


def fontconfig(cut_faces: Path, collections: Path) -> str:
    """A fontconfig file in which each Noto CJK family means its cut face, then the collection."""
    families = sorted({(face.original_family, face.family, face.style) for face in FACES})
    aliases = "\n".join(
        f'  <alias binding="same"><family>{original}</family>'
        f"<prefer><family>{cut_face}</family></prefer>"
        f"<accept><family>DejaVu {style}</family></accept></alias>"
        for original, cut_face, style in families
    )
    return f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{escape(str(cut_faces))}</dir>
  <dir>{escape(str(collections))}</dir>
  <dir>{LETTERS_FOLDER}</dir>
  <cachedir>{escape(str(cut_faces / "cache"))}</cachedir>
{aliases}
</fontconfig>
"""


def build(target: Path = TARGET) -> int:
    """Write every face and fonts.conf to the target; returns the number of faces."""
    source = collections_folder()
    subsetter = Subsetter()
    shutil.rmtree(target, ignore_errors=True)  # fontconfig's cache would keep the old names
    target.mkdir(parents=True)
    for face in FACES:
        data = subsetter.cut(source / face.collection, face.member, face.characters)
        (target / face.target).write_bytes(renamed(data, face))
    (target / "fonts.conf").write_text(fontconfig(target, source), encoding="utf-8")
    return len(FACES)


if __name__ == "__main__":
    try:
        say(f"{build()} faces in {TARGET}")
    except SetupError as error:
        sys.exit(str(error))
