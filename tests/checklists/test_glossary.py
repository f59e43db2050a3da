"""The texts keep to the glossary, and the glossary names sources that there are."""

from dataclasses import replace

from checklists import Catalogue, Text
from checklists.glossary import glossary, glossary_faults

PERMIT = "cnsa.m15.launch_permit_held"


def test_every_text_keeps_to_the_glossary(cnsa: Catalogue) -> None:
    assert glossary_faults(cnsa) == []


def test_a_text_that_strays_is_named_with_the_word_it_wants(cnsa: Catalogue) -> None:
    strayed = replace(cnsa.requirements[PERMIT], title=Text("Launch permit held", "已取得发射牌照"))
    faults = glossary_faults(replace(cnsa, requirements={**cnsa.requirements, PERMIT: strayed}))
    assert faults == [
        f"requirement {PERMIT}.title: says “launch permit”, its Chinese lacks 发射许可.",
        f"requirement {PERMIT}.title: its Chinese says 发射牌照; write 发射许可.",
    ]


def test_a_term_names_a_source_of_the_catalogue_or_none(cnsa: Catalogue) -> None:
    assert {term.source for term in glossary()} - {""} <= set(cnsa.references)
    words = [word for term in glossary() for word in term.en]
    assert len(words) == len(set(words))
