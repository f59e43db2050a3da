"""Which edition judges an assessment, and what a move to the newest would do to each answer."""

from __future__ import annotations

import json
import threading
import zlib
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from checklists import Catalogue, CatalogueError, load_catalogue
from checklists.engine.difference import (
    CatalogueDifference,
    Change,
    EntryState,
    RequirementChange,
    Verdict,
    difference,
)
from checklists.engine.export import catalogue_json
from checklists.engine.exported import catalogue_from_json
from checklists.engine.model import Text
from compliance.canonical import canonical, digest_of
from compliance.models import Answer, Assessment, CatalogueEdition, EditionMove, EvidenceUse

MAX_KEPT = 8

_digests: WeakKeyDictionary[Catalogue, str] = WeakKeyDictionary()
_stored: OrderedDict[str, Catalogue] = OrderedDict()
_storing = threading.Lock()


# --- the edition of an assessment -----------------------------------------------------------------


def content_digest(catalogue: Catalogue) -> str:
    """Tells two editions apart by what they say, and not by how their files are written."""
    digest = _digests.get(catalogue)
    if digest is None:
        digest = _digests[catalogue] = digest_of({**catalogue_json(catalogue), "digest": ""})
    return digest


def compressed(catalogue: Catalogue) -> bytes:
    """What `CatalogueEdition.content` holds."""
    return zlib.compress(canonical(catalogue_json(catalogue)), 9)


def edition_of(assessment: Assessment) -> Catalogue:
    """The rules this assessment is judged by; CatalogueError where they are gone."""
    digest = assessment.catalogue_digest
    try:
        current = load_catalogue(assessment.catalogue_id)
    except CatalogueError:
        earlier = stored_edition(digest)
        if earlier is None:
            raise
        return earlier
    if digest in ("", content_digest(current)):
        return current
    return stored_edition(digest) or current


def stored_edition(digest: str) -> Catalogue | None:
    """A kept edition (one query the first time, none later); None where it cannot be read."""
    if not digest:
        return None
    with _storing:
        found = _stored.get(digest)
        if found is not None:
            _stored.move_to_end(digest)
            return found
    row = CatalogueEdition.objects.filter(digest=digest).first()
    if row is None:
        return None
    try:
        found = catalogue_from_json(json.loads(zlib.decompress(bytes(row.content))))
    except (CatalogueError, ValueError, zlib.error):
        return None
    with _storing:
        _digests[found] = digest
        _stored[digest] = found
        while len(_stored) > MAX_KEPT:
            _stored.popitem(last=False)
    return found


def newer_edition(assessment: Assessment) -> Catalogue | None:
    """The edition of today, where a draft is still judged by an earlier one."""
    if assessment.status != Assessment.Status.DRAFT or not assessment.catalogue_digest:
        return None
    try:
        current = load_catalogue(assessment.catalogue_id)
    except CatalogueError:
        return None
    return None if content_digest(current) == assessment.catalogue_digest else current


# --- the preview ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChangeLine:
    """One thing that reads otherwise in the new edition."""

    label: str
    before: str
    after: str
    lang: str = ""  # of both, where only the text in the other language changed


@dataclass(frozen=True)
class MoveLine:
    """One requirement under the move."""

    id: str
    number: str
    title: str
    question: str
    answer: str  # as a person would say it; "" where there is none
    note: str
    no_longer_fits: bool  # the answer is of a kind that the new question does not take
    changes: tuple[ChangeLine, ...]


@dataclass(frozen=True)
class FactLine:
    title: str
    state: str  # new, removed, changed
    changes: tuple[ChangeLine, ...]


@dataclass(frozen=True)
class MovePlan:
    """What a move does, answer by answer, before anything is done."""

    before: Catalogue
    after: Catalogue
    difference: CatalogueDifference
    verdicts: Mapping[str, Verdict]  # of every requirement that has an answer
    confirm_again: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Answers by verdict, and how many requirements are new."""
        counted = Counter(str(verdict) for verdict in self.verdicts.values())
        counted[str(Verdict.NEW)] = len(self.difference.with_verdict(Verdict.NEW))
        return {str(verdict): counted[str(verdict)] for verdict in Verdict}


def move_plan(assessment: Assessment, after: Catalogue, answered: Iterable[str]) -> MovePlan:
    """The plan of a move to an edition, for the requirements that have an answer."""
    before = edition_of(assessment)
    changed = difference(before, after)
    known = changed.requirements
    verdicts = {
        name: known[name].verdict if name in known else Verdict.RETIRED for name in answered
    }
    again = tuple(n for n, verdict in verdicts.items() if verdict is Verdict.CONFIRM_AGAIN)
    return MovePlan(before, after, changed, verdicts, again)


def change_line(change: Change, lang: str) -> ChangeLine:
    """A change in the reader's language, or in the other one where it is to be seen only there."""
    return _line(change.label, change.before, change.after, lang)


def _line(label: Text, before: Text | None, after: Text | None, lang: str) -> ChangeLine:
    def said(text: Text | None, language: str) -> str:
        return text.get(language) if text else ""

    if said(before, lang) != said(after, lang):
        return ChangeLine(label.get(lang), said(before, lang), said(after, lang))
    other, tag = ("zh-hans", "zh-Hans") if lang == "en" else ("en", "en")
    return ChangeLine(label.get(lang), said(before, other), said(after, other), tag)


def changes_json(change: RequirementChange) -> list[dict[str, Any]]:
    """What changed, as a move keeps it."""
    return [
        {
            "label": one.label.as_json(),
            "before": one.before.as_json() if one.before else None,
            "after": one.after.as_json() if one.after else None,
        }
        for one in change.changes
        if one.asks_again
    ]


def lines_of_json(changes: Iterable[Mapping[str, Any]], lang: str) -> tuple[ChangeLine, ...]:
    """The same, read back."""

    def text(form: Mapping[str, str] | None) -> Text | None:
        return Text(form["en"], form["zh_hans"]) if form else None

    return tuple(
        _line(Text(**one["label"]), text(one["before"]), text(one["after"]), lang)
        for one in changes
    )


def fact_lines(changed: CatalogueDifference, lang: str) -> tuple[FactLine, ...]:
    """Questions about the firm and its mission that are new, gone or read otherwise."""
    return tuple(
        FactLine(
            entry.title.get(lang),
            str(entry.state),
            tuple(change_line(change, lang) for change in entry.changes),
        )
        for entry in changed.facts
        if entry.state is not EntryState.CHANGED or entry.changes
    )


# --- a move that was made -------------------------------------------------------------------------


def last_move(assessment: Assessment) -> EditionMove | None:
    """The newest move that stands."""
    return (
        EditionMove.objects.filter(assessment=assessment, undone_at=None)
        .select_related("moved_by")
        .first()
    )


def state_digest(assessment: Assessment) -> str:
    """Changes with every edit of the facts, the answers or the evidence (three queries)."""
    stored = Assessment.objects.values_list("facts_version", "catalogue_digest").get(
        pk=assessment.pk
    )
    answers = Answer.objects.filter(assessment=assessment).order_by("requirement")
    uses = EvidenceUse.objects.filter(assessment=assessment).order_by("requirement", "evidence_id")
    content = {
        "assessment": list(stored),
        "answers": [
            [name, version, carried, at.isoformat()]
            for name, version, carried, at in answers.values_list(
                "requirement", "version", "is_carried_over", "updated_at"
            )
        ],
        "evidence": [
            [name, str(evidence), carried]
            for name, evidence, carried in uses.values_list(
                "requirement", "evidence_id", "is_carried_over"
            )
        ],
    }
    return digest_of(content)


def may_be_undone(assessment: Assessment, move: EditionMove | None) -> bool:
    """Whether nothing was edited since the move."""
    return (
        move is not None
        and assessment.status == Assessment.Status.DRAFT
        and assessment.catalogue_digest == move.to_digest
        and state_digest(assessment) == move.state_after
    )


@dataclass(frozen=True)
class AskedAgain:
    """Why an answer has to be confirmed again: the rules read otherwise now."""

    edition: str
    changes: tuple[ChangeLine, ...]


def asked_again(assessment: Assessment, requirement_id: str, lang: str) -> AskedAgain | None:
    """What the last move changed in a requirement (one query)."""
    move = last_move(assessment)
    if move is None or requirement_id not in move.asked_again:
        return None
    return AskedAgain(move.to_edition, lines_of_json(move.asked_again[requirement_id], lang))
