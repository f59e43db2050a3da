"""The words of the catalogue, and whether its texts keep to them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from checklists.engine.documents import Document, read_document
from checklists.engine.faults import CatalogueError, Fault
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


def glossary_faults(
    catalogue: Catalogue, documents: Mapping[str, Document] | None = None
) -> list[Fault]:
    """Every text that does not keep to the glossary: where it stands, and the word it wants."""
    terms = glossary()
    said_as = {form.lower(): term for term in terms if term.is_checked for form in term.en}
    avoided = {word: term for term in terms for word in term.avoided}
    said, strayed = _pattern(said_as, whole=True), _pattern(avoided, whole=False)
    faults: list[Fault] = []
    for place, text in _texts(catalogue):
        if not text.zh_hans:
            continue
        for term in dict.fromkeys(said_as[form] for form in said.findall(text.en.lower())):
            words = (term.zh_hans, *term.also)
            if not any(word in text.zh_hans for word in words):
                problem = f"The English says “{term.en[0]}”, the Chinese lacks its word."
                faults.append(place.fault(documents, problem, f"Write {' or '.join(words)}."))
        for word in strayed.findall(text.zh_hans):
            problem = f"The Chinese says {word}, which the glossary avoids."
            faults.append(place.fault(documents, problem, f"Write {avoided[word].zh_hans}."))
    return faults


def _pattern(words: Iterable[str], *, whole: bool) -> re.Pattern[str]:
    """Finds any of the words, the longest first; `whole` leaves out parts of longer words."""
    either = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(rf"(?<![\w-])(?:{either})(?![\w-])" if whole else either)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text stands: its file as far as it is known, and the way to it."""

    file: str  # "facts.yaml", or the last part of the id of a requirement
    path: tuple[str, ...]

    def fault(self, documents: Mapping[str, Document] | None, problem: str, cure: str) -> Fault:
        found = [name for name in documents or () if name == self.file or name.endswith(self.file)]
        file = found[0] if found else self.file
        line = documents[file].line(self.path) if documents and found else None
        return Fault(file, line, ".".join(self.path), problem, cure)


def _texts(catalogue: Catalogue) -> Iterator[tuple[_Place, Text]]:
    """Every text of our own. The names of sources are theirs."""
    parts: dict[str, tuple[str, tuple[str, ...], Mapping[Any, Any]]] = {
        "measure": ("catalogue.yaml", ("measures",), catalogue.measures),
        "track": ("catalogue.yaml", ("tracks",), catalogue.tracks),
        "evidence": ("catalogue.yaml", ("evidence_kinds",), catalogue.evidence_kinds),
        "fact": ("facts.yaml", ("facts",), catalogue.facts),
        "flag": ("facts.yaml", ("flags",), catalogue.flags),
        "parameter": ("parameters.yaml", (), catalogue.parameters),
        "reference": ("references.yaml", (), catalogue.references),
    }
    for file, way, entries in parts.values():
        for name, entry in entries.items():
            for path, text in _inside(entry):
                yield _Place(file, (*way, str(name), *path)), text
    for requirement in catalogue.requirements.values():
        file = f"/{requirement.id.rpartition('.')[2]}.yaml"
        for path, text in _inside(requirement):
            yield _Place(file, path), text


def _inside(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Text]]:
    if isinstance(value, Text):
        yield path, value
    elif isinstance(value, tuple):
        for entry in value:
            yield from _inside(entry, path)
    elif is_dataclass(value):
        for field in fields(value):
            if not (isinstance(value, Reference) and field.name == "name"):
                yield from _inside(getattr(value, field.name), (*path, field.name))
