"""Values → the text of a catalogue file, such as the catalogue's reader reads back as they are."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from checklists.engine.documents import is_plain_word

_PLAIN = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z ,.;()_/-]*[0-9A-Za-z.)])?")
# Lines that a block can hold: no blank at either end, and no sign that YAML does not print.
_BLOCK = re.compile(r"(?=\S)[\n -~\u00a1-\u2027\u2030-\ud7ff\ue000-\ufefe\uff00-\ufffd]*(?<=\S)")


def to_yaml(value: dict[str, Any]) -> bytes:
    """The values as a file that the catalogue's reader reads back as they are."""
    return ("\n".join(_yaml_lines(value, "") if value else ["{}"]) + "\n").encode()


def _yaml_lines(value: Any, indent: str) -> Iterator[str]:
    """A mapping or a list, an entry after the other; by hand, for a thousand files at once."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _yaml_entry(f"{indent}{_scalar(key, indent)}:", inner, f"{indent}  ")
        return
    for inner in value:
        if isinstance(inner, dict) and inner:
            first, *rest = _yaml_lines(inner, f"{indent}  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield from _yaml_entry(f"{indent}-", inner, f"{indent}  ")


def _yaml_entry(opening: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield opening
        yield from _yaml_lines(value, indent)
    else:
        yield f"{opening} {_scalar(value, indent)}"


def _scalar(value: Any, indent: str) -> str:
    if not isinstance(value, str):
        return json.dumps(value) if not isinstance(value, date) else value.isoformat()
    if _PLAIN.fullmatch(value) and is_plain_word(value):
        return value
    if "\n" in value and _BLOCK.fullmatch(value):
        lines = (f"{indent}{line}" if line else "" for line in value.split("\n"))
        return "\n".join(["|-", *lines])
    return json.dumps(value, ensure_ascii=False)
