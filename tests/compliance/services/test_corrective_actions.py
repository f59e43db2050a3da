"""Corrective actions: opened by the decision, planned by the firm, judged by the officer."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from compliance import clock
from compliance.errors import InvalidInput, NotPermitted, SomebodySavedFirst, TransitionNotAllowed
from compliance.models import (
    AuditEvent,
    CorrectiveAction,
    Evidence,
    Finding,
    Membership,
    QueueEntry,
    Submission,
)
from compliance.selectors.submission import review_of
from compliance.services import corrective_actions as actions
from compliance.services.corrective_actions import Step
from compliance.services.questions import answer_question, ask_question
from compliance.services.review import (
    accept_assessment,
    raise_finding,
    record_determination,
    return_to_firm,
    withdraw_submission,
)
from tests import factories

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"


def find(submission: Submission, cleo: Membership, name: str = YES_NO, days: int = 30) -> Finding:
    return raise_finding(
        submission=submission,
        requirement_id=name,
        severity="minor",
        missing="Minutes.",
        due_on=clock.today() + timedelta(days=days),
        by=cleo,
    )


@pytest.fixture
def submission(light_submission: Submission) -> Submission:
    return light_submission


@pytest.fixture
def action(light_submission: Submission, cleo: Membership) -> CorrectiveAction:
    """An open action of an accepted submission."""
    find(light_submission, cleo)
    accept_assessment(submission=light_submission, statement="", by=cleo)
    return CorrectiveAction.objects.select_related("firm", "finding", "assessment").get()


def test_a_decision_opens_an_action_for_each_finding(
    submission: Submission, cleo: Membership
) -> None:
    find(submission, cleo)
    find(submission, cleo, ORBIT)
    return_to_firm(submission=submission, comment="Facts.", reopen_facts=True, by=cleo)
    plain, blocking = CorrectiveAction.objects.order_by("finding__number")
    assert (plain.status, plain.severity, blocking.severity) == ("open", "minor", "blocking")
    assert plain.finding is not None
    assert plain.due_on == plain.finding.due_on
    assert plain.suggested["en"]
    assert plain.requirement_title["zh_hans"]
    assert not submission.with_conditions  # returned: there is nothing to be conditional on
    assert AuditEvent.objects.filter(action="corrective_action.opened").count() == 2


def test_accepting_with_an_open_finding_is_accepting_with_conditions(
    action: CorrectiveAction, submission: Submission
) -> None:
    stored = Submission.objects.get()
    assert (stored.decision, stored.with_conditions) == ("accepted", True)
    assert QueueEntry.objects.get().with_conditions
    decision = review_of(stored)["decision"]
    assert decision["with_conditions"] is True


def test_accepting_without_one_is_without_conditions(
    submission: Submission, cleo: Membership
) -> None:
    accept_assessment(submission=submission, statement="", by=cleo)
    assert not Submission.objects.get().with_conditions
    assert not CorrectiveAction.objects.exists()


def test_the_plan_changes_only_where_something_is_given(
    action: CorrectiveAction, ben: Membership, ada: Membership
) -> None:
    day = clock.today() + timedelta(days=9)
    actions.update_action(
        action=action,
        title="  Hold   the drill ",
        owner=ben.user,
        cost="12500.5",
        milestones=[Step("Plan", day), Step("Held", None, clock.today())],
        base_version=1,
        by=ada,
    )
    changed = actions.update_action(action=action, due_on=day, base_version=2, by=ada)
    stored = CorrectiveAction.objects.get()
    assert (stored.title, stored.owner, stored.cost) == (
        "Hold the drill",
        ben.user,
        Decimal("12500.50"),
    )
    assert (stored.due_on, stored.version, changed.version) == (day, 3, 3)
    assert list(stored.milestones.values_list("title", "due_on", "done_on")) == [
        ("Plan", day, None),
        ("Held", None, clock.today()),
    ]
    event = AuditEvent.objects.filter(action="corrective_action.updated").first()
    assert event is not None
    assert event.before is not None
    assert (event.before["title"], event.after["title"]) == ("", "Hold the drill")  # type: ignore[index]


def test_who_saves_second_is_told_what_the_first_wrote(
    action: CorrectiveAction, ada: Membership, ben: Membership
) -> None:
    actions.update_action(action=action, plan="Ada's way.", base_version=1, by=ada)
    with pytest.raises(SomebodySavedFirst) as refusal:
        actions.update_action(action=action, plan="Ben's way.", base_version=1, by=ben)
    assert refusal.value.theirs.plan == "Ada's way."
    assert CorrectiveAction.objects.get().plan == "Ada's way."


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("title", {"title": "x" * 201}),
        ("plan", {"plan": "x" * 20_001}),
        ("cost", {"cost": "NaN"}),
        ("cost", {"cost": "1e400"}),
        ("cost", {"cost": "-1"}),
        ("cost", {"cost": "1.005"}),
        ("currency", {"currency": "XXX"}),
        ("due_on", {"due_on": date(1990, 1, 1)}),
        ("milestones", {"milestones": [Step("")]}),
        ("milestones", {"milestones": [Step("x")] * 51}),
        ("milestones", {"milestones": [Step("x", None, date(2099, 1, 1))]}),
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_nothing_is_changed(
    action: CorrectiveAction, ada: Membership, field: str, values: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        actions.update_action(action=action, by=ada, **values)  # type: ignore[arg-type]
    assert list(refusal.value.fields) == [field]
    assert CorrectiveAction.objects.get().version == 1


@pytest.mark.parametrize("name", ["cleo", "vera", "dov"])
def test_only_who_works_for_the_firm_owns_an_action(
    action: CorrectiveAction, ada: Membership, name: str, request: pytest.FixtureRequest
) -> None:
    member: Membership = request.getfixturevalue(name)
    with pytest.raises(InvalidInput, match="contributor or a manager"):
        actions.update_action(action=action, owner=member.user, by=ada)


def test_what_is_done_keeps_its_plan_until_it_is_reopened(
    action: CorrectiveAction, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    actions.start(action=action, by=ben)
    assert action.owner == ben.user
    piece = actions.attach_file(action=action, url="https://demo.example/minutes", by=ben)
    actions.attach_piece(action=action, evidence=piece, by=ben)
    assert action.closing_evidence.count() == 1
    actions.finish(action=action, note="Held.", by=ben)
    for change in (
        lambda: actions.update_action(action=action, title="Other", by=ada),
        lambda: actions.detach_piece(action=action, evidence=piece, by=ben),
        lambda: actions.attach_file(action=action, url="https://demo.example/b", by=ben),
        lambda: actions.extend(action=action, due_on=clock.today(), by=cleo),
    ):
        with pytest.raises(TransitionNotAllowed):
            change()
    assert Evidence.objects.filter(url__startswith="https").count() == 1
    with pytest.raises(InvalidInput, match="still missing"):
        actions.reopen(action=action, comment=" ", by=cleo)
    later = clock.today() + timedelta(days=90)
    actions.reopen(action=action, comment="The list is missing.", due_on=later, by=cleo)
    stored = CorrectiveAction.objects.select_related("finding").get()
    assert (stored.status, stored.times_reopened, stored.done_at) == ("reopened", 1, None)
    assert stored.finding is not None
    assert stored.due_on == stored.finding.due_on == later
    actions.detach_piece(action=stored, evidence=piece, by=ben)
    assert not stored.closing_evidence.exists()


def test_it_is_late_from_the_earlier_of_the_two_days(
    action: CorrectiveAction, ada: Membership
) -> None:
    today = clock.today()
    overdue = CorrectiveAction.objects.overdue(today)
    assert not overdue.exists()
    actions.update_action(action=action, due_on=today - timedelta(days=1), by=ada)
    assert overdue.get() == action
    actions.update_action(action=action, due_on=today + timedelta(days=400), by=ada)
    assert not overdue.exists()
    Finding.objects.update(due_on=today - timedelta(days=1))
    assert overdue.get().is_overdue(today)
    CorrectiveAction.objects.update(status="done")
    assert not overdue.exists()


def test_a_question_is_answered_once_and_only_while_it_waits(
    submission: Submission, ben: Membership, vera: Membership, cleo: Membership
) -> None:
    question = ask_question(
        submission=submission, requirement_id=YES_NO, text="Which call?", by=cleo
    )
    assert submission.assessment.status == "in_review"
    with pytest.raises(NotPermitted):
        answer_question(question=question, answer="The first.", by=vera)
    answer_question(question=question, answer="The first.", by=ben)
    with pytest.raises(TransitionNotAllowed, match="answered already"):
        answer_question(question=question, answer="The second.", by=ben)
    later = ask_question(submission=submission, requirement_id=ORBIT, text="Why 3?", by=cleo)
    accept_assessment(submission=submission, statement="", by=cleo)
    with pytest.raises(TransitionNotAllowed, match="is decided"):
        answer_question(question=later, answer="Because.", by=ben)
    with pytest.raises(TransitionNotAllowed):
        ask_question(submission=submission, requirement_id=ORBIT, text="And now?", by=cleo)


def test_a_withdrawn_submission_is_no_round(
    submission: Submission, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    assessment = submission.assessment
    withdraw_submission(submission=submission, reason="A wrong file.", by=ada)
    assert (assessment.status, submission.decision) == ("draft", "withdrawn")
    assert not QueueEntry.objects.get().is_waiting
    second = factories.submitted(assessment, ada)
    assert (second.number, second.round) == (2, 1)
    record_determination(
        submission=second,
        requirement_id=ORBIT,
        outcome="not_met",
        comment="Show it.",
        opens_again=True,
        by=cleo,
    )
    with pytest.raises(TransitionNotAllowed):
        withdraw_submission(submission=second, by=ada)
    return_to_firm(submission=second, comment="One answer.", by=cleo)
    third = factories.submitted(assessment, ada)
    withdraw_submission(submission=third, by=ada)
    assessment.refresh_from_db()
    assert (assessment.status, assessment.reopened) == ("returned", [ORBIT])
    fourth = factories.submitted(assessment, ada)
    assert (fourth.number, fourth.round) == (4, 2)
    assert QueueEntry.objects.get(submission=fourth).round == 2
