"""What all calls of the API share: who calls, in which language, how often, from which state."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework import negotiation, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils import encoders
from rest_framework.views import APIView

from compliance.api.authentication import (
    ScopeAllows,
    SessionAuthentication,
    TokenAuthentication,
)
from compliance.api.openapi import Description
from compliance.api.parsing import StrictJSONParser
from compliance.api.problems import answer_problem
from compliance.errors import StateUnknown
from compliance.models import (
    Assessment,
    CorrectiveAction,
    Evidence,
    Membership,
    Question,
    Scope,
    Submission,
    User,
)
from compliance.services.idempotency import keep_reply, take_key

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,80}")
_ETAG = re.compile(r'(?:W/)?"([^"]*)"|([0-9]+)')
NEVER = -1  # a version nobody has: an If-Match that fits nothing


class Endpoint(APIView):
    """One address of the API."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (
        TokenAuthentication,
        SessionAuthentication,
    )
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated, ScopeAllows)
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    renderer_classes: Sequence[type[BaseRenderer]] = (JSONRenderer,)
    # No OPTIONS: the description is at /api/schema/.
    http_method_names: Sequence[str] = ("get", "post", "put", "patch", "delete", "head")
    schema: Any = Description()
    writes_with: ClassVar[Scope | None] = Scope.WRITE  # None: the call asks itself

    def get_exception_handler(self) -> Callable[..., Response]:
        return answer_problem

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        begun = super().initialize_request(request, *args, **kwargs)
        given = request.headers.get("X-Request-ID", "")
        kept = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        begun.request_id = kept  # type: ignore[attr-defined]
        lang = request.GET.get("lang")
        if lang in dict(settings.LANGUAGES):
            translation.activate(lang)
            request.LANGUAGE_CODE = lang
        return begun

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        lang = request.query_params.get("lang")
        if lang is not None and lang not in dict(settings.LANGUAGES):
            raise ParseError(_("`lang` is en or zh-hans."))

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        finished: HttpResponseBase = super().finalize_response(
            request,
            response,  # type: ignore[arg-type]
            *args,
            **kwargs,
        )
        finished["Cache-Control"] = "private, no-store"
        finished["X-Request-ID"] = getattr(request, "request_id", "")
        patch_vary_headers(finished, ["Authorization", "Cookie", "Accept-Language"])
        return finished


class AnyAccept(negotiation.DefaultContentNegotiation):
    """For files: whatever the client would rather have, there is one form of a file."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        first = renderers[0]
        return first, first.media_type


class NothingHere(Endpoint):
    """Every address under the API that is none."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404


# --- who, what, where -----------------------------------------------------------------------------


def person_of(request: Request) -> User:
    """The person behind the call; the permission has made sure there is one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def lang_of(request: Request) -> str:
    """ "en" or "zh-hans", by ?lang= or Accept-Language."""
    return "zh-hans" if (get_language() or "en").startswith("zh") else "en"


def membership_of(request: Request, firm_id: UUID) -> Membership:
    """The caller's role in the firm; a firm without one does not exist for the caller."""
    member = (
        Membership.objects.filter(firm_id=firm_id, user=person_of(request))
        .select_related("firm", "user")
        .first()
    )
    if member is None:
        raise Http404
    return member


def assessment_of(request: Request, assessment_id: UUID) -> tuple[Assessment, Membership]:
    """The assessment and the person's role in it, where there is one."""
    user = person_of(request)
    found = get_object_or_404(Assessment.objects.visible_to(user), pk=assessment_id)
    return found, found.membership_of(user)


def submission_of(request: Request, submission_id: UUID) -> tuple[Submission, Membership]:
    """The submission and the person's role in its firm, where there is one."""
    user = person_of(request)
    found = get_object_or_404(
        Submission.objects.visible_to(user).select_related("decided_by", "submitted_by"),
        pk=submission_id,
    )
    return found, found.membership_of(user)


def read(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body as the form takes it, or a refusal that names every field at once."""
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    values: dict[str, Any] = checked.validated_data
    return values


def filter_of(request: Request, name: str, known: Collection[str]) -> str:
    """One filter of the address; "" where it is not asked for, a refusal where it is unknown."""
    value = request.query_params.get(name, "")
    if value and value not in known:
        raise ParseError(
            _("`%(name)s` is one of: %(known)s.")
            % {"name": name, "known": ", ".join(sorted(map(str, known)))[:500]}
        )
    return value


def id_filter_of(request: Request, name: str) -> UUID | None:
    """An id in the address; None where it is not asked for."""
    value = request.query_params.get(name, "")
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError:
        raise ParseError(_("`%(name)s` is an id.") % {"name": name}) from None


# --- from which state -----------------------------------------------------------------------------


def etag_of(version: int) -> str:
    """The version as an ETag."""
    return f'"{version}"'


def base_version_of(request: Request, *, is_needed: bool) -> int | None:
    """The version in If-Match; None for `*`, and where it is neither given nor needed."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        if is_needed:
            raise StateUnknown(
                _("Send `If-Match` with the ETag that you read, so that nobody is overwritten.")
            )
        return None
    return version_of_etag(given)


def version_of_etag(given: str) -> int | None:
    """The version that an ETag stands for; None for `*`, NEVER for one that is not ours."""
    given = given.strip()
    if given == "*":
        return None
    tag = _ETAG.fullmatch(given)
    version = (tag[1] or tag[2] or "") if tag else ""
    is_ours = version.isascii() and version.isdigit() and len(version) < 10
    return int(version) if is_ours else NEVER


# --- how often ------------------------------------------------------------------------------------

View = TypeVar("View", bound=Endpoint)
P = ParamSpec("P")
Handler = Callable[Concatenate[View, Request, P], Response]


def idempotent(handler: Handler[View, P]) -> Handler[View, P]:
    """With an Idempotency-Key, the same request again gets the same answer and does nothing."""

    @wraps(handler)
    def once(view: View, request: Request, *args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        _may_see(request, kwargs)  # before the body is read: what is not there is not there
        digest = _digest_of(request)
        with transaction.atomic():
            kept = take_key(user=person_of(request), key=key, digest=digest)
            if kept.status:
                _may_see_what_it_names(request)
                return Response(
                    kept.body,
                    status=kept.status,
                    headers={**kept.headers, "Idempotent-Replayed": "true"},
                )
            response = handler(view, request, *args, **kwargs)
            body = json.loads(json.dumps(response.data, cls=encoders.JSONEncoder))
            headers = {name: response[name] for name in ("Location", "ETag") if name in response}
            keep_reply(kept, status=response.status_code, headers=headers, body=body)
        return response

    return once  # type: ignore[return-value]  # wraps() says it in a type of its own


_THINGS: Mapping[str, Any] = {"evidence_id": Evidence, "action_id": CorrectiveAction}


def _may_see(request: Request, place: Mapping[str, Any]) -> None:
    """Whoever lost the role since then does not get the old answer either."""
    if "firm_id" in place:
        membership_of(request, place["firm_id"])
    if "assessment_id" in place:
        assessment_of(request, place["assessment_id"])
    if "submission_id" in place:
        submission_of(request, place["submission_id"])
    for name, kind in _THINGS.items():
        if name in place:
            get_object_or_404(kind.objects.visible_to(person_of(request)), pk=place[name])
    if "question_id" in place:
        mine = Submission.objects.visible_to(person_of(request))
        get_object_or_404(Question, pk=place["question_id"], submission__in=mine.values("pk"))


def _may_see_what_it_names(request: Request) -> None:
    """The same of a body that says where something is to be made."""
    names = request.data if isinstance(request.data, dict) else {}
    if isinstance(firm := names.get("firm"), str):
        membership_of(request, UUID(firm))
    if isinstance(assessment := names.get("assessment"), str):
        assessment_of(request, UUID(assessment))


def _digest_of(request: Request) -> str:
    """SHA-256 of what is asked: method, address, and the body with the files in it."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    data = request.data
    plain: Any = data
    if isinstance(data, QueryDict):
        plain = {name: [value for value in data.getlist(name) if isinstance(value, str)]
                 for name in data}  # fmt: skip
        for name, upload in sorted(request.FILES.items()):
            assert isinstance(upload, UploadedFile)
            digest.update(f"{name} {upload.name}\n".encode("utf-8", "surrogatepass"))
            for chunk in upload.chunks():
                digest.update(chunk)
            upload.seek(0)
    digest.update(json.dumps(plain, sort_keys=True, default=str).encode())
    return digest.hexdigest()
