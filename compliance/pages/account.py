"""Accounts: who may open one, and the theme and the language a person reads in."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as set_language_cookie

from compliance.models import User
from compliance.pages.context import THEME_COOKIE, THEMES
from compliance.services.people import keep_language

A_YEAR_S = 365 * 24 * 60 * 60


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's accounts, with sign-up only where the installation opens it."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "Address and password do not fit together. Check both, or choose a new password."
        ),
        "incorrect_password": _("This is not your password. Type it once more."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP_OPEN)

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """People have no user name; until they give one, the address shows who they are."""
        user.name = user.name or user.email.partition("@")[0][:120]

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        """Whoever has chosen no language yet keeps the one in which the browser asked."""
        if not user.language:
            keep_language(user, get_language() or settings.LANGUAGE_CODE)
        response: HttpResponse = super().post_login(request, user, **options)
        return response

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user = super().save_user(request, user, form, commit=False)
        user.email = user.email.lower()
        if commit:
            user.save()
        return user


def safe_next(request: HttpRequest, fallback: str = "home") -> str:
    """The `next` of the form if it stays on this site, else the fallback page."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse(fallback)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back to the page."""
    response = HttpResponseRedirect(safe_next(request))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        # Readable by the script, which switches without loading the page again.
        response.set_cookie(
            THEME_COOKIE, theme, max_age=A_YEAR_S, samesite="Lax", secure=request.is_secure()
        )
    return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Read in this language from now on; whoever is signed in keeps it on every machine."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and check_for_language(language):
        keep_language(request.user, language)
    return set_language_cookie(request)


urlpatterns: list[URLPattern] = [
    path("theme/", set_theme, name="set_theme"),
    path("i18n/setlang/", set_language, name="set_language"),
]
