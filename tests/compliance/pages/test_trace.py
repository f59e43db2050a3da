"""Every figure can be traced, and two rounds compared."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checklists.engine.model import Track
from compliance.models import Assessment, Membership, Submission
from compliance.selectors.compare import Change, comparison_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.judged import Judged, judged_assessment, judged_submission
from compliance.selectors.submission import submission_state
from compliance.selectors.trace import EVIDENCE, Scope, Trace, trace_of
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts, start_assessment
from compliance.services.review import record_determination
from tests import factories
from tests.compliance.pages.conftest import claimed

CALLS = "cnsa.m01.research_call_watch"


def earned(trace: Trace) -> tuple[Decimal, int]:
    return sum((line.earned for line in trace.lines), Decimal()), sum(
        line.weight for line in trace.lines
    )


def scopes_of(judged: Judged) -> list[str]:
    return [
        "",
        *(f"measure:{number}" for number in judged.measures),
        *(f"section:{name}" for name in judged.sections),
        *(f"topic:{name}" for name in judged.topics),
    ]


def test_the_lines_of_every_trace_add_up_to_the_figure_of_the_engine(
    answered_assessment: Assessment, ben: Membership
) -> None:
    save_answer(
        assessment=answered_assessment,
        requirement_id=CALLS,
        value="partly",
        base_version=None,
        by=ben,
    )
    state = evaluation_of(answered_assessment)
    judged = judged_assessment(state)
    counted = 0
    for text in scopes_of(judged):
        for score in ("duty", "upcoming", "both"):
            trace = trace_of(judged, score=score, scope=Scope.read(text, judged))
            assert earned(trace) == (trace.claimed.points, trace.claimed.weight), (score, text)
            counted += bool(trace.lines)
    assert counted > 60
    scores = state.evaluation.claimed
    whole = trace_of(judged, score="duty", scope=Scope())
    assert whole.claimed == scores.duty
    seventh = trace_of(judged, score="duty", scope=Scope.read("measure:7", judged))
    assert seventh.claimed == scores.by_measure[Track.DUTY, 7]
    evidence = trace_of(judged, score=EVIDENCE, scope=Scope())
    assert evidence.claimed == state.evaluation.evidence_coverage
    assert earned(evidence) == (evidence.claimed.points, evidence.claimed.weight)
    assert evidence.claimed.weight > 10


def test_a_submission_is_traced_as_claimed_and_as_confirmed(
    client: Client, light_submission: Submission, ada: Membership, cleo: Membership
) -> None:
    name = claimed(light_submission, "met")[0]
    record_determination(
        submission=light_submission,
        requirement_id=name,
        outcome="partly_met",
        comment="Half of it.",
        by=cleo,
    )
    judged = judged_submission(light_submission)
    scores = submission_state(light_submission).scores
    for text in scopes_of(judged):
        for score in ("duty", "upcoming"):
            trace = trace_of(judged, score=score, scope=Scope.read(text, judged))
            assert earned(trace) == (trace.claimed.points, trace.claimed.weight)
            assert trace.confirmed is not None
            confirmed = [line.confirmed_earned or Decimal() for line in trace.lines]
            assert sum(confirmed, Decimal()) == trace.confirmed.points
    whole = trace_of(judged, score="duty", scope=Scope())
    assert (whole.claimed, whole.confirmed) == (scores.claimed.duty, scores.confirmed.duty)
    client.force_login(ada.user)
    url = reverse("submission_trace", args=[light_submission.pk])
    page = client.get(url, {"score": "upcoming", "scope": "topic:nonsense"}).content.decode()
    assert f"÷ {scores.claimed.upcoming.weight} =" in page
    assert "not determined yet" in page


def test_the_figures_of_the_home_page_open_their_trace(
    client: Client, answered_assessment: Assessment, ada: Membership
) -> None:
    client.force_login(ada.user)
    home = client.get(reverse("firm_home", args=[ada.firm_id])).content.decode()
    links = re.findall(r'th-figure" href="([^"]+)"[^>]*>([^<]+)<', home)
    assert len(links) == 3  # two tracks and the evidence; nothing is confirmed yet
    for link, figure in links:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(link)
        assert page.status_code == 200
        assert f'<strong class="th-big th-num">{figure}</strong>' in page.content.decode()
        assert len(queries) <= 15


@pytest.fixture
def later(light_submission: Submission, ada: Membership, ben: Membership) -> Assessment:
    """A second assessment, carried over and then changed in five ways."""
    later = start_assessment(
        firm=ada.firm,
        title="The year after",
        as_of=factories.AS_OF,
        roles=factories.FACTS["firm.roles"],
        copy_from=light_submission.assessment,
        by=ada,
    )
    return later


def test_two_rounds_are_compared_requirement_by_requirement(
    light_submission: Submission, later: Assessment, ada: Membership, ben: Membership
) -> None:
    worse = CALLS
    assert worse in claimed(light_submission, "met")
    save_answer(assessment=later, requirement_id=worse, value="no", base_version=None, by=ben)
    better = next(
        name
        for name in claimed(light_submission, "not_answered")
        if evaluation_of(later).catalogue.requirements[name].answer.kind == "choice"
    )
    option = evaluation_of(later).catalogue.requirements[better].answer.options[0].id
    save_answer(assessment=later, requirement_id=better, value=option, base_version=None, by=ben)
    save_facts(assessment=later, values={"firm.foreign_customers": True}, by=ada)
    page = comparison_of(
        judged_submission(light_submission), judged_assessment(evaluation_of(later))
    )
    named = {
        change: {(row.after or row.before).requirement for row in rows}  # type: ignore[union-attr]
        for change, rows in page.changes.items()
    }
    assert worse in named[Change.WORSE]
    assert named[Change.NEW]
    assert {better} & (named[Change.BETTER] | named[Change.WORSE])
    back = comparison_of(
        judged_assessment(evaluation_of(later)), judged_submission(light_submission)
    )
    assert len(back.changes[Change.GONE]) == len(page.changes[Change.NEW])
    assert len(back.changes[Change.BETTER]) == len(page.changes[Change.WORSE])
    assert page.claimed[0].difference == -(back.claimed[0].difference or 0)
    assert sum(len(rows) for rows in page.changes.values()) + page.unchanged > 60


def test_the_page_compares_the_newest_two_and_nothing_of_another_firm(
    client: Client,
    light_submission: Submission,
    later: Assessment,
    ada: Membership,
    dov: Membership,
) -> None:
    client.force_login(ada.user)
    url = reverse("firm_compare", args=[ada.firm_id])
    with CaptureQueriesContext(connection) as queries:
        page = client.get(url).content.decode()
    assert len(queries) <= 15
    assert "The year after, as it stands" in page
    assert "Scores side by side" in page
    same = f"submission:{light_submission.pk}"
    assert "Both are the same" in client.get(url, {"from": same, "to": same}).content.decode()
    theirs = factories.draft(dov, title="Theirs")
    for wrong in (f"assessment:{theirs.pk}", "submission:x", "nonsense"):
        reply = client.get(url, {"from": wrong, "to": same})
        assert reply.status_code == 200
        assert "Theirs" not in reply.content.decode()
        assert "Scores side by side" not in reply.content.decode()
    client.force_login(dov.user)
    alone = client.get(reverse("firm_compare", args=[dov.firm_id])).content.decode()
    assert "nothing to compare yet" in alone
