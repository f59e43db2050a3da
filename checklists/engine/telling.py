"""A difference between two editions as lines to read and as JSON to send."""

from collections.abc import Iterator, Sequence
from typing import Any

from checklists.engine.difference import (
    CatalogueDifference,
    Change,
    Edition,
    EntryChange,
    EntryState,
    RequirementChange,
    Verdict,
)
from checklists.engine.export import text_json
from checklists.engine.model import Text

Json = dict[str, Any]

_HEADINGS = {
    Verdict.CONFIRM_AGAIN: Text(
        "Changed, so that an answer has to be confirmed again", "已变化，答案须重新确认"
    ),
    Verdict.NEW: Text("New", "新增"),
    Verdict.RETIRED: Text("Retired: text and answer are kept", "停用：保留原文和答案"),
    Verdict.KEPT: Text("Changed, answers are kept", "有变化，答案保留"),
}
_ENTRIES = {
    "facts": Text("Facts", "事实"),
    "flags": Text("Flags derived from facts", "由事实推导的标记"),
    "parameters": Text("Limits", "限值"),
    "references": Text("Sources", "依据"),
}
_STATES = {
    EntryState.NEW: Text("new", "新增"),
    EntryState.REMOVED: Text("removed", "删除"),
    EntryState.CHANGED: Text("changed", "变化"),
}
_NOTHING = Text("(nothing)", "（无）")


def difference_lines(found: CatalogueDifference, lang: str) -> Iterator[str]:
    """The whole difference, one line after the other, in one language."""
    yield f"{_edition(found.before, lang)} → {_edition(found.after, lang)}"
    yield _summary(found, lang)
    if found.is_empty:
        return
    for verdict, heading in _HEADINGS.items():
        changed = found.with_verdict(verdict)
        if verdict is Verdict.KEPT:
            changed = [change for change in changed if change.changes]
        if changed:
            yield ""
            yield _heading(heading, len(changed), lang)
            for change in changed:
                yield from _requirement_lines(change, lang)
    for name, heading in _ENTRIES.items():
        entries: Sequence[EntryChange] = getattr(found, name)
        if entries:
            yield ""
            yield _heading(heading, len(entries), lang)
            for entry in entries:
                yield from _entry_lines(entry, lang)


def _edition(edition: Edition, lang: str) -> str:
    if lang == "en":
        return f"{edition.id}, edition {edition.edition} ({edition.digest[:12]})"
    return f"{edition.id}，{edition.edition}版（{edition.digest[:12]}）"


def _heading(heading: Text, count: int, lang: str) -> str:
    return f"{heading.get(lang)} ({count})" if lang == "en" else f"{heading.get(lang)}（{count}）"


def _summary(found: CatalogueDifference, lang: str) -> str:
    again, new, retired, kept = (
        len(found.with_verdict(v))
        for v in (Verdict.CONFIRM_AGAIN, Verdict.NEW, Verdict.RETIRED, Verdict.KEPT)
    )
    if lang == "en":
        return (
            f"Requirements: {kept} kept, {again} to be confirmed again, "
            f"{new} new, {retired} retired."
        )
    return f"要求：保留{kept}项，须重新确认{again}项，新增{new}项，停用{retired}项。"


def _requirement_lines(change: RequirementChange, lang: str) -> Iterator[str]:
    requirement = change.requirement
    yield f"  {requirement.source_row}  {requirement.title.get(lang)}  [{change.id}]"
    yield from _change_lines(change.changes, lang)


def _entry_lines(entry: EntryChange, lang: str) -> Iterator[str]:
    state = _STATES[entry.state].get(lang)
    colon = ": " if lang == "en" else "："
    yield f"  {state}{colon}{entry.title.get(lang)}  [{entry.id}]"
    yield from _change_lines(entry.changes, lang)


def _change_lines(changes: Sequence[Change], lang: str) -> Iterator[str]:
    colon = ": " if lang == "en" else "："
    before, after = ("before", "now") if lang == "en" else ("原为", "现为")
    for change in changes:
        yield f"    {change.label.get(lang)}"
        # A change of the translation alone shows the translation, whatever is read otherwise.
        said = lang
        if _said(change.before, lang) == _said(change.after, lang):
            said = "zh-hans" if lang == "en" else "en"
        yield f"      {before}{colon}{_said(change.before, said)}"
        yield f"      {after}{colon}{_said(change.after, said)}"


def _said(text: Text | None, lang: str) -> str:
    return (text or _NOTHING).get(lang)


def difference_json(found: CatalogueDifference, lang: str | None = None) -> Json:
    """The difference with every changed field, in one language or in both."""
    return {
        "before": _edition_json(found.before, lang),
        "after": _edition_json(found.after, lang),
        "counts": {verdict: len(found.with_verdict(verdict)) for verdict in Verdict},
        "requirements": [
            {
                "id": change.id,
                "verdict": change.verdict,
                "source_row": change.requirement.source_row,
                "title": text_json(change.requirement.title, lang),
                "changes": [_change_json(one, lang) for one in change.changes],
            }
            for change in found.requirements.values()
            if change.verdict is not Verdict.KEPT or change.changes
        ],
        **{name: [_entry_json(entry, lang) for entry in getattr(found, name)] for name in _ENTRIES},
    }


def _edition_json(edition: Edition, lang: str | None) -> Json:
    return {
        "id": edition.id,
        "edition": edition.edition,
        "digest": edition.digest,
        "title": text_json(edition.title, lang),
    }


def _entry_json(entry: EntryChange, lang: str | None) -> Json:
    return {
        "id": entry.id,
        "state": entry.state,
        "title": text_json(entry.title, lang),
        "changes": [_change_json(change, lang) for change in entry.changes],
    }


def _change_json(change: Change, lang: str | None) -> Json:
    return {
        "kind": change.kind,
        "field": change.field,
        "label": text_json(change.label, lang),
        "before": text_json(change.before, lang),
        "after": text_json(change.after, lang),
        "asks_again": change.asks_again,
    }
