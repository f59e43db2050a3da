"""The way in: where a signed-in person goes first."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from compliance.models import Role
from compliance.pages.context import Shell


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Straight to the one firm or the officer's desk; a choice for whoever has more."""
    memberships = Shell(request).memberships
    if memberships and all(member.role == Role.OFFICER for member in memberships):
        return redirect("desk")
    if len(memberships) == 1:
        return redirect("firm_home", memberships[0].firm_id)
    return render(request, "compliance/home/choose.html", {"memberships": memberships})


urlpatterns: list[URLPattern] = [path("", home, name="home")]
