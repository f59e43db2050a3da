"""Signed-in pages stay private, and a refusal is a page of its own, never a 500."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
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
