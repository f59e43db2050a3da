"""Taking in a whole assessment that was written out as JSON: all of it, or every fault of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from checklists import Catalogue, CatalogueError, load_catalogue
from compliance import permissions
from compliance.errors import InvalidInput, Sentence
from compliance.models import Answer, Assessment, Evidence, EvidenceUse, Firm, Membership
from compliance.services.answers import AnswerChange, checked_answer, save_answers
from compliance.services.assessments import (
    ROLES_FACT,
    checked_facts,
    order_of_dates,
    save_facts,
    start_assessment,
)
from compliance.services.evidence import attach_evidence, attach_existing

# What `start_assessment` calls its values, and where they stand in the document.
_START = {
    "title": "/assessment/title",
    "as_of": "/assessment/as_of",
    "catalogue_id": "/catalogue/id",
}


@dataclass(frozen=True)
class AnswerGiven:
    """One answer of the document; `at` is the JSON pointer to it."""

    at: str
    requirement: str
    value: Any
    note: str
    not_applicable_reason: str
    flag: str
    is_carried_over: bool


@dataclass(frozen=True)
class UseGiven:
    at: str
    requirement: str
    is_carried_over: bool


@dataclass(frozen=True)
class PieceGiven:
    """What is said of one piece of evidence."""

    at: str
    kind: str
    title: str
    sha256: str
    url: str
    effective_on: date | None
    expires_on: date | None
    uses: tuple[UseGiven, ...]


@dataclass(frozen=True)
class Document:
    """An assessment as it was written out, so far as it could be read."""

    catalogue_id: str
    title: str
    as_of: date
    facts: Mapping[str, Any]
    answers: Sequence[AnswerGiven]
    evidence: Sequence[PieceGiven]


@dataclass(frozen=True)
class Imported:
    assessment: Assessment
    missing: tuple[PieceGiven, ...]  # files that the firm's library does not hold


def import_assessment(
    *, firm: Firm, document: Document, faults: Mapping[str, Sentence], by: Membership
) -> Imported:
    """A new draft with everything of the document, or a refusal that names every fault.

    `faults` are those that reading the document showed already. A file comes along where the
    firm's library holds the same one; what it does not hold is given back.
    """
    permissions.require(by, "start_assessment", firm)
    found = {**faults, **_faults(document)}
    if found:
        raise InvalidInput(found)
    known = _known_pieces(firm, document.evidence)
    missing: list[PieceGiven] = []
    with transaction.atomic():
        assessment = _started(firm, document, by)
        save_facts(assessment=assessment, values=document.facts, by=by)
        if document.answers:
            save_answers(
                assessment=assessment, changes=[_change(each) for each in document.answers], by=by
            )
        for piece in document.evidence:
            if not _attach(piece, known, assessment, by):
                missing.append(piece)
        _mark_carried_over(document, assessment)
    return Imported(assessment, tuple(missing))


# --- what is wrong --------------------------------------------------------------------------------


def _faults(document: Document) -> dict[str, Sentence]:
    try:
        catalogue = load_catalogue(document.catalogue_id)
    except CatalogueError:
        return {"/catalogue/id": _("There is no such framework. Choose one of the list.")}
    parsed, wrong = checked_facts(catalogue, document.facts)
    wrong |= order_of_dates(catalogue.dates, parsed, changed=parsed)
    if ROLES_FACT in catalogue.facts and ROLES_FACT not in document.facts:
        wrong[ROLES_FACT] = _("Choose at least one thing that the firm does.")
    faults: dict[str, Sentence] = {
        f"/facts/{_escaped(name)}": sentence for name, sentence in wrong.items()
    }
    faults |= _faults_of_answers(catalogue, document.answers)
    for piece in document.evidence:
        faults |= _faults_of_piece(catalogue, piece)
    return faults


def _faults_of_answers(catalogue: Catalogue, answers: Sequence[AnswerGiven]) -> dict[str, Sentence]:
    faults: dict[str, Sentence] = {}
    seen: set[str] = set()
    for answer in answers:
        place = f"{answer.at}/requirement"
        requirement = catalogue.requirements.get(answer.requirement)
        if requirement is None:
            faults[place] = _("This edition of the rules holds no such requirement. Leave it out.")
            continue
        if answer.requirement in seen:
            faults[place] = _("This requirement is there twice. Send each once.")
        seen.add(answer.requirement)
        try:
            checked_answer(
                requirement,
                answer.value,
                answer.note,
                answer.not_applicable_reason,
                answer.flag,
            )
        except InvalidInput as error:
            faults |= {f"{answer.at}/{name}": said for name, said in error.fields.items()}
    return faults


def _faults_of_piece(catalogue: Catalogue, piece: PieceGiven) -> dict[str, Sentence]:
    faults: dict[str, Sentence] = {}
    if bool(piece.sha256) == bool(piece.url):
        faults[f"{piece.at}/url"] = _("Give either a link, or the SHA-256 of a file.")
    begins, ends = piece.effective_on, piece.expires_on
    if begins and ends and ends < begins:
        faults[f"{piece.at}/expires_on"] = _(
            "It ends on %(ends)s, before it begins on %(begins)s. Correct one of the dates."
        ) % {"ends": ends, "begins": begins}
    for use in piece.uses:
        requirement = catalogue.requirements.get(use.requirement)
        if requirement is None:
            faults[f"{use.at}/requirement"] = _(
                "This edition of the rules holds no such requirement. Leave it out."
            )
        elif piece.kind not in {spec.kind for spec in requirement.evidence}:
            faults[f"{use.at}/requirement"] = _(
                "This requirement takes no evidence of that kind. Correct it, or leave it out."
            )
    return faults


def _escaped(name: str) -> str:
    """A name inside a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


# --- taking it in ---------------------------------------------------------------------------------


def _started(firm: Firm, document: Document, by: Membership) -> Assessment:
    try:
        return start_assessment(
            firm=firm,
            title=document.title,
            as_of=document.as_of,
            roles=document.facts.get(ROLES_FACT) or [],
            catalogue_id=document.catalogue_id,
            by=by,
        )
    except InvalidInput as refusal:
        raise InvalidInput(
            {_START.get(name, f"/{name}"): said for name, said in refusal.fields.items()}
        ) from None


def _change(answer: AnswerGiven) -> AnswerChange:
    return AnswerChange(
        requirement_id=answer.requirement,
        base_version=0,
        value=answer.value,
        note=answer.note,
        not_applicable_reason=answer.not_applicable_reason,
        flag=answer.flag,
    )


def _known_pieces(
    firm: Firm, pieces: Sequence[PieceGiven]
) -> dict[tuple[str, str, str, date | None, date | None], Evidence]:
    """What the firm's library holds of them already, by what makes two pieces the same."""
    library = Evidence.objects.filter(firm=firm)
    held = [
        *library.filter(sha256__in={piece.sha256 for piece in pieces if piece.sha256}),
        *library.filter(url__in={piece.url for piece in pieces if piece.url}),
    ]
    return {(e.kind, e.sha256, e.url, e.effective_on, e.expires_on): e for e in held}


def _attach(
    piece: PieceGiven,
    known: Mapping[tuple[str, str, str, date | None, date | None], Evidence],
    assessment: Assessment,
    by: Membership,
) -> bool:
    """Attach the piece wherever it serves; False for a file that is not here."""
    same = (piece.kind, piece.sha256, piece.url, piece.effective_on, piece.expires_on)
    evidence = known.get(same)
    uses = list(piece.uses)
    if evidence is None and piece.sha256:
        return False
    if evidence is None and uses:
        try:
            evidence = attach_evidence(
                assessment=assessment,
                requirement_id=uses.pop(0).requirement,
                kind=piece.kind,
                title=piece.title,
                url=piece.url,
                effective_on=piece.effective_on,
                expires_on=piece.expires_on,
                by=by,
            )
        except InvalidInput as refusal:
            raise InvalidInput(
                {f"{piece.at}/{name}": said for name, said in refusal.fields.items()}
            ) from None
    for use in uses:
        if evidence is not None:
            attach_existing(
                assessment=assessment, requirement_id=use.requirement, evidence=evidence, by=by
            )
    return True


def _mark_carried_over(document: Document, assessment: Assessment) -> None:
    """What waited to be confirmed when it was written out still waits."""
    answers = [each.requirement for each in document.answers if each.is_carried_over]
    Answer.objects.filter(assessment=assessment, requirement__in=answers).update(
        is_carried_over=True
    )
    uses = [use.requirement for piece in document.evidence for use in piece.uses
            if use.is_carried_over]  # fmt: skip
    EvidenceUse.objects.filter(assessment=assessment, requirement__in=uses).update(
        is_carried_over=True
    )
