"""Everything that is stored."""

from compliance.models.assessments import Answer, Assessment
from compliance.models.audit import AuditEvent
from compliance.models.evidence import Evidence, EvidenceUse
from compliance.models.firms import Firm, Membership, Role
from compliance.models.idempotency import KeptReply
from compliance.models.invitations import Invitation
from compliance.models.people import User
from compliance.models.reports import Report
from compliance.models.review import Attestation, Determination, Finding, Submission
from compliance.models.teamwork import Comment, Delegation, DiscussionMark, Presence
from compliance.models.tokens import AccessToken, Scope

__all__ = [
    "AccessToken",
    "Answer",
    "Assessment",
    "Attestation",
    "AuditEvent",
    "Comment",
    "Delegation",
    "Determination",
    "DiscussionMark",
    "Evidence",
    "EvidenceUse",
    "Finding",
    "Firm",
    "Invitation",
    "KeptReply",
    "Membership",
    "Presence",
    "Report",
    "Role",
    "Scope",
    "Submission",
    "User",
]
