"""The workbook: out, filled in, and in again, without losing or overwriting anything."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from compliance import clock
from compliance.errors import AnswerLocked, InvalidInput, NotPermitted, TransitionNotAllowed
from compliance.exports.workbook import assessment_workbook
from compliance.models import Answer, Assessment, AuditEvent, Membership, WorkbookUpload
from compliance.selectors.evaluation import evaluation_of
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts
from compliance.services.workbook import (
    WorkbookPreview,
    apply_workbook,
    preview_of,
    take_workbook,
)
from tests import factories
from tests.compliance.services import files

WATCH = "cnsa.m01.research_call_watch"  # yes, partly, no
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"  # years
POLICY = "cnsa.m18.third_party_policy_in_force"  # a document
Edit = Callable[[Any], None]


def workbook(assessment: Assessment, lang: str = "en", *, facts: bool = True) -> bytes:
    fresh = Assessment.objects.select_related("firm").get(pk=assessment.pk)
    return assessment_workbook(
        evaluation_of(fresh), lang, may_save_facts=facts, made_at=clock.now()
    )


def filled_in(content: bytes, edit: Edit | None = None, **answers: dict[str, Any]) -> bytes:
    """The workbook with cells of the requirements changed: column letter → what is typed."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for row in book.worksheets[1].iter_rows(min_row=3):
        for column, typed in answers.get(row[0].value.rpartition(".")[2], {}).items():
            book.worksheets[1][f"{column}{row[0].row}"] = typed
    if edit:
        edit(book)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def sent(content: bytes, name: str = "filled in.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def looked_at(
    assessment: Assessment, content: bytes, by: Membership, lang: str = "en"
) -> tuple[WorkbookUpload, WorkbookPreview]:
    upload = take_workbook(assessment=assessment, upload=sent(content), by=by)
    fresh = Assessment.objects.select_related("firm").get(pk=assessment.pk)
    return upload, preview_of(upload, evaluation_of(fresh), by, lang)


def answers_of(assessment: Assessment) -> dict[str, Any]:
    return dict(Answer.objects.filter(assessment=assessment).values_list("requirement", "value"))


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_an_untouched_workbook_changes_nothing(
    answered_assessment: Assessment, ada: Membership, ben: Membership, lang: str
) -> None:
    hostile = '=HYPERLINK("http://x")\n\x0b+1 <b> _x000D_ ‘引号’ '
    save_answer(
        assessment=answered_assessment,
        requirement_id=WATCH,
        value="partly",
        note=hostile,
        base_version=None,
        by=ben,
    )
    save_facts(assessment=answered_assessment, values={"firm.staff": None}, by=ada)
    _upload, preview = looked_at(
        answered_assessment, workbook(answered_assessment, lang), ada, lang
    )
    assert (preview.changes, preview.conflicts, preview.problems) == ((), (), ())
    assert preview.untouched > 90
    assert not preview.can_be_applied


def test_every_cell_is_text_and_only_the_answers_can_be_written_in(
    answered_assessment: Assessment, ben: Membership
) -> None:
    save_answer(
        assessment=answered_assessment,
        requirement_id=WATCH,
        value="yes",
        note="=1+1",
        base_version=None,
        by=ben,
    )
    book = openpyxl.load_workbook(io.BytesIO(workbook(answered_assessment)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert "=1+1" in {cell.value for cell in cells}
    assert all(sheet.protection.sheet for sheet in book)
    unlocked = {cell.column_letter for cell in book.worksheets[1][3] if not cell.protection.locked}
    assert unlocked <= {"E", "F", "G", "H"}
    title = book.worksheets[1]["C3"].value
    assert "Watch on open civil space research calls" in title
    assert "跟踪民用航天科研项目征集" in title
    for_ben = openpyxl.load_workbook(io.BytesIO(workbook(answered_assessment, facts=False)))
    assert all(cell.protection.locked for cell in for_ben.worksheets[2]["E"])


def test_what_was_filled_in_is_shown_and_then_saved_as_a_whole(
    assessment: Assessment, ada: Membership
) -> None:
    def facts(book: Any) -> None:
        for row in book.worksheets[2].iter_rows(min_row=3):
            if row[0].value == "firm.staff":
                row[4].value = 55
            if row[0].value == "firm.regions" and row[1].value in ("hainan", "shandong"):
                row[4].value = "是" if row[1].value == "shandong" else "No"

    content = filled_in(
        workbook(assessment),
        facts,
        research_call_watch={"E": "是", "H": "Kept since March."},
        orbit_lifetime_after_mission={"E": 4.5, "G": "Come back to this"},
        third_party_policy_in_force={"F": "No launch of our own."},
    )
    upload, preview = looked_at(assessment, content, ada)
    assert preview.problems == ()
    shown = {
        change.key: [(part.title, part.after) for part in change.parts]
        for change in preview.changes
    }
    assert shown[WATCH] == [("Answer", "Yes"), ("Note", "Kept since March.")]
    assert shown[ORBIT] == [("Answer", "4.5 years"), ("Mark", "Come back to this")]
    assert shown["firm.regions"] == [("Fact", "Shandong")]
    assert answers_of(assessment) == {}

    count = apply_workbook(upload=upload, keep={}, seen={}, lang="en", by=ada)
    assert count == len(preview.changes) == 5
    assert answers_of(assessment) == {WATCH: "yes", ORBIT: "4.5", POLICY: None}
    assessment.refresh_from_db()
    assert assessment.facts["firm.staff"] == "55"
    assert assessment.facts["firm.regions"] == ["shandong"]
    applied = AuditEvent.objects.filter(action="workbook.applied")
    assert applied.values_list("after__changes", flat=True).get() == 5
    with pytest.raises(TransitionNotAllowed):
        apply_workbook(upload=upload, keep={}, seen={}, lang="en", by=ada)


def test_every_problem_names_its_cell_and_nothing_is_saved_while_there_is_one(
    assessment: Assessment, ben: Membership
) -> None:
    def spoil(book: Any) -> None:
        sheet = book.worksheets[1]
        copy = [cell.value for cell in sheet[3]]
        sheet.append(copy)
        sheet.append(["cnsa.m99.nothing", "M99-01", "?", "", "Yes", "", "", "", "", "0", "x"])
        for row in book.worksheets[2].iter_rows(min_row=3):
            if row[0].value == "firm.staff":
                row[4].value = "many"

    content = filled_in(
        workbook(assessment),
        spoil,
        research_call_watch={"E": "Maybe", "G": "banana"},
        orbit_lifetime_after_mission={"E": "4 years"},
        third_party_policy_in_force={"E": "In place", "F": "and yet it does not apply"},
        debris_mitigation_plan={"E": "In place", "J": "minus one"},
    )
    upload, preview = looked_at(assessment, content, ben)
    said = {
        problem.cell[0]: problem.sentence
        for problem in preview.problems
        if problem.sheet == "Facts"
    }
    assert said == {"E": "Write a number, in persons."}
    sentences = " ".join(problem.sentence for problem in preview.problems)
    for part in (
        "“Maybe” is not offered here. Choose one of: Yes, Partly, No.",
        "“banana” is not offered here. Choose one of: Don’t know yet, Come back to this.",
        "Write the number only, in years.",
        "Give either an answer or a reason",
        "The hidden columns of this row were changed.",
        "stands in two rows",
        "no such requirement",
    ):
        assert part in sentences
    assert [p.cell for p in preview.problems if "Maybe" in p.sentence] == ["E3"]
    with pytest.raises(InvalidInput, match="Correct the problems"):
        apply_workbook(upload=upload, keep={}, seen={}, lang="en", by=ben)
    assert answers_of(assessment) == {}


def test_an_answer_that_somebody_saved_meanwhile_is_chosen_and_never_overwritten(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    content = filled_in(
        workbook(assessment),
        research_call_watch={"E": "No"},
        orbit_lifetime_after_mission={"E": "4"},
    )
    save_answer(assessment=assessment, requirement_id=WATCH, value="yes", base_version=0, by=ada)
    # Saved by others, but untouched in the workbook: no matter.
    save_answer(
        assessment=assessment, requirement_id=POLICY, flag="dont_know", base_version=0, by=ada
    )
    upload, preview = looked_at(assessment, content, ben)
    assert [change.key for change in preview.changes] == [ORBIT]
    (conflict,) = preview.conflicts
    assert (conflict.key, conflict.who, conflict.version) == (WATCH, "Ada", 1)
    (part,) = conflict.parts
    assert (part.before, part.after) == ("Yes", "No")

    def applied(keep: dict[str, str], seen: dict[str, str]) -> int:
        return apply_workbook(upload=upload, keep=keep, seen=seen, lang="en", by=ben)

    for keep, seen in (({}, {}), ({WATCH: "mine"}, {}), ({WATCH: "mine"}, {WATCH: "0"})):
        with pytest.raises(InvalidInput, match="Choose whose version stays"):
            applied(keep, seen)
    assert answers_of(assessment)[WATCH] == "yes"
    assert applied({WATCH: "mine"}, {WATCH: "1"}) == 2
    assert answers_of(assessment) == {WATCH: "no", ORBIT: "4", POLICY: None}


def test_facts_are_for_managers_and_locked_answers_stay(
    answered_assessment: Assessment, ada: Membership, ben: Membership, vera: Membership
) -> None:
    def staff(book: Any) -> None:
        for row in book.worksheets[2].iter_rows(min_row=3):
            if row[0].value == "firm.staff":
                row[4].value = "41"

    content = filled_in(workbook(answered_assessment), staff, research_call_watch={"E": "No"})
    _upload, preview = looked_at(answered_assessment, content, ben)
    assert [problem.sentence for problem in preview.problems] == [
        "Only a manager changes facts. Put back what stood there."
    ]
    with pytest.raises(NotPermitted):
        take_workbook(assessment=answered_assessment, upload=sent(content), by=vera)
    factories.submitted(answered_assessment, ada)
    answered_assessment.refresh_from_db()
    with pytest.raises(AnswerLocked):
        take_workbook(assessment=answered_assessment, upload=sent(content), by=ada)


def bomb(content: bytes) -> bytes:
    """The workbook with a sheet that unpacks to a hundred megabytes."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/worksheets/more.xml", b" " * 100_000_000)
    return packed.getvalue()


def with_member(content: bytes, name: str) -> bytes:
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(name, b"x")
    return packed.getvalue()


def test_a_file_that_is_no_workbook_of_ours_is_refused_with_a_sentence(
    assessment: Assessment, ben: Membership, ada: Membership
) -> None:
    own, other = workbook(assessment), factories.draft(ada, title="Second mission")

    def without_column(book: Any) -> None:
        book.worksheets[1].delete_cols(5)

    def too_long(book: Any) -> None:
        book.worksheets[1].cell(60_000, 1, "x")

    cases: list[tuple[str, bytes, str]] = [
        ("a.pdf", factories.PDF, "is not an XLSX workbook"),
        ("a.xlsm", own, "is not an XLSX workbook"),
        ("a.xlsx", factories.PDF, "cannot be read"),
        ("a.xlsx", b"", "cannot be read"),
        ("a.xlsx", files.archive("readme.txt"), "cannot be read"),
        ("a.xlsx", files.archive("[Content_Types].xml", "xl/workbook.xml"), "cannot be read"),
        ("a.xlsx", own[: len(own) // 2], "cannot be read"),
        ("a.xlsx", files.xlsx(), "cannot be read"),
        ("a.xlsx", with_member(own, "xl/vbaProject.bin"), "holds macros"),
        ("a.xlsx", bomb(own), "more than 64 MB"),
        ("a.xlsx", own + b"0" * 5 * 1024**2, "at most 5 MB"),
        ("a.xlsx", filled_in(own, too_long), "cannot be read"),
        ("a.xlsx", filled_in(own, without_column), "Columns of the workbook are gone"),
        ("a.xlsx", workbook(other), "belongs to another assessment"),
    ]
    empty = io.BytesIO()
    openpyxl.Workbook().save(empty)
    cases.append(("a.xlsx", empty.getvalue(), "not a workbook of Tianheng"))
    for name, content, sentence in cases:
        with pytest.raises(InvalidInput) as refusal:
            take_workbook(assessment=assessment, upload=sent(content, name), by=ben)
        assert sentence in str(refusal.value.message), (name, len(content))
    assert not WorkbookUpload.objects.exists()


def test_the_pages_lead_from_the_download_to_what_is_saved(
    client: Client,
    assessment: Assessment,
    ada: Membership,
    ben: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(ben.user)
    page = reverse("workbook", args=[assessment.pk])
    assert page in client.get(reverse("assessment_tasks", args=[assessment.pk])).content.decode()
    download = client.get(reverse("workbook_download", args=[assessment.pk]))
    assert download["Content-Disposition"].startswith("attachment;")
    content = filled_in(
        download.content, research_call_watch={"E": "No", "H": "<script>1</script>"}
    )
    assert client.post(page).status_code == 422
    wrong = client.post(page, {"file": sent(b"x", "notes.txt")})
    assert "“notes.txt” is not an XLSX workbook." in wrong.content.decode()
    save_answer(assessment=assessment, requirement_id=WATCH, value="yes", base_version=0, by=ada)
    address = client.post(page, {"file": sent(content)})["Location"]
    with django_assert_max_num_queries(15):
        shown = client.get(address).content.decode()
    assert "Keep what Ada saved" in shown
    assert "&lt;script&gt;1&lt;/script&gt;" in shown
    chosen = {f"keep:{WATCH}": "mine", f"seen:{WATCH}": "1"}
    save_answer(assessment=assessment, requirement_id=WATCH, value="partly", base_version=1, by=ada)
    again = client.post(address, chosen)
    assert again.status_code == 422
    assert "Somebody saved meanwhile." in again.content.decode()
    done = client.post(address, {**chosen, f"seen:{WATCH}": "2"}, follow=True)
    assert "1 change of the workbook is saved." in done.content.decode()
    assert answers_of(assessment)[WATCH] == "no"
    assert client.get(address).status_code == 404
