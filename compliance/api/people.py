"""The people of a firm: who does what in it, and who is invited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import Endpoint, idempotent, membership_of, person_of, read
from compliance.api.fields import ChosenField, Strict, TextField
from compliance.api.openapi import operation, page_of
from compliance.api.shapes import name_of
from compliance.models import Invitation, Membership, Role, User
from compliance.services.firms import change_role, remove_member
from compliance.services.invitations import (
    holds,
    invite,
    links_on,
    open_invitations,
    resend,
    revoke,
)
from compliance.services.people import keep_language

TAG = "people"


# --- yourself -------------------------------------------------------------------------------------


class MeForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField(help_text="Of pages and letters; empty: not chosen.")


class MeView(Endpoint):
    class Input(Strict):
        language = ChosenField([code for code, _name in settings.LANGUAGES])

    @operation("getMe", tag=TAG, gives={200: MeForm})
    def get(self, request: Request) -> Response:
        """Whose token this is."""
        return Response(_me(person_of(request)))

    @operation(
        "updateMe", tag=TAG, takes=Input, gives={200: MeForm}, example={"language": "zh-hans"}
    )
    def patch(self, request: Request) -> Response:
        """Choose the language in which pages and letters speak to you."""
        user = person_of(request)
        keep_language(user, read(self.Input, request)["language"])
        return Response(_me(user))


def _me(user: User) -> dict[str, Any]:
    return {"id": user.pk, "email": user.email, "name": user.name, "language": user.language}


# --- members --------------------------------------------------------------------------------------


class MemberForm(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Role.values)
    joined_at = serializers.DateTimeField()


def member_json(member: Membership) -> dict[str, Any]:
    """Somebody's role in a firm."""
    return {
        "id": member.pk,
        "email": member.user.email,
        "name": member.user.name,
        "role": member.role,
        "joined_at": member.joined_at,
    }


class MembersView(Endpoint):
    @operation("listMembers", tag=TAG, gives={200: page_of(MemberForm)}, is_list=True)
    def get(self, request: Request, firm_id: UUID) -> Response:
        """The people of a firm, the newest first."""
        membership_of(request, firm_id)
        members = Membership.objects.filter(firm_id=firm_id).select_related("user")

        def show(found: Sequence[Membership]) -> list[dict[str, Any]]:
            return [member_json(member) for member in found]

        return Response(page_of_rows(request, members, newest_by="joined_at", show=show))


class MemberView(Endpoint):
    class Input(Strict):
        role = ChosenField(Role.values)

    @operation("getMember", tag=TAG, gives={200: MemberForm})
    def get(self, request: Request, firm_id: UUID, member_id: int) -> Response:
        """One person of the firm."""
        membership_of(request, firm_id)
        return Response(member_json(_member_of(firm_id, member_id)))

    @operation(
        "changeRole",
        tag=TAG,
        takes=Input,
        gives={200: MemberForm},
        refuses=(409,),
        example={"role": "contributor"},
    )
    def patch(self, request: Request, firm_id: UUID, member_id: int) -> Response:
        """Give somebody another role; the last manager stays one."""
        by = membership_of(request, firm_id)
        permissions.require(by, "invite")
        member = _member_of(firm_id, member_id)
        change_role(member=member, role=read(self.Input, request)["role"], by=by)
        return Response(member_json(member))

    @operation("removeMember", tag=TAG, gives={204: None}, refuses=(409,))
    def delete(self, request: Request, firm_id: UUID, member_id: int) -> Response:
        """Take a person out of the firm; what they did stays."""
        by = membership_of(request, firm_id)
        permissions.require(by, "invite")
        remove_member(member=_member_of(firm_id, member_id), by=by)
        return Response(status=204)


def _member_of(firm_id: UUID, member_id: int) -> Membership:
    members = Membership.objects.select_related("firm", "user")
    return get_object_or_404(members, pk=member_id, firm=firm_id)


# --- invitations ----------------------------------------------------------------------------------


class InvitationForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    role = serializers.ChoiceField(Role.values)
    invited_by = serializers.CharField(allow_null=True)
    invited_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    holds = serializers.BooleanField(help_text="Whether its link still lets somebody in.")


class SentInvitation(InvitationForm):
    was_sent = serializers.BooleanField(
        help_text="false: the mail server did not take the letter; send it again later."
    )


def invitation_json(invitation: Invitation) -> dict[str, Any]:
    """An invitation; the link itself is in the letter alone."""
    return {
        "id": invitation.pk,
        "email": invitation.email,
        "role": invitation.role,
        "invited_by": name_of(invitation.invited_by),
        "invited_at": invitation.invited_at,
        "expires_at": invitation.expires_at,
        "holds": holds(invitation),
    }


class InvitationsView(Endpoint):
    class Input(Strict):
        email = TextField(max_length=300)
        role = ChosenField(Role.values)

    @operation("listInvitations", tag=TAG, gives={200: page_of(InvitationForm)}, is_list=True)
    def get(self, request: Request, firm_id: UUID) -> Response:
        """The open invitations of a firm, the newest first; for its managers."""
        by = membership_of(request, firm_id)
        permissions.require(by, "invite")
        rows = open_invitations(by.firm).select_related("invited_by")

        def show(found: Sequence[Invitation]) -> list[dict[str, Any]]:
            return [invitation_json(invitation) for invitation in found]

        return Response(page_of_rows(request, rows, newest_by="invited_at", show=show))

    @operation(
        "invite",
        tag=TAG,
        takes=Input,
        gives={201: SentInvitation},
        is_idempotent=True,
        example={"email": "ada@firm.example", "role": "contributor"},
    )
    @idempotent
    def post(self, request: Request, firm_id: UUID) -> Response:
        """Send a link that lets one person into the firm, once, within seven days."""
        by = membership_of(request, firm_id)
        permissions.require(by, "invite")
        given = read(self.Input, request)
        link_to = links_on(request.build_absolute_uri)
        sent = invite(firm=by.firm, by=by, link_to=link_to, **given)
        body = {**invitation_json(sent.invitation), "was_sent": sent.was_sent}
        return Response(body, status=201)


class InvitationView(Endpoint):
    @operation("revokeInvitation", tag=TAG, gives={204: None}, refuses=(410,))
    def delete(self, request: Request, firm_id: UUID, invitation_id: UUID) -> Response:
        """Take an invitation back: its link holds no longer."""
        by = membership_of(request, firm_id)
        permissions.require(by, "invite")
        revoke(invitation=_invitation_of(firm_id, invitation_id), by=by)
        return Response(status=204)


class InvitationSendView(Endpoint):
    @operation("resendInvitation", tag=TAG, gives={200: SentInvitation}, refuses=(410,))
    def post(self, request: Request, firm_id: UUID, invitation_id: UUID) -> Response:
        """Send a new link for it; the one sent before holds no longer."""
        by = membership_of(request, firm_id)
        permissions.require(by, "invite")
        link_to = links_on(request.build_absolute_uri)
        sent = resend(invitation=_invitation_of(firm_id, invitation_id), link_to=link_to, by=by)
        return Response({**invitation_json(sent.invitation), "was_sent": sent.was_sent})


def _invitation_of(firm_id: UUID, invitation_id: UUID) -> Invitation:
    invitations = Invitation.objects.select_related("firm", "invited_by")
    return get_object_or_404(invitations, pk=invitation_id, firm=firm_id)


_FIRM = "firms/<uuid:firm_id>/"
urlpatterns: list[URLPattern] = [
    path("me/", MeView.as_view(), name="api_me"),
    path(f"{_FIRM}members/", MembersView.as_view(), name="api_members"),
    path(f"{_FIRM}members/<int:member_id>/", MemberView.as_view(), name="api_member"),
    path(f"{_FIRM}invitations/", InvitationsView.as_view(), name="api_invitations"),
    path(
        f"{_FIRM}invitations/<uuid:invitation_id>/",
        InvitationView.as_view(),
        name="api_invitation",
    ),
    path(
        f"{_FIRM}invitations/<uuid:invitation_id>/send/",
        InvitationSendView.as_view(),
        name="api_invitation_send",
    ),
]
