"""The rule catalogue and its pure engine. Everything outside asks for it here."""

from checklists.engine.difference import CatalogueDifference, Verdict, difference
from checklists.engine.evaluation import evaluate_assessment, evaluate_requirement
from checklists.engine.exported import catalogue_from_json
from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.loader import catalogues, load_catalogue
from checklists.engine.model import (
    Answer,
    AssessmentEvaluation,
    Catalogue,
    Evaluation,
    EvidenceItem,
    Fact,
    Flag,
    Outcome,
    Requirement,
    Text,
)
from checklists.engine.values import InvalidValue, parse_answer, parse_fact, serialize_value

__all__ = [
    "Answer",
    "AssessmentEvaluation",
    "Catalogue",
    "CatalogueDifference",
    "CatalogueError",
    "Evaluation",
    "EvidenceItem",
    "Fact",
    "Fault",
    "Flag",
    "InvalidValue",
    "Outcome",
    "Requirement",
    "Text",
    "Verdict",
    "catalogue_from_json",
    "catalogues",
    "difference",
    "evaluate_assessment",
    "evaluate_requirement",
    "load_catalogue",
    "parse_answer",
    "parse_fact",
    "serialize_value",
]
