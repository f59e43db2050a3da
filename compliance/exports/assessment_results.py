"""A submission as OSCAL assessment results: what was asked, found, shown and decided.

Pure, from what is frozen: the export and the file inside a report are the same document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checklists.engine.model import Applicability, Outcome
from checklists.engine.oscal import NAMESPACE, OSCAL_VERSION, stable_uuid
from compliance.selectors.frozen import FrozenRow, frozen_scores

Json = dict[str, Any]
SATISFIED = (Outcome.MET, Outcome.NOT_APPLICABLE)
REASONS = {Outcome.MET: "pass", Outcome.NOT_MET: "fail"}


def submission_oscal(content: Json, review: Json, digest: str, lang: str) -> Json:
    """The frozen content with its review as one document; its ids never change."""
    return {"assessment-results": _Writer(content, review, digest, lang).document()}


class _Writer:
    def __init__(self, content: Json, review: Json, digest: str, lang: str) -> None:
        self.content, self.digest = content, digest
        self.key = "zh_hans" if lang.startswith("zh") else "en"
        self.decided_at: str | None = (review["decision"] or {}).get("at")
        self.findings: list[Json] = review["findings"]
        self.comments = {
            name: determination["comment"]
            for name, determination in review["determinations"].items()
        }
        self.scores = frozen_scores(
            content,
            {name: found["outcome"] for name, found in review["determinations"].items()},
        )
        self.rows = [
            row
            for row in self.scores.rows
            if row.content["applicability"] != Applicability.DOES_NOT_APPLY
        ]

    def document(self) -> Json:
        content, plan = self.content, self.id("plan")
        title = f"{content['firm']['name']}: {content['assessment']['title']}"
        return {
            "uuid": self.id("document"),
            "metadata": {
                "title": title,
                "last-modified": self.decided_at or content["submitted_at"],
                "version": str(content["number"]),
                "oscal-version": OSCAL_VERSION,
                "props": [
                    _prop("digest", self.digest),
                    _prop("catalogue", content["catalogue"]["id"]),
                    _prop("edition", content["catalogue"]["edition"]),
                ],
                "parties": [
                    {
                        "uuid": content["firm"]["id"],
                        "type": "organization",
                        "name": content["firm"]["name"],
                    }
                ],
            },
            "import-ap": {"href": f"#{plan}"},
            "results": [self.result(title)],
            "back-matter": {
                "resources": [
                    {"uuid": plan, "title": self.said(content["catalogue"]["title"])},
                    *map(self.resource, content["evidence"]),
                ]
            },
        }

    def result(self, title: str) -> Json:
        scores = self.scores
        figures = {
            "band": scores.band,
            "confirmed-band": scores.confirmed_band,
            "claimed-duty": scores.claimed.duty.percent,
            "claimed-upcoming": scores.claimed.upcoming.percent,
            "confirmed-duty": scores.confirmed.duty.percent,
            "confirmed-upcoming": scores.confirmed.upcoming.percent,
            "as-of": self.content["assessment"]["as_of"],
        }
        result: Json = {
            "uuid": self.id("result"),
            "title": title,
            "description": self.content["attestation"]["statement"] or title,
            "start": self.content["submitted_at"],
            "props": [_prop(name, value) for name, value in figures.items() if value is not None],
            "reviewed-controls": {"control-selections": [self.selection()]},
        }
        if self.decided_at:
            result["end"] = self.decided_at
        if observations := list(self.observations()):
            result["observations"] = observations
        if self.findings:
            result["risks"] = [self.risk(finding) for finding in self.findings]
        if self.rows:
            result["findings"] = [self.finding(row) for row in self.rows]
        return result

    def selection(self) -> Json:
        if not self.rows:
            return {"description": "No requirement applies."}
        return {"include-controls": [{"control-id": row.requirement} for row in self.rows]}

    def observations(self) -> Iterator[Json]:
        """What was shown for a requirement, where anything was."""
        titles = {piece["id"]: piece["title"] for piece in self.content["evidence"]}
        for row in self.rows:
            shown = [piece for piece in row.content["evidence"] if piece in titles]
            if shown:
                yield {
                    "uuid": self.id("observation", row.requirement),
                    "title": self.said(row.content["title"]),
                    "description": self.said(row.content["reason"]),
                    "methods": ["EXAMINE"],
                    "collected": self.content["submitted_at"],
                    "relevant-evidence": [
                        {"href": f"#{piece}", "description": titles[piece]} for piece in shown
                    ],
                }

    def finding(self, row: FrozenRow) -> Json:
        props = {
            "claimed": row.claimed,
            "confirmed": row.confirmed,
            "applicability": row.content["applicability"],
            "track": row.track,
            "severity": row.severity,
            "measure": row.measure,
            "weight": row.weight,
        }
        finding: Json = {
            "uuid": self.id("finding", row.requirement),
            "title": self.said(row.content["title"]),
            "description": self.said(row.content["reason"]),
            "props": [_prop(name, value) for name, value in props.items() if value is not None],
            "target": {
                "type": "objective-id",
                "target-id": row.requirement,
                "status": {
                    "state": "satisfied" if row.effective in SATISFIED else "not-satisfied",
                    "reason": REASONS.get(row.effective, "other"),
                },
            },
        }
        if row.content["evidence"]:
            observation = self.id("observation", row.requirement)
            finding["related-observations"] = [{"observation-uuid": observation}]
        risks = [each for each in self.findings if each["requirement"] == row.requirement]
        if risks:
            finding["related-risks"] = [{"risk-uuid": self.risk_id(risk)} for risk in risks]
        notes = (row.content["note"], self.comments.get(row.requirement, ""))
        if remarks := "\n\n".join(note for note in notes if note):
            finding["remarks"] = remarks
        return finding

    def risk(self, finding: Json) -> Json:
        return {
            "uuid": self.risk_id(finding),
            "title": f"F-{finding['number']:02d}",
            "description": finding["missing"],
            "statement": finding["missing"],
            "props": [_prop("severity", finding["severity"])],
            "status": "open",
            "deadline": f"{finding['due_on']}T00:00:00+00:00",
        }

    def risk_id(self, finding: Json) -> str:
        return self.id("finding", str(finding["number"]))

    def resource(self, piece: Mapping[str, Any]) -> Json:
        resource: Json = {
            "uuid": piece["id"],
            "title": piece["title"],
            "props": [_prop("label", piece["label"]), _prop("kind", piece["kind"])],
        }
        link: Json = {"href": piece["url"] or f"evidence/{piece['id']}"}
        if piece["media_type"]:
            link["media-type"] = piece["media_type"]
        if piece["sha256"]:
            link["hashes"] = [{"algorithm": "SHA-256", "value": piece["sha256"]}]
        return resource | {"rlinks": [link]}

    def said(self, text: Mapping[str, str]) -> str:
        return text[self.key] or text["en"]

    def id(self, *words: str) -> str:
        return stable_uuid("results", self.digest, *words)


def _prop(name: str, value: object) -> Json:
    """A property of ours; OSCAL takes one line without blanks around it."""
    return {"name": name, "ns": NAMESPACE, "value": " ".join(str(value).split()) or "-"}
