"""Submissions: the frozen content, the review over it, the digest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    Endpoint,
    etag_of,
    filter_of,
    id_filter_of,
    lang_of,
    person_of,
    submission_of,
)
from compliance.api.fields import ObjectField, ValueField
from compliance.api.openapi import operation, page_of
from compliance.api.shapes import (
    OUTCOMES,
    StandingForm,
    blocker_json,
    name_of,
    said,
    scores_json,
)
from compliance.models import Assessment, Determination, Finding, Submission
from compliance.models.review import DETERMINABLE
from compliance.selectors.figures import frozen_blocker_figures
from compliance.selectors.submission import SubmissionState, submission_states

TAG = "submissions"
STATUSES = frozenset(status.value for status in Assessment.Status)
DECISIONS = frozenset(decision.value for decision in Submission.Decision)


class AttestationForm(serializers.Serializer[Any]):
    name = serializers.CharField()
    position = serializers.CharField()
    statement = serializers.CharField()
    signed_at = serializers.DateTimeField()


class SubmissionForm(StandingForm):
    id = serializers.UUIDField()
    assessment = serializers.UUIDField()
    firm = serializers.UUIDField()
    firm_name = serializers.CharField()
    title = serializers.CharField()
    number = serializers.IntegerField()
    round = serializers.IntegerField(help_text="1: handed in for the first time.")
    status = serializers.ChoiceField(sorted(STATUSES | DECISIONS))
    as_of = serializers.DateField()
    digest = serializers.CharField(help_text="SHA-256 of the canonical JSON of `content`.")
    catalogue_edition = serializers.CharField()
    submitted_at = serializers.DateTimeField()
    submitted_by = serializers.CharField(allow_null=True)
    attestation = AttestationForm()
    decision = serializers.ChoiceField([*sorted(DECISIONS), ""])
    decision_statement = serializers.CharField()
    with_conditions = serializers.BooleanField(
        help_text="Accepted while findings were open: each has its corrective action."
    )
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)


class DeterminationForm(serializers.Serializer[Any]):
    requirement = serializers.CharField()
    outcome = serializers.ChoiceField(
        sorted(outcome.value for outcome in DETERMINABLE), allow_null=True
    )
    comment = serializers.CharField()
    opens_again = serializers.BooleanField()
    is_carried_over = serializers.BooleanField()
    version = serializers.IntegerField()
    etag = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)


class FindingForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    submission = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Within the assessment.")
    requirement = serializers.CharField()
    severity = serializers.ChoiceField(Finding.Severity.values)
    missing = serializers.CharField()
    due_on = serializers.DateField()
    raised_by = serializers.CharField(allow_null=True)
    raised_at = serializers.DateTimeField()


class EvaluationForm(serializers.Serializer[Any]):
    requirement = serializers.CharField()
    title = serializers.CharField()
    measure = serializers.IntegerField()
    track = serializers.CharField()
    severity = serializers.CharField()
    applicability = serializers.CharField()
    applicability_reason = serializers.CharField()
    answer = ValueField()
    outcome = serializers.ChoiceField(sorted(OUTCOMES))
    reason = serializers.CharField()
    confirmed_outcome = serializers.ChoiceField(sorted(OUTCOMES), allow_null=True)


def determination_json(determination: Determination) -> dict[str, Any]:
    """The officer's outcome for one requirement; version 0 where there is none yet."""
    return {
        "requirement": determination.requirement,
        "outcome": determination.outcome or None,
        "comment": determination.comment,
        "opens_again": determination.opens_again,
        "is_carried_over": determination.is_carried_over,
        "version": determination.version,
        "etag": etag_of(determination.version),
        "by": name_of(determination.by),
        "at": determination.at,
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A gap on record."""
    return {
        "id": finding.pk,
        "submission": finding.submission_id,
        "number": finding.number,
        "requirement": finding.requirement,
        "severity": finding.severity,
        "missing": finding.missing,
        "due_on": finding.due_on,
        "raised_by": name_of(finding.raised_by),
        "raised_at": finding.raised_at,
    }


def submission_json(state: SubmissionState, lang: str) -> dict[str, Any]:
    """What lists show of a submission, with its figures."""
    submission, scores = state.submission, state.scores
    content, assessment = submission.content, submission.assessment
    return {
        "id": submission.pk,
        "assessment": submission.assessment_id,
        "firm": assessment.firm_id,
        "firm_name": content["firm"]["name"],
        "title": content["assessment"]["title"],
        "number": submission.number,
        "round": submission.round,
        # An undecided submission is the latest one, and stands where its assessment stands.
        "status": submission.decision or assessment.status,
        "as_of": content["assessment"]["as_of"],
        "digest": submission.digest,
        "catalogue_edition": content["catalogue"]["edition"],
        "submitted_at": submission.submitted_at,
        "submitted_by": name_of(submission.submitted_by),
        "attestation": content["attestation"],
        "decision": submission.decision,
        "decision_statement": submission.decision_statement,
        "with_conditions": submission.with_conditions,
        "decided_at": submission.decided_at,
        "decided_by": name_of(submission.decided_by),
        "band": scores.band,
        "scores": scores_json(scores.claimed, scores.confirmed),
        "blockers": [blocker_json(each, lang) for each in frozen_blocker_figures(scores)],
        "evidence_coverage": content["evaluation"]["evidence_coverage"],
    }


class SubmissionsView(Endpoint):
    @operation(
        "listSubmissions",
        tag=TAG,
        gives={200: page_of(SubmissionForm)},
        is_list=True,
        filters=[
            OpenApiParameter("firm", {"type": "string", "format": "uuid"}),
            OpenApiParameter("assessment", {"type": "string", "format": "uuid"}),
            OpenApiParameter("decision", str, enum=[*sorted(DECISIONS), "none"]),
        ],
    )
    def get(self, request: Request) -> Response:
        """The submissions of your firms, the newest first."""
        lang = lang_of(request)
        rows = Submission.objects.visible_to(person_of(request)).select_related(
            "submitted_by", "decided_by"
        )
        if firm := id_filter_of(request, "firm"):
            rows = rows.filter(assessment__firm_id=firm)
        if assessment := id_filter_of(request, "assessment"):
            rows = rows.filter(assessment_id=assessment)
        if decision := filter_of(request, "decision", DECISIONS | {"none"}):
            rows = rows.filter(decision="" if decision == "none" else decision)

        def show(found: Sequence[Submission]) -> list[dict[str, Any]]:
            return [submission_json(state, lang) for state in submission_states(found)]

        return Response(page_of_rows(request, rows, newest_by="submitted_at", show=show))


class SubmissionView(Endpoint):
    class Output(SubmissionForm):
        content = ObjectField(help_text="All that was frozen, in both languages.")
        evaluations = EvaluationForm(many=True)
        determinations = DeterminationForm(many=True)
        findings = FindingForm(many=True)

    @operation("getSubmission", tag=TAG, gives={200: Output})
    def get(self, request: Request, submission_id: UUID) -> Response:
        """One submission: what was frozen, how it was judged, and the review as it stands."""
        submission, _member = submission_of(request, submission_id)
        return Response(whole_json(submission_states([submission])[0], lang_of(request)))


def whole_json(state: SubmissionState, lang: str) -> dict[str, Any]:
    """A submission with everything in it."""
    content = state.submission.content
    return {
        **submission_json(state, lang),
        "content": content,
        "evaluations": [
            {
                "requirement": row.requirement,
                "title": said(row.content["title"], lang),
                "measure": row.measure,
                "track": row.track,
                "severity": row.severity,
                "applicability": row.content["applicability"],
                "applicability_reason": said(row.content["applicability_reason"], lang),
                "answer": row.content["answer"],
                "outcome": row.claimed,
                "reason": said(row.content["reason"], lang),
                "confirmed_outcome": row.confirmed,
            }
            for row in state.scores.rows
        ],
        "determinations": [determination_json(each) for each in state.determinations.values()],
        "findings": [finding_json(each) for each in state.findings],
    }


urlpatterns: list[URLPattern] = [
    path("submissions/", SubmissionsView.as_view(), name="api_submissions"),
    path("submissions/<uuid:submission_id>/", SubmissionView.as_view(), name="api_submission"),
]
