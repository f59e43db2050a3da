"""A submission taken away: as a table, a workbook, JSON and OSCAL."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

from django.core.files.base import ContentFile
from python_calamine import CalamineWorkbook

from compliance import clock
from compliance.exports.bundle import _name_of
from compliance.models import Assessment, Evidence, Membership, Report, Submission
from compliance.services.answers import save_answer
from compliance.services.evidence import attach_evidence
from compliance.services.reports import request_report
from compliance.services.review import raise_finding, record_determination
from tests import factories
from tests.compliance.api.calls import Api, api_of, json_of, problem_of

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
FORMULA = ' =HYPERLINK("http://evil.example","x")'


def place_of(submission: Submission, form: str, lang: str = "en") -> str:
    return f"submissions/{submission.pk}/export/?format={form}&lang={lang}"


def test_every_form_carries_the_same_rows_and_no_formula(
    stated_assessment: Assessment, ada: Membership, ben: Membership, viewer: Api
) -> None:
    save_answer(
        assessment=stated_assessment,
        requirement_id=YES_NO,
        value="no",
        note=FORMULA,
        base_version=1,
        by=ben,
    )
    submission = factories.submitted(stated_assessment, ada)
    table = viewer.get(place_of(submission, "csv", "zh-hans"))
    assert table.headers["Content-Disposition"] == 'attachment; filename="submission-1.csv"'
    text = table.content.decode("utf-8-sig")
    lines = {line["requirement"]: line for line in csv.DictReader(io.StringIO(text))}
    assert lines[YES_NO]["note"] == f"'{FORMULA}"
    assert lines[YES_NO]["outcome"] == "not_met"
    assert any(letter > "一" for letter in lines[YES_NO]["reason"])
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(viewer.get(place_of(submission, "xlsx")).content)
    )
    assert book.sheet_names == ["Summary", "Requirements", "Evidence", "Facts"]
    head, *rows = book.get_sheet_by_name("Requirements").to_python()
    cells = {row[-1]: dict(zip(head, row, strict=True)) for row in rows}
    assert str(cells[YES_NO]["Note"]).strip() == FORMULA.strip()  # text, as it was typed
    assert cells[YES_NO]["Outcome"] == "Not met"
    chinese = viewer.get(place_of(submission, "xlsx", "zh-hans")).content
    assert CalamineWorkbook.from_filelike(io.BytesIO(chinese)).sheet_names[1] == "要求"
    with zipfile.ZipFile(io.BytesIO(chinese)) as parts:
        sheets = [parts.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (2, 3, 4)]
    for sheet in sheets:
        assert 'state="frozen"' in sheet
        assert "<autoFilter" in sheet
        assert "<f>" not in sheet
    assert cells.keys() == lines.keys()
    whole = json_of(viewer.get(place_of(submission, "json")))
    assert [row["requirement"] for row in whole["evaluations"]] == list(lines)
    for bad in ("pdf", "", "JSON"):
        problem_of(viewer.get(place_of(submission, bad)), 400, "malformed")


def test_the_oscal_export_is_valid_and_says_what_the_officer_found(
    submission: Submission, cleo: Membership, vera: Membership
) -> None:
    from trestle.oscal.assessment_results import AssessmentResults  # takes a second to import

    record_determination(
        submission=submission, requirement_id=YES_NO, outcome="not_met", comment="No.", by=cleo
    )
    raise_finding(
        submission=submission,
        requirement_id=YES_NO,
        severity="major",
        missing="The minutes.",
        due_on=factories.next_year(),
        by=cleo,
    )
    viewer = api_of(vera.user)
    reply = viewer.get(place_of(submission, "oscal", "zh-hans"))
    document = json_of(reply)["assessment-results"]
    AssessmentResults.parse_obj(document)
    assert viewer.get(place_of(submission, "oscal", "zh-hans")).content == reply.content
    (result,) = document["results"]
    found = {each["target"]["target-id"]: each for each in result["findings"]}
    assert found[YES_NO]["target"]["status"] == {"state": "not-satisfied", "reason": "fail"}
    (risk,) = result["risks"]
    assert found[YES_NO]["related-risks"] == [{"risk-uuid": risk["uuid"]}]
    assert (risk["title"], risk["description"]) == ("F-01", "The minutes.")
    hashes = {
        link["hashes"][0]["value"]
        for resource in document["back-matter"]["resources"][1:]
        for link in resource["rlinks"]
    }
    assert hashes == {piece["sha256"] for piece in submission.content["evidence"]}


def test_the_bundle_holds_all_a_submission_rests_on_and_says_what_it_could_not_take(
    stated_assessment: Assessment, ada: Membership, ben: Membership, vera: Membership
) -> None:
    def show(name: str, content: bytes) -> Evidence:
        return attach_evidence(
            assessment=stated_assessment,
            requirement_id=ORBIT,
            kind="orbit_lifetime_analysis",
            title=f"{name} / title",
            upload=factories.pdf(name, content),
            by=ben,
        )

    names = ("轨道寿命 分析.pdf", "a.pdf", "a (2).pdf", "CON.pdf", "gone.pdf", "changed.pdf")
    pieces = {name: show(name, factories.PDF + name.encode()) for name in names}
    save_answer(
        assessment=stated_assessment,
        requirement_id=ORBIT,
        value="20",
        note="",
        base_version=1,
        by=ben,
    )
    submission = factories.submitted(stated_assessment, ada)
    Evidence.objects.filter(pk=pieces["a.pdf"].pk).update(filename="../../etc/passwd")
    storage = pieces["gone.pdf"].file.storage
    storage.delete(str(pieces["gone.pdf"].file.name))
    changed = storage.open(str(pieces["changed.pdf"].file.name), "wb")
    changed.write(b"other bytes")
    changed.close()
    report = request_report(submission=submission, kind="summary", lang="en", by=ada)
    report.file.save("r.pdf", ContentFile(b"%PDF report"), save=False)
    report.status, report.finished_at = Report.Status.READY, clock.now()
    report.sha256 = hashlib.sha256(b"%PDF report").hexdigest()
    report.save()

    reply: Any = api_of(vera.user).get(f"submissions/{submission.pk}/evidence-bundle/")
    assert reply.streaming
    parts = list(reply.streaming_content)
    assert len(parts) > len(names)  # sent while it is written
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert archive.testzip() is None
        inside = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(inside["manifest.json"])
    fates = {each["title"].split(" / ")[0]: each for each in manifest["evidence"]}
    assert fates["gone.pdf"]["status"] == "missing"
    assert fates["gone.pdf"]["path"] is None
    assert fates["changed.pdf"]["status"] == "changed"
    for name in names[:4]:
        assert fates[name]["status"] == "included"
        assert inside[fates[name]["path"]] == factories.PDF + name.encode()
        assert hashlib.sha256(inside[fates[name]["path"]]).hexdigest() == fates[name]["sha256"]
    assert fates[names[0]]["path"].endswith("轨道寿命 分析.pdf")
    assert hashlib.sha256(inside["submission.json"]).hexdigest() == submission.digest
    assert inside["report-summary-en.pdf"] == b"%PDF report"
    assert manifest["report"]["status"] == "included"
    sums: dict[str, str] = {}
    for line in inside["SHA256SUMS"].decode().splitlines():
        sha256, name = line.split("  ", 1)
        sums[name] = sha256
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in inside.items()
        if name != "SHA256SUMS"
    }
    assert not any(".." in name or name.startswith("/") or "\\" in name for name in inside)


def test_a_name_in_the_bundle_is_no_path_and_fits_every_file_system() -> None:
    names = {
        "../../etc/passwd": "E-001 passwd",
        "..\\..\\boot.ini": "E-001 boot.ini",
        "a\x00b\r\nc\u202efdp.exe": "E-001 a b c fdp.exe",
        "": "E-001 Title",
        "...": "E-001",
        "保险" * 200 + ".pdf": "E-001 " + "保险" * 24 + ".pdf",
    }
    for given, kept in names.items():
        assert _name_of({"label": "E-001", "filename": given, "title": "Title"}) == kept
