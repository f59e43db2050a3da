"""What changed between two editions, and what becomes of the answers."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from checklists import Catalogue, CatalogueError, Verdict, catalogue_from_json, difference
from checklists.engine.difference import CatalogueDifference, ChangeKind, EntryState
from checklists.engine.export import catalogue_json
from checklists.engine.exported import read_json
from checklists.engine.loader import read_catalogue
from checklists.engine.model import SameMeaning
from checklists.engine.telling import difference_lines
from tests.checklists.small import FUND, LIFETIME, PHASES, POLICY, PROBABILITY, RULES_KNOWN

Edit = Callable[..., CatalogueDifference]
RULES_FILE = "m01_first/rules_known.yaml"


@pytest.fixture
def edited(small: Catalogue, small_folder: Path) -> Edit:
    """The difference to an edition in which one text of one file is another."""

    def edit(file: str, old: str, new: str) -> CatalogueDifference:
        path = small_folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return difference(small, read_catalogue(small_folder))

    return edit


def test_an_edition_does_not_differ_from_itself(small: Catalogue, cnsa: Catalogue) -> None:
    for catalogue in (small, cnsa):
        found = difference(catalogue, catalogue)
        assert found.is_empty
        assert {change.verdict for change in found.requirements.values()} == {Verdict.KEPT}


@pytest.mark.parametrize(
    ("file", "old", "new", "changes", "verdict"),
    [
        (RULES_FILE, "en: Guidance.", "en: More.", {"guidance": "More."}, "confirm_again"),
        (RULES_FILE, "Title of rules_known", "Rules", {"title": "Rules"}, "kept"),
        (RULES_FILE, "track: duty", "track: upcoming", {"track": "Upcoming"}, "kept"),
        (RULES_FILE, "severity: major", "severity: minor", {"severity": "Minor"}, "kept"),
        (RULES_FILE, "topic: safety", "topic: insurance", {"topic": "Insurance"}, "kept"),
        (
            RULES_FILE,
            "kind: yes_partly_no",
            "kind: document",
            {"answer": "a document that is in place or not"},
            "confirm_again",
        ),
        (
            RULES_FILE,
            "track: duty",
            "track: duty\nin_force: {until: 2026-12-31}",
            {"in_force": "until 31 Dec 2026"},
            "kept",
        ),
        (
            RULES_FILE,
            "track: duty",
            "track: duty\napplies_when: {flag: launches}",
            {"applies_when": "Launch: yes"},
            "kept",
        ),
        (RULES_FILE, "confidence: high", "confidence: low", {"confidence": "low"}, "kept"),
        (RULES_FILE, "checked_on: 2026-11-20", "checked_on: 2026-11-21", {}, "kept"),
    ],
)
def test_a_change_is_told_and_decides_what_becomes_of_the_answer(
    edited: Edit, file: str, old: str, new: str, changes: dict[str, str], verdict: str
) -> None:
    found = edited(file, old, new).requirements[RULES_KNOWN]
    told = {change.field: change.after.en for change in found.changes if change.after}
    assert told == changes
    assert found.verdict == verdict


def test_a_wording_that_asks_the_same_keeps_the_answer(
    small: Catalogue, small_folder: Path
) -> None:
    """A changed text asks again in either language, unless its author judged this very wording."""
    path = small_folder / "m02_second" / "phases_covered.yaml"
    head = small_folder / "catalogue.yaml"
    head.write_text(head.read_text().replace('edition: "1"', 'edition: "10"'))
    reworded = path.read_text().replace("en: Guidance.", "en: Guidance., zh_hans: 指南")
    reworded = reworded.replace("label: {en: ", "label: {en: Now ")

    def verdict(same_meaning: str) -> Verdict:
        path.write_text(reworded + same_meaning)
        change = difference(small, read_catalogue(small_folder)).requirements[PHASES]
        assert {one.field for one in change.changes} == {"answer", "guidance"}
        return change.verdict

    assert verdict("") is Verdict.CONFIRM_AGAIN
    with pytest.raises(CatalogueError) as caught:
        verdict('same_meaning: {since: "10", wording: "00000000"}\n')
    since, wording = caught.value.faults
    assert (since.key, wording.key) == ("same_meaning.since", "same_meaning.wording")
    assert since.line == wording.line == len(reworded.splitlines()) + 1
    assert since.problem == "The edition 10 is not earlier than this one, 10."
    mark = wording.cure.partition("write ")[2][:8]
    assert verdict(f'same_meaning: {{since: "1", wording: "{mark}"}}\n') is Verdict.KEPT
    assert verdict(f'same_meaning: {{since: "9", wording: "{mark}"}}\n') is Verdict.CONFIRM_AGAIN
    back = catalogue_from_json(json.loads(json.dumps(catalogue_json(read_catalogue(small_folder)))))
    assert back.requirements[PHASES].same_meaning == SameMeaning("9", mark)
    reworded = reworded.replace("outcome: partly_met", "outcome: met", 1)
    assert verdict(f'same_meaning: {{since: "1", wording: "{mark}"}}\n') is Verdict.CONFIRM_AGAIN


def test_a_changed_limit_shows_both_values_with_their_dates(edited: Edit) -> None:
    found = edited(
        "parameters.yaml",
        "{from: 2028-01-01, value: 10, reference: NOTICE-1}",
        "{from: 2027-06-01, value: 5.5, reference: NOTICE-1}",
    )
    changed = found.requirements[LIFETIME]
    (change,) = changed.changes
    assert (changed.verdict, change.kind) == (Verdict.CONFIRM_AGAIN, ChangeKind.LIMIT)
    assert change.before
    assert change.after
    assert change.before.en.endswith("at most 10 years (from 1 Jan 2028)")
    assert change.after.en.endswith("at most 5.5 years (from 1 Jun 2027)")
    assert change.after.zh_hans.endswith("不超过5.5年（自2027年6月1日起）")
    assert [(entry.id, entry.state) for entry in found.parameters] == [
        ("lifetime_years", EntryState.CHANGED)
    ]
    assert found.with_verdict(Verdict.CONFIRM_AGAIN) == [changed]
    assert not found.is_empty


def test_a_flag_that_changes_changes_whom_its_requirements_speak_to(edited: Edit) -> None:
    found = edited(
        "facts.yaml", "when: {fact: mission.launch, is: true}", "when: {fact: firm.staff, above: 3}"
    )
    changed = {change.id for change in found.requirements.values() if change.changes}
    assert POLICY in changed
    assert RULES_KNOWN not in changed
    (change,) = found.requirements[POLICY].changes
    assert change.kind is ChangeKind.APPLICABILITY
    assert "more than 3 persons" in str(change.after)
    assert [entry.id for entry in found.flags] == ["launches"]


def test_new_and_retired_requirements_facts_and_sources(
    small: Catalogue, small_folder: Path
) -> None:
    (small_folder / RULES_FILE).unlink()
    path = small_folder / "references.yaml"
    notice = path.read_text().partition("FOREIGN-1")[0]
    path.write_text(path.read_text() + notice.replace("NOTICE-1", "NOTICE-9"))
    path.write_text(
        path.read_text().replace(
            "FOREIGN-1:\n  name: {en: Foreign", "FOREIGN-1:\n  name: {en: Alien"
        )
    )
    later = read_catalogue(small_folder)
    forward, back = difference(small, later), difference(later, small)
    assert forward.requirements[RULES_KNOWN].verdict is Verdict.RETIRED
    assert forward.requirements[RULES_KNOWN].requirement.title.en == "Title of rules_known"
    assert list(forward.requirements)[-1] == RULES_KNOWN
    assert back.requirements[RULES_KNOWN].verdict is Verdict.NEW
    assert {entry.id: entry.state for entry in forward.references} == {
        "NOTICE-9": "new",
        "FOREIGN-1": "changed",
    }
    assert {entry.id: entry.state for entry in back.references}["NOTICE-9"] == "removed"


def test_the_difference_reads_in_both_languages(edited: Edit) -> None:
    found = edited("m02_second/fund_claimed.yaml", "severity: major", "severity: minor")
    english = "\n".join(difference_lines(found, "en"))
    assert "Requirements: 12 kept, 0 to be confirmed again, 0 new, 0 retired." in english
    assert f"[{FUND}]\n    Severity\n      before: Major\n      now: Minor" in english
    assert "要求：保留12项" in "\n".join(difference_lines(found, "zh-hans"))


def test_a_change_of_the_translation_alone_shows_the_translation(edited: Edit) -> None:
    found = edited("references.yaml", "zh_hans: 通知一", "zh_hans: 第一号通知")
    assert "      now: 第一号通知" in list(difference_lines(found, "en"))


# Exported editions --------------------------------------------------------------------------------


def test_an_exported_edition_reads_back_as_it_was(small: Catalogue, cnsa: Catalogue) -> None:
    for catalogue in (small, cnsa):
        form = json.loads(json.dumps(catalogue_json(catalogue)))
        back = catalogue_from_json(form)
        assert back.requirements == catalogue.requirements
        assert back.facts == catalogue.facts
        assert back.references == catalogue.references
        assert back.scoring == catalogue.scoring
        assert (back.edition, back.digest) == (catalogue.edition, catalogue.digest)
        assert difference(catalogue, back).is_empty


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda form: form.pop("facts"), "lacks 'facts'"),
        (lambda form: form.update(requirements=[1]), "not a catalogue exported in both"),
        (lambda form: form["requirements"][0].update(title="One language"), "not a mapping"),
        (
            lambda form: form["requirements"][0].update(checked_on="soon"),
            "not a catalogue exported",
        ),
        (lambda form: form["requirements"][0].update(topic="nowhere"), "There is no topic"),
        (lambda form: form["parameters"][0]["values"][0].update(value="x"), "not a catalogue"),
        (lambda form: form.update(digest="x"), "not a sha256"),
    ],
)
def test_a_broken_export_is_refused_in_words(
    small: Catalogue, change: Callable[[Any], Any], says: str
) -> None:
    form = json.loads(json.dumps(catalogue_json(small)))
    change(form)
    with pytest.raises(CatalogueError) as caught:
        catalogue_from_json(form, name="old.json")
    assert any(says in fault.problem for fault in caught.value.faults), caught.value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "This is not JSON"),
        (b'{"a": NaN}', "NaN, which is no number"),
        (b'{"a": 1, "a": 2}', "there twice"),
        (b"[" * 100_000, "nested too deep"),
        (b"[" * 200 + b"]" * 200, "nested too deep"),
        (b"\xff\xfe{}", "This is not JSON"),
        (b'"\xff"', "not UTF-8"),
        (b"9" * 10_000, "too large"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_hostile_json_is_refused_in_words(content: bytes, says: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read_json("x.json", content, cure="Mend it.")
    assert says in caught.value.faults[0].problem


def test_the_command_compares_folders_files_and_known_editions(
    small: Catalogue, cnsa: Catalogue, small_folder: Path, tmp_path: Path
) -> None:
    path = small_folder / "m01_first" / "failure_probability.yaml"
    path.write_text(path.read_text().replace("severity: minor", "severity: major"))
    exported = tmp_path / "earlier.json"
    exported.write_text(json.dumps(catalogue_json(small)))
    out = io.StringIO()
    call_command("catalogue", "diff", str(exported), str(small_folder), stdout=out)
    assert f"[{PROBABILITY}]" in out.getvalue()
    out = io.StringIO()
    call_command(
        "catalogue", "diff", str(exported), str(small_folder), "--format", "json", stdout=out
    )
    (row,) = json.loads(out.getvalue())["requirements"]
    assert (row["id"], row["verdict"]) == (PROBABILITY, "kept")
    assert row["changes"][0]["before"] == {"en": "Minor", "zh_hans": ""}
    out = io.StringIO()
    call_command("catalogue", "diff", cnsa.id, cnsa.edition, stdout=out)
    assert f"{len(cnsa.requirements)} kept, 0 to be confirmed again" in out.getvalue()
    out = io.StringIO()
    call_command("catalogue", "diff", "2026.11", cnsa.id, stdout=out)
    assert "cnsa_2025_2027, edition 2026.11 (" in out.getvalue()


def test_the_command_refuses_what_it_does_not_know(cnsa: Catalogue) -> None:
    errors = io.StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("catalogue", "diff", "2019.01", cnsa.edition, stderr=errors)
    assert caught.value.code == 2
    assert f"Known are: {cnsa.id} (2026.11" in errors.getvalue()
