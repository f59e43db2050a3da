import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from checklists import Catalogue
from checklists.engine import loader
from checklists.engine.export import CSV_COLUMNS, catalogue_json, fact_json, requirement_json
from tests.checklists.small import FIXTURES

POLICY = "cnsa.m18.third_party_policy_in_force"
LIFETIME = "cnsa.m07.orbit_lifetime_after_mission"

GIVEN = f"""
as_of: 2026-11-20
facts:
  firm.roles: [launch_service_provider]
  mission.launch: from_china
  mission.launch_window_from: 2027-03-12
answers:
  {POLICY}: {{value: in_place}}
  {LIFETIME}: {{value: 4.6}}
evidence:
  {POLICY}: [{{kind: insurance_policy, effective_on: 2026-03-01, expires_on: 2027-02-28}}]
"""


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's commands work where no database is."""

    def refuse(self: BaseDatabaseWrapper) -> None:
        raise AssertionError("A command of the engine asked for the database.")

    monkeypatch.setattr(type(connections["default"]), "connect", refuse)


def evaluated(tmp_path: Path, text: str, *args: str, name: str = "given.yaml") -> Any:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    out = io.StringIO()
    call_command("evaluate", str(file), *args, stdout=out)
    return json.loads(out.getvalue())


def refusal(tmp_path: Path, text: str, *args: str, name: str = "given.yaml") -> list[str]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return refusal_of(file, *args)


def refusal_of(file: Path, *args: str) -> list[str]:
    out, errors = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("evaluate", str(file), *args, stdout=out, stderr=errors)
    assert caught.value.code == 2
    assert out.getvalue() == ""
    return errors.getvalue().splitlines()


def row_of(form: Any, requirement: str) -> Any:
    return next(row for row in form["requirements"] if row["requirement"] == requirement)


def test_evaluate_prints_band_scores_blockers_and_rows(tmp_path: Path) -> None:
    form = evaluated(tmp_path, GIVEN)
    assert form["catalogue"] == "cnsa_2025_2027"
    assert form["as_of"] == "2026-11-20"
    assert form["band"] == "incomplete"
    assert set(form["scores"]) == {"claimed", "confirmed"}
    assert float(form["scores"]["claimed"]["duty"]) > 0
    assert len(form["requirements"]) >= 140
    row = row_of(form, POLICY)
    assert row["applicability"] == "applies"
    assert row["outcome"] == "partly_met"
    assert row["answer"] == "in_place"
    assert (row["weight"], row["points"]) == (10, "0.5")
    assert "ends on 28 Feb 2027, before the launch window opens on 12 Mar 2027" in row["reason"]
    assert POLICY in [blocker["requirement"] for blocker in form["blockers"]]
    assert row_of(form, LIFETIME)["applicability"] == "does_not_apply"
    assert row_of(form, LIFETIME)["points"] is None


def test_evaluate_speaks_chinese(tmp_path: Path) -> None:
    row = row_of(evaluated(tmp_path, GIVEN, "--lang", "zh-hans"), POLICY)
    assert "于2027年2月28日到期" in row["reason"]
    assert row["applicability_reason"].startswith("适用，因为")


def test_json_and_yaml_come_to_the_same(tmp_path: Path) -> None:
    data = {
        "as_of": "2026-11-20",
        "facts": {
            "firm.roles": ["launch_service_provider"],
            "mission.launch": "from_china",
            "mission.launch_window_from": "2027-03-12",
        },
        "answers": {POLICY: {"value": "in_place"}, LIFETIME: {"value": 4.6}},
        "evidence": {
            POLICY: [
                {
                    "kind": "insurance_policy",
                    "effective_on": "2026-03-01",
                    "expires_on": "2027-02-28",
                }
            ]
        },
    }
    as_json = evaluated(tmp_path, json.dumps(data), name="given.json")
    assert as_json == evaluated(tmp_path, GIVEN)


def test_an_empty_assessment_is_no_error(tmp_path: Path) -> None:
    form = evaluated(tmp_path, "as_of: 2026-11-20")
    assert form["scores"]["claimed"]["duty"] == "0.0"
    assert {"firm.roles"} <= {entry["fact"] for entry in form["missing_facts"]}


def test_every_problem_has_its_line_with_key_and_cure(tmp_path: Path) -> None:
    lines = refusal(
        tmp_path,
        f"""
fact: 1
facts: {{firm.role: [x], firm.roles: [pirate], firm.staff: 12 persons}}
answers:
  cnsa.m18.third_party_policy: {{value: in_place}}
  {LIFETIME}: {{value: 123 km}}
  {POLICY}: {{value: in_place, not_applicable_reason: None here., flags: x, flag: later}}
evidence:
  {POLICY}: [{{kind: insurance}}, {{kind: insurance_policy, expires_on: 2026-02-30x}}, 5]
  {LIFETIME}:
    - {{kind: orbit_lifetime_analysis, effective_on: 2026-02-01, expires_on: 2026-01-31}}
  cnsa.m07.debris_mitigation_plan: 5
""",
    )
    told = {line.split(": ", 2)[1]: line for line in lines}
    assert set(told) == {
        "fact",
        "as_of",
        "facts.firm.role",
        "facts.firm.roles",
        "facts.firm.staff",
        "answers.cnsa.m18.third_party_policy",
        f"answers.{LIFETIME}",
        f"answers.{POLICY}.flags",
        f"answers.{POLICY}.flag",
        f"answers.{POLICY}",
        f"evidence.{POLICY}[0].kind",
        f"evidence.{POLICY}[1].expires_on",
        f"evidence.{POLICY}[2]",
        f"evidence.{LIFETIME}[0].expires_on",
        "evidence.cnsa.m07.debris_mitigation_plan",
    }
    assert "Did you mean firm.roles?" in told["facts.firm.role"]
    assert "Did you mean " in told["answers.cnsa.m18.third_party_policy"]
    assert "Write the number only, in years." in told[f"answers.{LIFETIME}"]
    assert "Keep one of the two." in told[f"answers.{POLICY}"]


def test_problems_are_told_in_chinese_as_well(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, "facts: {}", "--lang", "zh-hans")
    assert "缺少评估日" in line


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("as_of: 2026-02-31", "x.yaml", "not a day in the calendar"),
        ('as_of: "2026-02-31"', "x.yaml", "not a day in the calendar"),
        ("as_of: yes", "x.yaml", "can be read in two ways"),
        ("- 1", "x.yaml", "not a mapping"),
        ("as_of: 2026-01-01\nfacts: [1]", "x.yaml", "not a mapping"),
        ("a: &a 1\nb: *a", "x.yaml", "refers to another place"),
        ("a: !!python/object/apply:os.system [x]", "x.yaml", "The tag"),
        ("{", "x.json", "This is not JSON"),
        ('{"as_of": 1, "as_of": 2}', "x.json", "there twice"),
        ("[" * 100_000, "x.json", "nested too deep"),
        ("", "x.yaml", "The file is empty"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_hostile_file_is_refused_in_words(
    tmp_path: Path, text: str, name: str, says: str
) -> None:
    lines = refusal(tmp_path, text, name=name)
    assert any(says in line for line in lines), lines
    assert not any("Traceback" in line for line in lines)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    (line,) = refusal_of(tmp_path / "nothing.yaml")
    assert "cannot be read" in line
    (line,) = refusal_of(tmp_path)
    assert "cannot be read" in line


def test_what_is_not_utf8_is_refused(tmp_path: Path) -> None:
    for name in ("x.yaml", "x.json"):
        file = tmp_path / name
        file.write_bytes(b"\xff\xfe")
        assert "not UTF-8" in refusal_of(file)[0]


def test_an_unknown_catalogue_is_refused(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, "as_of: 2026-11-20", "--catalogue", "nothing")
    assert "no such catalogue folder" in line


# catalogue ----------------------------------------------------------------------------------------


def test_catalogue_check_names_the_edition() -> None:
    out, errors = io.StringIO(), io.StringIO()
    call_command("catalogue", "check", stdout=out, stderr=errors)
    assert "147 requirements, no fault." in out.getvalue()
    lines = errors.getvalue().splitlines()
    assert all(line.startswith("warning: cnsa_2025_2027/references.yaml:") for line in lines)


def test_catalogue_check_tells_every_fault_of_every_catalogue(
    small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "_frameworks", small_folder.parent)
    rules = small_folder / "m01_first" / "rules_known.yaml"
    rules.write_text(rules.read_text().replace("topic: safety", "topic: saftey"))
    (small_folder / "scoring.yaml").unlink()
    errors, out = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("catalogue", "check", stdout=out, stderr=errors)
    assert caught.value.code == 2
    assert "cnsa_2025_2027, edition" in out.getvalue()
    faults = [line for line in errors.getvalue().splitlines() if line.startswith("small/")]
    assert faults == ["small/scoring.yaml: The file is missing. Add it."]
    (small_folder / "scoring.yaml").write_bytes((FIXTURES / "small/scoring.yaml").read_bytes())
    with pytest.raises(SystemExit):
        call_command("catalogue", "--catalogue", "small", "check", stdout=out, stderr=errors)
    last = errors.getvalue().splitlines()[-1]
    assert last.startswith("small/m01_first/rules_known.yaml:8: topic: There is no topic 'saftey'")


def test_catalogue_check_warns_of_what_nobody_uses_with_its_line(
    small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "_frameworks", small_folder.parent)
    path = small_folder / "references.yaml"
    path.write_text(path.read_text().replace("FOREIGN-1:", "NOTICE-2:"))
    for file in (small_folder / "parameters.yaml", *small_folder.glob("*/*.yaml")):
        file.write_text(file.read_text().replace("FOREIGN-1", "NOTICE-1"))
    (small_folder / "m02_second" / "phases_covered.yaml").unlink()
    errors = io.StringIO()
    call_command("catalogue", "--catalogue", "small", "check", stderr=errors)
    warnings = errors.getvalue().splitlines()
    assert (
        "warning: small/references.yaml:13: NOTICE-2: The reference NOTICE-2 is not used."
        in (warnings[0])
    )
    assert "catalogue.yaml:45: evidence_kinds.warranty: The evidence kind" in warnings[1]


def test_catalogue_stats_counts() -> None:
    out = io.StringIO()
    call_command("catalogue", "stats", stdout=out)
    assert "  147  requirements" in out.getvalue()


def test_catalogue_export_json_holds_facts_and_requirements(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.json"
    call_command("catalogue", "export", "--format", "json", "--out", str(file))
    form = json.loads(file.read_text(encoding="utf-8"))
    roles = next(fact for fact in form["facts"] if fact["name"] == "firm.roles")
    assert roles["kind"] == "several"
    assert {choice["id"] for choice in roles["choices"]} >= {"supplier", "ttc_operator"}
    assert set(roles["question"]) == {"en", "zh_hans"}
    policy = next(entry for entry in form["requirements"] if entry["id"] == POLICY)
    assert policy["source_row"] == "M18-01"
    assert policy["measure"] == 18
    assert policy["answer"]["kind"] == "document"
    assert policy["evidence"][0] == {
        "kind": "insurance_policy",
        "title": policy["evidence"][0]["title"],
        "required": True,
        "covers": "launch_window",
    }
    assert len(form["measures"]) == 22
    assert form["scoring"]["weights"] == {"blocking": 10, "major": 5, "minor": 2, "opportunity": 0}


def test_catalogue_export_csv_has_a_line_for_each_requirement() -> None:
    out = io.StringIO()
    call_command("catalogue", "export", "--format", "csv", stdout=out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert len(rows) == 147
    assert tuple(rows[0]) == CSV_COLUMNS


def test_an_export_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    errors = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("catalogue", "export", "--out", str(tmp_path), stderr=errors)
    assert "cannot be written" in errors.getvalue()


def test_a_language_turns_every_text_into_a_string(small: Catalogue, cnsa: Catalogue) -> None:
    def texts(form: Any) -> list[str]:
        if isinstance(form, dict):
            found = [key for key in form if key in ("en", "zh_hans")]
            return found + [text for value in form.values() for text in texts(value)]
        if isinstance(form, list):
            return [text for value in form for text in texts(value)]
        return []

    for catalogue in (small, cnsa):
        assert texts(catalogue_json(catalogue))
        assert texts(catalogue_json(catalogue, "zh-hans")) == []
        json.dumps(catalogue_json(catalogue, "en"))
    assert fact_json(small.facts["firm.roles"], "zh-hans")["label"] == "角色"
    requirement = small.requirements["small.m01.rules_known"]
    assert requirement_json(small, requirement, "zh-hans")["title"] == "Title of rules_known"
