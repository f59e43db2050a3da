"""Files as they leave the site: to be saved, never to be shown inside it."""

from __future__ import annotations

import re

from django.http import FileResponse, Http404, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from compliance.exports.bundle import evidence_bundle
from compliance.models import Evidence, Preview, Report, Submission
from compliance.selectors.submission import review_of

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


def preview_file(preview: Preview) -> FileResponse:
    """The PDF of a draft; 404 until it is ready, and once its day is over."""
    if preview.status != Report.Status.READY or not preview.file:
        raise Http404
    try:
        stored = preview.file.open("rb")
    except OSError as error:
        raise Http404 from error
    parts = (preview.assessment.firm.name, preview.assessment.title, _("DRAFT"))
    name = _joined(*parts, preview.kind, preview.lang) + ".pdf"
    response = FileResponse(
        stored, as_attachment=True, filename=name, content_type="application/pdf"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def bundle_file(submission: Submission, lang: str) -> StreamingHttpResponse:
    """Evidence and data of a submission as a ZIP, sent while it is written."""
    response = StreamingHttpResponse(
        evidence_bundle(submission, review_of(submission), lang), content_type="application/zip"
    )
    name = _name(submission, "evidence") + ".zip"
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def name_of_report(report: Report) -> str:
    """Firm, assessment, number, kind, language: a name that still says what it is in a folder."""
    return _name(report.submission, report.kind, report.lang) + ".pdf"


def _name(submission: Submission, *more: str) -> str:
    assessment = submission.assessment
    return _joined(assessment.firm.name, assessment.title, f"no{submission.number}", *more)


def _joined(*parts: str) -> str:
    # What a file system or a header could trip over becomes a hyphen; Chinese stays.
    words = [re.sub(r"\W+", "-", part).strip("-")[:60] for part in parts]
    return "_".join(word for word in words if word)
