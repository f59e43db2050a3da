"""Files people send: which are taken, and whether each is what its name says."""

from __future__ import annotations

import io
import logging
import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

import magic
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image

from compliance.errors import InvalidInput
from compliance.inspection import child, process

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
_MOST_MEMBERS, _MOST_UNPACKED = 10_000, 2 * 1024**3
_MOST_DIRECTORY = 4 * 1024**2  # what Python would have to read to list the members
_LAST_RECORD = 22 + 65_535
_SMALL = 64 * 1024


@dataclass(frozen=True)
class TakenFile:
    """A file that is what its name says."""

    content: UploadedFile[Any]
    name: str
    media_type: str
    size: int  # bytes
    pages: int | None  # of a PDF


def take_file(upload: UploadedFile[Any]) -> TakenFile:
    """The file, opened once to see that it is what it says; else a refusal with its sentence."""
    name, extension, size = shown_name(upload), _extension(upload), upload.size or 0
    fault = _fault_of_name(name, extension, size)
    if fault:
        raise InvalidInput({"file": fault})
    upload.seek(0)
    try:
        pages = _open(upload, extension)
    except ValueError as error:
        log.info("%s was refused: %s", extension, error)
        raise InvalidInput(
            {
                "file": _(
                    "“%(name)s” is not a readable %(kind)s file. "
                    "Open it on your computer and save it again."
                )
                % {"name": name, "kind": extension.lstrip(".").upper()}
            }
        ) from error
    finally:
        upload.seek(0)
    return TakenFile(upload, name, MEDIA_TYPES[extension], size, pages)


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


def _fault_of_name(name: str, extension: str, size: int) -> str:
    """What is wrong with a file before it is opened; "" where nothing is."""
    limit = settings.EVIDENCE_MAX_BYTES
    if not name:
        return _("The file has no name. Give it one, such as policy.pdf.")
    if size == 0:
        return _("“%(name)s” is empty. Choose the file again.") % {"name": name}
    if size > limit:
        return _(
            "“%(name)s” has %(size).1f MB; at most %(limit)d MB are taken. "
            "Make it smaller, or give a link."
        ) % {"name": name, "size": size / 1024**2, "limit": limit // 1024**2}
    if extension not in MEDIA_TYPES:
        return _(
            "“%(extension)s” files are not taken. Use PDF, PNG, JPEG, DOCX, XLSX, PPTX, "
            "CSV, TXT or ZIP."
        ) % {"extension": extension or name}
    return ""


def _open(upload: UploadedFile[Any], extension: str) -> int | None:
    """The pages of a PDF, None for anything else; ValueError where it is not what it says.

    By its first bytes and by opening it: a name or a signature alone proves nothing.
    """
    head = upload.read(8192)
    upload.seek(0)
    seen = magic.from_buffer(head, mime=True)
    if extension == ".pdf":
        if not head.startswith(b"%PDF-"):
            raise ValueError("no PDF signature")
        return _pages(upload)
    if extension in {".png", ".jpg", ".jpeg"}:
        is_true = seen == MEDIA_TYPES[extension] and _opens_as_image(upload)
    elif extension in {".txt", ".csv"}:
        is_true = seen in _TEXT_TYPES and _reads_as_text(upload)
    else:
        folder = _OFFICE_FOLDER.get(extension)
        is_true = head.startswith(b"PK\x03\x04") and opens_as_zip(upload, folder)
    if not is_true:
        raise ValueError(f"looks like {seen}")
    return None


def _pages(upload: UploadedFile[Any]) -> int:
    """Pages of a PDF, counted where it can do no harm: what it packs may unpack without end."""
    content = upload.read() if (upload.size or 0) <= _SMALL else b""
    # Every packed stream names its filter, in letters or spelled out with "#".
    if content and b"Filter" not in content and b"#" not in content:
        return child.count_pages(io.BytesIO(content))
    try:
        return process.count_pages(upload.chunks())
    except process.Unreadable as error:
        raise ValueError(error.detail) from error


def _opens_as_image(upload: IO[bytes] | UploadedFile[Any]) -> bool:
    try:
        with Image.open(upload, formats=("PNG", "JPEG")) as image:
            if image.width * image.height > child.MOST_PIXELS:
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


def opens_as_zip(upload: IO[bytes] | UploadedFile[Any], folder: str | None) -> bool:
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
