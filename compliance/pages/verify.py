"""Being built."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path


def soon(request: HttpRequest, **_: Any) -> HttpResponse:
    return render(request, "compliance/home/choose.html")


urlpatterns: list[URLPattern] = [
    path("verify/", soon, name="verify"),
]
