"""Nobody judges their own work: asked before every write of an officer."""

from __future__ import annotations

from django.utils.translation import gettext as _

from compliance.errors import NotPermitted
from compliance.models import Assessment, AuditEvent, Membership, Submission

# Who did one of these has worked for the firm under review.
THE_FIRMS_WORK = (
    "facts.saved",
    "answer.saved",
    "answer.confirmed",
    "evidence.attached",
    "assessment.submitted",
    "question.answered",
    "corrective_action.added",
    "corrective_action.updated",
    "corrective_action.started",
    "corrective_action.evidence_added",
    "corrective_action.finished",
)


def require_other_eyes(assessment: Assessment, by: Membership) -> None:
    """Refuse whoever answered, attested or did the work, whatever their role is today."""
    user = by.user
    # An answer remembers its last writer alone, the trail every one; what was carried over from
    # an earlier assessment stands in the answer only.
    if (
        Submission.objects.filter(assessment=assessment, submitted_by=user).exists()
        or assessment.answers.filter(updated_by=user).exists()
        or AuditEvent.objects.filter(
            assessment=assessment, actor=user, action__in=THE_FIRMS_WORK
        ).exists()
    ):
        raise NotPermitted(
            _("You answered or attested this yourself. Another officer has to review it.")
        )
