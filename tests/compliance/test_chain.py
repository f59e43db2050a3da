"""The chain of the audit trail: whatever is done to it behind the services' back is found."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from io import StringIO
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from compliance import audit, chain, guards
from compliance.models import AuditEvent, AuditHead, Membership, Submission
from compliance.selectors.chain import check_anchor, check_chain
from compliance.services.reports import request_report

EVENTS = 12


def raw() -> models.QuerySet[AuditEvent]:
    """The rows past the model's own refusals; the database's are still there."""
    return models.QuerySet(AuditEvent)


def heads() -> models.QuerySet[AuditHead]:
    return models.QuerySet(AuditHead)


@pytest.fixture
def trail(ada: Membership, ben: Membership) -> list[AuditEvent]:
    audit.record_all(
        audit.event(
            (ada, ben)[number % 2],
            "answer.saved",
            ada.firm,
            requirement=f"r{number}",
            before=None,
            after={"flag": "", "value": "轨道 é \U0001f680", "version": number},
        )
        for number in range(1, EVENTS)
    )
    audit.record(None, "report.ready", ada.firm, firm=ada.firm, after={"pages": 3})
    return list(AuditEvent.objects.order_by("sequence"))


def found(ada: Membership) -> list[tuple[str, int | None, int | None]]:
    return [(f.kind, f.sequence, f.row) for f in check_chain(ada.firm).faults]


def test_each_event_seals_the_one_before_and_the_head_is_the_last(
    trail: list[AuditEvent], ada: Membership, dov: Membership
) -> None:
    assert [event.sequence for event in trail] == list(range(1, EVENTS + 1))
    assert trail[0].previous_hash == ""
    assert all(b.previous_hash == a.hash for a, b in pairwise(trail))
    audit.record(dov, "firm.registered", dov.firm)
    head = AuditHead.objects.get(firm=ada.firm)
    assert (head.sequence, head.hash) == (EVENTS, trail[-1].hash)
    check = check_chain(ada.firm)
    assert check.is_unbroken
    assert (check.events, check.sequence, check.hash) == (EVENTS, EVENTS, trail[-1].hash)
    newest = check_chain(ada.firm, newest=5)
    assert (newest.is_unbroken, newest.first, newest.events) == (True, EVENTS - 4, 5)
    assert check_chain(dov.firm).events == 1


def test_the_hash_can_be_computed_without_this_program(trail: list[AuditEvent]) -> None:
    event = trail[4]
    form = {
        "action": event.action,
        "actor": str(event.actor_id),
        "actor_name": event.actor_name,
        "after": {"flag": "", "value": "轨道 é \U0001f680", "version": 5},
        "assessment": None,
        "at": event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "before": None,
        "firm": str(event.firm_id),
        "previous_hash": trail[3].hash,
        "requirement": "r5",
        "sequence": 5,
        "subject": f"firm:{event.firm_id}",
    }
    text = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == event.hash


def test_a_fraction_in_an_event_is_a_mistake_of_ours(ada: Membership) -> None:
    with pytest.raises(TypeError, match="as text"):
        audit.record(ada, "answer.saved", ada.firm, after={"value": [4.5]})


# --- the five ways, and how they are told ---------------------------------------------------------


def resealed(event: AuditEvent, **changes: Any) -> AuditEvent:
    """The event as a careful forger would write it, with a hash that fits its content."""
    for name, value in changes.items():
        setattr(event, name, value)
    event.hash = chain.seal([getattr(event, name) for name in chain.SEALED])
    return event


def change(trail: list[AuditEvent]) -> list[Any]:
    raw().filter(sequence=5).update(actor_name="Nobody")
    return [("changed", 5, trail[4].pk)]


def change_and_seal_again(trail: list[AuditEvent]) -> list[Any]:
    forged = resealed(trail[4], after={"value": "9"})
    raw().filter(sequence=5).update(after=forged.after, hash=forged.hash)
    return [("changed", 5, trail[4].pk)]


def change_the_last_and_seal_again(trail: list[AuditEvent]) -> list[Any]:
    forged = resealed(trail[-1], actor_name="Nobody")
    raw().filter(sequence=EVENTS).update(actor_name="Nobody", hash=forged.hash)
    return [("head", EVENTS, None)]


def remove(trail: list[AuditEvent]) -> list[Any]:
    raw().filter(sequence__in=[5, 6]).delete()
    return [("removed", 5, None)]


def remove_and_close_the_gap(trail: list[AuditEvent]) -> list[Any]:
    raw().filter(sequence=5).delete()
    for number in range(6, EVENTS + 1):
        raw().filter(sequence=number).update(sequence=number - 1)
    heads().update(sequence=EVENTS - 1)
    return [("removed", 5, None), ("reordered", 5, trail[5].pk)]


def insert(trail: list[AuditEvent]) -> list[Any]:
    for number in range(EVENTS, 4, -1):
        raw().filter(sequence=number).update(sequence=number + 1)
    forged = resealed(
        AuditEvent.objects.get(pk=trail[3].pk), sequence=5, previous_hash=trail[3].hash
    )
    forged.pk = None
    raw().bulk_create([forged])
    heads().update(sequence=EVENTS + 1)
    return [("inserted", 5, forged.pk), ("reordered", 6, trail[4].pk)]


def append(trail: list[AuditEvent]) -> list[Any]:
    forged = resealed(
        AuditEvent.objects.get(pk=trail[3].pk),
        sequence=EVENTS + 1,
        previous_hash=trail[-1].hash,
    )
    forged.pk = None
    raw().bulk_create([forged])
    return [("inserted", EVENTS + 1, forged.pk)]


def swap(trail: list[AuditEvent]) -> list[Any]:
    for old, new in ((5, 99), (7, 5), (99, 7)):
        raw().filter(sequence=old).update(sequence=new)
    return [("reordered", 5, trail[6].pk), ("reordered", 7, trail[4].pk)]


def cut(trail: list[AuditEvent]) -> list[Any]:
    raw().filter(sequence__gt=9).delete()
    return [("cut", 10, None)]


def forget_the_head(trail: list[AuditEvent]) -> list[Any]:
    heads().update(hash="0" * 64)
    return [("head", EVENTS, None)]


WAYS = [
    change,
    change_and_seal_again,
    change_the_last_and_seal_again,
    remove,
    remove_and_close_the_gap,
    insert,
    append,
    swap,
    cut,
    forget_the_head,
]


@pytest.mark.parametrize("tamper", WAYS)
def test_tampering_is_found_and_named(
    trail: list[AuditEvent], ada: Membership, tamper: Callable[[list[AuditEvent]], list[Any]]
) -> None:
    with guards.lifted():
        expected = tamper(trail)
    assert found(ada) == expected, check_chain(ada.firm).faults
    output = StringIO()
    with pytest.raises(CommandError, match="not what was written"):
        call_command("audit", "verify", firm=str(ada.firm.pk), stdout=output)
    sentence = check_chain(ada.firm).faults[0].sentence
    assert sentence in output.getvalue()


def test_a_tail_cut_with_its_head_is_found_by_what_a_report_printed(
    submission: Submission, ada: Membership, dov: Membership
) -> None:
    report = request_report(submission=submission, kind="full", lang="en", by=ada)
    printed = report.review["audit_head"]
    assert AuditHead.objects.get(firm=ada.firm).hash == printed["hash"]
    output = StringIO()
    call_command("audit", "verify", report=report.code, head=printed["hash"], stdout=output)
    assert "unbroken" in output.getvalue()
    assert "The hash is in the trail." in output.getvalue()

    last = printed["sequence"]
    before = AuditEvent.objects.get(firm=ada.firm, sequence=last - 1)
    with guards.lifted():
        raw().filter(firm=ada.firm, sequence=last).delete()
        heads().filter(firm=ada.firm).update(sequence=last - 1, hash=before.hash)
    call_command("audit", "verify", stdout=StringIO())  # nothing is wrong in itself
    for anchor in ({"report": report.code}, {"head": printed["hash"], "firm": str(ada.firm.pk)}):
        output = StringIO()
        with pytest.raises(CommandError, match="1 faults"):
            call_command("audit", "verify", stdout=output, **anchor)
        assert f"now ends with event {last - 1}" in output.getvalue()
    audit.record(ada, "firm.registered", ada.firm)  # grown over, it is found as well
    assert check_anchor(ada.firm, hash=printed["hash"], sequence=last)
    assert check_anchor(ada.firm, hash=before.hash) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"firm": "banana"}, "No firm has the id"),
        ({"report": "TH-0"}, "No report has the code"),
        ({"head": "abc"}, "64 digits"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_answered_in_a_sentence(
    ada: Membership, given: dict[str, str], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("audit", "verify", stdout=StringIO(), **given)


# --- the database itself --------------------------------------------------------------------------

EVENT, HEAD = guards.EVENT, guards.HEAD
COPIED = "firm_id, previous_hash, hash, at, actor_name, action, requirement, subject"
REFUSED = [
    f"UPDATE {EVENT} SET actor_name = 'Nobody' WHERE sequence = 3",
    f"DELETE FROM {EVENT} WHERE sequence = 3",
    f"DELETE FROM {EVENT}",
    f"INSERT INTO {EVENT} ({COPIED}, sequence) SELECT {COPIED}, 50 FROM {EVENT} WHERE sequence = 3",
    f"INSERT INTO {EVENT} ({COPIED}, sequence) SELECT {COPIED}, {EVENTS + 1} FROM {EVENT}"
    " WHERE sequence = 3",
    f"UPDATE {HEAD} SET sequence = 4",
    f"UPDATE {HEAD} SET hash = 'x', sequence = sequence + 1",
    f"DELETE FROM {HEAD}",
]
REFUSED_HERE = {
    "sqlite": [
        f"INSERT OR REPLACE INTO {EVENT} (id, sequence, {COPIED})"
        f" SELECT id, sequence, {COPIED} FROM {EVENT} WHERE sequence = 3",
        f"INSERT OR REPLACE INTO {HEAD} (firm_id, sequence, hash)"
        f" SELECT firm_id, 0, '' FROM {HEAD}",
    ],
    "postgresql": [f"TRUNCATE {EVENT}", f"TRUNCATE {HEAD}"],
}


def test_the_database_refuses_every_other_way(trail: list[AuditEvent], ada: Membership) -> None:
    connection.check_constraints()  # else PostgreSQL refuses to truncate for another reason
    for statement in REFUSED + REFUSED_HERE[connection.vendor]:
        with (
            pytest.raises(IntegrityError, match=r"audit (trail|event)"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert check_chain(ada.firm).is_unbroken
    with pytest.raises(models.ProtectedError):
        ada.firm.delete()
    with pytest.raises(models.ProtectedError):
        ada.user.delete()


def test_a_trigger_that_is_gone_is_told(ada: Membership) -> None:
    call_command("audit", "verify", stdout=StringIO())
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else f" ON {EVENT}"
        cursor.execute(f"DROP TRIGGER audit_event_stays{on}")
    output = StringIO()
    with pytest.raises(CommandError, match="1 faults"):
        call_command("audit", "verify", stdout=output)
    assert "audit_event_stays is missing" in output.getvalue()


def test_after_the_door_is_shut_the_database_refuses_again(
    trail: list[AuditEvent], dov: Membership
) -> None:
    audit.record(dov, "firm.registered", dov.firm)
    audit.remove_trail(trail[0].firm)
    assert AuditEvent.objects.get().firm == dov.firm
    assert guards.missing() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        raw().all().delete()


def test_events_of_earlier_versions_are_chained(trail: list[AuditEvent], ada: Membership) -> None:
    before = [event.hash for event in trail]
    with guards.lifted():
        heads().all().delete()
        raw().all().update(sequence=models.F("id") + 1000, previous_hash="", hash="")
        state = MigrationExecutor(connection).loader.project_state(
            ("compliance", "0006_chain_the_audit_trail")
        )
        migration = importlib.import_module("compliance.migrations.0006_chain_the_audit_trail")
        migration.chain_events(state.apps, SimpleNamespace(connection=connection))
    assert check_chain(ada.firm).is_unbroken
    assert [event.hash for event in AuditEvent.objects.order_by("sequence")] == before
