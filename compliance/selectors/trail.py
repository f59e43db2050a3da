"""The audit trail as sentences people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checklists import Catalogue, InvalidValue, parse_answer
from checklists.engine.wording import day, fact_value
from compliance import audit
from compliance.models import Assessment, AuditEvent, Role
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
class Change:
    """One thing that was so before and is so now, both in words; "" for nothing."""

    label: str
    before: str
    after: str


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
    changes: tuple[Change, ...] = ()
    assessment: str = ""  # its title, where a whole firm is told of
    sequence: int = 0
    hash: str = ""


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
        changes=tuple(_changes(event, catalogue, lang)),
        sequence=event.sequence,
        hash=event.hash,
    )


@dataclass(frozen=True)
class AnswerHistory:
    """The last events of one requirement, newest first, and what it said when carried over."""

    entries: tuple[TrailEntry, ...]
    carried: str  # the answer of the earlier assessment, once it was changed here
    carried_note: str


def history_of(
    assessment: Assessment, catalogue: Catalogue, requirement_id: str, lang: str
) -> AnswerHistory:
    """The history of one answer (one query)."""
    all_events = AuditEvent.objects.filter(assessment=assessment, requirement=requirement_id)
    events = list(all_events.order_by("-id")[:HISTORY])
    carried, note = "", ""
    saves = [event for event in events if event.action == "answer.saved"]
    first = saves[-1] if saves and len(events) < HISTORY else None
    # An answer that was carried over is there before anybody saves it here.
    if first is not None and first.before and (first.after or {}).get("version") == 2:
        carried = answer_in_words(catalogue, requirement_id, first.before, lang)
        note = str(first.before.get("note", ""))
    return AnswerHistory(
        tuple(trail_entry(event, catalogue, lang) for event in events), carried, note
    )


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
            ends = {"before": before.get("due_on", ""), "after": after.get("due_on", "")}
            return [_("from %(before)s to %(after)s") % ends]
    told = after or before
    return [_field_value(catalogue, name, told[name], lang) for name in NAMING if told.get(name)]


# What people know of an event's fields; others, such as digests, are for the export alone.
FIELD_WORDS = {
    "name": gettext_lazy("Name"),
    "email": gettext_lazy("E-mail address"),
    "role": gettext_lazy("Role"),
    "title": gettext_lazy("Title"),
    "kind": gettext_lazy("Kind"),
    "url": gettext_lazy("Link"),
    "filename": gettext_lazy("File"),
    "effective_on": gettext_lazy("Effective from"),
    "expires_on": gettext_lazy("Valid until"),
    "owner": gettext_lazy("Owner"),
    "due_on": gettext_lazy("Due on"),
    "note": gettext_lazy("Note"),
    "severity": gettext_lazy("Severity"),
    "plan": gettext_lazy("Plan"),
    "cost": gettext_lazy("Cost"),
    "text": gettext_lazy("Text"),
    "comment": gettext_lazy("Comment"),
}
# What an event that only adds or takes something away is told by.
NAMING = ("title", "filename", "name", "email", "role", "comment")
_DAY_FIELDS = frozenset({"effective_on", "expires_on", "due_on"})


def _changes(event: AuditEvent, catalogue: Catalogue, lang: str) -> list[Change]:
    """What the event changed, before and after; nothing where it only added something."""
    after = event.after if isinstance(event.after, dict) else {}
    before = event.before if isinstance(event.before, dict) else {}
    match event.action:
        case "answer.saved":
            return _answer_changes(catalogue, event.requirement, before, after, lang)
        case "facts.saved":
            return _fact_changes(catalogue, before, after, lang)
        case "determination.recorded" if before:
            said = [str(OUTCOME_WORDS.get(str(e.get("outcome")), "")) for e in (before, after)]
            outcome = Change(_("Outcome"), *said)
            changed = [outcome] if said[0] != said[1] else []
            return changed + _field_changes(catalogue, before, after, lang)
    return _field_changes(catalogue, before, after, lang) if before and after else []


def _field_changes(
    catalogue: Catalogue, before: Mapping[str, Any], after: Mapping[str, Any], lang: str
) -> list[Change]:
    return [
        Change(
            str(label),
            _field_value(catalogue, name, before.get(name), lang),
            _field_value(catalogue, name, after.get(name), lang),
        )
        for name, label in FIELD_WORDS.items()
        if (before.get(name) or "") != (after.get(name) or "")
    ]


def _field_value(catalogue: Catalogue, name: str, value: Any, lang: str) -> str:
    if value is None or value == "":
        return ""
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    if name == "kind" and value in catalogue.evidence_kinds:
        return catalogue.evidence_kinds[value].get(lang)
    if name in _DAY_FIELDS:
        try:
            return day(date.fromisoformat(str(value)), lang)
        except ValueError:
            return str(value)
    return _short(str(value))


def _answer_changes(
    catalogue: Catalogue,
    requirement_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    lang: str,
) -> list[Change]:
    said = [
        answer_in_words(catalogue, requirement_id, content, lang)
        if content.get("value") is not None or content.get("not_applicable_reason")
        else ""
        for content in (before, after)
    ]
    marks = [
        str(FLAG_WORDS.get(str(content.get("flag", "")), content.get("flag", "")))
        for content in (before, after)
    ]
    notes = [_short(str(content.get("note", ""))) for content in (before, after)]
    named = ((_("Answer"), said), (_("Mark"), marks), (_("Note"), notes))
    return [Change(label, *pair) for label, pair in named if pair[0] != pair[1]]


def _fact_changes(
    catalogue: Catalogue, before: Mapping[str, Any], after: Mapping[str, Any], lang: str
) -> list[Change]:
    old, new = _facts_in_words(catalogue, before, lang), _facts_in_words(catalogue, after, lang)
    # Not answered yet and "don't know" are both null before; only what was known is shown.
    return [
        Change(
            catalogue.facts[name].label.get(lang),
            old[name] if before.get(name) is not None else "",
            said,
        )
        for name, said in new.items()
    ]


def _facts_in_words(catalogue: Catalogue, stored: Mapping[str, Any], lang: str) -> dict[str, str]:
    return {
        name: str(FLAG_WORDS["dont_know"])
        if value is None
        else fact_value(catalogue.facts[name], value, lang)
        for name, value in typed_facts(catalogue, stored).items()
    }


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
    colon = ": " if lang == "en" else "："
    return [
        f"{catalogue.facts[name].label.get(lang)}{colon}{said}"
        for name, said in _facts_in_words(catalogue, after, lang).items()
    ]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"
