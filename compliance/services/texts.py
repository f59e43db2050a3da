"""What people type, made fit for both databases."""

from __future__ import annotations

import re

LONGEST_TEXT = 20_000
# PostgreSQL keeps no NUL, and half of a surrogate pair is no character in any database.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The text without what no database keeps, and with plain line ends."""
    return _UNKEPT.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    """A name or a title: printable, its words one space apart."""
    words = " ".join(clean_text(text).split())
    return "".join(letter for letter in words if letter.isprintable())
