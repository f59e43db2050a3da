"""Everything that goes wrong, as `application/problem+json` (RFC 9457) with a stable code."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from compliance.api.fields import MaybeObjectField, ObjectField
from compliance.errors import (
    AssessmentNotReady,
    ComplianceError,
    SomebodySavedFirst,
    TooManyAttempts,
    WrongCredentials,
)

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
SIGN_IN_BY = 'Token realm="tianheng"'


@dataclass(frozen=True)
class Problem:
    """One refusal as it goes out."""

    status: int
    code: str
    title: str
    detail: str
    fields: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457)."""

    type = serializers.CharField(help_text="urn:tianheng:problem: and the code.")
    title = serializers.CharField(help_text="What kind of refusal this is, for people.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What is wrong and what to do, for people.")
    code = serializers.CharField(help_text="What kind of refusal this is, for programs; stable.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(),
        required=False,
        help_text="The sentence for each value that cannot be taken.",
    )
    request_id = serializers.CharField(help_text="The id to tell when you ask for help.")


class StaleSerializer(ProblemSerializer):
    """Somebody else saved first."""

    current = ObjectField(help_text="What is stored now, in the form in which it is read.")
    base = MaybeObjectField(required=False, help_text="What both started from, where it is known.")


class StaleState(ComplianceError):
    """412, with what is stored now, so that nothing has to be asked for again."""

    code = SomebodySavedFirst.code
    status = SomebodySavedFirst.status
    title = SomebodySavedFirst.title

    def __init__(self, *, current: Any, etag: str = "", base: Any = None) -> None:
        super().__init__(
            _(
                "Somebody else saved this since you read it. Look at `current`, decide what to "
                "keep, and send it again with the new ETag."
            )
        )
        self.current, self.etag, self.base = current, etag, base


def answer_problem(exc: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to any exception of a view; DRF's exception handler."""
    request = context.get("request")
    problem = problem_of(exc)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # Told to whoever watches, as Django does for a page.
        log.error("The API failed on %s", getattr(request, "path", "?"), exc_info=exc)
        got_request_exception.send(sender=answer_problem, request=request)
    body: dict[str, Any] = {
        "type": f"urn:tianheng:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": getattr(request, "request_id", ""),
    }
    if problem.fields:
        body["fields"] = dict(problem.fields)
    body |= problem.more
    return Response(
        body, status=problem.status, headers=dict(problem.headers), content_type=PROBLEM_JSON
    )


def problem_of(exc: Exception) -> Problem:
    """What kind of refusal an exception is."""
    if isinstance(exc, ComplianceError):
        return _of_ours(exc)
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    if isinstance(exc, Http404):
        return _not_found()
    if isinstance(exc, PermissionDenied):
        return _simple(403, "not_permitted", _("You may not do this."))
    if isinstance(exc, RequestDataTooBig):
        return _simple(413, "too_large", _("The body is too large. Send less at once."))
    if isinstance(exc, SuspiciousOperation | UnreadablePostError | MultiPartParserError):
        return _simple(400, "malformed", _("The request cannot be read. Send it again."))
    return _simple(500, "failed", _("This failed on our side. Tell us the id of the request."))


def _of_ours(exc: ComplianceError) -> Problem:
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(exc, StaleState):
        more = {"current": exc.current, "base": exc.base}
        if exc.etag:
            headers["ETag"] = exc.etag
    elif isinstance(exc, AssessmentNotReady):
        more = {"problems": [asdict(problem) for problem in exc.problems]}
    elif isinstance(exc, TooManyAttempts):
        headers["Retry-After"] = str(exc.wait_s)
    elif isinstance(exc, WrongCredentials):
        headers["WWW-Authenticate"] = SIGN_IN_BY
    fields = {name: str(sentence) for name, sentence in exc.fields.items()}
    return Problem(exc.status, exc.code, str(exc.title), str(exc.message), fields, more, headers)


_CODES = {
    400: "malformed",
    401: "not_signed_in",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
}


def _of_framework(exc: exceptions.APIException) -> Problem:
    if isinstance(exc, exceptions.NotFound):
        return _not_found()
    status = 422 if isinstance(exc, exceptions.ValidationError) else exc.status_code
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = getattr(exc, "auth_header", "") or SIGN_IN_BY
    wait = getattr(exc, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    code = _CODES.get(status, "refused")
    if isinstance(exc, exceptions.ValidationError):
        fields = dict(_flat("", exc.detail))
        detail = next(iter(fields.values()), _("Some values need a correction."))
        fields.pop("", None)
        return Problem(status, code, _title(status), detail, fields, {}, headers)
    detail = exc.detail if isinstance(exc.detail, str) else _title(status)
    return Problem(status, code, _title(status), str(detail), {}, {}, headers)


def _flat(name: str, detail: Any) -> Iterable[tuple[str, str]]:
    """The first sentence for each field, with the path to it: answers.3.value."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            at = "" if key == "non_field_errors" else str(key)
            yield from _flat(".".join(part for part in (name, at) if part), inner)
    elif isinstance(detail, list | tuple):
        sentences = [item for item in detail if isinstance(item, str)]
        if sentences:
            yield name, str(sentences[0])
        for number, item in enumerate(detail):
            if not isinstance(item, str) and item:
                yield from _flat(f"{name}.{number}" if name else str(number), item)
    else:
        yield name, str(detail)


def _not_found() -> Problem:
    return _simple(
        404,
        "not_found",
        _("There is nothing here for you. Check the address; each one ends with a slash."),
    )


def _simple(status: int, code: str, detail: str) -> Problem:
    return Problem(status, code, _title(status), detail)


def _title(status: int) -> str:
    titles = {
        400: _("The request cannot be read"),
        401: _("You are not signed in"),
        403: _("This is not allowed"),
        404: _("Not found"),
        405: _("This address does not take the method"),
        406: _("The API answers in JSON"),
        413: _("The request is too large"),
        415: _("The API does not read this kind of body"),
        422: _("Some values need a correction"),
        429: _("Too many requests"),
        500: _("Something failed on our side"),
    }
    return titles.get(status, HTTPStatus(status).phrase)
