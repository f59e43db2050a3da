"""Asking for reports: one row for one state, whatever the broker does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from compliance.errors import InvalidInput, NotPermitted, TransitionNotAllowed
from compliance.models import AuditEvent, Membership, Report, Submission
from compliance.services.reports import cancel_report, request_report, retry_report
from compliance.services.review import accept_assessment, record_determination


def ask(submission: Submission, by: Membership, **given: Any) -> Report:
    return request_report(submission=submission, by=by, **{"kind": "full", "lang": "en", **given})


def test_a_request_is_a_row_in_the_queue(submission: Submission, vera: Membership) -> None:
    report = ask(submission, vera)
    assert (report.status, report.attempts, report.progress) == ("requested", 0, 0)
    assert re.fullmatch(r"TH(-[2-9A-HJ-NP-Z]{4}){3}", report.code)
    assert report.review["state"] == "submitted"
    assert AuditEvent.objects.get(action="report.requested").actor == vera.user


def test_asked_twice_for_the_same_state_it_is_the_same_report(
    submission: Submission, ada: Membership, vera: Membership
) -> None:
    first = ask(submission, ada)
    assert ask(submission, vera) == first
    assert Report.objects.count() == 1
    assert AuditEvent.objects.filter(action="report.requested").count() == 1


def test_another_kind_language_or_review_is_another_report(
    submission: Submission, ada: Membership, cleo: Membership
) -> None:
    reports = [ask(submission, ada), ask(submission, ada, kind="summary")]
    reports.append(ask(submission, ada, lang="zh-hans"))
    record_determination(
        submission=submission,
        requirement_id="cnsa.m01.research_call_watch",
        outcome="met",
        by=cleo,
    )
    reports.append(ask(submission, ada))
    accept_assessment(submission=submission, statement="Good.", by=cleo)
    reports.append(ask(submission, ada))
    assert len({report.pk for report in reports}) == len({r.code for r in reports}) == 5
    assert [r.review["state"] for r in reports[2:]] == ["submitted", "in_review", "accepted"]
    assert Report.objects.get(pk=reports[0].pk).review["determinations"] == {}


@pytest.mark.parametrize(
    ("given", "field"), [({"kind": "poem"}, "kind"), ({"lang": "fr\x00"}, "lang")]
)
def test_an_unknown_kind_or_language_is_refused(
    submission: Submission, ada: Membership, given: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ask(submission, ada, **given)
    assert list(refusal.value.fields) == [field]


def test_another_firm_gets_no_report(
    submission: Submission, ada: Membership, dov: Membership
) -> None:
    with pytest.raises(NotPermitted):
        ask(submission, dov)
    report = ask(submission, ada)
    Report.objects.update(status=Report.Status.FAILED)
    with pytest.raises(NotPermitted):
        retry_report(report=report, by=dov)


def test_only_a_failed_or_cancelled_report_is_tried_again(
    submission: Submission, ada: Membership
) -> None:
    report = ask(submission, ada)
    for status in ("requested", "rendering", "ready"):
        Report.objects.update(status=status)
        with pytest.raises(TransitionNotAllowed):
            retry_report(report=report, by=ada)
    Report.objects.update(status="failed", attempts=3, progress=40, error="Too large.")
    retry_report(report=report, by=ada)
    report.refresh_from_db()
    assert (report.status, report.attempts, report.progress, report.error) == (
        "requested",
        0,
        0,
        "",
    )


def test_a_report_is_cancelled_while_it_waits_or_is_made_and_made_when_asked_for_again(
    submission: Submission, ada: Membership, ben: Membership, cleo: Membership, vera: Membership
) -> None:
    report = ask(submission, ada)
    for by in (ben, vera):
        with pytest.raises(NotPermitted):
            cancel_report(report=report, by=by)
    for status, by in (("requested", ada), ("rendering", cleo)):
        Report.objects.update(status=status, progress=40, step="layout")
        fence = Report.objects.get().fence
        cancel_report(report=report, by=by)
        report.refresh_from_db()
        assert (report.status, report.progress, report.step) == ("cancelled", 0, "")
        assert report.fence == fence + 1  # whoever makes it comes too late
        assert AuditEvent.objects.filter(action="report.cancelled").latest("pk").actor == by.user
    for status in ("cancelled", "ready", "failed"):
        Report.objects.update(status=status)
        with pytest.raises(TransitionNotAllowed, match=report.code):
            cancel_report(report=report, by=ada)
    Report.objects.update(status="cancelled")
    assert ask(submission, vera) == report
    report.refresh_from_db()
    assert report.status == "requested"
    assert report.queued_at > report.requested_at
