"""The pages of corrective actions, and what is downloaded from them."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from python_calamine import CalamineWorkbook

from compliance import clock
from compliance.models import (
    Assessment,
    AuditEvent,
    CorrectiveAction,
    Membership,
    Submission,
    User,
)
from compliance.services import corrective_actions as services
from compliance.services.corrective_actions import Step
from compliance.services.review import accept_assessment, raise_finding
from tests import factories

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"


@pytest.fixture
def actions(light_submission: Submission, cleo: Membership) -> list[CorrectiveAction]:
    """Two open actions of an accepted submission: a plain one, and a blocking one."""
    for name, days in ((YES_NO, 40), (ORBIT, 10)):
        raise_finding(
            submission=light_submission,
            requirement_id=name,
            severity="minor",
            missing=f"=HYPERLINK(0) for {name}",
            due_on=clock.today() + timedelta(days=days),
            by=cleo,
        )
    accept_assessment(submission=light_submission, statement="", by=cleo)
    found = CorrectiveAction.objects.select_related("firm", "finding", "assessment")
    return list(found.order_by("finding__number"))


def page_of(client: Client, member: Membership, name: str, *args: object, query: str = "") -> str:
    client.force_login(member.user)
    reply = client.get(reverse(name, args=args) + query)
    assert reply.status_code == 200
    return reply.content.decode()


def body(action: CorrectiveAction, **other: object) -> dict[str, object]:
    plan = {"title": "", "plan": "", "owner": "", "cost": "", "currency": "CNY"}
    steps: dict[str, object] = {"step_title": [], "step_due_on": [], "step_done_on": []}
    due = {"due_on": action.due_on.isoformat(), "base_version": action.version}
    return {**plan, **steps, **due, **other}


def test_the_list_groups_by_urgency_and_says_what_is_late(
    client: Client, actions: list[CorrectiveAction], vera: Membership
) -> None:
    CorrectiveAction.objects.filter(pk=actions[0].pk).update(due_on=clock.today() - timedelta(3))
    page = page_of(client, vera, "firm_actions", vera.firm_id)
    assert "3 days late" in page
    assert page.index("Overdue ·") < page.index("Next 30 days ·")
    assert "in 10 days" in page
    board = page_of(client, vera, "firm_actions", vera.firm_id, query="?view=board")
    assert "3 days late" in board
    assert 'value="start_action"' not in board  # a viewer has no buttons
    home = page_of(client, vera, "firm_home", vera.firm_id)
    assert "3 days late" in home
    assert "Accepted with conditions" in home
    assert actions[0].finding is not None
    submission = page_of(client, vera, "submission", actions[0].finding.submission_id)
    assert "3 days late" in submission
    assert "Accepted with conditions" in submission


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?severity=blocking", [1]),
        ("?owner=none", [0, 1]),
        ("?mine=1", []),
        ("?state=soon", [1]),
        ("?state=verified", []),
        ("?q=F-01", [0]),
        ("?q=%00%F0%9F%9A%80", []),
        ("?owner=x&severity=x&assessment=x&state=x&view=x", [0, 1]),
    ],
)
def test_the_address_filters_the_list(
    client: Client, actions: list[CorrectiveAction], ben: Membership, query: str, found: list[int]
) -> None:
    page = page_of(client, ben, "firm_actions", ben.firm_id, query=query)
    links = [f'href="{reverse("corrective_action", args=[action.pk])}"' for action in actions]
    assert [n for n, link in enumerate(links) if link in page] == found
    assert ("Nothing matches" in page) is (not found)


def test_the_plan_is_saved_with_its_milestones_and_nothing_typed_is_lost(
    client: Client, actions: list[CorrectiveAction], ada: Membership, ben: Membership
) -> None:
    action = actions[0]
    client.force_login(ada.user)
    address = reverse("corrective_action", args=[action.pk])
    steps = {
        "step_title": ["Plan it", "", "Hold it"],
        "step_due_on": ["2026-12-01", "", ""],
        "step_done_on": ["", "", ""],
    }
    sent = body(action, title="Hold the drill", owner=str(ben.user_id), cost="1,200.50", **steps)
    assert client.post(address, sent).status_code == 302
    stored = CorrectiveAction.objects.get(pk=action.pk)
    assert (stored.title, stored.owner, str(stored.cost)) == ("Hold the drill", ben.user, "1200.50")
    assert list(stored.milestones.values_list("title", "due_on")) == [
        ("Plan it", date(2026, 12, 1)),
        ("Hold it", None),
    ]
    wrong = {**sent, "base_version": 2, "cost": "much", "step_due_on": ["soon", "", ""]}
    reply = client.post(address, wrong)
    assert reply.status_code == 422
    assert 'value="much"' in reply.content.decode()
    assert 'value="soon"' in reply.content.decode()
    # Ada's page is older than what is stored: her words stay, and she is told.
    reply = client.post(address, {**sent, "title": "Another way", "base_version": 1})
    assert reply.status_code == 412
    page = reply.content.decode()
    assert "Somebody else changed this action" in page
    assert 'value="Another way"' in page
    assert 'name="base_version" value="2"' in page
    assert CorrectiveAction.objects.get(pk=action.pk).title == "Hold the drill"


def test_an_action_goes_its_way_from_start_to_verified(
    client: Client, actions: list[CorrectiveAction], ben: Membership, cleo: Membership
) -> None:
    action = actions[0]
    move = reverse("corrective_action_move", args=[action.pk])
    page = reverse("corrective_action", args=[action.pk])
    evidence = reverse("corrective_action_evidence", args=[action.pk])
    client.force_login(ben.user)
    assert client.post(move, {"move": "start_action", "back": "board"}).url.endswith("view=board")  # type: ignore[attr-defined]
    assert client.post(evidence, {"title": "x"}).status_code == 422
    client.post(evidence, {"file": factories.pdf("minutes.pdf"), "title": "Minutes"})
    client.post(move, {"move": "finish_action", "note": "Held on 9 November."})
    client.force_login(cleo.user)
    shown = client.get(page).content.decode()
    assert "Minutes" in shown
    assert "Held on 9 November." in shown
    reply = client.post(move, {"move": "reopen_action", "comment": "", "due_on": "x"})
    assert reply.status_code == 422
    client.post(move, {"move": "reopen_action", "comment": "Page 3 is missing."})
    client.force_login(ben.user)
    assert "Page 3 is missing." in client.get(page).content.decode()
    client.post(move, {"move": "start_action"})
    client.post(move, {"move": "finish_action"})
    client.force_login(cleo.user)
    client.post(move, {"move": "verify_action", "comment": "Seen."})
    assert client.post(move, {"move": "verify_action"}).status_code == 409
    assert client.post(move, {"move": "launch"}).status_code == 422
    stored = CorrectiveAction.objects.get(pk=action.pk)
    assert (stored.status, stored.verified_by, stored.times_reopened) == ("verified", cleo.user, 1)


def test_the_spreadsheet_holds_text_and_no_formula(
    client: Client, actions: list[CorrectiveAction], ada: Membership
) -> None:
    client.force_login(ada.user)
    reply = client.get(reverse("firm_actions_export", args=[ada.firm_id]))
    assert reply["Content-Disposition"].startswith('attachment; filename="actions-')
    rows = CalamineWorkbook.from_filelike(io.BytesIO(reply.content)).get_sheet_by_index(0)
    table = rows.to_python()
    assert [row[0] for row in table] == ["Number", "F-02", "F-01"]
    assert table[2][4] == f"=HYPERLINK(0) for {YES_NO}"
    assert b"<f>" not in reply.content


def test_the_poam_is_valid_by_oscals_own_models(
    client: Client, actions: list[CorrectiveAction], ada: Membership, tmp_path: Path
) -> None:
    from trestle.oscal.poam import PlanOfActionAndMilestones  # takes a second to import

    services.update_action(
        action=actions[0],
        title="Hold the drill",
        owner=ada.user,
        cost="12.50",
        milestones=[Step("Plan it", clock.today())],
        by=ada,
    )
    client.force_login(ada.user)
    for query, count in (("?as=oscal", 2), ("?as=oscal&q=nothing", 1)):
        reply = client.get(reverse("firm_actions_export", args=[ada.firm_id]) + query)
        file = tmp_path / "poam.json"
        file.write_bytes(reply.content)
        read = PlanOfActionAndMilestones.oscal_read(file)
        assert isinstance(read, PlanOfActionAndMilestones)
        assert len(read.poam_items) == count
    plan = json.loads(
        client.get(reverse("firm_actions_export", args=[ada.firm_id]) + "?as=oscal").content
    )["plan-of-action-and-milestones"]
    assert {risk["status"] for risk in plan["risks"]} == {"open"}
    assert "Hold the drill" in {item["title"] for item in plan["poam-items"]}


def test_the_pages_keep_their_query_budget(
    client: Client,
    actions: list[CorrectiveAction],
    ada: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(ada.user)
    for address in (
        reverse("firm_actions", args=[ada.firm_id]),
        reverse("firm_actions", args=[ada.firm_id]) + "?view=board",
        reverse("corrective_action", args=[actions[0].pk]),
        reverse("firm_home", args=[ada.firm_id]),
    ):
        with django_assert_max_num_queries(15):
            client.get(address)


def test_the_operator_reads_a_review_and_changes_nothing(
    client: Client, actions: list[CorrectiveAction]
) -> None:
    operator = User.objects.create_superuser("operator@demo.example", factories.PASSWORD, name="Op")
    client.force_login(operator)
    for name in ("assessment", "submission", "determination", "finding", "correctiveaction"):
        assert client.get(reverse(f"admin:compliance_{name}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:compliance_{name}_add")).status_code == 403
    address = reverse("admin:compliance_correctiveaction_change", args=[actions[0].pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"status": "verified"}).status_code == 403
    assert CorrectiveAction.objects.get(pk=actions[0].pk).status == "open"


def test_the_firm_adds_an_action_of_its_own_and_every_surface_has_it(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    client.force_login(ben.user)
    add = reverse("firm_actions_add", args=[ben.firm_id])
    asked = client.get(add, {"requirement": ORBIT})
    assert f'value="{ORBIT}" selected' in asked.content.decode()
    body = {
        "assessment": str(assessment.pk),
        "requirement": ORBIT,
        "title": "",
        "plan": "With a drag sail.",
        "due_on": "2027-02-01",
        "currency": "CNY",
        "cost": "1e9999999",
        "step_title": ["Sail ordered", ""],
        "step_due_on": ["2027-01-10", ""],
        "step_done_on": ["", ""],
    }
    wrong = client.post(add, body)
    assert wrong.status_code == 422
    for kept in ("With a drag sail.", 'value="Sail ordered"', 'value="1e9999999"'):
        assert kept in wrong.content.decode()
    for name in ("cnsa.none", "", "\x00"):
        assert client.post(add, {**body, "title": "x", "requirement": name}).status_code == 422
    assert not CorrectiveAction.objects.exists()
    for title in ("=Shorten the life", "Ask the ministry"):
        sent = client.post(add, {**body, "title": title, "cost": "", "owner": str(ben.user_id)})
        assert sent.status_code == 302
    first, second = CorrectiveAction.objects.order_by("own_number")
    assert (first.label, second.label, first.finding) == ("A-01", "A-02", None)
    assert (first.severity, first.owner, first.milestones.count()) == ("blocking", ben.user, 1)
    assert AuditEvent.objects.filter(action="corrective_action.added").count() == 2
    here = reverse("firm_actions", args=[ben.firm_id])
    for view in ("list", "board"):
        page = client.get(here, {"view": view}).content.decode()
        assert "A-01" in page
        assert "=Shorten the life" in page
    page = reverse("corrective_action", args=[first.pk])
    assert "The firm’s own action" in client.get(page).content.decode()
    export = reverse("firm_actions_export", args=[ben.firm_id])
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get(export).content))
    assert book.get_sheet_by_index(0).to_python()[1][:2] == ["A-01", "=Shorten the life"]
    plan = client.get(export, {"as": "oscal"}).json()["plan-of-action-and-milestones"]
    assert {item["title"] for item in plan["poam-items"]} == {first.title, second.title}
    assert all(risk["description"] for risk in plan["risks"])
    move = reverse("corrective_action_move", args=[first.pk])
    for step in ("start_action", "finish_action"):
        assert client.post(move, {"move": step}).status_code == 302
    client.force_login(cleo.user)
    assert "Another deadline" not in client.get(page).content.decode()
    late = {"move": "extend_action", "due_on": "2099-01-01"}
    assert client.post(move, late).status_code == 409
    assert "A-01" in client.get(reverse("desk")).content.decode()
    assert client.post(move, {"move": "verify_action"}).status_code == 302
    first.refresh_from_db()
    assert (first.status, first.due_on.isoformat()) == ("verified", "2027-02-01")
