"""What the pages of an assessment show: spans, evidence against dates, limits on a line."""

from __future__ import annotations

from datetime import date

import pytest

from compliance.models import Assessment, Evidence, Membership
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.facts import asked_facts, facts_page
from compliance.selectors.heads import head_of, span_in_words
from compliance.selectors.requirement import RequirementPage, evidence_problem, requirement_page
from compliance.services.answers import save_answer

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
WINDOW = (date(2027, 3, 12), date(2027, 3, 26))
AS_OF = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("first", "last", "en", "zh"),
    [
        (date(2027, 3, 12), date(2027, 3, 12), "12 Mar 2027", "2027年3月12日"),
        (date(2027, 3, 12), date(2027, 3, 26), "12–26 Mar 2027", "2027年3月12日—26日"),
        (date(2027, 3, 12), date(2027, 4, 4), "12 Mar – 4 Apr 2027", "2027年3月12日—4月4日"),
        (
            date(2026, 12, 30),
            date(2027, 1, 4),
            "30 Dec 2026 – 4 Jan 2027",
            "2026年12月30日—2027年1月4日",
        ),
    ],
)
def test_a_span_repeats_neither_month_nor_year(first: date, last: date, en: str, zh: str) -> None:
    assert span_in_words(first, last, "en") == en
    assert span_in_words(first, last, "zh-hans") == zh


@pytest.mark.parametrize(
    ("begins", "ends", "problem"),
    [
        (None, None, None),
        (date(2026, 11, 20), date(2027, 3, 26), None),  # both on their last day
        (None, date(2026, 11, 19), "expired"),
        (date(2026, 11, 21), None, "not_yet_effective"),
        (None, date(2027, 3, 25), "ends_early"),
    ],
)
def test_a_piece_is_held_against_its_dates(
    begins: date | None, ends: date | None, problem: str | None
) -> None:
    piece = Evidence(effective_on=begins, expires_on=ends)
    assert evidence_problem(piece, AS_OF, WINDOW) == problem


def test_a_piece_that_begins_inside_the_window_starts_late() -> None:
    piece = Evidence(effective_on=date(2027, 3, 13))
    assert evidence_problem(piece, date(2027, 3, 20), WINDOW) == "starts_late"


def page(assessment: Assessment, by: Membership, value: str | None = None) -> RequirementPage:
    if value is not None:
        save_answer(
            assessment=assessment, requirement_id=NUMBER, value=value, base_version=None, by=by
        )
    return requirement_page(evaluation_of(assessment), NUMBER, by, "en", is_open=True)


@pytest.mark.parametrize("value", [None, "0", "4", "11.5", "25", "9999"])
def test_limit_best_practice_and_answer_stand_on_one_line(
    assessment: Assessment, ben: Membership, value: str | None
) -> None:
    scale = page(assessment, ben, value).scale
    assert scale is not None
    assert sum(width for _css, _x, width in scale.zones) == 820
    assert [css for css, _x, _width in scale.zones] == ["met", "part", "not"]
    marks = [*scale.marks, *([scale.value] if scale.value else [])]
    assert all(0 <= mark.x <= 820 for mark in marks)
    assert (scale.value is None) is (value is None)


def test_the_points_are_told_with_their_weight(assessment: Assessment, ben: Membership) -> None:
    assert page(assessment, ben, "11.5").points == "5 of 10 points"  # its evidence is missing
    assert page(assessment, ben, "60").points == "0 of 10 points"


def test_neighbours_are_requirements_that_apply(assessment: Assessment, ben: Membership) -> None:
    state = evaluation_of(assessment)
    applying = [n for n, r in state.evaluation.rows.items() if r.applicability == "applies"]
    first = requirement_page(state, applying[0], ben, "en", is_open=True)
    last = requirement_page(state, applying[-1], ben, "en", is_open=True)
    assert first.previous is None
    assert first.next is not None
    assert applying[1] in first.next.url
    assert last.next is None
    assert (last.position, last.count) == (len(applying), len(applying))


def test_a_head_offers_what_role_and_status_allow(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    state = evaluation_of(assessment)
    of_ada, of_ben = head_of(state, ada, "en"), head_of(state, ben, "en")
    assert (of_ada.may_save_facts, of_ada.may_submit) == (True, True)
    assert (of_ben.may_save_facts, of_ben.may_answer, of_ben.may_submit) == (False, True, False)
    assessment.status = Assessment.Status.ACCEPTED
    closed = head_of(evaluation_of(assessment), ada, "en")
    assert (closed.may_save_facts, closed.may_answer, closed.may_submit) == (False, False, False)
    assert of_ada.launch_window == "12–26 Mar 2027"


def test_a_follow_up_stands_below_the_question_it_hangs_on(assessment: Assessment) -> None:
    state = evaluation_of(assessment)
    questions = {q.name: q for q in facts_page(state, "spacecraft", "en").questions}
    below = [q.name for q in questions["mission.orbits"].follow_ups]
    assert "mission.satellite_mass_kg" in below
    assert "mission.satellite_mass_kg" not in questions
    assert "mission.lowest_altitude_km" not in asked_facts(state.catalogue, state.facts)
