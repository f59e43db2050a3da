"""A submission taken away: as a table, a workbook, JSON and OSCAL."""

from __future__ import annotations

import csv
import io

from python_calamine import CalamineWorkbook

from compliance.models import Assessment, Membership, Submission
from compliance.services.answers import save_answer
from compliance.services.review import raise_finding, record_determination
from tests import factories
from tests.compliance.api.calls import Api, api_of, json_of, problem_of

YES_NO = "cnsa.m01.research_call_watch"
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
    head, *rows = book.get_sheet_by_index(0).to_python()
    cells = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert str(cells[YES_NO]["note"]).strip() == FORMULA.strip()  # text, as it was typed
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
