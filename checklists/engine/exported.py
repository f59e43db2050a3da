"""An exported catalogue (JSON) → `Catalogue`, checked as strictly as the files it came from."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from checklists.engine import loader
from checklists.engine.documents import MAX_DEPTH, Document
from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.model import Catalogue
from checklists.engine.wording import number_in_both

Json = dict[str, Any]

MAX_BYTES = 50_000_000
_HEAD = ("id", "edition", "title", "languages", "checked_up_to", "notice")
_CURE = "Write the file anew with `catalogue export --format json`, in both languages."


def read_json(name: str, content: bytes, *, cure: str) -> Any:
    """The values of a JSON file; CatalogueError says why there are none."""
    problem: str | None = None
    line: int | None = None
    if len(content) > MAX_BYTES:
        problem = f"The file is larger than {MAX_BYTES} bytes."
    else:
        try:
            found = json.loads(content, parse_constant=_no_number, object_pairs_hook=_each_once)
        except UnicodeDecodeError:
            problem = "The file is not UTF-8."
        except json.JSONDecodeError as error:
            problem, line = f"This is not JSON: {error.msg}.", error.lineno
        except _NotPlainError as error:
            problem = str(error)
        except ValueError:  # an integer of thousands of digits
            problem = "The file holds a number that is too large."
        except RecursionError:
            problem = "The values are nested too deep."
        else:
            if not _is_deeper(found, MAX_DEPTH * 3):
                return found
            problem = "The values are nested too deep."
    raise CatalogueError([Fault(name, line, "", problem, cure)])


class _NotPlainError(ValueError):
    """JSON that two readers may read in two ways."""


def _no_number(word: str) -> Any:
    raise _NotPlainError(f"The file holds {word}, which is no number.")


def _each_once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotPlainError(f"The key {twice[:60]!r} is there twice.")
    return found


def _is_deeper(value: Any, depth: int) -> bool:
    waiting = [(value, depth)]
    while waiting:
        inner, left = waiting.pop()
        if not left:
            return True
        if isinstance(inner, dict):
            waiting += [(child, left - 1) for child in inner.values()]
        elif isinstance(inner, list):
            waiting += [(child, left - 1) for child in inner]
    return False


def catalogue_from_json(form: Any, *, name: str = "catalogue.json") -> Catalogue:
    """The catalogue that `export.catalogue_json` wrote; CatalogueError lists what is wrong."""
    try:
        documents = _documents(form, name)
        digest = form["digest"]
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        what = "" if not isinstance(error, KeyError) else f" It lacks {error.args[0]!r}."
        problem = f"This is not a catalogue exported in both languages.{what}"
        raise CatalogueError([Fault(name, None, "", problem, _CURE)]) from error
    if not isinstance(digest, str) or len(digest) != 64:
        problem = "The digest is not a sha256."
        raise CatalogueError([Fault(name, None, "digest", problem, _CURE)])
    return loader.build(loader.check_documents(documents), digest)


def _documents(form: Json, name: str) -> dict[str, Document]:
    """The export taken apart into the files it was made of."""
    parts: dict[str, Any] = {
        "catalogue.yaml": _words(form),
        "facts.yaml": _facts(form),
        "parameters.yaml": {entry["id"]: _parameter(entry) for entry in form["parameters"]},
        "references.yaml": {e["id"]: _reference(e) for e in form["references"]},
        "scoring.yaml": _scoring(form["scoring"]),
    }
    for entry in form["requirements"]:
        slug = entry["id"].split(".")[2]
        parts[f"m{entry['measure']:02}_exported/{slug}.yaml"] = _requirement(entry)
    return {file: Document(file, data) for file, data in parts.items()}


def _without(entry: Json, *keys: str) -> Json:
    return {key: value for key, value in entry.items() if key not in keys}


def _given(entry: Json) -> Json:
    """Without the keys that hold nothing: a file leaves them out."""
    return {key: value for key, value in entry.items() if value is not None}


def _by_id(entries: list[Json]) -> Json:
    return {entry["id"]: entry["title"] for entry in entries}


def _words(form: Json) -> Json:
    return {
        **{key: form[key] for key in _HEAD},
        "sections": form["sections"],
        "measures": form["measures"],
        "tracks": {entry["id"]: _without(entry, "id") for entry in form["tracks"]},
        "topics": _by_id(form["topics"]),
        "severities": _by_id(form["severities"]),
        "roles": {entry["id"]: {"title": entry["title"]} for entry in form["roles"]},
        "evidence_kinds": _by_id(form["evidence_kinds"]),
        "legal_force": {entry["id"]: _without(entry, "id") for entry in form["legal_force"]},
        "threshold_basis": _by_id(form["threshold_basis"]),
    }


def _facts(form: Json) -> Json:
    return {
        "groups": form["fact_groups"],
        "facts": [
            {
                **_given(_without(fact, "choices", "min", "max")),
                **({"choices": list(map(_given, fact["choices"]))} if fact["choices"] else {}),
                **_bounds(fact),
            }
            for fact in form["facts"]
        ],
        "flags": {flag["name"]: _without(flag, "name") for flag in form["flags"]},
        "dates": {span["name"]: _given(_without(span, "name")) for span in form["dates"]},
    }


def _bounds(entry: Json) -> dict[str, Decimal]:
    return {key: Decimal(entry[key]) for key in ("min", "max") if entry[key] is not None}


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _parameter(entry: Json) -> Json:
    values = [
        {
            **value,
            "from": _day(value["from"]) or "unknown",
            "until": _day(value["until"]),
            "value": Decimal(value["value"]),
        }
        for value in entry["values"]
    ]
    return {**_without(entry, "id"), "values": values}


def _reference(entry: Json) -> Json:
    number = entry["number"]
    if isinstance(number, str):  # an edition of before a number had two languages
        said = number_in_both(number)
        number = said and said.as_json()
    return {
        **{key: _as_written(entry[key]) for key in entry if key != "id"},
        "name": entry["name"],
        "number": _as_written(number),
    }


def _as_written(value: Any) -> Any:
    """A text of one language stands in the file as a plain string, and means both."""
    if isinstance(value, list):
        return [_as_written(inner) for inner in value]
    if isinstance(value, dict) and not value["zh_hans"]:
        return value["en"]
    return value


def _scoring(form: Json) -> Json:
    return {
        "weights": {name: weight for name, weight in form["weights"].items() if weight},
        "points": {
            name: Decimal(str(points))
            for name, points in form["points"].items()
            if name != "not_applicable"
        },
        "thresholds": {name: Decimal(value) for name, value in form["thresholds"].items()},
        "bands": {band["id"]: _without(band, "id") for band in form["bands"]},
        "rules": form["rules"],
    }


def _requirement(entry: Json) -> Json:
    answer, action, clause = entry["answer"], entry["corrective_action"], entry["clause"]
    shaped = _without(entry, "measure", "section")
    shaped |= {
        "in_force": {key: _day(value) for key, value in entry["in_force"].items()},
        "answer": {
            **_given(_without(answer, "options", "min", "max")),
            **({"options": answer["options"]} if answer["options"] else {}),
            **_bounds(answer),
        },
        "check": None if entry["check"] is None else _check(entry["check"]),
        "evidence": [_without(spec, "title") for spec in entry["evidence"]],
        "corrective_action": {"due": action["due"], **action["text"]},
        "clause": {"measure": clause["measure"], "sentence": clause["sentences"]},
        "references": [
            {key: _as_written(citation[key]) for key in ("id", "article", "covers")}
            for citation in entry["references"]
        ],
        "checked_on": _day(entry["checked_on"]),
    }
    return _given(shaped)


def _check(form: Mapping[str, Any]) -> Json:
    check: Json = {"when_not_met": form["when_not_met"]}
    if "parameter" in form:
        check[form["comparator"]] = {"parameter": form["parameter"]}
        best = form["best_practice"]
        if best is not None:
            check["best_practice"] = {best["comparator"]: {"parameter": best["parameter"]}}
    else:
        fact = form["fact"]
        check[form["comparator"]] = {"as_of": True} if fact is None else {"fact": fact}
    return _given(check)
