"""Evidence on the page of a requirement: attaching, refusing, taking away, downloading."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from compliance.models import Answer, Assessment, Evidence, EvidenceUse, Membership, Submission
from compliance.services.evidence import attach_evidence
from tests import factories

POLICY = "cnsa.m18.third_party_policy_in_force"
NUMBER = "cnsa.m07.orbit_lifetime_after_mission"


def page_of(assessment: Assessment) -> str:
    return reverse("requirement", args=[assessment.pk, POLICY])


def attach_url(assessment: Assessment, requirement: str = POLICY) -> str:
    return reverse("evidence_attach", args=[assessment.pk, requirement])


def new(**fields: Any) -> dict[str, Any]:
    """The fields of a new piece of evidence, beside an untouched answer."""
    sent = {
        "base_version": "0",
        "flag": "",
        "note": "",
        "kind": "insurance_policy",
        "title": "",
        "url": "",
        "effective_on": "",
        "expires_on": "",
        **fields,
    }
    return {name: value for name, value in sent.items() if value is not None}


@pytest.fixture
def as_ben(client: Client, ben: Membership) -> Client:
    client.force_login(ben.user)
    return client


@pytest.fixture
def policy(assessment: Assessment, ben: Membership) -> Evidence:
    """A policy that ends before the launch window of 12 to 26 Mar 2027."""
    return attach_evidence(
        assessment=assessment,
        requirement_id=POLICY,
        kind="insurance_policy",
        upload=factories.pdf("TPL policy.pdf"),
        effective_on=date(2026, 3, 1),
        expires_on=date(2027, 2, 28),
        by=ben,
    )


def test_a_file_is_attached_and_shown(as_ben: Client, assessment: Assessment) -> None:
    sent = new(file=factories.pdf(), effective_on="2026-03-01", expires_on="2027-12-31")
    response = as_ben.post(attach_url(assessment), sent)
    assert response.status_code == 302
    assert response["Location"] == f"{page_of(assessment)}#evidence"
    piece = Evidence.objects.get()
    assert (piece.filename, piece.expires_on) == ("policy.pdf", date(2027, 12, 31))
    page = as_ben.get(page_of(assessment)).content.decode()
    assert "policy.pdf" in page
    assert reverse("evidence_download", args=[piece.pk]) in page
    assert "Valid" in page


def test_a_link_is_shown_as_a_link_that_tells_nobody_where_it_came_from(
    as_ben: Client, assessment: Assessment
) -> None:
    as_ben.post(attach_url(assessment), new(url="https://example.org/policy", title="Our policy"))
    page = as_ben.get(page_of(assessment)).content.decode()
    assert (
        '<a class="th-title" href="https://example.org/policy" rel="noreferrer noopener">' in page
    )


def test_evidence_that_ends_early_is_told_with_the_dates(
    as_ben: Client, assessment: Assessment, policy: Evidence
) -> None:
    page = as_ben.get(page_of(assessment)).content.decode()
    assert "Ends too early" in page
    assert "Holds 1 Mar 2026 – 28 Feb 2027; launch window 12–26 Mar 2027 is not covered." in page
    assert "<svg" in page


def made_zip(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


def big_pdf() -> SimpleUploadedFile:
    return SimpleUploadedFile("big.pdf", b"%PDF-1.4" + b"0" * (25 * 1024 * 1024), "application/pdf")


@pytest.mark.parametrize(
    ("fields", "sentence", "field"),
    [
        ({}, "Choose a file, or write a link.", "file"),
        ({"file": ("empty.pdf", b"")}, "“empty.pdf” is empty.", "file"),
        ({"file": ("run.exe", b"MZ")}, "files are not taken", "file"),
        ({"file": ("page.html", b"<script>")}, "files are not taken", "file"),
        ({"file": ("picture.svg", b"<svg/>")}, "files are not taken", "file"),
        ({"file": ("lie.pdf", b"hello")}, "is not a readable PDF file", "file"),
        ({"file": ("lie.png", factories.PDF)}, "is not a readable PNG file", "file"),
        ({"file": ("lie.docx", made_zip("a.txt"))}, "is not a readable DOCX file", "file"),
        ({"file": ("evil.zip", made_zip("../../x"))}, "is not a readable ZIP file", "file"),
        ({"url": "javascript:alert(1)"}, "Write the whole address", "url"),
        ({"url": "example.org"}, "Write the whole address", "url"),
        (
            {"url": "https://example.org", "file": ("policy.pdf", factories.PDF)},
            "Give either a file or a link",
            "url",
        ),
        (
            {"url": "https://example.org", "kind": "photo_of_my_cat"},
            "Choose what this is",
            "kind",
        ),
        (
            {"url": "https://example.org", "effective_on": "2027-02-30"},
            "is not a day in the calendar",
            "effective",
        ),
        (
            {
                "url": "https://example.org",
                "effective_on": "2027-05-01",
                "expires_on": "2027-04-01",
            },
            "before it begins",
            "expires",
        ),
        ({"url": "https://example.org", "title": "x" * 201}, "at most 200 characters", "title"),
    ],
)
def test_bad_evidence_gets_its_sentence_beside_its_field_and_nothing_is_lost(
    as_ben: Client, assessment: Assessment, fields: dict[str, Any], sentence: str, field: str
) -> None:
    if "file" in fields:
        name, content = fields["file"]
        fields = {**fields, "file": SimpleUploadedFile(name, content)}
    response = as_ben.post(
        attach_url(assessment), new(**{"note": "Renewal agreed.", "value": "in_place", **fields})
    )
    page = response.content.decode()
    assert response.status_code == 422
    beside = page.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert sentence in beside
    assert "Renewal agreed.</textarea>" in page
    assert 'value="in_place" checked' in page
    assert not Evidence.objects.exists()


def test_a_file_over_the_limit_is_told_how_large_it_is(
    as_ben: Client, assessment: Assessment
) -> None:
    response = as_ben.post(attach_url(assessment), new(file=big_pdf()))
    assert response.status_code == 422
    assert "“big.pdf” has 25.0 MB; at most 25 MB are taken." in response.content.decode()


def test_what_was_typed_in_the_answer_is_saved_with_the_evidence(
    as_ben: Client, assessment: Assessment
) -> None:
    sent = new(file=factories.pdf(), value="in_place", note="Renewal agreed.")
    as_ben.post(attach_url(assessment), sent)
    answer = Answer.objects.get(assessment=assessment, requirement=POLICY)
    assert (answer.value, answer.note) == ("in_place", "Renewal agreed.")
    as_ben.post(attach_url(assessment), new(url="https://example.org", **untouched(answer)))
    answer.refresh_from_db()
    assert answer.version == 1  # nothing new was typed, so nothing was saved


def untouched(answer: Answer) -> dict[str, str]:
    return {"value": "in_place", "note": answer.note, "base_version": str(answer.version)}


def test_a_piece_of_the_library_serves_again(
    as_ben: Client, assessment: Assessment, policy: Evidence, ada: Membership
) -> None:
    other = factories.draft(ada, title="Second mission")
    page = as_ben.get(page_of(other)).content.decode()
    assert f'<option value="{policy.pk}">' in page
    response = as_ben.post(attach_url(other), new(take="1", evidence=str(policy.pk)))
    assert response.status_code == 302
    assert EvidenceUse.objects.filter(evidence=policy).count() == 2


@pytest.mark.parametrize("sent", ["", "banana", "00000000-0000-4000-8000-000000000000"])
def test_a_piece_that_is_not_there_is_told(
    as_ben: Client, assessment: Assessment, sent: str
) -> None:
    response = as_ben.post(attach_url(assessment), new(take="1", evidence=sent))
    assert response.status_code == 422
    assert "library-error" in response.content.decode()


def test_a_piece_of_another_firm_cannot_be_taken(
    as_ben: Client, assessment: Assessment, dov: Membership
) -> None:
    theirs = attach_evidence(
        assessment=factories.draft(dov),
        requirement_id=POLICY,
        kind="insurance_policy",
        upload=factories.pdf(),
        by=dov,
    )
    assert str(theirs.pk) not in as_ben.get(page_of(assessment)).content.decode()
    response = as_ben.post(attach_url(assessment), new(take="1", evidence=str(theirs.pk)))
    assert response.status_code == 422
    assert not EvidenceUse.objects.filter(assessment=assessment).exists()


def test_a_piece_is_taken_away_and_kept_by_the_firm(
    as_ben: Client, assessment: Assessment, policy: Evidence
) -> None:
    url = reverse("evidence_detach", args=[assessment.pk, POLICY, policy.pk])
    assert as_ben.post(url, new()).status_code == 302
    assert not EvidenceUse.objects.exists()
    assert Evidence.objects.filter(pk=policy.pk).exists()
    assert as_ben.get(url).status_code == 405


@pytest.mark.parametrize("role", ["vera", "cleo"])
def test_who_may_not_attach_is_refused(
    client: Client,
    assessment: Assessment,
    policy: Evidence,
    role: str,
    request: pytest.FixtureRequest,
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    page = client.get(page_of(assessment)).content.decode()
    assert 'id="new-evidence"' not in page
    assert "Take away" not in page
    assert client.post(attach_url(assessment), new(file=factories.pdf())).status_code == 403
    detach = reverse("evidence_detach", args=[assessment.pk, POLICY, policy.pk])
    assert client.post(detach, new()).status_code == 403
    assert EvidenceUse.objects.count() == 1


def test_nothing_is_attached_to_a_locked_answer(
    client: Client, submission: Submission, ben: Membership
) -> None:
    client.force_login(ben.user)
    count = Evidence.objects.count()
    url = reverse("evidence_attach", args=[submission.assessment_id, NUMBER])
    sent = new(file=factories.pdf(), kind="orbit_lifetime_analysis")
    assert client.post(url, sent).status_code == 409
    assert Evidence.objects.count() == count


def test_a_download_is_saved_and_never_shown(as_ben: Client, policy: Evidence) -> None:
    response = as_ben.get(reverse("evidence_download", args=[policy.pk]))
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == factories.PDF  # type: ignore[attr-defined]
    assert response["Content-Disposition"] == 'attachment; filename="TPL policy.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in response["Cache-Control"]


def test_a_chinese_name_survives_the_download(
    as_ben: Client, assessment: Assessment, ben: Membership
) -> None:
    piece = attach_evidence(
        assessment=assessment,
        requirement_id=POLICY,
        kind="insurance_policy",
        upload=factories.pdf('保单"\r\n.pdf'),
        by=ben,
    )
    response = as_ben.get(reverse("evidence_download", args=[piece.pk]))
    assert "filename*=utf-8''%E4%BF%9D%E5%8D%95" in response["Content-Disposition"]


@pytest.mark.parametrize("role", ["ada", "cleo", "vera"])
def test_everybody_of_the_firm_may_download(
    client: Client, policy: Evidence, role: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    assert client.get(reverse("evidence_download", args=[policy.pk])).status_code == 200


def test_another_firm_can_neither_download_nor_attach_nor_take_away(
    client: Client, assessment: Assessment, policy: Evidence, dov: Membership
) -> None:
    client.force_login(dov.user)
    assert client.get(reverse("evidence_download", args=[policy.pk])).status_code == 404
    assert client.post(attach_url(assessment), new(file=factories.pdf())).status_code == 404
    detach = reverse("evidence_detach", args=[assessment.pk, POLICY, policy.pk])
    assert client.post(detach, new()).status_code == 404
    own = factories.draft(dov)
    through_own = reverse("evidence_detach", args=[own.pk, POLICY, policy.pk])
    assert client.post(through_own, new()).status_code == 404
    assert EvidenceUse.objects.count() == 1


def test_a_file_that_is_gone_from_the_storage_is_not_a_crash(
    as_ben: Client, policy: Evidence
) -> None:
    policy.file.storage.delete(str(policy.file.name))
    assert as_ben.get(reverse("evidence_download", args=[policy.pk])).status_code == 404
