"""The OpenAPI description: kept in the tree, true to what is answered, good for a client."""

from __future__ import annotations

import importlib
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis.errors import Unsatisfiable
from pytest_django.live_server_helper import LiveServer
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from compliance.api.docs import description, description_as_text, digest_of_description
from compliance.models import Membership, Submission
from compliance.services.discussion import add_comment
from compliance.services.evidence import add_evidence
from compliance.services.questions import ask_question
from compliance.services.webhooks import add_webhook, ping_webhook
from config.wsgi import application
from tests import factories
from tests.compliance.api.calls import Api, api_of

SNAPSHOT = Path(settings.BASE_DIR, "docs", "openapi.json")
CHANGELOG = Path(settings.BASE_DIR, "CHANGELOG.md")
# What fits the description may still be refused: no schema knows which ids and cursors there are.
# And each call here carries a good token, where the check expects to have spoiled it.
BEYOND = (positive_data_acceptance, ignored_auth)
REVIEW = {"review", "submissions", "corrective actions"}
YES_NO = "cnsa.m01.research_call_watch"


def test_a_change_of_the_api_is_in_the_tree_and_in_the_change_log() -> None:
    """`manage.py openapi` writes the file and prints what the change log has to name."""
    text = description_as_text()
    assert SNAPSHOT.read_text(encoding="utf-8") == text
    assert digest_of_description(text) in CHANGELOG.read_text(encoding="utf-8")


def test_the_description_names_every_call_with_its_refusals() -> None:
    schema = description()
    assert schema["openapi"] == "3.1.0"
    for refusal in schema["components"]["responses"].values():
        ((media_type, content),) = refusal["content"].items()
        assert media_type == "application/problem+json"
        assert content["examples"]
    for path, calls in schema["paths"].items():
        for method, call in calls.items():
            responses = call["responses"]
            is_public = not call.get("security")
            assert is_public or {"401", "403", "404"} <= set(responses), (path, method)
            body = call.get("requestBody", {}).get("content", {}).get("application/json")
            assert body is None or body["examples"], (path, method)
            headers = {
                each["name"] for each in call.get("parameters", []) if each["in"] == "header"
            }
            creates = method == "post" and "201" in responses
            assert not creates or "Idempotency-Key" in headers, (path, method)


def test_description_and_its_page_are_for_everybody_and_run_no_strange_script(
    client: Client,
) -> None:
    reply = client.get(reverse("api_schema"))
    assert reply.json()["info"]["title"] == "Tianheng"
    assert client.get(reverse("api_schema"), headers={"Accept": "application/yaml"}).content
    page = client.get(reverse("api_docs"))
    assert page.status_code == 200
    text = page.content.decode()
    assert "//" not in text.replace("<!doctype", "").split("</head>")[0]
    assert "<style" not in text
    assert "unsafe" not in page.headers["Content-Security-Policy"]


@pytest.fixture
def world(
    ada: Membership, cleo: Membership, light_submission: Submission, own_storage: None
) -> dict[str, str]:
    draft = factories.draft(ada)
    piece = add_evidence(firm=ada.firm, url="https://demo.example/a", by=ada)
    said = add_comment(assessment=draft, requirement_id=YES_NO, text="A word.", by=ada)
    asked = ask_question(submission=light_submission, requirement_id=YES_NO, text="Which?", by=cleo)
    webhook = add_webhook(firm=ada.firm, url="https://demo.example/", areas=["answers"], by=ada)
    return {
        "webhook_id": str(webhook.pk),
        "delivery_id": str(ping_webhook(webhook=webhook, by=ada).pk),
        "assessment_id": str(draft.pk),
        "submission_id": str(light_submission.pk),
        "firm_id": str(ada.firm_id),
        "evidence_id": str(piece.pk),
        "comment_id": str(said.pk),
        "question_id": str(asked.pk),
        "reference_id": "CN-SMALLSAT-2021",
        "requirement_id": YES_NO,
        "catalogue_id": "cnsa_2025_2027",
    }


@pytest.fixture
def open_connection() -> Iterator[None]:
    """The server would close the connection after a request; the test's data stands in it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def calls_of(world: dict[str, str]) -> Any:
    """The description, with ids that exist, so that the calls get past the first door."""
    raw = json.loads(description_as_text())
    for calls in raw["paths"].values():
        for call in calls.values():
            for parameter in call.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] in world:
                    parameter["schema"] = {"enum": [world[parameter["name"]]]}
    return schemathesis.openapi.from_dict(raw)


@pytest.mark.usefixtures("open_connection")
def test_whatever_fits_or_breaks_the_description_is_answered_as_described(
    world: dict[str, str], ada: Membership, cleo: Membership, vera: Membership, ben: Membership
) -> None:
    schema = calls_of(world)
    schema.app = application
    calls = [operation.ok() for operation in schema.get_all_operations()]
    review = [call for call in calls if call.tags and REVIEW & set(call.tags)]
    fitting, breaking = [GenerationMode.POSITIVE], [GenerationMode.NEGATIVE]
    faults = run(calls, Api(), examples=1, modes=fitting)
    faults += run(calls, api_of(ada.user), examples=2, modes=fitting)
    faults += run(calls, api_of(ada.user), examples=1, modes=breaking)
    faults += run(review, api_of(cleo.user), examples=2)
    for member in (vera, ben):
        faults += run(calls, api_of(member.user), examples=1, modes=fitting)
    assert faults == [], "\n".join(faults)


def run(
    calls: Iterable[Any],
    caller: Api,
    *,
    examples: int,
    modes: Iterable[GenerationMode] = tuple(GenerationMode),
) -> list[str]:
    """A few requests of each kind to each call, each answer held against the description."""
    headers = {"Authorization": f"Token {caller.token}"} if caller.token else {}
    faults: list[str] = []
    for call, mode in itertools.product(calls, modes):
        if call.label == "POST /api/v1/auth/token/" and caller.token:
            continue

        @bounds(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=call.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            reply = case.call(headers=headers)
            try:
                case.validate_response(reply, excluded_checks=[*BEYOND])
            except FailureGroup as group:
                sent = f"{case.path_parameters} {case.query} {case.headers} {case.body!r}"
                said = "; ".join(str(fault)[:300] for fault in group.exceptions)
                faults.append(f"{case.method} {case.path}: {reply.status_code} {said} {sent[:400]}")

        with suppress(Unsatisfiable):  # nothing breaks a call that takes nothing
            send()
    return faults


@pytest.mark.django_db(transaction=True)
def test_a_client_made_from_the_description_works(
    live_server: LiveServer, ada: Membership, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = factories.draft(ada)
    folder = tmp_path / "made"
    subprocess.run(
        [
            str(Path(sys.executable).with_name("openapi-python-client")),
            "generate",
            "--path",
            str(SNAPSHOT),
            "--meta",
            "none",
            "--output-path",
            str(folder / "tianheng_client"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    monkeypatch.syspath_prepend(str(folder))
    made = importlib.import_module("tianheng_client")
    sign_in = importlib.import_module("tianheng_client.api.sign_in.create_token")
    get_answer = importlib.import_module("tianheng_client.api.answers.get_answer")
    save_answer = importlib.import_module("tianheng_client.api.answers.save_answer")
    models = importlib.import_module("tianheng_client.models")

    stranger = made.Client(base_url=live_server.url)
    token = sign_in.sync(
        client=stranger,
        body=models.TokenInput(email=ada.user.email, password=factories.PASSWORD),
    )
    client = made.AuthenticatedClient(base_url=live_server.url, token=token.token, prefix="Token")
    where = (UUID(str(draft.pk)), YES_NO)
    answer = get_answer.sync(*where, client=client)
    assert (answer.version, answer.applicability.value) == (0, "applies")
    saved = save_answer.sync(
        *where, client=client, body=models.AnswerInput(value="yes"), if_match=answer.etag
    )
    assert (saved.version, saved.outcome.value) == (1, "met")
    refused = save_answer.sync(
        *where, client=client, body=models.AnswerInput(value="no"), if_match=answer.etag
    )
    assert refused.code == "changed_meanwhile"
