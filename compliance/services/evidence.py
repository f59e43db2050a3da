"""Evidence: kept by the firm, corrected, replaced by newer versions, attached to requirements."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Collection, Container, Iterable
from datetime import date
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from checklists import Requirement, load_catalogue
from compliance import audit, permissions
from compliance.errors import AnswerLocked, InvalidInput, SomebodySavedFirst, StorageFull
from compliance.models import Assessment, Evidence, EvidenceUse, Firm, Membership, Submission
from compliance.services.answers import lock_for_answer, lock_row, requirement_of
from compliance.services.texts import one_line
from compliance.services.uploads import TakenFile, take_file
from compliance.workflow import is_open

log = logging.getLogger(__name__)

Place = tuple[UUID, str]  # an assessment and one of its requirements


def attach_evidence(
    *,
    assessment: Assessment,
    requirement_id: str,
    kind: str,
    title: str = "",
    upload: UploadedFile[Any] | None = None,
    url: str = "",
    effective_on: date | None = None,
    expires_on: date | None = None,
    by: Membership,
) -> Evidence:
    """A file or a link, stored with its SHA-256 and attached to one requirement."""
    permissions.require(by, "attach_evidence", assessment)
    requirement = requirement_of(assessment, requirement_id)
    evidence = Evidence(
        firm=assessment.firm,
        kind=kind,
        title=one_line(title),
        url=url.strip(),
        effective_on=effective_on,
        expires_on=expires_on,
        added_by=by.user,
    )
    file = _checked(evidence, _kinds(requirement), upload)
    with transaction.atomic():
        lock_for_answer(assessment, requirement_id)  # so that nothing is stored for nothing
    _store(evidence, file)
    try:
        with transaction.atomic():
            lock_for_answer(assessment, requirement_id)
            evidence.save(force_insert=True)
            _use(evidence, assessment, requirement_id, by)
    except BaseException:
        _remove_file(evidence)
        raise
    return evidence


def add_evidence(
    *,
    firm: Firm,
    kind: str = "",
    title: str = "",
    upload: UploadedFile[Any] | None = None,
    url: str = "",
    effective_on: date | None = None,
    expires_on: date | None = None,
    by: Membership,
) -> Evidence:
    """A piece for the firm's library, attached to nothing yet; its kind may be said later."""
    permissions.require(by, "attach_evidence", firm)
    evidence = Evidence(
        firm=firm,
        kind=kind,
        title=one_line(title),
        url=url.strip(),
        effective_on=effective_on,
        expires_on=expires_on,
        added_by=by.user,
    )
    file = _checked(evidence, {"", *load_catalogue().evidence_kinds}, upload)
    _store(evidence, file)
    try:
        with transaction.atomic():
            evidence.save(force_insert=True)
            audit.record(by, "evidence.added", evidence, after=said_of(evidence))
    except BaseException:
        _remove_file(evidence)
        raise
    return evidence


def edit_evidence(
    *,
    evidence: Evidence,
    kind: str,
    title: str,
    effective_on: date | None,
    expires_on: date | None,
    base_version: int | None,
    by: Membership,
) -> Evidence:
    """Correct what is said of a piece, wherever the answers it serves are still open.

    `base_version` is the version the person started from; None corrects whatever is stored.
    """
    permissions.require(by, "attach_evidence", evidence.firm)
    with transaction.atomic():
        stored = _locked_evidence(evidence)
        before = said_of(stored)
        if base_version not in (None, stored.version):
            raise SomebodySavedFirst(theirs=stored)
        uses = _uses(stored)
        stored.title = one_line(title) or stored.title
        stored.kind, stored.effective_on, stored.expires_on = kind, effective_on, expires_on
        allowed = {before["kind"]} if uses else {"", *load_catalogue().evidence_kinds}
        faults = _faults(stored, allowed)
        if uses and "kind" in faults:
            faults["kind"] = _(
                "It serves requirements as this kind. Take it away from them first, "
                "or add the file again as the other kind."
            )
        if faults:
            raise InvalidInput(faults)
        after = said_of(stored)
        if after == before:
            return stored
        if {**after, "title": ""} != {**before, "title": ""}:
            _require_open(uses)
        stored.version += 1
        stored.save(update_fields=["kind", "title", "effective_on", "expires_on", "version"])
        audit.record(by, "evidence.edited", stored, before=before, after=after)
    return stored


def replace_evidence(
    *,
    evidence: Evidence,
    upload: UploadedFile[Any] | None = None,
    url: str = "",
    title: str = "",
    effective_on: date | None = None,
    expires_on: date | None = None,
    by: Membership,
) -> Evidence:
    """A newer version, which takes over where the answers are open; the older one is kept.

    Without a file and a link the content stays the same and only what is said of it changes.
    """
    permissions.require(by, "attach_evidence", evidence.firm)
    newer = Evidence(
        firm=evidence.firm,
        kind=evidence.kind,
        title=one_line(title) or evidence.title,
        url=url.strip(),
        effective_on=effective_on,
        expires_on=expires_on,
        added_by=by.user,
        replaces=evidence,
    )
    if upload is None and not newer.url:
        file = _same_content(newer, evidence)
    else:
        file = _checked(newer, {evidence.kind}, upload)
    _store(newer, file)
    try:
        with transaction.atomic():
            _locked_evidence(evidence)
            if Evidence.objects.filter(replaces=evidence).exists():
                raise InvalidInput(
                    {"file": _("There is a newer version already. Replace that one instead.")}
                )
            newer.save(force_insert=True)
            for use in _locked_uses(_uses(evidence))[0]:
                EvidenceUse.objects.filter(pk=use.pk).update(evidence=newer)
                _record_use(newer, use.assessment, use.requirement, by)
            audit.record(
                by, "evidence.replaced", newer, before=said_of(evidence), after=said_of(newer)
            )
    except BaseException:
        _remove_file(newer)
        raise
    return newer


def remove_evidence(*, evidence: Evidence, by: Membership) -> None:
    """Take a piece out of the library that serves nothing and was never submitted."""
    permissions.require(by, "attach_evidence", evidence.firm)
    with transaction.atomic():
        stored = _locked_evidence(evidence, to_remove=True)
        if EvidenceUse.objects.filter(evidence=stored).exists():
            raise InvalidInput({"remove": _("It serves a requirement. Take it away there first.")})
        frozen = _submission_with(stored)
        if frozen is not None:
            raise InvalidInput(
                {
                    "remove": _(
                        "Submission no. %(number)d of “%(title)s” rests on it, so it is kept. "
                        "Replace it with a newer version instead."
                    )
                    % {"number": frozen.number, "title": frozen.assessment.title}
                }
            )
        audit.record(by, "evidence.removed", stored, before=said_of(stored))
        try:
            stored.delete()
        except (ProtectedError, RestrictedError) as error:
            raise InvalidInput(
                {"remove": _("Something else rests on it, such as a newer version. It is kept.")}
            ) from error
        transaction.on_commit(lambda: _remove_file(stored), robust=True)


def set_places(
    *, evidence: Evidence, attach: Collection[Place], detach: Collection[Place], by: Membership
) -> None:
    """Let a piece serve some requirements and no longer serve others, all or none of them."""
    permissions.require(by, "attach_evidence", evidence.firm)
    wanted = {assessment_id for assessment_id, _requirement in (*attach, *detach)}
    assessments = Assessment.objects.filter(firm=evidence.firm).in_bulk(sorted(wanted))
    if len(assessments) != len(wanted):
        raise InvalidInput({"use": _("Choose assessments of this firm.")})
    with transaction.atomic():
        # One order for everybody, so that two people cannot wait for each other.
        for assessment_id, requirement_id in sorted({*attach, *detach}, key=str):
            assessment = assessments[assessment_id]
            if (assessment_id, requirement_id) in detach:
                detach_evidence(
                    assessment=assessment, requirement_id=requirement_id, evidence=evidence, by=by
                )
            else:
                attach_existing(
                    assessment=assessment, requirement_id=requirement_id, evidence=evidence, by=by
                )


def attach_existing(
    *, assessment: Assessment, requirement_id: str, evidence: Evidence, by: Membership
) -> None:
    """Let a piece that the firm already keeps serve one more requirement."""
    permissions.require(by, "attach_evidence", assessment)
    requirement = requirement_of(assessment, requirement_id)
    if evidence.firm_id != assessment.firm_id:
        raise InvalidInput({"evidence": _("Choose a piece of evidence of this firm.")})
    if evidence.kind not in _kinds(requirement):
        raise InvalidInput(
            {"evidence": _("Choose a piece of one of the kinds this requirement names.")}
        )
    with transaction.atomic():
        lock_for_answer(assessment, requirement_id)
        if not EvidenceUse.objects.filter(
            assessment=assessment, requirement=requirement_id, evidence=evidence
        ).exists():
            _use(evidence, assessment, requirement_id, by)


def detach_evidence(
    *, assessment: Assessment, requirement_id: str, evidence: Evidence, by: Membership
) -> None:
    """Take a piece away from one requirement; it stays in the firm's library."""
    permissions.require(by, "attach_evidence", assessment)
    with transaction.atomic():
        lock_for_answer(assessment, requirement_id)
        uses = EvidenceUse.objects.filter(
            assessment=assessment, requirement=requirement_id, evidence=evidence
        )
        gone, _by_model = uses.delete()
        if gone:
            audit.record(
                by,
                "evidence.detached",
                evidence,
                assessment=assessment,
                requirement=requirement_id,
                before={"title": evidence.title, "sha256": evidence.sha256},
            )


# --- what is said of a piece ----------------------------------------------------------------------


def said_of(evidence: Evidence) -> dict[str, Any]:
    """What the audit trail keeps of a piece."""
    return {
        "title": evidence.title,
        "kind": evidence.kind,
        "effective_on": evidence.effective_on.isoformat() if evidence.effective_on else None,
        "expires_on": evidence.expires_on.isoformat() if evidence.expires_on else None,
        "sha256": evidence.sha256,
        "url": evidence.url,
    }


def _checked(
    evidence: Evidence, kinds: Container[str], upload: UploadedFile[Any] | None
) -> TakenFile | None:
    """The file of a new piece, and its title where none was given; or all faults at once."""
    faults = _faults(evidence, kinds)
    file = None
    if upload is None and not evidence.url:
        faults["file"] = _("Choose a file, or write a link.")
    elif upload is not None and evidence.url:
        faults["url"] = _("Give either a file or a link, not both.")
    elif upload is not None:
        try:
            file = take_file(upload)
        except InvalidInput as refusal:
            faults["file"] = str(refusal.message)
    elif not _is_web_address(evidence.url):
        faults["url"] = _("Write the whole address, beginning with https:// (or http://).")
    if faults:
        raise InvalidInput(faults)
    evidence.title = (evidence.title or (file.name if file else evidence.url))[:200]
    return file


def _faults(evidence: Evidence, kinds: Container[str]) -> dict[str, str]:
    """Everything that is wrong with what is said of a piece, by field."""
    faults: dict[str, str] = {}
    if evidence.kind not in kinds:
        faults["kind"] = _("Choose what this is: one of the kinds this requirement names.")
    if len(evidence.title) > 200:
        faults["title"] = _("Write a title of at most 200 characters.")
    begins, ends = evidence.effective_on, evidence.expires_on
    if begins and ends and ends < begins:
        faults["expires_on"] = _(
            "It ends on %(ends)s, before it begins on %(begins)s. Correct one of the dates."
        ) % {"ends": ends, "begins": begins}
    return faults


def _kinds(requirement: Requirement) -> set[str]:
    return {spec.kind for spec in requirement.evidence}


def _is_web_address(url: str) -> bool:
    if len(url) > 500 or not all(letter.isprintable() and letter != " " for letter in url):
        return False
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and parts.port != 0  # reading the port checks it
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and has_place


# --- files ----------------------------------------------------------------------------------------


def _store(evidence: Evidence, file: TakenFile | None) -> None:
    """Put the file where files are kept, before any row is locked for it: that may take a while."""
    if file is None:
        return
    evidence.filename, evidence.media_type = file.name, file.media_type
    evidence.size, evidence.pages = file.size, file.pages
    evidence.sha256 = _sha256(file.content.chunks())
    file.content.seek(0)
    try:
        evidence.file.save(evidence.filename, File(file.content), save=False)
    except Exception as error:  # each kind of storage has errors of its own
        log.exception("The evidence %s could not be stored", evidence.pk)
        _remove_file(evidence)
        raise StorageFull(
            _("The file could not be stored; nothing was changed. Try again, or tell the operator.")
        ) from error


def _same_content(newer: Evidence, older: Evidence) -> TakenFile | None:
    """The content of the older version once more, for a version that only says other things."""
    faults = _faults(newer, {older.kind})
    if faults:
        raise InvalidInput(faults)
    newer.url = older.url
    if not older.file:
        return None
    try:
        with older.file.open("rb") as stored:
            content = stored.read()
    except OSError as error:
        raise InvalidInput(
            {"file": _("The older file is not in the storage any more. Choose a file.")}
        ) from error
    upload = UploadedFile(io.BytesIO(content), name=older.filename, size=len(content))
    return TakenFile(upload, older.filename, older.media_type, len(content), older.pages)


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _remove_file(evidence: Evidence) -> None:
    """No file without its row: what was written before the failure goes."""
    if not evidence.file.name:
        return
    try:
        evidence.file.storage.delete(evidence.file.name)
    except Exception:  # the failure that led here is the one to tell
        log.exception("The file %s is left over", evidence.file.name)


# --- where it serves ------------------------------------------------------------------------------


def _use(evidence: Evidence, assessment: Assessment, requirement_id: str, by: Membership) -> None:
    EvidenceUse.objects.create(evidence=evidence, assessment=assessment, requirement=requirement_id)
    _record_use(evidence, assessment, requirement_id, by)


def _record_use(
    evidence: Evidence, assessment: Assessment, requirement_id: str, by: Membership
) -> None:
    audit.record(
        by,
        "evidence.attached",
        evidence,
        assessment=assessment,
        requirement=requirement_id,
        after={"title": evidence.title, "kind": evidence.kind, "sha256": evidence.sha256},
    )


def _locked_evidence(evidence: Evidence, *, to_remove: bool = False) -> Evidence:
    """The row as it is stored now, held until the transaction ends.

    Whoever attaches it holds an assessment and looks at this row; only a removal may stop that.
    """
    rows = Evidence.objects.select_for_update(no_key=not to_remove)
    held = rows.filter(pk=evidence.pk).first()
    if held is None:
        raise InvalidInput({"file": _("This piece is not there any more. Choose another.")})
    held.firm = evidence.firm
    return held


def _uses(evidence: Evidence) -> list[EvidenceUse]:
    """Where a piece serves; uses in one assessment share it."""
    uses = EvidenceUse.objects.filter(evidence=evidence).select_related("assessment")
    shared: dict[UUID, Assessment] = {}
    found = []
    for use in uses.order_by("assessment_id", "requirement"):
        use.assessment = shared.setdefault(use.assessment_id, use.assessment)
        found.append(use)
    return found


def _locked_uses(uses: Iterable[EvidenceUse]) -> tuple[list[EvidenceUse], list[EvidenceUse]]:
    """Uses in answers that may be changed now, whose assessments are held, and all the others."""
    held: dict[UUID, bool] = {}
    open_now: list[EvidenceUse] = []
    closed: list[EvidenceUse] = []
    for use in uses:
        if use.assessment_id not in held:
            held[use.assessment_id] = lock_row(use.assessment)
        is_changeable = held[use.assessment_id] and is_open(use.assessment, use.requirement)
        (open_now if is_changeable else closed).append(use)
    return open_now, closed


def _require_open(uses: Collection[EvidenceUse]) -> None:
    """Refuse unless every answer that rests on the piece may be changed now."""
    _open_now, closed = _locked_uses(uses)
    if closed:
        titles = dict.fromkeys(use.assessment.title for use in closed)
        raise AnswerLocked(
            _(
                "Answers that are locked rest on it as it is (%(titles)s). "
                "Replace it with a newer version: it takes over where answers are open."
            )
            % {"titles": ", ".join(titles)}
        )


def _submission_with(evidence: Evidence) -> Submission | None:
    """A submission that froze this piece, if any."""
    submissions = Submission.objects.filter(assessment__firm_id=evidence.firm_id)
    frozen = submissions.values_list("pk", "content__evidence")
    for pk, pieces in frozen.iterator():
        if any(piece["id"] == str(evidence.pk) for piece in pieces or ()):
            return Submission.objects.without_content().select_related("assessment").get(pk=pk)
    return None
