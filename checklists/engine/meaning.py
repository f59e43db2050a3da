"""Whether a question that reads otherwise still asks the same.

A changed wording asks for an answer to be confirmed again, in whichever language it changed. Where
the author finds that it means what it meant, the requirement says since which edition, and gives
the mark of the wording that was judged: a later change of the text no longer fits the mark.
"""

import hashlib
import re
from collections.abc import Iterable

from checklists.engine.model import Requirement, Text

_DIGITS = re.compile(r"([0-9]+)")


def in_order(name: str) -> list[tuple[int, str]]:
    """Sorts editions and rows as people do: 2026.9 before 2026.11, AC-2(1) before AC-10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(name)]


def mark_of(texts: Iterable[Text]) -> str:
    """Eight letters and digits that change with any of the texts, in either language."""
    words = "\n\n".join(f"{text.en}\n{text.zh_hans}" for text in texts)
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def asked_texts(requirement: Requirement) -> list[Text]:
    """What a firm answers to: the question, its guidance and the choices."""
    labels = [option.label for option in requirement.answer.options]
    return [requirement.question, requirement.guidance, *labels]


def means_the_same(earlier_edition: str, later: Requirement) -> bool:
    """Whether the author of the later wording found that it asks what the earlier edition asked."""
    same = later.same_meaning
    if same is None or mark_of(asked_texts(later)) != same.wording:
        return False
    return in_order(earlier_edition) >= in_order(same.since)
