"""The public check: what a report's code stands for, and whether a PDF is that report."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.endpoint import Endpoint
from compliance.api.openapi import operation
from compliance.limits import count_attempt
from compliance.models import Report
from compliance.selectors.reports import SHA256, Issued, issued_by_code, issued_by_sha256

PER_MINUTE = 60


class IssuedForm(serializers.Serializer[Any]):
    code = serializers.CharField()
    sha256 = serializers.CharField()
    kind = serializers.ChoiceField(Report.Kind.values)
    lang = serializers.ChoiceField(Report.Language.values)
    pages = serializers.IntegerField(allow_null=True)
    number = serializers.IntegerField(help_text="Of the submission.")
    as_of = serializers.DateField()
    edition = serializers.CharField()
    submitted_at = serializers.DateTimeField()
    issued_at = serializers.DateTimeField(allow_null=True)
    state = serializers.CharField(help_text="Of the review, as the report tells it.")
    is_latest = serializers.BooleanField()
    firm = serializers.CharField(help_text="Empty where the firm does not want to be named.")


SHOWN = tuple(IssuedForm().get_fields())


def issued_json(issued: Issued | None) -> dict[str, Any] | None:
    """What anybody may learn of an issued report; null for one that was never issued."""
    if issued is None:
        return None
    return {name: getattr(issued, name) for name in SHOWN}


class VerifyView(Endpoint):
    authentication_classes = ()
    permission_classes = ()

    class Output(serializers.Serializer[Any]):
        issued = IssuedForm(allow_null=True, help_text="What the code, or the file, stands for.")
        is_genuine = serializers.BooleanField(
            allow_null=True, help_text="Whether the file is that one; null: no file was named."
        )

    @operation(
        "verifyReport",
        tag="reports",
        gives={200: Output},
        filters=[
            OpenApiParameter("code", str, description="Printed in the report: TH-XXXX-XXXX-XXXX."),
            OpenApiParameter(
                "sha256",
                {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                description="Of the PDF that you hold.",
            ),
        ],
        refuses=(403, 429),  # 403: the server cannot tell who asks, to count the attempts
        is_public=True,
    )
    def get(self, request: Request) -> Response:
        """Whether a PDF is the one that was issued, by its code, its SHA-256, or both."""
        code = request.query_params.get("code", "")[:60]
        sha256 = request.query_params.get("sha256", "")
        if sha256 and not SHA256.fullmatch(sha256):
            raise ParseError(_("`sha256` is 64 digits and letters from a to f."))
        if not code and not sha256:
            raise ParseError(_("Send a `code`, a `sha256`, or both."))
        count_attempt(request._request, "verify", per_minute=PER_MINUTE)
        found = issued_by_code(code) if code else issued_by_sha256(sha256)
        is_genuine = (found is not None and found.sha256 == sha256) if sha256 else None
        return Response({"issued": issued_json(found), "is_genuine": is_genuine})


urlpatterns: list[URLPattern] = [
    path("verify/", VerifyView.as_view(), name="api_verify"),
]
