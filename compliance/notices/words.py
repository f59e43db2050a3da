"""The sentence of each notification, for the site, the letter and its subject."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from checklists import load_catalogue
from checklists.engine.wording import day as day_in_words
from compliance.models import Notification, Role

SENTENCES: Mapping[str, Promise] = {
    "assessment.submitted": gettext_lazy("%(who)s submitted “%(assessment)s” for review."),
    "assessment.withdrawn": gettext_lazy("%(who)s withdrew “%(assessment)s” from review."),
    "assessment.returned": gettext_lazy(
        "%(who)s returned “%(assessment)s”. Some answers are open again."
    ),
    "assessment.accepted": gettext_lazy("%(who)s accepted “%(assessment)s”."),
    "finding.raised": gettext_lazy(
        "%(who)s raised a finding on “%(requirement)s” in “%(assessment)s”. Close it by %(day)s."
    ),
    "question.asked": gettext_lazy(
        "%(who)s asks about “%(requirement)s” in “%(assessment)s”: %(text)s"
    ),
    "question.answered": gettext_lazy(
        "%(who)s answered your question about “%(requirement)s” in “%(assessment)s”."
    ),
    "delegation.set": gettext_lazy("%(who)s gave you “%(requirement)s” in “%(assessment)s”."),
    "delegation.several": gettext_lazy(
        "%(who)s gave you %(count)s requirements in “%(assessment)s”."
    ),
    "comment.added": gettext_lazy(
        "%(who)s mentions you on “%(requirement)s” in “%(assessment)s”: %(text)s"
    ),
    "comment.edited": gettext_lazy(
        "%(who)s mentions you on “%(requirement)s” in “%(assessment)s”: %(text)s"
    ),
    "review.assigned": gettext_lazy("%(who)s handed you the review of “%(assessment)s”."),
    "member.role_changed": gettext_lazy(
        "%(who)s changed your role in “%(firm)s”. You are %(role)s now."
    ),
    "corrective_action.finished": gettext_lazy(
        "%(who)s reported the corrective action for “%(requirement)s” as done. Please verify it."
    ),
    "corrective_action.verified": gettext_lazy(
        "%(who)s verified the corrective action for “%(requirement)s”."
    ),
    "corrective_action.reopened": gettext_lazy(
        "%(who)s reopened the corrective action for “%(requirement)s”."
    ),
    "corrective_action.extended": gettext_lazy(
        "%(who)s moved the deadline of the corrective action for “%(requirement)s” to %(day)s."
    ),
    "report.ready": gettext_lazy("The report of “%(assessment)s” is ready."),
    "report.failed": gettext_lazy("The report of “%(assessment)s” could not be made."),
    "webhook.stopped": gettext_lazy(
        "The webhook to %(title)s is paused: its receiver failed many times in a row. "
        "Nothing is lost; let it go on when the receiver works."
    ),
    "action.due": gettext_lazy(
        "The corrective action for “%(requirement)s” in “%(assessment)s” is due on %(day)s."
    ),
    "action.late": gettext_lazy(
        "The corrective action for “%(requirement)s” in “%(assessment)s” was due on %(day)s "
        "and is not done."
    ),
    "delegation.due": gettext_lazy(
        "“%(requirement)s” in “%(assessment)s” is to be answered by %(day)s."
    ),
    "delegation.late": gettext_lazy(
        "“%(requirement)s” in “%(assessment)s” was to be answered by %(day)s."
    ),
    "evidence.due": gettext_lazy("“%(title)s” is valid until %(day)s. Renew it in time."),
    "evidence.late": gettext_lazy(
        "“%(title)s” was valid until %(day)s. Replace it with a newer version."
    ),
}
LONGEST_NAME = 120


def sentence_of(notification: Notification) -> str:
    """What the notification says, in the active language."""
    details: Mapping[str, Any] = notification.details
    lang = "zh-hans" if (get_language() or "en").startswith("zh") else "en"
    said = {
        "who": details.get("who", ""),
        "assessment": details.get("assessment", ""),
        "requirement": _requirement(details, lang),
        "day": _day(details.get("day", ""), lang),
        "title": details.get("title", ""),
        "text": details.get("text", ""),
        "count": details.get("count", ""),
        "firm": details.get("firm", ""),
        "role": _role(str(details.get("role", ""))),
    }
    short = {name: _short(str(value)) for name, value in said.items()}
    return str(SENTENCES[notification.code]) % short


def calendar_note(year: int) -> str:
    """Said where reminders count in a year whose holidays nobody has announced yet."""
    return _(
        "The public holidays of %(year)d are not announced yet; Monday to Friday are counted."
    ) % {"year": year}


def _role(name: str) -> str:
    return str(Role(name).label) if name in Role.values else ""


def _requirement(details: Mapping[str, Any], lang: str) -> str:
    name = str(details.get("requirement", ""))
    catalogue_id = details.get("catalogue")
    catalogue = load_catalogue(str(catalogue_id)) if catalogue_id else load_catalogue()
    requirement = catalogue.requirements.get(name)
    if requirement is None:
        return name
    return f"{requirement.source_row} {requirement.title.get(lang)}".strip()


def _day(iso: Any, lang: str) -> str:
    try:
        return day_in_words(date.fromisoformat(str(iso)), lang)
    except ValueError:
        return str(iso)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"
