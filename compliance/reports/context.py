"""A frozen submission and its review → everything the report prints, as typed values.

Pure: no database, no settings, no clock. What a template shows is decided here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from checklists.engine.loader import DEFAULT_CATALOGUE
from checklists.engine.model import Outcome, Score, Severity, Text, Track
from checklists.engine.units import plain
from checklists.engine.wording import day, official_number
from compliance.reports.both import BOTH, in_both
from compliance.reports.printed import (
    HAN,
    SHOWN_ORDER,
    Action,
    Band,
    BandRule,
    Blocker,
    Chapter,
    Earlier,
    EvidenceLine,
    EvidencePiece,
    Figure,
    Finding,
    Measure,
    Milestone,
    Named,
    NotApplicable,
    OfficerLine,
    OpenQuestion,
    Opportunity,
    Pair,
    ReportContext,
    Requirement,
    ScoreLine,
    Section,
    Signed,
    Source,
    SourceLine,
    StatedFact,
    Step,
    Sum,
    SumLine,
    Tile,
    Topic,
    Words,
)
from compliance.reports.words import LANGUAGES, words
from compliance.selectors.frozen import FrozenRow, FrozenScores, frozen_scores, percent_of

Json = Mapping[str, Any]
LATIN = re.compile("[A-Za-z]")
SCORED = (Track.DUTY, Track.UPCOMING)
# the order in which they need attention
OUTCOME_ORDER = (
    Outcome.NOT_MET,
    Outcome.NOT_ANSWERED,
    Outcome.UNDETERMINED,
    Outcome.PARTLY_MET,
    Outcome.MET,
    Outcome.NOT_APPLICABLE,
)
UNFINISHED, CLOSED = ("open", "in_progress", "reopened"), ("done", "verified")
SEVERITY_ORDER = (Severity.BLOCKING, Severity.MAJOR, Severity.MINOR)
LONG_TEXT = 1200  # characters; a block with more of them may break over pages
SHOWN_BLOCKERS, SHOWN_STEPS, SHOWN_FINDINGS_SUMMARY = 8, 5, 10
BOARD_TEXT = 150  # Latin letters of an action on the board's page
SHOWN_BLOCKERS_BOTH = 6
RUNNING_HEAD = 56  # Latin letters of the firm's name at the head of each page


def report_context(
    content: Json,
    review: Json,
    *,
    kind: str,
    lang: str,
    code: str,
    digest: str,
    issued_at: datetime,
    time_zone: str = "Asia/Shanghai",
    site_url: str = "",
) -> ReportContext:
    """What the report says, from the frozen content and the review as it stood."""

    def written(lang: str, *, has_plain_days: bool = False) -> ReportContext:
        writer = _Writer(content, review, kind, lang, time_zone, issued_at, has_plain_days)
        return writer.context(
            code=code, digest=digest, issued_at=issued_at, site_url=site_url.rstrip("/")
        )

    if lang != BOTH:
        return written(lang)
    # A day as figures is the same in both languages, so that it stands there once.
    english, chinese = (written(one, has_plain_days=True) for one in LANGUAGES)
    return in_both(english, chinese)


def own_words(text: str) -> Words:
    """What a person typed, in the language it seems to be in."""
    text = text.strip()
    han, latin = len(HAN.findall(text)), len(LATIN.findall(text))
    return Words(text, "zh-Hans" if han * 4 > latin else "en")


class _Writer:
    """Everything the pieces of one report share: its language, its rows, its lookups."""

    def __init__(
        self,
        content: Json,
        review: Json,
        kind: str,
        lang: str,
        time_zone: str,
        issued_at: datetime,
        has_plain_days: bool,
    ) -> None:
        self.content, self.review, self.kind, self.lang = content, review, kind, lang
        self.has_plain_days = has_plain_days
        self.tag = LANGUAGES[lang]
        rules = content["catalogue"]
        is_further = rules["id"] != DEFAULT_CATALOGUE
        self.w = words(lang, Text(**rules["title"]) if is_further else None)
        self.zone = ZoneInfo(time_zone)
        self.today = issued_at.astimezone(self.zone).date()
        self.determinations: Mapping[str, Json] = review["determinations"]
        self.scores: FrozenScores = frozen_scores(
            dict(content), {name: d["outcome"] for name, d in self.determinations.items()}
        )
        self.reviewed = bool(self.determinations)
        self.row = {row.requirement: row for row in self.scores.rows}
        self.anchors = {row.requirement: f"r{n}" for n, row in enumerate(self.scores.rows, 1)}
        self.applying = [r for r in self.scores.rows if not _is_off(r)]
        self.evidence = {piece["id"]: piece for piece in content["evidence"]}
        self.source_anchors = {name: f"s{n}" for n, name in enumerate(content["references"], 1)}
        self.findings_of: dict[str, list[Json]] = {}
        for finding in review["findings"]:
            self.findings_of.setdefault(finding["requirement"], []).append(finding)
        self.actions: Sequence[Json] = review.get("actions", ())
        self.action_of = {a["finding"]: a for a in self.actions if a["finding"] is not None}

    # --- words ------------------------------------------------------------------------------------

    def text(self, value: Json | None) -> Words:
        """A bilingual text in the report's language; in English where it is not translated."""
        if value is None:
            return Words("", self.tag)
        chinese = value.get("zh_hans") or ""
        if self.lang != "en" and chinese:
            return Words(chinese, "zh-Hans")
        return Words(value["en"], "en")

    def say(self, name: str, **values: Any) -> str:
        return self.w[name].format(**values) if values else self.w[name]

    def own(self, text: str) -> Words:
        return Words(text, self.tag)

    def outcome(self, outcome: Outcome, track: Track = Track.DUTY) -> str:
        name = f"opportunity_{outcome}" if track is Track.OPPORTUNITY else str(outcome)
        return self.w.get(name, self.w[outcome])

    def day(self, on: date | str | None) -> str:
        if not on:
            return ""
        found = date.fromisoformat(on) if isinstance(on, str) else on
        return found.isoformat() if self.has_plain_days else day(found, self.lang)

    def moment(self, at: datetime | str) -> str:
        """A day and a time on the clock of the installation, with its distance from UTC."""
        stamp = datetime.fromisoformat(at) if isinstance(at, str) else at
        local = stamp.astimezone(self.zone)
        hours = local.strftime("%z")
        offset = f"UTC{hours[:3]}:{hours[3:5]}"
        return f"{self.day(local.date())} {local:%H:%M} ({offset})"

    def named(self, row: FrozenRow) -> Named:
        return Named(row.content["source_row"], self.text(row.content["title"]))

    # --- figures ----------------------------------------------------------------------------------

    def pair(self, claimed: Score, confirmed: Score, rows: Iterable[FrozenRow]) -> Pair:
        return Pair(
            _figure(claimed), _figure(confirmed) if self.reviewed else None, len(list(rows))
        )

    def _applying(self, track: Track) -> list[FrozenRow]:
        return [row for row in self.applying if row.track is track]

    def band(self, name: str) -> Band:
        info = self.content["bands"][name]
        return Band(self.text(info["title"]), self.text(info["says"]))

    # --- the whole --------------------------------------------------------------------------------

    def context(
        self, *, code: str, digest: str, issued_at: datetime, site_url: str
    ) -> ReportContext:
        content, review, scores = self.content, self.review, self.scores
        firm, state = own_words(content["firm"]["name"]), review["state"]
        is_draft = state == "draft"
        number = (
            self.w["no_number"] if is_draft else self.say("submission_no", number=content["number"])
        )
        title = self.w["report" if self.kind == "full" else "summary_report"]
        thresholds = content["scoring"]["thresholds"]
        gates = int(Decimal(thresholds["conditionally_ready"])), int(Decimal(thresholds["ready"]))
        findings = self.findings()
        shown = findings if self.kind == "full" else findings[:SHOWN_FINDINGS_SUMMARY]
        blockers = tuple(self.blocker(row) for row in scores.blockers)
        board_blockers = SHOWN_BLOCKERS_BOTH if self.has_plain_days else SHOWN_BLOCKERS
        duty = self.pair(scores.claimed.duty, scores.confirmed.duty, self._applying(Track.DUTY))
        steps, steps_hint = self.steps()
        trend = self.trend(duty, len(blockers))
        sections = self.sections()
        open_questions, opportunities = self.open_questions(), self.opportunities()
        percent = self.w["percent"]
        coverage = content["evaluation"]["evidence_coverage"]
        taken = content["evaluation"]["opportunities"]
        upcoming = self.pair(
            scores.claimed.upcoming, scores.confirmed.upcoming, self._applying(Track.UPCOMING)
        )
        titles = {t: self.text(content["tracks"][t]["title"]).text for t in Track}
        return ReportContext(
            lang=self.lang,
            tag=self.tag,
            kind=self.kind,
            w=self.w,
            document_title=f"{firm.text}{self.w['colon']}{title}{self.w['comma']}{number}",
            firm=firm,
            running_firm=Words(_shortened(firm.text, RUNNING_HEAD), firm.lang),
            mission=own_words(content["assessment"]["title"]),
            number=number,
            code="" if is_draft else code,
            digest="" if is_draft else digest,
            edition=f"{content['catalogue']['id']} {content['catalogue']['edition']}",
            as_of=self.day(content["assessment"]["as_of"]),
            window=self.window(),
            issued=self.moment(issued_at),
            issued_at=issued_at,
            check_url=f"{site_url}/verify/{code}/" if site_url and not is_draft else "",
            state=state,
            state_title=self.state_title(state),
            state_note=self.state_note(state),
            tone=self.tone(state),
            mark=self.w.get(f"mark_{state}", ""),
            round="" if is_draft else self.say("round", round=review["round"]),
            band=self.band(scores.band),
            confirmed_band=self.band(scores.confirmed_band) if self.reviewed else None,
            duty=duty,
            upcoming=upcoming,
            coverage=None if coverage is None else f"{coverage}{percent}",
            opportunities_taken=f"{taken['taken_up']} / {taken['total']}",
            score_lines=((titles[Track.DUTY], duty), (titles[Track.UPCOMING], upcoming)),
            blockers=blockers[:board_blockers],
            blocker_count=str(len(blockers)),
            more_blockers=self.say("more_blockers", count=len(blockers) - board_blockers)
            if len(blockers) > board_blockers
            else "",
            steps=steps,
            steps_hint=steps_hint,
            trend=trend,
            trend_note=self.trend_note(trend),
            counts={track: self.counts(track) for track in Track},
            track_titles=titles,
            track_meanings=tuple(
                (self.text(info["title"]).text, self.text(info["meaning"]))
                for info in (content["tracks"][t] for t in Track)
            ),
            outcome_meanings=tuple(
                (outcome, self.w[outcome], self.w[f"{outcome}_means"]) for outcome in SHOWN_ORDER
            ),
            skyline_counts=self.w["comma"].join(
                f"{titles[track]} {pair.count}"
                for track, pair in ((Track.DUTY, duty), (Track.UPCOMING, upcoming))
            ),
            heat_note=self.say(
                "by_measure_note",
                which=self.w["confirmed" if self.reviewed else "claimed"].lower(),
            ),
            gates=gates,
            gates_note=self.say("by_section_note", conditional=gates[0], ready=gates[1]),
            topics=self.topics(),
            facts=tuple(self.fact(fact) for fact in content["facts"]),
            sections=sections,
            findings=findings,
            shown_findings=shown,
            more_findings=self.say("more_findings", count=len(findings) - len(shown))
            if len(findings) > len(shown)
            else "",
            own_actions=tuple(
                self.action(a)
                for a in self.actions
                if a["finding"] is None and a["requirement"] in self.row
            ),
            open_questions=open_questions,
            stated_off=tuple(
                self.stated_off(r) for r in self.applying if r.claimed is Outcome.NOT_APPLICABLE
            ),
            ruled_out=tuple(
                NotApplicable(
                    r.content["source_row"],
                    self.text(r.content["title"]),
                    self.text(r.content["applicability_reason"]),
                    "",
                )
                for r in scores.rows
                if _is_off(r)
            ),
            opportunities=opportunities,
            evidence=tuple(self.piece(piece) for piece in content["evidence"]),
            sources=self.sources(),
            rules=tuple(self.text(rule) for rule in content["scoring"]["rules"]),
            sums=tuple(self.sums()),
            band_rules=self.band_rules(gates),
            trail=self.trail(),
            checked_up_to=self.text(content["catalogue"]["checked_up_to"]),
            notice=self.text(content["catalogue"]["notice"]),
            attested=None if is_draft else self.attested(),
            decided=self.decided(),
            decision=self.decision(),
            contents=self.contents(sections, bool(open_questions)),
        )

    def window(self) -> str:
        span = self.content["dates"].get("launch_window") or {}
        ends = [self.day(span.get(name)) for name in ("from", "until")]
        return "" if not any(ends) else self.say("from_until", start=ends[0], end=ends[1])

    @property
    def has_conditions(self) -> bool:
        return bool((self.review["decision"] or {}).get("with_conditions", False))

    def state_title(self, state: str) -> str:
        return self.w[f"state_{state}" + "_with_conditions" * self.has_conditions]

    def tone(self, state: str) -> str:
        if state == "accepted":
            return "conditions" if self.has_conditions else "accepted"
        return "waiting" if state in ("submitted", "in_review") else "open"

    def state_note(self, state: str) -> str:
        if state == "accepted" and self.review["findings"]:
            return self.say("state_accepted_findings", count=len(self.review["findings"]))
        return self.w[f"state_{state}_note"]

    # --- the board's page and the pictures --------------------------------------------------------

    def blocker(self, row: FrozenRow) -> Blocker:
        return Blocker(
            self.anchors[row.requirement],
            row.content["source_row"],
            self.text(row.content["title"]),
            row.effective,
            self.outcome(row.effective),
        )

    def steps(self) -> tuple[tuple[Step, ...], str]:
        """What is most urgent: blocking first, then by date; else how the blockers are cured."""
        steps: list[tuple[tuple[bool, str, str], Step]] = []
        for finding in self.review["findings"]:
            if finding["number"] in self.action_of:
                continue
            row = self.row[finding["requirement"]]
            label = f"F-{finding['number']:02d}"
            key = (not row.is_blocking_duty, finding["due_on"], label)
            steps.append((key, self.step(finding["due_on"], finding["missing"], label)))
        for action in self.actions:
            if action["status"] in CLOSED:
                continue
            text = action["title"] or self.text(action["suggested"]).text
            key = (action["severity"] != "blocking", action["due_on"], action["label"])
            steps.append(
                (
                    key,
                    self.step(
                        action["due_on"],
                        text,
                        action["label"],
                        owner=action["owner"],
                        status=self.w[f"action_{action['status']}"],
                    ),
                )
            )
        if steps:
            first = sorted(steps, key=lambda found: found[0])[:SHOWN_STEPS]
            return tuple(step for _, step in first), self.w["next_steps_findings"]
        if self.review["findings"]:
            return (), ""  # all are closed
        rows = self.scores.blockers[:SHOWN_STEPS]
        return (
            tuple(
                Step(
                    row.content["source_row"],
                    self.text(row.content["corrective_action"]),
                    "",
                    Words("", self.tag),
                    "",
                    is_late=False,
                )
                for row in rows
            ),
            self.w["next_steps_blockers"] if rows else "",
        )

    def step(self, due: str, text: str, label: str, *, owner: str = "", status: str = "") -> Step:
        shown = own_words(" ".join(text.split()))
        return Step(
            self.day(due),
            Words(_shortened(shown.text, BOARD_TEXT), shown.lang),
            label,
            own_words(owner) if owner else self.own(self.w["no_owner"]),
            status,
            is_late=date.fromisoformat(due) < self.today,
        )

    def trend(self, duty: Pair, blockers: int) -> tuple[Earlier, ...]:
        """The submissions before this one, and this one, from what was frozen with the review."""
        own = self.content["assessment"]["id"]
        past = [
            Earlier(
                self.say("submission_no", number=found["number"])
                if found["assessment"] == own
                else "",
                self.day(found["as_of"]),
                Pair(
                    Figure(found["duty"][0], "", ""),
                    None if found["duty"][1] is None else Figure(found["duty"][1], "", ""),
                    0,
                ),
                found["blockers"],
            )
            for found in self.review.get("earlier", ())
        ]
        label = (
            self.w["no_number"]
            if self.review["state"] == "draft"
            else self.say("submission_no", number=self.content["number"])
        )
        now = Earlier(label, self.day(self.content["assessment"]["as_of"]), duty, blockers)
        return (*past, now)

    def trend_note(self, trend: Sequence[Earlier]) -> str:
        """What changed since the last submission, in words."""
        if len(trend) < 2:
            return self.w["trend_first"]
        before, now = trend[-2:]
        figures = [(before.duty.claimed.percent, now.duty.claimed.percent)]
        name = "trend_claimed"
        if before.duty.confirmed_percent is not None and now.duty.confirmed_percent is not None:
            figures = [(before.duty.confirmed_percent, now.duty.confirmed_percent)]
            name = "trend_confirmed"
        old, new = figures[0]
        values = {
            "since": before.label or before.on,
            "old": old or "–",
            "new": new or "–",
            "was": before.blockers,
            "now": now.blockers,
        }
        return self.say(name, **values)

    def counts(self, track: Track) -> tuple[tuple[Outcome, int], ...]:
        counted = Counter(row.effective for row in self._applying(track))
        return tuple((outcome, counted[outcome]) for outcome in SHOWN_ORDER if counted[outcome])

    def topics(self) -> tuple[Topic, ...]:
        """The topics with duties, the weakest first."""
        blocking = Counter(row.topic for row in self.scores.blockers)
        found: list[tuple[Decimal, Topic]] = []
        for name, title in self.content["topics"].items():
            rows = [row for row in self._applying(Track.DUTY) if row.topic == name]
            claimed = self.scores.claimed.by_topic[Track.DUTY, name]
            confirmed = self.scores.confirmed.by_topic[Track.DUTY, name]
            if not rows or not (claimed.weight or confirmed.weight):
                continue
            pair = self.pair(claimed, confirmed, rows)
            key = Decimal(pair.shown.percent or 0)
            found.append((key, Topic(self.text(title).text, pair, blocking[name])))
        return tuple(topic for _, topic in sorted(found, key=lambda item: item[0]))

    # --- requirements -----------------------------------------------------------------------------

    def sections(self) -> tuple[Section, ...]:
        claimed, confirmed = self.scores.claimed, self.scores.confirmed
        by_measure: dict[int, list[FrozenRow]] = {}
        for row in self.scores.rows:
            by_measure.setdefault(row.measure, []).append(row)
        return tuple(
            Section(
                section["id"],
                self.text(section["title"]),
                self.pair(
                    claimed.by_section[Track.DUTY, section["id"]],
                    confirmed.by_section[Track.DUTY, section["id"]],
                    [r for r in self._applying(Track.DUTY) if r.section == section["id"]],
                ),
                tuple(
                    self.measure(measure, by_measure.get(measure["number"], []))
                    for measure in self.content["measures"]
                    if measure["section"] == section["id"]
                ),
            )
            for section in self.content["sections"]
        )

    def measure(self, measure: Json, rows: Sequence[FrozenRow]) -> Measure:
        number = measure["number"]
        live = [row for row in rows if not _is_off(row)]
        pairs = [
            self.pair(
                self.scores.claimed.by_measure[track, number],
                self.scores.confirmed.by_measure[track, number],
                [row for row in live if row.track is track],
            )
            for track in SCORED
        ]
        return Measure(
            anchor=f"m{number}",
            number=number,
            title=self.text(measure["title"]),
            note=self.text(measure["note"]),
            duty=pairs[0],
            upcoming=pairs[1],
            scores=tuple(
                self.score_line(track, pair)
                for track, pair in zip(SCORED, pairs, strict=True)
                if pair.count and pair.shown.percent is not None
            ),
            requirements=tuple(self.requirement(row) for row in live)
            if self.kind == "full"
            else (),
            off=tuple(self.named(row) for row in rows if _is_off(row)),
            duty_tiles=_tiles(row for row in live if row.track is Track.DUTY),
            upcoming_tiles=_tiles(row for row in live if row.track is Track.UPCOMING),
        )

    def score_line(self, track: Track, pair: Pair) -> ScoreLine:
        title = self.text(self.content["tracks"][track]["title"]).text
        said = f"{title}: {self.w['claimed']} {pair.claimed.percent or '–'}"
        if pair.confirmed is not None:
            said += f"{self.w['comma']}{self.w['confirmed']} {pair.confirmed.percent or '–'}"
        return ScoreLine(title, pair, said)

    def requirement(self, row: FrozenRow) -> Requirement:
        form = row.content
        note, reason = own_words(form["note"]), self.reason(row)
        officer = self.officer(row)
        long = len(note.text) + len(reason.text) + (len(officer.comment.text) if officer else 0)
        severity = self.text(self.content["severities"][row.severity]).text
        track = self.text(self.content["tracks"][row.track]["title"]).text
        return Requirement(
            anchor=self.anchors[row.requirement],
            label=form["source_row"],
            title=self.text(form["title"]),
            question=self.text(form["question"]),
            outcome=row.effective,
            outcome_word=self.outcome(row.effective, row.track),
            standing=self.standing(row),
            rank=track if row.track is Track.OPPORTUNITY else f"{track} · {severity}",
            points=self.points(row),
            answer=self.answer(form),
            answered=self.answered(form),
            note=note,
            reason=reason,
            evidence=tuple(self.evidence_line(self.evidence[name]) for name in form["evidence"]),
            officer=officer,
            clause=self.text(form["clause_shown"]),
            sources=tuple(self.source_line(citation) for citation in form["citations"]),
            doubt=self.text(form["doubt"]),
            is_blocking=row.is_blocking_duty,
            is_long=long > LONG_TEXT,
        )

    def reason(self, row: FrozenRow) -> Words:
        """Why the outcome is what it is, and why the requirement applies at all."""
        reason = self.text(row.content["reason"])
        if row.claimed is Outcome.UNDETERMINED:
            return reason  # it tells what has to be answered first
        applies = self.text(row.content["applicability_reason"])
        space = " " if reason.lang == "en" else ""
        return Words(f"{reason.text}{space}{applies.text}", reason.lang)

    def standing(self, row: FrozenRow) -> str:
        if row.confirmed is None:
            return self.w["only_claimed"]
        if row.confirmed is row.claimed:
            return self.w["confirmed_as"]
        return self.say("changed_from", outcome=self.outcome(row.claimed, row.track))

    def points(self, row: FrozenRow) -> str:
        if not row.weight or row.effective is Outcome.NOT_APPLICABLE:
            return ""
        share = Decimal(str(self.content["scoring"]["points"][row.effective]))
        return f"{self.w['points']} {plain(share * row.weight)} / {row.weight}"

    def answer(self, form: Json) -> Words:
        if form["answer_shown"] is not None:
            return self.text(form["answer_shown"])
        if form["not_applicable_reason"]:
            return self.own(self.w["stated_not_applicable"])
        return self.own(self.w["not_answered_yet"])

    def answered(self, form: Json) -> str:
        """Who answered, when, and what it was marked with."""
        parts = []
        if form["flag"] == "come_back" or (form["flag"] and form["answer_shown"] is None):
            parts.append(self.w[f"flag_{form['flag']}"])
        if form["best_practice"]:
            parts.append(
                self.w["best_missed" if form["best_practice"] == "missed" else "best_reached"]
            )
        if form["answered_at"] and (form["answer_shown"] or form["not_applicable_reason"]):
            at = datetime.fromisoformat(form["answered_at"]).astimezone(self.zone).date()
            parts.append(f"{form['answered_by']}, {self.day(at)}")
        return " · ".join(parts)

    def officer(self, row: FrozenRow) -> OfficerLine | None:
        determination = self.determinations.get(row.requirement)
        findings = tuple(
            (f"F-{f['number']:02d}", f"f{f['number']}")
            for f in self.findings_of.get(row.requirement, ())
        )
        if determination is None:
            return None
        changed = row.confirmed is not row.claimed
        if not changed and not determination["comment"] and not findings:
            return None  # the column beside it already says "confirmed"
        said = (
            self.say("set_to", outcome=self.outcome(row.effective, row.track))
            if changed
            else self.w["confirmed_said"]
        )
        return OfficerLine(said, own_words(determination["comment"]), findings)

    def evidence_line(self, piece: Json) -> EvidenceLine:
        until = self.day(piece["expires_on"])
        return EvidenceLine(
            label=piece["label"],
            anchor=piece["label"],
            title=own_words(piece["title"] or self.text(piece["kind_title"]).text),
            until=self.say("evidence_until", day=until) if until else "",
        )

    def source_line(self, citation: Json) -> SourceLine:
        reference = self.content["references"][citation["id"]]
        return SourceLine(
            self.text(reference["name"]),
            self.text(citation["article"]),
        )

    # --- the other chapters -----------------------------------------------------------------------

    def fact(self, fact: Json) -> StatedFact:
        stated = fact["shown"] is not None
        shown = (
            self.text(fact["shown"])
            if stated
            else self.own(self.w.get(f"fact_{fact['state']}", self.w["fact_missing"]))
        )
        return StatedFact(self.text(fact["label"]), shown, stated)

    def findings(self) -> tuple[Finding, ...]:
        found = []
        for finding in self.review["findings"]:
            row = self.row[finding["requirement"]]
            found.append(
                Finding(
                    anchor=f"f{finding['number']}",
                    label=f"F-{finding['number']:02d}",
                    requirement=self.named(row),
                    requirement_anchor=self.anchors[row.requirement],
                    severity=self.w[f"severity_{finding['severity']}"],
                    missing=own_words(finding["missing"]),
                    close_by=self.day(finding["due_on"]),
                    suggested=self.text(row.content["corrective_action"]),
                    action=self.action(self.action_of[finding["number"]])
                    if finding["number"] in self.action_of
                    else None,
                )
            )
        return tuple(found)

    def action(self, action: Json) -> Action:
        status = action["status"]
        row = self.row.get(action["requirement"])
        title = own_words(action["title"]) if action["title"] else self.text(action["suggested"])
        is_late = status in UNFINISHED and date.fromisoformat(action["due_on"]) < self.today
        return Action(
            label=action["label"],
            requirement=self.named(row) if row else Named("", Words("", self.tag)),
            title=title,
            plan=own_words(action["plan"]),
            owner=own_words(action["owner"]) if action["owner"] else self.own(self.w["no_owner"]),
            due=self.day(action["due_on"]),
            status=self.w[f"action_{status}"],
            is_late=is_late,
            is_closed=status in CLOSED,
            milestones=tuple(
                Milestone(
                    own_words(step["title"]),
                    self.say("step_done", day=self.day(step["done_on"]))
                    if step["done_on"]
                    else self.day(step["due_on"]),
                    step["done_on"] is not None,
                )
                for step in action["milestones"]
            ),
            closing_note=own_words(action["closing_note"]),
        )

    def open_questions(self) -> tuple[OpenQuestion, ...]:
        waiting: dict[str, list[FrozenRow]] = {}
        for row in self.applying:
            if row.claimed is Outcome.UNDETERMINED:
                for name in row.content["missing_facts"]:
                    waiting.setdefault(name, []).append(row)
        return tuple(
            OpenQuestion(
                self.text(fact["question"]), tuple(self.named(r) for r in waiting[fact["name"]])
            )
            for fact in self.content["facts"]
            if fact["name"] in waiting
        )

    def stated_off(self, row: FrozenRow) -> NotApplicable:
        if row.confirmed is None:
            decision = self.w["na_open"]
        elif row.confirmed is Outcome.NOT_APPLICABLE:
            decision = self.w["na_accepted"]
        else:
            decision = self.say("na_refused", outcome=self.outcome(row.confirmed, row.track))
        return NotApplicable(
            row.content["source_row"],
            self.text(row.content["title"]),
            own_words(row.content["not_applicable_reason"]),
            decision,
        )

    def opportunities(self) -> tuple[Opportunity, ...]:
        return tuple(
            Opportunity(
                self.anchors[row.requirement],
                row.content["source_row"],
                self.text(row.content["title"]),
                row.effective,
                self.outcome(row.effective, Track.OPPORTUNITY),
                self.joined_names(row),
            )
            for row in self._applying(Track.OPPORTUNITY)
        )

    def joined_names(self, row: FrozenRow) -> Words:
        names = [
            self.text(self.content["references"][c["id"]]["name"]) for c in row.content["citations"]
        ]
        lang = names[0].lang if names and len({n.lang for n in names}) == 1 else self.tag
        return Words(self.w["semicolon"].join(name.text for name in names), lang)

    def piece(self, piece: Json) -> EvidencePiece:
        start, end = self.day(piece["effective_on"]), self.day(piece["expires_on"])
        size = f"{piece['size'] / 1_000_000:.1f} MB" if piece["size"] >= 50_000 else ""
        if piece["size"] and not size:
            size = f"{max(1, round(piece['size'] / 1000))} kB"
        file = ", ".join(part for part in (piece["filename"], size) if part)
        return EvidencePiece(
            anchor=piece["label"],
            label=piece["label"],
            title=own_words(piece["title"] or self.text(piece["kind_title"]).text),
            kind=self.text(piece["kind_title"]),
            file=file or piece["url"],
            validity=self.say(
                "from_until", start=start or self.w["no_start"], end=end or self.w["no_end"]
            ),
            used_for=", ".join(
                self.row[name].content["source_row"]
                for name in piece["requirements"]
                if name in self.row
            ),
            sha256=piece["sha256"],
        )

    def sources(self) -> tuple[Source, ...]:
        """The cited texts; those that bind come first."""
        names = self.content["references"]
        order = sorted(names, key=lambda name: (not names[name]["binds"], name))
        return tuple(self.source(name, names[name]) for name in order)

    def source(self, name: str, reference: Json) -> Source:
        chinese = reference["name"].get("zh_hans") or ""
        return Source(
            anchor=self.source_anchors[name],
            id=name,
            name=self.text(reference["name"]),
            official_name=Words(chinese, "zh-Hans") if self.lang == "en" and chinese else None,
            number=official_number(reference["number"], self.lang),
            force=self.text(reference["force"]),
            is_verified=bool(reference["verified"]),
            url=reference["url"] or "",
        )

    # --- how the score is made --------------------------------------------------------------------

    def sums(self) -> Iterable[Sum]:
        for track in SCORED:
            title = self.text(self.content["tracks"][track]["title"]).text
            for which in ("claimed", "confirmed"):
                yield self.sum(track, title, which)

    def sum(self, track: Track, title: str, which: str) -> Sum:
        if which == "confirmed" and not self.reviewed:
            return Sum(title, self.w[which], (), None, self.w["sum_unreviewed"])
        scores = self.scores.claimed if which == "claimed" else self.scores.confirmed
        score = scores.duty if track is Track.DUTY else scores.upcoming
        percent = percent_of(score)
        if percent is None:
            return Sum(title, self.w[which], (), None, self.w["sum_nothing"])
        points = {k: Decimal(str(v)) for k, v in self.content["scoring"]["points"].items()}
        lines, total = [], 0
        for severity in SEVERITY_ORDER:
            outcomes = Counter(
                row.claimed if which == "claimed" else row.counted
                for row in self.scores.rows
                if row.track is track and row.severity is severity
            )
            outcomes.pop(Outcome.NOT_APPLICABLE, None)
            weight, count = self.content["scoring"]["weights"][severity], outcomes.total()
            if not count:
                continue
            total += count
            earned = sum((points[o] * n * weight for o, n in outcomes.items()), Decimal(0))
            lines.append(
                SumLine(
                    self.text(self.content["severities"][severity]).text,
                    str(weight),
                    self.counted(outcomes, which),
                    plain(earned),
                    str(count * weight),
                )
            )
        sum_points, sum_weight = plain(score.points), str(score.weight)
        return Sum(
            title,
            self.w[which],
            tuple(lines),
            SumLine(self.w["sum_total"], "", str(total), sum_points, sum_weight),
            self.say("sum_line", points=sum_points, weight=sum_weight, percent=percent),
        )

    def counted(self, outcomes: Mapping[Outcome, int], which: str) -> str:
        """18 met, 2 partly met."""
        parts = []
        for outcome in OUTCOME_ORDER:
            if number := outcomes.get(outcome, 0):
                waiting = which == "confirmed" and outcome is Outcome.NOT_ANSWERED
                word = self.w["undetermined_yet" if waiting else outcome]
                parts.append(f"{number} {word.lower()}" if self.lang == "en" else f"{word}{number}")
        return self.w["comma"].join(parts)

    def band_rules(self, gates: tuple[int, int]) -> tuple[BandRule, ...]:
        conditional, ready = gates
        return tuple(
            BandRule(self.text(self.content["bands"][band]["title"]), rule)
            for band, rule in (
                ("not_ready", self.w["band_rule_not_ready"]),
                ("incomplete", self.w["band_rule_incomplete"]),
                ("ready", self.say("band_rule_ready", ready=ready)),
                ("conditionally_ready", self.say("band_rule_conditional", conditional=conditional)),
                ("not_ready", self.w["band_rule_else"]),
            )
        )

    # --- who stands for it ------------------------------------------------------------------------

    def attested(self) -> Signed:
        said = self.content["attestation"]
        who = ", ".join(part for part in (said["name"], said["position"]) if part)
        return Signed(
            own_words(who), self.moment(said["signed_at"]), own_words(said["statement"] or "")
        )

    def decided(self) -> Signed | None:
        decision = self.review["decision"]
        if decision is None:
            return None
        return Signed(
            own_words(decision["by"]),
            self.moment(decision["at"]) if decision["at"] else "",
            own_words(decision["statement"] or ""),
        )

    def decision(self) -> str:
        decision = self.review["decision"]
        return self.w[f"decision_{decision['decision']}" if decision else "no_decision"]

    def trail(self) -> str:
        head = self.review.get("audit_head")
        return "" if head is None else self.say("trail_event", **head)

    def contents(self, sections: Sequence[Section], has_open: bool) -> tuple[Chapter, ...]:
        def chapter(name: str) -> Chapter:
            return Chapter(name, self.own(self.w[name]))

        before = [chapter(name) for name in ("board", "pictures", "facts", "requirements")]
        measures = [
            Chapter(measure.anchor, measure.title, str(measure.number))
            for section in sections
            for measure in section.measures
        ]
        after = ["findings", "open_questions", "off", "opportunities", "evidence_index"]
        after += ["references", "method", "attestation"]
        if not has_open:
            after.remove("open_questions")
        return (*before, *measures, *(chapter(name) for name in after))


def _is_off(row: FrozenRow) -> bool:
    """Ruled out by the facts. What the firm states as not applicable still counts as applying."""
    return bool(row.content["applicability"] == "does_not_apply")


def _figure(score: Score) -> Figure:
    return Figure(percent_of(score), plain(score.points), str(score.weight))


def _tiles(rows: Iterable[FrozenRow]) -> tuple[Tile, ...]:
    ordered = sorted(
        rows, key=lambda r: (OUTCOME_ORDER.index(r.effective), list(Severity).index(r.severity))
    )
    return tuple(Tile(row.effective, row.is_blocking_duty) for row in ordered)


def _shortened(text: str, width: int) -> str:
    """The beginning of a text, as wide as so many Latin letters."""
    left = width
    for place, letter in enumerate(text):
        left -= 2 if HAN.match(letter) else 1
        if left < 0:
            return text[:place].rstrip() + "…"
    return text
