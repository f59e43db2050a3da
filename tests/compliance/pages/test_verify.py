"""The public check of a report."""

from __future__ import annotations

import hashlib

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from compliance import clock
from compliance.models import AuditEvent, Membership, Report, Submission
from compliance.selectors.reports import clean_code
from compliance.services.reports import request_report
from tests.factories import PDF, pdf


@pytest.fixture
def report(light_submission: Submission, ada: Membership) -> Report:
    """An issued report whose file is PDF."""
    report = request_report(submission=light_submission, kind="full", lang="en", by=ada)
    Report.objects.filter(pk=report.pk).update(
        status="ready", sha256=hashlib.sha256(PDF).hexdigest(), pages=38, finished_at=clock.now()
    )
    report.refresh_from_db()
    return report


def test_a_code_tells_what_was_issued_to_anybody(client: Client, report: Report) -> None:
    reply = client.get(reverse("verify_code", args=[report.code]))
    page = reply.content.decode()
    assert reply.status_code == 200
    assert report.sha256 in page
    assert "Full report, English" in page
    assert "no. 1" in page
    assert "20 Nov 2026" in page
    assert "Submitted" in page


def test_the_firm_is_named_only_if_its_manager_lets_it(
    client: Client, report: Report, ada: Membership, ben: Membership
) -> None:
    assessment = report.submission.assessment
    address = reverse("verify_code", args=[report.code])
    switch = reverse("firm_naming", args=[assessment.firm_id])

    def pages() -> list[str]:
        client.logout()
        replies = (client.get(address), client.post(address, {"file": pdf()}))
        return [reply.content.decode() for reply in replies]

    for page in pages():
        assert assessment.firm.name not in page
        assert assessment.title not in page
        assert "the firm has not allowed it" in page
    client.force_login(ben.user)
    assert client.post(switch, {"is_named": "1"}).status_code == 403
    client.force_login(ada.user)
    client.post(switch, {"is_named": "1"})
    for page in pages():
        assert assessment.firm.name in page
        assert assessment.title not in page
    client.force_login(ada.user)
    client.post(switch, {"is_named": "0"})
    client.post(switch, {"is_named": "0"})
    assert assessment.firm.name not in pages()[0]
    events = AuditEvent.objects.filter(action="firm.naming_changed").order_by("sequence")
    assert [event.after for event in events] == [{"is_named": True}, {"is_named": False}]


def test_a_code_is_found_however_it_is_typed(client: Client, report: Report) -> None:
    typed = " " + report.code.lower().replace("-", " ") + " "
    reply = client.get(reverse("verify"), {"code": typed})
    assert reply.headers["Location"] == reverse("verify_code", args=[report.code])


@pytest.mark.parametrize(
    "code", ["TH-2222-2222-2222", "x", "TH-", "'; DROP TABLE", "\x00", "天衡", "A" * 500]
)
def test_an_unknown_code_says_so(client: Client, report: Report, code: str) -> None:
    reply = client.get(reverse("verify"), {"code": code}, follow=True)
    assert reply.status_code == 404
    assert "Code not known" in reply.content.decode()
    assert client.get(reverse("verify_code", args=[code])).status_code == 404


def test_the_issued_file_is_genuine_with_its_code_and_without(
    client: Client, report: Report
) -> None:
    for address in (reverse("verify"), reverse("verify_code", args=[report.code])):
        page = client.post(address, {"file": pdf()}).content.decode()
        assert "Genuine" in page
        assert "Not genuine" not in page


def test_one_changed_byte_is_noticed(client: Client, report: Report) -> None:
    changed = pdf(content=PDF.replace(b"842", b"843"))
    page = client.post(reverse("verify_code", args=[report.code]), {"file": changed})
    assert "Not genuine" in page.content.decode()
    assert report.sha256 in page.content.decode()


def test_another_issued_report_is_not_taken_for_this_one(
    client: Client, report: Report, ada: Membership
) -> None:
    other = request_report(submission=report.submission, kind="summary", lang="en", by=ada)
    Report.objects.filter(pk=other.pk).update(status="ready", sha256="4" * 64)
    page = client.post(reverse("verify_code", args=[other.code]), {"file": pdf()})
    assert "Not genuine" in page.content.decode()
    assert f"another report: {report.code}" in page.content.decode()


def test_a_fingerprint_computed_in_the_browser_is_judged_as_the_file_is(
    client: Client, report: Report
) -> None:
    known = reverse("verify_code", args=[report.code])
    for address in (known, reverse("verify")):
        page = client.get(address, {"sha256": report.sha256}).content.decode()
        assert "bit by bit the report that was issued as" in page
        page = client.get(address, {"sha256": "0" * 64}).content.decode()
        assert "Not genuine" in page
    page = client.get(known, {"sha256": "../../etc/passwd"}).content.decode()
    assert "genuine" not in page.lower()


def test_nothing_of_a_file_sent_here_is_written(
    client: Client, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(*args: object, **options: object) -> None:
        raise AssertionError("a file was written")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", written)
    monkeypatch.setattr("django.core.files.uploadhandler.TemporaryUploadedFile", written)
    large = pdf(content=PDF + b"\0" * 3_000_000)  # more than is held in memory by default
    page = client.post(reverse("verify"), {"file": large}).content.decode()
    assert hashlib.sha256(PDF + b"\0" * 3_000_000).hexdigest() in page


def test_the_form_wants_its_token(report: Report) -> None:
    careful = Client(enforce_csrf_checks=True)
    assert careful.post(reverse("verify"), {"file": pdf()}).status_code == 403


def test_who_asks_too_often_waits_and_a_known_code_answers_as_an_unknown_one(
    client: Client, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compliance.pages.verify.PER_MINUTE", 3)
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    cache.clear()
    asked = [report.code, "TH-2222-2222-2222", report.code, report.code, "TH-2222-2222-2222"]
    replies = [client.get(reverse("verify_code", args=[code])) for code in asked]
    assert [reply.status_code for reply in replies] == [200, 404, 200, 429, 429]
    assert "Wait a minute" in replies[3].content.decode()
    assert client.get(reverse("verify")).status_code == 200  # the page itself is open
    cache.clear()


def test_a_file_that_was_never_issued_is_not_genuine(client: Client, db: None) -> None:
    page = client.post(reverse("verify"), {"file": pdf()}).content.decode()
    assert "Not genuine" in page
    assert "No report with these bytes" in page


def test_no_file_is_said_so(client: Client, db: None) -> None:
    reply = client.post(reverse("verify"))
    assert reply.status_code == 422
    assert "Choose the PDF" in reply.content.decode()


def test_an_empty_file_is_compared_as_any_other(client: Client, db: None) -> None:
    reply = client.post(reverse("verify"), {"file": SimpleUploadedFile("a.pdf", b"")})
    assert reply.status_code in (200, 422)


def test_a_file_too_large_is_refused(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compliance.pages.verify.MAX_BYTES", 10)
    reply = client.post(reverse("verify"), {"file": pdf()})
    assert reply.status_code == 422
    assert "larger than any report" in reply.content.decode()


def test_a_report_that_is_not_ready_is_not_known(
    client: Client, light_submission: Submission, ada: Membership
) -> None:
    waiting = request_report(submission=light_submission, kind="full", lang="en", by=ada)
    assert client.get(reverse("verify_code", args=[waiting.code])).status_code == 404


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("th-2222-3333-4444", "TH-2222-3333-4444"),
        ("222233334444", "TH-2222-3333-4444"),
        ("TH‑2222‑3333‑4444", "TH-2222-3333-4444"),
        ("TH-1111-3333-4444", ""),
        ("", ""),
    ],
)
def test_codes_are_cleaned(typed: str, code: str) -> None:
    assert clean_code(typed) == code
