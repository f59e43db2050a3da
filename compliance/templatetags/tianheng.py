"""What every page's template may use: icons, status words, both languages, dates, figures, bars."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template.base import Node, Parser, Token
from django.template.context import Context
from django.templatetags.i18n import do_translate
from django.templatetags.static import static
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from checklists.engine.model import Reason, Text
from checklists.engine.wording import day as day_in_words
from checklists.engine.wording import official_number as number_in_words

register = template.Library()


def language() -> str:
    """The active language as the catalogue names it: "en" or "zh-hans"."""
    return "zh-hans" if (get_language() or "en").startswith("zh") else "en"


# --- words ---


class FixedWords(Node):
    """Words that stand in the template as they are: looked up once for each language."""

    def __init__(self, translated: Node) -> None:
        self._translated = translated
        self._words: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        lang = get_language()
        words = self._words.get(lang)
        if words is None:
            words = self._words[lang] = self._translated.render(context)
        return words


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """Django's own tag; a page has hundreds of them, nearly all with words that never change."""
    node = do_translate(parser, token)
    words = node.filter_expression
    is_fixed = not words.filters and isinstance(getattr(words.var, "literal", None), str)
    context = node.message_context
    is_fixed &= context is None or isinstance(context.var, str)
    return FixedWords(node) if is_fixed and not node.asvar else node


# --- icons and the status vocabulary: always word + icon + colour ---


@dataclass(frozen=True, slots=True, eq=False)  # each is one of a kind, and a key by itself
class Look:
    """How one state is shown: its word, its icon and the class that colours it."""

    word: str | Promise
    icon: str
    css: str


OUTCOMES = {
    "met": Look(_("Met"), icon="circle-check", css="met"),
    "partly_met": Look(_("Partly met"), icon="circle-half-2", css="partly_met"),
    "not_met": Look(_("Not met"), icon="circle-x", css="not_met"),
    "not_answered": Look(_("Not answered"), icon="circle-dashed", css="not_answered"),
    "not_applicable": Look(_("Not applicable"), icon="circle-minus", css="not_applicable"),
    "undetermined": Look(_("Undetermined"), icon="help-hexagon", css="undetermined"),
}
BANDS = {
    "ready": Look(_("Ready"), icon="shield-check", css="met"),
    "conditionally_ready": Look(_("Conditionally ready"), icon="shield-half", css="partly_met"),
    "incomplete": Look(_("Incomplete"), icon="shield-question", css="undetermined"),
    "not_ready": Look(_("Not ready"), icon="shield-x", css="not_met"),
}
APPLICABILITIES = {
    "applies": Look(_("Applies"), icon="circle-check", css="met"),
    "does_not_apply": Look(_("Does not apply"), icon="circle-minus", css="does_not_apply"),
    "undetermined": Look(_("Not known yet"), icon="help-hexagon", css="undetermined"),
}
FLAGS = {
    "dont_know": Look(_("Don’t know yet"), icon="question-mark", css="flagged"),
    "come_back": Look(_("Come back to this"), icon="bookmark", css="flagged"),
    "carried_over": Look(_("Carried over"), icon="copy-check", css="carried"),
    "changed": Look(_("Changed"), icon="replace", css="carried"),
    "discussion": Look(_("Needs discussion"), icon="messages", css="carried"),
}
STATUSES = {
    "draft": Look(_("Draft"), icon="pencil", css="not_answered"),
    "submitted": Look(_("Submitted"), icon="send", css="flagged"),
    "in_review": Look(_("In review"), icon="eye-check", css="flagged"),
    "returned": Look(_("Returned"), icon="arrow-back-up", css="carried"),
    "accepted": Look(_("Accepted"), icon="circle-check", css="met"),
    "archived": Look(_("Archived"), icon="archive", css="not_answered"),
    "withdrawn": Look(_("Withdrawn"), icon="arrow-back", css="not_answered"),
}
WITH_CONDITIONS = Look(_("Accepted with conditions"), icon="circle-half-2", css="partly_met")
ACTION_STATUSES = {
    "open": Look(
        pgettext_lazy("corrective action", "Open"), icon="circle-dashed", css="not_answered"
    ),
    "in_progress": Look(
        pgettext_lazy("corrective action", "In progress"), icon="progress", css="flagged"
    ),
    "done": Look(
        pgettext_lazy("corrective action", "Done, to verify"), icon="hourglass", css="carried"
    ),
    "verified": Look(
        pgettext_lazy("corrective action", "Verified"), icon="circle-check", css="met"
    ),
    "reopened": Look(
        pgettext_lazy("corrective action", "Reopened"), icon="refresh-alert", css="not_met"
    ),
}
REPORT_STATUSES = {
    "requested": Look(_("Waiting"), icon="hourglass", css="not_answered"),
    "rendering": Look(_("Being made"), icon="loader-2", css="flagged"),
    "ready": Look(pgettext_lazy("report", "Ready"), icon="circle-check", css="met"),
    "failed": Look(_("Failed"), icon="circle-x", css="not_met"),
    "cancelled": Look(_("Cancelled"), icon="circle-minus", css="not_applicable"),
}
WEBHOOK_STATES = {
    "active": Look(pgettext_lazy("webhook", "Active"), icon="circle-check", css="met"),
    "resting": Look(pgettext_lazy("webhook", "Tries again soon"), icon="hourglass", css="carried"),
    "by_hand": Look(pgettext_lazy("webhook", "Paused"), icon="circle-minus", css="not_answered"),
    "failures": Look(
        pgettext_lazy("webhook", "Paused after many failures"), icon="circle-x", css="not_met"
    ),
}
DELIVERY_STATUSES = {
    "waiting": Look(pgettext_lazy("delivery", "Waiting"), icon="hourglass", css="not_answered"),
    "sent": Look(pgettext_lazy("delivery", "Delivered"), icon="circle-check", css="met"),
    "failed": Look(pgettext_lazy("delivery", "Given up"), icon="circle-x", css="not_met"),
}
EVIDENCE_STATES = {
    "valid": Look(_("Valid"), icon="circle-check", css="met"),
    "missing": Look(_("Missing"), icon="circle-x", css="not_met"),
    "expired": Look(_("Ended"), icon="circle-half-2", css="partly_met"),
    "not_yet_effective": Look(_("Not in force yet"), icon="circle-half-2", css="partly_met"),
    "ends_early": Look(_("Ends too early"), icon="circle-half-2", css="partly_met"),
    "starts_late": Look(_("Starts too late"), icon="circle-half-2", css="partly_met"),
    "ends_soon": Look(_("Ends soon"), icon="calendar-exclamation", css="carried"),
    "undated": Look(_("No end date"), icon="calendar", css="not_answered"),
}
TRACKS = {
    "duty": Look(_("Duty in force"), icon="gavel", css=""),
    "upcoming": Look(_("Upcoming"), icon="calendar-time", css=""),
    "opportunity": Look(_("Opportunity"), icon="sparkles", css=""),
}
SEVERITIES = {
    "blocking": Look(_("Blocking"), icon="alert-octagon", css="blocking"),
    "major": Look(_("Major"), icon="chevrons-up", css=""),
    "minor": Look(_("Minor"), icon="chevron-up", css=""),
    "opportunity": Look(_("Opportunity"), icon="sparkles", css=""),
}
UNKNOWN = Look("–", icon="help-hexagon", css="not_answered")
MESSAGE_LOOKS = {
    "success": Look(_("Done."), icon="circle-check", css="met"),
    "warning": Look(_("Please note."), icon="alert-triangle", css="partly_met"),
    "error": Look(_("Not done."), icon="circle-x", css="not_met"),
    "info": Look(_("For information."), icon="info-circle", css="flagged"),
    "debug": Look(_("For information."), icon="info-circle", css="flagged"),
}


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: str = "") -> SafeString:
    """A Tabler icon from the sprite; `size` is "", "sm" or "lg". A word must stand beside it."""
    return format_html(
        '<svg class="th-i{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" th-i--{size}" if size else "",
        static("vendor/tabler/icons.svg"),
        name,
    )


def _status(look: Look, *, bare: bool, word: str = "") -> SafeString:
    return _in_words(look, word, bare) if word else _in_own_words(look, bare, get_language())


def _in_words(look: Look, word: str | Promise, bare: bool) -> SafeString:
    return format_html(
        '<span class="th-status th-{}{}">{}{}</span>',
        look.css,
        " th-status--bare" if bare else "",
        icon(look.icon),
        word,
    )


@lru_cache(maxsize=512)
def _in_own_words(look: Look, bare: bool, lang: str | None) -> SafeString:
    return _in_words(look, look.word, bare)


@register.simple_tag
def status(outcome: Any, bare: bool = False, word: str = "") -> SafeString:
    """An outcome as word, icon and colour; `word` replaces the word."""
    look = OUTCOMES.get(str(outcome), UNKNOWN)
    return _status(look, bare=bare, word=word)


@register.simple_tag
def band_status(band: Any, bare: bool = False) -> SafeString:
    """A readiness band as word, icon and colour."""
    look = BANDS.get(str(band), UNKNOWN)
    return _status(look, bare=bare)


@register.simple_tag
def assessment_status(value: Any, bare: bool = False) -> SafeString:
    """The status of an assessment as word, icon and colour."""
    look = STATUSES.get(str(value), UNKNOWN)
    return _status(look, bare=bare)


@register.simple_tag
def decision_status(submission: Any, bare: bool = False) -> SafeString:
    """How a submission ended, conditions included; the assessment's status while it waits."""
    if submission.with_conditions:
        return _status(WITH_CONDITIONS, bare=bare)
    return assessment_status(submission.decision or submission.assessment.status, bare)


@register.simple_tag
def action_status(value: Any, bare: bool = False) -> SafeString:
    """The status of a corrective action as word, icon and colour."""
    look = ACTION_STATUSES.get(str(value), UNKNOWN)
    return _status(look, bare=bare)


@register.filter
def look_of_action(value: Any) -> Look:
    """The word, icon and colour class of a corrective action's status."""
    return ACTION_STATUSES.get(str(value), UNKNOWN)


@register.simple_tag
def report_state(value: Any, bare: bool = False) -> SafeString:
    """The status of a report as word, icon and colour."""
    look = REPORT_STATUSES.get(str(value), UNKNOWN)
    return _status(look, bare=bare)


@register.simple_tag
def webhook_state(value: Any, bare: bool = False) -> SafeString:
    """Whether a webhook is told, as word, icon and colour."""
    look = WEBHOOK_STATES.get(str(value), UNKNOWN)
    return _status(look, bare=bare)


@register.simple_tag
def delivery_status(value: Any, bare: bool = False) -> SafeString:
    """What became of a message to a webhook, as word, icon and colour."""
    look = DELIVERY_STATUSES.get(str(value), UNKNOWN)
    return _status(look, bare=bare)


@register.simple_tag
def applicability_status(value: Any, bare: bool = False) -> SafeString:
    """Whether a requirement applies, as word, icon and colour."""
    look = APPLICABILITIES.get(str(value), UNKNOWN)
    return _status(look, bare=bare)


@register.simple_tag
def flag_status(flag: Any, bare: bool = False) -> SafeString:
    """ "Don't know yet", "come back", "carried over" or "changed"; nothing for no flag."""
    look = FLAGS.get(str(flag))
    return _status(look, bare=bare) if look else SafeString("")


@register.simple_tag
def evidence_status(problem: Any, bare: bool = False, word: str = "") -> SafeString:
    """What a piece of evidence is worth: "valid" or the problem; `word` replaces the word."""
    look = EVIDENCE_STATES.get(str(problem), UNKNOWN)
    return _status(look, bare=bare, word=word)


@lru_cache(maxsize=128)
def _tag(look: Look, lang: str | None) -> SafeString:
    return format_html(
        '<span class="th-tag{}">{}{}</span>',
        f" th-tag--{look.css}" if look.css else "",
        icon(look.icon),
        look.word,
    )


@register.simple_tag
def track(value: Any) -> SafeString:
    """Duty in force, upcoming or opportunity, with its icon."""
    return _tag(TRACKS.get(str(value), UNKNOWN), get_language())


@register.simple_tag
def severity(value: Any) -> SafeString:
    """Blocking, major, minor or opportunity, with its icon."""
    return _tag(SEVERITIES.get(str(value), UNKNOWN), get_language())


@register.filter
def look_of_band(band: Any) -> Look:
    """The word, icon and colour class of a band, for a panel of its own."""
    return BANDS.get(str(band), UNKNOWN)


@register.filter
def look_of_message(message: Any) -> Look:
    """The word, icon and colour class of one of Django's messages."""
    return MESSAGE_LOOKS.get(message.level_tag, MESSAGE_LOOKS["info"])


@register.filter
def undo_of_message(message: Any) -> dict[str, Any] | None:
    """Where the message's button leads, and what it sends; None without one (pages.undo)."""
    if not message.extra_tags.startswith("{"):
        return None
    way_back: dict[str, Any] = json.loads(message.extra_tags)
    return way_back


# --- texts, dates and figures ---


@register.filter
def inlang(value: Any) -> str:
    """A catalogue text, a reason or {en, zh_hans} in the active language."""
    lang = language()
    if isinstance(value, Text | Reason):
        return value.get(lang)
    if isinstance(value, Mapping):
        return Text(str(value.get("en", "")), str(value.get("zh_hans", ""))).get(lang)
    return "" if value is None else str(value)


FULL_WIDTH = {" ": "", ", ": "，", ": ": "：", "; ": "；", ". ": "。", " (": "（", ")": "）"}


@register.simple_tag
def punctuation(sign: str) -> str:
    """A sign between two parts of a line, as the active language writes it."""
    return FULL_WIDTH[sign] if language() == "zh-hans" else sign


def _as_day(value: Any) -> date | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value if isinstance(value, date) else None


@register.filter
def official_number(stated: Mapping[str, str] | str | None) -> str:
    """The number of a document as the reader writes it; "" where it is not known."""
    return number_in_words(stated, language())


@register.filter
def day(value: Any) -> str:
    """12 Mar 2027, 2027年3月12日; takes dates, times and their ISO forms."""
    on = _as_day(value)
    return day_in_words(on, language()) if on else "–"


@register.filter
def moment(value: Any) -> str:
    """12 Mar 2027, 14:03 in the installation's time zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return "–"
    if not isinstance(value, datetime):
        return day(value)
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    comma = " " if language() == "zh-hans" else ", "
    return f"{day_in_words(local.date(), language())}{comma}{local:%H:%M}"


@register.simple_tag
def when(value: Any) -> SafeString:
    """A `<time>` that shows the day, or day and time for a moment."""
    if value is None or value == "":
        return SafeString("–")
    has_time = isinstance(value, datetime) or (isinstance(value, str) and "T" in value)
    machine = value if isinstance(value, str) else value.isoformat()
    return format_html(
        '<time datetime="{}">{}</time>', machine, moment(value) if has_time else day(value)
    )


def _decimal(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    percent = getattr(value, "percent", value)
    return None if percent is None else Decimal(str(percent))


@register.filter
def percent(value: Any) -> str:
    """82.4%, 100%, or – where nothing applies; takes a Score, a number or its text."""
    figure = _decimal(value)
    if figure is None:
        return "–"
    whole = figure == figure.to_integral_value()
    return f"{figure.to_integral_value() if whole else figure.quantize(Decimal('0.1'))}%"


@register.filter
def points(value: Any, how: str = "") -> str:
    """5, 2.5, 0: a number of points as short as it is exact; `abs` leaves its sign out."""
    figure = _decimal(value)
    if figure is None:
        return "–"
    shown = format((abs(figure) if how == "abs" else figure).normalize(), "f")
    return shown.replace("-", "−")


# --- bars ---

# Presentation attributes hold the light colours; the classes repaint them per theme.
OUTCOME_FILLS = {
    "met": ("th-fill-met", "#3c9a68"),
    "partly_met": ("th-fill-part", "#d79a2b"),
    "not_met": ("th-fill-not", "#cf4453"),
    "undetermined": ("th-fill-und", "#9a7bd0"),
    "not_answered": ("th-fill-open", "#c9cbdc"),
}


# Built here, not in templates: a list of measures or of submissions has a bar in every line.
_BAR = (
    '<svg class="th-bar{}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
    'aria-label="{}"><rect class="th-track" width="100" height="8" fill="#ededf5"></rect>{}</svg>'
)
_FILL = '<rect class="th-fill-claim" width="{}" height="8" fill="#35389a"></rect>'
_SLICE = '<rect class="{}" x="{}" width="{}" height="8" fill="{}"></rect>'
_DUAL_BAR = (
    '<svg class="th-bar th-bar--dual" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
    'aria-label="{}"><rect class="th-track" y="2" width="100" height="6" fill="#ededf5"></rect>'
    '<rect class="th-fill-claim" y="2" width="{}" height="6" fill="#35389a"></rect>{}</svg>'
)
_CONFIRMED = '<rect class="th-fill-conf" x="{}" width="1.8" height="10" fill="#d97a3a"></rect>'


def _fixed(value: float) -> str:
    # Not localised: SVG wants a point in every language.
    return f"{value:.2f}".rstrip("0").rstrip(".")


@register.simple_tag
def bar(value: Any, label: str, thin: bool = False) -> SafeString:
    """One bar from 0 to 100; `label` is what a screen reader says."""
    figure = _decimal(value)
    width = _fixed(float(min(figure, Decimal(100)))) if figure else "0"
    return format_html(_BAR, " th-bar--thin" if thin else "", label, format_html(_FILL, width))


@register.simple_tag
def dual_bar(claimed: Any, confirmed: Any, label: str) -> SafeString:
    """Claimed as a bar, confirmed as a mark on it."""
    of_claim, of_review = _decimal(claimed), _decimal(confirmed)
    mark = SafeString("")
    if of_review is not None:
        mark = format_html(_CONFIRMED, _fixed(max(0, float(of_review) * 0.982)))
    return format_html(_DUAL_BAR, label, _fixed(float(of_claim or 0)), mark)


@register.simple_tag
def outcome_bar(counts: Mapping[str, int], label: str) -> SafeString:
    """Counts per outcome side by side; what is not applicable is left out."""
    shown = [(key, count) for key in OUTCOME_FILLS if (count := counts.get(key, 0))]
    total = sum(count for _, count in shown)
    slices = []
    x = 0.0
    for key, count in shown:
        width = 100 * count / total
        css, colour = OUTCOME_FILLS[key]
        slices.append((css, _fixed(x), _fixed(max(width - 0.6, 0.4)), colour))
        x += width
    words = ", ".join(f"{OUTCOMES[key].word} {count}" for key, count in shown)
    said = f"{label}: {words}" if words else label
    return format_html(_BAR, "", said, format_html_join("", _SLICE, slices))


# --- lists of a thousand lines ---

_TASK_LINE = (
    '<span class="th-reqs__id th-mono th-muted">{}</span><a href="{}">{}</a>'
    '<span class="th-reqs__topic th-small th-muted">{}</span>'
    '<span class="th-reqs__sev">{}</span><span class="th-reqs__out">{}</span>'
)

_EARLIER_ASSESSMENT = (
    '<li><a href="?assessment={}">{}</a> <span class="th-small th-muted">{}{}{}</span></li>'
)


@register.simple_tag
def task_line(row: Any) -> SafeString:
    """One line of the task list in a single step: a framework has a thousand of them."""
    return format_html(
        _TASK_LINE, row.number, row.url, row.title, row.topic, row.severity_mark, row.state_mark
    )


@register.simple_tag
def earlier_assessments(lines: tuple[Any, ...]) -> SafeString:
    """The assessments that do not stand open on a firm's home: a busy firm has hundreds."""
    comma = punctuation(", ")
    said: dict[str, str] = {}
    rows = []
    for each in lines:
        if each.status not in said:
            said[each.status] = str(STATUSES[each.status].word)
        rows.append((each.id, each.title, said[each.status], comma, day(each.as_of)))
    return format_html_join("\n", _EARLIER_ASSESSMENT, rows)


@register.simple_tag
def heat_cell(cell: Any) -> SafeString:
    """A cell of the portfolio: figure, trend and blocker, the last two in words as well.

    Built here, not in a template: a desk has hundreds of them, and few that differ.
    """
    figure = "–" if cell.percent is None else f"{cell.percent:.0f}"
    before = f"{cell.before:.0f}" if cell.trend else ""
    return _heat_cell(cell.level, cell.has_blocker, figure, cell.trend, before, get_language())


@lru_cache(maxsize=2048)
def _heat_cell(
    level: int, has_blocker: bool, figure: str, trend: str, before: str, lang: str | None
) -> SafeString:
    changed = SafeString("")
    if trend:
        words = _("up from %(n)s") if trend == "up" else _("down from %(n)s")
        changed = format_html(
            '<span aria-hidden="true">{}</span><span class="visually-hidden"> {}</span>',
            "↑" if trend == "up" else "↓",
            words % {"n": before},
        )
    blocked = (
        format_html('<span class="visually-hidden"> {}</span>', _("blocker"))
        if has_blocker
        else SafeString("")
    )
    return format_html(
        '<td class="th-heat{}{}">{}{}{}</td>',
        level,
        " th-blocker" if has_blocker else "",
        figure,
        changed,
        blocked,
    )


# --- the shell ---


@register.simple_tag(takes_context=True)
def firm_of_page(context: Context) -> Any:
    """The firm this page is about: `firm`, or the firm of its assessment, submission or state."""
    if firm := context.get("firm"):
        return firm
    state = context.get("state")
    submission = context.get("submission")
    assessment = (
        context.get("assessment")
        or getattr(state, "assessment", None)
        or getattr(submission, "assessment", None)
    )
    if assessment:
        return assessment.firm
    shell = context.get("shell")
    return shell.only_firm if shell else None
