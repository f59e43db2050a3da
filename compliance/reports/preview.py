"""The preview of a draft as a job: rendered like a report, but neither signed nor kept for long.

The row is taken, held and given back as a report's is; see `build`.
"""

from __future__ import annotations

import logging
import tempfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from compliance import clock
from compliance.canonical import digest_of
from compliance.models import Preview, Report
from compliance.reports.build import (
    ASK_AGAIN_AFTER,
    FOLDER_PREFIX,
    HEARD_AFTER,
    LEASE_MARGIN,
    MAX_ATTEMPTS,
    MAX_PER_SWEEP,
    STORAGE_BROKEN,
    TakenOver,
    after,
    sentence_of,
)
from compliance.reports.process import Job, Made, RenderFailed, render_in_child

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)


def build_preview(preview_id: UUID | str) -> None:
    """Make the preview, once, however often and in how many processes this is called."""
    preview = _take(preview_id)
    if preview is None:
        return
    try:
        _build(preview)
    except TakenOver:
        log.warning("preview %s: attempt %s was overtaken", preview_id, preview.fence)
    except RenderFailed as error:
        log.error("preview %s: attempt %s failed, %s", preview_id, preview.fence, error)
        _give_back(preview, error.kind)
    except Exception:
        log.exception("preview %s: attempt %s failed", preview_id, preview.fence)
        _give_back(preview, RenderFailed.STOPPED)


def _take(preview_id: UUID | str) -> Preview | None:
    lease = timedelta(seconds=settings.REPORT_SECONDS) + LEASE_MARGIN
    free = Q(status=Report.Status.REQUESTED) | Q(
        status=Report.Status.RENDERING, lease_until__lt=Now()
    )
    won = Preview.objects.filter(free, pk=preview_id, attempts__lt=MAX_ATTEMPTS).update(
        status=after("take_report"),
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=Now() + lease,
        progress=5,
        step="loading",
    )
    return Preview.objects.get(pk=preview_id) if won == 1 else None


def _held(preview: Preview) -> models.QuerySet[Preview]:
    return Preview.objects.filter(
        pk=preview.pk, fence=preview.fence, status=Report.Status.RENDERING
    )


def _build(preview: Preview) -> None:
    def say(step: str, percent: int) -> None:
        if _held(preview).update(step=step, progress=percent) != 1:
            raise TakenOver

    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        output = Path(folder) / "preview.pdf"
        made = render_in_child(job_of(preview), output, say)
        say("storing", 95)
        try:
            with output.open("rb") as pdf:
                name = _storage().save(f"previews/{preview.pk}-{preview.fence}.pdf", File(pdf))
        except OSError:
            log.exception("preview %s: could not be stored", preview.pk)
            _give_back(preview, STORAGE_BROKEN)
            return
    if not _finish(preview, made, name):
        _storage().delete(name)
        raise TakenOver


def job_of(preview: Preview) -> Job:
    """What the child is told of a preview: no code, for there is nothing to check."""
    return Job(
        content=preview.content,
        review=preview.review,
        kind=preview.kind,
        lang=preview.lang,
        code="",
        digest=digest_of(preview.content),
        issued_at=preview.requested_at,
    )


def _storage() -> Storage:
    field = Preview._meta.get_field("file")
    assert isinstance(field, models.FileField)
    return field.storage


def _finish(preview: Preview, made: Made, name: str) -> bool:
    kept = _held(preview).update(
        status=after("finish_report"),
        progress=100,
        step="",
        lease_until=None,
        file=name,
        pages=made.pages,
        size=made.size,
    )
    return kept == 1


def _give_back(preview: Preview, reason: str) -> None:
    if preview.attempts < MAX_ATTEMPTS:
        _held(preview).update(
            status=after("give_back_report"), lease_until=None, progress=0, step=""
        )
        return
    _fail(_held(preview), preview.lang, reason)


def _fail(rows: models.QuerySet[Preview], lang: str, reason: str) -> None:
    rows.update(
        status=after("fail_report"), lease_until=None, step="", error=sentence_of(reason, lang)
    )


def waiting_previews() -> list[UUID]:
    """The previews nobody is making though somebody should: to be asked for again."""
    lost = Q(status=Report.Status.RENDERING, lease_until__lt=Now())
    for preview in Preview.objects.filter(lost, attempts__gte=MAX_ATTEMPTS)[:MAX_PER_SWEEP]:
        rows = Preview.objects.filter(lost, pk=preview.pk, fence=preview.fence)
        _fail(rows, preview.lang, RenderFailed.STOPPED)
    unheard = Q(
        Q(lease_until__isnull=True) | Q(lease_until__lt=Now()),
        status=Report.Status.REQUESTED,
        requested_at__lt=Now() - HEARD_AFTER,
    )
    found = list(
        Preview.objects.filter(lost | unheard, attempts__lt=MAX_ATTEMPTS)
        .order_by("requested_at")
        .values_list("pk", flat=True)[:MAX_PER_SWEEP]
    )
    Preview.objects.filter(pk__in=found, status=Report.Status.REQUESTED).update(
        lease_until=Now() + ASK_AGAIN_AFTER
    )
    return found


def forget_previews() -> None:
    """Remove previews of yesterday with their files: what they show was never submitted."""
    old = Preview.objects.filter(requested_at__lt=clock.now() - KEPT).only("pk", "file")
    for preview in old[:MAX_PER_SWEEP]:
        if preview.file:
            _storage().delete(preview.file.name or "")
        Preview.objects.filter(pk=preview.pk).delete()
