"""Firms and the people in them."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compliance import audit, permissions
from compliance.errors import InvalidInput, NotPermitted
from compliance.models import Firm, Membership, Role, User
from compliance.services.texts import one_line


def register_firm(*, name: str, by: User) -> Firm:
    """A new firm with this person as its manager."""
    if not (by.is_superuser or settings.SIGN_UP_OPEN):
        raise NotPermitted(
            _("Firms are created by the operator of this installation. Ask them for yours.")
        )
    name = one_line(name)
    if not 2 <= len(name) <= 200:
        raise InvalidInput({"name": _("Write the firm's full name, 2 to 200 characters.")})
    with transaction.atomic():
        firm = Firm.objects.create(name=name)
        member = Membership.objects.create(firm=firm, user=by, role=Role.MANAGER)
        audit.record(member, "firm.registered", firm, after={"name": name})
    return firm


def add_member(*, firm: Firm, email: str, role: str, by: Membership) -> Membership:
    """A person who already has an account, with a role in the firm."""
    permissions.require(by, "invite", firm)
    if role not in Role.values:
        raise InvalidInput({"role": _("Choose one of the roles.")})
    user = User.objects.filter(email__iexact=one_line(email), is_active=True).first()
    if user is None:
        raise InvalidInput(
            {"email": _("Nobody signs in with this address. Ask the operator for an account.")}
        )
    try:
        with transaction.atomic():
            member = Membership.objects.create(firm=firm, user=user, role=role)
            audit.record(by, "member.added", member, after={"email": user.email, "role": role})
    except IntegrityError as error:
        raise InvalidInput({"email": _("This person already has a role in the firm.")}) from error
    return member
