"""Delegating, talking, confirming what was carried over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from compliance import clock
from compliance.errors import InvalidInput, NotPermitted, TransitionNotAllowed
from compliance.models import (
    Answer,
    Assessment,
    AuditEvent,
    Comment,
    Delegation,
    DiscussionMark,
    EvidenceUse,
    Membership,
    Submission,
)
from compliance.selectors.discussion import here_now, mentioned_in, stamp_of, talk_of
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.package import problems_of
from compliance.services.answers import confirm_carried_over, save_answer
from compliance.services.assessments import archive_assessment, start_assessment
from compliance.services.delegations import delegate, withdraw_delegations
from compliance.services.discussion import (
    add_comment,
    ask_for_discussion,
    edit_comment,
    remove_comment,
    resolve_discussion,
)
from compliance.services.evidence import attach_evidence
from compliance.services.presence import note_presence
from tests import factories

ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
PLAN = "cnsa.m07.debris_mitigation_plan"
CALLS = "cnsa.m01.research_call_watch"


def actions(assessment: Assessment) -> list[str]:
    found = AuditEvent.objects.filter(assessment=assessment).order_by("id")
    return [event.action for event in found if event.action not in {"facts.saved"}][1:]


def test_several_requirements_are_delegated_at_once_and_only_changes_are_kept_in_the_trail(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    due = clock.today() + timedelta(days=3)
    delegate(assessment=assessment, requirement_ids=[ORBIT, PLAN], to=ben, due_on=due, by=ada)
    again = delegate(
        assessment=assessment, requirement_ids=[PLAN, CALLS], to=ben, due_on=due, by=ada
    )
    assert [row.requirement for row in again] == [CALLS]
    moved = delegate(assessment=assessment, requirement_ids=[ORBIT], to=ada, note=" soon ", by=ada)
    assert [row.requirement for row in moved] == [ORBIT]
    rows = {row.requirement: row for row in Delegation.objects.all()}
    assert (rows[PLAN].to, rows[PLAN].due_on) == (ben.user, due)
    assert (rows[ORBIT].to, rows[ORBIT].due_on, rows[ORBIT].note) == (ada.user, None, "soon")
    event = AuditEvent.objects.filter(action="delegation.set", requirement=ORBIT).last()
    assert event is not None
    assert event.before is not None
    assert event.after is not None
    assert (event.before["name"], event.after["name"]) == ("Ben", "Ada")
    assert withdraw_delegations(assessment=assessment, requirement_ids=[ORBIT], by=ada) == 1
    assert actions(assessment) == ["delegation.set"] * 4 + ["delegation.withdrawn"]


def test_what_cannot_be_delegated_is_refused_and_changes_nothing(
    assessment: Assessment,
    submission: Submission,
    ada: Membership,
    ben: Membership,
    cleo: Membership,
    dov: Membership,
) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "to": {"to": cleo},
        "requirements": {"requirement_ids": ["no.such"]},
        "due_on": {"due_on": clock.today() - timedelta(days=1)},
        "note": {"note": "x" * 301},
    }
    good: dict[str, Any] = {
        "assessment": assessment,
        "requirement_ids": [ORBIT],
        "to": ben,
        "by": ada,
    }
    for field, change in wrong.items():
        with pytest.raises(InvalidInput) as refused:
            delegate(**{**good, **change})
        assert set(refused.value.fields) == {field}
    with pytest.raises(InvalidInput):
        delegate(**{**good, "to": dov})
    with pytest.raises(NotPermitted):
        delegate(**{**good, "by": ben})
    with pytest.raises(TransitionNotAllowed):
        delegate(**{**good, "assessment": submission.assessment})
    assert not Delegation.objects.exists()


def test_a_comment_mentions_who_is_named_in_it(
    assessment: Assessment, ada: Membership, ben: Membership, dov: Membership
) -> None:
    text = "@Ben please ask @ada@demo.example; @Benedict and @Dov are not of this firm."
    comment = add_comment(assessment=assessment, requirement_id=ORBIT, text=text, by=ada)
    assert set(comment.mentions.all()) == {ada.user, ben.user}
    talk = talk_of(assessment, ORBIT, ben, answer=None)
    assert [part.text for part in talk.comments[0].parts if part.is_mention] == [
        "@Ben",
        "@ada@demo.example",
    ]
    ada.user.name = "李娜"
    assert mentioned_in("请@李娜看一下", [ada.user]) == [ada.user]


def test_only_its_author_changes_a_comment_and_the_trail_keeps_every_word(
    assessment: Assessment, ada: Membership, ben: Membership, vera: Membership
) -> None:
    comment = add_comment(assessment=assessment, requirement_id=ORBIT, text="first", by=ben)
    stamps = {stamp_of(Assessment.objects.get(pk=assessment.pk))}
    with pytest.raises(NotPermitted):
        edit_comment(comment=comment, text="not mine", by=ada)
    with pytest.raises(NotPermitted):
        remove_comment(comment=comment, by=ada)
    with pytest.raises(NotPermitted):
        add_comment(assessment=assessment, requirement_id=ORBIT, text="reader", by=vera)
    for empty in ("  ", "x" * 4001):
        with pytest.raises(InvalidInput):
            add_comment(assessment=assessment, requirement_id=ORBIT, text=empty, by=ben)
    edit_comment(comment=comment, text="second", by=ben)
    stamps.add(stamp_of(Assessment.objects.get(pk=assessment.pk)))
    remove_comment(comment=comment, by=ben)
    stamps.add(stamp_of(Assessment.objects.get(pk=assessment.pk)))
    assert len(stamps) == 3
    assert Comment.objects.get().text == ""
    with pytest.raises(TransitionNotAllowed):
        edit_comment(comment=comment, text="too late", by=ben)
    trail = AuditEvent.objects.filter(assessment=assessment, action__startswith="comment.")
    said = [(event.before or {}).get("text") for event in trail]
    assert said == [None, "first", "second"]


def test_a_requirement_is_marked_for_a_talk_once_and_taken_off_once(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    for _again in range(2):
        ask_for_discussion(assessment=assessment, requirement_id=ORBIT, by=ben)
    assert talk_of(assessment, ORBIT, ada, answer=None).is_marked
    for _again in range(2):
        resolve_discussion(assessment=assessment, requirement_id=ORBIT, by=ada)
    assert not DiscussionMark.objects.exists()
    assert actions(assessment) == ["discussion.asked", "discussion.resolved"]
    archive_assessment(assessment=assessment, by=ada)
    with pytest.raises(TransitionNotAllowed):
        ask_for_discussion(assessment=assessment, requirement_id=ORBIT, by=ben)


def test_who_looks_at_the_same_requirement_is_seen_for_a_short_while(
    assessment: Assessment, ada: Membership, ben: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    for member in (ada, ben):
        note_presence(assessment=assessment, requirement_id=ORBIT, by=member)
    assert here_now(assessment, ORBIT, ada) == ("Ben",)
    note_presence(assessment=assessment, requirement_id=PLAN, by=ben)
    assert here_now(assessment, ORBIT, ada) == ()
    assert here_now(assessment, PLAN, ada) == ("Ben",)
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert here_now(assessment, PLAN, ada) == ()


def test_what_was_carried_over_stops_the_submission_until_somebody_confirms_it(
    assessment: Assessment, ada: Membership, ben: Membership, vera: Membership
) -> None:
    save_answer(assessment=assessment, requirement_id=CALLS, value="yes", base_version=0, by=ben)
    attach_evidence(
        assessment=assessment,
        requirement_id=ORBIT,
        kind="orbit_lifetime_analysis",
        upload=factories.pdf(),
        by=ben,
    )
    later = start_assessment(
        firm=ada.firm,
        title="Next year",
        as_of=factories.next_year(),
        roles=factories.FACTS["firm.roles"],
        copy_from=assessment,
        by=ada,
    )

    def waiting() -> set[str | None]:
        state = evaluation_of(Assessment.objects.get(pk=later.pk))
        return {p.requirement for p in problems_of(state) if p.code == "carried_over"}

    assert waiting() == {CALLS}  # the orbit has no answer yet, which is the first thing to say
    assert evaluation_of(later).is_carried_over(ORBIT)
    with pytest.raises(NotPermitted):
        confirm_carried_over(assessment=later, requirement_ids=[CALLS], by=vera)
    names = [CALLS, ORBIT, PLAN]
    assert confirm_carried_over(assessment=later, requirement_ids=names, by=ada) == [CALLS, ORBIT]
    assert confirm_carried_over(assessment=later, requirement_ids=names, by=ada) == []
    assert waiting() == set()
    answer = Answer.objects.get(assessment=later)
    assert (answer.is_carried_over, answer.updated_by, answer.version) == (False, ada.user, 1)
    assert not EvidenceUse.objects.filter(assessment=later, is_carried_over=True).exists()
    assert actions(later) == ["answer.confirmed"] * 2
