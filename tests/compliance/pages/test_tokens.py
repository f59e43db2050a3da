"""The page of access tokens."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertNumQueries

from compliance import clock
from compliance.models import AccessToken, AuditEvent, Membership
from compliance.services.tokens import issue_token


def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    client: Client, ada: Membership
) -> None:
    client.force_login(ada.user)
    page = reverse("tokens")
    made = client.post(page, {"name": "Document <b>", "scopes": ["read", "write"], "days": "30"})
    text = made.content.decode()
    (secret,) = re.findall(r"tht_[\w-]{43}", text)
    assert "Document &lt;b&gt;" in text
    assert made.headers["Cache-Control"] == "private, no-store"
    token = AccessToken.objects.get()
    assert (token.scopes, token.user) == (["read", "write"], ada.user)
    assert secret not in str(AccessToken.objects.values())
    with assertNumQueries(4):  # session, person, tokens, the person's firms
        assert secret not in client.get(page).content.decode()
    api = {"headers": {"Authorization": f"Token {secret}"}}
    assert Client().get("/api/v1/firms/", **api).status_code == 200  # type: ignore[arg-type]
    client.post(reverse("token_revoke", args=[token.pk]))
    assert Client().get("/api/v1/firms/", **api).status_code == 401  # type: ignore[arg-type]
    assert "revoked" in client.get(page).content.decode()
    trail = AuditEvent.objects.filter(firm=ada.firm, action__startswith="token.")
    assert [event.action for event in trail] == ["token.issued", "token.revoked"]
    assert secret not in str(trail.values())


def test_what_cannot_be_made_keeps_what_was_typed(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    for wrong in ({}, {"scopes": ["admin"]}, {"scopes": ["read"], "days": "31"}):
        reply = client.post(reverse("tokens"), {"name": "Kept name", "days": "30", **wrong})
        assert reply.status_code == 422
        assert "Kept name" in reply.content.decode()
    assert not AccessToken.objects.exists()


def test_a_token_without_an_end_and_one_that_ended(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    client.post(reverse("tokens"), {"name": "Old", "scopes": ["read"], "days": "0"})
    assert AccessToken.objects.get().expires_at is None
    issued = issue_token(user=ada.user, name="Short", scopes=["read"], days=7)
    AccessToken.objects.filter(pk=issued.token.pk).update(
        expires_at=clock.now() - timedelta(seconds=1)
    )
    text = client.get(reverse("tokens")).content.decode()
    assert "no end of its own" in text
    assert text.count(reverse("token_revoke", args=[issued.token.pk])) == 0
