"""A whole assessment out as JSON and in again, all of it or nothing."""

from __future__ import annotations

import json
from typing import Any

from compliance.models import Answer, Assessment, EvidenceUse, Membership
from compliance.selectors.evaluation import evaluation_of
from compliance.services.evidence import attach_evidence
from tests import factories
from tests.compliance.api.calls import Api, api_of, json_of, problem_of

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"


def exported(api: Api, assessment_id: Any) -> dict[str, Any]:
    document: dict[str, Any] = json_of(api.get(f"assessments/{assessment_id}/export/"))
    return document


def test_what_goes_out_comes_in_again_whole(
    stated_assessment: Assessment, manager: Api, ben: Membership, dov: Membership, own_storage: None
) -> None:
    answers = Answer.objects.filter(assessment=stated_assessment)
    answers.filter(requirement=YES_NO).update(note="为什么\n— so", is_carried_over=True)
    first = answers.exclude(requirement=YES_NO).order_by("requirement")[0]
    answers.filter(pk=first.pk).update(value=None, flag="come_back")
    for piece in ({"upload": factories.pdf()}, {"url": "https://demo.example/a"}):
        attach_evidence(
            assessment=stated_assessment,
            requirement_id=ORBIT,
            kind="orbit_lifetime_analysis",
            by=ben,
            **piece,
        )
    document = exported(manager, stated_assessment.pk)
    assert document["facts"] == stated_assessment.facts
    place = f"firms/{stated_assessment.firm_id}/assessments/import/"
    for _time in range(2):
        reply = manager.post(place, document, Idempotency_Key="once")
    imported = json_of(reply, 201)
    assert imported["missing_evidence"] == []
    assert Assessment.objects.count() == 2
    assert exported(manager, imported["assessment"]["id"]) == document
    copy = Assessment.objects.get(pk=imported["assessment"]["id"])
    assert evaluation_of(copy).evaluation.claimed == (
        evaluation_of(stated_assessment).evaluation.claimed
    )
    # Another firm has the link, and is told which file it has to attach.
    theirs = json_of(
        api_of(dov.user).post(f"firms/{dov.firm_id}/assessments/import/", document), 201
    )
    (missing,) = theirs["missing_evidence"]
    assert missing == document["evidence"][0]
    (use,) = EvidenceUse.objects.filter(assessment=theirs["assessment"]["id"])
    assert use.evidence.url == "https://demo.example/a"
    assert use.evidence.firm_id == dov.firm_id
    document["evidence"] = [missing]
    assert exported(api_of(dov.user), theirs["assessment"]["id"])["answers"] == document["answers"]


def test_every_fault_is_told_with_the_pointer_to_it(
    stated_assessment: Assessment, manager: Api
) -> None:
    document = exported(manager, stated_assessment.pk)
    place = f"firms/{stated_assessment.firm_id}/assessments/import/"
    names = [line["requirement"] for line in document["answers"]]
    broken = {
        **document,
        "facts": {**document["facts"], "firm.staff": "many", "firm.no/thing": 1,
                  "mission.launch_window_until": "2020-01-01"},
        "answers": [
            {"requirement": names[0], "value": "banana", "note": 7, "surprise": 1},
            {"requirement": names[1], "value": "banana"},
            {"requirement": names[2], "value": None, "flag": "later"},
            {"requirement": "cnsa.nothing", "value": "yes"},
            {"requirement": names[1], "value": None},
            None,
        ],
        "evidence": [
            {"kind": "policy", "uses": [{"requirement": YES_NO}, {"requirement": 3}]},
            {"kind": "policy", "url": "https://a.example/", "sha256": "0" * 64,
             "effective_on": "2027-02-01", "expires_on": "2027-01-01",
             "uses": [{"requirement": YES_NO}]},
        ],
    }  # fmt: skip
    faults = problem_of(manager.post(place, broken), 422, "invalid")["fields"]
    assert set(faults) == {
        "/facts/firm.staff",
        "/facts/firm.no~1thing",
        "/facts/mission.launch_window_until",
        "/answers/0/note",
        "/answers/0/surprise",
        "/answers/1/value",
        "/answers/2/flag",
        "/answers/3/requirement",
        "/answers/4/requirement",
        "/answers/5",
        "/evidence/0/uses/1/requirement",
        "/evidence/1/url",
        "/evidence/1/expires_on",
        "/evidence/1/uses/0/requirement",
    }
    assert all(faults.values())
    outline = {"format": "x", "catalogue": {}, "answers": [{}], "evidence": [], "extra": 1}
    faults = problem_of(manager.post(place, outline), 422, "invalid")["fields"]
    assert {"/format", "/catalogue/id", "/assessment", "/facts", "/answers/0/requirement"} <= set(
        faults
    )
    wrong_head = {**document, "assessment": {"title": "x", "as_of": "1999-01-01"}}
    faults = problem_of(manager.post(place, wrong_head), 422, "invalid")["fields"]
    assert set(faults) == {"/assessment/title", "/assessment/as_of"}
    for gone in ("nothing", "../x"):
        other = {**document, "catalogue": {"id": gone}}
        faults = problem_of(manager.post(place, other), 422, "invalid")["fields"]
        assert set(faults) == {"/catalogue/id"}
    too_many = {**document, "answers": [{}] * 2_001}
    assert "/answers" in problem_of(manager.post(place, too_many), 422, "invalid")["fields"]
    for body, status, code in (
        (b'"' + b"x" * (12 * 1024 * 1024) + b'"', 413, "too_large"),
        (b"[" * 5_000, 400, "malformed"),
        (b"[]", 422, "invalid"),
        (json.dumps({**document, "facts": []}).encode(), 422, "invalid"),
    ):
        problem_of(manager.call("POST", place, body), status, code)
    assert Assessment.objects.count() == 1
