"""The keys that do something: a page of its own, and the dialog that “?” opens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe


@require_safe
def keyboard(request: HttpRequest) -> HttpResponse:
    """Every key, by the page on which it works."""
    name = "_keys" if request.htmx else "keyboard"  # type: ignore[attr-defined]
    return render(request, f"compliance/keyboard/{name}.html")


urlpatterns: list[URLPattern] = [path("keyboard/", keyboard, name="keyboard")]
