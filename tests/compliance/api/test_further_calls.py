"""Working together, people, evidence, the workbook, review and figures, through the API alone."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from checklists import load_catalogue
from compliance.models import (
    Answer,
    Assessment,
    AuditEvent,
    Comment,
    Evidence,
    Membership,
    Notification,
    Submission,
)
from compliance.services.answers import save_answer
from tests import factories
from tests.compliance.api.calls import V1, Api, json_of, problem_of
from tests.compliance.services.test_editions import next_edition

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
KIND = "orbit_lifetime_analysis"


def test_colleagues_hand_over_talk_and_confirm(
    assessment: Assessment,
    ada: Membership,
    ben: Membership,
    manager: Api,
    contributor: Api,
    viewer: Api,
) -> None:
    place = f"assessments/{assessment.pk}/"
    # Hands: by topic, by measure, one by one; each refusal names its field.
    to = {"to": ben.user.email.upper(), "due_on": "2030-01-31", "note": "Please."}
    given = json_of(manager.post(f"{place}delegations/", {"topic": "insurance", **to}))["changed"]
    assert {each["to"] for each in given} == {ben.user.email}
    topics = {each.id: each.topic for each in load_catalogue().requirements.values()}
    assert {topics[each["requirement"]] for each in given} == {"insurance"}
    assert json_of(manager.post(f"{place}delegations/", {"topic": "insurance", **to})) == {
        "changed": []
    }
    json_of(manager.post(f"{place}delegations/", {"requirements": [YES_NO], "to": ben.user.email}))
    assert len(viewer.all_of(f"{place}delegations/?limit=2")) == len(given) + 1
    took = manager.post(f"{place}delegations/withdraw/", {"requirements": [YES_NO]})
    assert json_of(took) == {"withdrawn": 1}
    for body, field in (
        ({"measure": 7, "topic": "insurance", **to}, "requirements"),
        ({**to}, "requirements"),
        ({"measure": 99, **to}, "measure"),
        ({"topic": "nothing", **to}, "topic"),
        ({"measure": 7, **to, "to": "dov@demo.example"}, "to"),
        ({"requirements": ["cnsa.nothing"], **to}, "requirements"),
    ):
        assert (
            field
            in problem_of(manager.post(f"{place}delegations/", body), 422, "invalid")["fields"]
        )

    # Words: mentioned, changed from the state that was read, taken back; and the mark.
    talk = f"{place}requirements/{YES_NO}/"
    said = json_of(contributor.post(f"{talk}comments/", {"text": "@Ada which one?"}), 201)
    assert (said["mentions"], said["is_mine"], said["version"]) == ([ada.user.email], True, 1)
    one = f"{talk}comments/{said['id']}/"
    assert manager.get(one).headers["ETag"] == '"1"'
    assert json_of(manager.get(one))["is_mine"] is False
    problem_of(contributor.call("PATCH", one, {"text": "x"}), 428, "if_match_missing")
    problem_of(contributor.call("DELETE", one), 428, "if_match_missing")
    problem_of(manager.call("PATCH", one, {"text": "x"}, If_Match='"1"'), 403, "not_permitted")
    changed = contributor.call("PATCH", one, {"text": "Which one?"}, If_Match='"1"')
    assert (json_of(changed)["version"], json_of(changed)["mentions"]) == (2, [])
    stale = contributor.call("PATCH", one, {"text": "Mine"}, If_Match='"1"')
    assert problem_of(stale, 412, "changed_meanwhile")["current"]["text"] == "Which one?"
    assert stale.headers["ETag"] == '"2"'
    problem_of(contributor.call("DELETE", one, If_Match='"1"'), 412, "changed_meanwhile")
    assert contributor.call("DELETE", one, If_Match='"2"').status_code == 204
    problem_of(contributor.call("PATCH", one, {"text": "x"}, If_Match="*"), 409, "wrong_status")
    assert [each["text"] for each in viewer.all_of(f"{talk}comments/")] == [""]
    assert json_of(contributor.post(f"{one}restore/"))["text"] == "Which one?"
    assert json_of(contributor.put(f"{talk}discussion/", {}))["by"] == "Ben"
    assert contributor.call("DELETE", f"{talk}discussion/").status_code == 204
    assert json_of(viewer.get(f"{talk}discussion/"))["is_marked"] is False
    assert Comment.objects.count() == 1

    # What was carried over waits until somebody confirms it; the title has a version, too.
    save_answer(assessment=assessment, requirement_id=YES_NO, value="yes", base_version=0, by=ben)
    Answer.objects.update(is_carried_over=True)
    confirmed = json_of(contributor.post(f"{place}confirm/", {"measure": 1}))["confirmed"]
    assert confirmed == [YES_NO]
    etag = manager.get(place).headers["ETag"]
    problem_of(manager.call("PATCH", place, {"title": "DO-4"}), 428, "if_match_missing")
    renamed = manager.call("PATCH", place, {"title": " DO-4  campaign"}, If_Match=etag)
    assert json_of(renamed)["title"] == "DO-4 campaign"
    stale = manager.call("PATCH", place, {"title": "DO-5"}, If_Match=etag)
    body = problem_of(stale, 412, "changed_meanwhile")
    assert body["current"]["title"] == "DO-4 campaign"
    assert stale.headers["ETag"] == renamed.headers["ETag"]
    json_of(manager.post(f"{place}archive/", {}))
    reply = manager.call("PATCH", place, {"title": "DO-5"}, If_Match="*")
    problem_of(reply, 409, "wrong_status")


def test_a_manager_keeps_the_people_of_the_firm(
    ada: Membership, ben: Membership, manager: Api, contributor: Api
) -> None:
    firm = f"firms/{ada.firm_id}/"
    body = {"email": "New@demo.example", "role": "officer"}
    for _time in range(2):
        sent = json_of(manager.post(f"{firm}invitations/", body, Idempotency_Key="i"), 201)
    assert (sent["email"], sent["was_sent"], sent["holds"]) == ("new@demo.example", True, True)
    assert len(mail.outbox) == 1
    assert "token" not in json.dumps(sent)
    assert manager.all_of(f"{firm}invitations/")[0]["id"] == sent["id"]
    one = f"{firm}invitations/{sent['id']}/"
    json_of(manager.post(f"{one}send/"))
    assert len(mail.outbox) == 2
    assert "http://testserver/invitations/" in str(mail.outbox[1].body)
    assert manager.call("DELETE", one).status_code == 204
    problem_of(manager.post(f"{one}send/"), 410, "invitation_gone")
    assert manager.all_of(f"{firm}invitations/") == []
    member = f"{firm}members/{ben.pk}/"
    changed = json_of(manager.call("PATCH", member, {"role": "viewer"}))
    assert changed["role"] == "viewer"
    problem_of(contributor.post(f"{firm}invitations/", body), 403, "not_permitted")
    alone = manager.call("PATCH", f"{firm}members/{ada.pk}/", {"role": "viewer"})
    problem_of(alone, 409, "wrong_status")
    assert manager.call("DELETE", member).status_code == 204
    problem_of(contributor.get(firm), 404, "not_found")
    assert json_of(manager.call("PATCH", "me/", {"language": "zh-hans"}))["language"] == "zh-hans"
    problem_of(manager.call("PATCH", "me/", {"language": "fr"}), 422, "invalid")


@pytest.mark.usefixtures("own_storage")
def test_evidence_is_corrected_replaced_moved_and_removed(
    assessment: Assessment, manager: Api, contributor: Api
) -> None:
    place = f"assessments/{assessment.pk}/evidence/"
    link = {"requirement": ORBIT, "kind": KIND, "url": "https://demo.example/a"}
    piece = json_of(contributor.post(place, link), 201)
    one = f"evidence/{piece['id']}/"
    assert contributor.get(one).headers["ETag"] == piece["etag"] == '"1"'
    problem_of(contributor.call("PATCH", one, {"title": "T"}), 428, "if_match_missing")
    saved = contributor.call("PATCH", one, {"expires_on": "2031-01-01"}, If_Match='"1"')
    assert (json_of(saved)["expires_on"], json_of(saved)["title"]) == (
        "2031-01-01",
        piece["title"],
    )
    stale = manager.call("PATCH", one, {"title": "Mine"}, If_Match='"1"')
    assert problem_of(stale, 412, "changed_meanwhile")["current"]["etag"] == '"2"'
    wrong = manager.call("PATCH", one, {"effective_on": "2032-01-01"}, If_Match='"2"')
    assert "expires_on" in problem_of(wrong, 422, "invalid")["fields"]
    there = [{"assessment": str(assessment.pk), "requirement": ORBIT}]
    assert json_of(contributor.get(f"{one}places/"))["places"] == there
    problem_of(contributor.call("DELETE", one), 422, "invalid")
    sent: dict[str, Any] = {"file": factories.pdf("newer.pdf"), "expires_on": ""}
    newer = json_of(contributor.upload(f"{one}replace/", sent, Idempotency_Key="r"), 201)
    assert (newer["replaces"], newer["expires_on"]) == (piece["id"], None)
    assert json_of(contributor.get(f"{one}places/"))["places"] == []
    two = f"evidence/{newer['id']}/"
    moved = contributor.put(f"{two}places/", {"detach": there})
    assert json_of(moved) == {"places": []}
    bad = {"attach": [*there, {"assessment": str(assessment.pk), "requirement": YES_NO}]}
    problem_of(contributor.put(f"{two}places/", bad), 422, "invalid")
    assert json_of(contributor.get(f"{two}places/"))["places"] == []
    assert contributor.call("DELETE", two).status_code == 204
    assert Evidence.objects.count() == 1


def test_a_workbook_goes_out_comes_back_and_is_applied(
    assessment: Assessment, manager: Api, contributor: Api
) -> None:
    place = f"assessments/{assessment.pk}/"
    book = openpyxl.load_workbook(io.BytesIO(contributor.get(f"{place}workbook/").content))
    for row in book.worksheets[1].iter_rows(min_row=3):
        if row[0].value == YES_NO:
            answer = next(
                c for c, head in enumerate(book.worksheets[1][1]) if head.value == "answer"
            )
            row[answer].value = "Partly"
    filled = io.BytesIO()
    book.save(filled)

    def upload(key: str) -> Any:
        file = SimpleUploadedFile("b.xlsx", filled.getvalue())
        return json_of(
            contributor.upload(f"{place}workbook/", {"file": file}, Idempotency_Key=key), 201
        )

    preview = upload("first")
    (change,) = preview["changes"]
    assert (change["key"], change["new"]["value"], preview["can_be_applied"]) == (
        YES_NO,
        "partly",
        True,
    )
    one = f"{place}workbook/{preview['id']}/"
    assert json_of(contributor.get(one))["changes"] == preview["changes"]
    problem_of(manager.get(one), 404, "not_found")
    # Somebody answers meanwhile: a conflict, to be decided knowingly.
    json_of(manager.put(f"{place}answers/{YES_NO}/", {"value": "no"}, If_Match='"0"'))
    (conflict,) = json_of(contributor.get(one))["conflicts"]
    assert (conflict["version"], conflict["who"]) == (1, "Ada")
    problem_of(contributor.post(f"{one}apply/", {}), 422, "invalid")
    body = {"keep": {YES_NO: "mine"}, "seen": {YES_NO: conflict["version"]}}
    assert json_of(contributor.post(f"{one}apply/", body)) == {"saved": 1}
    assert json_of(contributor.get(f"{place}answers/{YES_NO}/"))["value"] == "partly"
    problem_of(contributor.get(one), 404, "not_found")
    broken = {"file": SimpleUploadedFile("b.xlsx", b"PK nothing")}
    problem_of(contributor.upload(f"{place}workbook/", broken), 422, "invalid")


def test_officer_and_firm_ask_answer_and_close_what_was_found(
    light_submission: Submission, cleo: Membership, manager: Api, contributor: Api, officer: Api
) -> None:
    place = f"submissions/{light_submission.pk}/"
    (entry,) = officer.all_of("desk/?taken=nobody")
    assert (entry["submission"], entry["assigned_to"]) == (str(light_submission.pk), None)
    assert manager.all_of("desk/") == []
    taken = officer.post(f"{place}assign/", {"to": cleo.user.email})
    assert json_of(taken)["assigned_to"] == cleo.user.email
    assert len(officer.all_of("desk/?taken=me&state=waiting")) == 1
    nobody = officer.post(f"{place}assign/", {"to": "ada@demo.example"})
    assert "to" in problem_of(nobody, 422, "invalid")["fields"]
    asked = json_of(
        officer.post(f"{place}questions/", {"requirement": YES_NO, "text": "Which?"}), 201
    )
    one = f"questions/{asked['id']}/"
    for _time in range(2):
        reply = contributor.post(f"{one}answer/", {"answer": "This."}, Idempotency_Key="a")
        assert json_of(reply)["answered_by"] == "Ben"
    problem_of(contributor.post(f"{one}answer/", {"answer": "That."}), 409, "wrong_status")
    assert json_of(officer.get(one)) == officer.all_of(f"{place}questions/")[0]

    finding = {"requirement": YES_NO, "severity": "major", "missing": "The list.",
               "due_on": factories.next_year().isoformat()}  # fmt: skip
    json_of(officer.post(f"{place}findings/", finding), 201)
    accepted = json_of(officer.post(f"{place}accept/", {"statement": "Good."}))
    assert (accepted["decision"], accepted["with_conditions"]) == ("accepted", True)
    (action,) = contributor.all_of("corrective-actions/")
    line = f"corrective-actions/{action['id']}/"
    stale = contributor.call("PATCH", line, {"plan": "x"}, If_Match='"7"')
    assert problem_of(stale, 412, "changed_meanwhile")["current"]["etag"] == action["etag"]
    json_of(contributor.call("PATCH", line, {"status": "in_progress"}, If_Match=action["etag"]))
    shown = json_of(contributor.post(f"{line}evidence/", {"url": "https://demo.example/l"}), 201)
    assert json_of(contributor.get(line))["evidence"] == [shown["id"]]
    piece = f"{line}evidence/{shown['id']}/"
    assert contributor.call("DELETE", piece).status_code == 204
    assert json_of(contributor.put(piece, {}))["evidence"] == [shown["id"]]
    json_of(contributor.call("PATCH", line, {"status": "done", "comment": "Done."}))
    later = {"status": "reopened", "comment": "Not yet.", "due_on": "2030-05-05"}
    reopened = json_of(officer.call("PATCH", line, later))
    assert (reopened["status"], reopened["due_on"]) == ("reopened", "2030-05-05")
    plan = json_of(
        manager.get(f"firms/{light_submission.assessment.firm_id}/corrective-actions/export/"
                    "?format=oscal")
    )  # fmt: skip
    assert "plan-of-action-and-milestones" in plan


def test_every_figure_can_be_traced_compared_and_checked(
    light_submission: Submission,
    ada: Membership,
    manager: Api,
    officer: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = f"submissions/{light_submission.pk}/"
    json_of(officer.put(f"{place}determinations/{YES_NO}/", {"outcome": "met"}))
    whole = json_of(manager.get(place))
    trace = json_of(manager.get(f"{place}trace/?score=duty&lang=zh-hans"))
    for figure, earned in (("claimed", "earned"), ("confirmed", "confirmed_earned")):
        points = sum(Decimal(line[earned] or 0) for line in trace["lines"])
        assert points == Decimal(trace[figure]["points"])
        assert trace[figure]["percent"] == whole["scores"][figure]["duty"]
    assert any(letter > "一" for letter in trace["lines"][0]["title"])
    draft = factories.draft(ada, title="Later")
    live = f"assessments/{draft.pk}/"
    part = json_of(manager.get(f"{live}trace/?score=both&scope=measure:7"))
    assert {line["measure"] for line in part["lines"]} == {7}
    problem_of(manager.get(f"{live}trace/?scope=measure:99"), 400, "malformed")
    problem_of(manager.get(f"{live}trace/?score=x"), 400, "malformed")
    firm = f"firms/{ada.firm_id}/"
    both = f"from=submission:{light_submission.pk}&to=assessment:{draft.pk}"
    compared = json_of(manager.get(f"{firm}compare/?{both}"))
    assert compared["claimed"][0]["before"]["percent"] == whole["scores"]["claimed"]["duty"]
    assert {row["change"] for row in compared["changes"]} >= {"worse"}
    for bad in ("", "from=x&to=y", f"from=submission:{draft.pk}"):
        assert manager.get(f"{firm}compare/?{bad}").status_code in {400, 404}

    events = manager.all_of(f"{firm}trail/?limit=7")
    assert [each["sequence"] for each in events] == list(range(len(events), 0, -1))
    assert len(events) == AuditEvent.objects.filter(firm=ada.firm).count()
    mine = manager.all_of(f"{firm}trail/?area=review&who={officer_id(events)}")
    assert {each["action"] for each in mine} == {"determination.recorded"}
    assert json_of(manager.get(f"{firm}trail/check/"))["is_unbroken"] is True
    exported = Client().get(
        f"{V1}{firm}trail/export/?format=json", headers={"Authorization": f"Token {manager.token}"}
    )
    content = json.loads(b"".join(exported.streaming_content))  # type: ignore[attr-defined]
    assert len(content["events"]) == len(events)
    for bad in ("since=x", "area=x", "who=x", "assessment=x"):
        problem_of(manager.get(f"{firm}trail/?{bad}"), 400, "malformed")

    # A newer edition: looked at, moved to, undone.
    later = next_edition(load_catalogue())
    monkeypatch.setattr("compliance.selectors.editions.load_catalogue", lambda name: later)
    edition = json_of(manager.get(f"{live}edition/"))
    assert (edition["newer"]["edition"], edition["last_move"]) == ("2027.1", None)
    problem_of(manager.post(f"{live}edition/move/", {"to": "x"}), 409, "rules_changed")
    moved = json_of(manager.post(f"{live}edition/move/", {"to": edition["newer"]["digest"]}))
    assert (moved["edition"], moved["last_move"]["may_be_undone"]) == ("2027.1", True)
    assert json_of(manager.post(f"{live}edition/undo/"))["edition"] == edition["edition"]

    # What people are told.
    Notification.objects.create(
        to=ada.user, firm=ada.firm, kind="report", code="report.ready", key="k",
        details={"assessment": "DO-3"}, path="/", at=light_submission.submitted_at,
    )  # fmt: skip
    (told,) = manager.all_of("notifications/?unread=true&kind=report")
    assert "DO-3" in told["sentence"]
    assert json_of(manager.post("notifications/read/", {"ids": [told["id"]]})) == {"read": 1}
    assert manager.all_of("notifications/?unread=true&kind=report") == []
    off = {"preferences": [{"kind": "report", "in_site": False, "mail": "off"}]}
    saved = json_of(manager.call("PATCH", "notifications/preferences/", off))["preferences"]
    assert {"kind": "report", "in_site": False, "mail": "off", "may_be_off": True} in saved
    duty = {"preferences": [{"kind": "deadline", "in_site": False, "mail": "off"}]}
    refused = manager.call("PATCH", "notifications/preferences/", duty)
    problem_of(refused, 422, "invalid")


def officer_id(events: list[Any]) -> str:
    """Whoever determined something."""
    event = next(each for each in events if each["action"] == "determination.recorded")
    return str(AuditEvent.objects.get(sequence=event["sequence"], hash=event["hash"]).actor_id)


@pytest.mark.django_db
def test_the_rules_come_with_their_sources_words_and_places() -> None:
    api = Api()
    sources = api.all_of("catalogues/cnsa_2025_2027/references/?limit=30&lang=zh-hans")
    known = load_catalogue().references
    assert [each["id"] for each in sources] == list(known)
    one = json_of(api.get("catalogues/cnsa_2025_2027/references/CN-SMALLSAT-2021/"))
    assert ORBIT in one["requirements"]
    terms = json_of(api.get("catalogues/cnsa_2025_2027/glossary/"))["terms"]
    assert all(term["en"] and term["zh_hans"] for term in terms)
    plans = json_of(api.get("catalogues/cnsa_2025_2027/regions/"))["plans"]
    assert any(plan["requirements"] for plan in plans)
    assert all("url" not in line for plan in plans for line in plan["requirements"])
    problem_of(api.get("catalogues/cnsa_2025_2027/references/x/"), 404, "not_found")
