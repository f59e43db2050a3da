"""Everything that is stored."""

from compliance.models.assessments import Answer, Assessment
from compliance.models.audit import AuditEvent, AuditHead
from compliance.models.corrective_actions import ClosingEvidence, CorrectiveAction, Milestone
from compliance.models.editions import CatalogueEdition, EditionMove
from compliance.models.evidence import Evidence, EvidenceUse
from compliance.models.firms import Firm, Membership, Role
from compliance.models.idempotency import KeptReply
from compliance.models.invitations import Invitation
from compliance.models.notices import (
    EmailOutbox,
    NoticeCursor,
    Notification,
    NotificationPreference,
)
from compliance.models.people import User
from compliance.models.previews import Preview
from compliance.models.queue import QueueEntry
from compliance.models.reports import Report
from compliance.models.review import Attestation, Determination, Finding, Question, Submission
from compliance.models.signing import SigningCertificate
from compliance.models.teamwork import Comment, Delegation, DiscussionMark, Presence
from compliance.models.tokens import AccessToken, Scope
from compliance.models.webhooks import Webhook, WebhookDelivery
from compliance.models.workbooks import WorkbookUpload

__all__ = [
    "AccessToken",
    "Answer",
    "Assessment",
    "Attestation",
    "AuditEvent",
    "AuditHead",
    "CatalogueEdition",
    "ClosingEvidence",
    "Comment",
    "CorrectiveAction",
    "Delegation",
    "Determination",
    "DiscussionMark",
    "EditionMove",
    "EmailOutbox",
    "Evidence",
    "EvidenceUse",
    "Finding",
    "Firm",
    "Invitation",
    "KeptReply",
    "Membership",
    "Milestone",
    "NoticeCursor",
    "Notification",
    "NotificationPreference",
    "Presence",
    "Preview",
    "Question",
    "QueueEntry",
    "Report",
    "Role",
    "Scope",
    "SigningCertificate",
    "Submission",
    "User",
    "Webhook",
    "WebhookDelivery",
    "WorkbookUpload",
]
