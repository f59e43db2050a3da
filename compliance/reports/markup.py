"""Texts → HTML that is safe, printable with the fonts at hand, and marked with its language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from django.template import Library
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from compliance.reports.printed import Twin, Words, twice
from compliance.reports.words import LANGUAGES

# What the cut faces hold for certain; anything else is looked up before it is printed.
_EXOTIC = re.compile(
    "[^\\n -~\u00a0-\u00ac\u00ae-\u017f\u2010-\u2027\u2030-\u203a"
    "\u3001-\u3020\u4e00-\u9fa5\uff01-\uff5e]"
)
_HAN_RUN = re.compile(
    "[\u3001-\u301b\uff01-\uff5e]*[\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    "(?:[\u3001-\u301b\uff01-\uff5e\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff0-9—]*"
    "[\u3001-\u301b\uff01-\uff5e\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])?"
)
# A word that no line holds is laid out anew for every line of it: time grows with its square.
LONG_WORD, BREAK_HERE = 60, "\u200b"
_LONG_WORD = re.compile(f"[^\\s\u2e80-\uffef]{{{LONG_WORD}}}(?=[^\\s])")
MOST_LINES, LINE_END_SHOWN = 400, " ¶ "  # of one text; what follows runs on
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_EMPTY_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
# Joiners, variation selectors and soft hyphens have no shape of their own.
_INVISIBLE = frozenset({0xAD, 0x034F, 0xFEFF, *range(0x200B, 0x200E), *range(0x2060, 0x2065)})
_VARIATION = frozenset({*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0xE0000, 0xE0080)})


class Fonts:
    """Which characters the report can print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def configuration(self) -> Path:
        return self.folder / "fonts.conf"

    def has(self, character: str) -> bool:
        return ord(character) in _characters(self.configuration)


@cache
def _characters(configuration: Path) -> frozenset[int]:
    """The characters of every regular upright face; read only when a rare one is printed."""
    from fontTools.ttLib import TTCollection, TTFont

    found: set[int] = set()
    for folder in ElementTree.parse(configuration).iterfind("dir"):
        for name in ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf"):
            path = Path(folder.text or "") / name
            if not path.is_file():
                continue
            if path.suffix == ".ttc":
                with TTCollection(path, lazy=True) as collection:
                    found.update(collection.fonts[2].getBestCmap())
            else:
                with TTFont(path, lazy=True) as font:
                    found.update(font.getBestCmap())
    return frozenset(found)


def printable(text: str, fonts: Fonts) -> str:
    """The text with nothing in it that cannot be printed, or that would turn the line around.

    A character that no font has stands as its number, [U+1F680], so that nothing is lost.
    """
    text = _EMPTY_LINES.sub("\n\n", _LINE_ENDS.sub("\n", text)).strip("\n")
    text = _EXOTIC.sub(lambda found: _shown(found.group(), fonts), text)
    if len(text) < LONG_WORD:
        return text
    if text.count("\n") > MOST_LINES:
        *lines, rest = text.split("\n", MOST_LINES)
        text = "\n".join([*lines, rest.replace("\n", LINE_END_SHOWN)])
    return _LONG_WORD.sub(f"\\g<0>{BREAK_HERE}", text)


def _shown(character: str, fonts: Fonts) -> str:
    code = ord(character)
    if code in _INVISIBLE or code in _VARIATION:
        return ""
    category = unicodedata.category(character)
    if character == "\t" or category == "Zs":
        return " " if code != 0x3000 else character
    if category in {"Cc", "Cf", "Cn", "Co", "Cs"} or not fonts.has(character):
        return f"[U+{code:04X}]"
    return character


def library(lang: str, fonts: Fonts) -> Library:
    """The filters of the report's templates, for a report in this language."""
    tag = LANGUAGES.get(lang, LANGUAGES["en"])
    register = Library()

    def plain(words: object) -> str:
        """A text for a title or an attribute, in a report in both languages in both."""
        if isinstance(words, Twin):
            return printable(words.both, fonts)
        if isinstance(words, Words):
            return printable(f"{words.text} {words.zh}" if words.zh else words.text, fonts)
        return printable(str(words), fonts)

    def say(words: object, between: str = "") -> SafeString:
        """A text; Chinese inside an English one is marked as Chinese."""
        if isinstance(words, Twin):
            both = twice(one(words.own, "en"), one(words.zh, "zh-Hans"), between)
            return mark_safe(both + one(words.end, "en"))
        if isinstance(words, Words):
            html = one(words.text, words.lang)
            return twice(html, one(words.zh, "zh-Hans"), between) if words.zh else html
        return one(str(words), tag)

    def lines(words: object) -> SafeString:
        """In a report in both languages one under the other, where line ends are kept."""
        return say(words, "\n")

    def one(text: str, own: str) -> SafeString:
        html = escape(printable(text, fonts))
        if own == "en":
            html = mark_safe(_HAN_RUN.sub(r'<span lang="zh-Hans">\g<0></span>', html))
        return html

    def english(words: Words) -> SafeString:
        """The first column of a report in both languages."""
        return one(words.text, words.lang)

    def chinese(words: Words) -> SafeString:
        """The second column."""
        return one(words.zh, "zh-Hans")

    def lang_attribute(words: object) -> SafeString:
        """` lang="en"` for a text that is not in the report's language."""
        own = getattr(words, "lang", tag)
        return mark_safe("" if own == tag else f' lang="{own}"')

    def back_attribute(words: object) -> SafeString:
        """The report's language again, for a label inside a text of another one."""
        own = getattr(words, "lang", tag)
        return mark_safe("" if own == tag else f' lang="{tag}"')

    def inline(words: object, between: str = "") -> SafeString:
        """A text inside a line: in a span of its own where its language differs."""
        attribute, html = lang_attribute(words), say(words, between)
        return mark_safe(f"<span{attribute}>{html}</span>") if attribute else html

    def row(words: object) -> SafeString:
        """A text in a row of several: both languages in the same line, however long."""
        return inline(words, " ")

    for name, use in _named(
        say=say,
        english=english,
        chinese=chinese,
        lines=lines,
        row=row,
        lang=lang_attribute,
        back=back_attribute,
        inline=inline,
        plain=plain,
    ):
        register.filter(name, use, is_safe=False)
    return register


def _named(**filters: Callable[..., object]) -> list[tuple[str, Callable[..., object]]]:
    return list(filters.items())
