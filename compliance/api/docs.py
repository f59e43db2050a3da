"""The description of the API for programs, and a page to read it and try it out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
)
from drf_spectacular.views import SpectacularAPIView

from compliance.api.endpoint import Endpoint


class SchemaView(SpectacularAPIView, Endpoint):
    """OpenAPI 3.1: JSON, or YAML where that is asked for."""

    renderer_classes = (OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer)
    authentication_classes = ()
    permission_classes = ()
    schema = None


class DocsView(View):
    """Swagger UI over the description, from this site's own files."""

    http_method_names = ("get", "head")  # type: ignore[assignment]

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "compliance/api/docs.html")


def only_documented(endpoints: list[Any]) -> list[Any]:
    """The addresses that belong into the description: those under /api/v1/."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
