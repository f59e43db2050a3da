"""Every call × everybody: role, firm, scope; a call that is not in TABLE fails the first test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, reverse

from compliance.api.urls import urlpatterns, v1
from compliance.models import (
    AccessToken,
    Answer,
    Assessment,
    AuditEvent,
    ClosingEvidence,
    Comment,
    CorrectiveAction,
    Delegation,
    Determination,
    Evidence,
    EvidenceUse,
    Finding,
    Firm,
    Invitation,
    KeptReply,
    Membership,
    Question,
    Report,
    Scope,
    Submission,
    Webhook,
    WebhookDelivery,
    WorkbookUpload,
)
from compliance.services.corrective_actions import open_actions
from compliance.services.discussion import add_comment
from compliance.services.evidence import attach_evidence
from compliance.services.invitations import invite
from compliance.services.questions import ask_question
from compliance.services.reports import request_report
from compliance.services.review import raise_finding
from compliance.services.webhooks import add_webhook, ping_webhook
from tests import factories
from tests.compliance.api.calls import Api, api_of, json_of, problem_of

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
CANARY = "CANARY-OF-A"
Statuses = tuple[int, int, int, int]  # viewer, contributor, manager, officer
ALL: Statuses = (200, 200, 200, 200)
MANAGER: Statuses = (403, 403, 200, 403)


@dataclass(frozen=True)
class Call:
    """One method of one address, with a body that it takes."""

    name: str
    method: str
    expected: Statuses
    args: tuple[str, ...] = ()
    body: Any = None
    query: str = ""
    if_match: str = ""
    is_public: bool = False
    scope: str = "write"

    @property
    def needs(self) -> str:
        return "read" if self.method == "GET" else self.scope


def officer(ok: int) -> Statuses:
    return (403, 403, 403, ok)


DRAFT, SUBMISSION = ("draft",), ("submission",)
PLACE = ("draft", "requirement")
TABLE = [
    Call("api_token", "POST", (422,) * 4, body={}, is_public=True),
    Call("api_tokens", "GET", ALL),
    Call("api_me", "GET", ALL),
    Call("api_me", "PATCH", ALL, body={"language": "en"}),
    Call("api_token_revoke", "DELETE", (404, 404, 204, 404), ("token",)),
    Call("api_catalogues", "GET", ALL, is_public=True),
    Call("api_catalogue", "GET", ALL, ("catalogue",), is_public=True),
    Call("api_catalogue_requirements", "GET", ALL, ("catalogue",), is_public=True),
    Call("api_catalogue_requirement", "GET", ALL, ("catalogue", "requirement"), is_public=True),
    Call("api_references", "GET", ALL, ("catalogue",), is_public=True),
    Call("api_reference", "GET", ALL, ("catalogue", "reference"), is_public=True),
    Call("api_glossary", "GET", ALL, ("catalogue",), is_public=True),
    Call("api_regions", "GET", ALL, ("catalogue",), is_public=True),
    Call("api_firms", "GET", ALL),
    Call("api_firms", "POST", (403,) * 4, body={"name": "New Co."}),
    Call("api_firm", "GET", ALL, ("firm",)),
    Call("api_members", "GET", ALL, ("firm",)),
    Call("api_member", "GET", ALL, ("firm", "member")),
    Call("api_member", "PATCH", (403, 403, 200, 403), ("firm", "member"), {"role": "viewer"}),
    Call("api_member", "DELETE", (403, 403, 204, 403), ("firm", "member")),
    Call("api_invitations", "GET", (403, 403, 200, 403), ("firm",)),
    Call(
        "api_invitations",
        "POST",
        (403, 403, 201, 403),
        ("firm",),
        {"email": "new@demo.example", "role": "viewer"},
    ),
    Call("api_invitation", "DELETE", (403, 403, 204, 403), ("firm", "invitation")),
    Call("api_invitation_send", "POST", (403, 403, 200, 403), ("firm", "invitation")),
    Call(
        "api_compare",
        "GET",
        ALL,
        ("firm",),
        query="?from=assessment:{draft}&to=submission:{submission}",
    ),
    Call("api_firm_trail", "GET", (403, 403, 200, 200), ("firm",)),
    Call("api_trail_check", "GET", (403, 403, 200, 200), ("firm",)),
    Call("api_trail_export", "GET", (403, 403, 200, 200), ("firm",), query="?format=json"),
    Call("api_actions_export", "GET", ALL, ("firm",), query="?format=oscal"),
    Call("api_library", "GET", ALL, ("firm",)),
    Call("api_library", "POST", (403, 201, 201, 403), ("firm",), {"url": "https://a.example/"}),
    Call("api_assessments", "GET", ALL),
    Call(
        "api_assessments",
        "POST",
        (403, 403, 201, 403),
        body={
            "firm": "{firm}",
            "title": "Another",
            "as_of": "2026-11-20",
            "roles": ["satellite_operator"],
            "copy_from": "{draft}",
        },
    ),
    Call("api_assessment", "GET", ALL, DRAFT),
    Call("api_assessment", "PATCH", (403, 403, 200, 403), DRAFT, {"title": "DO-4"}, if_match="*"),
    Call("api_archive", "POST", (403, 403, 200, 403), DRAFT),
    Call("api_problems", "GET", ALL, DRAFT),
    Call("api_submit", "POST", (403, 403, 422, 403), DRAFT, {"statement": ""}),
    Call("api_facts", "GET", ALL, DRAFT),
    Call("api_facts", "PUT", (403, 403, 200, 403), DRAFT, {"facts": {"firm.staff": 41}}),
    Call("api_assessment_export", "GET", ALL, DRAFT),
    Call("api_assessment_import", "POST", (403, 403, 422, 403), ("firm",), {}),
    Call("api_changes", "GET", ALL, DRAFT),
    Call("api_trail", "GET", ALL, DRAFT),
    Call("api_assessment_trace", "GET", ALL, DRAFT, query="?score=duty&scope=measure:7"),
    Call("api_firm_plans", "GET", ALL, DRAFT),
    Call("api_edition", "GET", ALL, DRAFT),
    Call("api_edition_move", "POST", (403, 403, 409, 403), DRAFT, {"to": "x"}),
    Call("api_edition_undo", "POST", (403, 403, 409, 403), DRAFT),
    Call("api_workbook", "GET", ALL, DRAFT),
    Call("api_workbook", "POST", (403, 415, 415, 403), DRAFT, {}),
    # Only whoever uploaded a workbook sees what it changes.
    Call("api_workbook_preview", "GET", (404, 200, 404, 404), ("draft", "workbook")),
    Call("api_workbook_apply", "POST", (404, 200, 404, 404), ("draft", "workbook"), {}),
    Call("api_delegations", "GET", ALL, DRAFT),
    Call(
        "api_delegations",
        "POST",
        (403, 403, 200, 403),
        DRAFT,
        {"topic": "insurance", "to": "ben@demo.example"},
    ),
    Call("api_delegations_withdraw", "POST", (403, 403, 200, 403), DRAFT, {"measure": 7}),
    Call("api_carried", "POST", (403, 200, 200, 403), DRAFT, {"measure": 7}),
    Call("api_comments", "GET", ALL, PLACE),
    Call("api_comments", "POST", (403, 201, 201, 403), PLACE, {"text": "@Ada: a word."}),
    Call("api_comment", "GET", ALL, (*PLACE, "comment")),
    Call(
        "api_comment",
        "PATCH",
        (403, 200, 403, 403),
        (*PLACE, "comment"),
        {"text": "Other words."},
        if_match='"1"',
    ),
    Call("api_comment", "DELETE", (403, 204, 403, 403), (*PLACE, "comment"), if_match='"1"'),
    Call("api_comment_restore", "POST", (403, 200, 403, 403), (*PLACE, "comment")),
    Call("api_discussion", "GET", ALL, PLACE),
    Call("api_discussion", "PUT", (403, 200, 200, 403), PLACE),
    Call("api_discussion", "DELETE", (403, 204, 204, 403), PLACE),
    Call("api_rows", "GET", ALL, DRAFT),
    Call(
        "api_answers",
        "PUT",
        (403, 200, 200, 403),
        DRAFT,
        {"answers": [{"requirement": YES_NO, "value": "yes", "etag": '"0"'}]},
    ),
    Call("api_answer", "GET", ALL, ("draft", "requirement")),
    Call(
        "api_answer",
        "PUT",
        (403, 200, 200, 403),
        ("draft", "requirement"),
        {"value": "yes", "note": "", "not_applicable_reason": "", "flag": ""},
        if_match='"0"',
    ),
    Call("api_assessment_evidence", "GET", ALL, DRAFT),
    Call(
        "api_assessment_evidence",
        "POST",
        (403, 201, 201, 403),
        DRAFT,
        {"requirement": ORBIT, "kind": "orbit_lifetime_analysis", "url": "https://a.example/"},
    ),
    Call("api_evidence_use", "PUT", (403, 200, 200, 403), ("draft", "orbit", "evidence")),
    Call("api_evidence_use", "DELETE", (403, 204, 204, 403), ("draft", "orbit", "evidence")),
    Call("api_evidence", "GET", ALL, ("evidence",)),
    Call(
        "api_evidence",
        "PATCH",
        (403, 200, 200, 403),
        ("evidence",),
        {"title": "Another title"},
        if_match='"1"',
    ),
    Call("api_evidence", "DELETE", (403, 422, 422, 403), ("evidence",)),
    Call(
        "api_evidence_replace",
        "POST",
        (403, 201, 201, 403),
        ("evidence",),
        {"url": "https://a.example/b"},
    ),
    Call("api_evidence_places", "GET", ALL, ("evidence",)),
    Call("api_evidence_places", "PUT", (403, 200, 200, 403), ("evidence",), {}),
    Call("api_evidence_download", "GET", ALL, ("evidence",)),
    Call("api_submissions", "GET", ALL),
    Call("api_submission", "GET", ALL, SUBMISSION),
    Call("api_export", "GET", ALL, SUBMISSION, query="?format=csv"),
    Call("api_determination", "GET", ALL, ("submission", "requirement")),
    Call(
        "api_determination",
        "PUT",
        officer(200),
        ("submission", "requirement"),
        {"outcome": "met", "comment": "Seen.", "opens_again": False},
        if_match='"0"',
        scope="review",
    ),
    Call("api_confirm", "POST", officer(200), SUBMISSION, {"measure": 1}, scope="review"),
    Call("api_findings", "GET", ALL, SUBMISSION),
    Call(
        "api_findings",
        "POST",
        officer(201),
        SUBMISSION,
        {"requirement": YES_NO, "severity": "minor", "missing": "A page.", "due_on": "2030-01-01"},
        scope="review",
    ),
    Call(
        "api_return",
        "POST",
        officer(200),
        SUBMISSION,
        {"comment": "Again.", "reopen_facts": True},
        scope="review",
    ),
    Call("api_accept", "POST", officer(200), SUBMISSION, {"statement": "Good."}, scope="review"),
    Call("api_withdraw", "POST", (403, 403, 200, 403), SUBMISSION, {"reason": "Too early."}),
    Call("api_submission_trace", "GET", ALL, SUBMISSION),
    Call("api_questions", "GET", ALL, SUBMISSION),
    Call(
        "api_questions",
        "POST",
        officer(201),
        SUBMISSION,
        {"requirement": YES_NO, "text": "Which call?"},
        scope="review",
    ),
    Call("api_question", "GET", ALL, ("question",)),
    Call("api_question_answer", "POST", (403, 200, 200, 403), ("question",), {"answer": "This."}),
    Call("api_desk", "GET", ALL),
    Call("api_assign", "POST", officer(200), SUBMISSION, {"to": None}, scope="review"),
    Call("api_closing_evidence", "POST", (403, 201, 201, 403), ("action",), {"url": "http://a.b/"}),
    Call("api_closing_piece", "PUT", (403, 200, 200, 403), ("action", "evidence")),
    Call("api_closing_piece", "DELETE", (403, 204, 204, 403), ("action", "evidence")),
    Call("api_notifications", "GET", ALL),
    Call("api_notifications_read", "POST", ALL, body={}),
    Call("api_preferences", "GET", ALL),
    Call("api_preferences", "PATCH", ALL, body={"preferences": []}),
    Call("api_actions", "GET", ALL),
    Call(
        "api_actions",
        "POST",
        (403, 201, 201, 403),
        body={
            "assessment": "{draft}",
            "requirement": YES_NO,
            "title": "A list",
            "due_on": "2030-01-01",
        },
    ),
    Call("api_action", "GET", ALL, ("action",)),
    Call("api_action", "PATCH", (403, 200, 200, 403), ("action",), {"status": "in_progress"}),
    Call("api_reports", "GET", ALL, SUBMISSION),
    Call("api_reports", "POST", (202,) * 4, SUBMISSION, {"kind": "summary", "lang": "en"}),
    Call("api_report", "GET", ALL, ("report",)),
    Call("api_verify", "GET", ALL, query="?code=TH-2222-2222-2222", is_public=True),
    Call("api_report_cancel", "POST", (403, 403, 200, 200), ("waiting_report",)),
    Call("api_report_retry", "POST", (202,) * 4, ("report",)),
    Call("api_evidence_bundle", "GET", ALL, SUBMISSION),
    Call("api_firm_naming", "PUT", MANAGER, ("firm",), {"is_named_in_checks": False}),
    Call("api_report_download", "GET", (404,) * 4, ("report",)),
    Call("api_webhooks", "GET", MANAGER, ("firm",)),
    Call(
        "api_webhooks",
        "POST",
        (403, 403, 201, 403),
        ("firm",),
        {"url": "https://hook.example/", "areas": ["status"]},
    ),
    Call("api_webhook", "GET", MANAGER, ("webhook",)),
    Call("api_webhook", "DELETE", (403, 403, 204, 403), ("webhook",)),
    Call("api_webhook_pause", "POST", MANAGER, ("webhook",)),
    Call("api_webhook_resume", "POST", MANAGER, ("webhook",)),
    Call("api_webhook_ping", "POST", (403, 403, 202, 403), ("webhook",)),
    Call("api_deliveries", "GET", MANAGER, ("webhook",)),
    Call("api_replay", "POST", (403, 403, 202, 403), ("delivery",)),
]
FIRMS_OWN = {
    *("token", "firm", "draft", "evidence", "submission", "action", "report"),
    *("webhook", "delivery", "question"),
}


@dataclass(frozen=True)
class World:
    """One firm's things, each with the canary in it."""

    things: dict[str, Any]

    def send(self, api: Api, call: Call, **headers: str) -> Any:
        url = reverse(call.name, args=[self.things[arg] for arg in call.args])
        url += call.query.format(**self.things)
        body = call.body
        if isinstance(body, dict):
            filled = json.dumps(body)
            for name, thing in self.things.items():
                filled = filled.replace(f"{{{name}}}", str(thing))
            body = filled.encode()
        if call.if_match:
            headers["If_Match"] = call.if_match
        return api.call(call.method, url, body, **headers)


@pytest.fixture
def a(
    stated_assessment: Assessment,
    ada: Membership,
    ben: Membership,
    cleo: Membership,
    vera: Membership,
    own_storage: None,
) -> World:
    firm = ada.firm
    firm.name = f"{CANARY} firm"
    firm.save()
    Assessment.objects.filter(pk=stated_assessment.pk).update(title=f"{CANARY} handed in")
    submission = factories.submitted(Assessment.objects.get(pk=stated_assessment.pk), ada)
    finding = raise_finding(
        submission=submission,
        requirement_id=YES_NO,
        severity="major",
        missing=f"{CANARY} gap",
        due_on=factories.next_year(),
        by=cleo,
    )
    question = ask_question(
        submission=submission, requirement_id=YES_NO, text=f"{CANARY} question", by=cleo
    )
    action = open_actions(submission, cleo)[0]
    # As before the officer began, so that the firm may still take it back.
    Assessment.objects.filter(pk=stated_assessment.pk).update(status="submitted")
    draft = factories.draft(ada, title=f"{CANARY} draft")
    evidence = attach_evidence(
        assessment=draft,
        requirement_id=ORBIT,
        kind="orbit_lifetime_analysis",
        title=f"{CANARY} evidence",
        upload=factories.pdf(f"{CANARY}.pdf"),
        by=ben,
    )
    comment = add_comment(assessment=draft, requirement_id=YES_NO, text=f"{CANARY} remark", by=ben)
    invited = invite(
        firm=firm, email=f"{CANARY.lower()}@demo.example", role="viewer", link_to=str, by=ada
    )
    report = request_report(submission=submission, kind="full", lang="en", by=ada)
    Report.objects.filter(pk=report.pk).update(status="failed", error=f"{CANARY} error")
    waiting = request_report(submission=submission, kind="summary", lang="zh-hans", by=ada)
    webhook = add_webhook(
        firm=firm, url=f"https://{CANARY.lower()}.example/", areas=["answers"], by=ada
    )
    delivery = ping_webhook(webhook=webhook, by=ada)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(status="failed", answer=CANARY)
    return World(
        {
            "webhook": webhook.pk,
            "delivery": delivery.pk,
            "firm": firm.pk,
            "draft": draft.pk,
            "catalogue": "cnsa_2025_2027",
            "reference": "CN-SMALLSAT-2021",
            "member": ben.pk,
            "invitation": invited.invitation.pk,
            "comment": comment.pk,
            "question": question.pk,
            "workbook": WorkbookUpload.objects.create(
                assessment=draft,
                uploaded_by=ben.user,
                uploaded_at=submission.submitted_at,
                filename=f"{CANARY}.xlsx",
                cells={"requirement": {"sheet": "Requirements", "rows": []}},
            ).pk,
            "requirement": YES_NO,
            "orbit": ORBIT,
            "evidence": evidence.pk,
            "submission": submission.pk,
            "finding": finding.pk,
            "action": action.pk,
            "report": report.pk,
            "waiting_report": waiting.pk,
            "token": AccessToken.objects.create(
                user=ada.user,
                name=f"{CANARY} token",
                scopes=["read"],
                digest="0" * 64,
                created_at=submission.submitted_at,
            ).pk,
        }
    )


def undone(world: World, api: Api, call: Call, **headers: str) -> Any:
    """Send it, and undo what it did."""
    begun = transaction.savepoint()
    reply = world.send(api, call, **headers)
    if not transaction.get_connection().needs_rollback:
        transaction.savepoint_rollback(begun)
    return reply


def text_of(reply: Any) -> str:
    return "" if reply.streaming else reply.content.decode("utf-8", "replace")


def methods(view: Any) -> Iterator[str]:
    yield from (name.upper() for name in ("get", "post", "put", "patch", "delete") if
                hasattr(view.view_class, name))  # fmt: skip


def test_every_call_is_in_the_table() -> None:
    served = {(p.name, method) for p in v1 for method in methods(p.callback)}
    assert served == {(call.name, call.method) for call in TABLE}
    others = [p.name for p in urlpatterns if isinstance(p, URLPattern)]
    assert others == ["api_schema", "api_docs", "api_nothing"]


def test_each_role_and_each_scope_gets_what_the_table_says(
    a: World, vera: Membership, ben: Membership, ada: Membership, cleo: Membership
) -> None:
    wrong = []
    for column, member in enumerate((vera, ben, ada, cleo)):
        api = api_of(member.user)
        for call in TABLE:
            reply = undone(a, api, call)
            if reply.status_code != call.expected[column]:
                wrong.append((member.role, call.name, call.method, reply.status_code))
            assert reply.headers["Cache-Control"] == "private, no-store"
            assert reply.headers["X-Request-ID"]
    assert wrong == []
    left = list(TABLE)
    for column, member in ((2, ada), (3, cleo)):  # a token without the scope
        for call in list(left):
            if call.is_public or call.expected[column] in (403, 404) or call.name == "api_action":
                continue
            left.remove(call)
            others = [scope for scope in Scope.values if scope != call.needs]
            reply = undone(a, api_of(member.user, *others), call)
            if reply.status_code != 403:
                wrong.append(("scope", call.name, call.method, reply.status_code))
    assert wrong == []


def checksum() -> list[Any]:
    """Every row that an intruder could have touched."""
    models = (
        *(Firm, Membership, Invitation, Assessment, Answer, Comment, Delegation, Evidence),
        *(EvidenceUse, ClosingEvidence, Submission, Finding, Question),
    )
    later = (Determination, Report, AuditEvent, CorrectiveAction, Webhook, WebhookDelivery)
    return [list(model.objects.order_by("pk").values()) for model in (*models, *later)]


def test_strangers_and_other_firms_get_nothing_and_change_nothing(
    a: World, dov: Membership
) -> None:
    stranger, other = Api(), api_of(dov.user)
    before = checksum()
    for call in TABLE:
        reply = a.send(stranger, call)
        if not call.is_public:
            problem_of(reply, 401, "not_signed_in")
            assert reply.headers["WWW-Authenticate"].startswith("Token"), call.name
        assert CANARY not in text_of(reply), call.name
        if FIRMS_OWN & set(call.args) or call.name in {"api_assessments", "api_actions"}:
            for key in ("", "k"):
                reply = a.send(other, call, **({"Idempotency_Key": key} if key else {}))
                if call.method != "GET" or call.args:
                    problem_of(reply, 404, "not_found")
                assert CANARY not in text_of(reply), call.name
    assert checksum() == before
    assert not KeptReply.objects.exists()
    for call in TABLE:  # the lists of the other firm hold nothing of this one
        if call.method == "GET" and not call.args:
            assert CANARY not in text_of(a.send(other, call)), call.name


def test_another_firms_things_are_not_taken_in_by_their_id(a: World, dov: Membership) -> None:
    other = api_of(dov.user)
    theirs = factories.draft(dov, title="Theirs")
    body = {"firm": str(dov.firm_id), "title": "Copy", "as_of": "2026-11-20",
            "roles": ["satellite_operator"], "copy_from": str(a.things["draft"])}  # fmt: skip
    before = checksum()
    assert "copy_from" in problem_of(other.post("assessments/", body), 422, "invalid")["fields"]
    place = f"assessments/{theirs.pk}/requirements/{ORBIT}/evidence/{a.things['evidence']}/"
    problem_of(other.put(place, {}), 404, "not_found")
    problem_of(other.call("DELETE", place), 404, "not_found")
    assert checksum() == before


def test_a_token_ends_by_revoking_by_time_and_with_the_person(
    ada: Membership, manager: Api
) -> None:
    kept = AccessToken.objects.get()
    assert manager.token not in json.dumps(list(AccessToken.objects.values()), default=str)
    assert json_of(manager.get("auth/tokens/"))["results"][0]["starts_with"] == kept.start
    for change in ({"revoked_at": kept.created_at}, {"expires_at": kept.created_at}):
        begun = transaction.savepoint()
        AccessToken.objects.update(**change)
        problem_of(manager.get("firms/"), 401, "not_signed_in")
        problem_of(manager.get("catalogues/"), 401, "not_signed_in")
        transaction.savepoint_rollback(begun)
    ada.user.is_active = False
    ada.user.save()
    problem_of(manager.get("firms/"), 401, "not_signed_in")
    ada.user.is_active = True
    ada.user.save()
    assert manager.call("DELETE", f"auth/tokens/{kept.pk}/").status_code == 204
    problem_of(manager.get("firms/"), 401, "not_signed_in")
    for broken in (
        "Token",
        "Token ",
        "Token \xff",
        "Basic YTpi",
        "token x y",
        "Token " + "x" * 9000,
    ):
        problem_of(Api().get("firms/", Authorization=broken), 401, "not_signed_in")


def test_a_password_opens_nothing_but_a_token_and_guessing_is_limited(ada: Membership) -> None:
    right = {"email": ada.user.email, "password": factories.PASSWORD}
    for body in ({**right, "password": "wrong"}, {**right, "email": "nobody@demo.example"}):
        problem_of(Api().post("auth/token/", body), 401, "wrong_credentials")
    for _attempt in range(4):
        Api().post("auth/token/", {**right, "password": "wrong"})
    reply = Api().post("auth/token/", right)
    problem_of(reply, 429, "too_many_attempts")
    assert int(reply.headers["Retry-After"]) > 0
    # Whoever is limited here is limited on the sign-in page as well.
    page = Client().post(
        reverse("account_login"), {"login": ada.user.email, "password": factories.PASSWORD}
    )
    assert page.status_code == 200


def test_a_browser_calls_with_its_session_and_the_csrf_token(ada: Membership) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(ada.user)
    api = Api(client=client)
    assert json_of(api.get("firms/"))["results"][0]["name"] == ada.firm.name
    problem_of(api.post("assessments/", {}), 403, "not_permitted")
    secret = client.get(reverse("tokens")).cookies["csrftoken"].value
    problem_of(api.post("assessments/", {}, X_CSRFToken=secret), 422, "invalid")
