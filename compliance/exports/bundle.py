"""All that a submission rests on in one ZIP: evidence, frozen content, review, the latest report.

Written while it is sent, so that gigabytes take no memory and no disk. What is in it, and what
could not be, stands at its end: manifest.json, and SHA256SUMS as `sha256sum -c` reads it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import unicodedata
import zipfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import IO, Any, cast

from django.db.models.fields.files import FieldFile
from django.utils import timezone

from compliance import clock
from compliance.canonical import canonical
from compliance.exports.assessment_results import submission_oscal
from compliance.models import Evidence, Report, Submission

log = logging.getLogger(__name__)

FORM = "tianheng-evidence-bundle-1"
CHUNK = 256 * 1024
LONGEST_NAME = 150  # bytes, so that every file system takes it
_NOT_IN_A_NAME = re.compile(r"[^\w.()（）\[\]【】+,，、-]+")
Json = dict[str, Any]


class Fate(StrEnum):
    """What became of a piece of evidence on its way into the ZIP."""

    INCLUDED = "included"
    LINK = "link"  # an address, not a file
    REMOVED = "removed"  # taken out of the library since
    MISSING = "missing"  # the storage has no such file
    CUT_SHORT = "cut_short"  # the storage failed in the middle
    CHANGED = "changed"  # other bytes than the ones submitted


@dataclass(frozen=True)
class Packed:
    """A file as it stands in the ZIP."""

    path: str
    sha256: str
    size: int
    is_whole: bool = True


def evidence_bundle(submission: Submission, review: Json, lang: str) -> Iterator[bytes]:
    """The ZIP, piece by piece; everything is looked up before the first."""
    ids = [piece["id"] for piece in submission.content["evidence"]]
    firm = submission.content["firm"]["id"]
    stored = {str(row.pk): row for row in Evidence.objects.filter(firm=firm, pk__in=ids)}
    report = (
        Report.objects.filter(submission=submission, status=Report.Status.READY)
        .defer("review")
        .order_by("-finished_at")
        .first()
    )
    return _Bundle(submission, review, stored, report, lang).parts()


class _Pipe:
    """What the ZIP is written to, and taken out of at once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class _Bundle:
    def __init__(
        self,
        submission: Submission,
        review: Json,
        stored: Mapping[str, Evidence],
        report: Report | None,
        lang: str,
    ) -> None:
        self.submission, self.review, self.stored = submission, review, stored
        self.report, self.lang = report, lang
        self.made_at = clock.now()
        self.packed: list[Packed] = []
        self.pipe = _Pipe()

    def parts(self) -> Iterator[bytes]:
        content: Json = self.submission.content
        with zipfile.ZipFile(cast(IO[bytes], self.pipe), "w") as archive:
            yield from self.add_json(archive, "submission.json", content)
            yield from self.add_json(archive, "review.json", self.review)
            oscal = submission_oscal(content, self.review, self.submission.digest, self.lang)
            yield from self.add_json(archive, "assessment-results.oscal.json", oscal)
            report = yield from self.add_report(archive)
            evidence = []
            for piece in content["evidence"]:
                evidence.append((yield from self.add_evidence(archive, piece)))
            manifest = self.manifest(report, evidence)
            told = json.dumps(manifest, ensure_ascii=False, indent=2).encode(errors="replace")
            yield from self.add(archive, "manifest.json", [told])
            sums = "".join(f"{each.sha256}  {each.path}\n" for each in self.packed)
            yield from self.add(archive, "SHA256SUMS", [sums.encode()])
        yield self.pipe.take()

    def add_json(self, archive: zipfile.ZipFile, name: str, content: Json) -> Iterator[bytes]:
        yield from self.add(archive, name, [canonical(content)])

    def add_report(self, archive: zipfile.ZipFile) -> Generator[bytes, None, Json | None]:
        report = self.report
        if report is None:
            return None
        path = f"report-{report.kind}-{report.lang}.pdf"
        packed = yield from self.add_file(archive, path, report.file, report.finished_at)
        return {
            "code": report.code,
            "kind": report.kind,
            "lang": report.lang,
            "sha256": report.sha256,
            "path": packed.path if packed else None,
            "status": _fate(packed, report.sha256),
        }

    def add_evidence(self, archive: zipfile.ZipFile, piece: Json) -> Generator[bytes, None, Json]:
        packed: Packed | None = None
        row = self.stored.get(piece["id"])
        if piece["url"] and not piece["sha256"]:
            fate = Fate.LINK
        elif row is None or not row.file:
            fate = Fate.REMOVED
        else:
            path = f"evidence/{_name_of(piece)}"
            packed = yield from self.add_file(archive, path, row.file, row.added_at)
            fate = _fate(packed, piece["sha256"])
        told = ("label", "id", "title", "kind", "requirements", "url", "media_type", "sha256")
        return {
            **{name: piece[name] for name in told},
            "path": packed.path if packed else None,
            "status": fate,
        }

    def add_file(
        self, archive: zipfile.ZipFile, path: str, file: FieldFile, at: datetime | None
    ) -> Generator[bytes, None, Packed | None]:
        """The file as it was packed; None where the storage has none."""
        try:
            opened = file.open("rb")
        except OSError:
            log.exception("%s is not in the storage", file.name)
            return None
        with opened:
            chunks = iter(lambda: opened.read(CHUNK), b"")
            yield from self.add(archive, path, chunks, at)
        return self.packed[-1]

    def add(
        self,
        archive: zipfile.ZipFile,
        path: str,
        chunks: Iterable[bytes],
        at: datetime | None = None,
    ) -> Iterator[bytes]:
        entry = zipfile.ZipInfo(path, timezone.localtime(at or self.made_at).timetuple()[:6])
        entry.external_attr = 0o644 << 16
        # Evidence is compressed already, as PDF or picture; the text of ours is not.
        entry.compress_type = zipfile.ZIP_STORED if at else zipfile.ZIP_DEFLATED
        digest, size, is_whole = hashlib.sha256(), 0, True
        with archive.open(entry, "w", force_zip64=True) as inside:
            try:
                for chunk in chunks:
                    inside.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    yield self.pipe.take()
            except OSError:
                log.exception("%s could not be read to its end", path)
                is_whole = False
        self.packed.append(Packed(path, digest.hexdigest(), size, is_whole))
        yield self.pipe.take()

    def manifest(self, report: Json | None, evidence: list[Json]) -> Json:
        content: Json = self.submission.content
        return {
            "schema": FORM,
            "made_at": self.made_at.isoformat(),
            "firm": content["firm"],
            "assessment": content["assessment"],
            "submission": {
                "id": str(self.submission.pk),
                "number": content["number"],
                "digest": self.submission.digest,
                "submitted_at": content["submitted_at"],
                "state": self.review["state"],
            },
            "report": report,
            "evidence": evidence,
            "files": [asdict(each) for each in self.packed],
        }


def _fate(packed: Packed | None, sha256: str) -> Fate:
    if packed is None:
        return Fate.MISSING
    if not packed.is_whole:
        return Fate.CUT_SHORT
    return Fate.INCLUDED if packed.sha256 == sha256 else Fate.CHANGED


def _name_of(piece: Json) -> str:
    """Its label, so that no two are the same, and its own name without what could be a path."""
    name = unicodedata.normalize("NFC", piece["filename"] or piece["title"])
    name = _NOT_IN_A_NAME.sub(" ", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 8:
        stem, ending = name, ""
    room = LONGEST_NAME - len(ending.encode()) - 1
    stem = stem.encode()[:room].decode(errors="ignore").strip(" .")
    return " ".join(filter(None, (piece["label"], stem))) + (f".{ending}" if ending else "")
