"""Inviting people by a link in a letter, and changing who is in the firm."""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from compliance import clock
from compliance.models import AuditEvent, Firm, Invitation, Membership, User
from tests import factories

NEW = "eve@new.example"


def send_to(client: Client, member: Membership, email: str = NEW, role: str = "contributor") -> str:
    """Invite the address; gives back the path of the link in the letter."""
    client.force_login(member.user)
    page = reverse("firm_people", args=[member.firm_id])
    reply = client.post(page, {"email": email, "role": role}, follow=True)
    assert reply.status_code == 200, reply.content.decode()
    return link_in(mail.outbox[-1].body)


def link_in(body: object) -> str:
    found = re.search(r"https?://[^/\s]+(/invitations/\S+)", str(body))
    assert found is not None
    return found[1]


def test_a_new_person_joins_by_the_link_once(client: Client, ada: Membership) -> None:
    link = send_to(client, ada, " EVE@New.example ")
    letter = mail.outbox[0]
    assert letter.to == [NEW]
    assert "Ada invites you to Demo Orbital Co." in letter.body
    assert "Ada邀请您" in letter.body  # no language is known yet: the letter speaks both
    html = letter.alternatives[0][0]  # type: ignore[attr-defined]
    assert html.count(link) == 2
    token = link.strip("/").rpartition("/")[2]
    assert not Invitation.objects.filter(token_hash__contains=token[:20]).exists()

    guest = Client()
    page = guest.get(link)
    assert "Join Demo Orbital Co." in page.content.decode()
    assert page["Cache-Control"].count("no-store")
    short = guest.post(link, {"name": "E", "password": "short"})
    assert short.status_code == 422
    assert 'value="E"' in short.content.decode()
    assert not User.objects.filter(email=NEW).exists()
    reply = guest.post(link, {"name": "Eve Sun", "password": "a long enough secret"})
    assert reply.headers["Location"] == reverse("firm_home", args=[ada.firm_id])
    assert guest.get(reply.headers["Location"]).status_code == 200
    eve = Membership.objects.get(user__email=NEW)
    assert (eve.role, eve.user.name) == ("contributor", "Eve Sun")
    assert eve.user.check_password("a long enough secret")

    again = Client().post(link, {"name": "Mallory", "password": "a long enough secret"})
    assert again.status_code == 410
    assert User.objects.filter(email=NEW).count() == 1
    actions = AuditEvent.objects.filter(firm=ada.firm).values_list("action", flat=True)
    assert list(actions) == ["invitation.sent", "member.joined"]


def test_somebody_with_an_account_joins_with_it_and_nobody_else_does(
    client: Client, ada: Membership, dov: Membership, ben: Membership
) -> None:
    User.objects.filter(pk=dov.user_id).update(language="zh-hans")
    link = send_to(client, ada, "dov@demo.example", "officer")
    assert "Ada邀请您" in str(mail.outbox[0].body)
    assert "invites you" not in str(mail.outbox[0].body)  # the receiver's own language
    guest = Client()
    page = guest.get(link).content.decode()
    assert f"{reverse('account_login')}?next={link}" in page
    assert guest.post(link, {"name": "Dov", "password": "a long enough secret"}).status_code == 422
    client.force_login(ben.user)
    assert "for another address" in client.get(link).content.decode()
    assert client.post(link).status_code == 422
    client.force_login(dov.user)
    assert client.post(link).status_code == 302
    assert Membership.objects.get(firm=ada.firm, user=dov.user).role == "officer"
    assert client.post(link).status_code == 410


def test_a_link_ends_when_it_is_sent_anew_taken_back_or_left_too_long(
    client: Client, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send_to(client, ada)
    page = reverse("firm_people", args=[ada.firm_id])
    change = reverse("invitation_change", args=[ada.firm_id, Invitation.objects.get().pk])
    assert NEW in client.get(page).content.decode()
    twice = client.post(page, {"email": NEW, "role": "viewer"})
    assert twice.status_code == 422
    assert "invited already" in twice.content.decode()
    client.post(change)
    second = link_in(mail.outbox[-1].body)
    guest = Client()
    assert guest.get(first).status_code == 410
    assert guest.get(second).status_code == 200
    now = clock.now()
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: now + timedelta(days=8))
        assert guest.get(second).status_code == 410
        assert guest.post(second, {"name": "Eve", "password": "a long enough secret"}).status_code
        client.post(change)  # an expired one may be sent again
    third = link_in(mail.outbox[-1].body)
    assert guest.get(third).status_code == 200
    client.post(change, {"revoke": "1"})
    assert guest.get(third).status_code == 410
    assert client.post(change).status_code == 410
    assert NEW not in client.get(page).content.decode()
    assert not User.objects.filter(email=NEW).exists()


def test_a_letter_that_cannot_be_sent_is_told_and_can_be_sent_again(
    client: Client, ada: Membership, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> int:
        raise smtplib.SMTPServerDisconnected("gone")

    client.force_login(ada.user)
    page = reverse("firm_people", args=[ada.firm_id])
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.message.EmailMessage.send", refuse)
        reply = client.post(page, {"email": NEW, "role": "viewer"}, follow=True)
    assert "did not take the letter" in reply.content.decode()
    settings.SITE_URL = "https://tianheng.example/"
    client.post(reverse("invitation_change", args=[ada.firm_id, Invitation.objects.get().pk]))
    assert "https://tianheng.example/invitations/" in str(mail.outbox[0].body)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"email": "not an address", "role": "viewer"}, "valid email"),
        ({"email": "ada@demo.example", "role": "viewer"}, "already has a role"),
        ({"email": "x@demo.example", "role": "emperor"}, "valid choice"),
    ],
)
def test_who_cannot_be_invited_is_said_why(
    client: Client, ada: Membership, data: dict[str, str], said: str
) -> None:
    client.force_login(ada.user)
    reply = client.post(reverse("firm_people", args=[ada.firm_id]), data)
    assert reply.status_code == 422
    assert said in reply.content.decode()
    assert mail.outbox == []


def test_a_role_is_changed_on_the_page_and_the_last_manager_stays(
    client: Client, firm: Firm, ada: Membership, ben: Membership
) -> None:
    client.force_login(ada.user)
    of_ben = reverse("firm_person", args=[firm.pk, ben.pk])
    reply = client.post(of_ben, {"role": "viewer"}, follow=True)
    assert "Ben is now viewer." in reply.content.decode()
    of_ada = reverse("firm_person", args=[firm.pk, ada.pk])
    kept = client.post(of_ada, {"remove": "1"})
    assert kept.status_code == 409
    assert "The firm needs a manager." in kept.content.decode()
    client.post(of_ben, {"remove": "1"})
    assert list(firm.memberships.all()) == [ada]
    client.force_login(ben.user)
    assert client.get(reverse("firm_home", args=[firm.pk])).status_code == 404


def test_only_a_manager_sees_who_is_invited(
    client: Client, ada: Membership, ben: Membership
) -> None:
    send_to(client, ada)
    client.force_login(ben.user)
    page = client.get(reverse("firm_people", args=[ben.firm_id])).content.decode()
    assert NEW not in page
    assert "Invite a person" not in page
    assert factories.PASSWORD not in page
