"""Firms and the people in them."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from compliance.errors import InvalidInput, NotPermitted, TransitionNotAllowed
from compliance.models import (
    Assessment,
    AuditEvent,
    Delegation,
    Firm,
    Membership,
    Role,
    User,
)
from compliance.services.delegations import delegate
from compliance.services.firms import change_role, register_firm, remove_member
from tests import factories

ORBIT = "cnsa.m07.orbit_lifetime_after_mission"


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


def test_a_role_is_changed_and_a_person_taken_out(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    handed = {"assessment": assessment, "requirement_ids": [ORBIT], "to": ben, "by": ada}
    delegate(**handed)  # type: ignore[arg-type]
    change_role(member=ben, role="officer", by=ada)
    assert not Delegation.objects.exists()  # an officer answers nothing
    change_role(member=ben, role="contributor", by=ada)
    delegate(**handed)  # type: ignore[arg-type]
    remove_member(member=ben, by=ada)
    assert list(ada.firm.memberships.all()) == [ada]
    assert not Delegation.objects.exists()
    said = AuditEvent.objects.filter(firm=ada.firm, action__startswith="member.")
    assert [(event.before or {})["role"] for event in said] == [
        "contributor",
        "officer",
        "contributor",
    ]
    with pytest.raises(TransitionNotAllowed):
        change_role(member=ben, role="viewer", by=ada)


def test_a_firm_keeps_its_last_manager(firm: Firm, ada: Membership, ben: Membership) -> None:
    with pytest.raises(TransitionNotAllowed):
        change_role(member=ada, role="viewer", by=ada)
    with pytest.raises(TransitionNotAllowed):
        remove_member(member=ada, by=ada)
    with pytest.raises(InvalidInput):
        change_role(member=ada, role="owner", by=ada)
    change_role(member=ben, role="manager", by=ada)
    User.objects.filter(pk=ben.user_id).update(is_active=False)
    with pytest.raises(TransitionNotAllowed):
        remove_member(member=ada, by=ada)
    User.objects.filter(pk=ben.user_id).update(is_active=True)
    remove_member(member=ada, by=ada)
    assert [member.role for member in firm.memberships.all()] == ["manager"]


def test_only_the_firms_own_manager_changes_its_people(
    firm: Firm, ada: Membership, ben: Membership, cleo: Membership, dov: Membership
) -> None:
    for other in (ben, cleo, dov):
        with pytest.raises(NotPermitted):
            change_role(member=ada, role="viewer", by=other)
        with pytest.raises(NotPermitted):
            remove_member(member=ada, by=other)
