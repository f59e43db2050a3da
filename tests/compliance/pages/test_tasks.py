"""The task list: what it shows, how it is narrowed, and to whom."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.models import Assessment, Membership
from compliance.selectors.evaluation import evaluation_of
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
POLICY = "cnsa.m18.third_party_policy_in_force"


def shown(content: bytes) -> list[str]:
    """The numbers of the rows on the page, in order."""
    return re.findall(r"th-reqs__id[^>]*>(M\d\d-\d\d)<", content.decode())


@pytest.fixture
def url(assessment: Assessment) -> str:
    return reverse("assessment_tasks", args=[assessment.pk])


def test_every_requirement_that_applies_is_listed_once_under_its_measure(
    client: Client, assessment: Assessment, ada: Membership, url: str
) -> None:
    client.force_login(ada.user)
    state = evaluation_of(assessment)
    applying = [
        state.catalogue.requirements[name].source_row
        for name, row in state.evaluation.rows.items()
        if row.applicability != "does_not_apply"
    ]
    response = client.get(url)
    assert shown(response.content) == applying
    assert f"{len(applying)} of {len(state.evaluation.rows)} apply" in response.content.decode()
    assert response.content.decode().count('<details class="th-m"') == 22


def test_the_list_of_a_whole_assessment_takes_at_most_twelve_queries(
    client: Client, answered_assessment: Assessment, ada: Membership
) -> None:
    client.force_login(ada.user)
    url = reverse("assessment_tasks", args=[answered_assessment.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    assert len(queries) <= 12


@pytest.mark.parametrize("role", ["ben", "cleo", "vera"])
def test_everybody_of_the_firm_may_read_it(
    client: Client, url: str, role: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "assessment_tasks",
        "assessment_facts",
        "assessment_check",
        "assessment_submissions",
        "audit_trail",
    ],
)
def test_an_assessment_of_another_firm_does_not_exist(
    client: Client, assessment: Assessment, dov: Membership, name: str
) -> None:
    client.force_login(dov.user)
    assert client.get(reverse(name, args=[assessment.pk])).status_code == 404


def test_a_stranger_is_asked_to_sign_in(client: Client, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 302
    assert "login" in response["Location"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=M07-01", ["M07-01"]),
        ("q=ORBIT+LIFETIME+AFTER+THE+END", ["M07-01"]),
        ("q=M07-01&severity=minor", []),
        ("severity=nonsense&q=M07-01", ["M07-01"]),
        ("topic=deorbit_debris&severity=blocking&q=lifetime", ["M07-01"]),
        ("view=topic&q=M07-01", ["M07-01"]),
        ("q=" + "x" * 5000, []),
    ],
)
def test_filters_live_in_the_address(
    client: Client, ada: Membership, url: str, query: str, expected: list[str]
) -> None:
    client.force_login(ada.user)
    response = client.get(f"{url}?{query}")
    assert response.status_code == 200
    assert shown(response.content) == expected


def test_a_mark_is_a_state_of_its_own_in_the_list(
    client: Client, assessment: Assessment, ben: Membership, url: str
) -> None:
    client.force_login(ben.user)
    save_answer(
        assessment=assessment, requirement_id=NUMBER, flag="dont_know", base_version=0, by=ben
    )
    save_answer(
        assessment=assessment, requirement_id=POLICY, flag="come_back", base_version=0, by=ben
    )
    assert shown(client.get(f"{url}?flagged=1").content) == ["M07-01", "M18-01"]
    assert shown(client.get(f"{url}?outcome=dont_know").content) == ["M07-01"]
    assert shown(client.get(f"{url}?outcome=come_back").content) == ["M18-01"]
    page = client.get(f"{url}?q=M07-01").content.decode()
    assert "Don’t know yet</span></span>" in page


def test_an_undetermined_row_names_the_question_that_settles_it(
    client: Client, assessment: Assessment, ada: Membership, url: str
) -> None:
    client.force_login(ada.user)
    save_facts(assessment=assessment, values={"mission.launch": None}, by=ada)
    page = client.get(f"{url}?outcome=undetermined").content.decode()
    assert "M18-01" in shown(page.encode())
    facts = reverse("assessment_facts", args=[assessment.pk])
    assert f'href="{facts}?group=launch#fact-mission-launch"' in page
    assert "Is a launch part of this assessment?" in page


def test_what_does_not_apply_is_listed_with_its_reason(
    client: Client, assessment: Assessment, ben: Membership, url: str
) -> None:
    client.force_login(ben.user)
    save_answer(
        assessment=assessment,
        requirement_id=NUMBER,
        not_applicable_reason="The satellite leaves for the Moon.",
        base_version=0,
        by=ben,
    )
    page = client.get(f"{url}?view=does_not_apply").content.decode()
    assert "Does not apply to you because " in page
    assert "The satellite leaves for the Moon." in page
    assert "M07-01" in shown(page.encode())
    assert "M18-01" not in shown(page.encode())


def test_htmx_gets_the_list_without_the_frame(client: Client, ada: Membership, url: str) -> None:
    client.force_login(ada.user)
    response = client.get(f"{url}?q=M07-01", headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert shown(response.content) == ["M07-01"]
    assert b'id="task-rail" hx-swap-oob="true"' in response.content


def test_the_measure_with_a_blocking_gap_is_open_and_says_so(
    client: Client, assessment: Assessment, ben: Membership, url: str
) -> None:
    client.force_login(ben.user)
    save_answer(assessment=assessment, requirement_id=NUMBER, value="60", base_version=0, by=ben)
    page = client.get(url).content.decode()
    assert re.search(r'id="m7" open', page)
    assert "1 blocking" in page
    assert not re.search(r'id="m1" open', page)


def test_an_evil_title_is_text(client: Client, assessment: Assessment, ada: Membership) -> None:
    client.force_login(ada.user)
    Assessment.objects.filter(pk=assessment.pk).update(title="<script>alert(1)</script>")
    page = client.get(f"/assessments/{assessment.pk}/?q=<script>").content.decode()
    assert "<script>alert" not in page
    assert 'value="&lt;script&gt;"' in page
