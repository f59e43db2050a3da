"""`audit verify` on a trail of 100,000 events."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

EVENTS, AT_ONCE = 100_000, 5_000
ROUNDS = 2


def measure_audit(measure: Callable[..., Any]) -> list[Any]:
    """The line of the table; `measure` is the bench's own."""
    from django.core.management import call_command

    from compliance import audit
    from compliance.models import Firm

    firm = Firm.objects.create(name="Long Trail Co.")
    for first in range(0, EVENTS, AT_ONCE):
        audit.record_all(
            audit.event(
                None,
                "answer.saved",
                firm,
                firm=firm,
                requirement="cnsa.m07.orbit_lifetime_after_mission",
                before={"value": str(number), "note": "as filed"},
                after={"value": str(number + 1), "note": "as filed"},
            )
            for number in range(first, first + AT_ONCE)
        )

    def verify() -> None:
        said = StringIO()
        call_command("audit", "verify", firm=str(firm.pk), stdout=said)
        if f"{EVENTS} events, unbroken" not in said.getvalue():
            raise RuntimeError(said.getvalue())

    return [measure(f"audit verify, {EVENTS:,} events", verify, times=ROUNDS, limit="10 s")]
