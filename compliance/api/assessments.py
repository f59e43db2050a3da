"""Assessments: starting one, where it stands, what stops it, handing it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checklists.engine.loader import DEFAULT_CATALOGUE
from compliance import permissions
from compliance.api.cursors import LARGEST_PAGE, page_of_items, page_of_rows
from compliance.api.endpoint import (
    Endpoint,
    assessment_of,
    base_version_of,
    etag_of,
    filter_of,
    id_filter_of,
    idempotent,
    lang_of,
    membership_of,
    person_of,
    read,
)
from compliance.api.fields import DayField, IdField, Strict, TextField, refuse
from compliance.api.openapi import operation, page_of
from compliance.api.problems import StaleState
from compliance.api.shapes import StandingForm, blocker_json, scores_json
from compliance.api.submissions import STATUSES, SubmissionForm, submission_json
from compliance.errors import SomebodySavedFirst
from compliance.models import Assessment
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.figures import AssessmentFigures, figures_of
from compliance.selectors.package import problems_of
from compliance.selectors.submission import submission_states
from compliance.services.assessments import (
    archive_assessment,
    rename_assessment,
    start_assessment,
    submit_assessment,
)

TAG = "assessments"


class AssessmentForm(StandingForm):
    id = serializers.UUIDField()
    firm = serializers.UUIDField()
    firm_name = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(sorted(STATUSES))
    as_of = serializers.DateField()
    catalogue = serializers.CharField()
    catalogue_edition = serializers.CharField()
    version = serializers.IntegerField(help_text="Grows with everything that happens to it.")
    etag = serializers.CharField()
    facts_version = serializers.IntegerField()
    submission = serializers.UUIDField(allow_null=True, help_text="The latest one.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ProblemLine(serializers.Serializer[Any]):
    code = serializers.CharField()
    sentence = serializers.CharField()
    group = serializers.CharField()
    requirement = serializers.CharField(allow_null=True)
    source_row = serializers.CharField(allow_null=True)
    fact = serializers.CharField(allow_null=True)
    fact_group = serializers.CharField(allow_null=True)


def assessment_json(figures: AssessmentFigures, lang: str) -> dict[str, Any]:
    """An assessment and where it stands."""
    assessment = figures.assessment
    return {
        "id": assessment.pk,
        "firm": assessment.firm_id,
        "firm_name": assessment.firm.name,
        "title": assessment.title,
        "status": assessment.status,
        "as_of": assessment.as_of,
        "catalogue": assessment.catalogue_id,
        "catalogue_edition": assessment.catalogue_edition,
        "version": figures.version,
        "etag": etag_of(figures.version),
        "facts_version": assessment.facts_version,
        "submission": figures.submission.pk if figures.submission else None,
        "created_at": assessment.created_at,
        "updated_at": assessment.updated_at,
        "band": figures.band,
        "scores": scores_json(figures.claimed, figures.confirmed),
        "blockers": [blocker_json(blocker, lang) for blocker in figures.blockers],
        "evidence_coverage": figures.evidence_coverage,
    }


class AssessmentsView(Endpoint):
    class Input(Strict):
        firm = IdField()
        title = TextField(max_length=400)
        as_of = DayField()
        roles = serializers.ListField(
            child=TextField(max_length=60),
            max_length=50,
            required=False,
            default=list,
            help_text="Needed where the framework asks what the firm does, as the plan does.",
        )
        copy_from = IdField(required=False, allow_null=True)
        catalogue_id = TextField(
            required=False,
            default=DEFAULT_CATALOGUE,
            max_length=60,
            help_text="The framework to be judged by; left out: the plan.",
        )

    @operation(
        "listAssessments",
        tag=TAG,
        gives={200: page_of(AssessmentForm)},
        is_list=True,
        filters=[
            OpenApiParameter("firm", {"type": "string", "format": "uuid"}),
            OpenApiParameter("status", str, enum=sorted(STATUSES)),
        ],
    )
    def get(self, request: Request) -> Response:
        """The assessments of your firms, the newest first."""
        lang = lang_of(request)
        rows = Assessment.objects.visible_to(person_of(request))
        if firm := id_filter_of(request, "firm"):
            rows = rows.filter(firm_id=firm)
        if status := filter_of(request, "status", STATUSES):
            rows = rows.filter(status=status)

        def show(found: Sequence[Assessment]) -> list[dict[str, Any]]:
            return [assessment_json(figures, lang) for figures in figures_of(found)]

        return Response(page_of_rows(request, rows, newest_by="created_at", show=show))

    @operation(
        "createAssessment",
        tag=TAG,
        takes=Input,
        gives={201: AssessmentForm},
        is_idempotent=True,
        example={
            "firm": "0c9a36c8-50c5-4d4b-9f0e-6a3c9c2f7c11",
            "title": "DO-3 launch campaign",
            "as_of": "2026-11-20",
            "roles": ["satellite_operator"],
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Start an assessment; with `copy_from`, facts, answers and evidence come along."""
        given = read(self.Input, request)
        member = membership_of(request, given.pop("firm"))
        earlier = None
        if copy_from := given.pop("copy_from", None):
            earlier = Assessment.objects.filter(pk=copy_from, firm=member.firm).first()
            if earlier is None:
                refuse("copy_from", _("Choose an assessment of this firm."))
        assessment = start_assessment(firm=member.firm, copy_from=earlier, by=member, **given)
        return Response(
            assessment_json(figures_of([assessment])[0], lang_of(request)),
            status=201,
            headers={"Location": reverse("api_assessment", args=[assessment.pk])},
        )


class AssessmentView(Endpoint):
    class Input(Strict):
        title = TextField(max_length=400)

    @operation("getAssessment", tag=TAG, gives={200: AssessmentForm}, has_etag=True)
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """One assessment: status, band, both scores, blockers; and its ETag."""
        assessment, _member = assessment_of(request, assessment_id)
        return _answer(request, assessment)

    @operation(
        "renameAssessment",
        tag=TAG,
        takes=Input,
        gives={200: AssessmentForm},
        if_match=True,
        refuses=(409,),
        example={"title": "DO-4 launch campaign"},
    )
    def patch(self, request: Request, assessment_id: UUID) -> Response:
        """Another title for what is not handed in; a submission keeps its own."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "rename")
        base = base_version_of(request, is_needed=True)
        title = read(self.Input, request)["title"]
        before = None
        try:
            if base is not None:
                before = assessment.title
                if base != figures_of([assessment])[0].version:
                    raise SomebodySavedFirst(theirs=before)
            rename_assessment(assessment=assessment, title=title, before=before, by=member)
        except SomebodySavedFirst:
            assessment.refresh_from_db(fields=["title"])
            now = assessment_json(figures_of([assessment])[0], lang_of(request))
            raise StaleState(current=now, etag=now["etag"]) from None
        return _answer(request, assessment)


def _answer(request: Request, assessment: Assessment) -> Response:
    body = assessment_json(figures_of([assessment])[0], lang_of(request))
    return Response(body, headers={"ETag": body["etag"]})


class ArchiveView(Endpoint):
    @operation("archiveAssessment", tag=TAG, gives={200: AssessmentForm}, refuses=(409,))
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Put a draft or an accepted assessment away; it stays readable."""
        assessment, member = assessment_of(request, assessment_id)
        archive_assessment(assessment=assessment, by=member)
        return Response(assessment_json(figures_of([assessment])[0], lang_of(request)))


class ProblemsView(Endpoint):
    @operation("listProblems", tag=TAG, gives={200: page_of(ProblemLine)}, is_list=True)
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """What stops the submission, each with the place where it is cured; empty: nothing."""
        assessment, _member = assessment_of(request, assessment_id)
        problems = problems_of(evaluation_of(assessment))

        def key(problem: Any) -> str:
            return problem.requirement or f"fact:{problem.fact}"

        return Response(
            page_of_items(
                request,
                problems,
                key=key,
                order={key(problem): place for place, problem in enumerate(problems)},
                show=asdict,
                default=LARGEST_PAGE,
            )
        )


class SubmitView(Endpoint):
    class Input(Strict):
        statement = TextField(required=False, default="")
        name = TextField(required=False, max_length=240, help_text="Left out: your name.")
        position = TextField(required=False, max_length=240, help_text="Left out: your role.")

    @operation(
        "submitAssessment",
        tag=TAG,
        takes=Input,
        gives={201: SubmissionForm},
        is_idempotent=True,
        refuses=(409,),
        example={"statement": "I have checked the answers. They are complete and true."},
    )
    @idempotent
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Attest and hand in: everything is frozen under a number and a digest."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "submit")
        given = read(self.Input, request)
        submission = submit_assessment(
            assessment=assessment,
            name=given.get("name") or str(member.user),
            position=given.get("position") or member.get_role_display(),
            statement=given["statement"],
            by=member,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )
        submission.assessment = assessment
        return Response(
            submission_json(submission_states([submission])[0], lang_of(request)),
            status=201,
            headers={"Location": reverse("api_submission", args=[submission.pk])},
        )


urlpatterns: list[URLPattern] = [
    path("assessments/", AssessmentsView.as_view(), name="api_assessments"),
    path("assessments/<uuid:assessment_id>/", AssessmentView.as_view(), name="api_assessment"),
    path("assessments/<uuid:assessment_id>/archive/", ArchiveView.as_view(), name="api_archive"),
    path("assessments/<uuid:assessment_id>/problems/", ProblemsView.as_view(), name="api_problems"),
    path("assessments/<uuid:assessment_id>/submit/", SubmitView.as_view(), name="api_submit"),
]
