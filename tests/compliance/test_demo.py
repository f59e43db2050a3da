"""The demo: invented firms in every stage, refused where passwords matter."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from compliance.demo import PASSWORD, PEOPLE, make_demo, remove_demo
from compliance.models import (
    Assessment,
    AuditEvent,
    CorrectiveAction,
    Evidence,
    Finding,
    Firm,
    Membership,
    Report,
    Role,
    Submission,
    User,
)
from tests import factories

CONTRACT = {  # the demo sign-ins other programs rely on
    "manager@demo.example": ["manager"],
    "contributor@demo.example": ["contributor"],
    "viewer@demo.example": ["viewer"],
    "officer@demo.example": ["officer", "officer"],
    "manager@other.example": ["manager"],
}


@pytest.fixture
def own_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return tmp_path


def counts() -> Counter[str]:
    models = (User, Firm, Assessment, Submission, Report, Evidence, Finding, AuditEvent)
    return Counter({model.__name__: model.objects.count() for model in models})


def test_the_demo_has_every_stage_once_and_leaves_nothing_behind(
    db: None,
    own_folder: Path,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.DEBUG = True
    bystander = factories.member(factories.firm("Real Co."), Role.MANAGER, "Real")
    before = counts()
    out = StringIO()
    call_command("demo", stdout=out)

    roles = {
        email: sorted(Membership.objects.filter(user__email=email).values_list("role", flat=True))
        for email in CONTRACT
    }
    assert roles == CONTRACT
    assert {person.email for person in PEOPLE} == set(CONTRACT)
    assert PASSWORD == "demo-tianheng"
    for email in CONTRACT:
        assert authenticate(None, email=email, password=PASSWORD) is not None
        assert email in out.getvalue()
    firms = Firm.objects.exclude(pk=bystander.firm_id)
    assert firms.count() == 2
    for firm in firms:
        statuses = set(firm.assessments.values_list("status", flat=True))
        assert statuses == {"draft", "submitted", "accepted"}
        draft = firm.assessments.get(status="draft")
        assert draft.answers.exists()
        assert draft.facts
    assert Report.objects.count() == 2
    assert Finding.objects.count() == 6
    stages = CorrectiveAction.objects.values_list("status", flat=True)
    assert sorted(stages) == ["done", "done", "in_progress", "in_progress", "open", "open"]

    made = counts()
    call_command("demo", stdout=StringIO())
    assert counts() == made  # a second time changes nothing

    with django_capture_on_commit_callbacks(execute=True):
        remove_demo()
    assert counts() == before
    assert Firm.objects.get() == bystander.firm
    assert [path for path in own_folder.rglob("*") if path.is_file()] == []


def test_the_demo_is_refused_while_debug_is_off(db: None, settings: Settings) -> None:
    settings.DEBUG = False
    for arguments in ((), ("--reset",)):
        with pytest.raises(CommandError, match="known to everybody"):
            call_command("demo", *arguments)
    assert not User.objects.exists()


def test_a_demo_that_fails_half_way_leaves_nothing(
    db: None, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **options: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("compliance.demo.accept_assessment", fails)
    with pytest.raises(RuntimeError):
        make_demo()
    assert not User.objects.exists()
    assert not Firm.objects.exists()
