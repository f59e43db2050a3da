"""Asking for a report. The row is the queue; the broker only rings the bell."""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions, tasks, workflow
from compliance.canonical import digest_of
from compliance.errors import InvalidInput, TransitionNotAllowed
from compliance.models import Membership, Report, Submission
from compliance.selectors.submission import review_of

# Without letters and digits that look alike.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def request_report(*, submission: Submission, kind: str, lang: str, by: Membership) -> Report:
    """The report of this submission as it stands now; asked twice, the same row.

    One that was cancelled is put back into the queue: somebody wants it again.
    """
    permissions.require(by, "request_report", submission.assessment)
    require_known(kind, lang)
    review = review_of(submission)
    source_digest = digest_of({"submission": submission.digest, "review": review})
    same = Report.objects.filter(
        submission=submission, kind=kind, lang=lang, source_digest=source_digest
    )
    report = same.first()
    if report is not None:
        if report.status == Report.Status.CANCELLED:
            with suppress(TransitionNotAllowed):  # the same request at the same moment won
                retry_report(report=report, by=by)
        return report
    try:
        with transaction.atomic():
            report = Report(
                submission=submission,
                kind=kind,
                lang=lang,
                source_digest=source_digest,
                code=_new_code(),
                requested_by=by.user,
                requested_at=clock.now(),
                queued_at=clock.now(),
            )
            event = audit.record(
                by,
                "report.requested",
                report,
                assessment=submission.assessment,
                after={"kind": kind, "lang": lang, "number": submission.number},
            )
            # Printed in the report: who holds it can tell when the trail is cut later.
            report.review = {**review, "audit_head": audit.head_as_json(event)}
            report.save(force_insert=True)
            transaction.on_commit(partial(tasks.ask_for, report.pk), robust=True)
    except IntegrityError:
        return same.get()  # the same request at the same moment won
    return report


def require_known(kind: str, lang: str) -> None:
    """Refuse a kind or a language that no report has."""
    faults: dict[str, str] = {}
    if kind not in Report.Kind.values:
        faults["kind"] = _("Choose “full” or “summary”.")
    if lang not in Report.Language.values:
        faults["lang"] = _("Choose “en”, “zh-hans” or “both”.")
    if faults:
        raise InvalidInput(faults)


def retry_report(*, report: Report, by: Membership) -> Report:
    """Put a report that failed or was cancelled back into the queue, with all its attempts."""
    permissions.require(by, "retry_report", report.submission.assessment)
    with transaction.atomic():
        workflow.move(
            report,
            "retry_report",
            attempts=0,
            progress=0,
            step="",
            error="",
            lease_until=None,
            queued_at=clock.now(),
            finished_at=None,
        )
        _record(by, "report.requested", report, again=True)
        transaction.on_commit(partial(tasks.ask_for, report.pk), robust=True)
    return report


def cancel_report(*, report: Report, by: Membership) -> Report:
    """Take a report out of the queue, or stop its making; whoever makes it notices in a second."""
    permissions.require(by, "cancel_report", report.submission.assessment)
    with transaction.atomic():
        workflow.move(
            report,
            "cancel_report",
            progress=0,
            step="",
            lease_until=None,
            finished_at=clock.now(),
        )
        _record(by, "report.cancelled", report)
    return report


def _record(by: Membership, action: str, report: Report, **more: Any) -> None:
    audit.record(
        by,
        action,
        report,
        assessment=report.submission.assessment,
        after={"kind": report.kind, "lang": report.lang, **more},
    )


def _new_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _position in range(12))
    return f"TH-{letters[:4]}-{letters[4:8]}-{letters[8:]}"
