"""Every action in every status, and every action by every role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from compliance import clock, permissions, workflow
from compliance.errors import NotPermitted, TransitionNotAllowed
from compliance.models import Assessment, Attestation, Determination, Membership, Role, Submission
from compliance.services.assessments import archive_assessment, submit_assessment
from compliance.services.review import (
    accept_assessment,
    confirm_remaining,
    raise_finding,
    record_determination,
    return_to_firm,
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
        case _:
            raise AssertionError(f"Say in this test how “{action}” is done.")


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
    is_allowed = status in transition.sources
    assert workflow.allows(submission.assessment, action) is is_allowed
    if is_allowed:
        act(action, submission, ada, cleo)
        assert submission.assessment.status == transition.target
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


# --- roles ----------------------------------------------------------------------------------------

READ = {Role.VIEWER, Role.CONTRIBUTOR, Role.MANAGER, Role.OFFICER}
EXPECTED = {
    "read": READ,
    "download_evidence": READ,
    "request_report": READ,
    "answer": {Role.CONTRIBUTOR, Role.MANAGER},
    "attach_evidence": {Role.CONTRIBUTOR, Role.MANAGER},
    "start_assessment": {Role.MANAGER},
    "save_facts": {Role.MANAGER},
    "submit": {Role.MANAGER},
    "archive": {Role.MANAGER},
    "invite": {Role.MANAGER},
    "review": {Role.OFFICER},
    "determine": {Role.OFFICER},
    "raise_finding": {Role.OFFICER},
    "return": {Role.OFFICER},
    "accept": {Role.OFFICER},
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
