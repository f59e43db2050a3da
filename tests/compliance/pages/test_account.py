"""Signing in and out, passwords, language and theme."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from compliance.models import Membership, User
from tests.factories import PASSWORD


@pytest.fixture(autouse=True)
def no_rate_limits(settings: Settings) -> None:
    """The cache that counts attempts outlives a test."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def test_a_person_signs_in_with_email_and_password(client: Client, ada: Membership) -> None:
    reply = client.post(
        reverse("account_login"), {"login": ada.user.email.upper(), "password": PASSWORD}
    )
    assert reply.status_code == 302
    assert reply.headers["Location"] == reverse("home")
    assert client.get(reverse("home")).status_code == 302


def test_a_wrong_password_says_so_and_keeps_the_address(client: Client, ada: Membership) -> None:
    reply = client.post(
        reverse("account_login"), {"login": ada.user.email, "password": "wrong horse"}
    )
    page = reply.content.decode()
    assert 'role="alert"' in page
    assert ada.user.email in page


def test_an_unknown_address_and_a_wrong_password_look_the_same(
    client: Client, ada: Membership
) -> None:
    def told(email: str) -> str:
        reply = client.post(reverse("account_login"), {"login": email, "password": "wrong horse"})
        found = re.search(r'id="sign-in-error">.*?</div>', reply.content.decode(), re.S)
        assert found
        return found.group()

    assert told(ada.user.email) == told("nobody@demo.example")


def test_sign_up_is_closed_unless_the_setting_opens_it(
    client: Client, db: None, settings: Settings
) -> None:
    data = {
        "email": "new@demo.example",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }
    closed = client.post(reverse("account_signup"), data)
    assert "Accounts are not opened here" in closed.content.decode()
    assert not User.objects.exists()
    settings.SIGN_UP_OPEN = True
    client.post(reverse("account_signup"), data)
    person = User.objects.get()
    assert (person.email, person.name) == ("new@demo.example", "new")


def test_a_forgotten_password_is_replaced_by_a_mailed_link(client: Client, ada: Membership) -> None:
    client.post(reverse("account_reset_password"), {"email": ada.user.email})
    found = re.search(r"https?://[^/]+(\S+)", str(mail.outbox[0].body))
    assert found
    form = client.get(found.group(1), follow=True)
    assert "Choose a new password" in form.content.decode()
    address = form.redirect_chain[-1][0]
    new = "another horse battery"
    client.post(address, {"password1": new, "password2": new})
    ada.user.refresh_from_db()
    assert ada.user.check_password(new)


def test_a_used_reset_link_says_what_to_do(client: Client, db: None) -> None:
    reply = client.get("/account/password/reset/key/1-gone/")
    assert "Ask for a new" in reply.content.decode()


def test_signing_out_ends_the_session(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    client.post(reverse("account_logout"))
    assert client.get(reverse("home")).headers["Location"].startswith(reverse("account_login"))


def test_the_language_switch_turns_the_page_to_chinese(client: Client, db: None) -> None:
    client.post(reverse("set_language"), {"language": "zh-hans", "next": "/scoring/"})
    page = client.get("/scoring/").content.decode()
    assert '<html lang="zh-Hans"' in page
    assert "现行义务、即将实施的要求" in page


def test_the_theme_is_kept_in_a_cookie_and_drawn_by_the_server(client: Client, db: None) -> None:
    reply = client.post(reverse("set_theme"), {"theme": "dark", "next": "/scoring/"})
    assert reply.headers["Location"] == "/scoring/"
    assert 'data-bs-theme="dark"' in client.get("/scoring/").content.decode()


def test_the_theme_form_leads_to_no_other_site(client: Client, db: None) -> None:
    reply = client.post(reverse("set_theme"), {"theme": "dark", "next": "https://evil.example/"})
    assert reply.headers["Location"] == "/"


def test_an_unknown_theme_is_not_kept(client: Client, db: None) -> None:
    reply = client.post(reverse("set_theme"), {"theme": '"><script>'})
    assert "theme" not in reply.cookies


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_reset_password",
        "account_reset_password_done",
        "account_signup",
        "account_inactive",
        "account_reset_password_from_key_done",
    ],
)
def test_every_public_account_page_has_the_products_frame(
    client: Client, db: None, name: str
) -> None:
    page = client.get(reverse(name)).content.decode()
    assert "tianheng/tianheng.css" in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("name", ["account_change_password", "account_reauthenticate"])
def test_every_private_account_page_has_the_products_frame(
    client: Client, ada: Membership, name: str
) -> None:
    client.force_login(ada.user)
    page = client.get(reverse(name)).content.decode()
    assert "tianheng/tianheng.css" in page
    assert page.count("<h1") == 1
