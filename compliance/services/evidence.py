"""Evidence: what is taken in, checked for being what it says, and attached to a requirement."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import struct
import zipfile
from datetime import date
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import urlsplit

import magic
import pikepdf
from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from checklists import Requirement
from compliance import audit, permissions
from compliance.errors import InvalidInput, StorageFull
from compliance.models import Assessment, Evidence, EvidenceUse, Membership
from compliance.services.answers import lock_for_answer, requirement_of
from compliance.services.texts import one_line

log = logging.getLogger(__name__)

PDF, ZIP = "application/pdf", "application/zip"
_OFFICE = "application/vnd.openxmlformats-officedocument."
# Extension → the media type it is stored and sent with.
MEDIA_TYPES = {
    ".pdf": PDF,
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".zip": ZIP,
    ".txt": "text/plain",
    ".csv": "text/csv",
}
_OFFICE_FOLDER = {".docx": "word/", ".xlsx": "xl/", ".pptx": "ppt/"}
# How plain text looks by its first bytes; HTML, which a browser would run, is not among them.
_TEXT_TYPES = frozenset(
    {
        "text/plain",
        "text/csv",
        "application/csv",
        "application/json",
        "application/octet-stream",  # a few characters only
        "message/rfc822",
    }
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # none of them is in a text
_MOST_PIXELS = 100_000_000
_MOST_MEMBERS, _MOST_UNPACKED = 10_000, 2 * 1024**3
_MOST_DIRECTORY = 4 * 1024**2  # what Python would have to read to list the members
_LAST_RECORD = 22 + 65_535


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
    title, url = one_line(title), url.strip()
    faults = _faults(requirement, kind, title, upload, url, effective_on, expires_on)
    if faults:
        raise InvalidInput(faults)
    evidence = Evidence(
        firm=assessment.firm,
        kind=kind,
        title=(title or shown_name(upload) or url)[:200],
        url=url,
        effective_on=effective_on,
        expires_on=expires_on,
        added_by=by.user,
    )
    with transaction.atomic():
        lock_for_answer(assessment, requirement_id)  # so that nothing is stored for nothing
    if upload is not None:
        _store(evidence, upload)
    try:
        with transaction.atomic():
            lock_for_answer(assessment, requirement_id)
            evidence.save(force_insert=True)
            _use(evidence, assessment, requirement_id, by)
    except BaseException:
        _remove_file(evidence)
        raise
    return evidence


def _store(evidence: Evidence, upload: UploadedFile[Any]) -> None:
    """Put the file where files are kept, before any row is locked for it: that may take a while."""
    evidence.filename = shown_name(upload)
    evidence.media_type = MEDIA_TYPES[_extension(upload)]
    evidence.size = upload.size or 0
    evidence.sha256 = _sha256(upload)
    upload.seek(0)
    try:
        evidence.file.save(evidence.filename, File(upload), save=False)
    except Exception as error:  # each kind of storage has errors of its own
        log.exception("The evidence %s could not be stored", evidence.pk)
        _remove_file(evidence)
        raise StorageFull(
            _("The file could not be stored; nothing was changed. Try again, or tell the operator.")
        ) from error


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


def _use(evidence: Evidence, assessment: Assessment, requirement_id: str, by: Membership) -> None:
    EvidenceUse.objects.create(evidence=evidence, assessment=assessment, requirement=requirement_id)
    audit.record(
        by,
        "evidence.attached",
        evidence,
        assessment=assessment,
        requirement=requirement_id,
        after={"title": evidence.title, "kind": evidence.kind, "sha256": evidence.sha256},
    )


def _remove_file(evidence: Evidence) -> None:
    """No file without its row: what was written before the failure goes."""
    if not evidence.file.name:
        return
    try:
        evidence.file.storage.delete(evidence.file.name)
    except Exception:  # the failure that led here is the one to tell
        log.exception("The file %s is left over", evidence.file.name)


def shown_name(upload: UploadedFile[Any] | None) -> str:
    """What the person called the file, without folders and characters that do not show."""
    if upload is None:
        return ""
    name = PurePosixPath((upload.name or "").replace("\\", "/")).name
    name = "".join(letter for letter in name if letter.isprintable()).strip()
    if len(name) <= 200:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem[: 199 - len(extension)]}{dot}{extension}"


def _extension(upload: UploadedFile[Any]) -> str:
    return PurePosixPath(shown_name(upload)).suffix.lower()


def _sha256(upload: UploadedFile[Any]) -> str:
    digest = hashlib.sha256()
    upload.seek(0)
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _faults(
    requirement: Requirement,
    kind: str,
    title: str,
    upload: UploadedFile[Any] | None,
    url: str,
    effective_on: date | None,
    expires_on: date | None,
) -> dict[str, str]:
    """Everything that is wrong with what was given, by field."""
    faults: dict[str, str] = {}
    if kind not in _kinds(requirement):
        faults["kind"] = _("Choose what this is: one of the kinds this requirement names.")
    if len(title) > 200:
        faults["title"] = _("Write a title of at most 200 characters.")
    if effective_on and expires_on and expires_on < effective_on:
        faults["expires_on"] = _(
            "It ends on %(ends)s, before it begins on %(begins)s. Correct one of the dates."
        ) % {"ends": expires_on, "begins": effective_on}
    if upload is None and not url:
        faults["file"] = _("Choose a file, or write a link.")
    elif upload is not None and url:
        faults["url"] = _("Give either a file or a link, not both.")
    elif upload is not None:
        wrong = file_fault(upload)
        if wrong:
            faults["file"] = wrong
    elif not _is_web_address(url):
        faults["url"] = _("Write the whole address, beginning with https:// (or http://).")
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


def file_fault(upload: UploadedFile[Any]) -> str:
    """What is wrong with a file; "" where it is what its name says."""
    size, limit = upload.size or 0, settings.EVIDENCE_MAX_BYTES
    if not shown_name(upload):
        return _("The file has no name. Give it one, such as policy.pdf.")
    if size == 0:
        return _("“%(name)s” is empty. Choose the file again.") % {"name": shown_name(upload)}
    if size > limit:
        return _(
            "“%(name)s” has %(size).1f MB; at most %(limit)d MB are taken. "
            "Make it smaller, or give a link."
        ) % {
            "name": shown_name(upload),
            "size": size / 1024**2,
            "limit": limit // 1024**2,
        }
    extension = _extension(upload)
    if extension not in MEDIA_TYPES:
        return _(
            "“%(extension)s” files are not taken. Use PDF, PNG, JPEG, DOCX, XLSX, PPTX, "
            "CSV, TXT or ZIP."
        ) % {"extension": extension or shown_name(upload)}
    upload.seek(0)
    is_true = _is_what_it_says(upload, extension)
    upload.seek(0)
    if is_true:
        return ""
    return _(
        "“%(name)s” is not a readable %(kind)s file. Open it on your computer and save it again."
    ) % {"name": shown_name(upload), "kind": extension.lstrip(".").upper()}


def _is_what_it_says(upload: IO[bytes] | UploadedFile[Any], extension: str) -> bool:
    """By its first bytes and by opening it: a name or a signature alone proves nothing."""
    head = upload.read(8192)
    upload.seek(0)
    seen = magic.from_buffer(head, mime=True)
    if extension == ".pdf":
        return head.startswith(b"%PDF-") and _opens_as_pdf(upload)
    if extension in {".png", ".jpg", ".jpeg"}:
        return seen == MEDIA_TYPES[extension] and _opens_as_image(upload)
    if extension in {".txt", ".csv"}:
        return seen in _TEXT_TYPES and _reads_as_text(upload)
    return head.startswith(b"PK\x03\x04") and _opens_as_zip(upload, _OFFICE_FOLDER.get(extension))


def _opens_as_pdf(upload: IO[bytes] | UploadedFile[Any]) -> bool:
    try:
        with pikepdf.open(io.BytesIO(upload.read())) as pdf:
            return len(pdf.pages) > 0
    except (pikepdf.PdfError, pikepdf.PasswordError, ValueError, RuntimeError):
        return False


def _opens_as_image(upload: IO[bytes] | UploadedFile[Any]) -> bool:
    try:
        with Image.open(upload, formats=("PNG", "JPEG")) as image:
            if image.width * image.height > _MOST_PIXELS:
                return False
            image.verify()
    except Exception:  # a damaged picture makes Pillow raise almost anything
        return False
    return True


def _reads_as_text(upload: IO[bytes] | UploadedFile[Any]) -> bool:
    content = upload.read()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not _CONTROLS.search(text)
    return False


def _opens_as_zip(upload: IO[bytes] | UploadedFile[Any], folder: str | None) -> bool:
    """By its list of members alone; nothing is unpacked."""
    if _directory_size(upload) > _MOST_DIRECTORY:
        return False
    try:
        with zipfile.ZipFile(upload) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return False
    if not members or len(members) > _MOST_MEMBERS:
        return False
    if sum(member.file_size for member in members) > _MOST_UNPACKED:
        return False
    names = [member.filename for member in members]
    if any(name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) for name in names):
        return False
    if folder is None:
        return True
    return "[Content_Types].xml" in names and any(name.startswith(folder) for name in names)


def _directory_size(upload: IO[bytes] | UploadedFile[Any]) -> int:
    """Bytes of the list of members as the archive's last record gives it, read before the list."""
    upload.seek(0, io.SEEK_END)
    upload.seek(max(0, upload.tell() - _LAST_RECORD))
    tail = upload.read()
    upload.seek(0)
    start = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[start + 12 : start + 16], "little") if start >= 0 else 0
