"""The description of the API for programs, and a page to read it and try it out."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views import View
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.endpoint import Endpoint


class SchemaView(Endpoint):
    """OpenAPI 3.1: JSON, or YAML where that is asked for."""

    renderer_classes = (
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
    )
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        return Response(description())


@cache
def description() -> dict[str, Any]:
    """The description, put together once: it changes with the program alone."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    with translation.override("en"):
        schema: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


def description_as_text() -> str:
    """The description as it is kept in the tree."""
    text = json.dumps(description(), indent=1, ensure_ascii=False, sort_keys=True, default=str)
    return f"{text}\n"


def digest_of_description(text: str) -> str:
    """By which the change log names it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class DocsView(View):
    """Swagger UI over the description, from this site's own files."""

    http_method_names = ("get", "head")

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "compliance/api/docs.html")


def only_documented(endpoints: list[Any]) -> list[Any]:
    """The addresses that belong into the description: those under /api/v1/."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def tidied(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Each refusal once, and none of the marks that only the library's own hooks would use."""
    refusals = result["components"].setdefault("responses", {})
    for calls in result["paths"].values():
        for call in calls.values():
            for status, reply in call["responses"].items():
                if status >= "400":
                    refusals[f"Problem{status}"] = reply
                    call["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}
    parts: list[Any] = [result]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            part.pop("x-spec-enum-id", None)
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)
    return result
