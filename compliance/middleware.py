"""Signed-in pages stay private, and a refusal is a page of its own, never a 500."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render, resolve_url
from django.utils import translation
from django.utils.cache import patch_vary_headers

from compliance.errors import ComplianceError

Answer = Callable[[HttpRequest], HttpResponse]


def private_pages(get_response: Answer) -> Answer:
    """No cache, the browser's included, keeps what a signed-in person saw."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # The cookie alone tells; asking for the user would cost a query on every page.
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response["Cache-Control"] = "private, no-store"
            patch_vary_headers(response, ["Cookie"])
        return response

    return middleware


class CompressedPages(GZipMiddleware):
    """Pages travel compressed; files, and the API's answers with their ETags, as they are."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "")
        if response.streaming or not kind.startswith("text/html"):
            return response
        return super().process_response(request, response)


def persons_language(get_response: Answer) -> Answer:
    """The page speaks the language that the signed-in person has chosen, on every machine."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # Without a session there is nobody to ask for, and asking would cost a query.
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            chosen = getattr(request.user, "language", "")
            if chosen:
                translation.activate(chosen)
                request.LANGUAGE_CODE = chosen
        return get_response(request)

    return middleware


def ended_sessions(get_response: Answer) -> Answer:
    """Whoever is signed out while typing comes back to the page where they typed.

    A script hears so, instead of getting the sign-in page as a part; a form leads there, and from
    there back to its page instead of to the address it was sent to.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        sign_in = resolve_url(settings.LOGIN_URL)
        is_sent_there = urlsplit(response.headers.get("Location", "")).path == sign_in
        if not is_sent_there or request.user.is_authenticated:
            return response
        if not getattr(request, "htmx", False):
            own = redirect_to_login(request.get_full_path())["Location"]
            if request.method == "POST" and response["Location"] == own:
                response["Location"] = redirect_to_login(page_before(request))["Location"]
            return response
        context = {"next": request.htmx.current_url_abs_path or "/"}  # type: ignore[attr-defined]
        told = render(request, "compliance/partials/signed_out.html", context, status=401)
        told["HX-Retarget"] = "#th-messages"
        told["HX-Reswap"] = "innerHTML"
        return told

    return middleware


class Refusals:
    """Answers a ComplianceError with its own status, title and sentence."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ComplianceError):
            return None
        context = {"refusal": exception, "back": page_before(request)}
        if getattr(request, "htmx", False):
            response = render(
                request,
                "compliance/partials/refusal.html",
                context,
                status=exception.status,
            )
            # The page stays as it is, with what the person typed; only the messages change.
            response["HX-Retarget"] = "#th-messages"
            response["HX-Reswap"] = "innerHTML"
            return response
        return render(
            request, "compliance/partials/refusal_page.html", context, status=exception.status
        )


refusals = Refusals


def page_before(request: HttpRequest) -> str:
    """The page of this site that the request came from; "/" where that is not known."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return "/"
    return came_from.path + (f"?{came_from.query}" if came_from.query else "")
