"""Every (status, action, role): the table says it here once more, in words of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from compliance import clock, permissions, workflow
from compliance.errors import NotPermitted, TransitionNotAllowed
from compliance.models import (
    Assessment,
    Attestation,
    CorrectiveAction,
    Determination,
    Membership,
    Role,
    Submission,
)
from compliance.services import corrective_actions
from compliance.services.assessments import archive_assessment, submit_assessment
from compliance.services.review import (
    accept_assessment,
    confirm_remaining,
    raise_finding,
    record_determination,
    return_to_firm,
    withdraw_submission,
)
from tests import factories

Status = Assessment.Status
YES_NO = "cnsa.m01.research_call_watch"


def act(action: str, submission: Submission, ada: Membership, cleo: Membership) -> None:
    """Do it as a user would."""
    assessment = submission.assessment
    match action:
        case "submit":
            submit_assessment(
                assessment=assessment, name="Ada Li", position="Head", statement="", by=ada
            )
        case "review":
            record_determination(
                submission=submission, requirement_id=YES_NO, outcome="met", by=cleo
            )
        case "return":
            return_to_firm(submission=submission, comment="Facts.", reopen_facts=True, by=cleo)
        case "accept":
            accept_assessment(submission=submission, statement="", by=cleo)
        case "archive":
            archive_assessment(assessment=assessment, by=ada)
        case "withdraw":
            withdraw_submission(submission=submission, by=ada)
        case "withdraw_round":
            submission.round = 2
            withdraw_submission(submission=submission, by=ada)
        case _:
            raise AssertionError(f"Say in this test how “{action}” is done.")


EXPECTED_MOVES: dict[Status, dict[str, Status]] = {
    Status.DRAFT: {"submit": Status.SUBMITTED, "archive": Status.ARCHIVED},
    Status.SUBMITTED: {
        "withdraw": Status.DRAFT,
        "withdraw_round": Status.RETURNED,
        "review": Status.IN_REVIEW,
        "return": Status.RETURNED,
        "accept": Status.ACCEPTED,
    },
    Status.IN_REVIEW: {
        "review": Status.IN_REVIEW,
        "return": Status.RETURNED,
        "accept": Status.ACCEPTED,
    },
    Status.RETURNED: {"submit": Status.SUBMITTED},
    Status.ACCEPTED: {"archive": Status.ARCHIVED},
    Status.ARCHIVED: {},
}


@pytest.mark.parametrize("action", list(workflow.TRANSITIONS))
def test_an_action_is_done_in_its_statuses_and_in_no_other(
    submission: Submission, ada: Membership, cleo: Membership, action: str
) -> None:
    for status in Status:
        begun = transaction.savepoint()
        check_action(action, status, ada, cleo)
        transaction.savepoint_rollback(begun)


def check_action(action: str, status: Status, ada: Membership, cleo: Membership) -> None:
    Assessment.objects.update(status=status)
    submission = Submission.objects.select_related("assessment__firm").get()
    transition = workflow.TRANSITIONS[action]
    is_allowed = action in EXPECTED_MOVES[status]
    assert workflow.allows(submission.assessment, action) is is_allowed
    if is_allowed:
        act(action, submission, ada, cleo)
        assert submission.assessment.status == transition.target == EXPECTED_MOVES[status][action]
        assert Assessment.objects.get().status == transition.target
        return
    with pytest.raises(TransitionNotAllowed) as refusal:
        act(action, submission, ada, cleo)
    assert str(status.label) in str(refusal.value.message)
    assert Assessment.objects.get().status == status
    assert Submission.objects.count() == Attestation.objects.count() == 1
    assert not Determination.objects.exists()


def test_every_status_but_archived_leads_on() -> None:
    sources = {source for t in workflow.TRANSITIONS.values() for source in t.sources}
    assert set(Status) - sources == {Status.ARCHIVED}


def test_the_second_of_two_identical_actions_finds_the_door_closed(
    submission: Submission, cleo: Membership
) -> None:
    twin = Submission.objects.select_related("assessment").get(pk=submission.pk)
    accept_assessment(submission=submission, statement="", by=cleo)
    with pytest.raises(TransitionNotAllowed):
        accept_assessment(submission=twin, statement="", by=cleo)


# --- corrective actions ---------------------------------------------------------------------------

Stage = CorrectiveAction.Status
EXPECTED_STAGES: dict[Stage, dict[str, Stage]] = {
    Stage.OPEN: {"start_action": Stage.IN_PROGRESS},
    Stage.IN_PROGRESS: {"finish_action": Stage.DONE},
    Stage.DONE: {"verify_action": Stage.VERIFIED, "reopen_action": Stage.REOPENED},
    Stage.VERIFIED: {"reopen_action": Stage.REOPENED},
    Stage.REOPENED: {"start_action": Stage.IN_PROGRESS},
}
WORK: dict[str, Callable[[CorrectiveAction, Membership], Any]] = {
    "start_action": lambda action, by: corrective_actions.start(action=action, by=by),
    "finish_action": lambda action, by: corrective_actions.finish(action=action, by=by),
    "verify_action": lambda action, by: corrective_actions.verify(action=action, by=by),
    "reopen_action": lambda action, by: corrective_actions.reopen(
        action=action, comment="Not yet.", by=by
    ),
}


def test_a_corrective_action_moves_as_the_table_says_and_by_whom_it_says(
    light_submission: Submission,
    ben: Membership,
    ada: Membership,
    vera: Membership,
    cleo: Membership,
) -> None:
    OFFICERS_WRITES["finding"](light_submission, cleo)
    accept_assessment(submission=light_submission, statement="", by=cleo)
    assert set(WORK) == set(workflow.ACTION_TRANSITIONS)
    tried = 0
    for status in Stage:
        for name, act_on in WORK.items():
            for member in (vera, ben, ada, cleo):
                tried += 1
                begun = transaction.savepoint()
                CorrectiveAction.objects.update(status=status)
                action = CorrectiveAction.objects.select_related("firm", "finding").get()
                target = EXPECTED_STAGES[status].get(name)
                may = member.role in EXPECTED[name]
                has_button = name in workflow.open_actions(action, Role(member.role))
                assert has_button is (may and target is not None)
                if not may:
                    with pytest.raises(NotPermitted):
                        act_on(action, member)
                elif target is None:
                    with pytest.raises(TransitionNotAllowed, match=r"F-01.*is no longer possible"):
                        act_on(action, member)
                else:
                    act_on(action, member)
                    assert action.status == target
                    assert action.version == 2
                stored = CorrectiveAction.objects.get()
                assert stored.status == (target if may and target else status)
                transaction.savepoint_rollback(begun)
    assert tried == 5 * 4 * 4


def test_nobody_verifies_what_they_worked_on(
    light_submission: Submission, ben: Membership, cleo: Membership
) -> None:
    OFFICERS_WRITES["finding"](light_submission, cleo)
    accept_assessment(submission=light_submission, statement="", by=cleo)
    action = CorrectiveAction.objects.get()
    corrective_actions.start(action=action, by=ben)
    corrective_actions.finish(action=action, note="Minutes are kept.", by=ben)
    ben.role = Role.OFFICER
    ben.save()
    with pytest.raises(NotPermitted, match="Another officer"):
        corrective_actions.verify(action=action, by=ben)
    corrective_actions.verify(action=action, by=cleo)


# --- roles ----------------------------------------------------------------------------------------

READ = {Role.VIEWER, Role.CONTRIBUTOR, Role.MANAGER, Role.OFFICER}
EXPECTED = {
    "read": READ,
    "download_evidence": READ,
    "request_report": READ,
    "preview_report": {Role.CONTRIBUTOR, Role.MANAGER},
    "answer": {Role.CONTRIBUTOR, Role.MANAGER},
    "attach_evidence": {Role.CONTRIBUTOR, Role.MANAGER},
    "discuss": {Role.CONTRIBUTOR, Role.MANAGER},
    "delegate": {Role.MANAGER},
    "move_edition": {Role.MANAGER},
    "rename": {Role.MANAGER},
    "read_trail": {Role.MANAGER, Role.OFFICER},
    "start_assessment": {Role.MANAGER},
    "save_facts": {Role.MANAGER},
    "submit": {Role.MANAGER},
    "archive": {Role.MANAGER},
    "invite": {Role.MANAGER},
    "name_in_checks": {Role.MANAGER},
    "manage_webhooks": {Role.MANAGER},
    "review": {Role.OFFICER},
    "determine": {Role.OFFICER},
    "raise_finding": {Role.OFFICER},
    "return": {Role.OFFICER},
    "accept": {Role.OFFICER},
    "withdraw": {Role.MANAGER},
    "withdraw_round": {Role.MANAGER},
    "ask_question": {Role.OFFICER},
    "answer_question": {Role.CONTRIBUTOR, Role.MANAGER},
    "assign_review": {Role.OFFICER},
    "add_action": {Role.CONTRIBUTOR, Role.MANAGER},
    "update_action": {Role.CONTRIBUTOR, Role.MANAGER},
    "extend_action": {Role.OFFICER},
    "start_action": {Role.CONTRIBUTOR, Role.MANAGER},
    "finish_action": {Role.CONTRIBUTOR, Role.MANAGER},
    "verify_action": {Role.OFFICER},
    "reopen_action": {Role.OFFICER},
    "cancel_report": {Role.MANAGER, Role.OFFICER},
    "retry_report": READ,
}


def test_every_action_is_in_the_table_of_roles() -> None:
    assert set(permissions.ALLOWED) == set(EXPECTED)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", list(EXPECTED))
def test_a_role_may_what_the_table_says(dov: Membership, action: str, role: Role) -> None:
    dov.role = role
    assert permissions.may(dov, action) is (role in EXPECTED[action])
    if role in EXPECTED[action]:
        permissions.require(dov, action, dov.firm)
        return
    with pytest.raises(NotPermitted) as refusal:
        permissions.require(dov, action, dov.firm)
    sentence = str(refusal.value.message)
    assert f"You are {role.label} in Other Launch Co." in sentence
    assert all(str(allowed.label) in sentence for allowed in EXPECTED[action])


@pytest.mark.parametrize("action", list(EXPECTED))
def test_a_role_counts_in_its_own_firm_alone(
    assessment: Assessment, dov: Membership, action: str
) -> None:
    for role in Role:
        dov.role = role
        for where in (assessment, assessment.firm):
            with pytest.raises(NotPermitted, match="another firm"):
                permissions.require(dov, action, where)


OFFICERS_WRITES: dict[str, Callable[[Submission, Membership], Any]] = {
    "determine": lambda s, by: record_determination(
        submission=s, requirement_id=YES_NO, outcome="met", by=by
    ),
    "confirm": lambda s, by: confirm_remaining(submission=s, by=by),
    "finding": lambda s, by: raise_finding(
        submission=s,
        requirement_id=YES_NO,
        severity="minor",
        missing="Minutes.",
        due_on=clock.today() + timedelta(days=1),
        by=by,
    ),
}


@pytest.mark.parametrize("write", list(OFFICERS_WRITES))
def test_the_officers_first_mark_takes_it_into_review(
    submission: Submission, cleo: Membership, write: str
) -> None:
    OFFICERS_WRITES[write](submission, cleo)
    assert Assessment.objects.get().status == Status.IN_REVIEW


def test_a_factory_reaches_the_states_it_names(submission: Submission) -> None:
    assert submission.assessment.status == Status.SUBMITTED
    assert submission.content["attestation"]["name"] == "Ada"
    assert factories.AS_OF.isoformat() == submission.content["assessment"]["as_of"]
