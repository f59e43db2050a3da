"""Reports of a submission for its page, and what the public check may tell of one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.fields.json import KeyTextTransform
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance import workflow
from compliance.models import Report, Role, SigningCertificate, Submission

CODE = re.compile(r"TH(-[2-9A-HJKMNP-TV-Z]{4}){3}")
SHA256 = re.compile(r"[0-9a-f]{64}")
# The key stands in the row; what it means to a person stands here.
STEPS: Mapping[str, str | Promise] = {
    "loading": _("reading the submission"),
    "writing": _("writing the chapters"),
    "layout": _("laying out the pages"),
    "printing": _("writing the PDF"),
    "signing": _("signing the PDF"),
    "storing": _("storing the file"),
}
QUEUED = (Report.Status.REQUESTED, Report.Status.RENDERING)


@dataclass(frozen=True)
class ReportLine:
    """One report in the list."""

    report: Report
    step: str | Promise
    before: int  # how many wait in front of it
    moves: frozenset[str]  # what this person may do with it now

    @property
    def is_moving(self) -> bool:
        """Whether it is worth asking again."""
        return self.report.status in QUEUED

    @property
    def fingerprint(self) -> str:
        """The two ends of the SHA-256, in groups."""
        sha = self.report.sha256
        return f"{sha[:4]} {sha[4:8]} … {sha[-8:-4]} {sha[-4:]}" if sha else ""


def reports_of(submission: Submission, role: Role) -> list[ReportLine]:
    """The submission's reports as this role sees them, newest first (two queries)."""
    reports = (
        Report.objects.filter(submission=submission)
        .select_related("requested_by", "certificate")
        .defer("review")
        .order_by("-requested_at")
    )
    return lines_of(list(reports), role)


def lines_of(reports: Sequence[Report], role: Role) -> list[ReportLine]:
    """Reports as lists show them; their places in the queue take one query together."""
    queue: list[datetime] = []
    if any(report.status == Report.Status.REQUESTED for report in reports):
        in_line = Report.objects.filter(status__in=QUEUED).order_by("queued_at")
        queue = list(in_line.values_list("queued_at", flat=True))
    return [
        ReportLine(
            report,
            STEPS.get(report.step, ""),
            bisect_left(queue, report.queued_at) if report.status == Report.Status.REQUESTED else 0,
            workflow.open_actions(report, role),
        )
        for report in reports
    ]


# --- the public check -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Issued:
    """What anybody may learn of an issued report."""

    code: str
    sha256: str
    kind: str
    kind_name: str
    lang: str
    lang_name: str
    pages: int | None
    number: int
    as_of: str
    edition: str
    submitted_at: datetime
    issued_at: datetime | None
    state: str  # of the review, as the report tells it
    is_latest: bool
    firm: str  # "" where the firm does not want to be named
    certificate: SigningCertificate | None


def issued_by_code(raw: str) -> Issued | None:
    """The ready report with this code, however it was typed."""
    code = clean_code(raw)
    return _issued(code=code) if code else None


def issued_by_sha256(sha256: str) -> Issued | None:
    """The ready report whose file has this fingerprint."""
    return _issued(sha256=sha256) if SHA256.fullmatch(sha256) else None


def clean_code(raw: str) -> str:
    """The code in its own form, TH-XXXX-XXXX-XXXX; "" for what cannot be one."""
    letters = re.sub(r"[\s‐-―-]", "", raw[:60]).upper().removeprefix("TH")
    code = "-".join(["TH", letters[:4], letters[4:8], letters[8:]])
    return code if CODE.fullmatch(code) else ""


def _issued(**which: str) -> Issued | None:
    report = (
        Report.objects.filter(status=Report.Status.READY, **which)
        .select_related("submission", "certificate")
        .defer("submission__content", "review")
        .annotate(
            state=KeyTextTransform("state", "review"),
            is_named=F("submission__assessment__firm__is_named_in_checks"),
            firm_name=KeyTextTransform("name", KeyTextTransform("firm", "submission__content")),
            as_of=KeyTextTransform("as_of", KeyTextTransform("assessment", "submission__content")),
            edition=KeyTextTransform(
                "edition", KeyTextTransform("catalogue", "submission__content")
            ),
        )
        .first()
    )
    if report is None:
        return None
    row: Any = report
    submission = report.submission
    newer = Submission.objects.filter(
        assessment_id=submission.assessment_id, number__gt=submission.number
    )
    return Issued(
        code=report.code,
        sha256=report.sha256,
        kind=report.kind,
        kind_name=report.get_kind_display(),
        lang=report.lang,
        lang_name=report.get_lang_display(),
        pages=report.pages,
        number=submission.number,
        as_of=row.as_of,
        edition=row.edition,
        submitted_at=submission.submitted_at,
        issued_at=report.finished_at,
        state=row.state,
        is_latest=not newer.exists(),
        firm=row.firm_name if row.is_named else "",
        certificate=report.certificate,
    )
