"""Many answers at once, and what happened since."""

from __future__ import annotations

from typing import Any

import pytest

from compliance.models import Answer, Assessment, AuditEvent, Membership, Report
from compliance.selectors.evaluation import evaluation_of
from compliance.services.reports import request_report
from tests.compliance.api.calls import Api, json_of, problem_of

ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
YES_NO = "cnsa.m01.research_call_watch"


def test_many_answers_are_saved_together_or_not_at_all(
    assessment: Assessment, contributor: Api, manager: Api, django_assert_max_num_queries: Any
) -> None:
    state = evaluation_of(assessment)
    plain = [
        name
        for name, row in state.evaluation.rows.items()
        if row.applicability == "applies"
        and state.catalogue.requirements[name].answer.kind == "yes_partly_no"
    ]
    place = f"assessments/{assessment.pk}/answers/"
    body = {"answers": [{"requirement": n, "value": "partly", "etag": '"0"'} for n in plain]}
    broken = {
        "answers": [
            *body["answers"],
            {"requirement": ORBIT, "value": "long", "etag": '"0"'},
            {"requirement": plain[0], "value": "yes", "etag": '"0"'},
            {"requirement": "cnsa.nothing", "value": "yes", "etag": '"0"'},
        ]
    }
    faults = problem_of(contributor.put(place, broken), 422, "invalid")["fields"]
    assert set(faults) == {f"{ORBIT}.value", plain[0], "cnsa.nothing.requirement"}
    assert not Answer.objects.exists()
    with django_assert_max_num_queries(30):
        saved = json_of(contributor.put(place, body))["answers"]
    assert [each["requirement"] for each in saved] == plain
    assert {each["outcome"] for each in saved} == {"partly_met"}
    assert AuditEvent.objects.filter(action="answer.saved").count() == len(plain)
    # One of them was saved since: none is saved, and what is there comes back.
    one = {"value": "no", "note": "Ada's"}
    json_of(manager.put(f"{place}{plain[3]}/", one, If_Match='"1"'))
    again = {"answers": [{**each, "etag": '"1"', "value": "yes"} for each in body["answers"]]}
    stale = problem_of(contributor.put(place, again), 412, "changed_meanwhile")
    (theirs,) = stale["current"]["answers"]
    assert (theirs["requirement"], theirs["note"], theirs["etag"]) == (plain[3], "Ada's", '"2"')
    assert not Answer.objects.filter(value="yes").exists()
    again["answers"][3]["etag"] = "*"
    assert len(json_of(contributor.put(place, again))["answers"]) == len(plain)
    empty: list[dict[str, Any]] = [{}, {"answers": []}, {"answers": [{}]}]
    for bad in (*empty, {"answers": [body["answers"][0]] * 201}):
        problem_of(contributor.put(place, bad), 422, "invalid")


def test_the_feed_tells_what_happened_and_costs_next_to_nothing(
    assessment: Assessment,
    ada: Membership,
    contributor: Api,
    viewer: Api,
    request: pytest.FixtureRequest,
    django_assert_max_num_queries: Any,
) -> None:
    place = f"assessments/{assessment.pk}/changes/"
    first = json_of(viewer.get(place))
    assert [each["action"] for each in first["results"]] == ["assessment.started", "facts.saved"]
    page = json_of(viewer.get(f"{place}?limit=1"))
    assert page["has_more"]
    assert json_of(viewer.get(f"{place}?since={page['cursor']}"))["results"] == first["results"][1:]
    with django_assert_max_num_queries(2):
        quiet = viewer.get(f"{place}?since={first['cursor']}")
    assert quiet.status_code == 304
    answer = f"assessments/{assessment.pk}/answers/{YES_NO}/"
    json_of(contributor.put(answer, {"value": "yes"}, If_Match='"0"'))
    (news,) = json_of(viewer.get(f"{place}?since={first['cursor']}"))["results"]
    assert (news["action"], news["who"], news["requirement"]) == ("answer.saved", "Ben", YES_NO)
    assert news["after"]["value"] == "yes"
    # A report on its way is told of until it is there.
    Answer.objects.all().delete()
    submission = request.getfixturevalue("light_submission")
    report = request_report(submission=submission, kind="summary", lang="en", by=ada)
    told = json_of(viewer.get(place))
    Report.objects.filter(pk=report.pk).update(status="rendering", progress=40)
    with django_assert_max_num_queries(3):
        moving = json_of(viewer.get(f"{place}?since={told['cursor']}"))
    (line,) = moving["reports"]
    assert (moving["results"], line["progress"], line["status"]) == ([], 40, "rendering")
    Report.objects.update(status="ready")
    assert viewer.get(f"{place}?since={told['cursor']}").status_code == 304
    for bad in ("x", "-1", "9" * 19, "%00"):
        problem_of(viewer.get(f"{place}?since={bad}"), 400, "malformed")
