"""The audit trail as a table or as JSON, with the hashes, so that anybody can check the chain."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from compliance import chain
from compliance.canonical import canonical
from compliance.exports.submission import BYTE_ORDER_MARK, plain_cell
from compliance.models import AuditEvent, AuditHead
from compliance.selectors.trail_page import Trail

COLUMNS = (
    "sequence", "at", "actor", "action", "in_words", "assessment", "requirement", "number",
    "subject", "before", "after", "previous_hash", "hash",
)  # fmt: skip


class _Line(Protocol):
    def write(self, text: str) -> Any: ...


class _Echo:
    """A file for the csv module that hands every line straight back."""

    def write(self, text: str) -> str:
        return text


def trail_csv(trail: Trail, events: Iterable[AuditEvent], lang: str) -> Iterator[str]:
    """The events as CSV, line by line."""
    echo: _Line = _Echo()
    writer = csv.writer(echo)
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for event in events:
        entry = trail.entry(event, lang)
        cells = (
            event.sequence,
            chain.moment(event.at),
            event.actor_name,
            event.action,
            entry.sentence,
            event.assessment.title if event.assessment else "",
            event.requirement,
            entry.number,
            event.subject,
            "" if event.before is None else canonical(event.before).decode(errors="replace"),
            "" if event.after is None else canonical(event.after).decode(errors="replace"),
            event.previous_hash,
            event.hash,
        )
        yield writer.writerow([plain_cell(cell) for cell in cells])


def trail_json(head: AuditHead, events: Iterable[AuditEvent]) -> Iterator[str]:
    """The events in the very form that is hashed, and the end of the chain."""
    end = {"sequence": head.sequence, "hash": head.hash}
    yield f'{{"format":"tianheng-audit-trail/1","head":{json.dumps(end)},"events":['
    for number, event in enumerate(events):
        form = chain.sealed_form([getattr(event, name) for name in chain.SEALED])
        line = json.dumps({**form, "hash": event.hash}, ensure_ascii=False)
        yield (",\n" if number else "\n") + line.encode(errors="replace").decode()
    yield "\n]}\n"
