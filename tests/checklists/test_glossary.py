"""The texts keep to the glossary, and the glossary names sources that there are."""

from dataclasses import replace

from checklists import Catalogue, Text
from checklists.engine.documents import read_document
from checklists.glossary import glossary, glossary_faults

PERMIT = "cnsa.m15.launch_permit_held"


def test_every_text_keeps_to_the_glossary(cnsa: Catalogue) -> None:
    assert glossary_faults(cnsa) == []


def test_a_text_that_strays_is_named_with_the_word_it_wants(cnsa: Catalogue) -> None:
    strayed = replace(cnsa.requirements[PERMIT], title=Text("Launch permit held", "已取得发射牌照"))
    faults = glossary_faults(replace(cnsa, requirements={**cnsa.requirements, PERMIT: strayed}))
    assert [(fault.key, fault.cure) for fault in faults] == [
        ("title", "Write 发射许可."),
        ("title", "Write 发射许可."),
    ]
    assert faults[0].problem == "The English says “launch permit”, the Chinese lacks its word."
    assert faults[1].problem == "The Chinese says 发射牌照, which the glossary avoids."
    files = {"m15_legal_system/launch_permit_held.yaml": read_document("x", b"id: x\ntitle: {}\n")}
    (fault, _) = glossary_faults(
        replace(cnsa, requirements={**cnsa.requirements, PERMIT: strayed}), files
    )
    assert (fault.file, fault.line) == ("m15_legal_system/launch_permit_held.yaml", 2)


def test_a_term_names_a_source_of_the_catalogue_or_none(cnsa: Catalogue) -> None:
    assert {term.source for term in glossary()} - {""} <= set(cnsa.references)
    words = [word for term in glossary() for word in term.en]
    assert len(words) == len(set(words))
