"""Reports of a submission for its page, and what the public check may tell of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.fields.json import KeyTextTransform
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.models import Report, Submission

CODE = re.compile(r"TH(-[2-9A-HJKMNP-TV-Z]{4}){3}")
SHA256 = re.compile(r"[0-9a-f]{64}")
# The key stands in the row; what it means to a person stands here.
STEPS: Mapping[str, str | Promise] = {
    "loading": _("reading the submission"),
    "writing": _("writing the chapters"),
    "layout": _("laying out the pages"),
    "printing": _("writing the PDF"),
    "storing": _("storing the file"),
}


@dataclass(frozen=True)
class ReportLine:
    """One report in the list."""

    report: Report
    step: str | Promise
    before: int  # how many wait in front of it

    @property
    def is_moving(self) -> bool:
        """Whether it is worth asking again."""
        return self.report.status in (Report.Status.REQUESTED, Report.Status.RENDERING)

    @property
    def fingerprint(self) -> str:
        """The two ends of the SHA-256, in groups."""
        sha = self.report.sha256
        return f"{sha[:4]} {sha[4:8]} … {sha[-8:-4]} {sha[-4:]}" if sha else ""


def reports_of(submission: Submission) -> list[ReportLine]:
    """The submission's reports, newest first (two queries)."""
    reports = (
        Report.objects.filter(submission=submission)
        .select_related("requested_by")
        .defer("review")
        .order_by("-requested_at")
    )
    return [line_of(report) for report in reports]


def line_of(report: Report) -> ReportLine:
    """A report as the list shows it."""
    before = 0
    if report.status == Report.Status.REQUESTED:
        before = Report.objects.filter(
            status__in=[Report.Status.REQUESTED, Report.Status.RENDERING],
            requested_at__lt=report.requested_at,
        ).count()
    return ReportLine(report, STEPS.get(report.step, ""), before)


# --- the public check -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Issued:
    """What anybody may learn of an issued report; the firm's name is not among it."""

    code: str
    sha256: str
    kind: str
    lang: str
    pages: int | None
    number: int
    as_of: str
    edition: str
    submitted_at: datetime
    issued_at: datetime | None
    state: str  # of the review, as the report tells it
    is_latest: bool


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
        .select_related("submission")
        .defer("submission__content", "review")
        .annotate(
            state=KeyTextTransform("state", "review"),
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
        kind=report.get_kind_display(),
        lang=report.get_lang_display(),
        pages=report.pages,
        number=submission.number,
        as_of=row.as_of,
        edition=row.edition,
        submitted_at=submission.submitted_at,
        issued_at=report.finished_at,
        state=row.state,
        is_latest=not newer.exists(),
    )
