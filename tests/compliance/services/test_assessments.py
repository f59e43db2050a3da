"""Starting an assessment and stating its facts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from checklists.engine.model import Applicability
from compliance.errors import AnswerLocked, InvalidInput, NotPermitted, SomebodySavedFirst
from compliance.models import Answer, Assessment, AuditEvent, Firm, Membership, Submission
from compliance.services.answers import save_answer
from compliance.services.assessments import archive_assessment, save_facts, start_assessment
from compliance.services.evidence import attach_evidence
from compliance.services.review import record_determination, return_to_firm
from tests import factories

YES_NO = "cnsa.m01.research_call_watch"
WITH_PAPER = "cnsa.m07.orbit_lifetime_after_mission"


def start(by: Membership, **given: Any) -> Assessment:
    given = {
        "firm": by.firm,
        "title": "DO-3",
        "as_of": factories.AS_OF,
        "roles": ["satellite_operator"],
        **given,
    }
    return start_assessment(by=by, **given)


def refused(by: Membership, **given: Any) -> Any:
    with pytest.raises(InvalidInput) as refusal:
        start(by, **given)
    assert not Assessment.objects.exclude(title="DO-3").exists()
    return refusal.value.fields


def test_an_assessment_starts_as_a_draft_with_its_roles(ada: Membership) -> None:
    assessment = start(ada, title="  DO-3\n launch \x00campaign ")
    assessment.refresh_from_db()
    assert assessment.title == "DO-3 launch campaign"
    assert assessment.status == Assessment.Status.DRAFT
    assert assessment.facts == {"firm.roles": ["satellite_operator"]}
    assert assessment.catalogue_edition
    assert AuditEvent.objects.get(action="assessment.started").actor == ada.user


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"title": " x "}, "title", "2 to 200 characters"),
        ({"title": "\x00\ud800"}, "title", "2 to 200 characters"),
        ({"title": "x" * 201}, "title", "2 to 200 characters"),
        ({"as_of": date(2014, 12, 31), "title": "Old"}, "as_of", "2015"),
        ({"as_of": date(2101, 1, 1), "title": "Far"}, "as_of", "2100"),
        ({"roles": [], "title": "None"}, "roles", "at least one"),
        ({"roles": ["astronaut"], "title": "None"}, "roles", "not one of the choices"),
    ],
)
def test_a_bad_start_is_refused_with_its_sentence(
    ada: Membership, given: dict[str, Any], field: str, sentence: str
) -> None:
    fields = refused(ada, **given)
    assert list(fields) == [field]
    assert sentence in str(fields[field])


def test_all_that_is_wrong_comes_at_once(ada: Membership) -> None:
    assert set(refused(ada, title="", as_of=date(1999, 1, 1), roles=[])) == {
        "title",
        "as_of",
        "roles",
    }


def test_nothing_is_copied_from_another_firm(ada: Membership, dov: Membership) -> None:
    theirs = factories.draft(dov, title="DO-3")
    assert "this firm" in refused(ada, title="Mine", copy_from=theirs)["copy_from"]


def test_a_manager_of_another_firm_starts_nothing_here(firm: Firm, dov: Membership) -> None:
    with pytest.raises(NotPermitted):
        start(dov, firm=firm)


def test_answers_and_evidence_are_carried_over_and_marked(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    save_answer(
        assessment=assessment,
        requirement_id=YES_NO,
        value="partly",
        note="n",
        base_version=None,
        by=ben,
    )
    attach_evidence(
        assessment=assessment,
        requirement_id=WITH_PAPER,
        kind="orbit_lifetime_analysis",
        upload=factories.pdf(),
        by=ben,
    )
    later = start(ada, title="Next", copy_from=assessment, roles=["launch_service_provider"])
    carried = later.answers.get()
    assert (carried.value, carried.note, carried.updated_by) == ("partly", "n", ben.user)
    assert carried.is_carried_over
    assert later.evidence_uses.get().evidence.firm == ada.firm
    assert later.facts["firm.roles"] == ["launch_service_provider"]
    assert later.facts["firm.staff"] == "40"
    saved = save_answer(
        assessment=later, requirement_id=YES_NO, value="partly", base_version=1, by=ben
    )
    assert not saved.answer.is_carried_over
    assert Answer.objects.get(assessment=assessment).version == 1  # the earlier one is untouched


# --- facts ----------------------------------------------------------------------------------------


def facts(assessment: Assessment, by: Membership, version: int | None = None, **values: Any) -> Any:
    return save_facts(
        assessment=assessment,
        values={name.replace("__", "."): value for name, value in values.items()},
        by=by,
        base_version=version,
    )


def refused_facts(assessment: Assessment, by: Membership, **values: Any) -> Any:
    before = Assessment.objects.values().get(pk=assessment.pk)
    with pytest.raises(InvalidInput) as refusal:
        facts(assessment, by, **values)
    assert Assessment.objects.values().get(pk=assessment.pk) == before
    return {name: str(sentence) for name, sentence in refusal.value.fields.items()}


def test_only_the_facts_that_are_named_change(assessment: Assessment, ada: Membership) -> None:
    before = dict(assessment.facts)
    saved = facts(assessment, ada, firm__staff="41", mission__orbits=None)
    assessment.refresh_from_db()
    assert assessment.facts == {**before, "firm.staff": "41", "mission.orbits": None}
    assert saved.assessment.facts == assessment.facts
    event = AuditEvent.objects.filter(action="facts.saved").last()
    assert event is not None
    assert event.before == {"firm.staff": "40", "mission.orbits": ["leo"]}


def test_facts_tell_at_once_what_applies_and_what_did_before(
    assessment: Assessment, ada: Membership
) -> None:
    saved = facts(assessment, ada, firm__roles=["launch_vehicle_maker"])

    def applying(evaluation: Any) -> set[str]:
        rows = evaluation.rows.items()
        return {name for name, row in rows if row.applicability is Applicability.APPLIES}

    assert WITH_PAPER in applying(saved.before)
    assert WITH_PAPER not in applying(saved.after)


def test_a_launch_window_cannot_end_before_it_begins(
    assessment: Assessment, ada: Membership
) -> None:
    fields = refused_facts(assessment, ada, mission__launch_window_until="2027-03-11")
    assert list(fields) == ["mission.launch_window_until"]
    assert "It ends on 2027-03-11, before it begins on 2027-03-12." in str(fields)
    fields = refused_facts(assessment, ada, mission__launch_window_from="2027-04-01")
    assert "before it begins on 2027-04-01" in str(fields)
    facts(assessment, ada, mission__launch_window_until="2027-03-12")  # one day is a window


def test_the_window_is_held_against_what_is_stored_not_against_an_old_page(
    assessment: Assessment, ada: Membership
) -> None:
    loaded_before = Assessment.objects.get(pk=assessment.pk)
    facts(
        assessment,
        ada,
        mission__launch_window_from="2028-01-01",
        mission__launch_window_until="2028-01-05",
    )
    with pytest.raises(InvalidInput):
        facts(loaded_before, ada, mission__launch_window_until="2027-03-30")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("firm__staff", "many", "Write a number"),
        ("firm__staff", "-1", "too small"),
        ("mission__launch_window_from", "2027-02-30", "not a day in the calendar"),
        ("mission__launch_window_from", "12/03/2027", "year-month-day"),
        ("mission__launch_window_from", "9999-01-01", "cannot be right"),
        ("mission__orbits", "leo\x00", "not one of the choices"),
        ("mission__orbits", {"leo": 1}, "not a list of choices"),
        ("mission__orbits", [["leo"]], "not one of the choices"),
        ("firm__has_foreign_investors", "perhaps", "not one of the choices"),
        ("mission__launch", "\ud800", "not one of the choices"),
        ("firm__nonsense", "1", "no such fact"),
        ("firm__roles", [], "at least one"),
        ("firm__roles", None, "at least one"),
    ],
)
def test_a_wrong_fact_gets_a_sentence(
    assessment: Assessment, ada: Membership, name: str, value: Any, sentence: str
) -> None:
    fields = refused_facts(assessment, ada, **{name: value})
    assert sentence in fields[name.replace("__", ".")]


def test_facts_are_not_saved_over_newer_ones(assessment: Assessment, ada: Membership) -> None:
    version = assessment.facts_version
    facts(assessment, ada, version, firm__staff="41")
    with pytest.raises(SomebodySavedFirst) as conflict:
        facts(assessment, ada, version, firm__staff="42")
    assert conflict.value.theirs["firm.staff"] == "41"
    assessment.refresh_from_db()
    assert (assessment.facts["firm.staff"], assessment.facts_version) == ("41", version + 1)


def test_only_a_manager_states_facts(
    assessment: Assessment, ben: Membership, vera: Membership, cleo: Membership, dov: Membership
) -> None:
    for other in (ben, vera, cleo, dov):
        with pytest.raises(NotPermitted):
            facts(assessment, other, firm__staff="1")


def test_facts_are_locked_after_submission_unless_they_were_returned(
    submission: Submission, ada: Membership, cleo: Membership
) -> None:
    assessment = submission.assessment
    with pytest.raises(AnswerLocked):
        facts(assessment, ada, firm__staff="41")
    record_determination(
        submission=submission,
        requirement_id=YES_NO,
        outcome="not_met",
        comment="c",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(submission=submission, comment="One answer only.", by=cleo)
    with pytest.raises(AnswerLocked):
        facts(assessment, ada, firm__staff="41")


def test_returned_facts_are_open_and_what_they_bring_in_can_be_answered(
    submission: Submission, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    return_to_firm(submission=submission, comment="Staff?", reopen_facts=True, by=cleo)
    assessment = Assessment.objects.get(pk=submission.assessment_id)
    saved = facts(assessment, ada, firm__roles=["satellite_operator", "launch_vehicle_maker"])
    new = [
        name
        for name, row in saved.after.rows.items()
        if row.applicability is Applicability.APPLIES
        and saved.before.rows[name].applicability is not Applicability.APPLIES
    ]
    assert new
    save_answer(
        assessment=assessment, requirement_id=new[0], flag="dont_know", base_version=0, by=ben
    )


def test_an_archived_assessment_is_read_only(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    archive_assessment(assessment=assessment, by=ada)
    with pytest.raises(AnswerLocked):
        facts(assessment, ada, firm__staff="41")
    with pytest.raises(AnswerLocked):
        save_answer(
            assessment=assessment, requirement_id=YES_NO, value="yes", base_version=None, by=ben
        )
