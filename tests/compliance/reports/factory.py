"""Frozen content of a submission, made from the real catalogue: every kind of row is in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from checklists import (
    Answer,
    AssessmentEvaluation,
    Catalogue,
    EvidenceItem,
    Flag,
    Requirement,
    Text,
    evaluate_assessment,
    load_catalogue,
)
from checklists.engine.export import catalogue_head_json, row_json, scores_json, text_json
from checklists.engine.model import (
    AnswerKind,
    Applicability,
    Comparator,
    Fact,
    FactKind,
    FactValue,
    Outcome,
)
from checklists.engine.units import plain, quantity
from checklists.engine.values import serialize_value
from checklists.engine.wording import day, fact_value

Json = dict[str, Any]
AS_OF = date(2026, 11, 1)
FIRST_DUE = date(2027, 1, 10)
FACTS: dict[str, FactValue | None] = {
    "firm.roles": ("satellite_manufacturer", "satellite_operator", "data_service_provider"),
}


@dataclass(frozen=True)
class Made:
    """What was fed to the engine, and what came out."""

    content: Json
    evaluation: AssessmentEvaluation


def _some(name: str, out_of: int) -> int:
    """A number below `out_of` that looks drawn, but is the same in every run."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % out_of


def facts_of(catalogue: Catalogue) -> dict[str, FactValue | None]:
    """The facts of a firm that builds and runs satellites and sells their data; some open."""
    facts = dict(FACTS)
    for number, fact in enumerate(catalogue.facts.values()):
        if fact.name in facts:
            continue
        facts[fact.name] = None if number % 9 == 7 else _fact(fact)
    return facts


def _fact(fact: Fact) -> FactValue:
    match fact.kind:
        case FactKind.SEVERAL:
            return tuple(choice.id for choice in fact.choices[:2])
        case FactKind.ONE:
            return fact.choices[0].id
        case FactKind.YES_NO:
            return _some(fact.name, 3) > 0
        case FactKind.NUMBER:
            return Decimal(520) if fact.max is None or fact.max > 520 else fact.max
        case FactKind.DATE:
            return date(2027, 3, 15 if "from" in fact.name or "start" in fact.name else 28)


def _answer(requirement: Requirement) -> Answer:
    draw = _some(requirement.id, 20)
    spec = requirement.answer
    if draw == 0:
        return Answer()
    if draw == 1:
        return Answer(flag=Flag.DONT_KNOW)
    if draw == 2 and spec.may_be_not_applicable:
        return Answer(not_applicable_reason="No object of this kind is built or flown by the firm.")
    match spec.kind:
        case AnswerKind.YES_PARTLY_NO:
            return Answer("no" if draw == 3 else "partly" if draw < 6 else "yes")
        case AnswerKind.DOCUMENT:
            return Answer("not_in_place" if draw == 3 else "in_place")
        case AnswerKind.CHOICE:
            return Answer(spec.options[draw % len(spec.options)].id)
        case AnswerKind.DATE:
            return Answer(date(2026, 6, 1 + draw))
    check = requirement.check
    at_most = check is not None and check.comparator in (Comparator.AT_MOST, Comparator.BELOW)
    low, high = spec.min or Decimal(0), spec.max if spec.max is not None else Decimal(100)
    return Answer((low if at_most else high) if draw > 4 else (low + high) / 2)


def _shown(requirement: Requirement, answer: Answer, lang: str) -> str | None:
    value = answer.value
    if value is None:
        return None
    if isinstance(value, Decimal):
        return quantity(value, requirement.answer.unit or "count", lang)
    if isinstance(value, date):
        return day(value, lang)
    option = requirement.answer.option(str(value))
    if option is not None:
        return option.label.get(lang)
    words = {
        "yes": Text("Yes", "是"),
        "partly": Text("Partly", "部分"),
        "no": Text("No", "否"),
        "in_place": Text("In place", "已具备"),
        "not_in_place": Text("Not in place", "未具备"),
    }
    return words[str(value)].get(lang)


def _both(write: Any) -> dict[str, str] | None:
    en = write("en")
    return None if en is None else {"en": en, "zh_hans": write("zh-hans")}


NOTES = {
    "yes": "Checked in the management review of March; the file number is QM-2026-014.",
    "zh": "该流程自2026年3月起执行，值班人员在30 min内完成初步筛查，记录编号为OPS-2026-07。",
}


def make(
    *,
    notes: dict[str, str] | None = None,
    firm: str = "Demo Orbital Co.",
    title: str = "Example-1 constellation, first batch",
    number: int = 1,
) -> Made:
    """Content as a submission freezes it; `notes` by requirement id replace the made ones."""
    catalogue = load_catalogue()
    facts = facts_of(catalogue)
    answers = {name: _answer(r) for name, r in catalogue.requirements.items()}
    evidence: list[Json] = []
    items: dict[str, list[EvidenceItem]] = {}
    used: dict[str, Json] = {}
    for name, requirement in catalogue.requirements.items():
        if not answers[name].value or _some(name + "e", 9) == 0:
            continue
        for spec in requirement.evidence[:2]:
            piece = used.get(spec.kind)
            if piece is None:
                label = f"E-{len(evidence) + 1:03d}"
                expires = date(2027, 2, 1) if _some(spec.kind, 4) == 0 else None
                kind_title = catalogue.evidence_kinds[spec.kind]
                piece = used[spec.kind] = {
                    "id": f"00000000-0000-4000-8000-{_some(spec.kind, 10**8):012d}",
                    "label": label,
                    "kind": spec.kind,
                    "kind_title": text_json(kind_title, None),
                    "title": f"{kind_title.en}, signed copy",
                    "filename": f"{spec.kind}.pdf",
                    "url": "",
                    "media_type": "application/pdf",
                    "size": 200_000 + _some(spec.kind + "s", 4_000_000),
                    "sha256": hashlib.sha256(spec.kind.encode()).hexdigest(),
                    "effective_on": "2026-03-01",
                    "expires_on": expires.isoformat() if expires else None,
                    "requirements": [],
                }
                evidence.append(piece)
            piece["requirements"].append(name)
            items.setdefault(name, []).append(
                EvidenceItem(
                    spec.kind,
                    date(2026, 3, 1),
                    date.fromisoformat(piece["expires_on"]) if piece["expires_on"] else None,
                )
            )
    evaluation = evaluate_assessment(
        catalogue, as_of=AS_OF, facts=facts, answers=answers, evidence=items
    )
    rows = []
    for name, row in evaluation.rows.items():
        requirement = catalogue.requirements[name]
        form = _row(
            catalogue, requirement, answers[name], row_json(catalogue, row, answers[name], None)
        )
        form["note"] = (notes or {}).get(name, _note(name))
        form["evidence"] = [e["id"] for e in evidence if name in e["requirements"]]
        rows.append(form)
    cited = {c["id"] for row in rows for c in row["citations"]}
    content: Json = {
        "schema": 1,
        "catalogue": catalogue_head_json(catalogue),
        "firm": {"id": "00000000-0000-4000-8000-000000000001", "name": firm},
        "assessment": {
            "id": "00000000-0000-4000-8000-000000000002",
            "title": title,
            "as_of": AS_OF.isoformat(),
        },
        "number": number,
        "submitted_at": "2026-11-09T08:42:00+00:00",
        "attestation": {
            "name": "Gao Ning",
            "position": "general manager",
            "statement": "The answers are complete and true to the best of my knowledge.",
            "signed_at": "2026-11-09T08:42:00+00:00",
        },
        "facts": [
            _fact_json(catalogue, fact, facts[fact.name]) for fact in catalogue.facts.values()
        ],
        "dates": {"launch_window": {"from": "2027-03-15", "until": "2027-03-28"}},
        "sections": [{"id": s.id, "title": s.title.as_json()} for s in catalogue.sections.values()],
        "measures": [
            {
                "number": m.number,
                "section": m.section,
                "title": m.title.as_json(),
                "note": m.note.as_json(),
            }
            for m in catalogue.measures.values()
        ],
        "topics": {name: text.as_json() for name, text in catalogue.topics.items()},
        "tracks": {
            str(t): {"title": info.title.as_json(), "meaning": info.meaning.as_json()}
            for t, info in catalogue.tracks.items()
        },
        "severities": {str(s): text.as_json() for s, text in catalogue.severities.items()},
        "bands": {
            str(b): {"title": info.title.as_json(), "says": info.says.as_json()}
            for b, info in catalogue.scoring.bands.items()
        },
        "scoring": {
            "weights": {str(s): w for s, w in catalogue.scoring.weights.items()},
            "points": {str(o): plain(Decimal(p) / 2) for o, p in catalogue.scoring.points2.items()},
            "thresholds": {
                "ready": str(catalogue.scoring.ready_at),
                "conditionally_ready": str(catalogue.scoring.conditionally_ready_at),
            },
            "rules": [rule.as_json() for rule in catalogue.scoring.rules],
        },
        "requirements": rows,
        "references": {
            r.id: {
                "name": r.name.as_json(),
                "number": r.number.as_json() if r.number else None,
                "binding": r.binding,
                "force": catalogue.legal_force[r.binding].title.as_json(),
                "binds": catalogue.legal_force[r.binding].binds,
                "verified": r.verified,
                "url": r.url,
            }
            for r in catalogue.references.values()
            if r.id in cited
        },
        "evidence": evidence,
        "evaluation": {
            "band": evaluation.band,
            "scores": {"claimed": scores_json(evaluation.claimed)},
            "blockers": [row.requirement for row in evaluation.blockers],
            "evidence_coverage": str(evaluation.evidence_coverage.percent),
            "opportunities": evaluation.opportunities._asdict(),
        },
    }
    return Made(content, evaluation)


def _note(name: str) -> str:
    draw = _some(name + "n", 6)
    return NOTES["yes"] if draw == 0 else NOTES["zh"] if draw == 1 else ""


def _row(catalogue: Catalogue, requirement: Requirement, answer: Answer, form: Json) -> Json:
    form.pop("confirmed_outcome")
    return form | {
        "question": requirement.question.as_json(),
        "guidance": requirement.guidance.as_json(),
        "answer_kind": requirement.answer.kind,
        "answer_shown": _both(lambda lang: _shown(requirement, answer, lang)),
        "answered_by": "Ben Contributor",
        "answered_at": "2026-11-03T02:10:00+00:00",
        "clause": {
            "measure": requirement.clause.measure,
            "sentences": list(requirement.clause.sentences),
        },
        "clause_shown": {
            "en": f"Plan, measure {requirement.clause.measure}",
            "zh_hans": f"行动计划第{requirement.clause.measure}项",
        },
        "citations": [
            {
                "id": citation.reference,
                "article": text_json(citation.article, None),
                "covers": text_json(citation.covers, None),
            }
            for citation in requirement.references
        ],
        "confidence": requirement.confidence,
        "doubt": text_json(requirement.verification_note, None),
        "corrective_action": requirement.corrective_action.text.as_json(),
        "evidence_kinds": [
            {
                "kind": spec.kind,
                "title": catalogue.evidence_kinds[spec.kind].as_json(),
                "required": spec.required,
            }
            for spec in requirement.evidence
        ],
    }


def _fact_json(catalogue: Catalogue, fact: Fact, value: FactValue | None) -> Json:
    return {
        "name": fact.name,
        "group": fact.group,
        "label": fact.label.as_json(),
        "question": fact.question.as_json(),
        "value": serialize_value(value),
        "shown": None
        if value is None
        else {"en": fact_value(fact, value, "en"), "zh_hans": fact_value(fact, value, "zh-hans")},
        "state": "dont_know" if value is None else "answered",
    }


def review_of(content: Json, state: str = "accepted") -> Json:
    """The officer's side: most duties confirmed as claimed, some changed, a finding for each."""
    determinations: Json = {}
    findings: list[Json] = []
    if state == "submitted":
        return _review(state, determinations, findings)
    for row in content["requirements"]:
        name, outcome = row["requirement"], row["outcome"]
        if row["applicability"] != Applicability.APPLIES or outcome == Outcome.NOT_ANSWERED:
            continue
        draw = _some(name + "d", 25)
        if draw == 0 and state != "accepted":
            continue
        changed = draw in (1, 2) and outcome == Outcome.MET and row["track"] != "opportunity"
        determinations[name] = {
            "outcome": Outcome.PARTLY_MET if changed else outcome,
            "comment": "The signed copy covers the first satellite only." if changed else "",
            "by": "Cleo Officer",
            "at": "2026-11-17T03:00:00+00:00",
        }
        if changed:
            findings.append(
                {
                    "number": len(findings) + 1,
                    "requirement": name,
                    "severity": "major" if row["severity"] == "blocking" else "minor",
                    "missing": "Signed copies for the other seven satellites.",
                    "due_on": (FIRST_DUE + timedelta(days=len(findings))).isoformat(),
                }
            )
    return _review(state, determinations, findings)


def _review(state: str, determinations: Json, findings: list[Json]) -> Json:
    decision = None
    if state in ("accepted", "returned"):
        decision = {
            "decision": state,
            "statement": "Accepted; the findings are to be closed by their dates."
            if state == "accepted"
            else "Returned: the policy ends before the launch window closes.",
            "by": "Cleo Officer",
            "at": "2026-11-18T03:05:00+00:00",
        }
    return {
        "state": state,
        "determinations": determinations,
        "findings": findings,
        "decision": decision,
        "round": 1,
        "actions": [_action(found) for found in findings[1:]],
        "earlier": [_earlier(1, "41.5", "38.0", 17), _earlier(2, "55.2", "49.4", 15)],
    }


def _action(finding: Json) -> Json:
    """The firm's side of a finding; each state in turn."""
    number = finding["number"]
    status = ("open", "in_progress", "done", "reopened", "verified")[number % 5]
    return {
        "label": f"F-{number:02d}",
        "finding": number,
        "requirement": finding["requirement"],
        "severity": finding["severity"],
        "title": "Obtain the sealed copies from the insurer and file them.",
        "suggested": {"en": "File the copies.", "zh_hans": "归档副本。"},
        "plan": "The finance department asks the insurer; legal checks the wording.",
        "owner": "Lin Yue" if number % 2 else "",
        "due_on": finding["due_on"],
        "status": status,
        "closing_note": "Filed under QM-2026-031." if status in ("done", "verified") else "",
        "milestones": [
            {"title": "Copies asked for", "due_on": "2026-12-01", "done_on": "2026-11-19"},
            {"title": "副本归档", "due_on": "2026-12-20", "done_on": None},
        ],
    }


def _earlier(number: int, claimed: str, confirmed: str, blockers: int) -> Json:
    return {
        "assessment": "00000000-0000-4000-8000-000000000002",
        "title": "Example-1 constellation, first batch",
        "number": number,
        "submitted_at": f"2026-0{number + 2}-09T08:42:00+00:00",
        "as_of": f"2026-0{number + 2}-01",
        "band": "not_ready",
        "confirmed_band": "not_ready",
        "duty": [claimed, confirmed],
        "upcoming": ["60.0", "50.0"],
        "blockers": blockers,
    }


def every_requirement_applies(content: Json) -> Json:
    """The same content where what did not apply is answered and met: the largest report."""
    answered = {
        "applicability": Applicability.APPLIES,
        "outcome": Outcome.MET,
        "points": "1",
        "reason": {"en": "Answered “yes”.", "zh_hans": "回答为“是”。"},
    }
    rows = [
        row if row["applicability"] == Applicability.APPLIES else row | answered
        for row in content["requirements"]
    ]
    return content | {"requirements": rows}


def many(content: Json, times: int) -> Json:
    """The same content with its requirements repeated under other ids, to measure growth."""
    rows = []
    for turn in range(times):
        for row in content["requirements"]:
            copy = dict(row)
            if turn:
                copy["requirement"] = f"{row['requirement']}.{turn}"
            rows.append(copy)
    return content | {"requirements": rows}
