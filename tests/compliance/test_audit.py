"""The audit trail: everything that is written is in it, and nothing in it is ever changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from compliance import audit
from compliance.models import Assessment, AuditEvent, Membership, Submission
from compliance.services.answers import save_answer
from compliance.services.reports import request_report
from compliance.services.review import accept_assessment, confirm_remaining


@pytest.fixture
def event(firm: object, ada: Membership) -> AuditEvent:
    return audit.record(ada, "firm.registered", ada.firm, after={"name": "x"})


def test_an_event_says_who_did_what_to_what(event: AuditEvent, ada: Membership) -> None:
    event.refresh_from_db()
    assert (event.actor, event.actor_name, event.firm) == (ada.user, "Ada", ada.firm)
    assert event.subject == f"firm:{ada.firm.pk}"
    assert event.at.tzinfo is not None


def test_no_event_is_changed_or_deleted(event: AuditEvent) -> None:
    event.after = {"name": "y"}
    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(after=None),
        lambda: AuditEvent.objects.filter(pk=event.pk).update(actor_name="Nobody"),
        lambda: AuditEvent.objects.bulk_update([event], ["after"]),
    ):
        with pytest.raises(TypeError, match="never changed"), transaction.atomic():
            change()
    assert AuditEvent.objects.get().after == {"name": "x"}


def test_an_action_without_a_sentence_is_a_mistake_of_ours(ada: Membership) -> None:
    with pytest.raises(KeyError):
        audit.record(ada, "firm.painted", ada.firm)
    assert not AuditEvent.objects.exists()


def test_an_event_of_the_system_names_its_firm(ada: Membership) -> None:
    with pytest.raises(TypeError):
        audit.record(None, "report.ready", ada.firm)
    event = audit.record(None, "report.ready", ada.firm, firm=ada.firm)
    assert (event.actor, event.actor_name) == (None, "Tianheng")


def test_every_action_in_the_code_has_a_sentence_and_every_sentence_an_action() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(settings.BASE_DIR, "compliance").rglob("*.py")
        if path.name != "audit.py"
    )
    used = set(re.findall(r'"((?:[a-z_]+)\.(?:[a-z_]+))"', code)) & set(audit.SENTENCES)
    later = {"report.ready", "report.failed"}  # written by the worker
    assert set(audit.SENTENCES) - used <= later


def test_the_whole_path_leaves_its_trail_in_order(
    submission: Submission, ada: Membership, cleo: Membership
) -> None:
    confirm_remaining(submission=submission, measure=1, by=cleo)
    accept_assessment(submission=submission, statement="Good.", by=cleo)
    request_report(submission=submission, kind="full", lang="en", by=ada)
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    first_seen = list(dict.fromkeys(actions))
    assert first_seen == [
        "assessment.started",
        "facts.saved",
        "answer.saved",
        "evidence.attached",
        "assessment.submitted",
        "determination.recorded",
        "assessment.accepted",
        "report.requested",
    ]
    assert actions.count("answer.saved") == submission.assessment.answers.count()
    assert not AuditEvent.objects.exclude(assessment=submission.assessment).exists()


def test_a_save_that_fails_leaves_no_event(
    assessment: Assessment, ben: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = AuditEvent.objects.count()

    def fails(**options: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("compliance.models.Answer.save", lambda self, **options: fails())
    with pytest.raises(RuntimeError):
        save_answer(
            assessment=assessment,
            requirement_id="cnsa.m01.research_call_watch",
            value="yes",
            base_version=None,
            by=ben,
        )
    assert AuditEvent.objects.count() == before
