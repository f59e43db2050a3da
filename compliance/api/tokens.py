"""Signing a program in, and the person's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import Endpoint, person_of, read
from compliance.api.fields import Strict, TextField
from compliance.api.openapi import operation, page_of
from compliance.errors import TooManyAttempts, WrongCredentials
from compliance.models import AccessToken, Scope, User
from compliance.services.tokens import DAYS, issue_token, revoke_token

TAG = "sign-in"
WAIT_S = 300  # the window in which the sign-in page counts, too


class TokenView(Endpoint):
    """The one place, beside the sign-in page, where a password is checked."""

    authentication_classes = ()
    permission_classes = ()

    class Input(Strict):
        email = TextField(max_length=254)
        password = TextField(max_length=1000)
        name = TextField(required=False, max_length=80, help_text="Shown in the list of tokens.")
        scopes = serializers.ListField(
            child=TextField(max_length=10),
            required=False,
            max_length=10,
            help_text="Of read, write, review; all of them when left out.",
        )
        days = serializers.IntegerField(
            required=False, help_text="How long it lasts: 7, 30, 90 (default) or 365 days."
        )

    class Output(serializers.Serializer[Any]):
        token = serializers.CharField(help_text="Shown once. Send `Authorization: Token …`.")
        id = serializers.UUIDField()
        name = serializers.CharField()
        scopes = serializers.ListField(child=serializers.ChoiceField(Scope.values))
        expires_at = serializers.DateTimeField(allow_null=True)

    @operation(
        "createToken",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        refuses=(401, 403, 429),
        is_public=True,
        example={"email": "manager@demo.example", "password": "demo-tianheng"},
    )
    def post(self, request: Request) -> Response:
        """Sign in with e-mail address and password; gives a token for the calls that follow."""
        given = read(self.Input, request)
        user = _signed_in(request, given["email"].strip(), given["password"])
        issued = issue_token(
            user=user,
            name=given.get("name") or "API",
            scopes=given.get("scopes", Scope.values),
            days=given.get("days", DAYS[2]),
        )
        return Response({"token": issued.secret, **_brief(issued.token)})


def _signed_in(request: Request, email: str, password: str) -> User:
    """The person with this password; wrong ones are counted together with the sign-in page's."""
    sender = request._request
    try:
        user = get_adapter(sender).authenticate(sender, email=email, password=password)
    except ValidationError:
        raise TooManyAttempts(
            _("There were too many attempts. Wait five minutes and try again."), wait_s=WAIT_S
        ) from None
    if not isinstance(user, User) or not user.is_active:
        raise WrongCredentials(_("Address and password do not fit together. Check both."))
    return user


def _brief(token: AccessToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "name": token.name,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
    }


class TokensView(Endpoint):
    class Output(serializers.Serializer[Any]):
        id = serializers.UUIDField()
        name = serializers.CharField()
        scopes = serializers.ListField(child=serializers.ChoiceField(Scope.values))
        starts_with = serializers.CharField()
        created_at = serializers.DateTimeField()
        expires_at = serializers.DateTimeField(allow_null=True)
        last_used_at = serializers.DateTimeField(allow_null=True)
        revoked_at = serializers.DateTimeField(allow_null=True)

    @operation("listTokens", tag=TAG, gives={200: page_of(Output)}, is_list=True)
    def get(self, request: Request) -> Response:
        """Your tokens, newest first; the tokens themselves are never shown again."""
        mine = AccessToken.objects.filter(user=person_of(request))
        return Response(page_of_rows(request, mine, newest_by="created_at", show=_list))


def _list(tokens: Sequence[AccessToken]) -> list[dict[str, Any]]:
    return [
        {
            **_brief(token),
            "starts_with": token.start,
            "created_at": token.created_at,
            "last_used_at": token.last_used_at,
            "revoked_at": token.revoked_at,
        }
        for token in tokens
    ]


class TokenRevokeView(Endpoint):
    @operation("revokeToken", tag=TAG, gives={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        """End one of your tokens now; the one you call with, too."""
        token = get_object_or_404(AccessToken.objects.filter(user=person_of(request)), pk=token_id)
        revoke_token(token=token)
        return Response(status=204)


urlpatterns: list[URLPattern] = [
    path("auth/token/", TokenView.as_view(), name="api_token"),
    path("auth/tokens/", TokensView.as_view(), name="api_tokens"),
    path("auth/tokens/<uuid:token_id>/", TokenRevokeView.as_view(), name="api_token_revoke"),
]
