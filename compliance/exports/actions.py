"""Corrective actions for other programs: a spreadsheet, and OSCAL's plan of action (POA&M)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from checklists.engine.oscal import NAMESPACE, OSCAL_VERSION, stable_uuid
from compliance.models import CorrectiveAction, Firm
from compliance.selectors.corrective_actions import in_lang, title_of

Json = dict[str, Any]
WIDTHS = (10, 46, 44, 12, 46, 22, 14, 12, 12, 16, 18, 46, 34, 34)
# OSCAL's words for where a risk stands; between the two an officer has to look.
RISK_STATES = {"open": "open", "in_progress": "remediating", "reopened": "open"}
RISK_STATES |= {"done": "closed-pending-verification", "verified": "closed"}


def actions_xlsx(actions: Sequence[CorrectiveAction], lang: str) -> bytes:
    """One line per action. Every cell is a string: what begins with "=" stays text."""
    head = (
        _("Number"),
        _("Action"),
        _("Requirement"),
        _("Severity"),
        _("What is missing"),
        _("Owner"),
        _("State"),
        _("Due on"),
        _("Deadline"),
        _("Cost"),
        _("Assessment"),
        _("Milestones"),
        _("The firm reported"),
        _("The officer’s comment"),
    )
    output = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(output, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(_("Corrective actions")[:31])
        sheet.freeze_panes(1, 2)
        for column, (title, width) in enumerate(zip(head, WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, bold)
        for row, action in enumerate(actions, start=1):
            for column, text in enumerate(_cells(action, lang)):
                sheet.write_string(row, column, text[:32_767], wrapped)
        sheet.autofilter(0, 0, max(len(actions), 1), len(head) - 1)
    return output.getvalue()


def _cells(action: CorrectiveAction, lang: str) -> tuple[str, ...]:
    cost = "" if action.cost is None else f"{action.cost} {action.currency}"
    steps = [
        f"{step.title} · {step.due_on or '–'} → {step.done_on or '–'}"
        for step in action.milestones.all()
    ]
    return (
        action.label,
        title_of(action, lang),
        in_lang(action.requirement_title, lang),
        action.get_severity_display(),
        action.missing,
        str(action.owner or ""),
        action.get_status_display(),
        action.due_on.isoformat(),
        _officers_day(action).isoformat(),
        cost,
        action.assessment.title,
        "\n".join(steps),
        action.closing_note,
        action.officer_comment,
    )


def actions_poam(
    firm: Firm, actions: Sequence[CorrectiveAction], *, lang: str, at: datetime
) -> Json:
    """The firm's actions as an OSCAL plan of action and milestones; its ids never change."""
    owners = {action.owner_id: str(action.owner) for action in actions if action.owner}
    metadata: Json = {
        "title": _("Corrective actions of %(firm)s") % {"firm": firm.name},
        "last-modified": at.isoformat(),
        "version": at.date().isoformat(),
        "oscal-version": OSCAL_VERSION,
    }
    if owners:
        metadata["roles"] = [{"id": "owner", "title": _("Owner")}]
        metadata["parties"] = [
            {"uuid": str(key), "type": "person", "name": name} for key, name in owners.items()
        ]
    plan: Json = {
        "uuid": stable_uuid("poam", str(firm.pk)),
        "metadata": metadata,
        "system-id": {"identifier-type": NAMESPACE, "id": str(firm.pk)},
    }
    if actions:
        plan["risks"] = [_risk(action, lang) for action in actions]
    plan["poam-items"] = [_item(action, lang) for action in actions] or [_nothing()]
    return {"plan-of-action-and-milestones": plan}


def _risk(action: CorrectiveAction, lang: str) -> Json:
    tasks = [_task(action, step.pk, step.title, step.due_on) for step in action.milestones.all()]
    tasks = tasks or [_task(action, "deadline", title_of(action, lang), action.due_on)]
    return {
        "uuid": _risk_id(action),
        "title": in_lang(action.requirement_title, lang) or action.requirement,
        "description": action.missing or title_of(action, lang),
        "statement": action.missing or title_of(action, lang),
        "props": [
            _prop("requirement", action.requirement),
            _prop("severity", action.severity),
            _prop("finding" if action.finding_id else "own-action", action.label),
        ],
        "status": RISK_STATES[action.status],
        "deadline": _instant(_officers_day(action)),
        "remediations": [
            {
                "uuid": stable_uuid("poam-response", str(action.pk)),
                "lifecycle": "completed" if action.status == "verified" else "planned",
                "title": title_of(action, lang),
                "description": action.plan or title_of(action, lang),
                "tasks": tasks,
            }
        ],
    }


def _task(action: CorrectiveAction, key: object, title: str, due_on: date | None) -> Json:
    task: Json = {
        "uuid": stable_uuid("poam-task", str(action.pk), str(key)),
        "type": "milestone",
        "title": title,
        "timing": {"on-date": {"date": _instant(due_on or action.due_on)}},
    }
    if action.owner_id:
        task["responsible-roles"] = [{"role-id": "owner", "party-uuids": [str(action.owner_id)]}]
    return task


def _item(action: CorrectiveAction, lang: str) -> Json:
    props = [_prop("status", action.status), _prop("due-on", action.due_on.isoformat())]
    if action.cost is not None:
        props.append(_prop("cost", f"{action.cost} {action.currency}"))
    item: Json = {
        "uuid": str(action.pk),
        "title": title_of(action, lang),
        "description": action.plan or action.missing or title_of(action, lang),
        "props": props,
        "related-risks": [{"risk-uuid": _risk_id(action)}],
    }
    said = [text for text in (action.closing_note, action.officer_comment) if text]
    return {**item, "remarks": "\n\n".join(said)} if said else item


def _nothing() -> Json:
    """OSCAL wants one item at least."""
    words = _("No corrective action.")
    return {"title": words, "description": words}


def _risk_id(action: CorrectiveAction) -> str:
    return stable_uuid("poam-risk", str(action.pk))


def _officers_day(action: CorrectiveAction) -> date:
    """The day the officer set; the firm's own where it acts by itself."""
    return action.finding.due_on if action.finding else action.due_on


def _prop(name: str, value: str) -> Mapping[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": value}


def _instant(day: date) -> str:
    return datetime.combine(day, time.min, tzinfo=UTC).isoformat()
