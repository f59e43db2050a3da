"""Files as they leave the site: to be saved, never to be shown inside it."""

from __future__ import annotations

import re

from django.http import FileResponse, Http404
from django.utils.translation import gettext as _

from compliance.models import Evidence, Report

UNKNOWN_TYPE = "application/octet-stream"


def evidence_file(evidence: Evidence) -> FileResponse:
    """The file as it was stored; 404 for a link, and for a file that is gone."""
    if not evidence.file:
        raise Http404(_("This is a link, not a file."))
    try:
        stored = evidence.file.open("rb")
    except OSError:
        raise Http404(_("The file is not in the storage any more. Tell the operator.")) from None
    response = FileResponse(
        stored,
        as_attachment=True,
        filename=evidence.filename or "evidence",
        content_type=evidence.media_type or UNKNOWN_TYPE,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def report_file(report: Report) -> FileResponse:
    """The PDF; 404 until it is ready."""
    if report.status != Report.Status.READY or not report.file:
        raise Http404
    try:
        stored = report.file.open("rb")
    except OSError as error:
        raise Http404 from error
    response = FileResponse(
        stored, as_attachment=True, filename=name_of_report(report), content_type="application/pdf"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def name_of_report(report: Report) -> str:
    """Firm, assessment, number, kind, language: a name that still says what it is in a folder."""
    submission = report.submission
    parts = [
        submission.assessment.firm.name,
        submission.assessment.title,
        f"no{submission.number}",
        report.kind,
        report.lang,
    ]
    # What a file system or a header could trip over becomes a hyphen; Chinese stays.
    words = [re.sub(r"\W+", "-", part).strip("-")[:60] for part in parts]
    return "_".join(word for word in words if word) + ".pdf"
