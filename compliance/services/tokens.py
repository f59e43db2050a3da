"""Access tokens: made and shown once, known again by their hash, taken back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import audit, clock
from compliance.errors import InvalidInput
from compliance.models import AccessToken, Membership, Scope, User
from compliance.services.texts import one_line

PREFIX = "tht_"  # so that a scan for leaked secrets finds them
SHOWN_LETTERS = 10
LONGEST_NAME = 80
DAYS = (7, 30, 90, 365)
NOTED_EVERY = timedelta(minutes=10)  # a read does not cost a write each time


@dataclass(frozen=True)
class IssuedToken:
    """A new token. The secret is here and nowhere else."""

    token: AccessToken
    secret: str


def issue_token(
    *, user: User, name: str, scopes: Iterable[str], days: int | None = 90
) -> IssuedToken:
    """A token for a program that acts for this person; `days=None` does not end by itself."""
    name = one_line(name)
    wanted = list(scopes)
    chosen = [scope.value for scope in Scope if scope.value in wanted]
    faults: dict[str, str] = {}
    if not 1 <= len(name) <= LONGEST_NAME:
        faults["name"] = _("Give it a name of at most 80 characters, such as the program’s.")
    if not chosen or not set(wanted) <= set(Scope.values):
        faults["scopes"] = _("Choose what it may do: read, write, review.")
    if days is not None and days not in DAYS:
        faults["days"] = _("Choose 7, 30, 90 or 365 days.")
    if faults:
        raise InvalidInput(faults)
    secret = PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    with transaction.atomic():
        token = AccessToken.objects.create(
            user=user,
            name=name,
            scopes=chosen,
            digest=digest_of_secret(secret),
            start=secret[:SHOWN_LETTERS],
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        _tell_the_firms(token, "token.issued")
    return IssuedToken(token, secret)


def revoke_token(*, token: AccessToken) -> None:
    """End a token now; one that ended before stays as it is."""
    now = clock.now()
    with transaction.atomic():
        if AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            token.revoked_at = now
            _tell_the_firms(token, "token.revoked")


def live_token(secret: str) -> AccessToken | None:
    """The token with this secret and its person, if it still opens the door (one query)."""
    token = AccessToken.objects.select_related("user").filter(digest=digest_of_secret(secret))
    found = token.first()
    if found is None or not found.user.is_active or not found.is_live(clock.now()):
        return None
    return found


def note_use(token: AccessToken) -> None:
    """Remember when the token was last used, to within a few minutes."""
    now = clock.now()
    if token.last_used_at is None or token.last_used_at < now - NOTED_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)


def digest_of_secret(secret: str) -> str:
    """What is stored in place of the secret: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _tell_the_firms(token: AccessToken, action: str) -> None:
    """A program can act in each firm of the person, so each firm's trail says so."""
    details = {"name": token.name, "scopes": token.scopes}
    for member in Membership.objects.filter(user=token.user).select_related("firm", "user"):
        audit.record(member, action, token, after=details)
