"""The bench's part about exchange: checking everything, and a framework of 1,000 controls."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTROLS = 1000
FRAMEWORK = "bench_framework"

Measure = Callable[..., Any]


def _quietly(*words: str) -> None:
    from django.core.management import call_command

    call_command("catalogue", *words, stdout=io.StringIO(), stderr=io.StringIO())


def framework_figures(measure: Measure) -> list[Any]:
    """Check, import, evaluate and open; the frameworks are gone afterwards."""
    from checklists.engine import loader
    from tests.checklists.oscal import large_catalog

    check = measure(
        "catalogue check", lambda: _quietly("check"), times=3, limit="3 s", note="no cache"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "controls.json"
        file.write_text(json.dumps(large_catalog(CONTROLS)), encoding="utf-8")
        words = ("import", str(file), "--id", FRAMEWORK, "--out", folder, "--replace")
        bring = measure(
            f"import an OSCAL catalog of {CONTROLS} controls",
            lambda: _quietly(*words),
            times=3,
            limit="5 s",
        )
        loader.use_frameworks(Path(folder))
        try:
            return [check, bring, *_assessment_figures(measure)]
        finally:
            loader.use_frameworks(None)


def _assessment_figures(measure: Measure) -> list[Any]:
    """An assessment of the framework, nine answers of ten given."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from checklists import Answer as EngineAnswer
    from checklists import evaluate_assessment, load_catalogue
    from compliance import clock
    from compliance.models import Answer, Membership
    from compliance.services.assessments import start_assessment
    from tests.factories import AS_OF

    framework = load_catalogue(FRAMEWORK)
    given = {
        name: ("yes", "partly", "no")[number % 3]
        for number, name in enumerate(framework.requirements)
        if number % 10
    }
    answers = {name: EngineAnswer(value) for name, value in given.items()}
    judge = measure(
        f"evaluate {CONTROLS} requirements of a framework",
        lambda: evaluate_assessment(framework, as_of=AS_OF, facts={}, answers=answers, evidence={}),
        times=50,
        limit="30 ms",
    )
    manager = Membership.objects.get(
        user__email="manager@demo.example", firm__assessments__title="DO-3 launch campaign 2027"
    )
    assessment = start_assessment(
        firm=manager.firm,
        title="A framework of a thousand controls",
        as_of=AS_OF,
        roles=[],
        by=manager,
        catalogue_id=FRAMEWORK,
    )
    Answer.objects.bulk_create(
        Answer(
            assessment=assessment,
            requirement=name,
            value=value,
            updated_by=manager.user,
            updated_at=clock.now(),
        )
        for name, value in given.items()
    )
    client = Client()
    client.force_login(manager.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    url = reverse("assessment_tasks", args=[assessment.pk])

    def tasks() -> None:
        if client.get(url).status_code != 200:
            raise RuntimeError("the task list did not open")

    tasks()
    with CaptureQueriesContext(connection) as captured:
        tasks()
    opened = measure(
        f"page: task list of {CONTROLS} requirements",
        tasks,
        times=10,
        queries=len(captured),
        limit="300 ms",
    )
    return [judge, opened]
