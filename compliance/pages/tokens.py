"""The person's access tokens: make one and see it once, look at them, revoke them."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from compliance import clock
from compliance.errors import InvalidInput
from compliance.models import AccessToken, Scope
from compliance.pages.firms import signed_in
from compliance.pages.forms import PageForm, posted
from compliance.services.tokens import DAYS, IssuedToken, issue_token, revoke_token

MOST_SHOWN = 100
WITHOUT_END = "0"
_SCOPES: list[tuple[str, Promise]] = [
    (Scope.READ.value, gettext_lazy("Read: assessments, answers, evidence, reports")),
    (Scope.WRITE.value, gettext_lazy("Write: answers, facts, evidence, submissions")),
    (Scope.REVIEW.value, gettext_lazy("Review: determinations, findings, decisions")),
]


class TokenForm(PageForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("The program that uses it, such as “Document system”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=_SCOPES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )
    days = forms.ChoiceField(
        label=gettext_lazy("Ends after"),
        choices=[
            *((str(days), ngettext_lazy("%d day", "%d days", days) % days) for days in DAYS),
            (WITHOUT_END, gettext_lazy("no end of its own")),
        ],
        initial="90",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The tokens, and a form for another; a new one is shown in the answer and never again."""
    form = TokenForm(posted(request), initial={"scopes": [Scope.READ]})
    issued: IssuedToken | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        days = None if given["days"] == WITHOUT_END else int(given["days"])
        try:
            issued = issue_token(
                user=signed_in(request), name=given["name"], scopes=given["scopes"], days=days
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            form = TokenForm(initial={"scopes": [Scope.READ]})
    mine = AccessToken.objects.filter(user=signed_in(request)).order_by("-created_at")
    now = clock.now()
    context = {
        "form": form,
        "issued": issued,
        "tokens": [(token, token.is_live(now)) for token in mine[:MOST_SHOWN]],
        "scopes": dict(_SCOPES),
    }
    status = 422 if form.errors else 200
    return render(request, "compliance/tokens/tokens.html", context, status=status)


@login_required
@require_POST
def token_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End a token now."""
    mine = AccessToken.objects.filter(user=signed_in(request))
    token: AccessToken = get_object_or_404(mine, pk=token_id)
    revoke_token(token=token)
    messages.success(request, _("“%(name)s” is revoked.") % {"name": token.name})
    return redirect("tokens")


urlpatterns: list[URLPattern] = [
    path("account/tokens/", tokens, name="tokens"),
    path("account/tokens/<uuid:token_id>/revoke/", token_revoke, name="token_revoke"),
]
