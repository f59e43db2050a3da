"""Everything that is stored."""

from compliance.models.assessments import Answer, Assessment
from compliance.models.audit import AuditEvent
from compliance.models.evidence import Evidence, EvidenceUse
from compliance.models.firms import Firm, Membership, Role
from compliance.models.people import User
from compliance.models.reports import Report
from compliance.models.review import Attestation, Determination, Finding, Submission

__all__ = [
    "Answer",
    "Assessment",
    "Attestation",
    "AuditEvent",
    "Determination",
    "Evidence",
    "EvidenceUse",
    "Finding",
    "Firm",
    "Membership",
    "Report",
    "Role",
    "Submission",
    "User",
]
