"""The audit trail: who did what, in sentences, page by page."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance import audit, clock, guards
from compliance.canonical import digest_of
from compliance.models import Assessment, AuditEvent, Membership, Submission
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts
from compliance.services.review import record_determination

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"


@pytest.fixture
def url(assessment: Assessment) -> str:
    return reverse("audit_trail", args=[assessment.pk])


def test_events_are_told_in_words_newest_first(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership, url: str
) -> None:
    for version, fields in enumerate(({"value": "11.5", "note": "v1"}, {"flag": "come_back"})):
        save_answer(
            assessment=assessment, requirement_id=NUMBER, base_version=version, by=ben, **fields
        )
    client.force_login(ada.user)
    page = client.get(url).content.decode()
    assert page.index("Come back to this") < page.index('<ins class="th-break">v1</ins>')
    assert "started the assessment" in page
    assert '<dt>Orbits</dt><dd><ins class="th-break">low Earth orbit' in page
    assert reverse("requirement", args=[assessment.pk, NUMBER]) in page


def test_the_review_is_told_as_well(
    client: Client, submission: Submission, ada: Membership, cleo: Membership
) -> None:
    record_determination(
        submission=submission,
        requirement_id=NUMBER,
        outcome="not_met",
        comment="The analysis is of another satellite.",
        by=cleo,
    )
    client.force_login(ada.user)
    page = client.get(reverse("audit_trail", args=[submission.assessment_id])).content.decode()
    assert "determined an outcome" in page
    assert "The analysis is of another satellite." in page
    assert "Submission no. 1" in page


def test_the_trail_is_paged_within_fifteen_queries(
    client: Client, answered_assessment: Assessment, ada: Membership
) -> None:
    client.force_login(ada.user)
    url = reverse("audit_trail", args=[answered_assessment.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(url).content.decode()
    assert len(queries) <= 15
    assert page.count("<time datetime=") >= 50
    assert "page 1 of" in page
    for number in ("2", "0", "999", "banana"):
        assert client.get(f"{url}?page={number}").status_code == 200


@pytest.mark.parametrize("role", ["ben", "cleo", "vera"])
def test_everybody_of_the_firm_reads_the_trail(
    client: Client, url: str, role: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    assert client.get(url).status_code == 200


def test_a_requirement_that_left_the_catalogue_does_not_break_the_trail(
    client: Client, assessment: Assessment, ada: Membership, url: str
) -> None:
    audit.record(
        ada,
        "answer.saved",
        assessment,
        assessment=assessment,
        requirement="cnsa.m07.gone",
        after={"value": "5", "note": "", "flag": "gone", "not_applicable_reason": ""},
    )
    client.force_login(ada.user)
    assert client.get(url).status_code == 200


def test_a_change_is_told_before_and_after(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership, url: str
) -> None:
    for version, value in enumerate(("11.5", "4")):
        save_answer(
            assessment=assessment, requirement_id=NUMBER, value=value, base_version=version, by=ben
        )
    save_facts(assessment=assessment, values={"firm.staff": "55"}, by=ada)
    client.force_login(ada.user)
    page = client.get(url).content.decode()
    for before, after in (("11.5 years", "4 years"), ("40 persons", "55 persons")):
        change = page.split(f'<del class="th-break">{before}</del>')[1].split("</div>")[0]
        assert f'<ins class="th-break">{after}</ins>' in change


def test_the_filters_of_the_address_narrow_page_and_export_alike(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    save_answer(
        assessment=assessment, requirement_id=NUMBER, value="4", note="=1+1", base_version=0, by=ben
    )
    save_answer(
        assessment=assessment,
        requirement_id="cnsa.m01.research_call_watch",
        value="yes",
        base_version=0,
        by=ada,
    )
    client.force_login(ada.user)
    page_url = reverse("firm_trail", args=[ada.firm_id])
    today = clock.today().isoformat()
    everything = AuditEvent.objects.filter(firm=ada.firm).count()
    for query, count in {
        "": everything,
        "q=m07-01": 1,
        "q=M07-01&area=evidence": 0,
        f"who={ben.user_id}": 1,
        "who=system": 0,
        "area=answers": 3,
        f"assessment={assessment.pk}&area=status": 1,
        f"since={today}&until={today}": everything,
        "until=2020-01-01": 0,
        "since=0001-01-01&until=9999-12-31": everything,
        "since=banana&who=banana&area=banana&assessment=banana&q=%00": everything,
    }.items():
        page = client.get(f"{page_url}?{query}").content.decode()
        assert page.count('<td class="th-nowrap"') == count, query
        url = reverse("trail_json", args=[ada.firm_id])
        exported = json.loads(b"".join(client.get(f"{url}?{query}")))
        assert len(exported["events"]) == count, query
    page = client.get(f"{page_url}?since=banana&q=m07").content.decode()
    assert "This is no date." in page
    assert 'value="banana"' in page


def test_an_export_can_be_checked_and_holds_no_formula(
    client: Client, assessment: Assessment, cleo: Membership, ben: Membership, dov: Membership
) -> None:
    audit.record(dov, "firm.registered", dov.firm, after={"name": "Secret Co."})
    audit.record(ben, "invitation.sent", ben.firm, after={"email": "=cmd|x"})
    client.force_login(cleo.user)
    link = reverse("trail_json", args=[cleo.firm_id])
    exported = json.loads(b"".join(client.get(link)))
    last = ""
    for event in exported["events"]:
        sealed = {name: value for name, value in event.items() if name != "hash"}
        assert sealed["previous_hash"] == last
        last = event["hash"]
        assert digest_of(sealed) == last
    assert exported["head"] == {"sequence": len(exported["events"]), "hash": last}

    table = client.get(reverse("trail_csv", args=[cleo.firm_id]))
    assert table["Content-Disposition"].startswith("attachment")
    text = b"".join(table).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["hash"] for row in rows] == [event["hash"] for event in exported["events"]]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert "Secret Co." not in text + json.dumps(exported)


def test_the_page_says_whether_the_chain_is_unbroken(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership, url: str
) -> None:
    check = reverse("trail_check", args=[ada.firm_id])
    client.force_login(ben.user)
    assert check not in client.get(url).content.decode()
    client.force_login(ada.user)
    assert check in client.get(url).content.decode()
    assert "Chain unbroken" in client.get(check).content.decode()
    with guards.lifted():
        models.QuerySet(AuditEvent).filter(sequence=2).update(actor_name="Nobody")
    for headers in ({}, {"HX-Request": "true"}):
        page = client.get(check, headers=headers).content.decode()
        assert "The trail is not what was written" in page
        assert "event 2 (row" in page


def test_the_trail_of_a_firm_takes_few_queries(
    client: Client, answered_assessment: Assessment, ada: Membership
) -> None:
    client.force_login(ada.user)
    url = reverse("firm_trail", args=[ada.firm_id])
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    assert len(queries) <= 12, [query["sql"][:90] for query in queries]
