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

from compliance.api.endpoint import AnyAccept, Endpoint, filter_of, lang_of, submission_of
from compliance.api.openapi import file, operation
from compliance.api.submissions import SubmissionView, whole_json
from compliance.exports.submission import submission_csv
from compliance.selectors.submission import submission_states

FORMATS = frozenset({"json", "csv"})


class ExportView(Endpoint):
    content_negotiation_class = AnyAccept

    @operation(
        "exportSubmission",
        tag="submissions",
        gives={
            200: SubmissionView.Output,
            (200, "text/csv"): file("One line per requirement."),
        },
        filters=[OpenApiParameter("format", str, required=True, enum=sorted(FORMATS))],
    )
    def get(self, request: Request, submission_id: UUID) -> HttpResponseBase:
        """The submission with its review, as a file."""
        submission, _member = submission_of(request, submission_id)
        wanted = filter_of(request, "format", FORMATS)
        if not wanted:
            raise ParseError(_("Say which `format` you want."))
        state = submission_states([submission])[0]
        name = f'attachment; filename="submission-{submission.number}.{wanted}"'
        if wanted == "csv":
            text = submission_csv(state, lang_of(request))
            return HttpResponse(
                text,
                content_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": name, "X-Content-Type-Options": "nosniff"},
            )
        return Response(whole_json(state, lang_of(request)), headers={"Content-Disposition": name})


urlpatterns: list[URLPattern] = [
    path("submissions/<uuid:submission_id>/export/", ExportView.as_view(), name="api_export"),
]
