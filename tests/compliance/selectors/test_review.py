"""Which answer an officer looks at next."""

from __future__ import annotations

import pytest

from compliance.selectors.review import next_after

NAMES = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("open_ids", "current", "following"),
    [
        (["a", "b", "c", "d"], "a", "b"),
        (["d"], "a", "d"),
        (["a", "c"], "c", "a"),  # starts over at the end
        (["c"], "c", None),  # the current one is not its own next
        ([], "a", None),
        (["b"], "gone", "b"),
    ],
)
def test_the_next_open_answer_follows_the_list_and_starts_over(
    open_ids: list[str], current: str, following: str | None
) -> None:
    assert next_after(NAMES, open_ids, current) == following
