"""Reports: asked for, watched, downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    AnyAccept,
    Endpoint,
    idempotent,
    person_of,
    read,
    submission_of,
)
from compliance.api.fields import ChosenField, Strict
from compliance.api.openapi import file, operation, page_of
from compliance.downloads import report_file
from compliance.models import Membership, Report, Role
from compliance.selectors.reports import ReportLine, lines_of
from compliance.services.reports import cancel_report, request_report, retry_report

TAG = "reports"


class ReportForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    submission = serializers.UUIDField()
    kind = serializers.ChoiceField(Report.Kind.values)
    lang = serializers.ChoiceField(Report.Language.values)
    status = serializers.ChoiceField(Report.Status.values)
    progress = serializers.IntegerField(min_value=0, max_value=100, help_text="Percent.")
    step = serializers.CharField(help_text="Key of what is being done now.")
    step_text = serializers.CharField(help_text="The same in words.")
    before = serializers.IntegerField(min_value=0, help_text="How many wait in front of it.")
    attempts = serializers.IntegerField(min_value=0, help_text="Of three, then it is failed.")
    error = serializers.CharField()
    code = serializers.CharField(help_text="With it anybody can check that a PDF is this one.")
    sha256 = serializers.CharField(allow_null=True)
    pages = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    certificate = serializers.CharField(
        allow_null=True, help_text="SHA-256 of the certificate that the PDF is signed with."
    )
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    download = serializers.CharField(allow_null=True, help_text="Where the PDF is, once ready.")


def report_json(line: ReportLine) -> dict[str, Any]:
    """How far a report is."""
    report = line.report
    is_ready = report.status == Report.Status.READY
    return {
        "id": report.pk,
        "submission": report.submission_id,
        "kind": report.kind,
        "lang": report.lang,
        "status": report.status,
        "progress": report.progress,
        "step": report.step,
        "step_text": str(line.step),
        "before": line.before,
        "attempts": report.attempts,
        "error": report.error,
        "code": report.code,
        "sha256": report.sha256 or None,
        "pages": report.pages,
        "size": report.size,
        "certificate": report.certificate_id,
        "requested_at": report.requested_at,
        "finished_at": report.finished_at,
        "download": reverse("api_report_download", args=[report.pk]) if is_ready else None,
    }


def _report_of(request: Request, report_id: UUID) -> tuple[Report, Membership]:
    person = person_of(request)
    found: Report = get_object_or_404(Report.objects.visible_to(person), pk=report_id)
    return found, found.membership_of(person)


class ReportsView(Endpoint):
    class Input(Strict):
        kind = ChosenField(Report.Kind.values)
        lang = ChosenField(Report.Language.values)

    @operation("listReports", tag=TAG, gives={200: page_of(ReportForm)}, is_list=True)
    def get(self, request: Request, submission_id: UUID) -> Response:
        """The reports of a submission, the newest first."""
        submission, member = submission_of(request, submission_id)
        rows = Report.objects.filter(submission=submission).defer("review")

        def show(reports: Sequence[Report]) -> list[dict[str, Any]]:
            return [report_json(line) for line in lines_of(reports, Role(member.role))]

        return Response(page_of_rows(request, rows, newest_by="requested_at", show=show))

    @operation(
        "requestReport",
        tag=TAG,
        takes=Input,
        gives={202: ReportForm},
        is_idempotent=True,
        example={"kind": "full", "lang": "zh-hans"},
    )
    @idempotent
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Ask for the report of the submission as it stands now; asked twice, the same one."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "request_report")
        report = request_report(submission=submission, by=member, **read(self.Input, request))
        return _asked_for(report, member)


def _asked_for(report: Report, member: Membership) -> Response:
    place = reverse("api_report", args=[report.pk])
    return Response(_json(report, member), status=202, headers={"Location": place})


def _json(report: Report, member: Membership) -> dict[str, Any]:
    (line,) = lines_of([report], Role(member.role))
    return report_json(line)


class ReportView(Endpoint):
    @operation("getReport", tag=TAG, gives={200: ReportForm})
    def get(self, request: Request, report_id: UUID) -> Response:
        """How far one report is."""
        report, member = _report_of(request, report_id)
        return Response(_json(report, member))


class ReportRetryView(Endpoint):
    @operation("retryReport", tag=TAG, gives={202: ReportForm}, refuses=(409,))
    def post(self, request: Request, report_id: UUID) -> Response:
        """Put a report that failed or was cancelled back into the queue."""
        report, member = _report_of(request, report_id)
        return _asked_for(retry_report(report=report, by=member), member)


class ReportCancelView(Endpoint):
    @operation("cancelReport", tag=TAG, gives={200: ReportForm}, refuses=(409,))
    def post(self, request: Request, report_id: UUID) -> Response:
        """Take a report out of the queue, or stop its making; nothing of it is kept."""
        report, member = _report_of(request, report_id)
        return Response(_json(cancel_report(report=report, by=member), member))


class ReportDownloadView(Endpoint):
    content_negotiation_class = AnyAccept

    @operation("downloadReport", tag=TAG, gives={(200, "application/pdf"): file("The PDF.")})
    def get(self, request: Request, report_id: UUID) -> HttpResponseBase:
        """The PDF; 404 until the report is ready."""
        report, _member = _report_of(request, report_id)
        return report_file(report)


urlpatterns: list[URLPattern] = [
    path("submissions/<uuid:submission_id>/reports/", ReportsView.as_view(), name="api_reports"),
    path("reports/<uuid:report_id>/", ReportView.as_view(), name="api_report"),
    path("reports/<uuid:report_id>/retry/", ReportRetryView.as_view(), name="api_report_retry"),
    path("reports/<uuid:report_id>/cancel/", ReportCancelView.as_view(), name="api_report_cancel"),
    path(
        "reports/<uuid:report_id>/download/",
        ReportDownloadView.as_view(),
        name="api_report_download",
    ),
]
