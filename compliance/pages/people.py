"""The people of a firm: who is in it, who is invited, and the page an invitation leads to."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from compliance import clock, permissions
from compliance.errors import InvalidInput, InvitationGone
from compliance.models import Invitation, Membership, Role, User
from compliance.pages.firms import membership_or_404
from compliance.pages.forms import PageForm, posted
from compliance.services.firms import change_role, remove_member
from compliance.services.invitations import (
    Invited,
    accept_as_member,
    accept_as_new_person,
    account_of,
    invitation_of,
    invite,
    links_on,
    open_invitations,
    resend,
    revoke,
)
from compliance.services.people import keep_language

SIGN_IN_WITH = "allauth.account.auth_backends.AuthenticationBackend"


class InvitationForm(PageForm):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy("The link in the letter holds once, for seven days."),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=Role.choices, initial=Role.CONTRIBUTOR
    )


@login_required
def people(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """Who does what in the firm and who is invited; a manager invites."""
    member = membership_or_404(request, firm_id)
    form = InvitationForm(posted(request))
    if request.method == "POST":
        permissions.require(member, "invite")
        if form.is_valid():
            try:
                invited = invite(
                    firm=member.firm,
                    by=member,
                    link_to=links_on(request.build_absolute_uri),
                    **form.cleaned_data,
                )
            except InvalidInput as refusal:
                form.add_refusal(refusal)
            else:
                _tell(request, invited)
                return redirect("firm_people", firm_id)
    may_invite = permissions.may(member, "invite")
    members = Membership.objects.filter(firm=member.firm).select_related("user")
    waiting = open_invitations(member.firm).select_related("invited_by") if may_invite else []
    context = {
        "firm": member.firm,
        "member": member,
        "members": members.order_by("user__name", "user__email"),
        "roles": Role.choices,
        "invitations": waiting,
        "now": clock.now(),
        "form": form if may_invite else None,
    }
    status = 422 if form.errors else 200
    return render(request, "compliance/firms/people.html", context, status=status)


def _tell(request: HttpRequest, invited: Invited) -> None:
    email = {"email": invited.invitation.email}
    if invited.was_sent:
        messages.success(request, _("An invitation is on its way to %(email)s.") % email)
    else:
        messages.warning(
            request,
            _("The mail server did not take the letter to %(email)s. Send it again later.") % email,
        )


@login_required
@require_POST
def person(request: HttpRequest, firm_id: UUID, member_id: int) -> HttpResponse:
    """Give a member another role, or take the person out of the firm."""
    by = membership_or_404(request, firm_id)
    permissions.require(by, "invite")
    members = Membership.objects.select_related("firm", "user")
    member = get_object_or_404(members, pk=member_id, firm=firm_id)
    who = {"person": member.user}
    if "remove" in request.POST:
        remove_member(member=member, by=by)
        messages.success(request, _("%(person)s is no longer in the firm.") % who)
        if member.user_id == by.user_id:
            return redirect("home")
    else:
        change_role(member=member, role=request.POST.get("role", ""), by=by)
        said = {**who, "role": member.get_role_display()}
        messages.success(request, _("%(person)s is now %(role)s.") % said)
    return redirect("firm_people", firm_id)


@login_required
@require_POST
def invitation_change(request: HttpRequest, firm_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Send an invitation again, or take it back."""
    by = membership_or_404(request, firm_id)
    permissions.require(by, "invite")
    invitations = Invitation.objects.select_related("firm")
    invitation = get_object_or_404(invitations, pk=invitation_id, firm=firm_id)
    if "revoke" in request.POST:
        revoke(invitation=invitation, by=by)
        email = {"email": invitation.email}
        messages.success(request, _("The invitation to %(email)s is taken back.") % email)
    else:
        _tell(
            request,
            resend(invitation=invitation, link_to=links_on(request.build_absolute_uri), by=by),
        )
    return redirect("firm_people", firm_id)


# --- the page behind the link ---------------------------------------------------------------------


class NewPersonForm(PageForm):
    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())


@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who invites into what; its reader joins, with the account there is or with a new one."""
    try:
        held = invitation_of(token)
    except InvitationGone as gone:
        told = {"refusal": gone}
        return render(request, "compliance/firms/invitation_gone.html", told, status=gone.status)
    account = account_of(held)
    user = request.user if isinstance(request.user, User) else None
    is_new = account is None and user is None
    is_theirs = user is not None and account is not None and user.pk == account.pk
    form = NewPersonForm(posted(request) if is_new else None)
    refused = ""
    if request.method == "POST":
        try:
            if is_theirs and user is not None:
                return _welcome(request, accept_as_member(token=token, user=user))
            if is_new and form.is_valid():
                member = accept_as_new_person(token=token, **form.cleaned_data)
                keep_language(member.user, get_language() or settings.LANGUAGE_CODE)
                login(request, member.user, backend=SIGN_IN_WITH)
                return _welcome(request, member)
            refused = "" if is_new else _("Sign in with the invited address first.")
        except InvalidInput as refusal:
            if is_new:
                form.add_refusal(refusal)
            else:
                refused = str(refusal.message)
    context = {
        "invitation": held,
        "account": account,
        "is_new": is_new,
        "is_theirs": is_theirs,
        "form": form,
        "refused": refused,
        "here": request.get_full_path(),
    }
    status = 422 if form.errors or refused else 200
    return render(request, "compliance/firms/invitation.html", context, status=status)


def _welcome(request: HttpRequest, member: Membership) -> HttpResponse:
    said = {"firm": member.firm.name, "role": member.get_role_display()}
    messages.success(request, _("You are in %(firm)s now, as %(role)s.") % said)
    return redirect("firm_home", member.firm_id)


urlpatterns: list[URLPattern] = [
    path("firms/<uuid:firm_id>/people/", people, name="firm_people"),
    path("firms/<uuid:firm_id>/people/<int:member_id>/", person, name="firm_person"),
    path(
        "firms/<uuid:firm_id>/invitations/<uuid:invitation_id>/",
        invitation_change,
        name="invitation_change",
    ),
    path("invitations/<str:token>/", invitation, name="invitation"),
]
