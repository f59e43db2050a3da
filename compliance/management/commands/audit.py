"""`manage.py audit verify`: is every firm's audit trail still what was written?"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from compliance.models import AuditEvent, Firm, Report
from compliance.selectors.chain import Fault, check_anchor, check_chain, missing_guards

HASH = re.compile("[0-9a-f]{64}")


class Command(BaseCommand):
    help = "Check the audit trail; names every event that was changed, removed, put in or moved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["verify"])
        parser.add_argument("--firm", metavar="ID", help="id of one firm; all firms without it")
        parser.add_argument(
            "--report", metavar="CODE", help="hold the trail against what this report printed"
        )
        parser.add_argument(
            "--head", metavar="HASH", help="hold the trail against a hash noted earlier"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        firms = _firms(options["firm"])
        anchor: tuple[Firm, int | None, str] | None = None
        if options["report"]:
            anchor = _printed_by(options["report"])
            firms = [anchor[0]]
        found = self._check_all(firms)
        if options["head"]:
            found += self._hold_against_hash(firms, options["head"].strip().lower())
        if anchor is not None:
            firm, sequence, head = anchor
            found += self._say(firm.name, check_anchor(firm, hash=head, sequence=sequence))
        if found:
            raise CommandError(f"{found} faults. The audit trail is not what was written.")

    def _check_all(self, firms: Sequence[Firm]) -> int:
        found = self._say("database", missing_guards())
        for firm in firms:
            check = check_chain(firm)
            found += self._say(firm.name, check.faults)
            if check.is_unbroken:
                self.stdout.write(
                    f"{firm.name}: {check.events} events, unbroken; "
                    f"the last is {check.sequence} {check.hash or '-'}"
                )
        return found

    def _hold_against_hash(self, firms: Sequence[Firm], head: str) -> int:
        if not HASH.fullmatch(head):
            raise CommandError("A hash has 64 digits 0-9 and a-f. Copy it whole from the report.")
        if AuditEvent.objects.filter(firm__in=firms, hash=head).exists():
            self.stdout.write("The hash is in the trail.")
            return 0
        names = ", ".join(firm.name for firm in firms)
        return self._say(
            names, check_anchor(firms[0], hash=head) if len(firms) == 1 else [_not_found(head)]
        )

    def _say(self, whose: str, faults: Sequence[Fault]) -> int:
        for fault in faults:
            self.stdout.write(f"{whose}: {fault.kind}: {fault.sentence}")
        return len(faults)


def _not_found(head: str) -> Fault:
    return Fault("cut", f"No event with the hash {head} is in any trail.")


def _firms(text: str | None) -> list[Firm]:
    if text is None:
        return list(Firm.objects.order_by("name", "pk"))
    try:
        return [Firm.objects.get(pk=UUID(text))]
    except (ValueError, Firm.DoesNotExist) as error:
        raise CommandError(
            f"No firm has the id {text!r}. The address of its page holds the id."
        ) from error


def _printed_by(code: str) -> tuple[Firm, int | None, str]:
    """The firm of a report, and the end of its trail that the report printed."""
    reports = Report.objects.select_related("submission__assessment__firm")
    report = reports.filter(code__iexact=code.strip()).first()
    if report is None:
        raise CommandError(f"No report has the code {code!r}. It stands on the report's cover.")
    head = report.review.get("audit_head")
    if head is None:
        raise CommandError("This report is older than the chain; it prints no end of the trail.")
    return report.submission.assessment.firm, head["sequence"], head["hash"]
