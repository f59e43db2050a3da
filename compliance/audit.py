"""`record()`: the only writer of the audit trail, and the sentences people read there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance import clock
from compliance.models import Assessment, AuditEvent, Firm, Membership

SENTENCES: dict[str, Promise] = {
    "firm.registered": _("registered the firm"),
    "member.added": _("added a member"),
    "member.joined": _("joined the firm by an invitation"),
    "member.role_changed": _("changed a member’s role"),
    "member.removed": _("took a member out of the firm"),
    "invitation.sent": _("invited somebody into the firm"),
    "invitation.resent": _("sent an invitation again"),
    "invitation.revoked": _("took an invitation back"),
    "assessment.started": _("started the assessment"),
    "assessment.submitted": _("attested and submitted the assessment"),
    "assessment.returned": _("returned the assessment to the firm"),
    "assessment.accepted": _("accepted the assessment"),
    "assessment.archived": _("archived the assessment"),
    "facts.saved": _("changed facts"),
    "assessment.withdrawn": _("withdrew the submission"),
    "answer.saved": _("answered"),
    "answer.confirmed": _("confirmed what was carried over"),
    "delegation.set": _("delegated"),
    "delegation.withdrawn": _("took a delegation back"),
    "comment.added": _("commented"),
    "comment.edited": _("changed a comment"),
    "comment.removed": _("took a comment back"),
    "discussion.asked": _("marked as “needs discussion”"),
    "discussion.resolved": _("resolved a discussion"),
    "evidence.added": _("added evidence to the library"),
    "evidence.edited": _("corrected evidence"),
    "evidence.replaced": _("replaced evidence with a newer version"),
    "evidence.removed": _("removed evidence from the library"),
    "evidence.attached": _("attached evidence"),
    "evidence.detached": _("took evidence away"),
    "determination.recorded": _("determined an outcome"),
    "finding.raised": _("raised a finding"),
    "report.requested": _("asked for a report"),
    "report.ready": _("made the report"),
    "question.asked": _("asked the firm a question"),
    "question.answered": _("answered the officer’s question"),
    "review.assigned": _("handed the review to an officer"),
    "corrective_action.opened": _("opened a corrective action"),
    "corrective_action.updated": _("changed a corrective action"),
    "corrective_action.extended": _("moved the deadline of a corrective action"),
    "corrective_action.evidence_added": _("added closing evidence"),
    "corrective_action.evidence_removed": _("took closing evidence away"),
    "corrective_action.started": _("started a corrective action"),
    "corrective_action.finished": _("reported a corrective action as done"),
    "corrective_action.verified": _("verified a corrective action"),
    "corrective_action.reopened": _("reopened a corrective action"),
    "report.failed": _("could not make the report"),
}


def event(
    by: Membership | None,
    action: str,
    subject: models.Model,
    *,
    firm: Firm | None = None,
    assessment: Assessment | None = None,
    requirement: str = "",
    before: Any = None,
    after: Any = None,
) -> AuditEvent:
    """An event not stored yet; `by=None` is the system itself."""
    if action not in SENTENCES:
        raise KeyError(action)
    if firm is None:
        if by is None:
            raise TypeError("An event of the system names the firm.")
        firm = by.firm
    return AuditEvent(
        firm=firm,
        assessment=assessment,
        requirement=requirement,
        at=clock.now(),
        actor=by.user if by else None,
        actor_name=str(by.user)[:120] if by else "Tianheng",
        action=action,
        subject=f"{subject._meta.model_name}:{subject.pk}",
        before=before,
        after=after,
    )


def record(by: Membership | None, action: str, subject: models.Model, **details: Any) -> AuditEvent:
    """Write one event, inside the caller's transaction."""
    written = event(by, action, subject, **details)
    written.save(force_insert=True)
    return written


def record_all(events: Iterable[AuditEvent]) -> None:
    """Write several events in one statement."""
    AuditEvent.objects.bulk_create(events)
