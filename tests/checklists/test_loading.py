import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.checks import Error

from checklists import Catalogue, CatalogueError, Fault
from checklists import checks as catalogue_checks
from checklists.engine import loader, schema
from checklists.engine.conditions import condition_json
from checklists.engine.documents import MAX_BYTES, read_document
from checklists.engine.inspection import statistics, warnings_of
from checklists.engine.loader import read_catalogue

RULES_KNOWN = "m01_first/rules_known.yaml"
POLICY = "m01_first/policy_in_force.yaml"
LIFETIME = "m01_first/orbit_lifetime.yaml"
PHASES = "m02_second/phases_covered.yaml"


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(folder)
    for fault in caught.value.faults:
        assert fault.file
        assert fault.problem
        assert fault.cure
        assert str(fault) in str(caught.value)
    return caught.value.faults


def broken(folder: Path, file: str, old: str, new: str) -> Fault:
    """The one fault that shows when `old` is replaced by `new` in a file."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    (fault,) = faults_of(folder)
    assert fault.file == file
    return fault


def test_the_small_catalogue_reads(small: Catalogue) -> None:
    assert len(small.requirements) == 12
    assert small.references["NOTICE-1"].in_force == "2021"
    assert small.references["NOTICE-1"].date == "2021-05-01"
    assert warnings_of(small) == []


def test_the_catalogue_that_ships_reads(cnsa: Catalogue) -> None:
    assert len(cnsa.measures) == 22
    assert len(cnsa.requirements) >= 140
    counts = statistics(cnsa)
    assert sum(counts["track"].values()) == len(cnsa.requirements)


# What a file may not say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("a: yes", "a", "can be read in two ways"),
        ("a: [no]", "a[0]", "can be read in two ways"),
        ("a: On", "a", "can be read in two ways"),
        ("no: 1", "", "can be read as true or false"),
        ("a: &mark 1", "a", "marks a place to refer to"),
        ("a: 1\nb: *a", "b", "refers to another place"),
        ('a: !!python/object/apply:os.system ["true"]', "a", "The tag"),
        ("a: !!python/name:os.system", "a", "The tag"),
        ("a: !!binary aGk=", "a", "The tag"),
        ("a: 1\na: 2", "a", "The key is there twice (first in line 1)"),
        ("a: {b: 1, b: 1}", "a.b", "The key is there twice"),
        ("[1]: 2", "", "A key is a list"),
        ("a: 2026-02-30", "a", "not a day in the calendar"),
        ("a: 1\n---\nb: 2", "", "a second document"),
        ("", "", "The file is empty"),
        ("a: b: c", "", "This is not YAML"),
        ("a: [1", "", "This is not YAML"),
        ("a: \x00", "", "This is not YAML"),
        ("a: " + "[" * 30 + "]" * 30, "a" + "[0]" * 23, "nested more than"),
        ("{" + "a: {" * 30 + "}" * 31, "a" + ".a" * 23, "nested more than"),
    ],
    ids=str,
)
def test_hostile_yaml_is_refused_with_its_line_and_a_cure(text: str, key: str, says: str) -> None:
    faults = read_document("x.yaml", text.encode()).faults
    found = next(fault for fault in faults if says in fault.problem)
    assert found.key == key
    assert found.cure


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for name, before in zip("bcdefghij", "abcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    document = read_document("x.yaml", "\n".join(lines).encode())
    assert len(document.faults) > 80


def test_too_many_values_and_too_many_bytes_are_refused() -> None:
    many = read_document("x.yaml", ("a: [" + "1," * 200_000 + "]").encode())
    assert "more than 100000 values" in many.faults[0].problem
    large = read_document("x.yaml", b"a: " + b"x" * MAX_BYTES)
    assert "larger than" in large.faults[0].problem


def test_what_is_not_utf8_is_refused_with_its_line() -> None:
    (fault,) = read_document("x.yaml", b"a: 1\nb: \xff").faults
    assert fault.line == 2
    assert fault.problem == "The file is not UTF-8."


def test_quoted_words_and_plain_numbers_are_what_they_look_like() -> None:
    document = read_document("x.yaml", b'a: "yes"\nb: 007\nc: 1_000\nd: 12:30\ne: 1e-6\nf: 0.10')
    assert document.faults == []
    assert document.data["a"] == "yes"
    assert (document.data["b"], document.data["c"], document.data["d"]) == ("007", "1_000", "12:30")
    assert str(document.data["e"]) == "0.000001"
    assert str(document.data["f"]) == "0.10"


# What a requirement may not say -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "line", "says"),
    [
        (RULES_KNOWN, "track: duty", "trak: duty", "track", None, "The key is missing."),
        (RULES_KNOWN, "track: duty", "track: dutty", "track", 7, "There is no track 'dutty'."),
        (RULES_KNOWN, "title: {en: Title of rules_known}", "title: Hello", "title", 3, "mapping"),
        (RULES_KNOWN, "en: Guidance.", "zh_hans: x", "guidance.en", 5, "The key is missing."),
        (RULES_KNOWN, "en: Guidance.", 'en: " "', "guidance.en", 5, "The text is empty."),
        (RULES_KNOWN, "severity: major", "severity: opportunity", "", 1, "has no weight"),
        (RULES_KNOWN, "topic: safety", "topic: saftey", "topic", 8, "There is no topic"),
        (RULES_KNOWN, "NOTICE-1", "NOTICE-2", "references[0]", 13, "There is no reference"),
        (RULES_KNOWN, "[NOTICE-1]", "[]", "references", 13, "The list is empty."),
        (RULES_KNOWN, "M01-01", "M02-09", "source_row", 2, "not of measure 01"),
        (RULES_KNOWN, "M01-01", "M01-02", "source_row", 2, "is in"),
        (RULES_KNOWN, "confidence: high", "confidence: sure", "confidence", 14, "not known here"),
        (RULES_KNOWN, "2026-11-20", '"2026-11-20"', "checked_on", 17, "not a date"),
        (
            RULES_KNOWN,
            "not_applicable: with_reason",
            "not_applicable: maybe",
            "answer.not_applicable",
            10,
            "not known",
        ),
        (
            RULES_KNOWN,
            "kind: yes_partly_no",
            "kind: yes_no",
            "answer.kind",
            10,
            "There is no answer kind",
        ),
        (RULES_KNOWN, "kind: yes_partly_no", "kind: number", "answer", 10, "no unit"),
        (RULES_KNOWN, "measure: 1,", "measure: 9,", "clause.measure", 12, "There is no measure 9."),
        (POLICY, "launch_window}", "launch_windw}", "evidence[0].covers", 13, "no mission date"),
        (POLICY, "premium_receipt", "receipt", "evidence[1].kind", 14, "no evidence kind"),
        (POLICY, "premium_receipt", "insurance_policy", "", 1, "there twice"),
        (POLICY, "required: true", "required: 1", "evidence[0].required", 13, "not true or false"),
        (POLICY, "flag: launches", "flag: launched", "applies_when.flag", 10, "no flag"),
        (
            POLICY,
            "{flag: launches}",
            "{fact: firm.size, is: 1}",
            "applies_when.fact",
            10,
            "no fact",
        ),
        (
            POLICY,
            "{flag: launches}",
            "{fact: firm.roles, is: x}",
            "applies_when.is",
            10,
            "cannot be tested",
        ),
        (
            POLICY,
            "{flag: launches}",
            "{fact: firm.roles, any_of: [x]}",
            "applies_when.any_of[0]",
            10,
            "no choice",
        ),
        (
            POLICY,
            "{flag: launches}",
            "{flag: launches, fact: x}",
            "applies_when.fact",
            10,
            "no fact",
        ),
        (POLICY, "{flag: launches}", "{flags: launches}", "applies_when", 10, "has the keys flags"),
        (
            POLICY,
            "{flag: launches}",
            "{all: []}",
            "applies_when.all",
            10,
            "not a list of conditions",
        ),
        (
            POLICY,
            "{flag: launches}",
            "{fact: firm.staff, above: many}",
            "applies_when.above",
            10,
            "not a number",
        ),
        (
            POLICY,
            "{flag: launches}",
            "{fact: mission.launch, is: 1}",
            "applies_when.is",
            10,
            "not true or false",
        ),
        (LIFETIME, "unit: year", "unit: yaer", "answer.unit", 11, "There is no unit 'yaer'."),
        (
            LIFETIME,
            "unit: year",
            "unit: day",
            "check.at_most.parameter",
            13,
            "The answer is in day",
        ),
        (
            LIFETIME,
            "parameter: lifetime_years",
            "parameter: life",
            "check.at_most.parameter",
            13,
            "no parameter",
        ),
        (
            LIFETIME,
            "at_most: {parameter: lifetime_years}",
            "atmost: {parameter: x}",
            "check.atmost",
            13,
            "no such key",
        ),
        (
            LIFETIME,
            "at_most: {parameter: lifetime_years}",
            "at_most: {as_of: true}",
            "check",
            12,
            "cannot be held",
        ),
        (
            LIFETIME,
            "at_most: {parameter: lifetime_years}",
            "at_most: 25",
            "check.at_most",
            13,
            "not a mapping",
        ),
        (LIFETIME, "min: 0,", "min: 2000,", "answer", 11, "`min` is not below `max`"),
        (
            PHASES,
            "outcome: partly_met",
            "outcome: not_answered",
            "answer.options[1]",
            17,
            "cannot lead to",
        ),
        (PHASES, "id: some", "id: all", "answer.options[1]", 17, "there twice"),
        (
            "facts.yaml",
            "{flag: in_low_orbit}",
            "{flag: high_in_low_orbit}",
            "flags.high_in_low_orbit.when",
            None,
            "depends on itself",
        ),
        (
            "facts.yaml",
            "group: firm\n    kind: number",
            "group: frm\n    kind: number",
            "facts[1].group",
            None,
            "no group",
        ),
        ("facts.yaml", "unit: person", "unit: people", "facts[1].unit", None, "no unit"),
        (
            "facts.yaml",
            "from: mission.window_from",
            "from: firm.staff",
            "dates.launch_window.from",
            None,
            "not a fact of kind date",
        ),
        (
            "parameters.yaml",
            "reference: null",
            "reference: NO-1",
            "notice_days.values[0].reference",
            None,
            "no reference",
        ),
        (
            "parameters.yaml",
            "basis: own_target",
            "basis: notice",
            "notice_days.values[0].reference",
            None,
            "no source",
        ),
        (
            "parameters.yaml",
            "value: 25",
            "value: many",
            "lifetime_years.values[0].value",
            None,
            "not a number",
        ),
        (
            "parameters.yaml",
            "until: 2027-12-31",
            "until: 2020-12-31",
            "lifetime_years.values[0]",
            None,
            "`until` is before",
        ),
        (
            "references.yaml",
            "binding: notice",
            "binding: notise",
            "NOTICE-1.binding",
            8,
            "no legal force",
        ),
        (
            "references.yaml",
            "verified: true",
            'verified: "true"',
            "NOTICE-1.verified",
            10,
            "true or false",
        ),
        ("scoring.yaml", "partly_met: 0.5", "partly_met: 0.7", "", 1, "other than 0, 0.5 and 1"),
        ("scoring.yaml", "minor: 2", "minr: 2", "weights.minr", 1, "There is no severity"),
        ("catalogue.yaml", 'edition: "1"', "edition: 1.0", "edition", 2, "not a text"),
        ("catalogue.yaml", "section: B", "section: C", "measures[1].section", None, "no section"),
    ],
)
def test_a_fault_names_file_line_key_and_cure(
    small_folder: Path, file: str, old: str, new: str, key: str, line: int | None, says: str
) -> None:
    path = small_folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    faults = faults_of(small_folder)
    found = [fault for fault in faults if says in fault.problem and key in fault.key]
    assert found, faults
    if line is not None:
        assert found[0].line == line
        assert found[0].file == file


def test_whatever_is_wrong_in_a_file_is_refused_with_line_key_and_cure(small_folder: Path) -> None:
    """One of each kind that a person writing rules gets wrong; nothing of the folder is loaded."""
    parameters = "parameters.yaml"
    breaks = [
        ("too deep", RULES_KNOWN, "guidance: {en: Guidance.}", f"guidance: {'[' * 30}{']' * 30}"),
        ("an alias", RULES_KNOWN, "guidance: {en: Guidance.}", "guidance: *other"),
        ("unknown key", RULES_KNOWN, "track: duty", "trak: duty"),
        ("unknown fact", POLICY, "{flag: launches}", "{fact: firm.nothing, is: 1}"),
        ("no date", parameters, "{from: 2028-01-01, value: 10", "{value: 10"),
        ("empty date", parameters, "{from: 2028-01-01, value: 10", "{from: , value: 10"),
    ]
    for name, file, old, new in breaks:
        path = small_folder / file
        before = path.read_text(encoding="utf-8")
        assert old in before, name
        line = before[: before.index(old)].count("\n") + 1
        path.write_text(before.replace(old, new, 1), encoding="utf-8")
        faults = [fault for fault in faults_of(small_folder) if fault.line == line]
        assert faults, name
        assert all(fault.file == file and fault.key and fault.cure for fault in faults), name
        path.write_text(before, encoding="utf-8")
    twice = small_folder / "m01_again" / "rules_known.yaml"
    twice.parent.mkdir()
    twice.write_text((small_folder / RULES_KNOWN).read_text(encoding="utf-8"), encoding="utf-8")
    found = {(fault.key, fault.line) for fault in faults_of(small_folder)}
    assert {("id", 1), ("source_row", 2)} <= found
    twice.unlink()
    assert read_catalogue(small_folder).id == "small"


def test_every_fault_is_told_at_once(small_folder: Path) -> None:
    (small_folder / "scoring.yaml").unlink()
    (small_folder / "notes.yaml").write_text("a: 1")
    rules = small_folder / RULES_KNOWN
    rules.write_text(
        rules.read_text().replace("topic: safety", "topic: yes").replace("id: ", "i: ")
    )
    policy = small_folder / POLICY
    policy.write_text(policy.read_text().replace("severity: blocking", "severity: severe"))
    files = [fault.file for fault in faults_of(small_folder)]
    assert files == [POLICY, RULES_KNOWN, "notes.yaml", "scoring.yaml"]


def test_a_file_in_the_wrong_place_is_told_where_it_belongs(small_folder: Path) -> None:
    (small_folder / RULES_KNOWN).rename(small_folder / "m02_second" / "rules_known.yaml")
    (fault,) = faults_of(small_folder)
    assert "folder m02_second" in fault.problem
    (small_folder / "m02_second" / "rules_known.yaml").rename(
        small_folder / "m01_first" / "other.yaml"
    )
    (fault,) = faults_of(small_folder)
    assert fault.cure == "Call it rules_known.yaml."


def test_a_condition_nested_too_deep_is_refused(small_folder: Path) -> None:
    deep = "{not: " * 13 + "{flag: launches}" + "}" * 13
    fault = broken(small_folder, POLICY, "applies_when: {flag: launches}", f"applies_when: {deep}")
    assert "nested more than 12 deep" in fault.problem


def test_a_question_that_depends_on_itself_is_refused(small_folder: Path) -> None:
    fault = broken(
        small_folder,
        "facts.yaml",
        "asked_when: {fact: mission.orbit, is: leo}",
        "asked_when: {fact: mission.altitude_km, answered: true}",
    )
    assert fault.problem == "mission.altitude_km depends on itself."


def test_the_roles_of_facts_and_catalogue_are_the_same(small_folder: Path) -> None:
    path = small_folder / "catalogue.yaml"
    path.write_text(path.read_text().replace("  supplier:", "  sub_supplier:"))
    assert any("roles of catalogue.yaml" in fault.problem for fault in faults_of(small_folder))


def test_an_own_sentence_may_only_use_the_three_places(small_folder: Path) -> None:
    fault = broken(
        small_folder, "m02_second/days_of_notice.yaml", "{unit} of notice", "{units} of notice"
    )
    assert fault.cure == "Use {value}, {limit} and {unit} only."


def test_a_missing_folder_is_a_catalogue_error(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "nothing")
    assert "no such catalogue folder" in fault.problem


# Start-up -----------------------------------------------------------------------------------------


@pytest.fixture
def forget_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_loaded", {})


@pytest.mark.usefixtures("forget_loaded")
def test_the_system_check_has_one_error_for_each_fault(
    small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_folder / "scoring.yaml").unlink()
    policy = small_folder / POLICY
    policy.write_text(policy.read_text().replace("severity: blocking", "severity: severe"))
    monkeypatch.setattr(loader, "_frameworks", small_folder.parent)
    errors = catalogue_checks.check_catalogues()
    assert all(isinstance(error, Error) for error in errors)
    assert [error.hint for error in errors] == [
        "Use one of: blocking, major, minor, opportunity.",
        "Add it.",
    ]
    assert errors[0].msg.startswith("small/m01_first/policy_in_force.yaml:9: severity:")


def test_the_system_check_is_silent_about_what_ships() -> None:
    assert catalogue_checks.check_catalogues() == []


# The cache ----------------------------------------------------------------------------------------


@pytest.fixture
def checking(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often sources were read and checked in full."""
    calls: list[str] = []
    original = schema.check_form

    def counted(form: type, document: object) -> object:
        calls.append("checked")
        return original(form, document)  # type: ignore[arg-type]

    monkeypatch.setattr(schema, "check_form", counted)
    return lambda: len(calls)


def test_a_second_load_reads_the_kept_values_and_is_the_same(
    small_folder: Path, tmp_path: Path, checking: Callable[[], int]
) -> None:
    first = read_catalogue(small_folder, cache_dir=tmp_path / "cache")
    checked = checking()
    second = read_catalogue(small_folder, cache_dir=tmp_path / "cache")
    assert checking() == checked > 0
    assert second.digest == first.digest
    assert second.requirements == first.requirements
    assert second.facts == first.facts
    assert second.parameters == first.parameters


def test_a_changed_file_is_read_anew(small_folder: Path, tmp_path: Path) -> None:
    first = read_catalogue(small_folder, cache_dir=tmp_path / "cache")
    path = small_folder / RULES_KNOWN
    path.write_text(path.read_text().replace("Guidance.", "Other guidance."))
    second = read_catalogue(small_folder, cache_dir=tmp_path / "cache")
    assert second.digest != first.digest
    assert second.requirements["small.m01.rules_known"].guidance.en == "Other guidance."


def test_the_cache_keeps_a_handful_of_editions(small_folder: Path, tmp_path: Path) -> None:
    path = small_folder / RULES_KNOWN
    for number in range(loader.MAX_KEPT + 3):
        path.write_text(path.read_text() + f"# change {number}\n")
        read_catalogue(small_folder, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == loader.MAX_KEPT


@pytest.mark.parametrize("damage", ["", "{}", "cut", "altered"])
def test_a_damaged_cache_is_passed_over(small_folder: Path, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    first = read_catalogue(small_folder, cache_dir=cache)
    (kept,) = cache.iterdir()
    content = kept.read_text(encoding="utf-8")
    kept.write_text(
        {"cut": content[:-50], "altered": content.replace("Guidance", "Misguidance")}.get(
            damage, damage
        ),
        encoding="utf-8",
    )
    assert read_catalogue(small_folder, cache_dir=cache).requirements == first.requirements


def test_a_cache_that_cannot_be_written_is_harmless(small_folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    assert len(read_catalogue(small_folder, cache_dir=blocked).requirements) == 12


def test_a_broken_catalogue_leaves_nothing_in_the_cache(small_folder: Path, tmp_path: Path) -> None:
    (small_folder / "scoring.yaml").unlink()
    with pytest.raises(CatalogueError):
        read_catalogue(small_folder, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("forget_loaded")
def test_a_process_loads_a_catalogue_once(small_folder: Path) -> None:
    first = loader.load_catalogue("small", root=small_folder.parent)
    (small_folder / "scoring.yaml").unlink()
    assert loader.load_catalogue("small", root=small_folder.parent) is first


def test_conditions_survive_being_written_and_read(small: Catalogue) -> None:
    condition = small.flags["high_in_low_orbit"].when
    assert json.loads(json.dumps(condition_json(condition))) == {
        "all": [{"flag": "in_low_orbit"}, {"fact": "mission.altitude_km", "above": "600"}]
    }
