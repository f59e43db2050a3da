"""Evidence: which files and links are taken, and that file and row stand or fall together."""

from __future__ import annotations

import hashlib
import random
import resource
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from checklists import Outcome
from compliance import audit
from compliance.errors import AnswerLocked, InvalidInput, NotPermitted, StorageFull
from compliance.models import Assessment, AuditEvent, Evidence, EvidenceUse, Membership, Submission
from compliance.selectors.evaluation import evaluation_of
from compliance.services.answers import save_answer
from compliance.services.evidence import (
    attach_evidence,
    attach_existing,
    detach_evidence,
)
from compliance.services.uploads import take_file
from tests import factories
from tests.compliance.services import files

ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
KIND = "orbit_lifetime_analysis"
PERMIT = "cnsa.m16.frequency_permit_in_force"  # the permit has to cover a mission date


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> Path:
    """A storage of the test's own, so that left-over files are seen."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "storage")},
        },
    }
    return tmp_path / "storage"


def _short(value: object) -> str:
    """A readable name of a case: a file's content has none."""
    return value if isinstance(value, str) else "content"


def stored_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def attach(assessment: Assessment, by: Membership, **given: Any) -> Evidence:
    given = {"requirement_id": ORBIT, "kind": KIND, **given}
    if not {"upload", "url"} & set(given):
        given["upload"] = factories.pdf()
    return attach_evidence(assessment=assessment, by=by, **given)


def file_fault(upload: SimpleUploadedFile) -> str:
    """The sentence with which a file is refused; "" where it is taken."""
    try:
        take_file(upload)
    except InvalidInput as refusal:
        return str(refusal.message)
    return ""


def refused(assessment: Assessment, by: Membership, **given: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        attach(assessment, by, **given)
    assert not Evidence.objects.exists()
    return {name: str(sentence) for name, sentence in refusal.value.fields.items()}


def test_a_file_is_kept_under_a_name_of_ours_with_its_fingerprint(
    assessment: Assessment, ben: Membership, own_folder: Path
) -> None:
    attach(assessment, ben, upload=factories.pdf("Lebensdauer 轨道寿命.pdf"))
    evidence = Evidence.objects.get()
    assert evidence.filename == evidence.title == "Lebensdauer 轨道寿命.pdf"
    assert evidence.sha256 == hashlib.sha256(factories.PDF).hexdigest()
    assert (evidence.size, evidence.media_type) == (len(factories.PDF), "application/pdf")
    (file,) = stored_files(own_folder)
    assert file.read_bytes() == factories.PDF
    assert file.suffix == ""
    assert "Lebensdauer" not in str(file)
    assert EvidenceUse.objects.get().requirement == ORBIT
    assert AuditEvent.objects.get(action="evidence.attached").actor == ben.user


def test_evidence_counts_at_once(assessment: Assessment, ben: Membership) -> None:
    save_answer(assessment=assessment, requirement_id=ORBIT, value="4", base_version=0, by=ben)
    assert evaluation_of(assessment).evaluation.rows[ORBIT].outcome is Outcome.PARTLY_MET
    attach(assessment, ben)
    assert evaluation_of(assessment).evaluation.rows[ORBIT].outcome is Outcome.MET


def test_a_link_is_evidence_too(assessment: Assessment, ben: Membership) -> None:
    url = "https://files.demo.example:8443/报告?id=1#p2"
    evidence = attach(assessment, ben, url=f"  {url} ", title="Report\x00\n two")
    assert (evidence.url, evidence.title, evidence.sha256) == (url, "Report two", "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", files.PDF),
        ("A.PDF", files.PDF),
        ("a.png", files.image("PNG")),
        ("a.jpg", files.image("JPEG")),
        ("a.jpeg", files.image("JPEG")),
        ("a.docx", files.docx()),
        ("a.xlsx", files.xlsx()),
        ("a.pptx", files.archive("[Content_Types].xml", "ppt/presentation.xml")),
        ("a.zip", files.archive("scan.pdf", "other/scan2.pdf")),
        ("a.txt", "备注：已备案\r\n".encode()),
        ("a.txt", "备注：已备案".encode("gb18030")),
        ("a.txt", b"a"),
        ("a.csv", "\ufeff姓名,日期\n李,2026-01-01\n".encode()),
    ],
    ids=_short,
)
def test_ordinary_files_are_taken(name: str, content: bytes) -> None:
    assert file_fault(files.upload(name, content)) == ""


PDF_OF_SCRIPT = b"%PDF-1.7\n" + files.HTML


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.pdf", b"", "is empty"),
        ("a.pdf", files.HTML, "not a readable PDF"),
        ("a.pdf", PDF_OF_SCRIPT, "not a readable PDF"),
        ("a.pdf", b"\n" + files.PDF, "not a readable PDF"),
        ("a.pdf", files.archive("a"), "not a readable PDF"),
        ("a.pdf", files.EPS, "not a readable PDF"),
        ("a.png", files.image("JPEG"), "not a readable PNG"),
        ("a.png", files.image("PNG")[:60], "not a readable PNG"),
        ("a.png", files.huge_png(), "not a readable PNG"),
        pytest.param(
            "a.png",
            files.huge_png(12_000),
            "not a readable PNG",
            marks=pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
        ),
        ("a.png", files.SVG, "not a readable PNG"),
        ("a.jpg", files.EPS, "not a readable JPG"),
        ("a.jpg", files.image("GIF") + files.HTML, "not a readable JPG"),
        ("a.docx", files.archive("readme.txt"), "not a readable DOCX"),
        ("a.docx", files.xlsx(), "not a readable DOCX"),
        ("a.docx", files.PDF, "not a readable DOCX"),
        ("a.docx", b"PK\x03\x04" + b"x" * 100, "not a readable DOCX"),
        ("a.zip", files.PDF + files.archive("a"), "not a readable ZIP"),
        ("a.zip", files.archive("../../etc/passwd"), "not a readable ZIP"),
        ("a.zip", files.archive("..\\..\\x"), "not a readable ZIP"),
        ("a.zip", files.archive("/etc/passwd"), "not a readable ZIP"),
        ("a.xlsx", files.unpacks_to(2**32 - 2), "not a readable XLSX"),
        ("a.zip", files.unpacks_to(2**32 - 2), "not a readable ZIP"),
        ("a.zip", files.crowded_zip(20_000), "not a readable ZIP"),
        ("a.txt", files.HTML, "not a readable TXT"),
        ("a.txt", files.SVG, "not a readable TXT"),
        ("a.txt", files.PDF, "not a readable TXT"),
        ("a.csv", files.EPS, "not a readable CSV"),
        ("a.txt", b"a\x00b", "not a readable TXT"),
        ("a.txt", b"\xff\xff\xff\xff\xff", "not a readable TXT"),
        ("a.eps", files.EPS, "“.eps” files are not taken"),
        ("a.svg", files.SVG, "“.svg” files are not taken"),
        ("a.html", files.HTML, "“.html” files are not taken"),
        ("a.pdf.exe", files.PDF, "“.exe” files are not taken"),
        ("a.docm", files.docx(), "“.docm” files are not taken"),
        ("policy", files.PDF, "“policy” files are not taken"),
        (".pdf", files.PDF, "files are not taken"),
    ],
    ids=_short,
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    name: str, content: bytes, sentence: str
) -> None:
    assert sentence in file_fault(files.upload(name, content))


def test_twenty_five_megabytes_are_taken_and_one_byte_more_is_not(
    assessment: Assessment, ben: Membership, settings: Settings
) -> None:
    limit = settings.EVIDENCE_MAX_BYTES
    assert limit == 25 * 1024**2
    fits = factories.pdf(content=files.PDF + b"\n" * (limit - len(files.PDF)))
    attach(assessment, ben, upload=fits)
    Evidence.objects.get().uses.all().delete()
    Evidence.objects.all().delete()
    fields = refused(assessment, ben, upload=factories.pdf(content=files.PDF + b"\n" * limit))
    assert "has 25.0 MB; at most 25 MB are taken" in fields["file"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bomb.png", files.huge_png()),
        ("bomb.xlsx", files.unpacks_to(2**32 - 2)),
        ("crowd.zip", files.crowded_zip(500_000)),
    ],
    ids=_short,
)
def test_a_bomb_costs_neither_time_nor_memory(name: str, content: bytes) -> None:
    upload = files.upload(name, content)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    assert file_fault(upload)
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100 * 1024


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", files.PDF),
        ("a.png", files.image("PNG")),
        ("a.jpg", files.image("JPEG")),
        ("a.docx", files.docx()),
        ("a.txt", b"plain\n"),
    ],
    ids=_short,
)
def test_a_damaged_file_is_judged_and_never_an_error(name: str, content: bytes) -> None:
    chance = random.Random(7)
    for _turn in range(150):
        damaged = bytearray(content)
        for _hit in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        cut = bytes(damaged[: chance.randint(1, len(damaged))])
        for broken in (bytes(damaged), cut):
            assert isinstance(file_fault(files.upload(name, broken)), str)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("../../etc/policy.pdf", "policy.pdf"),
        ("..\\..\\C:\\policy.pdf", "policy.pdf"),
        ("pol\x00icy.pdf", "policy.pdf"),
        ("pol\r\nicy.pdf", "policy.pdf"),
        ("\u202efdp.policy.pdf", "fdp.policy.pdf"),
        ("p\ud800olicy.pdf", "policy.pdf"),
        ("CON.pdf", "CON.pdf"),
        ("\U0001f680 rocket.pdf", "\U0001f680 rocket.pdf"),
        ('"><img src=x onerror=alert(1)>.pdf', '"><img src=x onerror=alert(1)>.pdf'),
        ("合" * 300 + ".pdf", "合" * 196 + ".pdf"),
    ],
)
def test_a_file_name_is_only_shown(
    assessment: Assessment, ben: Membership, own_folder: Path, typed: str, kept: str
) -> None:
    upload = factories.pdf()
    # Past Django's own cleaning, which another way in may not have.
    upload._name = typed  # type: ignore[attr-defined]
    attach(assessment, ben, upload=upload)
    evidence = Evidence.objects.get()
    assert evidence.filename == kept
    (file,) = stored_files(own_folder)
    assert file.relative_to(own_folder).parts[:2] == ("evidence", str(ben.firm_id))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.example/x",
        "policy.pdf",
        "http://",
        "https://:80/",
        "https://a b/",
        "https://a/\x00",
        "https://a/\ud800",
        "https://a/\u202etxt",
        "https://a:99999/",
        "https://[::1",
        "java\tscript:alert(1)",
        "https://a/" + "x" * 500,
    ],
)
def test_only_web_addresses_are_links(assessment: Assessment, ben: Membership, url: str) -> None:
    assert list(refused(assessment, ben, url=url)) == ["url"]


def test_everything_that_is_wrong_is_said_at_once(assessment: Assessment, ben: Membership) -> None:
    fields = refused(
        assessment,
        ben,
        kind="poem",
        title="t" * 201,
        upload=factories.pdf(content=b""),
        effective_on=date(2027, 2, 1),
        expires_on=date(2027, 1, 31),
    )
    assert set(fields) == {"kind", "title", "file", "expires_on"}
    assert "It ends on 2027-01-31, before it begins on 2027-02-01" in fields["expires_on"]


def test_either_a_file_or_a_link(assessment: Assessment, ben: Membership) -> None:
    assert "Choose a file" in refused(assessment, ben, url="")["file"]
    both = refused(assessment, ben, upload=factories.pdf(), url="https://demo.example/")
    assert "not both" in both["url"]


def test_an_unknown_requirement_is_refused(assessment: Assessment, ben: Membership) -> None:
    assert "requirement" in refused(assessment, ben, requirement_id="cnsa.m99.none")


def test_a_policy_that_ends_before_the_launch_window_does_not_count_in_full(
    assessment: Assessment, ben: Membership
) -> None:
    save_answer(
        assessment=assessment, requirement_id=PERMIT, value="yes", base_version=None, by=ben
    )
    short = attach(
        assessment,
        ben,
        requirement_id=PERMIT,
        kind="frequency_permit",
        expires_on=date(2027, 3, 1),
    )
    row = evaluation_of(assessment).evaluation.rows[PERMIT]
    assert row.outcome is Outcome.PARTLY_MET
    assert row.evidence_faults
    detach_evidence(assessment=assessment, requirement_id=PERMIT, evidence=short, by=ben)
    attach(
        assessment,
        ben,
        requirement_id=PERMIT,
        kind="frequency_permit",
        expires_on=date(2040, 1, 1),
    )
    assert evaluation_of(assessment).evaluation.rows[PERMIT].outcome is Outcome.MET


# --- file and row stand or fall together ----------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left"), RuntimeError("bucket is gone")])
def test_where_nothing_can_be_stored_neither_row_nor_file_is_left(
    assessment: Assessment,
    ben: Membership,
    own_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fails(*args: Any, **options: Any) -> str:
        raise error

    monkeypatch.setattr(FileSystemStorage, "_save", fails)
    with pytest.raises(StorageFull, match="nothing was changed"):
        attach(assessment, ben)
    assert not Evidence.objects.exists()
    assert not EvidenceUse.objects.exists()
    assert stored_files(own_folder) == []


def test_where_the_row_cannot_be_written_the_file_goes_too(
    assessment: Assessment, ben: Membership, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **details: Any) -> None:
        raise RuntimeError("database is gone")

    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(RuntimeError):
        attach(assessment, ben)
    assert not Evidence.objects.exists()
    assert stored_files(own_folder) == []


def test_nothing_is_attached_to_a_submitted_assessment(
    submission: Submission, ben: Membership, own_folder: Path
) -> None:
    before = stored_files(own_folder)
    with pytest.raises(AnswerLocked):
        attach(submission.assessment, ben)
    piece = Evidence.objects.filter(uses__requirement=ORBIT).get()
    with pytest.raises(AnswerLocked):
        detach_evidence(
            assessment=submission.assessment, requirement_id=ORBIT, evidence=piece, by=ben
        )
    with pytest.raises(AnswerLocked):
        attach_existing(
            assessment=submission.assessment, requirement_id=ORBIT, evidence=piece, by=ben
        )
    assert stored_files(own_folder) == before


# --- one piece, many requirements -----------------------------------------------------------------


def test_one_piece_serves_many_requirements_and_is_attached_once_to_each(
    assessment: Assessment, ben: Membership
) -> None:
    risk, other = "cnsa.m22.collective_launch_risk", "cnsa.m22.individual_launch_risk"
    piece = attach(assessment, ben, requirement_id=risk, kind="launch_risk_analysis")
    for _twice in range(2):
        attach_existing(assessment=assessment, requirement_id=other, evidence=piece, by=ben)
    assert sorted(piece.uses.values_list("requirement", flat=True)) == [risk, other]
    assert AuditEvent.objects.filter(action="evidence.attached").count() == 2


def test_a_piece_of_the_wrong_kind_or_firm_is_not_attached(
    assessment: Assessment, ben: Membership, dov: Membership
) -> None:
    piece = attach(assessment, ben)
    theirs = attach(factories.draft(dov), dov)
    for evidence, requirement in ((piece, PERMIT), (theirs, ORBIT)):
        with pytest.raises(InvalidInput) as refusal:
            attach_existing(
                assessment=assessment, requirement_id=requirement, evidence=evidence, by=ben
            )
        assert list(refusal.value.fields) == ["evidence"]


def test_what_is_detached_stays_in_the_library(
    assessment: Assessment, ben: Membership, own_folder: Path
) -> None:
    piece = attach(assessment, ben)
    for _twice in range(2):  # the second time nothing is there to take away
        detach_evidence(assessment=assessment, requirement_id=ORBIT, evidence=piece, by=ben)
    assert Evidence.objects.get() == piece
    assert len(stored_files(own_folder)) == 1
    assert not EvidenceUse.objects.exists()
    assert AuditEvent.objects.filter(action="evidence.detached").count() == 1


def test_only_the_firms_writers_touch_evidence(
    assessment: Assessment, ben: Membership, vera: Membership, cleo: Membership, dov: Membership
) -> None:
    piece = attach(assessment, ben)
    for other in (vera, cleo, dov):
        with pytest.raises(NotPermitted):
            attach(assessment, other)
        with pytest.raises(NotPermitted):
            attach_existing(assessment=assessment, requirement_id=ORBIT, evidence=piece, by=other)
        with pytest.raises(NotPermitted):
            detach_evidence(assessment=assessment, requirement_id=ORBIT, evidence=piece, by=other)
    assert EvidenceUse.objects.count() == 1


def test_the_type_the_browser_claims_is_not_believed(
    assessment: Assessment, ben: Membership
) -> None:
    claimed = SimpleUploadedFile("a.csv", b"a,b\n1,2\n", "text/html")
    assert attach(assessment, ben, upload=claimed).media_type == "text/csv"
