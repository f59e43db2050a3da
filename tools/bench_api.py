"""Calls of the API through the whole stack, with a token and without the network."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.bench import Figure


def api_figures(measure: Callable[..., Figure]) -> list[Figure]:
    """What the firm's own systems ask for most."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from compliance.models import Answer, Assessment, AuditEvent, Submission, User
    from compliance.services.tokens import issue_token

    assessment = Assessment.objects.get(title="DO-3 launch campaign 2027")
    submission = Submission.objects.filter(assessment__firm=assessment.firm).latest("submitted_at")
    answer = Answer.objects.filter(assessment=assessment, value="yes", flag="").earliest("id")
    answers = list(
        Answer.objects.filter(assessment=assessment).values_list("requirement", flat=True)
    )
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
        ("API: 50 assessments with their scores", get("assessments/"), 0, "250 ms, 10"),
        ("API: the rules, all of them", get("catalogues/cnsa_2025_2027/requirements/"), 0, ""),
    ]
    figures = []
    for what, call, own, limit in calls:
        call()
        with CaptureQueriesContext(connection) as asked:
            call()
        queries = queries_of(asked.captured_queries) - own
        figures.append(measure(what, call, times=40, queries=queries, limit=limit))
    paths = [
        *[f"{place}/changes/?since={AuditEvent.objects.latest('id').pk}"] * 6,
        *[f"{place}/answers/{name}/" for name in answers[:5]],
        *[f"catalogues/cnsa_2025_2027/requirements/{name}/" for name in answers[:4]],
        f"{place}/facts/",
        f"{place}/",
        f"{place}/problems/",
        f"{place}/requirements/",
        f"submissions/?limit=5&assessment={submission.assessment_id}",
    ]
    return [*figures, load_figure(paths, secret)]


def queries_of(captured: Sequence[Mapping[str, str]]) -> int:
    """How many of the statements ask or write; the rest begin and end a transaction."""
    frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(frame) for query in captured)


RATE, SECONDS, CALLERS = 100, 10, 16


def load_figure(paths: list[str], secret: str) -> Figure:
    """100 requests a second of mixed reading on one web process, as `make run` starts it.

    Each request is due at its time, whether the one before it was answered or not; what is
    measured is from then to the answer.
    """
    import random

    from tools.bench import Figure

    due = [number / RATE for number in range(RATE * SECONDS)]
    asked = random.Random(7).choices(paths, k=len(due))
    taken: list[float] = []
    refused: list[str] = []
    waiting = iter(zip(due, asked, strict=True))
    turn = threading.Lock()
    headers = {"Authorization": f"Token {secret}"}

    def call(port: int, begun: float) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while True:
            with turn:
                at, path = next(waiting, (0.0, ""))
            if not path:
                return
            time.sleep(max(0.0, begun + at - time.perf_counter()))
            link.request("GET", f"/api/v1/{path}", headers=headers)
            reply = link.getresponse()
            reply.read()
            taken.append(time.perf_counter() - begun - at)
            if reply.status not in (200, 304):
                refused.append(f"{path}: {reply.status}")

    with web_process() as (port, server):
        used = _processor_s(server)
        begun = time.perf_counter() + 0.2
        callers = [threading.Thread(target=call, args=(port, begun)) for _number in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        rate = len(taken) / (time.perf_counter() - begun)
        used = _processor_s(server) - used
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(taken)} failed, such as {refused[0]}")
    taken.sort()
    return Figure(
        f"API: {RATE} requests a second for {SECONDS} s, one web process",
        taken[len(taken) // 2],
        taken[int(len(taken) * 0.95)],
        limit="no errors",
        note=f"{rate:.0f} a second, {used / len(taken) * 1000:.1f} ms of processor time each",
    )


def _processor_s(server: int) -> float:
    """The processor time that gunicorn's workers have taken so far."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    ticks = 0
    for child in children:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # user and system
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def web_process() -> Iterator[tuple[int, int]]:
    """Port and process of the server of `make run`, over the database of the benchmark."""
    from django.conf import settings

    from compliance.management.commands.serve import web_options

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "false",
        "SSL_REDIRECT": "false",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{settings.DATABASES['default']['NAME']}",
        "SECRET_KEY": settings.SECRET_KEY,
    }
    command = [sys.executable, "-m", "gunicorn", *web_options(f"127.0.0.1:{port}")]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _attempt in range(300):
            with suppress(OSError):
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                link.request("GET", "/healthz")
                if link.getresponse().status == 200:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError("the web process does not answer")
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(15)
