"""Handing in: what stops it, what is frozen, and that it happens once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from checklists import Text, load_catalogue
from checklists.engine.model import Severity
from compliance.canonical import digest_of
from compliance.errors import (
    AssessmentNotReady,
    InvalidInput,
    KeyUsedForOther,
    NotPermitted,
    TransitionNotAllowed,
)
from compliance.models import Assessment, Attestation, AuditEvent, Firm, Membership, Submission
from compliance.selectors import editions, evaluation
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts, submit_assessment
from compliance.services.evidence import attach_evidence
from compliance.services.review import record_determination, return_to_firm
from compliance.workflow import is_open
from tests import factories

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"


def submit(assessment: Assessment, by: Membership, **given: Any) -> Submission:
    given = {"name": "Ada Li", "position": "Head of compliance", "statement": "Checked.", **given}
    return submit_assessment(assessment=assessment, by=by, **given)


def test_a_submission_is_numbered_attested_and_frozen(
    answered_assessment: Assessment, ada: Membership
) -> None:
    submission = submit(answered_assessment, ada, statement=" Checked\x00 by me.\r\nAll of it. ")
    submission.refresh_from_db()
    assert submission.number == 1
    assert submission.submitted_by == ada.user
    signed = Attestation.objects.get()
    assert (signed.name, signed.position) == ("Ada Li", "Head of compliance")
    assert signed.statement == "Checked by me.\nAll of it."
    assert signed.officer == ada.user
    assert submission.content["attestation"]["statement"] == signed.statement
    assert submission.content["attestation"]["signed_at"] == signed.signed_at.isoformat()
    answered_assessment.refresh_from_db()
    assert answered_assessment.status == Assessment.Status.SUBMITTED
    event = AuditEvent.objects.get(action="assessment.submitted")
    assert event.after == {"number": 1, "digest": submission.digest}


def test_the_digest_is_that_of_what_the_database_gives_back(submission: Submission) -> None:
    stored = Submission.objects.get(pk=submission.pk)
    assert digest_of(stored.content) == stored.digest == digest_of(submission.content)
    assert digest_of(json.loads(json.dumps(stored.content))) == stored.digest
    changed = json.loads(json.dumps(stored.content))
    changed["requirements"][0]["note"] += " "
    assert digest_of(changed) != stored.digest


def test_nothing_that_happens_later_changes_a_submission(
    submission: Submission, ada: Membership, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Submission.objects.values("content", "digest", "band").get()
    catalogue = load_catalogue()
    other = replace(
        catalogue,
        edition="2099.1",
        requirements={
            name: replace(
                requirement, title=Text("Another title", "另一标题"), severity=Severity.MINOR
            )
            for name, requirement in catalogue.requirements.items()
        },
    )
    monkeypatch.setattr(editions, "load_catalogue", lambda *_args: other)
    firm.name = "Renamed Co."
    firm.save()
    ada.user.name = "Somebody Else"
    ada.user.save()
    Assessment.objects.update(title="Renamed", facts={})
    submission.assessment.answers.all().delete()
    assert Submission.objects.values("content", "digest", "band").get() == before
    assert before["content"]["catalogue"]["edition"] == catalogue.edition
    assert before["content"]["firm"]["name"] == "Demo Orbital Co."
    assert "Another title" not in json.dumps(before["content"])


def test_two_assessments_alike_are_frozen_alike(
    ada: Membership, ben: Membership, answered_assessment: Assessment
) -> None:
    def essence(submission: Submission) -> Any:
        return [
            (row["requirement"], row["outcome"], row["reason"], row["points"])
            for row in submission.content["requirements"]
        ]

    second = factories.answered(ada, ben)
    assert essence(submit(answered_assessment, ada)) == essence(submit(second, ada))


# --- what stops it --------------------------------------------------------------------------------


def test_an_unanswered_assessment_names_every_problem_at_once(
    assessment: Assessment, ada: Membership
) -> None:
    with pytest.raises(AssessmentNotReady) as refusal:
        submit(assessment, ada)
    problems = refusal.value.problems
    assert len(problems) > 30
    assert {problem.code for problem in problems} == {"not_answered"}
    assert all(problem.requirement and problem.group for problem in problems)
    assert f"{len(problems)} problems" in str(refusal.value.message)
    assert assessment.status == Assessment.Status.DRAFT
    assert Assessment.objects.get().status == Assessment.Status.DRAFT
    assert not Submission.objects.exists()
    assert not AuditEvent.objects.filter(action="assessment.submitted").exists()


def test_a_come_back_mark_stops_it_and_a_dont_know_does_not(
    answered_assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    def mark(flag: str) -> None:
        save_answer(
            assessment=answered_assessment,
            requirement_id=YES_NO,
            flag=flag,
            base_version=None,
            by=ben,
        )

    mark("come_back")
    with pytest.raises(AssessmentNotReady) as refusal:
        submit(answered_assessment, ada)
    assert [(p.code, p.requirement) for p in refusal.value.problems] == [("come_back", YES_NO)]
    mark("dont_know")
    row = next(
        row
        for row in submit(answered_assessment, ada).content["requirements"]
        if row["requirement"] == YES_NO
    )
    assert (row["outcome"], row["answer_shown"]["en"]) == ("not_answered", "Don’t know yet")


def test_a_fact_nobody_looked_at_stops_it_and_dont_know_does_not(
    answered_assessment: Assessment, ada: Membership
) -> None:
    facts = dict(answered_assessment.facts)
    del facts["mission.orbits"]
    Assessment.objects.update(facts=facts)
    answered_assessment.refresh_from_db()
    with pytest.raises(AssessmentNotReady) as refusal:
        submit(answered_assessment, ada)
    assert "mission.orbits" in {problem.fact for problem in refusal.value.problems}
    save_facts(assessment=answered_assessment, values={"mission.orbits": None}, by=ada)
    submit(answered_assessment, ada)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"position": "\x00\x00\x00"}, "position"),
        ({"position": "x" * 121}, "position"),
        ({"statement": "x" * 20_001}, "statement"),
        ({"idempotency_key": "k" * 201}, "idempotency_key"),
        ({"idempotency_key": "k\x00"}, "idempotency_key"),
        ({"idempotency_key": "键"}, "idempotency_key"),
    ],
)
def test_a_faulty_attestation_is_refused(
    assessment: Assessment, ada: Membership, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        submit(assessment, ada, **given)
    assert list(refusal.value.fields) == [field]
    assert Assessment.objects.get().status == Assessment.Status.DRAFT


def test_only_the_firms_manager_submits(
    answered_assessment: Assessment,
    ben: Membership,
    vera: Membership,
    cleo: Membership,
    dov: Membership,
) -> None:
    for other in (ben, vera, cleo, dov):
        with pytest.raises(NotPermitted):
            submit(answered_assessment, other)
    assert not Submission.objects.exists()


def test_long_and_foreign_texts_are_frozen_as_typed(
    answered_assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    note = "合规\U0001f680\"'\\</script>{{7*7}}\n" * 800
    assert len(note) > 10_000
    save_answer(
        assessment=answered_assessment,
        requirement_id=YES_NO,
        value="yes",
        note=note,
        base_version=None,
        by=ben,
    )
    submission = submit(answered_assessment, ada, statement="誓" * 20_000)
    stored = Submission.objects.get(pk=submission.pk)
    row = next(r for r in stored.content["requirements"] if r["requirement"] == YES_NO)
    assert row["note"] == note
    assert stored.content["attestation"]["statement"] == "誓" * 20_000
    assert digest_of(stored.content) == stored.digest


# --- once -----------------------------------------------------------------------------------------


def test_a_second_submit_is_refused(answered_assessment: Assessment, ada: Membership) -> None:
    stale = Assessment.objects.get(pk=answered_assessment.pk)
    submit(answered_assessment, ada)
    for page in (answered_assessment, stale):
        with pytest.raises(TransitionNotAllowed) as refusal:
            submit(page, ada)
        assert "is Submitted now" in str(refusal.value.message)
    assert Submission.objects.count() == 1


def test_the_same_key_gives_the_same_submission(
    answered_assessment: Assessment, ada: Membership
) -> None:
    first = submit(answered_assessment, ada, idempotency_key="k-1")
    again = submit(answered_assessment, ada, idempotency_key="k-1", statement=" Checked. ")
    assert again == first
    assert Submission.objects.count() == Attestation.objects.count() == 1
    assert AuditEvent.objects.filter(action="assessment.submitted").count() == 1


def test_the_same_key_with_another_statement_is_refused(
    answered_assessment: Assessment, ada: Membership
) -> None:
    submit(answered_assessment, ada, idempotency_key="k-1")
    with pytest.raises(KeyUsedForOther):
        submit(answered_assessment, ada, idempotency_key="k-1", statement="Another.")


def test_a_key_counts_within_its_assessment(ada: Membership, ben: Membership) -> None:
    first, second = (factories.answered(ada, ben) for _turn in range(2))
    assert submit(first, ada, idempotency_key="k") != submit(second, ada, idempotency_key="k")


@pytest.mark.parametrize("moment", ["frozen_content", "Attestation.objects.create", "audit.record"])
def test_a_failure_on_the_way_leaves_the_draft_as_it_was(
    answered_assessment: Assessment,
    ada: Membership,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    def fails(*args: Any, **options: Any) -> None:
        raise RuntimeError(moment)

    with monkeypatch.context() as patch:
        patch.setattr(f"compliance.services.assessments.{moment}", fails)
        with pytest.raises(RuntimeError):
            submit(answered_assessment, ada, idempotency_key="k")
    assert not Submission.objects.exists()
    assert Assessment.objects.get().status == Assessment.Status.DRAFT
    assert submit(answered_assessment, ada, idempotency_key="k").number == 1


# --- a second round -------------------------------------------------------------------------------


@pytest.fixture
def returned(submission: Submission, cleo: Membership) -> Callable[..., Assessment]:
    """Cleo's first round: two confirmed, the others untouched, and one answer open again."""

    def hand_back(**options: Any) -> Assessment:
        for name in (YES_NO, "cnsa.m01.roadmap_and_priority_technologies"):
            record_determination(submission=submission, requirement_id=name, outcome="met", by=cleo)
        record_determination(
            submission=submission,
            requirement_id=ORBIT,
            outcome="not_met",
            comment="Which solar activity?",
            opens_again=True,
            by=cleo,
        )
        return_to_firm(submission=submission, comment="One answer.", by=cleo, **options)
        return Assessment.objects.get(pk=submission.assessment_id)

    return hand_back


def test_a_returned_assessment_can_be_submitted_again(
    returned: Callable[..., Assessment], ada: Membership, ben: Membership
) -> None:
    assessment = returned()
    save_answer(assessment=assessment, requirement_id=ORBIT, value="3", base_version=1, by=ben)
    second = submit(assessment, ada)
    assert second.number == 2
    assessment.refresh_from_db()
    assert not is_open(assessment, ORBIT)
    kept = {d.requirement: d for d in second.determinations.all()}
    assert set(kept) == {YES_NO, "cnsa.m01.roadmap_and_priority_technologies"}
    assert all(d.is_carried_over for d in kept.values())
    first = Submission.objects.get(number=1)
    assert first.determinations.count() == 3
    assert first.decision == "returned"


def test_a_determination_is_not_kept_where_evidence_or_facts_changed_the_row(
    returned: Callable[..., Assessment], ada: Membership, ben: Membership
) -> None:
    assessment = returned(reopen_facts=True)
    save_facts(assessment=assessment, values={"firm.roles": ["launch_vehicle_maker"]}, by=ada)
    state = evaluation.evaluation_of(assessment)
    for name, row in state.evaluation.rows.items():
        if row.outcome == "not_answered":
            save_answer(
                assessment=assessment,
                requirement_id=name,
                flag="dont_know",
                base_version=None,
                by=ben,
            )
    second = submit(assessment, ada)
    rows = {row["requirement"]: row for row in second.content["requirements"]}
    for determination in second.determinations.all():
        assert rows[determination.requirement]["applicability"] == "applies"
    assert not second.determinations.filter(requirement=ORBIT).exists()


def test_new_evidence_wants_a_new_look(
    returned: Callable[..., Assessment], ada: Membership, ben: Membership
) -> None:
    assessment = returned()
    attach_evidence(
        assessment=assessment,
        requirement_id=ORBIT,
        kind="analysis_tool_input",
        upload=factories.pdf("input.pdf"),
        by=ben,
    )
    assert not submit(assessment, ada).determinations.filter(requirement=ORBIT).exists()


def test_the_key_of_the_first_round_still_gives_the_first_submission(
    answered_assessment: Assessment, ada: Membership, cleo: Membership
) -> None:
    first = submit(answered_assessment, ada, idempotency_key="k-1")
    return_to_firm(submission=first, comment="Facts.", reopen_facts=True, by=cleo)
    assert submit(answered_assessment, ada, idempotency_key="k-1") == first
    assert submit(answered_assessment, ada, idempotency_key="k-2").number == 2
