"""A program that calls the API: a token, JSON out, JSON in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from compliance.models import Scope, User
from compliance.services.tokens import issue_token

V1 = "/api/v1/"
PROBLEM = "application/problem+json"


@dataclass
class Api:
    """Calls as one person, or as a stranger without a token."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """One call; `body` goes out as JSON, bytes as they are, If_Match becomes If-Match."""
        options: dict[str, Any] = {
            "headers": {name.replace("_", "-"): value for name, value in headers.items()}
        }
        if self.token:
            options["headers"].setdefault("Authorization", f"Token {self.token}")
        if body is not None:
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
            options["content_type"] = options["headers"].pop("Content-Type", "application/json")
        url = path if path.startswith("/") else V1 + path
        reply: HttpResponse = self.client.generic(method, url, **options)  # type: ignore[assignment]
        return reply

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.call("PUT", path, body, **headers)

    def upload(self, path: str, fields: dict[str, Any], **headers: str) -> HttpResponse:
        """A form with files."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        reply: HttpResponse = self.client.post(  # type: ignore[assignment]
            V1 + path, fields, headers={"Authorization": f"Token {self.token}", **sent}
        )
        return reply

    def all_of(self, path: str) -> list[Any]:
        """Every row of a list, page after page."""
        rows: list[Any] = []
        url: str | None = path
        while url:
            page = json_of(self.get(url.removeprefix("http://testserver")))
            rows += page["results"]
            url = page["next"]
        return rows


def api_of(user: User, *scopes: str) -> Api:
    """Calls as this person, with a token of these scopes."""
    return Api(issue_token(user=user, name="test", scopes=scopes or Scope.values).secret)


def json_of(reply: HttpResponse, status: int = 200) -> Any:
    """The body, of a reply with this status."""
    assert reply.status_code == status, (reply.status_code, reply.content[:600])
    return json.loads(reply.content)


def problem_of(reply: HttpResponse, status: int, code: str) -> Any:
    """The body of a refusal, complete as RFC 9457 and the design have it."""
    body = json_of(reply, status)
    assert reply.headers["Content-Type"] == PROBLEM
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == f"urn:tianheng:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == reply.headers["X-Request-ID"]
    return body
