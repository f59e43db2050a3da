"""The words of the catalogue, and whether its texts keep to them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from checklists.engine.documents import read_document
from checklists.engine.faults import CatalogueError
from checklists.engine.loader import CATALOGUES
from checklists.engine.model import Catalogue, Reference, Text

GLOSSARY = CATALOGUES / "glossary.yaml"


@dataclass(frozen=True, slots=True)
class Term:
    """One idea: its English word with other forms, its Chinese word, and words not used for it."""

    en: tuple[str, ...]
    zh_hans: str
    also: tuple[str, ...]
    avoided: tuple[str, ...]
    is_checked: bool  # the Chinese word has to stand wherever the English one does
    source: str  # a reference of the catalogue, or "" where the word is our own choice
    note: Text | None


@cache
def glossary() -> tuple[Term, ...]:
    """Every term, in the order of the file; read once per process."""
    document = read_document(GLOSSARY.name, GLOSSARY.read_bytes())
    if document.faults:
        raise CatalogueError(document.faults)
    return tuple(_term(form) for form in document.data["terms"])


def _term(form: Mapping[str, Any]) -> Term:
    note = form.get("note")
    return Term(
        en=tuple(form["en"]),
        zh_hans=form["zh_hans"],
        also=tuple(form.get("also", ())),
        avoided=tuple(form.get("not", ())),
        is_checked=form.get("wherever", False),
        source=form.get("source", ""),
        note=Text(note["en"], note["zh_hans"]) if note else None,
    )


def glossary_faults(catalogue: Catalogue, terms: Iterable[Term] | None = None) -> list[str]:
    """Every text that does not keep to the glossary: where it stands, and the word it wants."""
    known = glossary() if terms is None else tuple(terms)
    patterns = [(term, _pattern(term.en)) for term in known]
    faults = []
    for place, text in _texts(catalogue):
        if not text.zh_hans:
            continue
        english = text.en.lower()
        for term, pattern in patterns:
            words = (term.zh_hans, *term.also)
            # The plain search spares most of 70 patterns on each of 2,000 texts.
            is_said = term.is_checked and any(form.lower() in english for form in term.en)
            if is_said and pattern.search(text.en) and not _has_one(text.zh_hans, words):
                faults.append(
                    f"{place}: says “{term.en[0]}”, its Chinese lacks {' / '.join(words)}."
                )
            for word in term.avoided:
                if word in text.zh_hans:
                    faults.append(f"{place}: its Chinese says {word}; write {term.zh_hans}.")
    return faults


def _has_one(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.IGNORECASE)


def _texts(catalogue: Catalogue) -> Iterator[tuple[str, Text]]:
    """Every text of our own. The names of sources are theirs."""
    parts: dict[str, Any] = {
        "measure": catalogue.measures,
        "track": catalogue.tracks,
        "evidence kind": catalogue.evidence_kinds,
        "fact": catalogue.facts,
        "flag": catalogue.flags,
        "parameter": catalogue.parameters,
        "reference": catalogue.references,
        "requirement": catalogue.requirements,
    }
    for what, entries in parts.items():
        for name, entry in entries.items():
            for path, text in _inside(entry):
                yield f"{what} {name}{path}", text


def _inside(value: Any, path: str = "") -> Iterator[tuple[str, Text]]:
    if isinstance(value, Text):
        yield path, value
    elif isinstance(value, tuple):
        for number, entry in enumerate(value):
            yield from _inside(entry, f"{path}[{number}]")
    elif is_dataclass(value):
        for field in fields(value):
            if not (isinstance(value, Reference) and field.name == "name"):
                yield from _inside(getattr(value, field.name), f"{path}.{field.name}")
