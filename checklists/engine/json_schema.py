"""The form of the catalogue's files as JSON Schema, for editors; made from `schema.py`."""

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from checklists.engine import schema
from checklists.engine.model import FactOperator

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMS: dict[str, type[BaseModel]] = {
    "catalogue": schema.CatalogueForm,
    "facts": schema.FactsForm,
    "parameters": schema.ParametersForm,
    "references": schema.ReferencesForm,
    "scoring": schema.ScoringForm,
    "requirement": schema.RequirementForm,
}
_ABOUT = {
    "catalogue": "The catalogue's title, edition, sections, measures and words.",
    "facts": "The questions about firm and mission, the flags derived from them, mission dates.",
    "parameters": "Dated limits, each with its source.",
    "references": "Laws, notices, standards and treaties.",
    "scoring": "Weights, points and bands.",
    "requirement": "One requirement; one per file, in the folder of its measure.",
}


def _only(word: str, of: Json) -> Json:
    """An object that has this one key."""
    properties = {word: of}
    return {
        "type": "object",
        "properties": properties,
        "required": [word],
        "additionalProperties": False,
    }


_INNER: Json = {"$ref": "#/$defs/Condition"}
_SEVERAL: Json = {"type": "array", "minItems": 1, "items": _INNER}
_CONDITION: Json = {
    "description": "Exactly one of all, any, not and flag; or a fact with one test.",
    "oneOf": [
        _only("all", _SEVERAL),
        _only("any", _SEVERAL),
        _only("not", _INNER),
        _only("flag", {"type": "string", "description": "A flag of facts.yaml."}),
        {
            "type": "object",
            "properties": {
                "fact": {"type": "string", "description": "A fact of facts.yaml."},
                **{str(operator): True for operator in FactOperator},
            },
            "required": ["fact"],
            "minProperties": 2,
            "maxProperties": 2,
            "additionalProperties": False,
        },
    ],
}


class _Plain(GenerateJsonSchema):
    """Without a title for every field that says the field's name once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def file_name(form: str) -> str:
    """The name under which a schema is published."""
    return f"{form}.schema.json"


def json_schema_of(form: str) -> Json:
    """The JSON Schema of one kind of file."""
    made = FORMS[form].model_json_schema(schema_generator=_Plain)
    definitions = made.pop("$defs", {})
    for part in (made, *definitions.values()):
        part.pop("title", None)
    found: Json = {
        "$schema": DIALECT,
        "title": f"Tianheng: {form}",
        "description": _ABOUT[form],
        **{key: value for key, value in made.items() if key != "description"},
        "$defs": definitions,
    }
    _finish(found)
    return found


def _finish(found: Json) -> None:
    """Point every condition to the one definition, and close what is keyed by a pattern."""
    waiting: list[Any] = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if value.get("$comment") == schema.CONDITION:
                value.clear()
                value["$ref"] = "#/$defs/Condition"
                found["$defs"]["Condition"] = _CONDITION
            if "patternProperties" in value:
                value["additionalProperties"] = False
            waiting += value.values()


def published() -> dict[str, str]:
    """Every schema as it is written to its file, by the file's name."""
    return {
        file_name(form): json.dumps(json_schema_of(form), ensure_ascii=False, indent=2) + "\n"
        for form in FORMS
    }
