"""The caller's firms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import F
from django.urls import URLPattern, path, reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import Endpoint, idempotent, membership_of, person_of, read
from compliance.api.fields import FlagField, Strict, TextField
from compliance.api.openapi import operation, page_of
from compliance.models import Firm, Role
from compliance.services.firms import name_in_checks, register_firm

TAG = "firms"


class FirmForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Role.values, help_text="What you are in it.")
    created_at = serializers.DateTimeField()
    is_named_in_checks = serializers.BooleanField(
        help_text="Whether the public check of a report names the firm."
    )


def _firm(firm: Firm, role: str) -> dict[str, Any]:
    return {
        "id": firm.pk,
        "name": firm.name,
        "role": role,
        "created_at": firm.created_at,
        "is_named_in_checks": firm.is_named_in_checks,
    }


class FirmsView(Endpoint):
    class Input(Strict):
        name = TextField(max_length=400)

    @operation("listFirms", tag=TAG, gives={200: page_of(FirmForm)}, is_list=True)
    def get(self, request: Request) -> Response:
        """The firms in which you have a role, the newest first."""
        user = person_of(request)
        firms = Firm.objects.filter(memberships__user=user).annotate(role=F("memberships__role"))

        def show(rows: Sequence[Any]) -> list[dict[str, Any]]:
            return [_firm(firm, firm.role) for firm in rows]

        return Response(page_of_rows(request, firms, newest_by="created_at", show=show))

    @operation(
        "createFirm",
        tag=TAG,
        takes=Input,
        gives={201: FirmForm},
        is_idempotent=True,
        example={"name": "Demo Orbital Co."},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Register a firm; you become its manager. For the operator, or where sign-up is open."""
        firm = register_firm(name=read(self.Input, request)["name"], by=person_of(request))
        return Response(
            _firm(firm, Role.MANAGER),
            201,
            headers={"Location": reverse("api_firm", args=[firm.pk])},
        )


class FirmView(Endpoint):
    @operation("getFirm", tag=TAG, gives={200: FirmForm})
    def get(self, request: Request, firm_id: UUID) -> Response:
        """One of your firms."""
        member = membership_of(request, firm_id)
        return Response(_firm(member.firm, member.role))


class FirmNamingView(Endpoint):
    class Input(Strict):
        is_named_in_checks = FlagField()

    @operation(
        "nameFirmInChecks",
        tag=TAG,
        takes=Input,
        gives={200: FirmForm},
        example={"is_named_in_checks": True},
    )
    def put(self, request: Request, firm_id: UUID) -> Response:
        """Let the public check of a report name the firm, or not; for a manager."""
        member = membership_of(request, firm_id)
        permissions.require(member, "name_in_checks")
        name_in_checks(
            firm=member.firm, is_named=read(self.Input, request)["is_named_in_checks"], by=member
        )
        return Response(_firm(member.firm, member.role))


urlpatterns: list[URLPattern] = [
    path("firms/", FirmsView.as_view(), name="api_firms"),
    path("firms/<uuid:firm_id>/", FirmView.as_view(), name="api_firm"),
    path("firms/<uuid:firm_id>/naming/", FirmNamingView.as_view(), name="api_firm_naming"),
]
