"""What a report says, exactly, before any page is laid out."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from checklists.engine.model import Outcome, Track
from compliance.reports.context import own_words, report_context
from compliance.reports.printed import (
    EvidenceLine,
    Figure,
    OfficerLine,
    ReportContext,
    Requirement,
    SourceLine,
    Twin,
    Words,
)
from compliance.reports.words import WORDS
from compliance.selectors.frozen import frozen_scores
from tests.compliance.reports.factory import review_of

ISSUED = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
LIFETIME = "cnsa.m07.orbit_lifetime_after_mission"


def context(
    content: dict[str, Any], review: dict[str, Any] | None = None, **options: Any
) -> ReportContext:
    values: dict[str, Any] = {
        "kind": "full",
        "lang": "en",
        "code": "TH-7K3M-9Q2X-4DHP",
        "digest": "5a" * 32,
        "issued_at": ISSUED,
    }
    return report_context(content, review or review_of(content), **(values | options))


def requirements(c: ReportContext) -> Iterator[Requirement]:
    for section in c.sections:
        for measure in section.measures:
            yield from measure.requirements


def row_of(content: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in content["requirements"] if r["requirement"] == name)
    return found


def some_row(content: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    found: dict[str, Any] = next(
        row
        for row in content["requirements"]
        if all(row[name] == value for name, value in wanted.items())
    )
    return found


def test_one_requirement_exactly(content: dict[str, Any]) -> None:
    content = copy.deepcopy(content)
    row = row_of(content, LIFETIME)
    piece = content["evidence"][0] | {
        "id": "x1",
        "label": "E-200",
        "title": "寿命分析",
        "expires_on": None,
    }
    content["evidence"].append(piece)
    row.update(
        outcome="met",
        evidence=["x1"],
        note="Computed with the propagator of 2026.",
        answer_shown={"en": "4.6 years", "zh_hans": "4.6年"},
        best_practice="reached",
        reason={"en": "4.6 years is within the limit.", "zh_hans": "未超过上限。"},
        applicability_reason={"en": "Applies to you.", "zh_hans": "适用。"},
        doubt=None,
        citations=[row["citations"][0] | {"article": {"en": "art. 5", "zh_hans": ""}}],
    )
    review = {
        "state": "in_review",
        "round": 1,
        "decision": None,
        "determinations": {
            LIFETIME: {
                "outcome": "partly_met",
                "comment": "One satellite only.",
                "by": "C",
                "at": "",
            }
        },
        "findings": [
            {
                "number": 7,
                "requirement": LIFETIME,
                "severity": "major",
                "missing": "The other seven.",
                "due_on": "2027-01-10",
            }
        ],
    }
    found = next(r for r in requirements(context(content, review)) if r.label == "M07-01")
    reference = content["references"][row["citations"][0]["id"]]
    assert found == Requirement(
        anchor=found.anchor,
        label="M07-01",
        title=Words(row["title"]["en"], "en"),
        question=Words(row["question"]["en"], "en"),
        outcome=Outcome.PARTLY_MET,
        outcome_word="Partly met",
        standing="Confirmed; claimed: Met",
        rank="Duty in force · Blocking",
        points="Points 5 / 10",
        answer=Words("4.6 years", "en"),
        answered="best practice reached · Ben Contributor, 3 Nov 2026",
        note=Words("Computed with the propagator of 2026.", "en"),
        reason=Words("4.6 years is within the limit. Applies to you.", "en"),
        evidence=(
            EvidenceLine(
                "E-200",
                "E-200",
                Words("寿命分析", "zh-Hans"),
                "",
            ),
        ),
        officer=OfficerLine(
            "Set to “Partly met”.", Words("One satellite only.", "en"), (("F-07", "f7"),)
        ),
        clause=Words(row["clause_shown"]["en"], "en"),
        sources=(
            SourceLine(
                Words(reference["name"]["en"], "en"),
                Words("art. 5", "en"),
            ),
        ),
        doubt=Words("", "en"),
        is_blocking=True,
        is_long=False,
    )


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_every_applicable_requirement_is_there_and_what_does_not_apply_has_its_reason(
    content: dict[str, Any], lang: str
) -> None:
    c = context(content, lang=lang)
    shown = {r.label for r in requirements(c)}
    applies = {
        r["source_row"] for r in content["requirements"] if r["applicability"] != "does_not_apply"
    }
    assert shown == applies
    off = {x.label for x in c.ruled_out}
    assert off == {r["source_row"] for r in content["requirements"]} - applies
    assert all(x.why for x in (*c.ruled_out, *c.stated_off))
    open_ = {r["source_row"] for r in content["requirements"] if r["outcome"] == "undetermined"}
    assert {x.label for question in c.open_questions for x in question.waiting} == open_
    assert len(c.evidence) == len(content["evidence"])
    assert len(c.sources) == len(content["references"])


def test_figures_are_those_of_the_one_scoring_function(content: dict[str, Any]) -> None:
    review = review_of(content)
    outcomes = {name: d["outcome"] for name, d in review["determinations"].items()}
    scores = frozen_scores(content, outcomes)
    c = context(content, review)
    assert c.duty.confirmed is not None
    for shown, score in (
        (c.duty.claimed, scores.claimed.duty),
        (c.duty.confirmed, scores.confirmed.duty),
    ):
        assert shown == Figure(str(score.percent), f"{score.points:g}", str(score.weight))
    assert c.band.title.text == content["bands"][scores.band]["title"]["en"]
    assert [b.label for b in c.blockers] == [
        r.content["source_row"] for r in scores.blockers[: len(c.blockers)]
    ]
    assert int(c.blocker_count) == len(scores.blockers)


def test_the_sums_add_up_to_the_scores(content: dict[str, Any]) -> None:
    c = context(content)
    for sum_, figure in zip(
        c.sums,
        (c.duty.claimed, c.duty.confirmed, c.upcoming.claimed, c.upcoming.confirmed),
        strict=True,
    ):
        assert figure is not None
        assert sum_.total is not None
        assert sum(Decimal(line.points) for line in sum_.lines) == Decimal(figure.points)
        assert sum(Decimal(line.out_of) for line in sum_.lines) == Decimal(figure.weight)
        assert (sum_.total.points, sum_.total.out_of) == (figure.points, figure.weight)
        assert sum_.result == f"{figure.points} ÷ {figure.weight} = {figure.percent} %"
        for line in sum_.lines:
            counts = sum(int(number) for number in re.findall(r"\d+", line.counts))
            assert counts * int(line.weight) == int(line.out_of)


def test_without_a_review_nothing_is_confirmed(content: dict[str, Any]) -> None:
    c = context(content, review_of(content, "submitted"))
    assert c.confirmed_band is None
    assert c.duty.confirmed is None
    assert c.state_title == "Submitted, not reviewed yet"
    assert c.mark == "NOT REVIEWED"
    assert c.decided is None
    assert {r.standing for r in requirements(c)} == {"Claimed, not determined"}


@pytest.mark.parametrize(
    ("state", "title", "mark"),
    [
        ("submitted", "Submitted, not reviewed yet", "NOT REVIEWED"),
        ("in_review", "In review", "IN REVIEW"),
        ("returned", "Returned to the firm", "RETURNED"),
        ("accepted", "Accepted", ""),
    ],
)
def test_every_state_but_accepted_is_printed_across_the_pages(
    content: dict[str, Any], state: str, title: str, mark: str
) -> None:
    c = context(content, review_of(content, state))
    assert (c.state_title, c.mark) == (title, mark)


def test_accepted_with_findings_open_is_accepted_with_conditions(content: dict[str, Any]) -> None:
    review = review_of(content, "accepted")
    review["decision"] = {**review["decision"], "with_conditions": True}
    assert context(content, review).state_title == "Accepted with conditions"


def test_findings_are_named_with_date_cure_and_requirement(content: dict[str, Any]) -> None:
    review = review_of(content)
    c = context(content, review)
    assert len(c.findings) == len(review["findings"])
    first, row = c.findings[0], row_of(content, review["findings"][0]["requirement"])
    assert first.label == "F-01"
    assert first.close_by == "10 Jan 2027"
    assert first.requirement.label == row["source_row"]
    assert first.suggested.text == row["corrective_action"]["en"]
    done = {a["label"] for a in review["actions"] if a["status"] in ("done", "verified")}
    open_ = [finding.label for finding in c.findings if finding.label not in done]
    assert [step.label for step in c.steps] == open_[:5]
    assert len(done) > 1
    steps = {step.label: step for step in c.steps}
    assert (steps["F-01"].owner.text, steps["F-01"].status) == ("no owner yet", "")
    assert (steps["F-03"].owner.text, steps["F-03"].status) == ("Lin Yue", "reopened")
    assert not any(step.is_late for step in c.steps)
    late = context(content, review, issued_at=ISSUED.replace(year=2028))
    assert all(step.is_late for step in late.steps)
    third = c.findings[2].action
    assert third is not None
    assert [(m.when, m.is_done) for m in third.milestones] == [
        ("done 19 Nov 2026", True),
        ("20 Dec 2026", False),
    ]
    assert c.findings[0].action is None


def test_the_trend_reads_what_was_frozen_with_the_review(content: dict[str, Any]) -> None:
    review = review_of(content)
    c = context(content, review)
    assert [(e.label, e.on, e.duty.confirmed_percent, e.blockers) for e in c.trend[:2]] == [
        ("No. 1", "1 Mar 2026", "38.0", 17),
        ("No. 2", "1 Apr 2026", "49.4", 15),
    ]
    assert c.duty.confirmed is not None
    assert c.trend[-1].duty == c.duty
    assert c.trend_note == (
        f"Since No. 2: confirmed 49.4 → {c.duty.confirmed.percent}; "
        f"blockers 15 → {c.blocker_count}."
    )
    first = context(content, review | {"earlier": []})
    assert not first.has_trend
    assert "first submission" in first.trend_note


def test_a_report_in_both_languages_says_all_twice_but_figures_and_names_once(
    content: dict[str, Any],
) -> None:
    english, chinese, both = (context(content, lang=lang) for lang in ("en", "zh-hans", "both"))
    assert (both.lang, both.tag, both.is_both) == ("both", "en", True)
    for one, other, twice in zip(
        requirements(english), requirements(chinese), requirements(both), strict=True
    ):
        assert (twice.title.text, twice.title.zh) == (one.title.text, other.title.text)
        assert (twice.question.text, twice.question.zh) == (one.question.text, other.question.text)
        assert (twice.note, twice.anchor) == (one.note, one.anchor)  # the firm's words stand once
        assert not twice.note.zh
    assert both.duty == english.duty == chinese.duty
    assert both.w["answer"].__html__() == 'Answer <span lang="zh-Hans">回答</span>'  # type: ignore[attr-defined]
    assert str(both.w["colon"]) == ": "
    points = next(r.points for r in requirements(both) if r.points)
    assert isinstance(points, Twin)
    assert points.both.startswith("Points 得分 ")
    assert points.both.count("/") == 1
    assert both.as_of == "2026-11-01"


def test_without_findings_the_board_reads_how_blockers_are_cured(content: dict[str, Any]) -> None:
    c = context(content, review_of(content, "submitted"))
    assert [step.mark for step in c.steps] == [b.label for b in c.blockers[:5]]


def test_a_refused_reason_for_not_applicable_counts_again(content: dict[str, Any]) -> None:
    row = some_row(content, applicability="applies", outcome="not_applicable", track="duty")

    def decided(outcome: str) -> ReportContext:
        review = review_of(content, "submitted")
        said = {"outcome": outcome, "comment": "", "by": "C", "at": "2026-11-17T03:00:00+00:00"}
        review["determinations"][row["requirement"]] = said
        return context(content, review)

    before, after = decided("not_applicable"), decided("not_met")
    assert before.duty.confirmed is not None
    assert after.duty.confirmed is not None
    assert int(after.duty.confirmed.weight) == int(before.duty.confirmed.weight) + row["weight"]
    line = next(x for x in after.stated_off if x.label == row["source_row"])
    assert line.decision == "Refused: Not met"


def test_a_text_without_chinese_stands_in_english_and_is_marked_so(
    content: dict[str, Any],
) -> None:
    content = copy.deepcopy(content)
    row = row_of(content, LIFETIME)
    row["question"] = {"en": "How many years?", "zh_hans": ""}
    row["title"] = {"en": "Orbit lifetime", "zh_hans": "轨道寿命"}
    found = next(r for r in requirements(context(content, lang="zh-hans")) if r.label == "M07-01")
    assert found.question == Words("How many years?", "en")
    assert found.title == Words("轨道寿命", "zh-Hans")


def test_no_word_of_the_report_is_missing_in_either_language() -> None:
    assert [name for name, text in WORDS.items() if not text.en or not text.zh_hans] == []
    han = re.compile("[\u4e00-\u9fff]")
    assert [name for name, text in WORDS.items() if han.search(text.en)] == []


def test_both_languages_fill_in_the_same_places() -> None:
    places = re.compile(r"{(\w+)}")
    different = [
        name
        for name, text in WORDS.items()
        if sorted(places.findall(text.en)) != sorted(places.findall(text.zh_hans))
    ]
    assert different == []


def test_times_are_told_on_the_clock_of_the_installation(content: dict[str, Any]) -> None:
    assert context(content).issued == "20 Nov 2026 16:30 (UTC+08:00)"
    assert context(content, time_zone="Europe/Berlin").issued == "20 Nov 2026 09:30 (UTC+01:00)"


def test_the_address_of_the_check_is_printed_only_where_there_is_one(
    content: dict[str, Any],
) -> None:
    assert context(content).check_url == ""
    c = context(content, site_url="https://tianheng.example/")
    assert c.check_url == "https://tianheng.example/verify/TH-7K3M-9Q2X-4DHP/"


def test_a_summary_leaves_the_requirements_out_and_bounds_the_findings(
    content: dict[str, Any],
) -> None:
    review = review_of(content)
    many = [review["findings"][0] | {"number": number} for number in range(1, 40)]
    c = context(content, review | {"findings": many}, kind="summary")
    assert list(requirements(c)) == []
    assert len(c.shown_findings) == 10
    assert c.more_findings == "29 more findings stand in the full report."
    assert sum(len(m.duty_tiles) for s in c.sections for m in s.measures) == c.duty.count


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Checked in March.", "en"),
        ("该流程自2026年3月起执行。", "zh-Hans"),
        ("值班人员收到预警后在30 min内完成", "zh-Hans"),
        ("The firm 示例公司 was asked for its records and has sent all of them.", "en"),
        ("", "en"),
        ("2027-03-15", "en"),
    ],
)
def test_the_language_of_what_people_typed_is_seen(text: str, lang: str) -> None:
    assert own_words(text) == Words(text, lang)


def test_the_content_survives_json(content: dict[str, Any]) -> None:
    """It is stored as JSON and read back: nothing may depend on Python's own types."""
    again = json.loads(json.dumps(content))
    review = json.loads(json.dumps(review_of(content)))
    assert dataclasses.asdict(context(again, review)) == dataclasses.asdict(context(content))


def test_the_two_tracks_are_never_added_up(content: dict[str, Any]) -> None:
    c = context(content)
    assert sum(number for _, number in c.counts[Track.DUTY]) == c.duty.count
    assert sum(number for _, number in c.counts[Track.UPCOMING]) == c.upcoming.count
    assert len(c.opportunities) == sum(number for _, number in c.counts[Track.OPPORTUNITY])
