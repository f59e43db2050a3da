"""Provincial plans for commercial space, as `catalogue/regions.yaml` tells of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from checklists.engine.documents import read_document
from checklists.engine.faults import CatalogueError
from checklists.engine.loader import CATALOGUES
from checklists.engine.model import Text, Word

REGIONS = CATALOGUES / "regions.yaml"


class Standing(Word):
    AGREED = "agreed"
    SINGLE = "single"
    DISPUTED = "disputed"


class ClaimKind(Word):
    AIM = "aim"
    SUPPORT = "support"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that is said of a place, and how far it is known."""

    text: Text
    kind: ClaimKind
    standing: Standing
    sources: tuple[Text, ...]
    by: int | None
    doubt: Text | None


@dataclass(frozen=True, slots=True)
class RegionalPlan:
    """A place with its plan, so far as one is known."""

    id: str
    region: str  # a choice of the fact firm.regions
    place: Text
    plan: Text | None
    number: str
    issued: Text | None
    starts: int | None
    until: int | None
    ends_on: date | None
    reference: str  # a source of the catalogue, or ""
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class RegionalPlans:
    checked_up_to: Text
    national: tuple[Claim, ...]
    regions: tuple[RegionalPlan, ...]


@cache
def regional_plans() -> RegionalPlans:
    """All of them, read once per process."""
    document = read_document(REGIONS.name, REGIONS.read_bytes())
    if document.faults:
        raise CatalogueError(document.faults)
    form = document.data
    sources = {name: _text(text) for name, text in form["sources"].items()}
    return RegionalPlans(
        checked_up_to=_text(form["checked_up_to"]),
        national=tuple(_claim(claim, sources) for claim in form["national"]),
        regions=tuple(_region(region, sources) for region in form["regions"]),
    )


def _text(form: Mapping[str, str]) -> Text:
    return Text(form["en"], form["zh_hans"])


def _text_or_none(form: Mapping[str, str] | None) -> Text | None:
    return None if form is None else _text(form)


def _claim(form: Mapping[str, Any], sources: Mapping[str, Text]) -> Claim:
    return Claim(
        text=_text(form["text"]),
        kind=ClaimKind(form["kind"]),
        standing=Standing(form["standing"]),
        sources=tuple(sources[name] for name in form["sources"]),
        by=form.get("by"),
        doubt=_text_or_none(form.get("doubt")),
    )


def _region(form: Mapping[str, Any], sources: Mapping[str, Text]) -> RegionalPlan:
    return RegionalPlan(
        id=form["id"],
        region=form["region"],
        place=_text(form["place"]),
        plan=_text_or_none(form.get("plan")),
        number=form.get("number", ""),
        issued=_text_or_none(form.get("issued")),
        starts=form.get("from"),
        until=form.get("until"),
        ends_on=form.get("ends_on"),
        reference=form.get("reference", ""),
        claims=tuple(_claim(claim, sources) for claim in form["claims"]),
    )
