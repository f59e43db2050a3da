"""Corrective actions: the firm's plan for a finding, and the officer's word on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import clock, permissions
from compliance.api.authentication import require_scope
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    Endpoint,
    assessment_of,
    base_version_of,
    etag_of,
    filter_of,
    id_filter_of,
    idempotent,
    lang_of,
    person_of,
    read,
)
from compliance.api.fields import ChosenField, DayField, IdField, Strict, TextField, refuse
from compliance.api.openapi import operation, page_of
from compliance.api.problems import StaleState
from compliance.api.shapes import name_of, said
from compliance.errors import SomebodySavedFirst
from compliance.models import CorrectiveAction, Membership, Scope, User
from compliance.services.corrective_actions import (
    Step,
    add_action,
    extend,
    finish,
    reopen,
    start,
    update_action,
    verify,
)

TAG = "corrective actions"
Status = CorrectiveAction.Status
STATUSES = frozenset(status.value for status in Status)
OFFICERS = frozenset({Status.VERIFIED.value, Status.REOPENED.value})
PLAN = ("title", "plan", "owner", "due_on", "cost", "currency", "milestones")


class StepForm(serializers.Serializer[Any]):
    title = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    done_on = serializers.DateField(allow_null=True)


class ActionForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    firm = serializers.UUIDField()
    assessment = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="F-07 of a finding, A-02 of the firm's own."
    )
    finding = serializers.UUIDField(allow_null=True, help_text="Null: the firm's own action.")
    finding_number = serializers.IntegerField(allow_null=True)
    missing = serializers.CharField(help_text="What the officer found missing.")
    requirement = serializers.CharField()
    requirement_title = serializers.CharField()
    suggested = serializers.CharField()
    severity = serializers.ChoiceField(CorrectiveAction.Severity.values)
    status = serializers.ChoiceField(sorted(STATUSES))
    title = serializers.CharField()
    plan = serializers.CharField()
    owner = serializers.CharField(allow_null=True, help_text="The owner's e-mail address.")
    due_on = serializers.DateField()
    deadline_on = serializers.DateField(help_text="The earlier of the firm's and the officer's.")
    is_overdue = serializers.BooleanField()
    cost = serializers.CharField(allow_null=True)
    currency = serializers.ChoiceField(CorrectiveAction.Currency.values)
    milestones = StepForm(many=True)
    evidence = serializers.ListField(child=serializers.UUIDField())
    closing_note = serializers.CharField()
    officer_comment = serializers.CharField()
    times_reopened = serializers.IntegerField()
    done_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    verified_by = serializers.CharField(allow_null=True)
    version = serializers.IntegerField()
    etag = serializers.CharField()


def action_json(action: CorrectiveAction, lang: str) -> dict[str, Any]:
    """One line of the plan."""
    return {
        "id": action.pk,
        "firm": action.firm_id,
        "assessment": action.assessment_id,
        "label": action.label,
        "finding": action.finding_id,
        "finding_number": action.finding.number if action.finding else None,
        "missing": action.missing,
        "requirement": action.requirement,
        "requirement_title": said(action.requirement_title, lang),
        "suggested": said(action.suggested, lang),
        "severity": action.severity,
        "status": action.status,
        "title": action.title,
        "plan": action.plan,
        "owner": action.owner.email if action.owner else None,
        "due_on": action.due_on,
        "deadline_on": action.deadline_on,
        "is_overdue": action.is_overdue(clock.today()),
        "cost": None if action.cost is None else str(action.cost),
        "currency": action.currency,
        "milestones": [
            {"title": step.title, "due_on": step.due_on, "done_on": step.done_on}
            for step in action.milestones.all()
        ],
        "evidence": [piece.evidence_id for piece in action.closing_evidence.all()],
        "closing_note": action.closing_note,
        "officer_comment": action.officer_comment,
        "times_reopened": action.times_reopened,
        "done_at": action.done_at,
        "verified_at": action.verified_at,
        "verified_by": name_of(action.verified_by),
        "version": action.version,
        "etag": etag_of(action.version),
    }


class StepInput(Strict):
    title = TextField(max_length=400)
    due_on = DayField(required=False, allow_null=True, default=None)
    done_on = DayField(required=False, allow_null=True, default=None)


class NewAction(Strict):
    assessment = IdField()
    requirement = TextField(max_length=120)
    title = TextField(max_length=400)
    due_on = DayField()
    plan = TextField(required=False, default="")
    owner = TextField(
        required=False,
        allow_null=True,
        default=None,
        max_length=254,
        help_text="An e-mail address.",
    )
    cost = TextField(required=False, allow_null=True, default=None, max_length=30)
    currency = ChosenField(
        CorrectiveAction.Currency.values, required=False, default=CorrectiveAction.Currency.CNY
    )
    milestones = StepInput(many=True, required=False, default=list)


class ActionsView(Endpoint):
    @operation(
        "listCorrectiveActions",
        tag=TAG,
        gives={200: page_of(ActionForm)},
        is_list=True,
        filters=[
            OpenApiParameter("firm", {"type": "string", "format": "uuid"}),
            OpenApiParameter("assessment", {"type": "string", "format": "uuid"}),
            OpenApiParameter("status", str, enum=sorted(STATUSES)),
        ],
    )
    def get(self, request: Request) -> Response:
        """The corrective actions of your firms, the newest first."""
        lang = lang_of(request)
        rows = _visible(person_of(request))
        if firm := id_filter_of(request, "firm"):
            rows = rows.filter(firm_id=firm)
        if assessment := id_filter_of(request, "assessment"):
            rows = rows.filter(assessment_id=assessment)
        if status := filter_of(request, "status", STATUSES):
            rows = rows.filter(status=status)

        def show(actions: Sequence[CorrectiveAction]) -> list[dict[str, Any]]:
            return [action_json(action, lang) for action in actions]

        return Response(page_of_rows(request, rows, newest_by="created_at", show=show))

    @operation(
        "addCorrectiveAction",
        tag=TAG,
        takes=NewAction,
        gives={201: ActionForm},
        is_idempotent=True,
        refuses=(409,),
        example={
            "assessment": "0c9a36c8-50c5-4d4b-9f0e-6a3c9c2f7c11",
            "requirement": "cnsa.m07.debris_mitigation_plan",
            "title": "Write down the passivation steps",
            "due_on": "2027-02-01",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Take on an action of the firm's own: for a gap it saw before any officer did."""
        given = read(NewAction, request)
        assessment, member = assessment_of(request, given.pop("assessment"))
        permissions.require(member, "add_action")
        steps = [Step(**step) for step in given.pop("milestones")]
        owner = _owner(given.pop("owner"))
        action = add_action(
            assessment=assessment,
            requirement_id=given.pop("requirement"),
            owner=owner,
            milestones=steps,
            by=member,
            **given,
        )
        place = reverse("api_action", args=[action.pk])
        reply = _answer(action_of(request, action.pk)[0], lang_of(request))
        reply.status_code, reply["Location"] = 201, place
        return reply


def _visible(user: User) -> Any:
    visible = CorrectiveAction.objects.visible_to(user)
    return visible.select_related("verified_by").prefetch_related("milestones", "closing_evidence")


class ActionView(Endpoint):
    writes_with = None  # the firm's words need the scope write, the officer's review

    class Input(Strict):
        title = TextField(required=False, max_length=400)
        plan = TextField(required=False)
        owner = TextField(
            required=False, allow_null=True, max_length=254, help_text="An e-mail address."
        )
        due_on = DayField(required=False, help_text="From the officer: the finding's deadline.")
        cost = TextField(required=False, allow_null=True, max_length=30)
        currency = ChosenField(CorrectiveAction.Currency.values, required=False)
        status = ChosenField(sorted(STATUSES - {Status.OPEN.value}), required=False)
        milestones = StepInput(many=True, required=False, help_text="Replaces the whole list.")
        comment = TextField(
            required=False, default="", help_text="Beside `status`: what was done or is missing."
        )

    @operation("getCorrectiveAction", tag=TAG, gives={200: ActionForm}, has_etag=True)
    def get(self, request: Request, action_id: UUID) -> Response:
        """One corrective action."""
        return _answer(action_of(request, action_id)[0], lang_of(request))

    @operation(
        "updateCorrectiveAction",
        tag=TAG,
        takes=Input,
        gives={200: ActionForm},
        if_match=False,
        refuses=(409,),
        example={"status": "done", "comment": "The plan is rewritten and signed."},
    )
    def patch(self, request: Request, action_id: UUID) -> Response:
        """Change what is named. The firm plans, starts and finishes; the officer verifies."""
        action, member = action_of(request, action_id)
        is_officer = permissions.may(member, "verify_action")
        require_scope(request, Scope.REVIEW if is_officer else Scope.WRITE)
        permissions.require(member, "verify_action" if is_officer else "update_action")
        given = read(self.Input, request)
        base = base_version_of(request, is_needed=False)
        try:
            if base is not None and base != action.version:
                raise SomebodySavedFirst(theirs=action)
            with transaction.atomic():
                _do(action, given, base, member)
        except SomebodySavedFirst:
            now = action_json(action_of(request, action_id)[0], lang_of(request))
            raise StaleState(current=now, etag=now["etag"]) from None
        return _answer(action_of(request, action_id)[0], lang_of(request))


def _do(
    action: CorrectiveAction, given: dict[str, Any], base: int | None, member: Membership
) -> None:
    status, comment = given.get("status"), given["comment"]
    plan = {name: given[name] for name in PLAN if name in given}
    due_on = None
    if permissions.may(member, "extend_action"):
        due_on = plan.pop("due_on", None)
    if "owner" in plan:
        plan["owner"] = _owner(plan["owner"])
    if "milestones" in plan:
        plan["milestones"] = [Step(**step) for step in plan["milestones"]]
    if plan:
        action = update_action(action=action, by=member, base_version=base, **plan)
    match status:
        case Status.IN_PROGRESS:
            start(action=action, by=member)
        case Status.DONE:
            finish(action=action, note=comment, by=member)
        case Status.VERIFIED:
            verify(action=action, comment=comment, by=member)
        case Status.REOPENED:
            reopen(action=action, comment=comment, due_on=due_on, by=member)
            due_on = None
    if due_on is not None:
        extend(action=action, due_on=due_on, by=member)


def _owner(email: str | None) -> User | None:
    if not email:
        return None
    owner = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if owner is None:
        refuse("owner", _("Choose a contributor or a manager of the firm."))
    return owner


def action_of(request: Request, action_id: UUID) -> tuple[CorrectiveAction, Membership]:
    """The action and the person's role in its firm, where there is one."""
    user = person_of(request)
    action: CorrectiveAction = get_object_or_404(_visible(user), pk=action_id)
    return action, action.membership_of(user)


def _answer(action: CorrectiveAction, lang: str) -> Response:
    body = action_json(action, lang)
    return Response(body, headers={"ETag": body["etag"]})


urlpatterns: list[URLPattern] = [
    path("corrective-actions/", ActionsView.as_view(), name="api_actions"),
    path("corrective-actions/<uuid:action_id>/", ActionView.as_view(), name="api_action"),
]
