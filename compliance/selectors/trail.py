"""The audit trail as sentences people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checklists import Catalogue, InvalidValue, parse_answer
from checklists.engine.wording import fact_value
from compliance import audit
from compliance.models import Assessment, AuditEvent
from compliance.selectors.evaluation import typed_facts
from compliance.selectors.package import answer_shown

OUTCOME_WORDS = {
    "met": gettext_lazy("Met"),
    "partly_met": gettext_lazy("Partly met"),
    "not_met": gettext_lazy("Not met"),
    "not_applicable": gettext_lazy("Not applicable"),
}
FLAG_WORDS = {
    "dont_know": gettext_lazy("Don’t know yet"),
    "come_back": gettext_lazy("Come back to this"),
}
LONGEST_DETAIL = 300
HISTORY = 20


@dataclass(frozen=True)
class TrailEntry:
    """One event: who did what, when, and to which requirement."""

    id: int
    at: datetime
    who: str
    action: str
    sentence: str
    details: tuple[str, ...]
    number: str = ""  # M07-01
    title: str = ""
    url: str = ""


def trail_entry(event: AuditEvent, catalogue: Catalogue, lang: str) -> TrailEntry:
    """An event in words."""
    requirement = catalogue.requirements.get(event.requirement)
    return TrailEntry(
        id=event.pk,
        at=event.at,
        who=event.actor_name,
        action=event.action,
        sentence=str(audit.SENTENCES.get(event.action, event.action)),
        details=tuple(_details(event, catalogue, lang)),
        number=requirement.source_row if requirement else "",
        title=requirement.title.get(lang) if requirement else "",
        url=(
            reverse("requirement", args=[event.assessment_id, requirement.id])
            if requirement and event.assessment_id
            else ""
        ),
    )


def history_of(
    assessment: Assessment, catalogue: Catalogue, requirement_id: str, lang: str
) -> tuple[TrailEntry, ...]:
    """The last events of one requirement, newest first (one query)."""
    events = AuditEvent.objects.filter(assessment=assessment, requirement=requirement_id)
    return tuple(trail_entry(event, catalogue, lang) for event in events.order_by("-id")[:HISTORY])


def _details(event: AuditEvent, catalogue: Catalogue, lang: str) -> list[str]:
    after = event.after if isinstance(event.after, dict) else {}
    before = event.before if isinstance(event.before, dict) else {}
    match event.action:
        case "answer.saved":
            return _answer_details(catalogue, event.requirement, before, after, lang)
        case "facts.saved":
            return _fact_details(catalogue, after, lang)
        case "evidence.attached":
            return [_short(str(after.get("title", "")))]
        case "evidence.detached":
            return [_short(str(before.get("title", "")))]
        case "determination.recorded":
            outcome = str(after.get("outcome", ""))
            said = [str(OUTCOME_WORDS.get(outcome, outcome))]
            return [*said, _short(str(after["comment"]))] if after.get("comment") else said
        case "assessment.submitted":
            return [_("Submission no. %(number)s") % {"number": after.get("number", "")}]
        case "assessment.returned" | "assessment.accepted":
            words = after.get("comment") or after.get("statement") or ""
            return [_short(str(words))] if words else []
        case "finding.raised":
            return [_short(str(after.get("missing", "")))]
        case "question.asked":
            return [_short(str(after.get("text", "")))]
        case "question.answered":
            return [_short(str(after.get("answer", "")))]
        case "corrective_action.evidence_added":
            return [_short(str(after.get("title", "")))]
        case "corrective_action.evidence_removed":
            return [_short(str(before.get("title", "")))]
        case "corrective_action.finished":
            return [_short(str(after["note"]))] if after.get("note") else []
        case "corrective_action.verified" | "corrective_action.reopened":
            return [_short(str(after["comment"]))] if after.get("comment") else []
        case "corrective_action.extended":
            days = {"before": before.get("due_on", ""), "after": after.get("due_on", "")}
            return [_("from %(before)s to %(after)s") % days]
        case _:
            return []


def _answer_details(
    catalogue: Catalogue,
    requirement_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    lang: str,
) -> list[str]:
    details = [answer_in_words(catalogue, requirement_id, after, lang)]
    if before.get("flag", "") != after.get("flag", ""):
        flag = str(after.get("flag", ""))
        details.append(
            _("marked “%(flag)s”") % {"flag": FLAG_WORDS[flag]}
            if flag in FLAG_WORDS
            else _("mark taken off")
        )
    if before.get("note", "") != after.get("note", ""):
        note = str(after.get("note", ""))
        details.append(
            _("note: %(note)s") % {"note": _short(note)} if note else _("note taken off")
        )
    return details


def answer_in_words(
    catalogue: Catalogue, requirement_id: str, content: Mapping[str, Any], lang: str
) -> str:
    """The answer part of what a person typed: 4.6 years; does not apply, and why."""
    reason = str(content.get("not_applicable_reason", ""))
    if reason:
        return _("Does not apply: %(reason)s") % {"reason": _short(reason)}
    value = content.get("value")
    if value is None:
        return _("No answer")
    requirement = catalogue.requirements.get(requirement_id)
    if requirement is None:
        return str(value)
    try:
        shown = answer_shown(requirement, parse_answer(requirement, value))
    except InvalidValue:
        return str(value)
    return shown.get(lang) if shown else _("No answer")


def _fact_details(catalogue: Catalogue, after: Mapping[str, Any], lang: str) -> list[str]:
    details = []
    colon = ": " if lang == "en" else "："
    typed = typed_facts(catalogue, after)
    for name, value in typed.items():
        fact = catalogue.facts[name]
        said = FLAG_WORDS["dont_know"] if value is None else fact_value(fact, value, lang)
        details.append(f"{fact.label.get(lang)}{colon}{said}")
    return details


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"
