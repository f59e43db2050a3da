"""What of an audit event is hashed, so that each event seals all that came before it.

The hash is the SHA-256 of the canonical JSON of the event and of the hash before it. Whoever has
an export of the trail can compute it again without this program (docs/audit-trail.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from compliance.canonical import digest_of

START = ""  # stands where the first event has no hash before it
# The columns that are hashed, in the order in which a check reads them.
SEALED = (
    "firm_id",
    "sequence",
    "previous_hash",
    "at",
    "actor_id",
    "actor_name",
    "action",
    "assessment_id",
    "requirement",
    "subject",
    "before",
    "after",
)


def sealed_form(values: Sequence[Any]) -> dict[str, Any]:
    """The JSON that is hashed, from the values of the SEALED columns."""
    firm, sequence, previous, at, actor, name, action, assessment, requirement, *rest = values
    subject, before, after = rest
    return {
        "firm": str(firm),
        "sequence": sequence,
        "previous_hash": previous,
        "at": moment(at),
        "actor": None if actor is None else str(actor),
        "actor_name": name,
        "action": action,
        "assessment": None if assessment is None else str(assessment),
        "requirement": requirement,
        "subject": subject,
        "before": before,
        "after": after,
    }


def seal(values: Sequence[Any]) -> str:
    """The hash of an event, from the values of the SEALED columns."""
    return digest_of(sealed_form(values))


def moment(at: datetime) -> str:
    """A moment in UTC to the microsecond, the same from every database."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain_json(details: Any) -> Any:
    """The details as any database gives them back; a fraction has to be given as text."""
    return json.loads(json.dumps(details), parse_float=_refuse, parse_constant=_refuse)


def _refuse(number: str) -> NoReturn:
    # Databases write floating point numbers in different ways, and the hash would not survive.
    raise TypeError(f"An audit event keeps {number} as text, not as a floating point number.")
