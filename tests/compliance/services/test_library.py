"""The firm's library: pieces are corrected, replaced and removed, and what was submitted stays."""

from __future__ import annotations

import io
import resource
import time
import zlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from compliance.errors import AnswerLocked, InvalidInput, NotPermitted, SomebodySavedFirst
from compliance.inspection import process
from compliance.models import Assessment, AuditEvent, Evidence, EvidenceUse, Membership
from compliance.selectors.evidence import mark_of
from compliance.services.evidence import (
    add_evidence,
    attach_evidence,
    edit_evidence,
    remove_evidence,
    replace_evidence,
    set_places,
)
from compliance.services.review import record_determination, return_to_firm
from compliance.services.uploads import take_file
from tests import factories
from tests.compliance.services import files

POLICY = "cnsa.m18.third_party_policy_in_force"
KIND = "insurance_policy"
TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "storage")},
        },
    }
    return tmp_path / "storage"


@pytest.fixture
def policy(assessment: Assessment, ben: Membership) -> Evidence:
    return attach_evidence(
        assessment=assessment,
        requirement_id=POLICY,
        kind=KIND,
        upload=factories.pdf("policy.pdf"),
        expires_on=date(2027, 2, 28),
        by=ben,
    )


def edited(piece: Evidence, by: Membership, **given: Any) -> Evidence:
    said = {
        "kind": piece.kind,
        "title": piece.title,
        "effective_on": piece.effective_on,
        "expires_on": piece.expires_on,
        "base_version": piece.version,
    }
    return edit_evidence(evidence=piece, by=by, **{**said, **given})


def test_a_piece_without_a_kind_is_kept_and_sorted_later(ben: Membership, vera: Membership) -> None:
    piece = add_evidence(firm=ben.firm, upload=factories.pdf(), by=ben)
    assert (piece.kind, piece.pages, piece.uses.count()) == ("", 1, 0)
    piece = edited(piece, ben, kind=KIND, expires_on=date(2027, 1, 1))
    assert (piece.kind, piece.version) == (KIND, 2)
    trail = AuditEvent.objects.filter(action__startswith="evidence.").values_list("action")
    assert list(trail) == [("evidence.added",), ("evidence.edited",)]
    with pytest.raises(InvalidInput):
        edited(piece, ben, kind="photo_of_my_cat")
    with pytest.raises(NotPermitted):
        add_evidence(firm=vera.firm, upload=factories.pdf(), by=vera)


def test_two_corrections_at_once_do_not_overwrite_each_other(
    policy: Evidence, ben: Membership
) -> None:
    stale = Evidence.objects.get(pk=policy.pk)
    edited(policy, ben, title="Policy of Ada")
    with pytest.raises(SomebodySavedFirst) as conflict:
        edited(stale, ben, title="Policy of Ben")
    assert conflict.value.theirs.title == "Policy of Ada"
    # What it serves as cannot change under the requirements it serves.
    with pytest.raises(InvalidInput, match="serves requirements as this kind"):
        edited(Evidence.objects.get(pk=policy.pk), ben, kind="premium_receipt")


def test_a_newer_version_takes_over_where_answers_are_open_and_the_older_one_stays(
    answered_assessment: Assessment, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    use = EvidenceUse.objects.filter(assessment=answered_assessment, requirement=POLICY).get()
    policy, later = use.evidence, factories.draft(ada, title="Next mission")
    set_places(evidence=policy, attach=[(later.pk, POLICY)], detach=[], by=ben)
    submission = factories.submitted(answered_assessment, ada)
    record_determination(
        submission=submission,
        requirement_id="cnsa.m01.research_call_watch",
        outcome="not_met",
        comment="Show the list.",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(submission=submission, comment="One answer is open again.", by=cleo)

    with pytest.raises(AnswerLocked, match="DO-3 launch campaign"):
        edited(policy, ben, expires_on=date(2029, 1, 1))
    assert edited(policy, ben, title="Only a title").title == "Only a title"
    newer = replace_evidence(
        evidence=policy,
        upload=factories.pdf("renewal.pdf", files.PDF),
        expires_on=date(2029, 1, 1),
        by=ben,
    )
    serves = dict(
        EvidenceUse.objects.filter(requirement=POLICY).values_list("assessment", "evidence")
    )
    assert serves == {answered_assessment.pk: policy.pk, later.pk: newer.pk}
    submission.refresh_from_db()
    frozen = {piece["id"]: piece["sha256"] for piece in submission.content["evidence"]}
    assert frozen[str(policy.pk)] == policy.sha256 != newer.sha256
    with policy.file.open() as kept:
        assert kept.read()
    with pytest.raises(InvalidInput, match="newer version already"):
        replace_evidence(evidence=policy, upload=factories.pdf(), by=ben)
    # Dates that were mistyped are corrected without sending the file again.
    again = replace_evidence(evidence=newer, expires_on=date(2030, 1, 1), by=ben)
    assert (again.sha256, again.expires_on) == (newer.sha256, date(2030, 1, 1))
    assert again.file.name != newer.file.name


def test_only_a_piece_that_nothing_rests_on_is_removed(
    submission: Any,
    ben: Membership,
    ada: Membership,
    own_folder: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    spare = add_evidence(firm=ben.firm, upload=factories.pdf(), by=ben)
    count = sum(path.is_file() for path in own_folder.rglob("*"))
    with django_capture_on_commit_callbacks(execute=True):
        remove_evidence(evidence=spare, by=ben)
    assert sum(path.is_file() for path in own_folder.rglob("*")) == count - 1
    use = EvidenceUse.objects.select_related("evidence__firm").first()
    assert use is not None
    with pytest.raises(InvalidInput, match="serves a requirement"):
        remove_evidence(evidence=use.evidence, by=ben)
    EvidenceUse.objects.filter(evidence=use.evidence).delete()
    with pytest.raises(InvalidInput, match=r"Submission no\. 1 of “DO-3 launch campaign” rests on"):
        remove_evidence(evidence=use.evidence, by=ben)
    older = add_evidence(firm=ben.firm, upload=factories.pdf(), by=ben)
    replace_evidence(evidence=older, upload=factories.pdf(), by=ben)
    with pytest.raises(InvalidInput, match="such as a newer version"):
        remove_evidence(evidence=older, by=ben)


def test_places_are_set_all_or_none_and_only_in_the_own_firm(
    assessment: Assessment, policy: Evidence, ada: Membership, ben: Membership, dov: Membership
) -> None:
    second, foreign = factories.draft(ada, title="Second"), factories.draft(dov)
    for wrong in (
        [(second.pk, POLICY), (foreign.pk, POLICY)],
        [(second.pk, POLICY), (second.pk, "x")],
    ):
        with pytest.raises(InvalidInput):
            set_places(evidence=policy, attach=wrong, detach=[], by=ben)
        assert EvidenceUse.objects.count() == 1
    here, there = (assessment.pk, POLICY), (second.pk, POLICY)
    set_places(evidence=policy, attach=[there], detach=[here], by=ben)
    assert EvidenceUse.objects.get().assessment == second


@pytest.mark.parametrize(
    ("begins", "ends", "state", "word"),
    [
        (None, -1, "expired", "Expired"),
        (None, 0, "ends_soon", "Expires today"),
        (None, 1, "ends_soon", "Expires in 1 day"),
        (None, 30, "ends_soon", "Expires in 30 days"),
        (None, 31, "valid", ""),
        (1, 400, "not_yet_effective", "Not in force yet"),
        (None, None, "undated", ""),
    ],
)
def test_the_mark_says_until_when_a_piece_holds(
    begins: int | None, ends: int | None, state: str, word: str
) -> None:
    def day(offset: int | None) -> date | None:
        return None if offset is None else TODAY + timedelta(days=offset)

    mark = mark_of(Evidence(effective_on=day(begins), expires_on=day(ends)), TODAY)
    assert (mark.state, mark.word) == (state, word)


# --- hostile files are opened where they do no harm -----------------------------------------------


def pdf_bomb() -> bytes:
    """A small PDF whose table of objects unpacks to 300 MB."""
    packed = zlib.compress(zlib.compress(b"\0" * 300_000_000, 1), 9)
    stream = (
        b"<</Type/XRef/Size 1/W[1 8 1]/Root 1 0 R/Filter[/FlateDecode/FlateDecode]/Length %d>>"
        % len(packed)
    )
    body = b"%PDF-1.5\n"
    return (
        body
        + b"5 0 obj"
        + stream
        + b"stream\n"
        + packed
        + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % len(body)
    )


def test_a_pdf_that_unpacks_without_end_is_refused_and_costs_this_process_nothing() -> None:
    bomb = pdf_bomb()
    assert len(bomb) < 40_000
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with pytest.raises(InvalidInput, match="not a readable PDF"):
        take_file(SimpleUploadedFile("bomb.pdf", bomb))
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50 * 1024


def test_a_preview_is_drawn_anew_and_carries_nothing_of_the_file() -> None:
    packed = io.BytesIO()
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 100))
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    pdf.save(packed)
    drawn = process.draw_page([packed.getvalue()], 1)
    assert b"alert" not in drawn
    assert Image.open(io.BytesIO(drawn)).size == (1600, 800)

    picture = io.BytesIO()
    Image.new("RGB", (4000, 1000), "red").save(picture, "JPEG", comment=b"<script>")
    redrawn = process.redraw([picture.getvalue()])
    assert b"<script>" not in redrawn
    assert Image.open(io.BytesIO(redrawn)).size == (1600, 400)
    for broken in (files.huge_png(), files.SVG, picture.getvalue()[:300]):
        with pytest.raises(process.Unreadable):
            process.redraw([broken])
    with pytest.raises(process.Unreadable):
        process.draw_page([files.HTML], 1)
