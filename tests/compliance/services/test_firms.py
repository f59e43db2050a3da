"""Firms and the people in them."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from compliance.errors import InvalidInput, NotPermitted
from compliance.models import AuditEvent, Firm, Membership, Role
from compliance.services.firms import add_member, register_firm
from tests import factories


def test_the_operator_registers_firms_and_becomes_their_manager(db: None) -> None:
    operator = factories.person("root@demo.example", "Root")
    operator.is_superuser = True
    firm = register_firm(name="  Demo\x00  Rockets ", by=operator)
    assert firm.name == "Demo Rockets"
    assert firm.memberships.get().role == Role.MANAGER
    assert AuditEvent.objects.get().action == "firm.registered"


def test_anybody_registers_a_firm_only_where_sign_up_is_open(db: None, settings: Settings) -> None:
    person = factories.person("new@demo.example")
    settings.SIGN_UP_OPEN = False
    with pytest.raises(NotPermitted, match="operator"):
        register_firm(name="Mine", by=person)
    assert not Firm.objects.exists()
    settings.SIGN_UP_OPEN = True
    assert register_firm(name="Mine", by=person).memberships.get().user == person


@pytest.mark.parametrize("name", ["", " x ", "x" * 201, "\x00\x00\x00", "\ud800x"])
def test_a_firm_needs_a_name(db: None, settings: Settings, name: str) -> None:
    settings.SIGN_UP_OPEN = True
    with pytest.raises(InvalidInput) as refusal:
        register_firm(name=name, by=factories.person("new@demo.example"))
    assert list(refusal.value.fields) == ["name"]


def test_a_manager_adds_people_by_their_address(firm: Firm, ada: Membership) -> None:
    factories.person("eve@demo.example", "Eve")
    member = add_member(firm=firm, email=" EVE@demo.example\x00", role="officer", by=ada)
    assert (member.user.name, member.role) == ("Eve", Role.OFFICER)


@pytest.mark.parametrize(
    ("email", "role", "field"),
    [
        ("nobody@demo.example", "viewer", "email"),
        ("ben@demo.example", "viewer", "email"),
        ("ben@demo.example", "owner", "role"),
    ],
)
def test_who_cannot_be_added_is_told_why(
    firm: Firm, ada: Membership, ben: Membership, email: str, role: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        add_member(firm=firm, email=email, role=role, by=ada)
    assert list(refusal.value.fields) == [field]
    assert firm.memberships.count() == 2


def test_somebody_who_may_not_sign_in_is_not_added(firm: Firm, ada: Membership) -> None:
    gone = factories.person("gone@demo.example")
    gone.is_active = False
    gone.save()
    with pytest.raises(InvalidInput):
        add_member(firm=firm, email=gone.email, role="viewer", by=ada)


def test_only_the_firms_own_manager_adds_people(
    firm: Firm, ben: Membership, vera: Membership, cleo: Membership, dov: Membership
) -> None:
    factories.person("eve@demo.example", "Eve")
    for other in (ben, vera, cleo, dov):
        with pytest.raises(NotPermitted):
            add_member(firm=firm, email="eve@demo.example", role="manager", by=other)
