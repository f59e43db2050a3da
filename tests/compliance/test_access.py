"""Every page × everybody: who sees what, and that another firm's things do not exist.

A page that is not in TABLE fails `test_every_page_is_in_the_table`, so none ships unguarded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from checklists.engine.loader import DEFAULT_CATALOGUE
from compliance import clock
from compliance.models import (
    Answer,
    Assessment,
    AuditEvent,
    Comment,
    Delegation,
    Determination,
    Evidence,
    EvidenceUse,
    Firm,
    Invitation,
    Membership,
    Report,
    SigningCertificate,
    Submission,
    User,
    Webhook,
    WebhookDelivery,
    WorkbookUpload,
)
from compliance.pages.urls import urlpatterns
from compliance.services.answers import save_answer
from compliance.services.corrective_actions import open_actions
from compliance.services.delegations import delegate
from compliance.services.discussion import add_comment
from compliance.services.evidence import attach_evidence
from compliance.services.invitations import invite
from compliance.services.previews import request_preview
from compliance.services.questions import ask_question
from compliance.services.reports import request_report
from compliance.services.review import raise_finding, record_determination
from compliance.services.tokens import issue_token
from compliance.services.webhooks import add_webhook, ping_webhook
from tests import factories

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
CANARY = "CANARY-OF-A"
SIGN_IN = "/account/login/"
Statuses = tuple[int, int, int, int]  # viewer, contributor, manager, officer
ALL: Statuses = (200, 200, 200, 200)
OFFICER: Statuses = (403, 403, 403, 200)
KIND = (("kind", "orbit_lifetime_analysis"),)


@dataclass(frozen=True)
class Page:
    """What each role gets; None where the method is refused with 405."""

    args: tuple[str, ...] = ()
    get: Statuses | None = None
    post: Statuses | None = None
    body: tuple[tuple[str, str], ...] = ()
    is_public: bool = False
    names_firm: bool = False  # to whoever holds the secret in its address
    query: str = ""


TABLE: dict[str, Page] = {
    "home": Page(get=(302, 302, 302, 302)),
    "firm_register": Page(get=ALL, post=(403, 403, 403, 403), body=(("name", "New Co."),)),
    "firm_home": Page(("firm",), get=ALL),
    "firm_people": Page(
        ("firm",), get=ALL, post=(403, 403, 422, 403), body=(("email", "ben@demo.example"),)
    ),
    "firm_person": Page(("firm", "member"), post=(403, 403, 302, 403), body=(("role", "viewer"),)),
    "invitation_change": Page(("firm", "open_invitation"), post=(403, 403, 302, 403)),
    "invitation": Page(
        ("token",), get=ALL, post=(422, 422, 422, 422), is_public=True, names_firm=True
    ),
    "assessment_start": Page(
        ("firm",), get=(403, 403, 200, 403), post=(403, 403, 422, 403), body=(("title", "x"),)
    ),
    "assessment_tasks": Page(("draft",), get=ALL),
    "assessment_check": Page(("draft",), get=ALL),
    "assessment_submissions": Page(("draft",), get=ALL),
    "assessment_settings": Page(
        ("draft",),
        get=(403, 403, 200, 403),
        post=(403, 403, 302, 403),
        body=(("title", "Another title"),),
    ),
    "assessment_archive": Page(("draft",), post=(403, 403, 302, 403), body=(("sure", "on"),)),
    "audit_trail": Page(("draft",), get=ALL),
    "notifications": Page(get=ALL),
    "notifications_read": Page(post=(302, 302, 302, 302)),
    "notification_preferences": Page(get=ALL, post=(302, 302, 302, 302)),
    "firm_trail": Page(("firm",), get=(403, 403, 200, 200)),
    "trail_check": Page(("firm",), get=(403, 403, 200, 200)),
    "trail_csv": Page(("firm",), get=(403, 403, 200, 200)),
    "trail_json": Page(("firm",), get=(403, 403, 200, 200)),
    "assessment_facts": Page(
        ("draft",),
        get=ALL,
        post=(403, 403, 302, 403),
        body=(("was:firm.staff", '"40"'), ("firm.staff", "41")),
        query="?group=firm",
    ),
    "assessment_submit": Page(
        ("draft",),
        post=(403, 403, 422, 403),
        body=(("attest", "on"), ("name", "Ada Li"), ("position", "Head"), ("statement", "")),
    ),
    "requirement": Page(("draft", "requirement"), get=ALL),
    "answer_save": Page(
        ("draft", "requirement"),
        post=(403, 302, 302, 403),
        body=(("value", "yes"), ("base_version", "1")),
    ),
    "assessment_trace": Page(("draft",), get=ALL, query="?score=duty&scope=measure:7"),
    "submission_trace": Page(("submission",), get=ALL),
    "firm_compare": Page(("firm",), get=ALL),
    "delegation": Page(
        ("draft",), get=(403, 403, 200, 403), post=(403, 403, 422, 403), query="?measure=7"
    ),
    "carried_confirm": Page(("draft",), post=(403, 302, 302, 403), body=(("measure", "1"),)),
    "requirement_live": Page(("draft", "requirement"), get=ALL),
    "requirement_delegate": Page(
        ("draft", "requirement"), post=(403, 403, 302, 403), body=(("to", ""),)
    ),
    "requirement_discussion": Page(("draft", "requirement"), post=(403, 302, 302, 403)),
    "comment_add": Page(
        ("draft", "requirement"), post=(403, 302, 302, 403), body=(("text", "A word."),)
    ),
    "comment_change": Page(
        ("draft", "requirement", "comment"),
        post=(403, 302, 403, 403),
        body=(("text", "Another word."),),
    ),
    "evidence_attach": Page(
        ("draft", "orbit"),
        post=(403, 302, 302, 403),
        body=(("kind", "analysis_tool_input"), ("url", "https://demo.example/a")),
    ),
    "evidence_detach": Page(("draft", "orbit", "evidence"), post=(403, 302, 302, 403)),
    "evidence_download": Page(("evidence",), get=ALL),
    "workbook": Page(("draft",), get=ALL, post=(403, 422, 422, 403)),
    "workbook_download": Page(("draft",), get=ALL),
    # Only whoever uploaded a workbook sees what it changes.
    "workbook_preview": Page(
        ("draft", "workbook"), get=(404, 200, 404, 404), post=(404, 302, 404, 404)
    ),
    "evidence_library": Page(
        ("firm",),
        get=ALL,
        post=(403, 302, 302, 403),
        body=(("url", "https://demo.example/a"),),
    ),
    "evidence_piece": Page(
        ("evidence",), get=ALL, post=(403, 302, 302, 403), body=(*KIND, ("base_version", "1"))
    ),
    "evidence_replace": Page(
        ("evidence",), post=(403, 302, 302, 403), body=(("url", "https://demo.example/b"),)
    ),
    "evidence_places": Page(("evidence",), post=(403, 302, 302, 403)),
    "evidence_remove": Page(("evidence",), post=(403, 422, 422, 403)),
    "evidence_preview": Page(("evidence", "page"), get=ALL),
    "desk": Page(get=ALL),
    "submission": Page(("submission",), get=ALL),
    "review": Page(("submission",), get=OFFICER),
    "review_requirement": Page(
        ("submission", "requirement"),
        get=OFFICER,
        post=(403, 403, 403, 302),
        body=(("outcome", "met"), ("base_version", "1")),
    ),
    "review_confirm": Page(("submission",), post=(403, 403, 403, 302), body=(("measure", "1"),)),
    "review_return": Page(
        ("submission",), get=OFFICER, post=(403, 403, 403, 422), body=(("comment", ""),)
    ),
    "review_accept": Page(
        ("submission",), get=OFFICER, post=(403, 403, 403, 422), body=(("statement", ""),)
    ),
    "submission_withdraw": Page(("submission",), post=(403, 403, 409, 403)),
    "submission_assign": Page(("submission",), post=(403, 403, 403, 302), body=(("to", ""),)),
    "question_answer": Page(
        ("question",), post=(403, 302, 302, 403), body=(("answer", "The first one."),)
    ),
    "review_presence": Page(
        ("submission",),
        post=(403, 403, 403, 200),
        body=(("requirement", YES_NO), ("version", "1")),
    ),
    "review_question": Page(
        ("submission", "requirement"),
        post=(403, 403, 403, 302),
        body=(("text", "Which call was it?"),),
    ),
    "firm_actions": Page(("firm",), get=ALL),
    "firm_actions_add": Page(
        ("firm",), get=(403, 200, 200, 403), post=(403, 422, 422, 403), body=(("title", "x"),)
    ),
    "firm_actions_export": Page(("firm",), get=ALL),
    "corrective_action": Page(
        ("action",),
        get=ALL,
        post=(403, 302, 302, 403),
        body=(("due_on", "2027-01-31"), ("currency", "CNY"), ("base_version", "1")),
    ),
    "corrective_action_move": Page(
        ("action",), post=(403, 302, 302, 403), body=(("move", "start_action"),)
    ),
    "corrective_action_evidence": Page(
        ("action",), post=(403, 302, 302, 403), body=(("url", "https://demo.example/a"),)
    ),
    "corrective_action_evidence_remove": Page(("action", "evidence"), post=(403, 302, 302, 403)),
    "reports": Page(
        ("submission",),
        get=ALL,
        post=(302, 302, 302, 302),
        body=(("kind", "summary"), ("lang", "en")),
    ),
    "previews": Page(
        ("draft",),
        get=(403, 200, 200, 403),
        post=(403, 302, 302, 403),
        body=(("kind", "summary"), ("lang", "both")),
    ),
    "preview_status": Page(("preview",), get=(403, 302, 302, 403)),
    "preview_download": Page(("preview",), get=(403, 200, 200, 403)),
    "report_status": Page(("report",), get=ALL),
    "report_download": Page(("report",), get=ALL),
    "report_retry": Page(("failed_report",), post=(302, 302, 302, 302)),
    "report_cancel": Page(("waiting_report",), post=(403, 403, 302, 302)),
    "verify": Page(get=ALL, post=(422, 422, 422, 422), is_public=True),
    "verify_code": Page(("code",), get=ALL, post=(422, 422, 422, 422), is_public=True),
    "verify_certificate": Page(("certificate",), get=ALL, is_public=True),
    "firm_naming": Page(("firm",), post=(403, 403, 302, 403), body=(("is_named", "0"),)),
    "scoring": Page(get=ALL, is_public=True),
    "keyboard": Page(get=ALL, is_public=True),
    "catalogue": Page(get=ALL, is_public=True),
    "catalogue_regions": Page(get=ALL, is_public=True),
    "catalogue_glossary": Page(get=ALL, is_public=True),
    "assessment_regions": Page(("draft",), get=ALL),
    "assessment_edition": Page(("draft",), get=ALL),
    "assessment_edition_move": Page(("draft",), post=(403, 403, 409, 403)),
    "assessment_edition_undo": Page(("draft",), post=(403, 403, 409, 403)),
    "catalogue_measure": Page(("measure",), get=ALL, is_public=True),
    "catalogue_reference": Page(("reference",), get=ALL, is_public=True),
    "catalogue_requirement": Page(("requirement",), get=ALL, is_public=True),
    "framework": Page(("framework",), get=ALL, is_public=True),
    "framework_measure": Page(("framework", "measure"), get=ALL, is_public=True),
    "framework_reference": Page(("framework", "reference"), get=ALL, is_public=True),
    "framework_requirement": Page(("framework", "requirement"), get=ALL, is_public=True),
    "healthz": Page(get=ALL, is_public=True),
    "readyz": Page(get=ALL, is_public=True),
    "tokens": Page(get=ALL, post=(422, 422, 422, 422), body=(("name", ""),)),
    "token_revoke": Page(("access_token",), post=(404, 404, 302, 404)),
    "firm_webhooks": Page(
        ("firm",), get=(403, 403, 200, 403), post=(403, 403, 422, 403), body=(("url", "x"),)
    ),
    "webhook": Page(("webhook",), get=(403, 403, 200, 403)),
    "webhook_change": Page(("webhook",), post=(403, 403, 302, 403), body=(("do", "ping"),)),
    "webhook_replay": Page(("delivery",), post=(403, 403, 302, 403)),
    "set_language": Page(post=(302, 302, 302, 302), body=(("language", "en"),), is_public=True),
    "set_theme": Page(post=(302, 302, 302, 302), body=(("theme", "dark"),), is_public=True),
}
FIRMS_OWN = {
    *("access_token", "action", "firm", "draft", "evidence", "submission", "report"),
    *("failed_report", "waiting_report", "webhook", "delivery", "preview"),
}


@dataclass(frozen=True)
class World:
    """One firm's things, each text of them with the canary in it."""

    things: dict[str, Any]

    def url(self, name: str) -> str:
        page = TABLE[name]
        return reverse(name, args=[self.things[arg] for arg in page.args]) + page.query


def workbook_of(assessment: Assessment, by: Membership, mark: str) -> WorkbookUpload:
    """A workbook that changes nothing, sent back by a contributor."""
    return WorkbookUpload.objects.create(
        assessment=assessment,
        uploaded_by=by.user,
        uploaded_at=clock.now(),
        filename=f"{mark}.xlsx",
        cells={"requirement": {"sheet": "Requirements", "rows": []}},
    )


def world_of(manager: Membership, writer: Membership, officer: Membership, mark: str) -> World:
    firm = manager.firm
    Firm.objects.filter(pk=firm.pk).update(name=f"{mark} firm")
    firm.refresh_from_db()
    for member in (manager, writer, officer):
        member.user.name = f"{mark} {member.user.name}"
        member.user.save()
        member.firm = firm
    draft = factories.draft(manager, title=f"{mark} draft")
    save_answer(
        assessment=draft,
        requirement_id=YES_NO,
        value="yes",
        note=f"{mark} note",
        base_version=0,
        by=writer,
    )
    evidence = attach_evidence(
        assessment=draft,
        requirement_id=ORBIT,
        kind="orbit_lifetime_analysis",
        title=f"{mark} evidence",
        upload=factories.pdf(f"{mark}.pdf"),
        by=writer,
    )
    tokens: list[str] = []
    invited = invite(
        firm=firm,
        email=f"{mark.lower()}@demo.example",
        role="viewer",
        link_to=lambda token: tokens.append(token) or "",  # type: ignore[func-returns-value]
        by=manager,
    )
    comment = add_comment(assessment=draft, requirement_id=YES_NO, text=f"{mark} remark", by=writer)
    delegate(
        assessment=draft, requirement_ids=[YES_NO], to=writer, note=f"{mark} errand", by=manager
    )
    answered = factories.answered(manager, writer)
    Assessment.objects.filter(pk=answered.pk).update(title=f"{mark} handed in")
    answered.refresh_from_db()
    submission = factories.submitted(answered, manager)
    record_determination(
        submission=submission,
        requirement_id=YES_NO,
        outcome="partly_met",
        comment=f"{mark} comment",
        by=officer,
    )
    raise_finding(
        submission=submission,
        requirement_id=YES_NO,
        severity="major",
        missing=f"{mark} gap",
        due_on=factories.next_year(),
        by=officer,
    )
    question = ask_question(
        submission=submission, requirement_id=YES_NO, text=f"{mark} question", by=officer
    )
    action = open_actions(submission, officer)[0]
    report = request_report(submission=submission, kind="full", lang="en", by=manager)
    report.file.save("r.pdf", ContentFile(factories.PDF), save=False)
    report.status, report.sha256 = Report.Status.READY, "0" * 64
    report.save()
    preview = request_preview(assessment=draft, kind="full", lang="en", by=writer)
    preview.file.save("p.pdf", ContentFile(factories.PDF), save=False)
    preview.status = Report.Status.READY
    preview.save()
    failed = request_report(submission=submission, kind="full", lang="zh-hans", by=manager)
    Report.objects.filter(pk=failed.pk).update(status=Report.Status.FAILED)
    waiting = request_report(submission=submission, kind="summary", lang="zh-hans", by=manager)
    SigningCertificate.objects.get_or_create(
        fingerprint="c" * 64,
        defaults={
            "subject": "Tianheng",
            "valid_from": clock.now(),
            "valid_until": clock.now(),
            "first_used_at": clock.now(),
        },
    )
    webhook = add_webhook(
        firm=firm, url=f"https://{mark.lower()}.example/hook", areas=["answers"], by=manager
    )
    delivery = ping_webhook(webhook=webhook, by=manager)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(status="failed")
    own = issue_token(user=manager.user, name=f"{mark} program", scopes=["read"]).token
    return World(
        {
            "firm": firm.pk,
            "draft": draft.pk,
            "requirement": YES_NO,
            "orbit": ORBIT,
            "evidence": evidence.pk,
            "comment": comment.pk,
            "member": writer.pk,
            "token": tokens[0],
            "access_token": own.pk,
            "open_invitation": invited.invitation.pk,
            "submission": submission.pk,
            "action": action.pk,
            "question": question.pk,
            "report": report.pk,
            "preview": preview.pk,
            "failed_report": failed.pk,
            "waiting_report": waiting.pk,
            "certificate": "c" * 64,
            "code": report.code,
            "framework": DEFAULT_CATALOGUE,
            "measure": 1,
            "page": 1,
            "workbook": workbook_of(draft, writer, mark).pk,
            "reference": "CN-SMALLSAT-2021",
            "webhook": webhook.pk,
            "delivery": delivery.pk,
        }
    )


@pytest.fixture
def a(
    ada: Membership,
    ben: Membership,
    cleo: Membership,
    vera: Membership,
    settings: Settings,
    tmp_path: Path,
) -> World:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return world_of(ada, ben, cleo, CANARY)


def client_of(user: User | None, **options: Any) -> Client:
    client = Client(raise_request_exception=False, **options)
    if user is not None:
        client.force_login(user)
    return client


def send(client: Client, method: str, url: str, page: Page) -> HttpResponse:
    """Send it, and undo what it did."""
    begun = transaction.savepoint()
    sent = client.get(url) if method == "get" else client.post(url, dict(page.body))
    if not transaction.get_connection().needs_rollback:
        transaction.savepoint_rollback(begun)
    return sent  # type: ignore[return-value]


def rows() -> Iterator[tuple[str, Page, str, Statuses | None]]:
    for name, page in TABLE.items():
        yield name, page, "get", page.get
        yield name, page, "post", page.post


def test_every_page_is_in_the_table() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(TABLE)


@pytest.mark.parametrize("role", ["vera", "ben", "ada", "cleo"])
def test_each_role_gets_what_the_table_says(
    a: World, role: str, request: pytest.FixtureRequest
) -> None:
    member: Membership = request.getfixturevalue(role)
    column = ["vera", "ben", "ada", "cleo"].index(role)
    client = client_of(member.user)
    wrong = []
    for name, page, method, statuses in rows():
        expected = 405 if statuses is None else statuses[column]
        answer = send(client, method, a.url(name), page)
        if answer.status_code != expected:
            wrong.append(f"{method} {name}: {answer.status_code} instead of {expected}")
        if SIGN_IN in answer.headers.get("Location", ""):
            wrong.append(f"{method} {name}: asks to sign in")
    assert wrong == []


def test_without_signing_in_only_public_pages_answer(a: World) -> None:
    client = client_of(None)
    wrong = []
    for name, page, method, statuses in rows():
        answer = send(client, method, a.url(name), page)
        if page.is_public:
            right = answer.status_code == (statuses[0] if statuses else 405)
        elif statuses is None:
            right = answer.status_code in {302, 405}
        else:
            right = answer.status_code == 302 and answer.headers["Location"].startswith(SIGN_IN)
        if not right:
            wrong.append(f"{method} {name}: {answer.status_code}")
        if not page.names_firm and CANARY in answer.content.decode("utf-8", "replace"):
            wrong.append(f"{method} {name}: shows what is the firm's")
    assert wrong == []


def checksum() -> list[Any]:
    """Every row that an intruder could have touched."""
    models = (
        Firm,
        Membership,
        Assessment,
        Answer,
        Evidence,
        EvidenceUse,
        Comment,
        Delegation,
        Invitation,
    )
    later = (Submission, Determination, Report, AuditEvent, Webhook, WebhookDelivery)
    return [list(model.objects.order_by("pk").values()) for model in (*models, *later)]


def test_another_firms_things_do_not_exist(a: World, dov: Membership) -> None:
    client = client_of(dov.user)
    before = checksum()
    wrong = []
    for name, page, method, statuses in rows():
        if statuses is None or not FIRMS_OWN & set(page.args):
            continue
        url = a.url(name)
        answer = client.get(url) if method == "get" else client.post(url, dict(page.body))
        if answer.status_code != 404:
            wrong.append(f"{method} {name}: {answer.status_code}")
        if CANARY in answer.content.decode("utf-8", "replace"):
            wrong.append(f"{method} {name}: shows what is the other firm's")
    assert wrong == []
    assert checksum() == before


def test_nothing_of_one_firm_shows_on_the_pages_of_another(
    a: World, ada: Membership, dov: Membership
) -> None:
    ewa = factories.member(dov.firm, "contributor", "Ewa")  # type: ignore[arg-type]
    finn = factories.member(dov.firm, "officer", "Finn")  # type: ignore[arg-type]
    b = world_of(dov, ewa, finn, "OWN-OF-B")
    seen = set()
    for member in (dov, ewa, finn):
        client = client_of(member.user)
        for name, _page, method, statuses in rows():
            if method == "post" or statuses is None:
                continue
            answer = client.get(b.url(name), follow=True)
            if answer.streaming:
                continue
            text = answer.content.decode("utf-8", "replace")
            assert CANARY not in text, name
            if "OWN-OF-B" in text:
                seen.add(name)
        for other in ("firm", "draft", "submission"):
            url = f"{b.url('firm_home')}?assessment={a.things[other]}"
            assert CANARY not in client.get(url).content.decode()
    assert len(seen) > 15  # the pages do show what is theirs


def test_another_firms_things_are_not_taken_in_by_their_id(
    a: World, ada: Membership, dov: Membership
) -> None:
    theirs = factories.draft(dov, title="Theirs")
    client = client_of(dov.user)
    before = checksum()
    start = reverse("assessment_start", args=[dov.firm_id])
    body = {"title": "Copy", "as_of": "2026-11-20", "roles": ["satellite_operator"]}
    for wrong in (a.things["draft"], uuid4(), "x\x00"):
        assert client.post(start, {**body, "copy_from": str(wrong)}).status_code == 422
    attach = reverse("evidence_attach", args=[theirs.pk, ORBIT])
    for wrong in (a.things["evidence"], uuid4(), "x\x00"):
        answer = client.post(attach, {"take": "1", "evidence": str(wrong)})
        assert answer.status_code == 422
        assert CANARY not in answer.content.decode()
    detach = reverse("evidence_detach", args=[theirs.pk, ORBIT, a.things["evidence"]])
    assert client.post(detach).status_code == 404
    assert checksum() == before


def test_nothing_is_written_without_the_token_of_the_form(a: World, ada: Membership) -> None:
    before = checksum()
    for user in (ada.user, None):
        client = client_of(user, enforce_csrf_checks=True)
        for name, page in TABLE.items():
            if page.post is not None:
                assert client.post(a.url(name), dict(page.body)).status_code == 403, name
        for address in ("/account/login/", "/account/logout/", "/i18n/setlang/"):
            assert client.post(address).status_code == 403, address
    assert checksum() == before


def test_no_cache_keeps_what_a_member_saw(a: World, cleo: Membership) -> None:
    client = client_of(cleo.user)
    for name, page in TABLE.items():
        if page.get is None or name in {"healthz", "readyz"}:
            continue
        answer = client.get(a.url(name))
        assert answer["Cache-Control"] == "private, no-store", name
        assert "ETag" not in answer, name


def test_every_page_tells_the_browser_what_it_may_do(a: World, cleo: Membership) -> None:
    client = client_of(cleo.user, headers={"Origin": "https://evil.example"})
    for name, page in TABLE.items():
        if page.get is None:
            continue
        answer = client.get(a.url(name))
        policy = answer["Content-Security-Policy"]
        assert "default-src" in policy, name
        assert "unsafe" not in policy, name
        assert answer["X-Content-Type-Options"] == "nosniff", name
        assert answer["X-Frame-Options"] == "DENY", name
        assert "Access-Control-Allow-Origin" not in answer, name


def test_files_are_sent_to_be_saved_never_to_be_shown(a: World, vera: Membership) -> None:
    client = client_of(vera.user)
    for name in ("evidence_download", "report_download"):
        answer = client.get(a.url(name))
        assert answer["Content-Disposition"].startswith("attachment;"), name
        assert answer["Content-Type"] == "application/pdf", name
        assert answer["X-Content-Type-Options"] == "nosniff", name
        assert b"".join(answer.streaming_content) == factories.PDF  # type: ignore[attr-defined]


NASTY = (
    "\x00",
    "x" * 30_000,
    "<img src=x onerror=alert(1)>{{7*7}}{% load %}",
    "99999999999999999999",
    "[]",
)
FIELDS = (
    "value note not_applicable_reason not_applicable flag set_flag base_version was_value "
    "mine_value keep_answer theirs_value kind title url effective_on expires_on take evidence "
    "name position statement attest idempotency_key text to who requirement resolve remove "
    "withdraw group outcome comment opens_again finding "
    "severity missing due_on measure reopen_facts signed lang email role as_of roles copy_from "
    "score scope from to theme next code firm.staff was:firm.staff mission.orbits "
    "was:mission.orbits firm.roles plan owner due_on cost currency step_title step_due_on "
    "step_done_on move note comment back answer reason version q page firms sort taken late "
    "was:firm.roles _connector __class__ password__startswith"
)


@pytest.mark.parametrize("role", ["ada", "cleo"])
def test_nothing_that_can_be_sent_is_an_error_of_ours(
    a: World, role: str, request: pytest.FixtureRequest
) -> None:
    member: Membership = request.getfixturevalue(role)
    client = client_of(member.user)
    wrong = []
    for value in NASTY:
        body = dict.fromkeys(FIELDS.split(), value)
        for name, page in TABLE.items():
            begun = transaction.savepoint()
            url = a.url(name)
            answers = [client.get(url, {k: v[:500] for k, v in body.items()})]
            if page.post is not None:
                answers.append(client.post(url, body))
                answers.append(client.post(url, {**body, **dict(page.body)}))
            failed = [answer.status_code for answer in answers if answer.status_code >= 500]
            if failed and name != "readyz":
                wrong.append((name, value[:30]))
            if not transaction.get_connection().needs_rollback:
                transaction.savepoint_rollback(begun)
    assert wrong == []


@pytest.mark.parametrize("path", ["%00", "..%2F..%2Fetc%2Fpasswd", "%F0%9F%9A%80", "x" * 3000])
def test_nothing_in_an_address_is_an_error_of_ours(a: World, cleo: Membership, path: str) -> None:
    client = client_of(cleo.user)
    for name in TABLE:
        url = a.url(name)
        for part in (YES_NO, ORBIT, a.things["code"], str(a.things["draft"]), "CN-SMALLSAT-2021"):
            if part in url:
                assert client.get(url.replace(part, path)).status_code in {404, 405, 400}, name


def test_the_admin_is_for_the_operator_alone(a: World, ada: Membership, cleo: Membership) -> None:
    for user in (None, ada.user, cleo.user):
        answer = client_of(user).get("/admin/")
        assert answer.status_code in {302, 404}, user
