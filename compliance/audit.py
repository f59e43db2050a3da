"""`record()`: the only writer of the audit trail, and the sentences people read there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance import chain, clock, guards
from compliance.models import Assessment, AuditEvent, AuditHead, Firm, Membership

SENTENCES: dict[str, Promise] = {
    "firm.registered": _("registered the firm"),
    "firm.naming_changed": _("changed whether the public check of a report names the firm"),
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
    "assessment.withdrawn": _("withdrew the submission"),
    "assessment.archived": _("archived the assessment"),
    "assessment.renamed": _("renamed the assessment"),
    "assessment.edition_moved": _("moved the assessment to a newer edition of the rules"),
    "assessment.edition_move_undone": _("undid the move to a newer edition"),
    "facts.saved": _("changed facts"),
    "answer.saved": _("answered"),
    "answer.confirmed": _("confirmed what was carried over"),
    "delegation.set": _("delegated"),
    "delegation.withdrawn": _("took a delegation back"),
    "comment.added": _("commented"),
    "comment.edited": _("changed a comment"),
    "comment.removed": _("took a comment back"),
    "comment.restored": _("put a comment back"),
    "discussion.asked": _("marked as “needs discussion”"),
    "discussion.resolved": _("resolved a discussion"),
    "evidence.added": _("added evidence to the library"),
    "evidence.edited": _("corrected evidence"),
    "evidence.replaced": _("replaced evidence with a newer version"),
    "evidence.removed": _("removed evidence from the library"),
    "evidence.attached": _("attached evidence"),
    "evidence.detached": _("took evidence away"),
    "workbook.applied": _("applied a workbook"),
    "determination.recorded": _("determined an outcome"),
    "finding.raised": _("raised a finding"),
    "question.asked": _("asked the firm a question"),
    "question.answered": _("answered the officer’s question"),
    "review.assigned": _("handed the review to an officer"),
    "corrective_action.opened": _("opened a corrective action"),
    "corrective_action.added": _("took on a corrective action"),
    "corrective_action.updated": _("changed a corrective action"),
    "corrective_action.extended": _("moved the deadline of a corrective action"),
    "corrective_action.evidence_added": _("added closing evidence"),
    "corrective_action.evidence_removed": _("took closing evidence away"),
    "corrective_action.started": _("started a corrective action"),
    "corrective_action.finished": _("reported a corrective action as done"),
    "corrective_action.verified": _("verified a corrective action"),
    "corrective_action.reopened": _("reopened a corrective action"),
    "report.requested": _("asked for a report"),
    "preview.requested": _("asked for a preview of the report"),
    "report.ready": _("made the report"),
    "report.cancelled": _("cancelled a report"),
    "report.failed": _("could not make the report"),
    "token.issued": _("made an access token"),
    "token.revoked": _("revoked an access token"),
    "webhook.added": _("added a webhook"),
    "webhook.paused": _("paused a webhook"),
    "webhook.resumed": _("let a webhook go on"),
    "webhook.stopped": _("paused a webhook after many failures"),
    "webhook.replayed": _("sent a message of a webhook again"),
    "webhook.removed": _("removed a webhook"),
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
        before=chain.plain_json(before),
        after=chain.plain_json(after),
    )


def record(by: Membership | None, action: str, subject: models.Model, **details: Any) -> AuditEvent:
    """Write one event at the end of its firm's chain, inside the caller's transaction."""
    written = event(by, action, subject, **details)
    record_all([written])
    return written


def record_all(events: Iterable[AuditEvent]) -> None:
    """Write several events at the end of their firms' chains, in one statement for each firm."""
    of_firm: dict[UUID, list[AuditEvent]] = defaultdict(list)
    for new in events:
        of_firm[new.firm_id].append(new)
    with transaction.atomic(savepoint=False):
        for firm_id, own in sorted(of_firm.items()):
            head = _held_head(firm_id)
            for new in own:
                new.sequence, new.previous_hash = head.sequence + 1, head.hash
                new.hash = chain.seal([getattr(new, name) for name in chain.SEALED])
                # Only in memory: the database moves the head itself with every event it takes.
                head.sequence, head.hash = new.sequence, new.hash
            AuditEvent.objects.bulk_create(own)


def head_as_json(last: AuditEvent | AuditHead) -> dict[str, Any]:
    """The end of a trail as a report keeps and prints it."""
    return {"sequence": last.sequence, "hash": last.hash}


def remove_trail(firm: Firm) -> None:
    """Take away all that was recorded of a firm, for a firm that goes with everything it has."""
    with guards.lifted():
        # The model's own querysets refuse.
        models.QuerySet(AuditEvent).filter(firm=firm).delete()
        models.QuerySet(AuditHead).filter(firm=firm).delete()


def _held_head(firm_id: UUID) -> AuditHead:
    """The end of the firm's chain, held until the transaction ends: one writer at a time."""
    heads = AuditHead.objects.select_for_update().filter(firm_id=firm_id)
    head = heads.first()
    if head is None:
        AuditHead.objects.bulk_create([AuditHead(firm_id=firm_id)], ignore_conflicts=True)
        head = heads.get()
    return head
