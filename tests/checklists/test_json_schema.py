"""The published JSON Schema says what the check asks for."""

import io
import json
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command

from checklists.engine.documents import read_document
from checklists.engine.json_schema import FORMS, published
from checklists.engine.loader import CATALOGUES, DEFAULT_CATALOGUE
from tests.checklists.small import FIXTURES

SCHEMAS = CATALOGUES / "schema"


def plain(value: Any) -> Any:
    """The values as an editor sees them."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


@cache
def validator(form: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{form}.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def problems(form: str, content: bytes) -> list[str]:
    data = plain(read_document("x.yaml", content).data)
    return [error.json_path for error in validator(form).iter_errors(data)]


def form_of(file: Path) -> str:
    return file.stem if file.stem in FORMS else "requirement"


def test_the_published_schemas_are_up_to_date() -> None:
    for name, content in published().items():
        assert (SCHEMAS / name).read_text(encoding="utf-8") == content, (
            "python manage.py catalogue schema --out checklists/catalogue/schema"
        )
        jsonschema.Draft202012Validator.check_schema(json.loads(content))


def test_every_file_names_its_schema_and_keeps_to_it() -> None:
    root = CATALOGUES / DEFAULT_CATALOGUE
    files = [file for file in root.rglob("*.yaml") if file.parent == root or file.name[0] != "_"]
    assert len(files) > 140
    for file in files:
        first, _, _ = file.read_text(encoding="utf-8").partition("\n")
        opening, _, target = first.partition("$schema=")
        assert opening == "# yaml-language-server: ", file
        assert (file.parent / target).resolve() == SCHEMAS / f"{form_of(file)}.schema.json"
        assert problems(form_of(file), file.read_bytes()) == []
    for file in (FIXTURES / "small").rglob("*.yaml"):
        assert problems(form_of(file), file.read_bytes()) == []


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("track: duty", "track: dutty", "$.track"),
        ("topic: safety", "topic: safety\ntopics: x", "$"),
        ("checked_on: 2026-11-20", "checked_on: 5", "$.checked_on"),
        ("track: duty", "track: duty\napplies_when: {all: []}", "$.applies_when"),
        ("track: duty", "track: duty\napplies_when: {flag: a, not: {flag: b}}", "$.applies_when"),
        ("en: Guidance.", "zh_hans: x", "$.guidance"),
    ],
)
def test_an_editor_sees_what_the_check_would_refuse(old: str, new: str, at: str) -> None:
    text = (FIXTURES / "small/m01_first/rules_known.yaml").read_text(encoding="utf-8")
    assert old in text
    assert at in problems("requirement", text.replace(old, new).encode())


def test_the_command_writes_the_schemas(tmp_path: Path) -> None:
    call_command("catalogue", "schema", "--out", str(tmp_path))
    assert {file.name for file in tmp_path.iterdir()} == set(published())
    out = io.StringIO()
    call_command("catalogue", "schema", "facts", stdout=out)
    assert json.loads(out.getvalue())["title"] == "Tianheng: facts"
