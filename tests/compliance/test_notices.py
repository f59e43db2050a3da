"""Notices: who is told what, in which words, by which way; and that none is lost or told twice."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from compliance import audit, workdays
from compliance.models import (
    Assessment,
    CorrectiveAction,
    EmailOutbox,
    Evidence,
    Membership,
    Notification,
    NotificationPreference,
    Role,
    Submission,
    User,
)
from compliance.models.notices import Kind
from compliance.notices import post
from compliance.notices.delivery import write_letters_of_the_day
from compliance.notices.events import announce
from compliance.notices.post import send_waiting
from compliance.notices.reminders import reached, remind
from compliance.notices.words import SENTENCES, sentence_of
from compliance.services.corrective_actions import open_actions
from compliance.services.delegations import delegate
from compliance.services.discussion import add_comment, edit_comment
from compliance.services.firms import change_role
from compliance.services.queue import assign_review
from compliance.services.review import raise_finding, record_determination, return_to_firm
from compliance.workdays import is_announced, is_working_day, working_days_until
from tests import factories

ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clock of the test; its one element may be set."""
    moment = [MONDAY]
    monkeypatch.setattr("compliance.clock.now", lambda: moment[0])
    monkeypatch.setattr("compliance.clock.today", lambda: timezone.localdate(moment[0]))
    return moment


def told(person: Membership) -> list[str]:
    return [sentence_of(row) for row in Notification.objects.filter(to=person.user).order_by("id")]


# --- what happened --------------------------------------------------------------------------------


def test_those_concerned_are_told_once_and_nobody_else(
    submission: Submission,
    ada: Membership,
    ben: Membership,
    cleo: Membership,
    vera: Membership,
    dov: Membership,
) -> None:
    assert announce() > 0
    assert told(cleo) == ["Ada submitted “DO-3 launch campaign” for review."]
    assert Notification.objects.get(to=cleo.user).path == reverse("review", args=[submission.pk])
    assert [told(each) for each in (ada, ben, vera, dov)] == [[], [], [], []]
    assert announce() == 0
    letter = EmailOutbox.objects.get()
    assert (letter.to, letter.address) == (cleo.user, "cleo@demo.example")
    assert "Ada submitted" in letter.subject
    assert "Ada submitted" in letter.text
    assert "<li>Ada submitted" in letter.html


def test_the_words_are_the_readers_and_hostile_names_do_no_harm(
    submission: Submission, ada: Membership, ben: Membership, cleo: Membership
) -> None:
    User.objects.filter(pk=cleo.user_id).update(name='<b>Gao</b>\r\nBcc: x@y.example "%(who)s')
    User.objects.filter(pk=ben.user_id).update(language="zh-hans")
    cleo.user.refresh_from_db()
    Assessment.objects.update(title='<img src=x onerror="1"> %s\n轨道')
    record_determination(
        submission=Submission.objects.select_related("assessment__firm").get(),
        requirement_id=ORBIT,
        outcome="not_met",
        comment="Why?",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(
        submission=Submission.objects.select_related("assessment__firm").get(),
        comment="One.",
        by=cleo,
    )
    announce()
    letters = {letter.to: letter for letter in EmailOutbox.objects.exclude(to=cleo.user)}
    assert "returned" in letters[ada.user].subject
    assert "退回" in letters[ben.user].subject
    for letter in letters.values():
        assert "\n" not in letter.subject
        assert "<b>" not in letter.html
        assert "<img" not in letter.html
    send_waiting()
    assert {message.to[0] for message in mail.outbox} >= {"ada@demo.example", "ben@demo.example"}


def test_many_requirements_given_at_once_are_one_notification(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    names = [ORBIT, "cnsa.m01.research_call_watch", "cnsa.m16.itu_filing_age"]
    delegate(assessment=assessment, requirement_ids=names[:1], to=ben, by=ada)
    announce()
    delegate(assessment=assessment, requirement_ids=names[1:], to=ben, by=ada)
    announce()
    assert [sentence.split("“")[0] for sentence in told(ben)] == [
        "Ada gave you ",
        "Ada gave you 2 requirements in ",
    ]
    assert "M07-01" in told(ben)[0]


def test_mentions_a_review_handed_over_and_a_new_role_are_told_to_the_one_they_concern(
    submission: Submission, ada: Membership, ben: Membership, cleo: Membership, vera: Membership
) -> None:
    hu = factories.member(cleo.firm, Role.OFFICER, "Hu")
    draft = factories.draft(ada, title="Next")
    comment = add_comment(assessment=draft, requirement_id=ORBIT, text="@Ben 请看", by=ada)
    edit_comment(comment=comment, text="@Ben and @Vera, see @Ada", by=ada)
    assign_review(submission=submission, to=hu.user, by=cleo)
    change_role(member=vera, role="contributor", by=ada)
    Notification.objects.all().delete()
    announce()
    mentions = (
        "Ada mentions you on “M07-01 Orbit lifetime after the end of mission (LEO)” in “Next”: "
    )
    assert told(ben) == [f"{mentions}@Ben 请看"]  # once, though the comment was changed
    assert told(vera) == [
        f"{mentions}@Ben and @Vera, see @Ada",
        "Ada changed your role in “Demo Orbital Co.”. You are contributor now.",
    ]
    assert told(ada) == []
    assert told(hu)[1:] == ["Cleo handed you the review of “DO-3 launch campaign”."]
    paths = {row.code: row.path for row in Notification.objects.all()}
    assert paths["comment.added"].endswith(f"/{ORBIT}/#talk")
    assert paths["review.assigned"] == reverse("review", args=[submission.pk])


def test_a_notice_comes_even_if_telling_failed_halfway(
    submission: Submission, cleo: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(letters: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("compliance.notices.delivery.write", fails)
        with pytest.raises(RuntimeError):
            announce()
    assert not Notification.objects.exists()
    announce()
    assert (len(told(cleo)), EmailOutbox.objects.count()) == (1, 1)


def test_every_sentence_can_be_said_in_both_languages(ada: Membership) -> None:
    details = {"who": "Ada", "assessment": "A", "requirement": ORBIT, "day": "2027-03-12"}
    for code in SENTENCES:
        row = Notification(to=ada.user, firm=ada.firm, code=code, details=details)
        english = sentence_of(row)
        pattern = str(SENTENCES[code])
        with translation.override("zh-hans"):
            chinese = sentence_of(row)
            assert str(SENTENCES[code]) != pattern
        assert "%" not in english + chinese


# --- what a person wishes -------------------------------------------------------------------------


def test_preferences_hold_except_where_a_duty_rests_on_them(
    client: Client, submission: Submission, ada: Membership, cleo: Membership
) -> None:
    client.force_login(cleo.user)
    url = reverse("notification_preferences")
    for mail_way in ("off", "banana", "\x00"):
        refused = client.post(url, {"mail-submitted": mail_way, "mail-question": "off"})
        assert refused.status_code == 422
    assert not NotificationPreference.objects.exists()
    assert client.post(url, {"mail-submitted": "digest", "mail-question": "off"}).status_code == 302
    wishes = {row.kind: row for row in NotificationPreference.objects.filter(user=cleo.user)}
    assert set(wishes) == set(Kind.values)
    assert (wishes["submitted"].in_site, wishes["submitted"].mail) == (True, "digest")
    assert (wishes["question"].in_site, wishes["question"].mail) == (False, "off")
    announce()
    assert not EmailOutbox.objects.exists()
    row = Notification.objects.get(to=cleo.user)
    assert (row.in_site, row.in_digest) == (True, True)


def test_the_letter_of_the_day_is_one_a_day_from_eight(
    submission: Submission, cleo: Membership, now: list[datetime]
) -> None:
    NotificationPreference.objects.create(user=cleo.user, kind="submitted", mail="digest")
    audit.record(
        Membership.objects.get(user__email="ada@demo.example"),
        "assessment.withdrawn",
        submission,
        assessment=submission.assessment,
    )
    announce()
    now[0] = MONDAY.replace(hour=23, day=22)  # seven in the morning
    assert write_letters_of_the_day() == 0
    now[0] = MONDAY
    assert [write_letters_of_the_day(), write_letters_of_the_day()] == [1, 0]
    letter = EmailOutbox.objects.get()
    assert letter.subject == "Tianheng: 2 notifications"
    assert "submitted" in letter.text
    assert "withdrew" in letter.text


def test_the_bell_counts_and_the_list_is_read(
    client: Client, submission: Submission, cleo: Membership, dov: Membership
) -> None:
    client.force_login(cleo.user)
    home = reverse("firm_home", args=[cleo.firm_id])
    client.get(home)
    with CaptureQueriesContext(connection) as before:
        assert "th-count" not in client.get(home).content.decode()
    announce()
    with CaptureQueriesContext(connection) as after:
        page = client.get(home).content.decode()
    assert '<span class="th-count" aria-hidden="true">1</span>' in page
    assert len(after) == len(before)
    url = reverse("notifications")
    with CaptureQueriesContext(connection) as queries:
        page = client.get(url).content.decode()
    assert len(queries) <= 10
    assert "Ada submitted “DO-3 launch campaign” for review." in page
    row = Notification.objects.get(to=cleo.user)
    stranger = Client()
    stranger.force_login(dov.user)
    stranger.post(reverse("notifications_read"), {"id": row.pk})
    assert Notification.objects.unread().count() == 1
    assert client.post(reverse("notifications_read"), {"id": "-1"}).status_code == 422
    client.post(reverse("notifications_read"), {"id": row.pk})
    assert not Notification.objects.unread().exists()
    assert "Everything is read" in client.get(url).content.decode()
    assert "Nothing unread" in client.get(f"{url}?show=unread").content.decode()


# --- due dates ------------------------------------------------------------------------------------


def test_working_days_are_those_of_the_chinese_calendar() -> None:
    assert not is_working_day(date(2026, 10, 5))  # National Day
    assert is_working_day(date(2026, 10, 10))  # a Saturday worked for it
    assert is_working_day(date(2025, 1, 26))  # from the library: a Sunday
    assert not is_announced(2031)
    assert [is_working_day(date(2031, 3, day)) for day in (7, 8, 9, 10)] == [
        True,
        False,
        False,
        True,
    ]
    friday, monday = date(2026, 9, 30), date(2026, 10, 8)  # the last and the first day of work
    assert working_days_until(monday, friday) == 1
    assert working_days_until(friday, monday) == -1
    assert working_days_until(friday, friday) == 0
    assert working_days_until(date(2026, 11, 21), date(2026, 11, 20)) == 0  # due on a Saturday
    assert [reached(left, (5, 1, 0, -1)) for left in (6, 5, 2, 1, 0, -1, -9)] == [
        None, 5, 5, 1, 0, -1, -1,
    ]  # fmt: skip


def test_our_own_year_says_what_the_library_says() -> None:

    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)
        assert is_working_day(day) == chinese_calendar.is_workday(day), day


def test_a_year_not_announced_says_so(
    client: Client, ada: Membership, monkeypatch: pytest.MonkeyPatch, now: list[datetime]
) -> None:
    client.force_login(ada.user)
    url = reverse("notification_preferences")
    now[0] = datetime(2031, 3, 3, 2, tzinfo=UTC)
    assert "holidays of 2031 are not announced yet" in client.get(url).content.decode()
    monkeypatch.setitem(
        workdays.OWN_YEARS,
        2031,
        workdays.Year(frozenset({(3, 3)}), frozenset({(3, 8)})),
    )
    assert "not announced" not in client.get(url).content.decode()
    assert (is_working_day(date(2031, 3, 3)), is_working_day(date(2031, 3, 8))) == (False, True)


def test_due_dates_are_reminded_of_before_on_and_after_once_each(
    submission: Submission,
    ada: Membership,
    ben: Membership,
    cleo: Membership,
    now: list[datetime],
) -> None:
    raise_finding(
        submission=submission,
        requirement_id=ORBIT,
        severity="major",
        missing="The analysis.",
        due_on=date(2026, 12, 18),
        by=cleo,
    )
    open_actions(submission, cleo)
    CorrectiveAction.objects.update(owner=ben.user)
    piece = Evidence.objects.filter(uses__isnull=False)[0]
    Evidence.objects.exclude(pk=piece.pk).update(expires_on=None)
    Evidence.objects.filter(pk=piece.pk).update(
        expires_on=date(2026, 12, 18), effective_on=None, title="Policy"
    )
    heard: list[tuple[str, list[str]]] = []
    for number in range(46):
        now[0] = MONDAY + timedelta(days=number)
        for _turn in range(2):
            remind()
        new = Notification.objects.filter(to=ben.user, at=now[0]).order_by("id")
        if new:
            heard.append((f"{now[0]:%m-%d}", [row.code for row in new]))
    assert heard[:5] == [
        ("11-23", ["evidence.due"]),
        ("12-11", ["action.due", "evidence.due"]),
        ("12-17", ["action.due"]),
        ("12-18", ["action.due", "evidence.due"]),
        ("12-21", ["action.late", "evidence.late"]),
    ], heard
    assert next(day for day, codes in heard[5:] if "action.late" in codes) == "12-25"
    assert told(ben)[1].startswith("The corrective action for “M07-01")
    assert "18 Dec 2026" in told(ben)[1]
    assert set(told(ada)) == set(told(ben))
    assert told(cleo) == []
    now[0] = MONDAY - timedelta(days=1)  # a Sunday
    assert remind() == 0


def test_who_was_given_a_requirement_is_reminded_until_it_is_answered(
    assessment: Assessment, ada: Membership, ben: Membership, now: list[datetime]
) -> None:
    delegate(
        assessment=assessment,
        requirement_ids=[ORBIT],
        to=ben,
        due_on=date(2026, 11, 24),
        by=ada,
    )
    remind()
    assert (len(told(ben)), told(ada)) == (1, [])
    now[0] = MONDAY + timedelta(days=2)
    remind()
    assert [row.code for row in Notification.objects.filter(to=ada.user)] == ["delegation.late"]
    from compliance.services.answers import save_answer

    save_answer(assessment=assessment, requirement_id=ORBIT, value="4", base_version=0, by=ben)
    now[0] = MONDAY + timedelta(days=8)
    assert remind() == 0


# --- the mail server ------------------------------------------------------------------------------


class _Server(socketserver.ThreadingTCPServer):
    """A mail server that takes letters, or refuses each with a temporary error."""

    allow_reuse_address = True
    daemon_threads = True
    refuses = True
    taken: list[str]


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode(errors="replace").strip():
            word = line.upper().split()[0]
            if word == "DATA":
                self.say("354 go on")
                body = []
                while (part := self.rfile.readline()) not in {b".\r\n", b""}:
                    body.append(part.decode(errors="replace"))
                self.server.taken.append("".join(body))
                self.say("250 kept")
            elif word == "RCPT" and self.server.refuses:
                self.say("451 not now")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture
def server(settings: Settings) -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Talk) as running:
        running.taken = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.server_address[1]
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running
        running.shutdown()


def test_a_mail_server_that_refuses_or_is_gone_loses_nothing_and_sends_nothing_twice(
    submission: Submission,
    cleo: Membership,
    server: _Server,
    settings: Settings,
    now: list[datetime],
) -> None:
    announce()
    assert send_waiting() == 0
    letter = EmailOutbox.objects.get()
    assert (letter.status, letter.attempts) == ("waiting", 1)
    assert "451" in letter.error
    assert send_waiting() == 0  # not before its time
    assert EmailOutbox.objects.get().attempts == 1

    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9  # nobody listens there
    now[0] = letter.next_at
    assert send_waiting() == 0
    letter.refresh_from_db()
    assert (letter.status, letter.attempts) == ("waiting", 2)
    assert letter.next_at - now[0] == timedelta(minutes=5)

    settings.EMAIL_PORT, server.refuses = port, False
    now[0] = letter.next_at
    assert [send_waiting(), send_waiting()] == [1, 0]
    assert EmailOutbox.objects.get().status == "sent"
    assert len(server.taken) == 1
    assert f"<{letter.pk}@tianheng>" in server.taken[0]
    assert "multipart/alternative" in server.taken[0]


def test_a_letter_nobody_takes_is_given_up_with_its_reason(
    submission: Submission, cleo: Membership, server: _Server, now: list[datetime]
) -> None:
    announce()
    for _attempt in range(len(post.WAITS) + 3):
        send_waiting()
        letter = EmailOutbox.objects.get()
        now[0] = max(now[0], letter.next_at)
    assert (letter.status, letter.attempts) == ("failed", len(post.WAITS) + 1)
    assert "451" in letter.error


def test_the_time_comes_from_one_clock() -> None:
    root = Path(__file__).parent.parent.parent
    asks = ("timezone.now(", "timezone.localdate()", "datetime.now(", "date.today(", "utcnow(")
    found = {
        str(path.relative_to(root))
        for package in ("compliance", "checklists")
        for path in (root / package).rglob("*.py")
        if any(ask in path.read_text(encoding="utf-8") for ask in asks)
    }
    assert found == {"compliance/clock.py"}
