"""Firms: registering one, its home page, its people, and the start of an assessment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from checklists import catalogues, load_catalogue
from compliance import clock, permissions
from compliance.errors import InvalidInput
from compliance.models import Assessment, Firm, Membership, User
from compliance.pages.forms import DayInput, PageForm, posted
from compliance.selectors.evaluation import catalogue_of
from compliance.selectors.home import firm_home_of
from compliance.services.assessments import start_assessment
from compliance.services.firms import register_firm
from compliance.services.visits import note_visit
from compliance.templatetags.tianheng import language


def membership_or_404(request: HttpRequest, firm_id: UUID) -> Membership:
    """The person's role in the firm; a firm without one does not exist for this person."""
    member = (
        Membership.objects.filter(firm_id=firm_id, user=signed_in(request))
        .select_related("firm", "user")
        .first()
    )
    if member is None:
        raise Http404
    return member


def signed_in(request: HttpRequest) -> User:
    """The person behind the request; `login_required` has made sure there is one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


class FirmForm(PageForm):
    name = forms.CharField(
        label=gettext_lazy("Name of the firm"),
        max_length=200,
        help_text=gettext_lazy("As it stands in the business licence."),
    )


@login_required
def register(request: HttpRequest) -> HttpResponse:
    """A form for a new firm; whoever registers it becomes its manager."""
    form = FirmForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            firm = register_firm(name=form.cleaned_data["name"], by=signed_in(request))
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("%(firm)s is registered.") % {"firm": firm.name})
            return redirect("firm_home", firm.pk)
    return render(request, "compliance/firms/register.html", {"form": form}, status=_status(form))


@require_safe
@login_required
def home(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """Where the firm stands: band, scores, blockers, progress, what expires, what happened."""
    member = membership_or_404(request, firm_id)
    page = firm_home_of(member, chosen=request.GET.get("assessment", ""))
    note_visit(member, last_event=page.last_event, news_after=page.news_after)
    context = {
        "firm": member.firm,
        "member": member,
        "page": page,
        "last_visit": member.visited_at,
        "may_start": permissions.may(member, "start_assessment"),
        "may_read_trail": permissions.may(member, "read_trail"),
    }
    return render(request, "compliance/firms/home.html", context)


@dataclass(frozen=True)
class Choice:
    """One framework to be judged by."""

    id: str
    title: str
    requirements: int
    asks_facts: bool


class StartForm(PageForm):
    catalogue_id = forms.ChoiceField(
        label=gettext_lazy("Judged by"),
        required=False,
        error_messages={
            "invalid_choice": gettext_lazy("There is no such framework. Choose one of the list."),
        },
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=200,
        help_text=gettext_lazy("The mission’s name, or “Whole firm 2026”."),
    )
    as_of = forms.DateField(
        label=gettext_lazy("Judged as of"),
        widget=DayInput,
        help_text=gettext_lazy("Rules, limits and evidence count as they stand on this day."),
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("What does the firm do in it?"),
        widget=forms.CheckboxSelectMultiple,
        required=False,  # the service asks for them where the framework does
    )
    copy_from = forms.ModelChoiceField(
        label=gettext_lazy("Carry answers and evidence over from"),
        queryset=Assessment.objects.none(),
        required=False,
        empty_label=gettext_lazy("nothing, start empty"),
        help_text=gettext_lazy("Each answer carried over is marked until somebody confirms it."),
    )

    def __init__(self, *args: object, firm: Firm, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        roles, copy_from = self.fields["roles"], self.fields["copy_from"]
        if isinstance(roles, forms.MultipleChoiceField):
            lang = language()
            choices = load_catalogue().facts["firm.roles"].choices
            roles.choices = [(choice.id, choice.label.get(lang)) for choice in choices]
        self.frameworks = [
            Choice(one.id, one.title.get(language()), len(one.requirements), bool(one.facts))
            for one in catalogues()
        ]
        framework = self.fields["catalogue_id"]
        if isinstance(framework, forms.ChoiceField):
            framework.choices = [(one.id, one.title) for one in self.frameworks]
            framework.initial = self.frameworks[0].id
        if isinstance(copy_from, forms.ModelChoiceField):
            copy_from.queryset = Assessment.objects.filter(firm=firm)

    def as_start(self) -> dict[str, Any]:
        """The values as the service takes them; a framework that was not chosen is the plan."""
        values = dict(self.cleaned_data)
        return values | {"catalogue_id": values["catalogue_id"] or self.frameworks[0].id}


@login_required
def start(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """A form for a new assessment of the firm."""
    member = membership_or_404(request, firm_id)
    permissions.require(member, "start_assessment")
    form = StartForm(posted(request), initial={"as_of": clock.today()}, firm=member.firm)
    if request.method == "POST" and form.is_valid():
        try:
            assessment = start_assessment(firm=member.firm, by=member, **form.as_start())
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            if not catalogue_of(assessment).facts:
                messages.success(
                    request, _("“%(title)s” is started.") % {"title": assessment.title}
                )
                return redirect("assessment_tasks", assessment.pk)
            messages.success(
                request,
                _("“%(title)s” is started. Answer the facts first.") % {"title": assessment.title},
            )
            return redirect("assessment_facts", assessment.pk)
    context = {"firm": member.firm, "form": form}
    return render(request, "compliance/firms/start.html", context, status=_status(form))


def _status(form: forms.Form) -> int:
    return 422 if form.errors else 200


urlpatterns: list[URLPattern] = [
    path("firms/new/", register, name="firm_register"),
    path("firms/<uuid:firm_id>/", home, name="firm_home"),
    path("firms/<uuid:firm_id>/assessments/new/", start, name="assessment_start"),
]
