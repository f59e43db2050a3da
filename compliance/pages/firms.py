"""Being built."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path


def soon(request: HttpRequest, **_: Any) -> HttpResponse:
    return render(request, "compliance/home/choose.html")


urlpatterns: list[URLPattern] = [
    path("firms/new/", soon, name="firm_register"),
    path("firms/<uuid:firm_id>/", soon, name="firm_home"),
    path("firms/<uuid:firm_id>/assessments/new/", soon, name="assessment_start"),
    path("firms/<uuid:firm_id>/people/", soon, name="firm_people"),
]
