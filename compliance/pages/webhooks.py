"""The webhooks of a firm: add one, try it out, see what became of each message, send it again."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from compliance import permissions
from compliance.errors import InvalidInput
from compliance.models import Membership, Webhook, WebhookDelivery
from compliance.pages.firms import membership_or_404, signed_in
from compliance.pages.forms import PageForm, posted
from compliance.selectors.webhooks import line_of, lines_of
from compliance.services.webhooks import (
    ACTION,
    add_webhook,
    pause_webhook,
    ping_webhook,
    remove_webhook,
    replay_delivery,
    resume_webhook,
)
from compliance.webhooks.events import AREAS
from compliance.webhooks.wire import FAULTS

PER_PAGE = 30
SHOWN_AT_FIRST = ("status", "review", "reports")


class WebhookForm(PageForm):
    url = forms.CharField(
        label=gettext_lazy("Address of the receiver"),
        max_length=600,
        help_text=gettext_lazy("Such as https://example.com/tianheng. It has to take a POST."),
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    areas = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told"),
        choices=[(name, words) for name, words in AREAS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def firm_webhooks(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """The firm's webhooks, and a form for another; its secret is shown in the answer alone."""
    member = membership_or_404(request, firm_id)
    permissions.require(member, ACTION)
    initial = {"areas": SHOWN_AT_FIRST}
    form = WebhookForm(posted(request), initial=initial)
    added: Webhook | None = None
    if request.method == "POST" and form.is_valid():
        try:
            added = add_webhook(firm=member.firm, by=member, **form.cleaned_data)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            form = WebhookForm(initial=initial)
    context = {"firm": member.firm, "form": form, "added": added, "lines": lines_of(member.firm)}
    status = 422 if form.errors else 200
    return render(request, "compliance/webhooks/webhooks.html", context, status=status)


@login_required
@require_GET
def webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook with its messages, newest first; for htmx the messages alone."""
    found, _member = _webhook_or_404(request, webhook_id)
    return _page(request, found)


def _page(request: HttpRequest, found: Webhook) -> HttpResponse:
    deliveries = found.deliveries.order_by("-written_at", "-sequence")
    page = Paginator(deliveries, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "firm": found.firm,
        "line": line_of(found),
        "page": page,
        "faults": FAULTS,
        "is_moving": any(each.status == "waiting" and not each.attempts for each in page),
    }
    is_partial = bool(getattr(request, "htmx", False))
    template = "_deliveries.html" if is_partial else "webhook.html"
    return render(request, f"compliance/webhooks/{template}", context)


@login_required
@require_POST
def webhook_change(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Try it out, pause it, let it go on, or remove it."""
    found, member = _webhook_or_404(request, webhook_id)
    match request.POST.get("do"):
        case "ping":
            ping_webhook(webhook=found, by=member)
            messages.success(
                request, _("A test message is on its way. See below what comes of it.")
            )
        case "pause":
            pause_webhook(webhook=found, by=member)
            messages.success(request, _("Nothing is sent now. What happens is kept for later."))
        case "resume":
            resume_webhook(webhook=found, by=member)
            messages.success(request, _("Messages go out again, beginning with those that wait."))
        case "remove":
            firm_id = found.firm_id
            remove_webhook(webhook=found, by=member)
            messages.success(request, _("The webhook is removed with its messages."))
            return redirect("firm_webhooks", firm_id)
        case _other:
            messages.error(request, _("Choose one of the buttons on this page."))
    return redirect("webhook", webhook_id)


@login_required
@require_POST
def webhook_replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Send one message again."""
    rows = WebhookDelivery.objects.visible_to(signed_in(request))
    delivery: WebhookDelivery = get_object_or_404(rows.select_related("webhook"), pk=delivery_id)
    replay_delivery(delivery=delivery, by=delivery.membership_of(signed_in(request)))
    messages.success(request, _("The message goes out again."))
    return redirect("webhook", delivery.webhook_id)


def _webhook_or_404(request: HttpRequest, webhook_id: UUID) -> tuple[Webhook, Membership]:
    """The webhook and the person's role in its firm, where it is theirs to manage."""
    rows = Webhook.objects.visible_to(signed_in(request))
    found: Webhook = get_object_or_404(rows, pk=webhook_id)
    member = found.membership_of(signed_in(request))
    permissions.require(member, ACTION)
    return found, member


urlpatterns: list[URLPattern] = [
    path("firms/<uuid:firm_id>/webhooks/", firm_webhooks, name="firm_webhooks"),
    path("webhooks/<uuid:webhook_id>/", webhook, name="webhook"),
    path("webhooks/<uuid:webhook_id>/change/", webhook_change, name="webhook_change"),
    path("webhooks/deliveries/<uuid:delivery_id>/replay/", webhook_replay, name="webhook_replay"),
]
