"""Problems, versions, repeats, pages of lists, languages: the same on every call."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import connection, models

from compliance import models as stored
from compliance.api.urls import v1
from compliance.models import (
    Assessment,
    AuditEvent,
    Comment,
    CorrectiveAction,
    Evidence,
    Invitation,
    KeptReply,
    Membership,
    Submission,
    User,
)
from compliance.services.answers import save_answer
from compliance.services.corrective_actions import open_actions
from compliance.services.discussion import add_comment
from compliance.services.review import raise_finding
from tests import factories
from tests.compliance.api.calls import PROBLEM, Api, api_of, json_of, problem_of

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"


def place_of(assessment: Assessment, requirement: str = YES_NO) -> str:
    return f"assessments/{assessment.pk}/answers/{requirement}/"


# --- versions -------------------------------------------------------------------------------------


def test_an_answer_is_saved_only_from_the_state_that_was_read(
    assessment: Assessment, contributor: Api, manager: Api
) -> None:
    place = place_of(assessment)
    first = contributor.get(place)
    assert (first.headers["ETag"], json_of(first)["version"]) == ('"0"', 0)
    problem_of(contributor.put(place, {"value": "yes"}), 428, "if_match_missing")
    saved = contributor.put(place, {"value": "yes", "note": "Ben's"}, If_Match='"0"')
    assert json_of(saved)["outcome"] == "met"
    stale = manager.put(place, {"value": "no", "note": "Ada's"}, If_Match='"0"')
    body = problem_of(stale, 412, "changed_meanwhile")
    assert (body["current"]["value"], body["current"]["note"]) == ("yes", "Ben's")
    assert stale.headers["ETag"] == saved.headers["ETag"] == body["current"]["etag"] == '"1"'
    for never in ('"7"', '"x"', "W/x", '"1", "2"', '"99999999999"'):
        problem_of(manager.put(place, {"value": "no"}, If_Match=never), 412, "changed_meanwhile")
    json_of(contributor.put(place, {"value": "partly", "note": "Later"}, If_Match='"1"'))
    third = problem_of(
        manager.put(place, {"value": "no"}, If_Match='"1"'), 412, "changed_meanwhile"
    )
    assert third["base"]["note"] == "Ben's"  # what both had before their eyes
    assert json_of(manager.put(place, {"value": "no"}, If_Match="*"))["version"] == 3
    assert json_of(manager.get(place))["note"] == ""


def test_facts_and_determinations_say_when_somebody_was_faster(
    submission: Submission, assessment: Assessment, manager: Api, officer: Api
) -> None:
    facts = f"assessments/{assessment.pk}/facts/"
    etag = manager.get(facts).headers["ETag"]
    assert json_of(manager.put(facts, {"firm.staff": 41}, If_Match=etag))["facts"]["firm.staff"]
    stale = manager.put(facts, {"facts": {"firm.staff": 42}}, If_Match=etag)
    body = problem_of(stale, 412, "changed_meanwhile")
    assert body["current"]["facts"]["firm.staff"] == "41"
    assert stale.headers["ETag"] == body["current"]["etag"]
    place = f"submissions/{submission.pk}/determinations/{YES_NO}/"
    assert json_of(officer.get(place))["outcome"] is None
    assert json_of(officer.put(place, {"outcome": "met"}, If_Match='"0"'))["version"] == 1
    stale = officer.put(place, {"outcome": "not_met", "comment": "No."}, If_Match='"0"')
    assert problem_of(stale, 412, "changed_meanwhile")["current"]["outcome"] == "met"


# --- repeats --------------------------------------------------------------------------------------


def test_a_repeated_request_does_nothing_twice(
    ada: Membership, dov: Membership, manager: Api, own_storage: None
) -> None:
    body = {"firm": str(ada.firm_id), "title": "DO-3", "as_of": "2026-11-20",
            "roles": ["satellite_operator"]}  # fmt: skip
    first = manager.post("assessments/", body, Idempotency_Key="k-1")
    again = manager.post("assessments/", body, Idempotency_Key="k-1")
    assert json_of(again, 201) == json_of(first, 201)
    assert again.headers["Location"] == first.headers["Location"]
    other = manager.post("assessments/", {**body, "title": "X"}, Idempotency_Key="k-1")
    problem_of(other, 422, "idempotency_key_reused")
    # A refusal is not kept: corrected, the same key works.
    problem_of(manager.post("assessments/", {}, Idempotency_Key="k-2"), 422, "invalid")
    json_of(manager.post("assessments/", body, Idempotency_Key="k-2"), 201)
    # The key is the person's own.
    theirs = {**body, "firm": str(dov.firm_id)}
    json_of(api_of(dov.user).post("assessments/", theirs, Idempotency_Key="k-1"), 201)
    assert Assessment.objects.count() == 3
    for bad in ("", "x" * 201, "schlüssel"):
        problem_of(manager.post("assessments/", body, Idempotency_Key=bad), 422, "invalid")
    # A file is part of what is asked.
    place = f"assessments/{json_of(first, 201)['id']}/evidence/"
    form = {"requirement": ORBIT, "kind": "orbit_lifetime_analysis"}
    for _time in range(2):
        sent = manager.upload(place, {**form, "file": factories.pdf()}, Idempotency_Key="k-3")
        json_of(sent, 201)
    changed = factories.pdf(content=factories.PDF + b"\n")
    reply = manager.upload(place, {**form, "file": changed}, Idempotency_Key="k-3")
    problem_of(reply, 422, "idempotency_key_reused")
    assert len(manager.all_of(place)) == 1
    # Whoever left the firm does not get the old answer either, and after a day it is gone.
    Membership.objects.filter(pk=ada.pk).delete()
    reply = manager.upload(place, {**form, "file": factories.pdf()}, Idempotency_Key="k-3")
    problem_of(reply, 404, "not_found")


@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_make_one_row(ada: Membership) -> None:
    api = api_of(ada.user)
    body = {"firm": str(ada.firm_id), "title": "DO-3", "as_of": "2026-11-20",
            "roles": ["satellite_operator"]}  # fmt: skip
    replies: list[Any] = []
    gate = threading.Barrier(20)

    def send() -> None:
        own = Api(api.token)
        gate.wait()
        replies.append(own.post("assessments/", body, Idempotency_Key="once"))
        connection.close()

    threads = [threading.Thread(target=send) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {json_of(reply, 201)["id"] for reply in replies} == {
        str(Assessment.objects.values_list("pk", flat=True).get())
    }
    assert AuditEvent.objects.filter(action="assessment.started").count() == 1
    assert KeptReply.objects.count() == 1


# --- bodies ---------------------------------------------------------------------------------------

HOSTILE: list[tuple[bytes, int, str]] = [
    (b"{", 400, "malformed"),
    (b"", 422, "invalid"),
    (b"null", 422, "invalid"),
    (b"[]", 422, "invalid"),
    (b'"text"', 422, "invalid"),
    (b'{"value": NaN}', 400, "malformed"),
    (b'{"value": Infinity}', 400, "malformed"),
    (b'{"value": "a", "value": "b"}', 400, "malformed"),
    (b'{"value": ' + b"9" * 5000 + b"}", 400, "malformed"),
    (b'{"value": 1e999999999}', 422, "invalid"),
    (b'{"value": -' + b"9" * 400 + b"}", 422, "invalid"),
    (b'{"note": "\\u0000"}', 400, "malformed"),
    (b'{"note": "\\ud800"}', 400, "malformed"),
    (b'{"note": "\xff"}', 400, "malformed"),
    (b"[" * 100_000, 400, "malformed"),
    (b'{"value": ' + b"[" * 50 + b"]" * 50 + b"}", 400, "malformed"),
    (b'{"value": ["yes"]}', 422, "invalid"),
    (b'{"value": {"a": 1}}', 422, "invalid"),
    (b'{"value": 7}', 422, "invalid"),
    (b'{"note": 7}', 422, "invalid"),
    (b'{"note": true}', 422, "invalid"),
    (b'{"flag": ["come_back"]}', 422, "invalid"),
    (b'{"flag": "later"}', 422, "invalid"),
    (b'{"_connector": "OR", "__class__": "x"}', 422, "invalid"),
    (b'{"note": "' + b"x" * 3_000_000 + b'"}', 413, "too_large"),
    (json.dumps({"note": "x" * 20_001}).encode(), 422, "invalid"),
]


def test_nothing_that_can_be_sent_is_an_error_of_ours(
    assessment: Assessment, contributor: Api
) -> None:
    place = place_of(assessment)
    for body, status, code in HOSTILE:
        reply = contributor.put(place, body, If_Match='"0"')
        assert problem_of(reply, status, code)["detail"], body[:40]
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"):
        reply = contributor.put(place, b"value=yes", If_Match='"0"', Content_Type=kind)
        problem_of(reply, 415, "unsupported_media_type")
    problem_of(contributor.get(place, Accept="text/html"), 406, "not_acceptable")
    problem_of(contributor.get(f"{place}?lang=fr"), 400, "malformed")
    reply = contributor.call("PATCH", place, {})
    assert problem_of(reply, 405, "method_not_allowed")
    assert reply.headers["Allow"] == "GET, PUT, HEAD"
    for nothing in ("/api/", "/api/v2/", "/api/v1/firms", "/api/v1/%00/", f"{place}x/"):
        problem_of(contributor.call("POST", nothing, {}), 404, "not_found")
    upload = contributor.call(
        "POST",
        f"assessments/{assessment.pk}/evidence/",
        b'--b\r\nContent-Disposition: form-data; name="kind"\r\n\r\n\x00\xff\r\n--b--',
        Content_Type="multipart/form-data; boundary=b; charset=idna",
    )
    problem_of(upload, 422, "invalid")
    assert json_of(contributor.get(place))["version"] == 0


def test_no_field_that_a_person_may_not_set_can_be_sent(
    assessment: Assessment,
    submission: Submission,
    ada: Membership,
    cleo: Membership,
    manager: Api,
    officer: Api,
) -> None:
    """Every column of every table, in every body: refused, and nothing changes."""
    names = {
        name
        for model in vars(stored).values()
        if isinstance(model, type) and issubclass(model, models.Model)
        for column in model._meta.concrete_fields
        for name in (column.name, column.attname)
    }
    firm = str(assessment.firm_id)
    comment = f"assessments/{assessment.pk}/requirements/{YES_NO}/comments/"
    said = add_comment(assessment=assessment, requirement_id=YES_NO, text="Mine.", by=ada)
    raise_finding(
        submission=submission,
        requirement_id=YES_NO,
        severity="minor",
        missing="A page.",
        due_on=factories.next_year(),
        by=cleo,
    )
    action = open_actions(submission, cleo)[0]
    bodies: list[tuple[Api, str, str, dict[str, Any]]] = [
        (manager, "POST", "assessments/", {"firm": firm, "title": "X", "as_of": "2026-11-20",
                                           "roles": ["satellite_operator"], "copy_from": None}),
        (manager, "PUT", place_of(assessment), {"value": "yes", "note": "", "flag": "",
                                                "not_applicable_reason": ""}),
        (manager, "POST", f"assessments/{assessment.pk}/submit/", {"statement": "", "name": "A B",
                                                                  "position": "Head"}),
        (manager, "POST", f"firms/{firm}/evidence/", {
            "kind": "", "title": "", "url": "", "effective_on": None,
            "expires_on": None}),
        (officer, "PUT", f"submissions/{submission.pk}/determinations/{YES_NO}/",
         {"outcome": "met", "comment": "", "opens_again": False}),
        (officer, "POST", f"submissions/{submission.pk}/findings/",
         {"requirement": YES_NO, "severity": "minor", "missing": "", "due_on": "2030-01-01"}),
        (officer, "POST", f"submissions/{submission.pk}/accept/", {"statement": ""}),
        (officer, "POST", f"submissions/{submission.pk}/return/", {"comment": ""}),
        (manager, "POST", f"submissions/{submission.pk}/reports/", {"kind": "full", "lang": "en"}),
        (manager, "PATCH", f"assessments/{assessment.pk}/", {"title": "Another"}),
        (manager, "PATCH", f"evidence/{Evidence.objects.all()[0].pk}/", {
            "kind": "", "title": "", "effective_on": None, "expires_on": None}),
        (manager, "POST", f"evidence/{Evidence.objects.all()[0].pk}/replace/", {
            "title": "", "url": "", "effective_on": None, "expires_on": None}),
        (manager, "PATCH", f"{comment}{said.pk}/", {"text": "x"}),
        (manager, "POST", comment, {"text": "x"}),
        (manager, "PATCH", f"corrective-actions/{action.pk}/", {
            "title": "", "plan": "", "owner": None, "due_on": "2030-01-01", "cost": None,
            "currency": "CNY", "status": "in_progress", "milestones": [], "comment": ""}),
        (manager, "PATCH", f"firms/{firm}/members/{ada.pk}/", {"role": "manager"}),
        (manager, "POST", f"firms/{firm}/invitations/", {"email": "a@b.example", "role": "viewer"}),
        (manager, "POST", f"assessments/{assessment.pk}/delegations/", {
            "requirements": [], "to": "x", "due_on": None, "note": ""}),
        (manager, "PATCH", "me/", {"language": "en"}),
        (manager, "PATCH", "notifications/preferences/", {"preferences": []}),
        (officer, "POST", f"submissions/{submission.pk}/questions/", {
            "requirement": YES_NO, "text": "x"}),
        (officer, "POST", f"submissions/{submission.pk}/assign/", {"to": None}),
    ]  # fmt: skip
    kept = (Assessment, Evidence, Comment, CorrectiveAction, Membership, Invitation, User)
    before = [list(model.objects.order_by("pk").values()) for model in kept]
    for api, method, path, body in bodies:
        extra = dict.fromkeys(names - set(body), "x")
        refused = problem_of(
            api.call(method, path, {**body, **extra}, If_Match="*"), 422, "invalid"
        )
        assert set(refused["fields"]) <= set(extra), path
        for name in ("status", "firm", "digest", "sha256", "version", "band", "decision"):
            if name not in body:
                reply = api.call(method, path, {**body, name: "x"}, If_Match="*")
                assert list(problem_of(reply, 422, "invalid")["fields"]) == [name], path
    assert [list(model.objects.order_by("pk").values()) for model in kept] == before


# --- lists, languages, times ----------------------------------------------------------------------


def test_lists_hold_their_place_while_rows_come_and_go(
    ada: Membership, assessment: Assessment, manager: Api
) -> None:
    for number in range(5):
        factories.draft(ada, title=f"Mission {number}")
    everything = [row["title"] for row in manager.all_of("assessments/?limit=2")]
    assert everything == [f"Mission {n}" for n in (4, 3, 2, 1, 0)] + [assessment.title]
    page = json_of(manager.get("assessments/?limit=2"))
    assert page["previous"] is None
    factories.draft(ada, title="Newcomer")
    second = json_of(manager.get(page["next"].removeprefix("http://testserver")))
    assert [row["title"] for row in second["results"]] == ["Mission 2", "Mission 1"]
    back = json_of(manager.get(second["previous"].removeprefix("http://testserver")))
    assert [row["title"] for row in back["results"]] == ["Mission 4", "Mission 3"]
    rows = f"assessments/{assessment.pk}/requirements/"
    whole = json_of(manager.get(rows))["results"]
    assert len(whole) >= 140
    assert manager.all_of(f"{rows}?limit=33") == whole
    some = manager.all_of(f"{rows}?limit=9&measure=7&outcome=not_answered")
    assert some == [r for r in whole if r["measure"] == 7 and r["outcome"] == "not_answered"]
    for bad in ("limit=0", "limit=201", "limit=x", "cursor=x", "cursor=WyJhIl0=", "outcome=x",
                "measure=99", "topic=x", "cursor=%00", "limit=%EF%BC%95"):  # fmt: skip
        problem_of(manager.get(f"{rows}?{bad}"), 400, "malformed")
    for bad in ("firm=x", "status=x", "cursor=WyJhIiwieCIsInkiXQ=="):
        problem_of(manager.get(f"assessments/?{bad}"), 400, "malformed")


def test_texts_come_in_the_language_asked_for_and_times_in_utc(
    assessment: Assessment, ben: Membership, contributor: Api
) -> None:
    place = place_of(assessment)
    english = json_of(contributor.get(place))["applicability_reason"]
    for reply in (
        contributor.get(f"{place}?lang=zh-hans"),
        contributor.get(place, Accept_Language="zh-CN,zh;q=0.9"),
    ):
        assert json_of(reply)["applicability_reason"] != english
        assert reply.headers["Content-Language"] == "zh-hans"
    refused = contributor.put(f"{place}?lang=zh-hans", {"value": "maybe"}, If_Match='"0"')
    assert "选项" in problem_of(refused, 422, "invalid")["fields"]["value"]
    save_answer(assessment=assessment, requirement_id=YES_NO, value="yes", base_version=0, by=ben)
    assert json_of(contributor.get(place))["updated_at"].endswith("Z")
    reply = contributor.get(place, X_Request_ID="my-own-id-123")
    assert reply.headers["X-Request-ID"] == "my-own-id-123"
    reply = contributor.get(place, X_Request_ID="<script>\n")
    assert reply.headers["X-Request-ID"] not in ("", "<script>\n")


def test_an_answer_alone_is_judged_as_among_all_the_others(
    answered_assessment: Assessment, contributor: Api
) -> None:
    kept = ("outcome", "reason", "applicability", "applicability_reason")
    rows = contributor.all_of(f"assessments/{answered_assessment.pk}/requirements/")
    assert {row["outcome"] for row in rows} >= {"met", "not_applicable"}
    for row in rows[::3]:
        alone = json_of(contributor.get(place_of(answered_assessment, row["requirement"])))
        assert {name: alone[name] for name in kept} == {name: row[name] for name in kept}


def test_saving_and_listing_stay_within_their_queries(
    answered_assessment: Assessment, contributor: Api, django_assert_max_num_queries: Any
) -> None:
    place = place_of(answered_assessment)
    contributor.get(place)  # the use of the token is noted
    with django_assert_max_num_queries(12):  # with BEGIN, COMMIT and their like
        json_of(contributor.put(place, {"value": "no"}, If_Match='"1"'))
    for path, most in (
        (f"assessments/{answered_assessment.pk}/requirements/", 5),
        (f"assessments/{answered_assessment.pk}/", 8),
        ("assessments/", 9),
        ("submissions/", 8),
    ):
        with django_assert_max_num_queries(most):
            json_of(contributor.get(path))


def test_a_fault_of_ours_is_a_problem_too(
    assessment: Assessment, contributor: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("compliance.api.answers.row_of", fail)
    reply = contributor.get(place_of(assessment))
    assert reply.headers["Content-Type"] == PROBLEM
    assert b"secret" not in reply.content
    problem_of(reply, 500, "failed")


def test_every_address_ends_with_a_slash_and_stands_under_its_version() -> None:
    assert all(str(pattern.pattern).endswith("/") for pattern in v1)
