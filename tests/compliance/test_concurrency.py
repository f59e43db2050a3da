"""Many at once, on the configured database: nothing is lost, nothing happens twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from compliance import audit
from compliance.errors import SomebodySavedFirst, TransitionNotAllowed
from compliance.models import (
    Answer,
    Assessment,
    Attestation,
    AuditEvent,
    Determination,
    Finding,
    Membership,
    Report,
    Submission,
)
from compliance.selectors.chain import check_chain
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts, submit_assessment
from compliance.services.reports import request_report
from compliance.services.review import accept_assessment, confirm_remaining, raise_finding
from tests import factories
from tests.conftest import database_url
from tools.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)

YES_NO = "cnsa.m01.research_call_watch"


def at_once(times: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of so many threads got, or the exception it met; all start together."""
    start = Barrier(times)

    def turn(number: int) -> Any:
        try:
            start.wait(30)
            return act(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(turn, range(times)))


def kinds(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def fresh(assessment: Assessment) -> Assessment:
    """The row as a request of its own would load it."""
    return Assessment.objects.select_related("firm").get(pk=assessment.pk)


def submit(assessment: Assessment, by: Membership, key: str = "") -> Submission:
    return submit_assessment(
        assessment=fresh(assessment),
        name="Ada Li",
        position="Head",
        statement="Checked.",
        by=by,
        idempotency_key=key,
    )


def test_twenty_submits_at_once_make_one_submission(
    answered_assessment: Assessment, ada: Membership
) -> None:
    results = at_once(20, lambda _n: submit(answered_assessment, ada))
    assert kinds(results) == {"Submission": 1, "TransitionNotAllowed": 19}, results
    assert Submission.objects.count() == Attestation.objects.count() == 1
    assert AuditEvent.objects.filter(action="assessment.submitted").count() == 1
    assert fresh(answered_assessment).status == Assessment.Status.SUBMITTED


def test_twenty_submits_with_one_key_all_get_that_submission(
    answered_assessment: Assessment, ada: Membership
) -> None:
    results = at_once(20, lambda _n: submit(answered_assessment, ada, "key"))
    assert kinds(results) == {"Submission": 20}, results
    assert len({result.pk for result in results}) == Submission.objects.count() == 1


def test_no_answer_slips_in_behind_a_submission(
    answered_assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    def act(number: int) -> Any:
        if number == 0:
            return submit(answered_assessment, ada)
        return save_answer(
            assessment=fresh(answered_assessment),
            requirement_id=YES_NO,
            value="no",
            note=str(number),
            base_version=None,
            by=ben,
        )

    results = at_once(8, act)
    assert isinstance(results[0], Submission), results
    assert set(kinds(results[1:])) <= {"SavedAnswer", "AnswerLocked"}
    row = next(r for r in results[0].content["requirements"] if r["requirement"] == YES_NO)
    assert row["note"] == Answer.objects.get(requirement=YES_NO).note


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_writers_on_one_answer_one_wins_and_the_other_is_told(
    assessment: Assessment, ada: Membership, ben: Membership, *, is_first: bool
) -> None:
    def write(number: int) -> Any:
        return save_answer(
            assessment=fresh(assessment),
            requirement_id=YES_NO,
            value=("yes", "partly")[number],
            base_version=version,
            by=(ada, ben)[number],
        )

    version = 0
    if not is_first:
        save_answer(
            assessment=assessment, requirement_id=YES_NO, value="no", base_version=0, by=ben
        )
        version = 1
    for turn in range(5):
        if is_first:
            Answer.objects.all().delete()
        results = at_once(2, write)
        assert kinds(results) == {"SavedAnswer": 1, "SomebodySavedFirst": 1}, (turn, results)
        stored = Answer.objects.get()
        lost = next(r for r in results if isinstance(r, SomebodySavedFirst))
        assert lost.theirs.value == stored.value
        assert stored.version == version + 1
        version = 0 if is_first else stored.version


def test_six_writers_lose_none_of_their_saves(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    names = [
        "cnsa.m07.orbit_lifetime_after_mission",
        "cnsa.m15.space_object_registration",
        "cnsa.m16.itu_filing_age",
        "cnsa.m20.full_time_safety_staff",
        "cnsa.m20.accident_report_time",
        "cnsa.m13.public_buyer_payment_terms",
    ]
    saves = 30

    def act(number: int) -> str:
        for turn in range(saves):
            save_answer(
                assessment=fresh(assessment),
                requirement_id=names[number],
                value=str(turn),
                base_version=turn,
                by=(ada, ben)[number % 2],
            )
        return "done"

    assert at_once(len(names), act) == ["done"] * len(names)
    stored = {answer.requirement: answer for answer in Answer.objects.all()}
    assert {name: answer.version for name, answer in stored.items()} == dict.fromkeys(names, saves)
    assert {answer.value for answer in stored.values()} == {str(saves - 1)}
    assert AuditEvent.objects.filter(action="answer.saved").count() == saves * len(names)


def test_eight_writers_leave_one_unbroken_chain(ada: Membership) -> None:
    writers, each = 8, 15

    def act(number: int) -> str:
        for turn in range(each):
            if turn % 3 == 0:
                events = (audit.event(ada, "facts.saved", ada.firm) for _each in range(3))
                audit.record_all(events)
            else:
                audit.record(ada, "answer.saved", ada.firm, after={"by": number, "turn": turn})
        return "done"

    assert at_once(writers, act) == ["done"] * writers
    check = check_chain(ada.firm)
    assert check.is_unbroken, check.faults
    assert check.events == check.sequence == writers * (5 * 3 + 10)


def test_facts_saved_at_once_are_all_kept(assessment: Assessment, ada: Membership) -> None:
    values = {
        "firm.staff": "77",
        "mission.satellite_count": "9",
        "mission.lowest_altitude_km": "410",
        "mission.satellite_mass_kg": "99",
    }
    names = list(values)
    results = at_once(
        len(names),
        lambda n: save_facts(
            assessment=fresh(assessment), values={names[n]: values[names[n]]}, by=ada
        ),
    )
    assert kinds(results) == {"FactsSaved": len(names)}, results
    assert {name: fresh(assessment).facts[name] for name in names} == values


def test_the_two_ends_of_a_window_cannot_be_turned_round_at_once(
    assessment: Assessment, ada: Membership
) -> None:
    ends = (
        {"mission.launch_window_from": "2027-03-25"},
        {"mission.launch_window_until": "2027-03-13"},
    )
    results = at_once(2, lambda n: save_facts(assessment=fresh(assessment), values=ends[n], by=ada))
    assert kinds(results) == {"FactsSaved": 1, "InvalidInput": 1}, results


def test_twenty_requests_for_one_report_make_one(submission: Submission, ada: Membership) -> None:
    results = at_once(
        20,
        lambda _n: request_report(
            submission=Submission.objects.select_related("assessment__firm").get(),
            kind="full",
            lang="en",
            by=ada,
        ),
    )
    assert kinds(results) == {"Report": 20}, results
    assert len({result.pk for result in results}) == Report.objects.count() == 1


def reload(submission: Submission) -> Submission:
    return Submission.objects.select_related("assessment__firm").get(pk=submission.pk)


def test_officers_at_once_neither_number_nor_decide_twice(
    submission: Submission, cleo: Membership
) -> None:
    results = at_once(
        8,
        lambda n: raise_finding(
            submission=reload(submission),
            requirement_id=YES_NO,
            severity="minor",
            missing=f"Gap {n}",
            due_on=factories.next_year(),
            by=cleo,
        ),
    )
    assert kinds(results) == {"Finding": 8}, results
    assert list(Finding.objects.values_list("number", flat=True)) == list(range(1, 9))

    confirmed = at_once(4, lambda _n: confirm_remaining(submission=reload(submission), by=cleo))
    assert sorted(confirmed)[:3] == [0, 0, 0]
    assert sum(confirmed) == Determination.objects.count() > 0

    decided = at_once(
        8, lambda n: accept_assessment(submission=reload(submission), statement=str(n), by=cleo)
    )
    refused = [result for result in decided if isinstance(result, TransitionNotAllowed)]
    assert (decided.count(None), len(refused)) == (1, 7), decided
    assert AuditEvent.objects.filter(action="assessment.accepted").count() == 1


WITHOUT_A_BROKER = """
import json, sys, time
import django
django.setup()
from compliance.models import Assessment, Membership
from compliance.services.assessments import submit_assessment
from compliance.services.reports import request_report

began = time.monotonic()
submission = submit_assessment(
    assessment=Assessment.objects.select_related("firm").get(),
    name="Ada Li", position="Head", statement="Checked.",
    by=Membership.objects.select_related("firm", "user").get(user__email="ada@demo.example"),
)
request_report(
    submission=submission, kind="full", lang="en",
    by=Membership.objects.select_related("firm", "user").get(user__email="ada@demo.example"),
)
print(json.dumps(time.monotonic() - began))
"""


@pytest.mark.parametrize("broker", ["a closed port", "a folder that is gone"])
def test_without_a_broker_nothing_waits_and_nothing_is_lost(
    answered_assessment: Assessment, broker: str
) -> None:
    code = WITHOUT_A_BROKER
    url = "embedded"
    if broker == "a closed port":
        url = f"redis://127.0.0.1:{free_port()}/0"
    else:
        code = code.replace(
            "began =",
            "from celery import current_app\n"
            'gone = "/proc/nowhere"\n'
            "current_app.conf.broker_transport_options = {\n"
            '    **current_app.conf.broker_transport_options, "data_folder_out": gone}\n'
            "began =",
            1,
        )
    child = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "DATABASE_URL": database_url(),
            "BROKER_URL": url,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    assert float(child.stdout.splitlines()[-1]) < 5, child.stderr
    assert "waits for the next sweep" in child.stderr
    assert Submission.objects.count() == 1
    report = Report.objects.get()
    assert (report.status, report.attempts) == ("requested", 0)


def test_sqlite_runs_as_it_was_measured(transactional_db: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has these by nature.")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone() == (2,)  # FULL
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)
    assert connection.settings_dict["OPTIONS"]["timeout"] >= 20
