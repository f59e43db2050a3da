"""Working on many requirements at once: in colleagues' hands, or confirmed as carried over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import clock, permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import Endpoint, assessment_of, idempotent, lang_of, read
from compliance.api.fields import DayField, Strict, TextField, refuse
from compliance.api.openapi import operation, page_of
from compliance.api.shapes import name_of
from compliance.models import Assessment, Delegation, Membership
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.tasks import CARRIED_OVER, Handed, TaskFilters, chosen_requirements
from compliance.services.answers import confirm_carried_over
from compliance.services.delegations import delegate, withdraw_delegations

TAG = "teamwork"
MOST = 1_000


class DelegationForm(serializers.Serializer[Any]):
    requirement = serializers.CharField()
    to = serializers.CharField(help_text="The colleague's e-mail address.")
    name = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    is_late = serializers.BooleanField()
    note = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


def delegation_json(delegation: Delegation) -> dict[str, Any]:
    """In whose hands one requirement is."""
    due_on = delegation.due_on
    return {
        "requirement": delegation.requirement,
        "to": delegation.to.email,
        "name": str(delegation.to),
        "due_on": due_on,
        "is_late": due_on is not None and due_on < clock.today(),
        "note": delegation.note,
        "by": name_of(delegation.by),
        "at": delegation.at,
    }


class Chosen(Strict):
    """Which requirements are meant: these, or what the task list shows of a measure or a topic."""

    requirements = serializers.ListField(
        child=TextField(max_length=120), required=False, max_length=MOST
    )
    measure = serializers.IntegerField(required=False, help_text="All that may apply in it.")
    topic = TextField(required=False, max_length=60, help_text="All that may apply in it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("requirements", "measure", "topic")) != 1:
            refuse("requirements", _("Send either `requirements`, or a `measure`, or a `topic`."))
        return attrs


def chosen_of(
    assessment: Assessment, member: Membership, given: dict[str, Any], lang: str, **filters: Any
) -> list[str]:
    """The requirements that are meant, as the task list would show them."""
    if "requirements" in given:
        named: list[str] = given["requirements"]
        return named
    state = evaluation_of(assessment)
    if "measure" in given and given["measure"] not in state.catalogue.measures:
        refuse("measure", _("Choose a measure from the task list."))
    if "topic" in given and given["topic"] not in state.catalogue.topics:
        refuse("topic", _("There is no such topic. The catalogue lists them."))
    asked = TaskFilters(measure=given.get("measure"), topic=given.get("topic", ""), **filters)
    nobody = Handed({}, frozenset(), member.user_id, clock.today())
    return [each.id for each in chosen_requirements(state, asked, lang, nobody)]


def colleague_of(member: Membership, email: str) -> Membership:
    """Somebody of the same firm, by e-mail address."""
    team = Membership.objects.filter(firm=member.firm_id, user__is_active=True)
    found = team.filter(user__email__iexact=email.strip()).select_related("user", "firm").first()
    if found is None:
        refuse("to", _("Choose a manager or a contributor of the firm."))
    return found


class DelegationsView(Endpoint):
    class Input(Chosen):
        to = TextField(max_length=254, help_text="The colleague's e-mail address.")
        due_on = DayField(required=False, allow_null=True, default=None)
        note = TextField(required=False, default="", max_length=1_000)

    class Output(serializers.Serializer[Any]):
        changed = DelegationForm(many=True)

    @operation("listDelegations", tag=TAG, gives={200: page_of(DelegationForm)}, is_list=True)
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """Who has which requirement in hand, the newest first."""
        assessment, _member = assessment_of(request, assessment_id)
        rows = Delegation.objects.filter(assessment=assessment).select_related("to", "by")

        def show(found: Sequence[Delegation]) -> list[dict[str, Any]]:
            return [delegation_json(each) for each in found]

        return Response(page_of_rows(request, rows, newest_by="at", show=show))

    @operation(
        "delegate",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        is_idempotent=True,
        refuses=(409,),
        example={"measure": 7, "to": "contributor@demo.example", "due_on": "2026-12-18"},
    )
    @idempotent
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Put requirements into a colleague's hands; gives those that were not so before."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "delegate")
        given = read(self.Input, request)
        changed = delegate(
            assessment=assessment,
            requirement_ids=chosen_of(assessment, member, given, lang_of(request)),
            to=colleague_of(member, given["to"]),
            due_on=given["due_on"],
            note=given["note"],
            by=member,
        )
        return Response({"changed": [delegation_json(each) for each in changed]})


class WithdrawDelegationsView(Endpoint):
    class Input(Chosen):
        pass

    class Output(serializers.Serializer[Any]):
        withdrawn = serializers.IntegerField()

    @operation(
        "withdrawDelegations",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        refuses=(409,),
        example={"requirements": ["cnsa.m01.research_call_watch"]},
    )
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Take requirements out of anybody's hands; gives how many there were."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "delegate")
        names = chosen_of(assessment, member, read(self.Input, request), lang_of(request))
        count = withdraw_delegations(assessment=assessment, requirement_ids=names, by=member)
        return Response({"withdrawn": count})


class CarriedView(Endpoint):
    class Input(Chosen):
        pass

    class Output(serializers.Serializer[Any]):
        confirmed = serializers.ListField(child=serializers.CharField())

    @operation(
        "confirmCarriedOver",
        tag="answers",
        takes=Input,
        gives={200: Output},
        refuses=(409,),
        example={"measure": 7},
    )
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """State that answers and evidence of an earlier assessment still hold; gives which."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "answer")
        given = read(self.Input, request)
        names = chosen_of(assessment, member, given, lang_of(request), outcome=CARRIED_OVER)
        confirmed = confirm_carried_over(assessment=assessment, requirement_ids=names, by=member)
        return Response({"confirmed": confirmed})


_ASSESSMENT = "assessments/<uuid:assessment_id>/"
urlpatterns: list[URLPattern] = [
    path(f"{_ASSESSMENT}delegations/", DelegationsView.as_view(), name="api_delegations"),
    path(
        f"{_ASSESSMENT}delegations/withdraw/",
        WithdrawDelegationsView.as_view(),
        name="api_delegations_withdraw",
    ),
    path(f"{_ASSESSMENT}confirm/", CarriedView.as_view(), name="api_carried"),
]
