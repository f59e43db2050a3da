"""Who calls: a program with a token, or a browser with its session."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request
from rest_framework.views import APIView

from compliance.api.problems import SIGN_IN_BY
from compliance.errors import NotPermitted
from compliance.models import AccessToken, Scope, User
from compliance.services.tokens import live_token, note_use

WORD = "token"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Token …`, with a token of the account page or of `auth/token/`."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != WORD:
            return None
        token = live_token(secret.strip())
        if token is None:
            raise exceptions.AuthenticationFailed(
                _("This token does not open anything: it is wrong, revoked or past its day.")
            )
        note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return SIGN_IN_BY


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; every change needs the CSRF token beside it."""


class ScopeAllows(permissions.BasePermission):
    """Whether the token may do this; the person's role is the service's question."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method in permissions.SAFE_METHODS:
            require_scope(request, Scope.READ)
        elif scope := getattr(view, "writes_with", Scope.WRITE):
            require_scope(request, scope)
        return True


def require_scope(request: Request, scope: Scope) -> None:
    """Refuse a token without this scope; a browser's session has them all."""
    token = request.auth
    if isinstance(token, AccessToken) and scope.value not in token.scopes:
        raise NotPermitted(
            _("This token may not %(scope)s. Make one with that scope on your account page.")
            % {"scope": scope.label}
        )
