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
        token = request.auth
        if not isinstance(token, AccessToken):
            return True
        needed = Scope.READ.value
        if request.method not in permissions.SAFE_METHODS:
            needed = str(getattr(view, "writes_with", Scope.WRITE))
        if needed not in token.scopes:
            raise NotPermitted(
                _("This token may not %(scope)s. Make one with that scope on your account page.")
                % {"scope": Scope(needed).label}
            )
        return True
