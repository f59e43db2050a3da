"""Where a person lands, by the roles they have."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from compliance.models import Membership, Role
from tests import factories


def test_nobody_gets_in_without_a_sign_in(client: Client, db: None) -> None:
    reply = client.get(reverse("home"))
    assert reply.status_code == 302
    assert reply.headers["Location"].startswith(reverse("account_login"))


def test_a_person_without_a_firm_is_told_whom_to_ask(client: Client, db: None) -> None:
    client.force_login(factories.person("eve@demo.example"))
    page = client.get(reverse("home")).content.decode()
    assert "Ask a manager of your firm to invite eve@demo.example" in page
    assert reverse("firm_register") not in page


def test_where_sign_up_is_open_a_person_registers_a_firm(
    client: Client, db: None, settings: Settings
) -> None:
    settings.SIGN_UP_OPEN = True
    client.force_login(factories.person("eve@demo.example"))
    assert f'href="{reverse("firm_register")}"' in client.get(reverse("home")).content.decode()


def test_a_person_of_one_firm_goes_straight_there(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    assert client.get(reverse("home")).headers["Location"] == reverse(
        "firm_home", args=[ada.firm_id]
    )


def test_an_officer_goes_to_the_desk(client: Client, cleo: Membership) -> None:
    client.force_login(cleo.user)
    assert client.get(reverse("home")).headers["Location"] == reverse("desk")


def test_a_person_of_several_firms_chooses(client: Client, ada: Membership) -> None:
    other = factories.firm("Second Firm")
    Membership.objects.create(firm=other, user=ada.user, role=Role.OFFICER)
    client.force_login(ada.user)
    page = client.get(reverse("home")).content.decode()
    assert reverse("firm_home", args=[ada.firm_id]) in page
    assert reverse("firm_home", args=[other.pk]) in page
    assert reverse("desk") in page
