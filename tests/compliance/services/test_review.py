"""The officer's side: determinations, findings, decisions, and whose eyes may look."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from compliance import clock
from compliance.errors import (
    InvalidInput,
    NotPermitted,
    SomebodySavedFirst,
    TransitionNotAllowed,
)
from compliance.models import (
    Assessment,
    AuditEvent,
    Determination,
    Finding,
    Membership,
    Role,
    Submission,
)
from compliance.selectors.queue import is_plainly_in_order
from compliance.selectors.submission import submission_state
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts
from compliance.services.evidence import attach_evidence
from compliance.services.review import (
    accept_assessment,
    confirm_remaining,
    is_under_review,
    raise_finding,
    record_determination,
    return_to_firm,
)
from tests import factories

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
DOES_NOT_APPLY = "cnsa.m01.secrecy_qualification"


def determine(submission: Submission, by: Membership, **given: Any) -> Determination:
    given = {"requirement_id": YES_NO, "outcome": "met", **given}
    return record_determination(submission=submission, by=by, **given)


def find(submission: Submission, by: Membership, **given: Any) -> Finding:
    given = {
        "requirement_id": YES_NO,
        "severity": "major",
        "missing": "The minutes.",
        "due_on": clock.today() + timedelta(days=30),
        **given,
    }
    return raise_finding(submission=submission, by=by, **given)


def test_a_confirmation_takes_the_assessment_into_review(
    submission: Submission, cleo: Membership
) -> None:
    determination = determine(submission, cleo)
    assert (determination.version, determination.by) == (1, cleo.user)
    assert Assessment.objects.get().status == Assessment.Status.IN_REVIEW
    assert is_under_review(submission)
    assert AuditEvent.objects.get(action="determination.recorded").requirement == YES_NO


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": "not_answered"}, "outcome"),
        ({"outcome": "splendid\x00"}, "outcome"),
        ({"outcome": "not_met"}, "comment"),
        ({"outcome": "not_met", "comment": " \x00\n"}, "comment"),
        ({"opens_again": True}, "comment"),
        ({"comment": "x" * 20_001}, "comment"),
        ({"requirement_id": DOES_NOT_APPLY}, "requirement"),
        ({"requirement_id": "cnsa.m99.none\x00"}, "requirement"),
    ],
)
def test_a_faulty_determination_is_refused(
    submission: Submission, cleo: Membership, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        determine(submission, cleo, **given)
    assert list(refusal.value.fields) == [field]
    assert not Determination.objects.exists()
    assert Assessment.objects.get().status == Assessment.Status.SUBMITTED


def test_a_determination_can_be_changed_but_not_over_a_newer_one(
    submission: Submission, cleo: Membership
) -> None:
    determine(submission, cleo, base_version=0)
    second = determine(
        submission, cleo, outcome="partly_met", comment="Half of it.", base_version=1
    )
    assert second.version == 2
    with pytest.raises(SomebodySavedFirst) as conflict:
        determine(submission, cleo, base_version=1)
    assert conflict.value.theirs.outcome == "partly_met"
    assert Determination.objects.get().comment == "Half of it."


def confirm_all_met(submission: Submission, cleo: Membership) -> None:
    """At once what is plainly in order, one by one what an officer has to open."""
    confirm_remaining(submission=submission, by=cleo)
    done = set(submission.determinations.values_list("requirement", flat=True))
    for row in submission.content["requirements"]:
        if row["outcome"] == "met" and row["requirement"] not in done:
            determine(submission, cleo, requirement_id=row["requirement"], outcome="met")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("outcome", "not_applicable"),
        ("applicability", "undetermined"),
        ("evidence_faults", [{"kind": "policy", "problem": "expired"}]),
        ("flag", "dont_know"),
        ("confidence", "medium"),
    ],
)
def test_anything_but_plain_deserves_a_look_of_its_own(name: str, value: object) -> None:
    plain: dict[str, object] = {
        "applicability": "applies",
        "outcome": "met",
        "evidence_faults": [],
        "flag": None,
        "confidence": "high",
    }
    assert is_plainly_in_order(plain)
    assert not is_plainly_in_order({**plain, name: value})


def test_the_rest_that_is_plainly_in_order_is_confirmed_at_once(
    submission: Submission, cleo: Membership
) -> None:
    determine(submission, cleo, requirement_id=ORBIT, outcome="not_met", comment="No.")
    rows = [r for r in submission.content["requirements"] if r["applicability"] == "applies"]
    met = [r for r in rows if is_plainly_in_order(r)]
    assert any(r["outcome"] == "met" and r["confidence"] != "high" for r in rows)
    in_one = [r for r in met if r["measure"] == 1]
    assert confirm_remaining(submission=submission, measure=1, by=cleo) == len(in_one) > 0
    assert confirm_remaining(submission=submission, by=cleo) == len(met) - 1 - len(in_one)
    assert confirm_remaining(submission=submission, by=cleo) == 0
    assert Determination.objects.get(requirement=ORBIT).outcome == "not_met"
    recorded = AuditEvent.objects.filter(action="determination.recorded")
    assert recorded.count() == Determination.objects.count() == len(met)


def test_what_is_stated_not_applicable_waits_for_the_officer(
    answered_assessment: Assessment, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    save_answer(
        assessment=answered_assessment,
        requirement_id=ORBIT,
        not_applicable_reason="We fly low.",
        base_version=None,
        by=ben,
    )
    submission = factories.submitted(answered_assessment, ada)
    confirm_all_met(submission, cleo)
    assert not Determination.objects.filter(requirement=ORBIT).exists()
    waiting = submission_state(submission).scores
    determine(submission, cleo, requirement_id=ORBIT, outcome="not_applicable", comment="Agreed.")
    agreed = submission_state(submission).scores
    assert waiting.confirmed.duty.weight - agreed.confirmed.duty.weight == 10
    assert waiting.confirmed_band == "incomplete"
    assert agreed.confirmed_band == "ready"


def test_without_determinations_nothing_is_confirmed(
    submission: Submission, cleo: Membership
) -> None:
    before = submission_state(submission).scores
    assert before.claimed.duty.percent == 100
    assert before.confirmed.duty.percent == 0
    confirm_all_met(submission, cleo)
    assert submission_state(submission).scores.confirmed.duty.percent == 100


def test_findings_are_numbered_through_all_rounds(
    submission: Submission, ada: Membership, cleo: Membership
) -> None:
    assert [find(submission, cleo).number for _turn in range(2)] == [1, 2]
    return_to_firm(submission=submission, comment="Facts.", reopen_facts=True, by=cleo)
    second = factories.submitted(Assessment.objects.get(), ada)
    assert find(second, cleo).number == 3


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"severity": "awful"}, "severity"),
        ({"missing": " x "}, "missing"),
        ({"missing": "x" * 20_001}, "missing"),
        ({"due_on": date(2020, 1, 1)}, "due_on"),
        ({"requirement_id": DOES_NOT_APPLY}, "requirement"),
    ],
)
def test_a_faulty_finding_is_refused(
    submission: Submission, cleo: Membership, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        find(submission, cleo, **given)
    assert list(refusal.value.fields) == [field]
    assert not Finding.objects.exists()


def test_returning_opens_only_what_was_marked(submission: Submission, cleo: Membership) -> None:
    determine(submission, cleo, comment="Look again.", opens_again=True)
    determine(submission, cleo, requirement_id=ORBIT)
    return_to_firm(submission=submission, comment=" One\x00 answer. ", by=cleo)
    assessment = Assessment.objects.get()
    assert assessment.status == Assessment.Status.RETURNED
    assert (assessment.reopened, assessment.facts_reopened) == ([YES_NO], False)
    stored = Submission.objects.get()
    assert (stored.decision, stored.decision_statement) == ("returned", "One answer.")
    assert stored.decided_by == cleo.user


def test_a_return_that_opens_nothing_is_refused(submission: Submission, cleo: Membership) -> None:
    with pytest.raises(InvalidInput) as refusal:
        return_to_firm(submission=submission, comment="", by=cleo)
    assert set(refusal.value.fields) == {"comment", "opens_again"}
    assert submission.assessment.status == Assessment.Status.SUBMITTED
    assert Assessment.objects.get().status == Assessment.Status.SUBMITTED


def test_accepting_ends_it(submission: Submission, cleo: Membership, ben: Membership) -> None:
    accept_assessment(submission=submission, statement="Good.", by=cleo)
    assert Assessment.objects.get().status == Assessment.Status.ACCEPTED
    assert Submission.objects.get().decision == "accepted"
    assert not is_under_review(submission)


def test_an_acceptance_statement_has_an_end(submission: Submission, cleo: Membership) -> None:
    with pytest.raises(InvalidInput):
        accept_assessment(submission=submission, statement="x" * 20_001, by=cleo)
    assert Assessment.objects.get().status == Assessment.Status.SUBMITTED


@pytest.mark.parametrize("decision", ["accepted", "returned", "returned and submitted again"])
def test_a_decided_submission_is_never_written_on(
    submission: Submission, ada: Membership, cleo: Membership, decision: str
) -> None:
    loaded_before = Submission.objects.get(pk=submission.pk)
    if decision == "accepted":
        accept_assessment(submission=submission, statement="", by=cleo)
    else:
        return_to_firm(submission=submission, comment="Facts.", reopen_facts=True, by=cleo)
    if decision == "returned and submitted again":
        factories.submitted(Assessment.objects.get(), ada)
    before = Assessment.objects.get().status
    for page in (submission, loaded_before):
        for write in (
            lambda s: determine(s, cleo),
            lambda s: find(s, cleo),
            lambda s: confirm_remaining(submission=s, by=cleo),
            lambda s: accept_assessment(submission=s, statement="", by=cleo),
            lambda s: return_to_firm(submission=s, comment="x", reopen_facts=True, by=cleo),
        ):
            with pytest.raises(TransitionNotAllowed):
                write(page)
    assert not Determination.objects.exists()
    assert not Finding.objects.exists()
    assert Assessment.objects.get().status == before
    assert Submission.objects.exclude(decision="").count() == 1


# --- other eyes -----------------------------------------------------------------------------------


def test_only_an_officer_of_the_firm_reviews(
    submission: Submission,
    ada: Membership,
    ben: Membership,
    vera: Membership,
    dov: Membership,
) -> None:
    foreign = factories.member(dov.firm, Role.OFFICER, "Finn")
    for other in (ada, ben, vera, dov, foreign):
        with pytest.raises(NotPermitted):
            determine(submission, other)
        with pytest.raises(NotPermitted):
            find(submission, other)
        with pytest.raises(NotPermitted):
            confirm_remaining(submission=submission, by=other)
        with pytest.raises(NotPermitted):
            return_to_firm(submission=submission, comment="x", reopen_facts=True, by=other)
        with pytest.raises(NotPermitted):
            accept_assessment(submission=submission, statement="", by=other)
    assert Assessment.objects.get().status == Assessment.Status.SUBMITTED


def promoted(member: Membership) -> Membership:
    """The same person, made an officer meanwhile."""
    member.role = Role.OFFICER
    member.save()
    return Membership.objects.get(pk=member.pk)


def test_who_answered_cannot_review_even_after_becoming_an_officer(
    submission: Submission, ben: Membership
) -> None:
    with pytest.raises(NotPermitted, match="Another officer"):
        determine(submission, promoted(ben))


def test_who_attested_cannot_review(submission: Submission, ada: Membership) -> None:
    with pytest.raises(NotPermitted, match="Another officer"):
        accept_assessment(submission=submission, statement="", by=promoted(ada))


@pytest.mark.parametrize("work", ["an answer since overwritten", "evidence", "facts"])
def test_whoever_worked_for_the_firm_cannot_review(
    answered_assessment: Assessment, ada: Membership, ben: Membership, work: str
) -> None:
    gil = factories.member(ada.firm, Role.MANAGER, "Gil")
    if work == "an answer since overwritten":
        for by in (gil, ben):
            save_answer(
                assessment=answered_assessment,
                requirement_id=YES_NO,
                value="yes",
                base_version=None,
                by=by,
            )
    elif work == "evidence":
        attach_evidence(
            assessment=answered_assessment,
            requirement_id=ORBIT,
            kind="analysis_tool_input",
            upload=factories.pdf(),
            by=gil,
        )
    else:
        save_facts(assessment=answered_assessment, values={"firm.staff": "39"}, by=gil)
    submission = factories.submitted(answered_assessment, ada)
    with pytest.raises(NotPermitted, match="Another officer"):
        confirm_remaining(submission=submission, by=promoted(gil))
