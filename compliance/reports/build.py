"""The report's row as a job: take it, render it, store the file, record it. Only here is the ORM.

A worker can die at any line, and two can hold the same row. So a row is taken by a guarded update
that hands out a lease and a number, the fence; whoever comes back with an older fence is too late:
nothing of it is kept.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from compliance import audit, clock, workflow
from compliance.models import Report, SigningCertificate
from compliance.reports import signing
from compliance.reports.process import Job, Made, RenderFailed, render_in_child

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
LEASE_MARGIN = timedelta(seconds=30)  # beyond the longest render: to store the file
HEARD_AFTER = timedelta(seconds=15)  # a message that was not lost has been heard by then
ASK_AGAIN_AFTER = timedelta(seconds=60)
MAX_PER_SWEEP = 50
FOLDER_PREFIX = "tianheng-report-"
# After a failed attempt: a failure that lasts a moment is over by then, and others come first.
WAIT_AFTER = {1: timedelta(seconds=10), 2: timedelta(seconds=60)}  # by number of attempts
STORAGE_FULL, STORAGE_BROKEN, NOT_SIGNED = "storage_full", "storage_broken", "not_signed"
_FULL = {errno.ENOSPC, errno.EDQUOT}

REASONS: Mapping[str, Promise] = {
    RenderFailed.TOO_LONG: _(
        "Making the report took longer than it may. Ask for the summary, or shorten very long "
        "notes, and try again."
    ),
    RenderFailed.TOO_LARGE: _(
        "The report needed more memory than it may use. Ask for the summary, or shorten very "
        "long notes, and try again."
    ),
    RenderFailed.STOPPED: _(
        "Making the report stopped unexpectedly. Try again; if it happens again, tell the "
        "operator the report's code."
    ),
    NOT_SIGNED: _(
        "The report was made, but could not be signed. Tell the operator, then try again."
    ),
    STORAGE_FULL: _(
        "The report was made, but the storage is full. Tell the operator, then try again."
    ),
    STORAGE_BROKEN: _(
        "The report was made, but could not be stored. Tell the operator, then try again."
    ),
}


@dataclass(frozen=True)
class Taken:
    """A report that this process alone may finish, as long as the fence is the row's."""

    report: Report
    fence: int


class TakenOver(Exception):
    """Another process holds the row now, or nobody wants it; what is done here counts no more."""


def build_report(report_id: UUID | str) -> None:
    """Make the report, once, however often and in how many processes this is called."""
    taken = take(report_id)
    if taken is None:
        return
    try:
        _build(taken)
    except TakenOver:
        log.warning("report %s: attempt %s was overtaken", report_id, taken.fence)
    except RenderFailed as error:
        log.error("report %s: attempt %s failed, %s", report_id, taken.fence, error)
        give_back(taken, error.kind)
    except Exception:
        log.exception("report %s: attempt %s failed", report_id, taken.fence)
        give_back(taken, RenderFailed.STOPPED)


def take(report_id: UUID | str) -> Taken | None:
    """Take a waiting report, or one whose holder is gone; None when there is nothing to do."""
    lease = timedelta(seconds=settings.REPORT_SECONDS) + LEASE_MARGIN
    free = Q(status=Report.Status.REQUESTED) | Q(
        status=Report.Status.RENDERING, lease_until__lt=Now()
    )
    won = Report.objects.filter(free, pk=report_id, attempts__lt=MAX_ATTEMPTS).update(
        status=after("take_report"),
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=Now() + lease,
        progress=5,
        step="loading",
        error="",
    )
    if won != 1:
        return None
    report = Report.objects.select_related("submission__assessment__firm").get(pk=report_id)
    return Taken(report, report.fence)


def _build(taken: Taken) -> None:
    report = taken.report
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        output = Path(folder) / "report.pdf"
        made = render_in_child(
            job_of(report),
            output,
            lambda step, percent: note_progress(taken, step, percent),
            lambda: require_held(taken),
        )
        note_progress(taken, "signing", 90)
        try:
            # Here and not in the child, which is told no secret.
            who = signing.identity()
            pdf = signing.signed(output.read_bytes(), who, report.requested_at)
        except signing.SigningFailed:
            log.exception("report %s: could not be signed", report.pk)
            give_back(taken, NOT_SIGNED)
            return
    note_progress(taken, "storing", 95)
    try:
        # The fence is part of the name: an overtaken process removes its own file only.
        name = _storage().save(_file_name(taken, taken.fence), ContentFile(pdf))
    except OSError as error:
        log.exception("report %s: could not be stored", report.pk)
        give_back(taken, STORAGE_FULL if error.errno in _FULL else STORAGE_BROKEN)
        return
    made = replace(made, size=len(pdf), sha256=hashlib.sha256(pdf).hexdigest())
    if not finish(taken, made, name, who):
        _storage().delete(name)
        raise TakenOver
    # Whoever was killed between storing and finishing left a file that no row knows.
    for fence in range(1, taken.fence):
        _storage().delete(_file_name(taken, fence))


def job_of(report: Report) -> Job:
    """What the child is told of a report."""
    submission = report.submission
    return Job(
        content=submission.content,
        review=report.review,
        kind=report.kind,
        lang=report.lang,
        code=report.code,
        digest=submission.digest,
        issued_at=report.requested_at,
    )


def after(action: str) -> str:
    """The status an action of the queue leads to, by the one table."""
    return workflow.REPORT_TRANSITIONS[action].target


def _storage() -> Storage:
    field = Report._meta.get_field("file")
    assert isinstance(field, models.FileField)
    return field.storage


def _file_name(taken: Taken, fence: int) -> str:
    report = taken.report
    return f"reports/{report.requested_at:%Y/%m}/{report.pk}-{fence}.pdf"


def _held(taken: Taken) -> models.QuerySet[Report]:
    return Report.objects.filter(
        pk=taken.report.pk, fence=taken.fence, status=Report.Status.RENDERING
    )


def note_progress(taken: Taken, step: str, percent: int) -> None:
    """Show how far it is; raises TakenOver when the row is not this process's any more."""
    if _held(taken).update(step=step, progress=percent) != 1:
        raise TakenOver


def require_held(taken: Taken) -> None:
    """Raises TakenOver when the row is not this process's any more."""
    if not _held(taken).exists():
        raise TakenOver


def finish(taken: Taken, made: Made, name: str, who: signing.Identity) -> bool:
    """Keep the file, if the row is still this process's; False when it came too late."""
    with transaction.atomic():
        certificate, _is_new = SigningCertificate.objects.get_or_create(
            fingerprint=who.fingerprint,
            defaults={
                "subject": who.subject[:200],
                "pem": who.pem,
                "valid_from": who.certificate.not_valid_before_utc,
                "valid_until": who.certificate.not_valid_after_utc,
                "first_used_at": clock.now(),
            },
        )
        kept = _held(taken).update(
            status=after("finish_report"),
            certificate=certificate,
            progress=100,
            step="",
            lease_until=None,
            file=name,
            sha256=made.sha256,
            pages=made.pages,
            size=made.size,
            finished_at=clock.now(),
        )
        if kept == 1:
            told = {"sha256": made.sha256, "pages": made.pages, "certificate": who.fingerprint}
            _record(taken.report, "report.ready", told)
    return kept == 1


def give_back(taken: Taken, reason: str) -> None:
    """After a failed attempt: back into the queue, or failed for good after the last one."""
    if taken.report.attempts >= MAX_ATTEMPTS:
        fail(_held(taken), taken.report, reason)
        return
    # The sweep asks for it again, behind those that wait now: it does not hold them up.
    _held(taken).update(
        status=after("give_back_report"),
        lease_until=Now() + WAIT_AFTER[taken.report.attempts],
        queued_at=Now(),
        progress=0,
        step="",
    )


def sentence_of(reason: str, lang: str) -> str:
    """Why it could not be made, in the report's language; in English where it has two."""
    with override("en" if lang == Report.Language.BOTH else lang):
        return str(REASONS[reason])


def fail(rows: models.QuerySet[Report], report: Report, reason: str) -> None:
    """Say for good that the report cannot be made, and why, if the row is still in that state."""
    sentence = sentence_of(reason, report.lang)
    with transaction.atomic():
        changed = rows.update(
            status=after("fail_report"),
            lease_until=None,
            step="",
            error=sentence,
            finished_at=clock.now(),
        )
        if changed == 1:
            _record(report, "report.failed", {"reason": reason})


def _record(report: Report, action: str, after: dict[str, Any]) -> None:
    assessment = report.submission.assessment
    audit.record(None, action, report, firm=assessment.firm, assessment=assessment, after=after)


def remove_left_folders() -> None:
    """Remove what renders left behind whose worker was killed: no holder is that late."""
    lease = timedelta(seconds=settings.REPORT_SECONDS) + LEASE_MARGIN
    oldest = time.time() - 2 * lease.total_seconds()
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(FileNotFoundError):  # its holder has just finished
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)


def waiting_reports() -> list[UUID]:
    """The reports nobody is making though somebody should: to be asked for again.

    A row that is out of attempts fails here, because no worker will take it any more.
    """
    lost = Q(status=Report.Status.RENDERING, lease_until__lt=Now())
    for report in (
        Report.objects.filter(lost, attempts__gte=MAX_ATTEMPTS)
        .select_related("submission__assessment__firm")
        .defer("submission__content", "review")
        .order_by("requested_at")[:MAX_PER_SWEEP]
    ):
        rows = Report.objects.filter(lost, pk=report.pk, fence=report.fence)
        fail(rows, report, RenderFailed.STOPPED)
    unheard = Q(
        Q(lease_until__isnull=True) | Q(lease_until__lt=Now()),
        status=Report.Status.REQUESTED,
        requested_at__lt=Now() - HEARD_AFTER,
    )
    found = list(
        Report.objects.filter(lost | unheard, attempts__lt=MAX_ATTEMPTS)
        .order_by("requested_at")
        .values_list("pk", flat=True)[:MAX_PER_SWEEP]
    )
    # Not again with the next sweep: a long queue would drown in messages about itself.
    Report.objects.filter(pk__in=found, status=Report.Status.REQUESTED).update(
        lease_until=Now() + ASK_AGAIN_AFTER
    )
    return found
