"""The catalogue and its evaluations as JSON: one form for the command, the API and the files.

`lang` turns every text into a plain string; without it a text is {en, zh_hans}.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from checklists.engine.conditions import ALWAYS, condition_json
from checklists.engine.model import (
    Answer,
    AssessmentEvaluation,
    Catalogue,
    Check,
    Citation,
    Control,
    Evaluation,
    EvidenceFault,
    Fact,
    Limit,
    NumberCheck,
    Parameter,
    Reason,
    Reference,
    Requirement,
    Score,
    Scores,
    Text,
)
from checklists.engine.units import plain
from checklists.engine.values import serialize_value

Json = dict[str, Any]
Said = Callable[[Text | None], Any]


def text_json(text: Text | None, lang: str | None) -> str | dict[str, str] | None:
    """A text in one language, or in both."""
    if text is None:
        return None
    return text.as_json() if lang is None else text.get(lang)


def reason_json(reason: Reason, lang: str | None) -> str | dict[str, str]:
    """A reason in one language, or in both."""
    return reason.text.as_json() if lang is None else reason.get(lang)


def _said(lang: str | None) -> Said:
    return lambda text: text_json(text, lang)


def catalogue_json(catalogue: Catalogue, lang: str | None = None) -> Json:
    """Everything a catalogue holds."""
    said = _said(lang)
    return {
        **catalogue_head_json(catalogue, lang),
        "sections": [
            {
                "id": s.id,
                "title": said(s.title),
                "title_origin": s.title_origin,
                "group_id": s.group_id,
            }
            for s in catalogue.sections.values()
        ],
        "measures": [
            {
                "number": measure.number,
                "section": measure.section,
                "title": said(measure.title),
                "title_origin": measure.title_origin,
                "addressed_to": list(measure.addressed_to),
                "duty_in_plan": measure.duty_in_plan,
                "note": said(measure.note),
                "group_id": measure.group_id,
            }
            for measure in catalogue.measures.values()
        ],
        "tracks": [
            {"id": track, "title": said(info.title), "meaning": said(info.meaning)}
            for track, info in catalogue.tracks.items()
        ],
        "severities": _named(catalogue.severities.items(), said),
        "topics": _named(catalogue.topics.items(), said),
        "roles": _named(catalogue.roles.items(), said),
        "evidence_kinds": _named(catalogue.evidence_kinds.items(), said),
        "legal_force": [
            {"id": name, "title": said(force.title), "binds": force.binds}
            for name, force in catalogue.legal_force.items()
        ],
        "threshold_basis": _named(catalogue.threshold_basis.items(), said),
        "fact_groups": _named(((g.id, g.title) for g in catalogue.groups.values()), said),
        "facts": [fact_json(fact, lang) for fact in catalogue.facts.values()],
        "flags": [
            {"name": flag.name, "label": said(flag.label), "when": condition_json(flag.when)}
            for flag in catalogue.flags.values()
        ],
        "dates": [
            {
                "name": span.name,
                "label": said(span.label),
                "from": span.from_fact,
                "until": span.until_fact,
            }
            for span in catalogue.dates.values()
        ],
        "parameters": [parameter_json(p, lang) for p in catalogue.parameters.values()],
        "references": [reference_json(r, lang) for r in catalogue.references.values()],
        "scoring": _scoring_json(catalogue, lang),
        "requirements": [
            requirement_json(catalogue, requirement, lang)
            for requirement in catalogue.requirements.values()
        ],
    }


def catalogue_head_json(catalogue: Catalogue, lang: str | None = None) -> Json:
    """What a list of catalogues shows of one."""
    said = _said(lang)
    return {
        "id": catalogue.id,
        "edition": catalogue.edition,
        "digest": catalogue.digest,
        "languages": list(catalogue.languages),
        "title": said(catalogue.title),
        "checked_up_to": said(catalogue.checked_up_to),
        "notice": said(catalogue.notice),
    }


def _named(texts: Iterable[tuple[str, Text]], said: Said) -> list[Json]:
    return [{"id": name, "title": said(text)} for name, text in texts]


def fact_json(fact: Fact, lang: str | None = None) -> Json:
    """One question, with its choices and when it is asked."""
    said = _said(lang)
    return {
        "name": fact.name,
        "group": fact.group,
        "kind": fact.kind,
        "choices": [
            {"id": choice.id, "label": said(choice.label), "help": said(choice.help)}
            for choice in fact.choices
        ],
        "unit": fact.unit,
        "min": serialize_value(fact.min),
        "max": serialize_value(fact.max),
        "label": said(fact.label),
        "question": said(fact.question),
        "help": said(fact.help),
        "why": said(fact.why),
        "asked_when": None if fact.asked_when is None else condition_json(fact.asked_when),
        "proper_names": fact.proper_names,
    }


def parameter_json(parameter: Parameter, lang: str | None = None) -> Json:
    """A dated limit; a `from` of null means that the source gives no date."""
    said = _said(lang)
    return {
        "id": parameter.id,
        "unit": parameter.unit,
        "title": said(parameter.title),
        "basis": parameter.basis,
        "values": [
            {
                "from": serialize_value(value.starts_on),
                "until": serialize_value(value.ends_on),
                "value": serialize_value(value.value),
                "basis": value.basis or parameter.basis,
                "reference": value.reference,
                "when": None if value.when is None else condition_json(value.when),
                "note": said(value.note),
            }
            for value in parameter.values
        ],
    }


def reference_json(reference: Reference, lang: str | None = None) -> Json:
    """One source, and how far it was checked."""
    said = _said(lang)
    return {
        "id": reference.id,
        "name": said(reference.name),
        "issuer": said(reference.issuer),
        "number": said(reference.number),
        "date": reference.date,
        "in_force": reference.in_force,
        "status": reference.status,
        "binding": reference.binding,
        "url": reference.url,
        "facts_used": [said(fact) for fact in reference.facts_used],
        "verified": reference.verified,
        "verified_where": said(reference.verified_where),
        "confidence": reference.confidence,
        "note": said(reference.note),
    }


def _scoring_json(catalogue: Catalogue, lang: str | None) -> Json:
    said, scoring = _said(lang), catalogue.scoring
    return {
        "weights": {str(severity): weight for severity, weight in scoring.weights.items()},
        "points": {str(outcome): points2 / 2 for outcome, points2 in scoring.points2.items()},
        "thresholds": {
            "ready": serialize_value(scoring.ready_at),
            "conditionally_ready": serialize_value(scoring.conditionally_ready_at),
        },
        "bands": [
            {"id": band, "title": said(info.title), "says": said(info.says)}
            for band, info in scoring.bands.items()
        ],
        "rules": [said(rule) for rule in scoring.rules],
    }


def requirement_json(
    catalogue: Catalogue, requirement: Requirement, lang: str | None = None
) -> Json:
    """One requirement, with everything a reader may want to know about it."""
    said, answer = _said(lang), requirement.answer
    condition = requirement.applies_when
    return {
        "id": requirement.id,
        "source_row": requirement.source_row,
        "measure": requirement.measure,
        "section": requirement.section,
        "track": requirement.track,
        "topic": requirement.topic,
        "severity": requirement.severity,
        "title": said(requirement.title),
        "question": said(requirement.question),
        "guidance": said(requirement.guidance),
        "rationale": said(requirement.rationale),
        "in_force": {
            "from": serialize_value(requirement.in_force.starts_on),
            "until": serialize_value(requirement.in_force.ends_on),
        },
        "applies_when": None if condition == ALWAYS else condition_json(condition),
        "answer": {
            "kind": answer.kind,
            "unit": answer.unit,
            "min": serialize_value(answer.min),
            "max": serialize_value(answer.max),
            "decimals": answer.decimals,
            "options": [
                {"id": option.id, "label": said(option.label), "outcome": option.outcome}
                for option in answer.options
            ],
            "not_applicable": "with_reason" if answer.may_be_not_applicable else "never",
        },
        "check": None if requirement.check is None else _check_json(requirement.check, lang),
        "evidence": [
            {
                "kind": spec.kind,
                "title": said(catalogue.evidence_kinds[spec.kind]),
                "required": spec.required,
                "covers": spec.covers,
            }
            for spec in requirement.evidence
        ],
        "corrective_action": {
            "due": requirement.corrective_action.due,
            "text": said(requirement.corrective_action.text),
        },
        "clause": {
            "measure": requirement.clause.measure,
            "sentences": list(requirement.clause.sentences),
        },
        "references": [
            _citation_json(catalogue, citation, lang) for citation in requirement.references
        ],
        "confidence": requirement.confidence,
        "sources_verified": requirement.sources_verified,
        "key_fact_seen": requirement.key_fact_seen,
        "verification_note": said(requirement.verification_note),
        "checked_on": requirement.checked_on.isoformat(),
        "same_meaning": None
        if requirement.same_meaning is None
        else {
            "since": requirement.same_meaning.since,
            "wording": requirement.same_meaning.wording,
        },
        "control": None
        if requirement.control is None
        else _control_json(requirement.control, lang),
    }


def _control_json(control: Control, lang: str | None) -> Json:
    return {
        "id": control.id,
        "parent": control.parent,
        "parameters": [
            {"id": one.id, "label": text_json(one.label, lang), "values": list(one.values)}
            for one in control.parameters
        ],
    }


def _check_json(check: Check, lang: str | None) -> Json:
    form: Json = {
        "comparator": check.comparator,
        "when_not_met": text_json(check.when_not_met, lang),
    }
    if isinstance(check, NumberCheck):
        best = check.best_practice
        form["parameter"] = check.parameter
        form["best_practice"] = (
            None if best is None else {"comparator": best.comparator, "parameter": best.parameter}
        )
    else:
        form["fact"] = check.fact
    return form


def _citation_json(catalogue: Catalogue, citation: Citation, lang: str | None) -> Json:
    said, reference = _said(lang), catalogue.references[citation.reference]
    force = catalogue.legal_force[reference.binding]
    return {
        "id": reference.id,
        "name": said(reference.name),
        "article": said(citation.article),
        "covers": said(citation.covers),
        "legal_force": said(force.title),
        "binds": force.binds,
        "verified": reference.verified,
    }


# --- evaluations ----------------------------------------------------------------------------------


def percent_json(score: Score) -> str | None:
    """`"82.4"`; None where nothing applies."""
    percent = score.percent
    return None if percent is None else str(percent)


def scores_json(scores: Scores) -> Json:
    """The two figures that are always shown side by side."""
    return {"duty": percent_json(scores.duty), "upcoming": percent_json(scores.upcoming)}


def limit_json(catalogue: Catalogue, limit: Limit | None, lang: str | None) -> Json | None:
    """The limit an answer was held against, with its source."""
    if limit is None:
        return None
    return {
        "comparator": limit.comparator,
        "value": plain(limit.value),
        "unit": limit.unit,
        "basis": limit.basis,
        "basis_title": text_json(catalogue.threshold_basis[limit.basis], lang),
        "reference": limit.reference,
        "in_force_from": serialize_value(limit.in_force_from),
        "note": text_json(limit.note, lang),
    }


def evidence_fault_json(fault: EvidenceFault, lang: str | None) -> Json:
    """Why a required kind of evidence does not count in full."""
    return {
        "kind": fault.kind,
        "problem": fault.problem,
        "reason": reason_json(fault.reason, lang),
    }


def row_json(
    catalogue: Catalogue, row: Evaluation, answer: Answer | None, lang: str | None
) -> Json:
    """One requirement of an evaluated assessment."""
    requirement = catalogue.requirements[row.requirement]
    answer = answer or Answer()
    points = row.points
    return {
        "requirement": row.requirement,
        "source_row": requirement.source_row,
        "measure": requirement.measure,
        "section": requirement.section,
        "track": requirement.track,
        "topic": requirement.topic,
        "severity": requirement.severity,
        "title": text_json(requirement.title, lang),
        "applicability": row.applicability,
        "applicability_reason": reason_json(row.applicability_reason, lang),
        "missing_facts": list(row.missing_facts),
        "outcome": row.outcome,
        "reason": reason_json(row.reason, lang),
        "answer": serialize_value(answer.value),
        "not_applicable_reason": answer.not_applicable_reason,
        "flag": row.flag,
        "limit": limit_json(catalogue, row.limit, lang),
        "best_practice": row.best_practice,
        "target": limit_json(catalogue, row.target, lang),
        "missing_evidence": list(row.missing_evidence),
        "evidence_faults": [evidence_fault_json(fault, lang) for fault in row.evidence_faults],
        "weight": row.weight,
        "points": None if points is None else plain(points),
        "confirmed_outcome": row.confirmed_outcome,
    }


def blocker_json(catalogue: Catalogue, row: Evaluation, lang: str | None) -> Json:
    """A blocking duty that stands in the way."""
    requirement = catalogue.requirements[row.requirement]
    return {
        "requirement": row.requirement,
        "title": text_json(requirement.title, lang),
        "outcome": row.outcome,
        "reason": reason_json(row.reason, lang),
    }


def assessment_json(
    catalogue: Catalogue,
    evaluation: AssessmentEvaluation,
    answers: Mapping[str, Answer],
    lang: str | None,
) -> Json:
    """An evaluated assessment, whole."""
    return {
        "catalogue": catalogue.id,
        "edition": catalogue.edition,
        "as_of": evaluation.as_of.isoformat(),
        "band": evaluation.band,
        "confirmed_band": evaluation.confirmed_band,
        "scores": {
            "claimed": scores_json(evaluation.claimed),
            "confirmed": scores_json(evaluation.confirmed),
        },
        "blockers": [blocker_json(catalogue, row, lang) for row in evaluation.blockers],
        "evidence_coverage": percent_json(evaluation.evidence_coverage),
        "opportunities": evaluation.opportunities._asdict(),
        "missing_facts": [
            {
                "fact": name,
                "question": text_json(catalogue.facts[name].question, lang),
                "requirements": list(waiting),
            }
            for name, waiting in evaluation.missing_facts.items()
        ],
        "requirements": [
            row_json(catalogue, row, answers.get(name), lang)
            for name, row in evaluation.rows.items()
        ],
    }


# --- tables ---------------------------------------------------------------------------------------

CSV_COLUMNS = (
    "id", "source_row", "section", "measure", "track", "topic", "severity", "title_en",
    "title_zh_hans", "question_en", "question_zh_hans", "guidance_en", "guidance_zh_hans",
    "answer", "unit", "evidence_required", "evidence_helpful", "references", "confidence",
    "sources_verified", "checked_on",
)  # fmt: skip


def csv_rows(catalogue: Catalogue) -> Iterable[dict[str, str]]:
    """One line per requirement, every cell plain text."""
    for requirement in catalogue.requirements.values():
        required = [spec.kind for spec in requirement.evidence if spec.required]
        helpful = [spec.kind for spec in requirement.evidence if not spec.required]
        cells = (
            requirement.id,
            requirement.source_row,
            requirement.section,
            str(requirement.measure),
            requirement.track,
            requirement.topic,
            requirement.severity,
            requirement.title.en,
            requirement.title.zh_hans,
            requirement.question.en,
            requirement.question.zh_hans,
            requirement.guidance.en,
            requirement.guidance.zh_hans,
            requirement.answer.kind,
            requirement.answer.unit or "",
            " ".join(required),
            " ".join(helpful),
            " ".join(citation.reference for citation in requirement.references),
            requirement.confidence,
            requirement.sources_verified,
            requirement.checked_on.isoformat(),
        )
        yield dict(zip(CSV_COLUMNS, map(_cell, cells), strict=True))


def _cell(text: str) -> str:
    """A spreadsheet would take a text that starts like this for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else str(text)
