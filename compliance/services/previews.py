"""Asking for a preview of the report, while an assessment is still being written."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions, tasks
from compliance.errors import TransitionNotAllowed
from compliance.models import Assessment, Membership, Preview, Report
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.package import frozen_content
from compliance.selectors.submission import earlier_figures
from compliance.services.reports import require_known

QUEUED = (Report.Status.REQUESTED, Report.Status.RENDERING)


def request_preview(*, assessment: Assessment, kind: str, lang: str, by: Membership) -> Preview:
    """A preview of the draft as it stands; while one is being made, that one."""
    permissions.require(by, "preview_report", assessment)
    require_known(kind, lang)
    if not assessment.is_editable:
        raise TransitionNotAllowed(
            _("A preview shows a draft. This assessment is submitted: ask for its report instead.")
        )
    waiting = Preview.objects.filter(
        assessment=assessment, kind=kind, lang=lang, requested_by=by.user, status__in=QUEUED
    ).first()
    if waiting is not None:
        return waiting
    now = clock.now()
    content = frozen_content(evaluation_of(assessment), number=0, submitted_at=now, attestation={})
    review = {
        "state": "draft",
        "round": 0,
        "determinations": {},
        "findings": [],
        "decision": None,
        "actions": [],
        "earlier": earlier_figures(assessment),
    }
    with transaction.atomic():
        preview = Preview.objects.create(
            assessment=assessment,
            kind=kind,
            lang=lang,
            content=content,
            review=review,
            requested_by=by.user,
            requested_at=now,
        )
        audit.record(
            by,
            "preview.requested",
            preview,
            assessment=assessment,
            after={"kind": kind, "lang": lang},
        )
        transaction.on_commit(partial(tasks.ask_for_preview, preview.pk), robust=True)
    return preview
