"""Inviting people into a firm: a link by e-mail that holds once, for its address, for a while."""

from __future__ import annotations

import hashlib
import logging
import secrets
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from compliance import audit, clock, permissions
from compliance.errors import InvalidInput, InvitationGone
from compliance.models import Firm, Invitation, Membership, Role, User
from compliance.services.texts import one_line

log = logging.getLogger(__name__)

HOLDS_FOR = timedelta(days=7)
MOST_OPEN = 200  # per firm: an account taken over sends no letters to the world
LinkTo = Callable[[str], str]  # the token → the address of the page that accepts it


def links_on(site: Callable[[str], str]) -> LinkTo:
    """Links to this site; `site` makes a whole address as the request came in by it."""

    def link(token: str) -> str:
        address = reverse("invitation", args=[token])
        # The address that the operator has set, so that no Host header writes our letters.
        if settings.SITE_URL:
            return f"{settings.SITE_URL.rstrip('/')}{address}"
        return site(address)

    return link


@dataclass(frozen=True)
class Invited:
    invitation: Invitation
    was_sent: bool  # False: the mail server refused; the invitation can be sent again


def invite(*, firm: Firm, email: str, role: str, link_to: LinkTo, by: Membership) -> Invited:
    """A link to the address, with which its reader joins the firm in that role."""
    permissions.require(by, "invite", firm)
    email = one_line(email).lower()
    faults: dict[str, str] = {}
    if role not in Role.values:
        faults["role"] = _("Choose one of the roles.")
    if not _is_address(email):
        faults["email"] = _("Write a whole e-mail address, such as name@firm.example.")
    elif Membership.objects.filter(firm=firm, user__email__iexact=email).exists():
        faults["email"] = _("This person already has a role in the firm.")
    waiting = open_invitations(firm)
    if "email" not in faults and waiting.filter(email=email).exists():
        faults["email"] = _("This address is invited already. Send that invitation again below.")
    if not faults and waiting.count() >= MOST_OPEN:
        faults["email"] = _("Too many invitations are open. Take back those that nobody accepts.")
    if faults:
        raise InvalidInput(faults)
    token = secrets.token_urlsafe(32)
    now = clock.now()
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                firm=firm,
                email=email,
                role=role,
                token_hash=hash_of(token),
                invited_by=by.user,
                invited_at=now,
                expires_at=now + HOLDS_FOR,
            )
            audit.record(by, "invitation.sent", invitation, after={"email": email, "role": role})
    except IntegrityError as error:  # the same form sent twice at the same moment
        message = _("This address is invited already. Send that invitation again below.")
        raise InvalidInput({"email": message}) from error
    return Invited(invitation, _send(invitation, link_to(token), by))


def resend(*, invitation: Invitation, link_to: LinkTo, by: Membership) -> Invited:
    """A new link for the same invitation; the one sent before holds no longer."""
    permissions.require(by, "invite", invitation.firm)
    token = secrets.token_urlsafe(32)
    now = clock.now()
    fields = {"token_hash": hash_of(token), "invited_at": now, "expires_at": now + HOLDS_FOR}
    with transaction.atomic():
        _change_open(invitation, **fields)
        audit.record(by, "invitation.resent", invitation, after={"email": invitation.email})
    return Invited(invitation, _send(invitation, link_to(token), by))


def revoke(*, invitation: Invitation, by: Membership) -> None:
    """Take an invitation back: its link holds no longer."""
    permissions.require(by, "invite", invitation.firm)
    with transaction.atomic():
        _change_open(invitation, revoked_at=clock.now())
        audit.record(by, "invitation.revoked", invitation, before={"email": invitation.email})


def invitation_of(token: str) -> Invitation:
    """The invitation that a link stands for, while it holds."""
    invitation = (
        Invitation.objects.filter(token_hash=hash_of(token))
        .select_related("firm", "invited_by")
        .first()
    )
    if invitation is None or not holds(invitation):
        raise InvitationGone(
            _("It was used, taken back, sent anew or has expired. Ask the firm for a new one.")
        )
    return invitation


def account_of(invitation: Invitation) -> User | None:
    """The account that the invited address already has."""
    return User.objects.filter(email__iexact=invitation.email).first()


def accept_as_member(*, token: str, user: User) -> Membership:
    """A person who has an account joins the firm; the link is used up."""
    invitation = invitation_of(token)
    if user.email.lower() != invitation.email:
        raise InvalidInput(
            {"": _("This invitation is for another address. Sign in with the invited one.")}
        )
    with transaction.atomic():
        return _join(invitation, user)


def accept_as_new_person(*, token: str, name: str, password: str) -> Membership:
    """A new account for the invited address, which joins the firm; the link is used up."""
    invitation = invitation_of(token)
    name = one_line(name)
    faults: dict[str, str] = {}
    if not 2 <= len(name) <= 120:
        faults["name"] = _("Write your name, 2 to 120 characters.")
    user = User(email=invitation.email, name=name)
    try:
        validate_password(password, user)
    except ValidationError as refused:
        faults["password"] = " ".join(refused.messages)
    if faults:
        raise InvalidInput(faults)
    try:
        with transaction.atomic():
            user = User.objects.create_user(invitation.email, password, name=name)
            return _join(invitation, user)
    except IntegrityError as error:
        raise InvalidInput(
            {"": _("This address has an account by now. Sign in, then open the link again.")}
        ) from error


def _join(invitation: Invitation, user: User) -> Membership:
    now = clock.now()
    _change_open(invitation, accepted_at=now, accepted_by=user)
    if Membership.objects.filter(firm=invitation.firm, user=user).exists():
        raise InvalidInput({"": _("You already have a role in this firm.")})
    member = Membership.objects.create(firm=invitation.firm, user=user, role=invitation.role)
    audit.record(
        member, "member.joined", member, after={"email": user.email, "role": invitation.role}
    )
    return member


def open_invitations(firm: Firm) -> QuerySet[Invitation]:
    """The invitations that nobody has accepted or taken back, expired ones included."""
    return Invitation.objects.filter(firm=firm, accepted_at=None, revoked_at=None)


def holds(invitation: Invitation) -> bool:
    """Whether its link still lets somebody in."""
    is_open = invitation.accepted_at is None and invitation.revoked_at is None
    return is_open and invitation.expires_at > clock.now()


def hash_of(token: str) -> str:
    """What is kept of a link: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _change_open(invitation: Invitation, **fields: object) -> None:
    """Write the fields, unless it was accepted or taken back meanwhile."""
    still_open = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if "accepted_at" in fields:
        still_open = still_open.filter(expires_at__gt=clock.now(), token_hash=invitation.token_hash)
    if still_open.update(**fields) != 1:
        raise InvitationGone(_("It was accepted or taken back meanwhile. Load the page again."))
    for name, value in fields.items():
        setattr(invitation, name, value)


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254


def _send(invitation: Invitation, link: str, by: Membership) -> bool:
    """Whether the mail server took the letter."""
    account = account_of(invitation)
    known = account.language if account else ""
    # Whoever has no account yet has told us no language: the letter then speaks both.
    languages = [known] if known else ["zh-hans", "en"]
    letters = []
    for language in languages:
        with override(language):
            context = {
                "invitation": invitation,
                "link": link,
                "by": by.user,
                "language": language,
                "has_account": account is not None,
            }
            letters.append(
                (
                    _("Invitation to %(firm)s in Tianheng") % {"firm": invitation.firm.name},
                    render_to_string("letters/invitation.txt", context).strip(),
                    render_to_string("letters/invitation.html", context),
                )
            )
    message = EmailMultiAlternatives(
        subject=" · ".join(subject for subject, _text, _html in letters),
        body="\n\n---\n\n".join(text for _subject, text, _html in letters),
        to=[invitation.email],
    )
    parts = [html for _subject, _text, html in letters]  # safe: each is a rendered template
    message.attach_alternative(
        render_to_string("letters/frame.html", {"parts": parts}), "text/html"
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException):
        log.exception("The invitation %s could not be sent", invitation.pk)
        return False
    return True
