"""The OpenAPI description: every call with its examples, its headers and its refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework import serializers

from compliance.api.authentication import SessionAuthentication, TokenAuthentication
from compliance.api.cursors import LARGEST_PAGE, PAGE_SIZE
from compliance.api.fields import Strict
from compliance.api.problems import PROBLEM_JSON, ProblemSerializer, StaleSerializer

Form = type[serializers.Serializer[Any]]
Call = TypeVar("Call", bound=Callable[..., Any])

_HEADER: Final = "header"
_QUERY: Final = "query"
LANG = OpenApiParameter(
    "lang", str, _QUERY, enum=["en", "zh-hans"], description="Overrides `Accept-Language`."
)
PAGING = [
    OpenApiParameter("cursor", str, _QUERY, description="From `next` or `previous`."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE},
        _QUERY,
        description="How many rows at most.",
    ),
]
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    _HEADER,
    description="The same key with the same body gets the same answer, for 24 hours.",
)
ETAG = OpenApiParameter(
    "ETag", str, _HEADER, response=[200, 412], description="The version, for `If-Match`."
)
REQUEST_ID = OpenApiParameter(
    "X-Request-ID", str, _HEADER, response=True, description="Yours, if you sent one."
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, _HEADER, response=[429], description="Seconds to wait."
)
REFUSALS = {
    400: ("malformed", "The request cannot be read", "The body is not JSON: line 1 column 2."),
    401: (
        "not_signed_in",
        "You are not signed in",
        "Authentication credentials were not provided.",
    ),
    403: ("not_permitted", "Your role does not allow this", "This needs: manager."),
    404: ("not_found", "Not found", "There is nothing here for you. Check the address."),
    406: ("not_acceptable", "The API answers in JSON", "Could not satisfy the Accept header."),
    409: ("wrong_status", "The status does not allow this", "“DO-3” is Submitted now."),
    410: ("invitation_gone", "This invitation holds no longer", "It was taken back meanwhile."),
    412: ("changed_meanwhile", "Somebody else saved first", "Look at `current`, and send again."),
    413: ("too_large", "The request is too large", "The body is too large. Send less at once."),
    415: ("unsupported_media_type", "The API does not read this", "Unsupported media type."),
    422: ("invalid", "Some values need a correction", "Write a title of 2 to 200 characters."),
    428: ("if_match_missing", "Say which state you change", "Send `If-Match` with the ETag."),
    429: ("too_many_attempts", "Too many attempts", "Try again in five minutes."),
    507: ("storage_full", "The file could not be stored", "Nothing was changed. Try again."),
}


def operation(
    name: str,
    *,
    tag: str,
    takes: Form | Mapping[str, Any] | None = None,
    gives: Mapping[Any, Any],
    filters: Sequence[OpenApiParameter] = (),
    is_list: bool = False,
    is_idempotent: bool = False,
    has_etag: bool = False,
    if_match: bool | None = None,  # whether it is needed; None: there is no such thing here
    refuses: Sequence[int] = (),
    is_public: bool = False,
    example: Any = None,
) -> Callable[[Call], Call]:
    """Describe one call; the method and its docstring say the rest."""
    parameters = [LANG, REQUEST_ID, *filters, *(PAGING if is_list else ())]
    if is_idempotent:
        parameters.append(IDEMPOTENCY)
    if has_etag or if_match is not None:
        parameters.append(ETAG)
    if if_match is not None:
        parameters.append(
            OpenApiParameter(
                "If-Match",
                {"type": "string", "minLength": 1},
                _HEADER,
                required=if_match,
                description="The ETag that was read; `*` saves over whatever is there."
                + ("" if if_match else " Left out, whatever is there is changed, too."),
            )
        )
    statuses = {400, 406, *refuses, *(() if is_public else (401, 403, 404))}
    if takes is not None:
        statuses |= {413, 415, 422}
    if if_match is not None:
        statuses |= {412, *((428,) if if_match else ())}
    if 429 in statuses:
        parameters.append(RETRY_AFTER)
    responses: dict[Any, Any] = dict(gives)
    for status in sorted(statuses):
        responses[(status, PROBLEM_JSON)] = _refusal(status)
    examples = []
    if example is not None:
        examples.append(OpenApiExample("Example", value=example, request_only=True))

    def describe(call: Call) -> Call:
        says = (call.__doc__ or "").strip()
        described: Call = extend_schema(
            operation_id=name,
            tags=[tag],
            summary=says.partition(";")[0].partition(":")[0].removesuffix("."),
            description=says,
            request=takes,
            responses=responses,
            parameters=parameters,
            examples=examples,
            auth=[] if is_public else None,
        )(call)
        return described

    return describe


def _refusal(status: int) -> OpenApiResponse:
    code, title, detail = REFUSALS[status]
    body: dict[str, Any] = {
        "type": f"urn:tianheng:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "6f1c5f52-7a55-4c36-9f5f-2f2f6f0f6d11",
    }
    if status == 422:
        body["fields"] = {"title": detail}
    if status == 412:
        body |= {"current": {"etag": '"4"'}, "base": None}
    return OpenApiResponse(
        StaleSerializer if status == 412 else ProblemSerializer,
        description=title,
        examples=[OpenApiExample(code, value=body, response_only=True, status_codes=[str(status)])],
    )


def file(description: str) -> OpenApiResponse:
    """An answer that is a file."""
    return OpenApiResponse({"type": "string", "format": "binary"}, description=description)


def free_object(description: str) -> OpenApiResponse:
    """An answer whose form is said elsewhere."""
    return OpenApiResponse(
        {"type": "object", "additionalProperties": True}, description=description
    )


_pages: dict[Form, Form] = {}


def page_of(form: Form) -> Form:
    """The form of a list of these: next, previous, results."""
    if form not in _pages:
        address = {"allow_null": True, "help_text": "The address of that page; null: none."}
        name = f"{_name_of(form)}Page"
        _pages[form] = type(
            name,
            (serializers.Serializer,),
            {
                "next": serializers.CharField(**address),  # type: ignore[arg-type]
                "previous": serializers.CharField(**address),  # type: ignore[arg-type]
                "results": form(many=True),
                "__qualname__": name,
            },
        )
    return _pages[form]


def _name_of(form: type) -> str:
    """AnswerView.Input → AnswerInput, AnswerForm → Answer."""
    name = form.__qualname__.replace("View.", "").replace(".", "")
    return name.removesuffix("Serializer").removesuffix("Form")


class Description(AutoSchema):
    """Names components by subject, and says that unknown fields are refused."""

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        return _name_of(type(serializer))

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, Strict):
            schema["additionalProperties"] = False
        return schema


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token ` and the token, such as `Token tht_…`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of a browser; a change needs `X-CSRFToken` too.",
        }
