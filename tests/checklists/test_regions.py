"""What is said of provinces: in both languages, with sources, and with the doubt where there is."""

from collections.abc import Iterator

from checklists import Catalogue
from checklists.engine.model import Text
from checklists.regions import Claim, Standing, regional_plans


def claims() -> Iterator[Claim]:
    plans = regional_plans()
    yield from plans.national
    for plan in plans.regions:
        yield from plan.claims


def test_every_place_and_source_is_one_that_the_catalogue_knows(cnsa: Catalogue) -> None:
    places = {choice.id for choice in cnsa.facts["firm.regions"].choices}
    plans = regional_plans().regions
    assert {plan.region for plan in plans} <= places
    assert {plan.reference for plan in plans} - {""} <= set(cnsa.references)
    assert len({plan.id for plan in plans}) == len(plans)


def test_everything_is_said_in_both_languages() -> None:
    texts: list[Text | None] = [regional_plans().checked_up_to]
    for plan in regional_plans().regions:
        texts += [plan.place, plan.plan, plan.issued]
    for claim in claims():
        texts += [claim.text, claim.doubt, *claim.sources]
    assert all(text is None or (text.en and text.zh_hans) for text in texts)


def test_sources_that_disagree_come_with_the_doubt_and_agreement_takes_two() -> None:
    for claim in claims():
        assert (claim.standing is Standing.DISPUTED) == (claim.doubt is not None), claim.text.en
        if claim.standing is Standing.AGREED:
            assert len(claim.sources) > 1, claim.text.en
        assert claim.sources


def test_the_targets_of_e_town_are_not_told_as_the_city_s(cnsa: Catalogue) -> None:
    by_id = {plan.id: plan for plan in regional_plans().regions}
    city = " ".join(claim.text.en for claim in by_id["beijing"].claims)
    assert "500 high-tech firms" in city
    assert "18" not in city
    (aim,) = [claim for claim in by_id["beijing"].claims if claim.doubt]
    assert aim.doubt is not None
    assert "E-Town" in aim.doubt.en
