"""The officer's side: determinations, findings, and the decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    Endpoint,
    base_version_of,
    idempotent,
    lang_of,
    read,
    submission_of,
)
from compliance.api.fields import ChosenField, DayField, FlagField, Strict, TextField
from compliance.api.openapi import operation, page_of
from compliance.api.problems import StaleState
from compliance.api.submissions import (
    DeterminationForm,
    FindingForm,
    SubmissionForm,
    determination_json,
    finding_json,
    submission_json,
)
from compliance.errors import SomebodySavedFirst
from compliance.models import Determination, Finding, Scope, Submission
from compliance.models.review import DETERMINABLE
from compliance.selectors.submission import submission_states
from compliance.services.review import (
    accept_assessment,
    confirm_remaining,
    raise_finding,
    record_determination,
    return_to_firm,
    withdraw_submission,
)

TAG = "review"


class DeterminationView(Endpoint):
    writes_with = Scope.REVIEW

    class Input(Strict):
        outcome = ChosenField(sorted(outcome.value for outcome in DETERMINABLE))
        comment = TextField(required=False, default="")
        opens_again = FlagField(required=False, default=False)

    @operation("getDetermination", tag=TAG, gives={200: DeterminationForm}, has_etag=True)
    def get(self, request: Request, submission_id: UUID, requirement_id: str) -> Response:
        """The officer's outcome and its ETag, also where there is none yet."""
        submission, _member = submission_of(request, submission_id)
        return _answer(_stored(submission, requirement_id))

    @operation(
        "recordDetermination",
        tag=TAG,
        takes=Input,
        gives={200: DeterminationForm},
        if_match=False,
        refuses=(409,),
        example={"outcome": "partly_met", "comment": "The plan names no owner."},
    )
    def put(self, request: Request, submission_id: UUID, requirement_id: str) -> Response:
        """Confirm, or set another outcome with a comment; `opens_again` marks it to be redone."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "determine")
        _stored(submission, requirement_id)
        given = read(self.Input, request)
        try:
            determination = record_determination(
                submission=submission,
                requirement_id=requirement_id,
                base_version=base_version_of(request, is_needed=False),
                by=member,
                **given,
            )
        except SomebodySavedFirst:
            now = determination_json(_stored(submission, requirement_id))
            raise StaleState(current=now, etag=now["etag"]) from None
        return _answer(determination)


def _stored(submission: Submission, requirement_id: str) -> Determination:
    """What the officer wrote on a requirement of the submission; version 0 where nothing."""
    if all(row["requirement"] != requirement_id for row in submission.content["requirements"]):
        raise Http404
    stored = submission.determinations.select_related("by").filter(requirement=requirement_id)
    return stored.first() or Determination(
        submission=submission, requirement=requirement_id, version=0
    )


def _answer(determination: Determination) -> Response:
    body = determination_json(determination)
    return Response(body, headers={"ETag": body["etag"]})


class ConfirmView(Endpoint):
    writes_with = Scope.REVIEW

    class Input(Strict):
        measure = serializers.IntegerField(required=False, allow_null=True, default=None)

    class Output(serializers.Serializer[Any]):
        confirmed = serializers.IntegerField()

    @operation(
        "confirmRemaining",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        refuses=(409,),
        example={"measure": 7},
    )
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Confirm at once what is claimed met and not determined yet, of one measure or of all."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "determine")
        measure = read(self.Input, request)["measure"]
        return Response(
            {"confirmed": confirm_remaining(submission=submission, by=member, measure=measure)}
        )


class FindingsView(Endpoint):
    writes_with = Scope.REVIEW

    class Input(Strict):
        requirement = TextField(max_length=120)
        severity = ChosenField(Finding.Severity.values)
        missing = TextField()
        due_on = DayField()

    @operation("listFindings", tag=TAG, gives={200: page_of(FindingForm)}, is_list=True)
    def get(self, request: Request, submission_id: UUID) -> Response:
        """The gaps on record, the newest first."""
        submission, _member = submission_of(request, submission_id)
        rows = Finding.objects.filter(submission=submission).select_related("raised_by")

        def show(findings: Sequence[Finding]) -> list[dict[str, Any]]:
            return [finding_json(finding) for finding in findings]

        return Response(page_of_rows(request, rows, newest_by="raised_at", show=show))

    @operation(
        "raiseFinding",
        tag=TAG,
        takes=Input,
        gives={201: FindingForm},
        is_idempotent=True,
        refuses=(409,),
        example={
            "requirement": "cnsa.m07.debris_mitigation_plan",
            "severity": "major",
            "missing": "The plan says nothing of passivation.",
            "due_on": "2027-02-01",
        },
    )
    @idempotent
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Put a gap on record, with the day by which it is to be closed."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "raise_finding")
        given = read(self.Input, request)
        finding = raise_finding(
            submission=submission, requirement_id=given.pop("requirement"), by=member, **given
        )
        return Response(finding_json(finding), status=201)


class ReturnView(Endpoint):
    writes_with = Scope.REVIEW

    class Input(Strict):
        comment = TextField()
        reopen_facts = FlagField(required=False, default=False)

    @operation(
        "returnSubmission",
        tag=TAG,
        takes=Input,
        gives={200: SubmissionForm},
        is_idempotent=True,
        refuses=(409,),
        example={"comment": "Please complete the debris mitigation plan.", "reopen_facts": False},
    )
    @idempotent
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Hand it back to the firm: only what is marked `opens_again` is open then."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "return")
        return_to_firm(submission=submission, by=member, **read(self.Input, request))
        return _decided(request, submission_id)


class AcceptView(Endpoint):
    writes_with = Scope.REVIEW

    class Input(Strict):
        statement = TextField(required=False, default="")

    @operation(
        "acceptSubmission",
        tag=TAG,
        takes=Input,
        gives={200: SubmissionForm},
        is_idempotent=True,
        refuses=(409,),
        example={"statement": "Reviewed in full."},
    )
    @idempotent
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Accept; what was not determined keeps counting nothing in the confirmed score.

        With findings still open it is accepted with conditions: each has its corrective action.
        """
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "accept")
        accept_assessment(submission=submission, by=member, **read(self.Input, request))
        return _decided(request, submission_id)


class WithdrawView(Endpoint):
    class Input(Strict):
        reason = TextField(required=False, default="")

    @operation(
        "withdrawSubmission",
        tag=TAG,
        takes=Input,
        gives={200: SubmissionForm},
        is_idempotent=True,
        refuses=(409,),
        example={"reason": "Handed in too early."},
    )
    @idempotent
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Take a submission back before an officer began; it stays readable."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "submit")
        withdraw_submission(submission=submission, by=member, **read(self.Input, request))
        return _decided(request, submission_id)


def _decided(request: Request, submission_id: UUID) -> Response:
    submission, _member = submission_of(request, submission_id)
    return Response(submission_json(submission_states([submission])[0], lang_of(request)))


urlpatterns: list[URLPattern] = [
    path(
        "submissions/<uuid:submission_id>/determinations/<str:requirement_id>/",
        DeterminationView.as_view(),
        name="api_determination",
    ),
    path("submissions/<uuid:submission_id>/confirm/", ConfirmView.as_view(), name="api_confirm"),
    path("submissions/<uuid:submission_id>/findings/", FindingsView.as_view(), name="api_findings"),
    path("submissions/<uuid:submission_id>/return/", ReturnView.as_view(), name="api_return"),
    path("submissions/<uuid:submission_id>/accept/", AcceptView.as_view(), name="api_accept"),
    path("submissions/<uuid:submission_id>/withdraw/", WithdrawView.as_view(), name="api_withdraw"),
]
