"""What somebody was typing when the session ended, kept until they are signed in again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

KEPT_FIELDS = ("value", "not_applicable", "not_applicable_reason", "note", "flag", "base_version")
LONGEST_KEPT = 20_000  # characters of one field: what an answer may hold
KEPT_SECONDS = 60 * 60
_SLOT = "typed"
AnswerView = Callable[[HttpRequest, UUID, str], HttpResponse]


def keeps_typed(view: AnswerView) -> AnswerView:
    """Asks whoever was signed out to sign in, and keeps the answer they sent until then."""

    @wraps(view)
    def wrapped(request: HttpRequest, assessment_id: UUID, requirement_id: str) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, assessment_id, requirement_id)
        page = reverse("requirement", args=[assessment_id, requirement_id])
        if not request.htmx:  # type: ignore[attr-defined]
            sent = {name: request.POST[name] for name in KEPT_FIELDS if name in request.POST}
            if sent and all(len(text) <= LONGEST_KEPT for text in sent.values()):
                request.session[_SLOT] = {"page": page, "fields": sent}
                request.session.set_expiry(KEPT_SECONDS)
        return redirect_to_login(page)

    return wrapped


def typed_before(request: HttpRequest) -> QueryDict | None:
    """What was typed on this page before the session ended, once."""
    kept = request.session.get(_SLOT)
    if not isinstance(kept, dict) or kept.get("page") != request.path:
        return None
    del request.session[_SLOT]
    fields = QueryDict(mutable=True)
    fields.update(kept["fields"])
    return fields
