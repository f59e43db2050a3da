"""A submission taken away whole, in the form another program wants."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.endpoint import AnyAccept, Endpoint, filter_of, lang_of, submission_of
from compliance.api.openapi import file, free_object, operation
from compliance.api.submissions import whole_json
from compliance.downloads import bundle_file
from compliance.exports.assessment_results import submission_oscal
from compliance.exports.submission import submission_csv
from compliance.exports.submission_book import submission_xlsx
from compliance.selectors.submission import review_of, submission_states

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = frozenset({"json", "csv", "xlsx", "oscal"})


class ExportView(Endpoint):
    content_negotiation_class = AnyAccept

    @operation(
        "exportSubmission",
        tag="submissions",
        gives={
            200: free_object("The submission, or OSCAL assessment results."),
            (200, "text/csv"): file("One line per requirement."),
            (200, XLSX): file("A workbook with sheets for people to read."),
        },
        filters=[OpenApiParameter("format", str, required=True, enum=sorted(FORMATS))],
    )
    def get(self, request: Request, submission_id: UUID) -> HttpResponseBase:
        """The submission with its review, as a file."""
        submission, _member = submission_of(request, submission_id)
        wanted = filter_of(request, "format", FORMATS)
        state, lang = submission_states([submission])[0], lang_of(request)
        match wanted:
            case "json":
                reply: HttpResponseBase = Response(whole_json(state, lang))
            case "oscal":
                reply = Response(
                    submission_oscal(
                        submission.content, review_of(submission), submission.digest, lang
                    )
                )
            case "csv":
                reply = HttpResponse(submission_csv(state, lang), "text/csv; charset=utf-8")
            case "xlsx":
                reply = HttpResponse(submission_xlsx(state, lang), XLSX)
            case _:
                raise ParseError(_("Say which `format` you want."))
        ending = "oscal.json" if wanted == "oscal" else wanted
        name = f"submission-{submission.number}.{ending}"
        reply["Content-Disposition"] = f'attachment; filename="{name}"'
        reply["X-Content-Type-Options"] = "nosniff"
        return reply


class EvidenceBundleView(Endpoint):
    content_negotiation_class = AnyAccept

    @operation(
        "downloadEvidenceBundle",
        tag="submissions",
        gives={(200, "application/zip"): file("A ZIP, sent while it is written.")},
    )
    def get(self, request: Request, submission_id: UUID) -> HttpResponseBase:
        """Evidence, frozen content, review and latest report, with a manifest and SHA256SUMS."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "download_evidence")
        return bundle_file(submission, lang_of(request))


urlpatterns: list[URLPattern] = [
    path(
        "submissions/<uuid:submission_id>/evidence-bundle/",
        EvidenceBundleView.as_view(),
        name="api_evidence_bundle",
    ),
    path("submissions/<uuid:submission_id>/export/", ExportView.as_view(), name="api_export"),
]
