"""`manage.py report SUBMISSION`: the readiness report of a submission as a file, at once."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from compliance import audit, clock
from compliance.models import AuditHead, Report, Submission
from compliance.reports.build import REASONS
from compliance.reports.process import Job, RenderFailed, render_in_child
from compliance.selectors.submission import review_of

NOT_ISSUED = "NOT ISSUED"  # the public check knows only reports that were asked for in the product


class Command(BaseCommand):
    help = "Render the readiness report of a submission to a file; nothing is recorded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("submission", metavar="SUBMISSION", help="id of the submission")
        parser.add_argument("--lang", choices=Report.Language.values, default="en")
        parser.add_argument("--kind", choices=Report.Kind.values, default="full")
        parser.add_argument("--out", metavar="FILE", required=True)

    def handle(
        self, *args: Any, submission: str, lang: str, kind: str, out: str, **options: Any
    ) -> None:
        found = _submission(submission)
        output = Path(out).resolve()
        if not output.parent.is_dir():
            raise CommandError(f"The folder {output.parent} does not exist. Create it first.")
        head = AuditHead.objects.get(firm=found.assessment.firm_id)
        job = Job(
            content=found.content,
            review={**review_of(found), "audit_head": audit.head_as_json(head)},
            kind=kind,
            lang=lang,
            code=NOT_ISSUED,
            digest=found.digest,
            issued_at=clock.now(),
        )
        try:
            made = render_in_child(job, output)
        except RenderFailed as error:
            raise CommandError(f"{REASONS[error.kind]} ({error.detail})") from error
        self.stdout.write(
            f"{output}: {made.pages} pages, {made.size} bytes, sha256 {made.sha256}\n"
            f"{made.cpu_seconds} s of processor time, {made.peak_megabytes} MB at most"
        )


def _submission(text: str) -> Submission:
    try:
        return Submission.objects.select_related("assessment").get(pk=UUID(text))
    except (ValueError, Submission.DoesNotExist) as error:
        raise CommandError(
            f"No submission has the id {text!r}. The address of its page ends with the id."
        ) from error
