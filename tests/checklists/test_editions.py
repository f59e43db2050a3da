"""What was released stays as it was, and the history tells what changed since."""

from checklists import Catalogue
from checklists.editions import history_of, released_edition, released_editions
from checklists.engine.difference import Verdict, difference


def test_the_first_edition_is_kept_with_its_140_requirements(cnsa: Catalogue) -> None:
    first = released_edition(cnsa.id, released_editions(cnsa.id)[0])
    assert (first.edition, len(first.requirements)) == ("2026.11", 140)


def test_a_released_edition_is_not_changed_under_its_name(cnsa: Catalogue) -> None:
    if cnsa.edition in released_editions(cnsa.id):
        kept = released_edition(cnsa.id, cnsa.edition)
        assert difference(kept, cnsa).is_empty, "Give the changed rules an edition of their own."


def test_no_requirement_of_an_earlier_edition_lost_its_id(cnsa: Catalogue) -> None:
    for change in history_of(cnsa):
        assert change.with_verdict(Verdict.RETIRED) == []


def test_the_history_leads_to_the_edition_of_today(cnsa: Catalogue) -> None:
    history = history_of(cnsa)
    assert [change.after.edition for change in history][-1:] == [cnsa.edition]
    assert history_of(cnsa) is history
