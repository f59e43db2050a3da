"""The rule catalogue and its pure engine. Everything outside asks for it here."""

from checklists.engine.evaluation import evaluate_assessment
from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.loader import load_catalogue
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
    "evaluate_assessment",
    "load_catalogue",
    "parse_answer",
    "parse_fact",
    "serialize_value",
]
