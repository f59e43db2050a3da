"""The figures of a firm's home page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from checklists import Text
from checklists.engine.model import Score
from compliance import clock
from compliance.models import Assessment, Membership
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.home import Blocker, lead_of, overview_of, topic_chart
from compliance.services.evidence import attach_evidence
from tests import factories


def blocker(outcome: str) -> Blocker:
    return Blocker("cnsa.m01.x", Text("X"), outcome, Text("Because."), 1)


@pytest.mark.parametrize(
    ("outcomes", "lead"),
    [
        ([], ""),
        (["not_met"], "1 blocking duty is not met."),
        (["not_met", "not_met", "partly_met"], "2 blocking duties are not met."),
        (["not_answered"], "1 blocking duty is open or met only in part."),
    ],
)
def test_the_lead_counts_the_worst(outcomes: list[str], lead: str) -> None:
    assert lead_of([blocker(outcome) for outcome in outcomes]) == lead


def test_the_chart_shows_scored_topics_the_weakest_first() -> None:
    chart = topic_chart(
        {
            Text("Good"): (Score(20, 10), Score(10, 10)),
            Text("Weak"): (Score(5, 10), None),
            Text("Nothing applies"): (Score(0, 0), None),
            Text("Never scored"): (None, None),
        }
    )
    assert [line.title.get("en") for line in chart.lines] == ["Weak", "Good"]
    weak, good = chart.lines
    assert (weak.claimed_x, weak.confirmed_x) == (320, None)
    assert (good.claimed_x, good.confirmed_x) == (770, 470)
    assert good.y > weak.y
    assert chart.height > good.y


def test_the_figures_are_those_of_the_evaluation(
    assessment: Assessment, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(6):
        overview = overview_of(assessment)
    evaluation = evaluation_of(assessment).evaluation
    assert overview.band == evaluation.band
    assert overview.tracks[0].claimed == evaluation.claimed.duty.percent
    assert overview.tracks[0].confirmed is None
    assert [b.requirement for b in overview.blockers] == [
        row.requirement for row in evaluation.blockers
    ]
    counted = sum(section.total for section in overview.sections)
    assert counted == sum(row.outcome != "not_applicable" for row in evaluation.rows.values())


def test_evidence_that_ends_soon_or_has_ended_is_listed_once(
    assessment: Assessment, ben: Membership
) -> None:
    state = evaluation_of(assessment)
    names = [
        name
        for name, requirement in state.catalogue.requirements.items()
        if requirement.evidence and state.evaluation.rows[name].applicability == "applies"
    ]
    today = clock.today()
    for name, title, ends_on in (
        (names[0], "ended", today - timedelta(days=1)),
        (names[1], "soon", today + timedelta(days=20)),
        (names[2], "late", today + timedelta(days=400)),
    ):
        attach_evidence(
            assessment=assessment,
            requirement_id=name,
            kind=state.catalogue.requirements[name].evidence[0].kind,
            title=title,
            upload=factories.pdf(f"{title}.pdf"),
            expires_on=ends_on,
            by=ben,
        )
    listed = [(each.evidence.title, each.has_ended) for each in overview_of(assessment).expiring]
    assert listed == [("ended", True), ("soon", False)]
