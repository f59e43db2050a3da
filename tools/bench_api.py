"""Calls of the API through the whole stack, with a token and without the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.bench import Figure


def api_figures(measure: Callable[..., Figure]) -> list[Figure]:
    """What the firm's own systems ask for most."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from compliance.models import Answer, Assessment, Submission, User
    from compliance.services.tokens import issue_token

    assessment = Assessment.objects.get(title="DO-3 launch campaign 2027")
    submission = Submission.objects.filter(assessment__firm=assessment.firm).latest("submitted_at")
    answer = Answer.objects.filter(assessment=assessment, value="yes", flag="").earliest("id")
    user = User.objects.get(email="manager@demo.example")
    secret = issue_token(user=user, name="bench", scopes=["read", "write"]).secret
    client, headers = Client(), {"Authorization": f"Token {secret}"}

    def get(path: str) -> Callable[[], object]:
        def call() -> None:
            reply = client.get(f"/api/v1/{path}", headers=headers)
            if reply.status_code != 200:
                raise RuntimeError(f"{path} answered {reply.status_code}")

        return call

    place = f"assessments/{assessment.pk}"

    def save() -> None:
        version = Answer.objects.values_list("version", flat=True).get(pk=answer.pk)
        reply = client.put(
            f"/api/v1/{place}/answers/{answer.requirement}/",
            json.dumps({"value": "yes", "note": f"Version {version}"}),
            content_type="application/json",
            headers={**headers, "If-Match": f'"{version}"'},
        )
        if reply.status_code != 200:
            raise RuntimeError(f"saving answered {reply.status_code}")

    calls: list[tuple[str, Callable[[], object], int, str]] = [
        ("API: save one answer", save, 1, "15 ms, 10"),
        ("API: 140 requirements with outcomes", get(f"{place}/requirements/"), 0, "40 ms, 8"),
        ("API: an assessment with its scores", get(f"{place}/"), 0, "40 ms, 10"),
        ("API: facts", get(f"{place}/facts/"), 0, "40 ms, 10"),
        ("API: a submission, whole", get(f"submissions/{submission.pk}/"), 0, "100 ms, 15"),
        ("API: 50 assessments with their scores", get("assessments/"), 0, "500 ms, 10"),
        ("API: the rules, all of them", get("catalogues/cnsa_2025_2027/requirements/"), 0, ""),
    ]
    figures = []
    for what, call, own, limit in calls:
        call()
        with CaptureQueriesContext(connection) as asked:
            call()
        statements = [
            query["sql"]
            for query in asked.captured_queries
            if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
        ]
        figures.append(measure(what, call, times=40, queries=len(statements) - own, limit=limit))
    return figures
