"""The database itself keeps the audit trail: its triggers, and the one way past them.

An event is never updated or deleted, and a new one is taken only at the end of its firm's chain;
the head moves with it and by nothing else. Whoever may change the schema can take the triggers
away, of course: then the chain shows what was done (`manage.py audit verify`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

EVENT, HEAD = "compliance_auditevent", "compliance_audithead"
NEVER = "The audit trail is never changed or deleted."
NO_END = "An audit event is added at the end of its chain only."
BY_EVENTS = "The head of an audit trail moves with its events only."

_NEXT = f"""
    SELECT 1 FROM {HEAD} WHERE firm_id = NEW.firm_id
    AND sequence = NEW.sequence - 1 AND hash = NEW.previous_hash"""
_LAST = f"""
    SELECT 1 FROM {EVENT} WHERE firm_id = NEW.firm_id
    AND sequence = NEW.sequence AND hash = NEW.hash"""
_ADVANCE = f"""
    UPDATE {HEAD} SET sequence = NEW.sequence, hash = NEW.hash WHERE firm_id = NEW.firm_id;"""
_BEGINS = "NEW.sequence = 0 AND NEW.hash = ''"

# REPLACE would remove a row without asking the trigger for DELETE, hence the look at the id.
SQLITE = {
    "audit_event_follows": f"""BEFORE INSERT ON {EVENT}
        WHEN NOT EXISTS ({_NEXT}) OR EXISTS (SELECT 1 FROM {EVENT} WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, '{NO_END}'); END""",
    "audit_event_moves_head": f"""AFTER INSERT ON {EVENT} BEGIN {_ADVANCE} END""",
    "audit_event_stays": f"""BEFORE UPDATE ON {EVENT}
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    "audit_event_is_kept": f"""BEFORE DELETE ON {EVENT}
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    "audit_head_begins": f"""BEFORE INSERT ON {HEAD}
        WHEN NOT ({_BEGINS}) OR EXISTS (SELECT 1 FROM {HEAD} WHERE firm_id = NEW.firm_id)
        BEGIN SELECT RAISE(ABORT, '{BY_EVENTS}'); END""",
    "audit_head_follows": f"""BEFORE UPDATE ON {HEAD}
        WHEN NEW.firm_id <> OLD.firm_id OR NEW.sequence <> OLD.sequence + 1
        OR NOT EXISTS ({_LAST})
        BEGIN SELECT RAISE(ABORT, '{BY_EVENTS}'); END""",
    "audit_head_is_kept": f"""BEFORE DELETE ON {HEAD}
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
}
_SAY = "RAISE EXCEPTION '{}' USING ERRCODE = 'restrict_violation';"
POSTGRESQL_FUNCTIONS = {
    "audit_refuse": f"BEGIN {_SAY.format(NEVER)} END",
    "audit_event_follows": f"""BEGIN
        IF NOT EXISTS ({_NEXT}) THEN {_SAY.format(NO_END)} END IF;
        {_ADVANCE} RETURN NULL; END""",
    "audit_head_begins": f"""BEGIN
        IF NOT ({_BEGINS}) THEN {_SAY.format(BY_EVENTS)} END IF; RETURN NEW; END""",
    "audit_head_follows": f"""BEGIN
        IF NEW.firm_id <> OLD.firm_id OR NEW.sequence <> OLD.sequence + 1 OR NOT EXISTS ({_LAST})
        THEN {_SAY.format(BY_EVENTS)} END IF; RETURN NEW; END""",
}
# After INSERT: of several rows in one statement, each meets the head that the one before left.
POSTGRESQL = {
    "audit_event_follows": f"AFTER INSERT ON {EVENT} FOR EACH ROW|audit_event_follows",
    "audit_event_stays": f"BEFORE UPDATE OR DELETE ON {EVENT} FOR EACH ROW|audit_refuse",
    "audit_event_is_kept": f"BEFORE TRUNCATE ON {EVENT} FOR EACH STATEMENT|audit_refuse",
    "audit_head_begins": f"BEFORE INSERT ON {HEAD} FOR EACH ROW|audit_head_begins",
    "audit_head_follows": f"BEFORE UPDATE ON {HEAD} FOR EACH ROW|audit_head_follows",
    "audit_head_is_kept": f"BEFORE DELETE ON {HEAD} FOR EACH ROW|audit_refuse",
    "audit_head_stays": f"BEFORE TRUNCATE ON {HEAD} FOR EACH STATEMENT|audit_refuse",
}


def install(database: BaseDatabaseWrapper) -> None:
    """Put the triggers in place, in the place of older ones; a migration calls this."""
    remove(database)
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            for name, body in SQLITE.items():
                cursor.execute(f"CREATE TRIGGER {name} {body}")
            return
        for name, body in POSTGRESQL_FUNCTIONS.items():
            cursor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
            )
        for name, words in POSTGRESQL.items():
            when, function = words.split("|")
            cursor.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function}()")


def remove(database: BaseDatabaseWrapper) -> None:
    """Take the triggers away for good: the way back of the migration."""
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            for name in SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            return
        for name, words in POSTGRESQL.items():
            table = EVENT if f" {EVENT} " in words else HEAD
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        for name in POSTGRESQL_FUNCTIONS:
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")


def missing() -> list[str]:
    """The names of triggers that should guard the trail and do not."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'")
        there = {row[0] for row in cursor.fetchall()}
    return [name for name in triggers() if name not in there]


def triggers() -> list[str]:
    """The names of all triggers that this database should have."""
    return list(SQLITE if connection.vendor == "sqlite" else POSTGRESQL)


@contextmanager
def lifted() -> Iterator[None]:
    """Audit rows may be removed while the block lasts, in one transaction.

    For two things only: a firm that goes with everything it has (`demo --reset`), and emptying the
    whole database (`flush`).
    """
    with transaction.atomic():
        if connection.vendor == "sqlite":
            remove(connection)
            yield
            install(connection)
            return
        # What the transaction wrote so far is checked now: no table with a check still to come
        # may be altered.
        connection.check_constraints()
        with connection.cursor() as cursor:
            for table in (EVENT, HEAD):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        connection.check_constraints()
        with connection.cursor() as cursor:
            for table in (EVENT, HEAD):
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
