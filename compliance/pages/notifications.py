"""What a person is told: the list behind the bell, and how they want to be told."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance import clock
from compliance.errors import InvalidInput
from compliance.models import Notification
from compliance.models.notices import Kind
from compliance.notices.delivery import NEVER_OFF, Mail, Wish, wishes_of
from compliance.notices.reminders import calendar_notes
from compliance.notices.words import sentence_of
from compliance.pages.firms import signed_in
from compliance.services.notifications import mark_read, save_preferences

PER_PAGE = 30


@dataclass(frozen=True)
class Told:
    """One notification in words."""

    row: Notification
    sentence: str


@dataclass(frozen=True)
class Choice:
    """One kind on the page of preferences."""

    kind: str
    label: str
    wish: Wish
    may_be_off: bool
    fault: str = ""


@login_required
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """What the person was told, newest first."""
    rows = Notification.objects.shown_to(signed_in(request)).select_related("firm")
    only_unread = request.GET.get("show") == "unread"
    page = Paginator(rows.unread() if only_unread else rows, PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "told": [Told(row, sentence_of(row)) for row in page],
        "only_unread": only_unread,
        "unread": rows.unread().count(),
    }
    return render(request, "compliance/notifications/notifications.html", context)


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark one notification, or all of them, as read."""
    one = request.POST.get("id", "")
    ids = [int(one)] if one.isascii() and one.isdigit() and len(one) <= 18 else None
    if one and ids is None:
        raise InvalidInput({"id": _("This notification is not there any more. Load the page.")})
    count = mark_read(by=signed_in(request), ids=ids)
    if ids is None:
        said = ngettext(
            "%(count)d notification marked as read.",
            "%(count)d notifications marked as read.",
            count,
        )
        messages.success(request, said % {"count": count})
    return redirect("notifications")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """How the person wants each kind: in the site, by e-mail at once, in one letter a day."""
    user = signed_in(request)
    stored = wishes_of([user.pk])
    wishes = {kind: stored[user.pk, kind] for kind in Kind.values}
    faults: dict[str, str] = {}
    if request.method == "POST":
        wishes = {
            kind: Wish(
                in_site=kind in NEVER_OFF or f"site-{kind}" in request.POST,
                mail=request.POST.get(f"mail-{kind}", wishes[kind].mail),
            )
            for kind in wishes
        }
        try:
            save_preferences(by=user, wishes=wishes)
        except InvalidInput as refusal:
            faults = {kind: str(sentence) for kind, sentence in refusal.fields.items()}
        else:
            messages.success(request, _("Kept. It holds from the next notification on."))
            return redirect("notification_preferences")
    context = {
        "choices": [
            Choice(
                kind=kind,
                label=str(Kind(kind).label),
                wish=wish,
                may_be_off=kind not in NEVER_OFF,
                fault=faults.get(kind, ""),
            )
            for kind, wish in wishes.items()
        ],
        "ways": Mail.choices,
        "notes": calendar_notes(clock.today()),
    }
    template = "compliance/notifications/preferences.html"
    return render(request, template, context, status=422 if faults else 200)


urlpatterns: list[URLPattern] = [
    path("notifications/", notifications, name="notifications"),
    path("notifications/read/", read, name="notifications_read"),
    path("notifications/settings/", preferences, name="notification_preferences"),
]
