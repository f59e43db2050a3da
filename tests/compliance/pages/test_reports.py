"""Asking for a report, watching it, downloading it."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from compliance import clock
from compliance.models import Firm, Membership, Report, SigningCertificate, Submission
from compliance.services.reports import request_report
from tests.factories import PDF


@pytest.fixture
def report(light_submission: Submission, ada: Membership) -> Report:
    """A report that was asked for and waits."""
    return request_report(submission=light_submission, kind="full", lang="en", by=ada)


def finish(report: Report) -> None:
    report.file.save("report.pdf", ContentFile(PDF))
    Report.objects.filter(pk=report.pk).update(
        status="ready",
        progress=100,
        file=report.file.name,
        sha256="4" * 64,
        pages=38,
        size=len(PDF),
    )


def page_of(client: Client, member: Membership, submission: Submission) -> str:
    client.force_login(member.user)
    reply = client.get(reverse("reports", args=[submission.pk]))
    assert reply.status_code == 200
    return reply.content.decode()


@pytest.mark.parametrize("name", ["ada", "ben", "vera", "cleo"])
def test_everybody_in_the_firm_asks_for_a_report(
    client: Client, light_submission: Submission, request: pytest.FixtureRequest, name: str
) -> None:
    member: Membership = request.getfixturevalue(name)
    client.force_login(member.user)
    reply = client.post(
        reverse("reports", args=[light_submission.pk]),
        {"kind": "summary", "lang": "zh-hans"},
        follow=True,
    )
    report = Report.objects.get()
    assert (report.kind, report.lang, report.status) == ("summary", "zh-hans", "requested")
    assert "The report is asked for." in reply.content.decode()


def test_asked_twice_it_is_one_report(
    client: Client, light_submission: Submission, report: Report, ada: Membership
) -> None:
    client.force_login(ada.user)
    address = reverse("reports", args=[light_submission.pk])
    client.post(address, {"kind": "full", "lang": "en"})
    assert Report.objects.count() == 1


@pytest.mark.parametrize("data", [{}, {"kind": "full"}, {"kind": "novel", "lang": "fr"}])
def test_a_kind_or_language_nobody_offers_is_refused(
    client: Client, light_submission: Submission, ada: Membership, data: dict[str, str]
) -> None:
    client.force_login(ada.user)
    reply = client.post(reverse("reports", args=[light_submission.pk]), data)
    assert reply.status_code == 422
    assert not Report.objects.exists()


def test_a_waiting_report_asks_for_itself_again(
    client: Client, light_submission: Submission, report: Report, ada: Membership
) -> None:
    page = page_of(client, ada, light_submission)
    assert f'hx-get="{reverse("report_status", args=[report.pk])}"' in page
    assert 'hx-trigger="every 2s"' in page
    assert "next in line" in page


def test_progress_is_told_in_words_and_percent(
    client: Client, light_submission: Submission, report: Report, ada: Membership
) -> None:
    Report.objects.filter(pk=report.pk).update(status="rendering", progress=62, step="layout")
    page = page_of(client, ada, light_submission)
    assert "62%" in page
    assert "laying out the pages" in page
    client.force_login(ada.user)
    part = client.get(
        reverse("report_status", args=[report.pk]), headers={"HX-Request": "true"}
    ).content.decode()
    assert part.strip().startswith("<tr")
    assert "62%" in part


def test_without_a_script_the_status_is_a_page(
    client: Client, report: Report, ada: Membership
) -> None:
    client.force_login(ada.user)
    page = client.get(reverse("report_status", args=[report.pk])).content.decode()
    assert "<html" in page
    assert "Load this page again" in page


def test_a_ready_report_stops_asking_and_is_downloaded(
    client: Client, light_submission: Submission, report: Report, vera: Membership
) -> None:
    finish(report)
    page = page_of(client, vera, light_submission)
    assert "hx-trigger" not in page
    assert "38 pages" in page
    address = reverse("report_download", args=[report.pk])
    assert address in page
    reply = client.get(address)
    assert b"".join(reply.streaming_content) == PDF  # type: ignore[attr-defined]
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Disposition"] == (
        'attachment; filename="Demo-Orbital-Co_DO-3-launch-campaign_no1_full_en.pdf"'
    )


def test_a_chinese_or_hostile_name_gives_a_sound_file_name(
    client: Client, light_submission: Submission, report: Report, ada: Membership
) -> None:
    finish(report)
    Firm.objects.update(name='天衡 "航天"/..\\\r\nSet-Cookie: a=b')
    client.force_login(ada.user)
    reply = client.get(reverse("report_download", args=[report.pk]))
    assert "%E5%A4%A9%E8%A1%A1" in reply.headers["Content-Disposition"]
    assert "Set-Cookie" not in reply.headers
    assert ".." not in reply.headers["Content-Disposition"]


def test_a_failed_report_says_why_and_can_be_asked_for_again(
    client: Client, light_submission: Submission, report: Report, ada: Membership
) -> None:
    Report.objects.filter(pk=report.pk).update(status="failed", error="The disk was full.")
    page = page_of(client, ada, light_submission)
    assert "The disk was full." in page
    assert "Try again" in page
    client.post(reverse("report_retry", args=[report.pk]))
    report.refresh_from_db()
    assert (report.status, report.error) == ("requested", "")


def test_several_are_asked_for_at_once_and_each_knows_its_place(
    client: Client, light_submission: Submission, ada: Membership, vera: Membership
) -> None:
    client.force_login(vera.user)
    kinds, langs = Report.Kind.values, Report.Language.values
    reply = client.post(
        reverse("reports", args=[light_submission.pk]), {"kind": kinds, "lang": langs}, follow=True
    )
    page = reply.content.decode()
    assert Report.objects.count() == len(kinds) * len(langs)
    assert f"{len(kinds) * len(langs)} reports are asked for." in page
    places = [f"{n} before it" for n in range(1, len(kinds) * len(langs))]
    assert all(place in page for place in ["next in line", *places])
    # Tried once without success, it stands behind those that wait.
    first = Report.objects.order_by("queued_at")[0]
    Report.objects.filter(pk=first.pk).update(attempts=1, queued_at=clock.now())
    part = client.get(reverse("report_status", args=[first.pk])).content.decode()
    assert "Attempt 1 of 3 did not succeed" in part
    assert places[-1] in part


def test_a_manager_cancels_what_waits_and_the_page_says_so(
    client: Client, light_submission: Submission, report: Report, ada: Membership, ben: Membership
) -> None:
    address = reverse("report_cancel", args=[report.pk])
    assert address not in page_of(client, ben, light_submission)
    assert address in page_of(client, ada, light_submission)
    page = client.post(address, follow=True).content.decode()
    assert "Nothing of it is kept" in page
    assert "Cancelled" in page
    assert "every 2s" not in page
    assert reverse("report_retry", args=[report.pk]) in page
    assert address not in page


def test_whose_signature_it_bears_is_told(client: Client, report: Report, ada: Membership) -> None:
    finish(report)
    certificate = SigningCertificate.objects.create(
        fingerprint="ab" * 32,
        subject="Tianheng test",
        pem="-----BEGIN CERTIFICATE-----",
        valid_from=clock.now(),
        valid_until=clock.now(),
        first_used_at=clock.now(),
    )
    Report.objects.filter(pk=report.pk).update(certificate=certificate)
    client.force_login(ada.user)
    page = client.get(reverse("report_status", args=[report.pk])).content.decode()
    assert "Tianheng test" in page
    assert "abab abab abab" in page
    reply = client.get(reverse("verify_certificate", args=[certificate.pk]))
    assert reply.content == b"-----BEGIN CERTIFICATE-----"
    assert client.get(reverse("verify_certificate", args=["cd" * 32])).status_code == 404


def test_only_a_failed_report_is_tried_again(
    client: Client, report: Report, ada: Membership
) -> None:
    client.force_login(ada.user)
    reply = client.post(reverse("report_retry", args=[report.pk]))
    assert reply.status_code == 409
    assert f"“{report.code}” is Waiting now" in reply.content.decode()


def test_a_report_that_is_not_ready_has_no_file(
    client: Client, report: Report, ada: Membership
) -> None:
    client.force_login(ada.user)
    assert client.get(reverse("report_download", args=[report.pk])).status_code == 404


def test_a_file_that_is_gone_is_not_found_instead_of_broken(
    client: Client, report: Report, ada: Membership
) -> None:
    finish(report)
    report.file.storage.delete(str(report.file.name))
    client.force_login(ada.user)
    assert client.get(reverse("report_download", args=[report.pk])).status_code == 404


def test_another_firms_report_does_not_exist(
    client: Client, report: Report, dov: Membership
) -> None:
    finish(report)
    client.force_login(dov.user)
    for name in ("report_status", "report_download"):
        assert client.get(reverse(name, args=[report.pk])).status_code == 404
    assert client.post(reverse("report_retry", args=[report.pk])).status_code == 404


def test_the_list_keeps_its_query_budget(
    client: Client,
    light_submission: Submission,
    report: Report,
    ada: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for lang in ("en", "zh-hans"):
        for kind in ("full", "summary"):
            request_report(submission=light_submission, kind=kind, lang=lang, by=ada)
    client.force_login(ada.user)
    with django_assert_max_num_queries(12):
        client.get(reverse("reports", args=[light_submission.pk]))
