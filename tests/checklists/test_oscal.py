"""The OSCAL export keeps to OSCAL's own models; what is imported can be assessed."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from checklists import Answer, Catalogue, CatalogueError, catalogues, evaluate_assessment
from checklists.engine import loader
from checklists.engine.documents import read_document
from checklists.engine.export import catalogue_json
from checklists.engine.exported import catalogue_from_json, read_json
from checklists.engine.frameworks import Framework, framework_from_oscal
from checklists.engine.loader import check_sources, read_catalogue, write_catalogue
from checklists.engine.oscal import oscal_catalog
from checklists.engine.writing import to_yaml
from tests.checklists.oscal import RESOURCE, account_control, catalog, large_catalog, simple_control

ACCOUNTS = "ground_segment_security_controls.c.ac_2"


def imported(form: Any, small: Catalogue, catalogue_id: str | None = None) -> Framework:
    return framework_from_oscal(
        form,
        name="controls.json",
        scoring=(loader.CATALOGUES / loader.DEFAULT_CATALOGUE / "scoring.yaml").read_bytes(),
        severities=small.severities,
        catalogue_id=catalogue_id,
    )


def catalogue_of(framework: Framework) -> Catalogue:
    return loader.build(check_sources(framework.sources), loader.digest_of(framework.sources))


def everything(form: Any, key: str) -> Iterator[Any]:
    """Every value of this key, wherever in the document it stands."""
    if isinstance(form, dict):
        if key in form:
            yield form[key]
        for value in form.values():
            yield from everything(value, key)
    elif isinstance(form, list):
        for value in form:
            yield from everything(value, key)


def entries(form: Any, group: str) -> list[str]:
    """Id, title or label, and values of every group, control or parameter."""
    return [
        str([entry.get(key) for key in ("id", "title", "label", "values")])
        for found in everything(form, group)
        for entry in found
    ]


# Export -------------------------------------------------------------------------------------------


def test_the_export_is_valid_by_oscals_own_models(cnsa: Catalogue, tmp_path: Path) -> None:
    from trestle.oscal.catalog import Catalog  # takes a second to import

    file = tmp_path / "catalogue.json"
    call_command("catalogue", "export", "--format", "oscal", "--out", str(file))
    read = Catalog.oscal_read(file)
    assert isinstance(read, Catalog)
    assert read.metadata.title == cnsa.title.en
    form = json.loads(file.read_text(encoding="utf-8"))["catalog"]
    assert form["metadata"]["oscal-version"] == "1.1.3"
    for group in ("controls", "groups", "params", "parts"):
        names = [entry["id"] for entries in everything(form, group) for entry in entries
                 if "id" in entry]  # fmt: skip
        assert len(names) == len(set(names)), group
    uuids = list(everything(form, "uuid"))
    assert len(uuids) == len(set(uuids)) == 1 + len(cnsa.references)
    links = {href.removeprefix("#") for href in everything(form, "href") if href[0] == "#"}
    assert links <= set(uuids)


def test_the_same_edition_exports_the_same_bytes(cnsa: Catalogue, small: Catalogue) -> None:
    assert json.dumps(oscal_catalog(cnsa)) == json.dumps(oscal_catalog(cnsa))
    assert oscal_catalog(cnsa)["catalog"]["uuid"] != oscal_catalog(small)["catalog"]["uuid"]


def test_both_languages_are_in_the_export(cnsa: Catalogue) -> None:
    form = oscal_catalog(cnsa)
    words = json.dumps(form, ensure_ascii=False)
    requirement = cnsa.requirements["cnsa.m18.third_party_policy_in_force"]
    for text in (requirement.title, requirement.question, requirement.guidance):
        assert text.en in words
        assert text.zh_hans in words


# There and back -----------------------------------------------------------------------------------


def test_our_own_export_comes_back_with_ids_texts_groups_and_parameters(cnsa: Catalogue) -> None:
    form = json.loads(json.dumps(oscal_catalog(cnsa)))
    back = catalogue_of(imported(form, cnsa, "copy"))
    assert list(back.requirements) == list(cnsa.requirements)
    kept = (
        "source_row", "measure", "section", "track", "severity", "topic", "title", "question",
        "guidance", "rationale", "in_force", "corrective_action", "clause", "confidence",
        "sources_verified", "key_fact_seen", "verification_note", "checked_on",
    )  # fmt: skip
    for name, requirement in cnsa.requirements.items():
        other = back.requirements[name]
        assert [getattr(other, key) for key in kept] == [getattr(requirement, key) for key in kept]
        assert [(spec.kind, spec.required) for spec in other.evidence] == [
            (spec.kind, spec.required) for spec in requirement.evidence
        ]
        assert [c.reference for c in other.references] == [
            c.reference for c in requirement.references
        ]
        assert other.answer.kind == "yes_partly_no"
    for number, measure in cnsa.measures.items():
        assert back.measures[number].title == measure.title
        assert back.measures[number].addressed_to == measure.addressed_to
    assert {s.id: s.title for s in back.sections.values()} == {
        s.id: s.title for s in cnsa.sections.values()
    }
    assert back.topics == cnsa.topics
    again = oscal_catalog(back)
    for group in ("groups", "controls", "params"):
        assert sorted(entries(again, group)) == sorted(entries(form, group))
    assert back.languages == ("en", "zh_hans")


def test_a_framework_from_elsewhere_comes_back_as_it_came(small: Catalogue) -> None:
    first = catalogue_of(imported(catalog(), small, "ground"))
    second = catalogue_of(imported(oscal_catalog(first), small, "ground"))
    assert second.requirements == first.requirements
    assert second.measures == first.measures
    assert second.sections == first.sections
    assert catalogue_from_json(catalogue_json(second)).requirements == first.requirements


# Import -------------------------------------------------------------------------------------------


def test_controls_become_requirements_and_groups_become_measures(small: Catalogue) -> None:
    framework = imported(catalog(), small)
    assert (framework.controls, framework.withdrawn) == (5, ("ac-2.10",))
    read = catalogue_of(framework)
    assert (read.id, read.edition) == ("ground_segment_security_controls", "Rev.-2")
    assert [measure.title.en for measure in read.measures.values()] == [
        "Access Control", "Contingency Planning", "Ground Segment Security Controls",
    ]  # fmt: skip
    rows = [(r.source_row, r.measure) for r in read.requirements.values()]
    assert rows == [("AC-2", 1), ("AC-2(1)", 1), ("AC-3", 1), ("CP-1", 2), ("L-1", 3)]
    accounts = read.requirements[ACCOUNTS]
    assert accounts.question.zh_hans == "是否已落实“AC-2 Account management”？"
    assert accounts.guidance.en == (
        "The organization:\n"
        "a. Defines the [types of account];\n"
        "b. Closes accounts [one or more of: within 90 days; at once].\n\n"
        "Guidance:\nAccounts are reviewed\nby two people."
    )
    assert accounts.answer.kind == "yes_partly_no"
    assert [citation.reference for citation in accounts.references] == ["SOURCE", RESOURCE.upper()]
    assert read.references[RESOURCE.upper()].url == "https://agency.example/handbook.pdf"
    assert read.references["SOURCE"].issuer.en == "Example Space Agency"
    assert accounts.control
    assert [one.id for one in accounts.control.parameters] == ["ac-2_prm_1", "ac-2_prm_2"]
    assert read.languages == ("en",)


def test_an_imported_framework_is_evaluated_without_facts(small: Catalogue) -> None:
    read = catalogue_of(imported(catalog(), small))
    answers = {name: Answer("yes") for name in list(read.requirements)[:3]}
    answers[list(read.requirements)[3]] = Answer("partly")
    evaluation = evaluate_assessment(
        read, as_of=date(2026, 11, 20), facts={}, answers=answers, evidence={}
    )
    assert {row.applicability for row in evaluation.rows.values()} == {"applies"}
    assert str(evaluation.claimed.duty.percent) == "70.0"


def test_nested_groups_become_sections_and_measures(small: Catalogue) -> None:
    inner = {"id": "in", "title": "Inner", "controls": [simple_control("i-1", "I-1", "One")]}
    deep = {"id": "deep", "title": "Deep", "groups": [inner]}
    form = catalog(
        groups=[
            {"id": "top", "title": "Top", "groups": [deep],
             "controls": [simple_control("t-1", "T-1", "Of the top")]},
            {"id": "flat", "title": "Flat", "controls": [simple_control("f-1", "F-1", "Flat one")]},
        ]
    )  # fmt: skip
    del form["catalog"]["controls"]
    read = catalogue_of(imported(form, small))
    assert {s.id: s.title.en for s in read.sections.values()} == {"A": "Top", "B": "Flat"}
    assert [(m.section, m.title.en) for m in read.measures.values()] == [
        ("A", "Top"), ("A", "Deep · Inner"), ("B", "Flat"),
    ]  # fmt: skip


def test_a_catalog_in_chinese_is_read_as_chinese(small: Catalogue) -> None:
    form = catalog(groups=[], controls=[simple_control("一-1", "一", "账户管理")])
    form["catalog"]["metadata"]["title"] = "地面段安全控制"
    read = catalogue_of(imported(form, small, "ground"))
    (requirement,) = read.requirements.values()
    assert requirement.title.zh_hans == "账户管理"
    assert requirement.id == "ground.c.c_1"


def test_an_id_stays_when_its_group_moves(small: Catalogue) -> None:
    form = catalog()
    form["catalog"]["groups"].reverse()
    moved = catalogue_of(imported(form, small)).requirements[ACCOUNTS]
    assert moved.measure == 2


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        (lambda form: form.pop("catalog"), "", "there is no key `catalog`"),
        (
            lambda form: [form.pop("catalog"), form.update(profile={})],
            "profile",
            "an OSCAL profile",
        ),
        (lambda form: form["catalog"].pop("metadata"), "catalog.metadata", "missing"),
        (lambda form: form["catalog"].pop("uuid"), "catalog.uuid", "missing"),
        (
            lambda form: form["catalog"]["metadata"].update({"oscal-version": "2.0"}),
            "catalog.metadata.oscal-version",
            "OSCAL 1 is read here",
        ),
        (
            lambda form: form["catalog"]["metadata"].update({"last-modified": "2025-02-31"}),
            "catalog.metadata.last-modified",
            "not a date",
        ),
        (lambda form: form["catalog"].update(groups={}), "catalog.groups", "not a list"),
        (lambda form: form["catalog"].update(groups=[5]), "catalog.groups[0]", "not an object"),
        (
            lambda form: form["catalog"]["groups"][1]["controls"][0].pop("title"),
            "catalog.groups[1].controls[0].title",
            "missing",
        ),
        (
            lambda form: form["catalog"]["groups"][1]["controls"].append(account_control()),
            "catalog.groups[1].controls[1].params[0].id",
            "there twice",
        ),
        (
            lambda form: form["catalog"]["controls"].append(simple_control("ac-3", "X", "X")),
            "catalog.controls[1].id",
            "there twice",
        ),
        (
            lambda form: [form["catalog"].pop("groups"), form["catalog"].pop("controls")],
            "catalog",
            "no control",
        ),
        (lambda form: form.update(catalog=[]), "catalog", "not an object"),
    ],
)
def test_what_is_no_oscal_catalog_is_refused_with_its_place(
    small: Catalogue, change: Callable[[Any], Any], key: str, says: str
) -> None:
    form = catalog()
    change(form)
    with pytest.raises(CatalogueError) as caught:
        imported(form, small)
    (fault,) = caught.value.faults
    assert (fault.key, says in fault.problem) == (key, True), fault
    assert fault.cure


def test_hostile_texts_and_parameters_stay_texts(small: Catalogue) -> None:
    control = simple_control("x-1", "no", "yes")
    control["params"] = [
        {"id": "a", "label": "{{ insert: param, b }}"},
        {"id": "b", "label": "{{ insert: param, a }}"},
    ]
    control["parts"] = [
        {
            "name": "statement",
            "prose": "\ud800\x00# {{ insert: param, a }}\n\t- &x *y: [1\r\n2026-01-01",
        },
        {"name": "guidance", "prose": "{{ insert: param, missing }} <script>" + "x" * 30_000},
    ]  # fmt: skip
    form = catalog(groups=[], controls=[control])
    framework = imported(json.loads(json.dumps(form)), small)
    assert framework.shortened == ("x-1",)
    (requirement,) = catalogue_of(framework).requirements.values()
    assert (requirement.title.en, requirement.source_row) == ("yes", "no")
    assert "\n - &x *y: [1\n2026-01-01" in requirement.guidance.en
    assert "[missing] <script>" in requirement.guidance.en
    assert requirement.guidance.en.startswith("# [")


@pytest.mark.parametrize(
    "value",
    ["yes", "~", "", "007", "1.5", "2026-01-01", "a: b", "- x", " x", "x ", "a\nb", "\n", "a #b",
     "'", '"', "\\", "{x}", "中文", "a\u2028b", "[x]\n  y", "%x", "@x", "null", "é—", "x\n\n\ny:"],
)  # fmt: skip
def test_a_written_text_reads_back_as_it_was(value: str) -> None:
    data = {"a": value, "b": [value, {"c": value}], "d": {"e": {}}, "f": []}
    document = read_document("x.yaml", to_yaml(data))
    assert (document.faults, document.data) == ([], data)


# The command --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installation's folder of frameworks."""
    folder = tmp_path / "frameworks"
    monkeypatch.setattr(settings, "FRAMEWORKS_FOLDER", folder)
    monkeypatch.setattr(loader, "_frameworks", folder)
    return folder


def run_import(form: Any, tmp_path: Path, *args: str) -> str:
    file = tmp_path / "controls.json"
    file.write_text(form if isinstance(form, str) else json.dumps(form), encoding="utf-8")
    out = io.StringIO()
    call_command("catalogue", "import", str(file), *args, stdout=out, stderr=out)
    return out.getvalue()


def test_an_imported_framework_stands_beside_the_plan_at_once(folder: Path, tmp_path: Path) -> None:
    assert [one.id for one in catalogues()] == ["cnsa_2025_2027"]
    assert "1 withdrawn by the publisher" in run_import(catalog(), tmp_path, "--id", "ground")
    assert [one.id for one in catalogues()] == ["cnsa_2025_2027", "ground"]
    out = io.StringIO()
    call_command("catalogue", "check", stdout=out, stderr=out)
    assert "ground, edition Rev.-2: 5 requirements, no fault." in out.getvalue()
    form = catalog()
    form["catalog"]["metadata"]["version"] = "3"
    with pytest.raises(SystemExit):
        run_import(form, tmp_path, "--id", "ground")
    run_import(form, tmp_path, "--id", "ground", "--replace")
    assert loader.load_catalogue("ground").edition == "3"
    assert [path.name for path in folder.iterdir()] == ["ground"]


@pytest.mark.parametrize(
    ("form", "args", "says"),
    [
        ("{", (), "This is not JSON"),
        ("<catalog/>", (), "This is not JSON"),
        (json.dumps({"profile": {}}), (), "Resolve it to a catalog first"),
        (json.dumps(catalog()), ("--id", "Not/an id"), "is no id"),
        (json.dumps(catalog()), ("--id", "cnsa_2025_2027"), "a catalogue that ships"),
    ],
)
def test_a_refused_import_writes_nothing(
    folder: Path, tmp_path: Path, form: str, args: tuple[str, ...], says: str
) -> None:
    errors = io.StringIO()
    file = tmp_path / "controls.json"
    file.write_text(form, encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        call_command("catalogue", "import", str(file), *args, stderr=errors)
    assert caught.value.code == 2
    assert says in errors.getvalue()
    assert not folder.exists()


def test_a_framework_that_cannot_be_written_leaves_the_old_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_import(catalog(), tmp_path, "--id", "ground")
    before = read_catalogue(folder / "ground").digest
    original = Path.rename

    def full(self: Path, target: Path) -> Path:
        if self.name == "made":
            raise OSError(28, "No space left on device")
        return original(self, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(CatalogueError, match="No space left"):
        write_catalogue({"a.yaml": b"x"}, folder / "ground", replace=True)
    monkeypatch.undo()
    assert read_catalogue(folder / "ground").digest == before
    assert [path.name for path in folder.iterdir()] == ["ground"]


def test_an_id_from_outside_names_no_folder(folder: Path) -> None:
    for name in ("..", "../catalogue/cnsa_2025_2027", "", "a" * 200, "x\0y", "/etc"):
        with pytest.raises(CatalogueError, match="no such catalogue"):
            loader.load_catalogue(name)


def test_a_broken_framework_is_left_out_and_named(folder: Path, tmp_path: Path) -> None:
    run_import(catalog(), tmp_path, "--id", "ground")
    (folder / "ground" / "facts.yaml").write_text("groups: [")
    assert [one.id for one in catalogues()] == ["cnsa_2025_2027"]
    errors = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("catalogue", "check", stdout=io.StringIO(), stderr=errors)
    assert "ground/facts.yaml:" in errors.getvalue()


def test_a_thousand_controls_become_a_thousand_requirements(small: Catalogue) -> None:
    form = read_json("x", json.dumps(large_catalog(1000)).encode(), cure="")
    framework = imported(form, small, "large")
    read = catalogue_of(framework)
    assert (framework.controls, len(read.requirements), len(read.measures)) == (1000, 1000, 20)
    assert [r.source_row for r in read.requirements.values()] == [f"GS-{n}" for n in range(1, 1001)]
