"""What a submission consists of: the problems that stop it, and the content that is frozen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from checklists import Catalogue, Requirement, Text, serialize_value
from checklists.engine import export, wording
from checklists.engine.model import (
    AnswerKind,
    AnswerValue,
    Applicability,
    Evaluation,
    Flag,
    Outcome,
    Severity,
    Track,
)
from checklists.engine.units import plain, quantity
from compliance.models import Evidence
from compliance.selectors.evaluation import AssessmentState

SCHEMA = 1
_LANGUAGES = ("en", "zh-hans")
ANSWER_WORDS = {
    "yes": Text("Yes", "是"),
    "partly": Text("Partly", "部分"),
    "no": Text("No", "否"),
    "in_place": Text("In place", "已具备"),
    "not_in_place": Text("Not in place", "尚未具备"),
}
_NOT_APPLICABLE = Text("Does not apply to us", "对我方不适用")
_DONT_KNOW = Text("Don’t know yet", "尚不清楚")


@dataclass(frozen=True)
class Problem:
    """One thing that stops the submission, with the place where it is cured."""

    code: str
    sentence: str
    group: str  # heading under which it is listed
    requirement: str | None = None
    source_row: str | None = None
    fact: str | None = None
    fact_group: str | None = None


def problems_of(state: AssessmentState) -> list[Problem]:
    """All problems at once, in the order of the task list, facts last."""
    language = get_language() or "en"
    colon = "：" if language.startswith("zh") else ": "
    catalogue = state.catalogue
    problems: list[Problem] = []
    for name, row in state.evaluation.rows.items():
        sentence = _problem(state, row)
        if sentence is None:
            continue
        requirement = catalogue.requirements[name]
        measure = catalogue.measures[requirement.measure]
        problems.append(
            Problem(
                code=sentence[0],
                sentence=f"{requirement.title.get(language)}{colon}{sentence[1]}",
                group=f"{measure.number} · {measure.title.get(language)}",
                requirement=name,
                source_row=requirement.source_row,
            )
        )
    for name in state.open_facts:
        waiting = state.evaluation.missing_facts[name]
        if not any(catalogue.requirements[r].track is Track.DUTY for r in waiting):
            continue
        fact = catalogue.facts[name]
        group = catalogue.groups[fact.group]
        problems.append(
            Problem(
                code="fact_missing",
                sentence=_("%(question)s Answer it, or choose “don’t know yet”.")
                % {"question": fact.question.get(language)},
                group=_("Facts · %(group)s") % {"group": group.title.get(language)},
                source_row=catalogue.requirements[waiting[0]].source_row,
                fact=name,
                fact_group=fact.group,
            )
        )
    return problems


def _problem(state: AssessmentState, row: Evaluation) -> tuple[str, str] | None:
    """Code and sentence of what is wrong with one requirement, if anything is."""
    if row.applicability is not Applicability.APPLIES:
        return None
    if row.flag is Flag.COME_BACK:
        return "come_back", _("it is still marked “come back to this”. Finish it, or take it off.")
    track = state.catalogue.requirements[row.requirement].track
    is_open = row.outcome is Outcome.NOT_ANSWERED and row.flag is not Flag.DONT_KNOW
    if track is Track.DUTY and is_open:
        return "not_answered", _("no answer yet. Answer it, or mark it “don’t know yet”.")
    if state.is_carried_over(row.requirement):
        return "carried_over", _("carried over, and nobody has confirmed that it still holds.")
    return None


def answer_shown(requirement: Requirement, value: AnswerValue | None) -> Text | None:
    """The answer as a person would say it: 4.6 years, In place, the option's label."""
    if value is None:
        return None
    spec = requirement.answer
    if spec.kind is AnswerKind.CHOICE:
        option = spec.option(str(value))
        return option.label if option else Text(str(value))
    if spec.kind is AnswerKind.NUMBER:
        en, zh = (quantity(value, spec.unit or "count", lang) for lang in _LANGUAGES)  # type: ignore[arg-type]
        return Text(en, zh)
    if spec.kind is AnswerKind.DATE:
        return Text(*(wording.day(value, lang) for lang in _LANGUAGES))  # type: ignore[arg-type]
    return ANSWER_WORDS[str(value)]


def clause_shown(requirement: Requirement) -> Text:
    """Where in the plan, or in another framework, a requirement comes from, in words."""
    clause, control = requirement.clause, requirement.control
    if control is not None and control.id != requirement.id:
        return Text(f"Control {requirement.source_row}", f"控制项{requirement.source_row}")
    if not clause.sentences:
        return Text(f"Plan, measure {clause.measure}", f"行动计划第{clause.measure}项")
    numbers = [str(number) for number in clause.sentences]
    word = "sentence" if len(numbers) == 1 else "sentences"
    return Text(
        f"Plan, measure {clause.measure}, {word} {wording.listed(numbers, 'en')}",
        f"行动计划第{clause.measure}项第{wording.listed(numbers, 'zh-hans')}句",
    )


def doubt_of(catalogue: Catalogue, requirement: Requirement) -> Text | None:
    """What is not certain about a requirement, in plain words; None where nothing is in doubt."""
    if requirement.verification_note is not None:
        return requirement.verification_note
    if requirement.sources_verified != "all" or requirement.key_fact_seen != "seen":
        return Text(
            "Not every source was read at its origin. Check it against the official text.",
            "并非所有依据均已核对原文，请以正式文本为准。",
        )
    if requirement.confidence != "high":
        return Text(
            "We are not fully sure of this line. Check it against the official text.",
            "本条尚有不确定之处，请以正式文本为准。",
        )
    return None


def frozen_content(
    state: AssessmentState,
    *,
    number: int,
    submitted_at: datetime,
    attestation: dict[str, str],
) -> dict[str, Any]:
    """Everything a review and a report need, as JSON, whatever happens to the catalogue later."""
    catalogue, assessment, evaluation = state.catalogue, state.assessment, state.evaluation
    evidence = _evidence_index(state)
    rows = [_requirement(state, row, evidence) for row in evaluation.rows.values()]
    cited = sorted({citation["id"] for row in rows for citation in row["citations"]})
    scoring = catalogue.scoring
    return {
        "schema": SCHEMA,
        "catalogue": {
            "id": catalogue.id,
            "edition": catalogue.edition,
            "digest": catalogue.digest,
            "title": catalogue.title.as_json(),
            "checked_up_to": catalogue.checked_up_to.as_json(),
            "notice": catalogue.notice.as_json(),
        },
        "firm": {"id": str(assessment.firm_id), "name": assessment.firm.name},
        "assessment": {
            "id": str(assessment.pk),
            "title": assessment.title,
            "as_of": assessment.as_of.isoformat(),
        },
        "number": number,
        "submitted_at": submitted_at.isoformat(),
        "attestation": attestation,
        "facts": _facts(state),
        "dates": {
            name: {
                end: serialize_value(state.facts.get(fact)) if fact else None
                for end, fact in (("from", span.from_fact), ("until", span.until_fact))
            }
            for name, span in catalogue.dates.items()
        },
        "sections": [
            {"id": section.id, "title": section.title.as_json()}
            for section in catalogue.sections.values()
        ],
        "measures": [
            {
                "number": measure.number,
                "section": measure.section,
                "title": measure.title.as_json(),
                "note": measure.note.as_json(),
            }
            for measure in catalogue.measures.values()
        ],
        "topics": {name: title.as_json() for name, title in catalogue.topics.items()},
        "tracks": {
            str(track): {"title": info.title.as_json(), "meaning": info.meaning.as_json()}
            for track, info in catalogue.tracks.items()
        },
        "severities": {str(s): title.as_json() for s, title in catalogue.severities.items()},
        "bands": {
            str(band): {"title": info.title.as_json(), "says": info.says.as_json()}
            for band, info in scoring.bands.items()
        },
        "scoring": {
            "weights": {str(severity): weight for severity, weight in scoring.weights.items()},
            "points": {
                str(outcome): "0.5" if points2 == 1 else str(points2 // 2)
                for outcome, points2 in scoring.points2.items()
            },
            "thresholds": {
                "ready": plain(scoring.ready_at),
                "conditionally_ready": plain(scoring.conditionally_ready_at),
            },
            "rules": [rule.as_json() for rule in scoring.rules],
        },
        "requirements": rows,
        "references": {name: _reference(catalogue, name) for name in cited},
        "evidence": list(evidence.values()),
        "evaluation": {
            "band": evaluation.band,
            "scores": {"claimed": export.scores_json(evaluation.claimed)},
            "blockers": [row.requirement for row in evaluation.blockers],
            "evidence_coverage": export.percent_json(evaluation.evidence_coverage),
            "opportunities": evaluation.opportunities._asdict(),
        },
    }


def _facts(state: AssessmentState) -> list[dict[str, Any]]:
    shown = []
    for name, fact in state.catalogue.facts.items():
        value = state.facts.get(name)
        if name not in state.assessment.facts:
            status = "missing" if name in state.evaluation.missing_facts else "not_asked"
        else:
            status = "dont_know" if value is None else "answered"
        said = None
        if value is not None:
            said = Text(*(wording.fact_value(fact, value, lang) for lang in _LANGUAGES)).as_json()
        shown.append(
            {
                "name": name,
                "group": fact.group,
                "label": fact.label.as_json(),
                "question": fact.question.as_json(),
                "value": serialize_value(value),
                "shown": said,
                "state": status,
            }
        )
    return shown


def _evidence_index(state: AssessmentState) -> dict[str, dict[str, Any]]:
    """Every piece once, labelled in the order it was added, with the requirements it serves."""
    pieces: dict[str, Evidence] = {}
    serves: dict[str, list[str]] = defaultdict(list)
    for requirement in state.evaluation.rows:
        for piece in state.evidence.get(requirement, []):
            pieces[str(piece.pk)] = piece
            serves[str(piece.pk)].append(requirement)
    in_order = sorted(pieces.values(), key=lambda piece: (piece.added_at, str(piece.pk)))
    return {
        str(piece.pk): {
            "id": str(piece.pk),
            "label": f"E-{position:03d}",
            "kind": piece.kind,
            "kind_title": state.catalogue.evidence_kinds.get(
                piece.kind, Text(piece.kind)
            ).as_json(),
            "title": piece.title,
            "filename": piece.filename,
            "url": piece.url,
            "media_type": piece.media_type,
            "size": piece.size,
            "sha256": piece.sha256,
            "effective_on": serialize_value(piece.effective_on),
            "expires_on": serialize_value(piece.expires_on),
            "requirements": serves[str(piece.pk)],
        }
        for position, piece in enumerate(in_order, start=1)
    }


def _requirement(
    state: AssessmentState, row: Evaluation, evidence: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    catalogue = state.catalogue
    requirement = catalogue.requirements[row.requirement]
    stored = state.answers.get(row.requirement)
    typed = state.typed_answers.get(row.requirement)
    shown = answer_shown(requirement, typed.value) if typed else None
    if typed and typed.flag is Flag.DONT_KNOW:
        shown = _DONT_KNOW
    elif typed and typed.value is None and typed.not_applicable_reason:
        shown = _NOT_APPLICABLE
    doubt = doubt_of(catalogue, requirement)
    return {
        **export.row_json(catalogue, row, typed, None),
        "question": requirement.question.as_json(),
        "guidance": requirement.guidance.as_json(),
        "answer_kind": requirement.answer.kind,
        "answer_shown": shown.as_json() if shown else None,
        "note": stored.note if stored else "",
        "answered_by": str(stored.updated_by or "") if stored else "",
        "answered_at": stored.updated_at.isoformat() if stored else None,
        "clause": {
            "measure": requirement.clause.measure,
            "sentences": list(requirement.clause.sentences),
        },
        "clause_shown": clause_shown(requirement).as_json(),
        "citations": [
            {
                "id": citation.reference,
                "article": export.text_json(citation.article, None),
                "covers": export.text_json(citation.covers, None),
            }
            for citation in requirement.references
        ],
        "confidence": requirement.confidence,
        "doubt": doubt.as_json() if doubt else None,
        "corrective_action": requirement.corrective_action.text.as_json(),
        "evidence": [
            str(piece.pk)
            for piece in state.evidence.get(row.requirement, [])
            if str(piece.pk) in evidence
        ],
        "evidence_kinds": [
            {
                "kind": spec.kind,
                "title": catalogue.evidence_kinds[spec.kind].as_json(),
                "required": spec.required,
            }
            for spec in requirement.evidence
        ],
    }


def _reference(catalogue: Catalogue, name: str) -> dict[str, Any]:
    reference = catalogue.references[name]
    force = catalogue.legal_force[reference.binding]
    return {
        "name": reference.name.as_json(),
        "number": reference.number.as_json() if reference.number else None,
        "date": reference.date,
        "binding": reference.binding,
        "force": force.title.as_json(),
        "binds": force.binds,
        "verified": reference.verified,
        "url": reference.url,
    }


@dataclass(frozen=True)
class Standing:
    """What may go out open: it lowers the result, and the officer will see it."""

    requirement: str
    severity: Severity
    evaluation: Evaluation


def standing_of(state: AssessmentState) -> list[Standing]:
    """Scored requirements that do not stop the submission but are not met; blocking ones first."""
    order = {Severity.BLOCKING: 0, Severity.MAJOR: 1, Severity.MINOR: 2}
    rows = [
        Standing(name, state.catalogue.requirements[name].severity, row)
        for name, row in state.evaluation.rows.items()
        if row.weight
        and row.outcome not in (Outcome.MET, Outcome.NOT_APPLICABLE)
        and _problem(state, row) is None
    ]
    return sorted(rows, key=lambda row: order.get(row.severity, 3))
