"""Firms and the people in them."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from compliance import audit, permissions
from compliance.errors import InvalidInput, NotPermitted, TransitionNotAllowed
from compliance.models import Delegation, Firm, Membership, Role, User
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


def name_in_checks(*, firm: Firm, is_named: bool, by: Membership) -> None:
    """Let the public check of a report name the firm, or not."""
    permissions.require(by, "name_in_checks", firm)
    with transaction.atomic():
        changed = Firm.objects.filter(pk=firm.pk, is_named_in_checks=not is_named)
        if changed.update(is_named_in_checks=is_named) == 1:
            audit.record(by, "firm.naming_changed", firm, after={"is_named": is_named})
    firm.is_named_in_checks = is_named


def change_role(*, member: Membership, role: str, by: Membership) -> None:
    """Give a member another role; the last manager stays one."""
    permissions.require(by, "invite", member.firm)
    if role not in Role.values:
        raise InvalidInput({"role": _("Choose one of the roles.")})
    with transaction.atomic():
        stored = _held(member)
        if stored.role == role:
            return
        _require_another_manager(stored)
        before, stored.role = stored.role, role
        stored.save(update_fields=["role"])
        if not permissions.may(stored, "answer"):
            _delegations_to(stored).delete()
        audit.record(
            by,
            "member.role_changed",
            stored,
            before={"email": stored.user.email, "role": before},
            after={"email": stored.user.email, "role": role},
        )
    member.role = role


def remove_member(*, member: Membership, by: Membership) -> None:
    """Take a person out of the firm; what they did stays, what waited for them waits for nobody."""
    permissions.require(by, "invite", member.firm)
    with transaction.atomic():
        stored = _held(member)
        _require_another_manager(stored)
        _delegations_to(stored).delete()
        audit.record(
            by,
            "member.removed",
            stored,
            before={"email": stored.user.email, "role": stored.role},
        )
        stored.delete()


def _held(member: Membership) -> Membership:
    """The membership as it stands now, while nobody else changes the firm's people."""
    Firm.objects.select_for_update().get(pk=member.firm_id)
    stored = Membership.objects.filter(pk=member.pk).select_related("user", "firm").first()
    if stored is None:
        raise TransitionNotAllowed(_("This person left the firm meanwhile. Load the page again."))
    return stored


def _require_another_manager(member: Membership) -> None:
    if member.role != Role.MANAGER:
        return
    managers = Membership.objects.filter(
        firm=member.firm_id, role=Role.MANAGER, user__is_active=True
    )
    if not managers.exclude(pk=member.pk).exists():
        raise TransitionNotAllowed(
            _("The firm needs a manager. Make somebody else a manager first.")
        )


def _delegations_to(member: Membership) -> QuerySet[Delegation]:
    return Delegation.objects.filter(assessment__firm=member.firm_id, to=member.user_id)
