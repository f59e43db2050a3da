"""Saving answers: what is taken, what is refused and how, and who wins."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from checklists import Outcome
from compliance.errors import AnswerLocked, InvalidInput, NotPermitted, SomebodySavedFirst
from compliance.models import Answer, Assessment, AuditEvent, Membership, Submission
from compliance.selectors.evaluation import evaluation_of
from compliance.services.answers import SavedAnswer, save_answer
from compliance.services.assessments import save_facts, start_assessment, submit_assessment
from compliance.services.review import record_determination, return_to_firm
from tests import factories

YES_NO = "cnsa.m01.research_call_watch"
NUMBER = "cnsa.m07.orbit_lifetime_after_mission"  # years, at most two decimals
WHOLE = "cnsa.m20.full_time_safety_staff"
PERCENT = "cnsa.m16.constellation_milestones"
SAVE_QUERIES = 8  # the service's share of a page's ten; two are SAVEPOINT and RELEASE


def save(assessment: Assessment, by: Membership, requirement: str, **given: Any) -> SavedAnswer:
    given.setdefault("base_version", None)
    return save_answer(assessment=assessment, requirement_id=requirement, by=by, **given)


def refused(assessment: Assessment, by: Membership, requirement: str, **given: Any) -> Any:
    """The sentences of the refusal, by field; nothing may have been stored."""
    before = list(Answer.objects.values())
    with pytest.raises(InvalidInput) as refusal:
        save(assessment, by, requirement, **given)
    assert list(Answer.objects.values()) == before
    return refusal.value.fields


def test_an_answer_is_stored_and_judged_at_once(assessment: Assessment, ben: Membership) -> None:
    saved = save(assessment, ben, YES_NO, value="yes", note="See the minutes.", base_version=0)
    stored = Answer.objects.get()
    assert (stored.value, stored.note, stored.version) == ("yes", "See the minutes.", 1)
    assert stored.updated_by == ben.user
    assert saved.state.evaluation.rows[YES_NO].outcome is Outcome.MET
    assert saved.state.evaluation == evaluation_of(assessment).evaluation


def test_numbers_are_kept_exactly(assessment: Assessment, ben: Membership) -> None:
    assert save(assessment, ben, NUMBER, value="4.60").answer.value == "4.6"
    assert Answer.objects.get().value == "4.6"


@pytest.mark.parametrize(
    ("requirement", "value", "sentence"),
    [
        (NUMBER, "-1", "too small"),
        (NUMBER, "10001", "too large"),
        (NUMBER, "1.234", "at most 2 decimal places"),
        (NUMBER, "5 months", "Write the number only, in years."),
        (NUMBER, "4,6", "without commas"),
        (NUMBER, "５", "ordinary digits"),
        (NUMBER, "banana", "Write a number, in years."),
        (NUMBER, "NaN", "Write a number"),
        (NUMBER, "1e99", "outside what can be measured"),
        (NUMBER, "1e400", "Write the number only"),
        (NUMBER, "9" * 101, "longer than 100 characters"),
        pytest.param(NUMBER, 10**5000, "Write a number", id="endless"),
        (NUMBER, True, "Write a number"),
        (NUMBER, {"years": 5}, "Write a number"),
        (WHOLE, "2.5", "Write a whole number."),
        (PERCENT, "101", "too large"),
        (YES_NO, "maybe", "not one of the choices"),
        (YES_NO, ["yes"], "not one of the choices"),
        (YES_NO, "yes\x00", "not one of the choices"),
        (YES_NO, "\ud800", "not one of the choices"),
    ],
)
def test_a_wrong_value_gets_a_sentence_beside_its_field(
    assessment: Assessment, ben: Membership, requirement: str, value: Any, sentence: str
) -> None:
    fields = refused(assessment, ben, requirement, value=value)
    assert list(fields) == ["value"]
    assert sentence in fields["value"]


def test_the_sentence_speaks_the_readers_language(assessment: Assessment, ben: Membership) -> None:
    with override("zh-hans"):
        assert "过大" in refused(assessment, ben, NUMBER, value="10001")["value"]


def test_all_faults_of_one_answer_come_at_once(assessment: Assessment, ben: Membership) -> None:
    fields = refused(assessment, ben, NUMBER, value="x", note="n" * 20_001, flag="later")
    assert set(fields) == {"value", "note", "flag"}


def test_not_applicable_wants_a_reason(assessment: Assessment, ben: Membership) -> None:
    fields = refused(assessment, ben, YES_NO, not_applicable_reason=" \n ")
    assert "Say why" in fields["not_applicable_reason"]
    saved = save(assessment, ben, YES_NO, not_applicable_reason=" No research staff. ")
    assert saved.answer.not_applicable_reason == "No research staff."
    assert saved.state.evaluation.rows[YES_NO].outcome is Outcome.NOT_APPLICABLE


def test_an_answer_and_a_reason_for_none_contradict(
    assessment: Assessment, ben: Membership
) -> None:
    fields = refused(assessment, ben, YES_NO, value="yes", not_applicable_reason="none")
    assert "not both" in fields["not_applicable_reason"]


def test_an_answer_can_be_taken_back(assessment: Assessment, ben: Membership) -> None:
    save(assessment, ben, YES_NO, value="yes")
    saved = save(assessment, ben, YES_NO, value="", base_version=1)
    assert (saved.answer.value, saved.answer.version) == (None, 2)
    assert saved.state.evaluation.rows[YES_NO].outcome is Outcome.NOT_ANSWERED


def test_an_unknown_requirement_is_refused(assessment: Assessment, ben: Membership) -> None:
    assert "no such requirement" in refused(assessment, ben, "cnsa.m99.none\x00")["requirement"]


def test_texts_lose_only_what_no_database_keeps(assessment: Assessment, ben: Membership) -> None:
    note = "卫星\U0001f6f0 a\x00b\ud800c\r\nd\re<script>{{7*7}}"
    saved = save(assessment, ben, YES_NO, value="yes", note=note)
    assert saved.answer.note == "卫星\U0001f6f0 abc\nd\ne<script>{{7*7}}"
    assert Answer.objects.get().note == saved.answer.note
    event = AuditEvent.objects.get(action="answer.saved")
    assert event.after is not None
    assert event.after["note"] == saved.answer.note


def test_twenty_thousand_characters_are_taken_and_one_more_is_not(
    assessment: Assessment, ben: Membership
) -> None:
    long = "合" * 20_000
    save(assessment, ben, YES_NO, value="yes", note=long)
    save(assessment, ben, NUMBER, not_applicable_reason=long)
    assert Answer.objects.get(requirement=YES_NO).note == long
    fields = refused(assessment, ben, YES_NO, value="yes", note=long + "规")
    assert "20001 characters" in fields["note"]


def test_a_mark_is_a_state_of_its_own(assessment: Assessment, ben: Membership) -> None:
    saved = save(assessment, ben, YES_NO, flag="dont_know")
    assert saved.state.evaluation.rows[YES_NO].outcome is Outcome.NOT_ANSWERED
    assert saved.answer.flag == "dont_know"


# --- two people at once ---------------------------------------------------------------------------


def test_an_answer_is_never_saved_over_a_newer_one(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    save(assessment, ben, YES_NO, value="partly", note="base", base_version=0)
    save(assessment, ada, YES_NO, value="yes", note="theirs", base_version=1)
    with pytest.raises(SomebodySavedFirst) as conflict:
        save(assessment, ben, YES_NO, value="no", note="mine", base_version=1)
    assert (conflict.value.theirs.value, conflict.value.theirs.note) == ("yes", "theirs")
    assert conflict.value.theirs.updated_by == ada.user
    assert conflict.value.base == {
        "value": "partly",
        "note": "base",
        "not_applicable_reason": "",
        "flag": "",
    }
    stored = Answer.objects.get()
    assert (stored.value, stored.version) == ("yes", 2)
    assert AuditEvent.objects.filter(action="answer.saved").count() == 2


def test_a_first_answer_is_not_saved_over_somebodys_first_answer(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    save(assessment, ada, YES_NO, value="yes", base_version=0)
    with pytest.raises(SomebodySavedFirst) as conflict:
        save(assessment, ben, YES_NO, value="no", base_version=0)
    assert conflict.value.theirs.value == "yes"
    assert conflict.value.base is None


def test_a_conflict_over_a_carried_answer_shows_what_was_carried(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    save(assessment, ben, YES_NO, value="partly", note="last year")
    later = start_assessment(
        firm=ada.firm,
        title="Next year",
        as_of=factories.next_year(),
        roles=["satellite_operator"],
        copy_from=assessment,
        by=ada,
    )
    save(later, ada, YES_NO, value="yes", base_version=1)
    with pytest.raises(SomebodySavedFirst) as conflict:
        save(later, ben, YES_NO, value="no", base_version=1)
    assert conflict.value.base is not None
    assert conflict.value.base["note"] == "last year"


@pytest.mark.parametrize("version", [1, -5, 10**30])
def test_a_version_that_never_was_is_a_conflict(
    assessment: Assessment, ben: Membership, version: int
) -> None:
    with pytest.raises(SomebodySavedFirst) as conflict:
        save(assessment, ben, YES_NO, value="yes", base_version=version)
    assert conflict.value.theirs.version == 1  # an empty one: nothing is stored
    assert conflict.value.theirs.value is None
    assert not Answer.objects.exists()


def test_without_a_version_the_last_one_wins_and_both_are_in_the_trail(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    save(assessment, ben, YES_NO, value="yes")
    save(assessment, ada, YES_NO, value="no")
    events = list(AuditEvent.objects.filter(action="answer.saved"))
    assert [e.after["value"] for e in events if e.after] == ["yes", "no"]
    assert events[1].before is not None
    assert events[1].before["value"] == "yes"


# --- who, and when --------------------------------------------------------------------------------


def test_viewer_officer_and_strangers_do_not_answer(
    assessment: Assessment, vera: Membership, cleo: Membership, dov: Membership
) -> None:
    for outsider in (vera, cleo, dov):
        with pytest.raises(NotPermitted):
            save(assessment, outsider, YES_NO, value="yes")
    assert not Answer.objects.exists()


def test_nothing_is_answered_once_it_is_submitted(submission: Submission, ben: Membership) -> None:
    assessment = submission.assessment
    with pytest.raises(AnswerLocked) as refusal:
        save(assessment, ben, YES_NO, value="no")
    assert "locked" in str(refusal.value.message)


def test_a_page_loaded_before_the_submission_cannot_save_after_it(
    answered_assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    loaded_before = Assessment.objects.get(pk=answered_assessment.pk)
    factories.submitted(answered_assessment, ada)
    with pytest.raises(AnswerLocked):
        save(loaded_before, ben, YES_NO, value="no")


def test_only_what_was_returned_is_open_again(
    submission: Submission, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    loaded_as_draft = Assessment.objects.get(pk=submission.assessment_id)
    loaded_as_draft.status = Assessment.Status.DRAFT  # as a page from before the submission has it
    record_determination(
        submission=submission,
        requirement_id=YES_NO,
        outcome="not_met",
        comment="Where are the minutes?",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(submission=submission, comment="One answer.", by=cleo)
    assessment = Assessment.objects.get(pk=submission.assessment_id)
    save(assessment, ben, YES_NO, value="partly")
    other = "cnsa.m01.roadmap_and_priority_technologies"
    for page in (assessment, loaded_as_draft):
        with pytest.raises(AnswerLocked):
            save(page, ben, other, flag="dont_know")


def test_an_answer_is_judged_with_the_facts_as_they_are_now(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    loaded_before = Assessment.objects.get(pk=assessment.pk)
    save_facts(assessment=assessment, values={"firm.roles": ["satellite_operator"]}, by=ada)
    saved = save(loaded_before, ben, YES_NO, value="yes")
    assert saved.state.facts["firm.roles"] == ("satellite_operator",)


# --- what it costs --------------------------------------------------------------------------------


@pytest.mark.parametrize("is_first", [True, False])
def test_saving_takes_few_queries(
    answered_assessment: Assessment, ben: Membership, *, is_first: bool
) -> None:
    if is_first:
        Answer.objects.filter(requirement=YES_NO).delete()
    answered_assessment.refresh_from_db()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert save(answered_assessment, ben, YES_NO, value="no").state.evaluation.rows
    assert len(queries) <= SAVE_QUERIES, [q["sql"][:80] for q in queries]


def test_judging_an_assessment_takes_two_queries(answered_assessment: Assessment) -> None:
    with CaptureQueriesContext(connection) as queries:
        state = evaluation_of(answered_assessment)
        names = [str(a.updated_by) for a in state.answers.values()]
        names += [str(e.added_by) for pieces in state.evidence.values() for e in pieces]
    assert len(names) > 60
    assert len(queries) == 2


def test_a_submission_still_goes_out_after_many_saves(
    answered_assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    for turn in range(3):
        save(answered_assessment, ben, YES_NO, value="yes", note=str(turn))
    submission = submit_assessment(
        assessment=answered_assessment, name="Ada Li", position="Head", statement="", by=ada
    )
    row = next(r for r in submission.content["requirements"] if r["requirement"] == YES_NO)
    assert row["note"] == "2"
