"""Who may do what: role × action."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from compliance import workflow
from compliance.errors import NotPermitted
from compliance.models import Assessment, Firm, Membership, Role

_READERS = frozenset({Role.VIEWER, Role.CONTRIBUTOR, Role.MANAGER, Role.OFFICER})
_WRITERS = frozenset({Role.CONTRIBUTOR, Role.MANAGER})
_MANAGER = frozenset({Role.MANAGER})
_OFFICER = frozenset({Role.OFFICER})

ALLOWED: dict[str, frozenset[Role]] = {
    "read": _READERS,
    "download_evidence": _READERS,
    "request_report": _READERS,
    "preview_report": _WRITERS,
    "answer": _WRITERS,
    "attach_evidence": _WRITERS,
    "discuss": _WRITERS,
    "delegate": _MANAGER,
    "start_assessment": _MANAGER,
    "rename": _MANAGER,
    "save_facts": _MANAGER,
    "move_edition": _MANAGER,
    "invite": _MANAGER,
    "name_in_checks": _MANAGER,
    "manage_webhooks": _MANAGER,
    "answer_question": _WRITERS,
    "add_action": _WRITERS,
    "update_action": _WRITERS,
    "determine": _OFFICER,
    "raise_finding": _OFFICER,
    "ask_question": _OFFICER,
    "assign_review": _OFFICER,
    "extend_action": _OFFICER,
    "read_trail": _MANAGER | _OFFICER,  # of the whole firm; an assessment's own is everybody's
    **workflow.ROLES,  # what changes a status: one table says both from where and whose it is
}


def may(member: Membership, action: str) -> bool:
    """Whether this role allows the action; the status is the workflow's question."""
    return Role(member.role) in ALLOWED[action]


def require(member: Membership, action: str, where: Firm | Assessment | None = None) -> None:
    """Refuse, naming the roles that may; a role counts in its own firm alone."""
    if where is not None and member.firm_id != _firm_id(where):
        raise NotPermitted(_("This belongs to another firm. Sign in as a member of that firm."))
    if not may(member, action):
        roles = ", ".join(str(Role(role).label) for role in sorted(ALLOWED[action]))
        raise NotPermitted(
            _("You are %(role)s in %(firm)s. This needs: %(roles)s. Ask a manager of the firm.")
            % {"role": Role(member.role).label, "firm": member.firm.name, "roles": roles}
        )


def _firm_id(where: Firm | Assessment) -> UUID:
    return where.pk if isinstance(where, Firm) else where.firm_id
