"""The command line against the real site: one walk, its refusals and its exit codes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from pytest_django.live_server_helper import LiveServer

from compliance.models import (
    AccessToken,
    Answer,
    Assessment,
    EvidenceUse,
    Membership,
    Report,
    Submission,
)
from compliance.services.answers import save_answer
from tests import factories
from tianheng_cli import credentials
from tianheng_cli.errors import Exit
from tianheng_cli.main import run
from tianheng_cli.screen import printable

YES_NO = "cnsa.m01.research_call_watch"
ORBIT = "cnsa.m07.orbit_lifetime_after_mission"


@dataclass
class Terminal:
    """Runs commands in this process, as somebody whose home is the test's folder."""

    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    slept: list[float] = field(default_factory=list)
    while_waiting: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.while_waiting()

    def __call__(self, *words: str, expect: Exit = Exit.OK, typed: str = "") -> Any:
        """What the command prints; with --json, what is in it."""
        self.patch.setattr(sys, "stdin", io.StringIO(typed))
        self.capture.readouterr()
        code = run(words, sleep=self.sleep)
        out, err = self.capture.readouterr()
        assert code == expect, (code, out, err)
        assert "Traceback" not in err
        return json.loads(out) if "--json" in words else out + err


@pytest.fixture
def tianheng(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    cache.clear()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("TIANHENG_SERVER", "TIANHENG_TOKEN", "TIANHENG_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Terminal(capsys, monkeypatch)


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_from_sign_in_to_the_report(
    live_server: LiveServer,
    stated_assessment: Assessment,
    ada: Membership,
    ben: Membership,
    tianheng: Terminal,
    tmp_path: Path,
) -> None:
    Answer.objects.filter(requirement=YES_NO).delete()
    place, file = str(stated_assessment.pk), tmp_path / "answers.yaml"

    # Signing in: nobody is, a wrong password, the right one; the token is kept for nobody else.
    assert "tianheng login" in tianheng("firms", expect=Exit.SIGN_IN)
    sign_in = ("login", live_server.url, "--email", ada.user.email, "--password-stdin")
    wrong = tianheng(*sign_in, "--json", typed="wrong\n", expect=Exit.SIGN_IN)
    assert wrong["error"]["code"] == "wrong_credentials"
    assert "Demo Orbital Co." in tianheng(*sign_in, typed=f"{factories.PASSWORD}\n")
    kept = credentials.credentials_file()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert factories.PASSWORD not in kept.read_text()
    token = AccessToken.objects.get()
    assert token.scopes == ["read", "write"]

    # Looking.
    (firm,) = tianheng("firms", "--json")
    assert firm["id"] == str(ada.firm_id)
    listed = tianheng("assessments", "--status", "draft")
    assert listed.split("\t")[:2] == [place, "DO-3 launch campaign"]
    (row,) = tianheng("--json", "assessments", "--firm", firm["id"])
    assert row["id"] == place
    tianheng("assessments", "--status", "nonsense", expect=Exit.REFUSED)
    assert "as of 2026-11-20" in tianheng("status", "DO-3 launch campaign")
    assert tianheng("status", place[:8], "--json")["problems"] == []
    tianheng("status", "no such thing", expect=Exit.USAGE)

    # Out, changed by hand in the file, and back; only what was changed goes.
    tianheng("pull", place, str(file))
    text = file.read_text()
    assert "# M01-05" in text or "# M01" in text
    assert "# value: yes, partly or no" in text
    held = yaml.safe_load(text)
    assert held["facts"]["firm.staff"] == "40"
    assert held["answers"][YES_NO]["version"] == 0
    assert tianheng("push", str(file), "--json")["changed"] == []
    note = "Line one.\n\n  - “two”: yes # no comment\n" + "x " * 120
    block = f"  {YES_NO}:\n    value: "
    changed = text.replace(f"{block}null", f"{block}yes  # mine")
    assert changed != text
    head, tail = changed.split(f"  {YES_NO}:\n", 1)
    tail = tail.replace("note: ''", f"note: {json.dumps(note)}", 1)
    file.write_text(f"{head}  {YES_NO}:\n{tail}")
    shown = tianheng("push", str(file), "--dry-run")
    assert "value: nothing → “yes”" in shown
    assert not Answer.objects.filter(requirement=YES_NO).exists()
    pushed = tianheng("push", str(file), "--json")
    assert [each["requirement"] for each in pushed["saved"]] == [YES_NO]
    answer = Answer.objects.get(requirement=YES_NO)
    assert (answer.value, answer.version) == ("yes", 1)
    assert answer.note.startswith("Line one.\n\n  - “two”: yes # no comment")
    assert "# mine" in file.read_text()  # the file is the person's own
    assert tianheng("push", str(file), "--json")["changed"] == []

    # Both changed it: both are shown, nothing is saved; then on purpose.
    save_answer(
        assessment=stated_assessment,
        requirement_id=YES_NO,
        value="no",
        note="Ben’s",
        base_version=1,
        by=ben,
    )
    assert "pull again" in tianheng("push", str(file))
    file.write_text(file.read_text().replace("value: yes  # mine", "value: partly"))
    clash = tianheng("push", str(file), expect=Exit.CONFLICT)
    assert "yours “partly”, theirs “no”" in clash
    told = tianheng("push", str(file), "--json", expect=Exit.CONFLICT)["error"]
    assert told["details"]["conflicts"][0]["theirs"]["note"] == "Ben’s"
    assert Answer.objects.get(requirement=YES_NO).value == "no"
    lost = tianheng("pull", place, str(file), "--json", expect=Exit.CONFLICT)["error"]
    assert lost["details"]["requirements"] == [YES_NO]
    tianheng("push", str(file), "--force")
    assert Answer.objects.get(requirement=YES_NO).value == "partly"
    file.write_text(file.read_text().replace("value: partly", "value: banana"))
    refused = tianheng("push", str(file), "--json", expect=Exit.REFUSED)["error"]
    assert "banana" in json.dumps(refused, ensure_ascii=False)

    # Evidence, a file and a link.
    (tmp_path / "policy.pdf").write_bytes(factories.PDF)
    to = ("--requirement", ORBIT, "--kind", "orbit_lifetime_analysis")
    dates = ("--issued", "2026-01-01", "--expires", "2032-12-31")
    piece = tianheng("attach", place, "policy.pdf", *to, *dates, "--json")
    assert piece["sha256"] == hashlib.sha256(factories.PDF).hexdigest()
    assert (piece["effective_on"], piece["expires_on"]) == ("2026-01-01", "2032-12-31")
    tianheng("attach", place, "https://demo.example/a", *to)
    assert EvidenceUse.objects.filter(requirement=ORBIT).count() == 2
    tianheng("attach", place, "nothing.pdf", *to, expect=Exit.USAGE)
    bad = tianheng("attach", place, "policy.pdf", *to, "--issued", "soon", expect=Exit.REFUSED)
    assert "effective_on" in bad

    # In, once, and the report.
    early = tianheng("report", place, "--json", expect=Exit.REFUSED)["error"]
    assert early["code"] == "not_submitted"
    tianheng("submit", place, expect=Exit.USAGE)  # nobody is there to be asked
    attest = ("submit", place, "--statement", "I have checked it.", "--key", "k-1")
    first = tianheng(*attest, "--json")
    assert tianheng(*attest, "--json") == first
    assert Submission.objects.count() == 1
    tianheng("submit", place, "--statement", "Again.", expect=Exit.REFUSED)
    file.write_text(file.read_text().replace("value: banana", "value: no"))
    assert tianheng("push", str(file), "--json", expect=Exit.REFUSED)["not_open"] == [YES_NO]

    tianheng.while_waiting = make_report
    made = tianheng("report", place, "--kind", "summary", "--out", str(tmp_path), "--json")
    assert Path(made["file"]).read_bytes() == factories.PDF
    Report.objects.update(sha256="0" * 64)
    assert "damaged" in tianheng("report", place, "--kind", "summary", expect=Exit.NETWORK)
    tianheng.while_waiting = lambda: Report.objects.update(status="failed", error="No room.")
    assert "No room." in tianheng("report", place, expect=Exit.REFUSED)

    tianheng("logout")
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert not kept.exists()
    tianheng("firms", expect=Exit.SIGN_IN)
    tianheng.patch.setenv("TIANHENG_TOKEN", "tht_wrong")
    told = tianheng("--server", live_server.url, "firms", "--json", expect=Exit.SIGN_IN)
    assert told["error"]["code"] == "not_signed_in"


def make_report() -> None:
    """What a worker does meanwhile."""
    report = Report.objects.get(status="requested")
    report.file.save("r.pdf", ContentFile(factories.PDF), save=False)
    report.sha256 = hashlib.sha256(factories.PDF).hexdigest()
    report.status, report.pages, report.progress = Report.Status.READY, 1, 100
    report.save()


# --- a server that is busy, away, or another program ----------------------------------------------


@dataclass
class Other:
    """Something at an address, which answers what it is told, one after the other."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def other() -> Iterator[Other]:
    told = Other()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append((self.command, self.path, dict(self.headers.items())))
            status, headers, body = told.answers.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield told
    server.shutdown()
    server.server_close()


def page(*rows: dict[str, Any], following: str | None = None) -> bytes:
    return json.dumps({"next": following, "previous": None, "results": rows}).encode()


def test_a_busy_server_is_asked_again_and_the_token_goes_to_no_other(
    tianheng: Terminal, other: Other
) -> None:
    tianheng.patch.setenv("TIANHENG_TOKEN", "tht_secret")
    tianheng.patch.setenv("TIANHENG_SERVER", other.url)
    rude = {"id": "1", "name": "Evil \x1b[31m[red]Co.[/red]", "role": "viewer"}
    other.answers = [
        (503, {"Retry-After": "7"}, b"busy"),
        (429, {}, b"busy"),
        (200, {}, page(rude, following="https://elsewhere.example/steal?cursor=abc")),
        (200, {}, page()),
    ]
    out = tianheng("firms")
    assert tianheng.slept == [7.0, 2.0]
    assert "\x1b" not in out
    assert "[red]Co.[/red]" in out
    assert other.asked[-1][1] == "/api/v1/firms/?cursor=abc"
    assert other.asked[-1][2]["Authorization"] == "Token tht_secret"

    other.answers = [(429, {"Retry-After": "3600"}, b'{"code": "too_many", "detail": "Slow."}')]
    assert "wait 3600 s" in tianheng("firms", expect=Exit.REFUSED)
    for body in (b"<html>", b"[1]", b"\xff"):
        other.answers = [(200, {}, body)]
        assert tianheng("firms", "--json", expect=Exit.NETWORK)["error"]["code"] == "not_tianheng"
    other.answers = [(302, {"Location": "https://elsewhere.example/"}, b"")]
    tianheng("firms", expect=Exit.NETWORK)
    assert other.answers == []


def test_a_server_that_is_away_is_told_in_one_sentence(tianheng: Terminal) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        tianheng.patch.setenv("TIANHENG_TOKEN", "tht_secret")
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        said = tianheng("--server", address, "firms", expect=Exit.NETWORK)
        assert "cannot be reached" in said
        assert tianheng.slept == [0.5, 1.0]
        # A password is not sent twice.
        login = ("login", address, "--email", "a@b.example", "--password-stdin")
        tianheng(*login, typed="x\n", expect=Exit.NETWORK)
        assert len(tianheng.slept) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("pull",),
        ("login", "http://tianheng.example", "--email", "a@b.example", "--password-stdin"),
        ("login", "file:///etc/passwd", "--email", "a@b.example", "--password-stdin"),
        ("login", "http://[::1", "--email", "a@b.example", "--password-stdin"),
        ("login", "--token-stdin"),
        ("report", "x", "--timeout", "0"),
        ("push", "missing.yaml"),
        ("push", "folder"),
    ],
)
def test_wrong_use_is_told_in_words_and_in_json(tianheng: Terminal, words: tuple[str, ...]) -> None:
    Path("folder").mkdir()
    assert len(tianheng(*words, expect=Exit.USAGE)) > 20
    assert tianheng(*words, "--json", expect=Exit.USAGE)["error"]["exit_code"] == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "- 1",
        "format: other",
        "format: tianheng-answers/1\nassessment: x\n",
        "format: tianheng-answers/1\nassessment: x\nanswers: {a: 1}",
        "format: tianheng-answers/1\nassessment: x\nanswers: {a: {valeu: 1}}",
        "format: tianheng-answers/1\nassessment: x\nanswers: {a: {value: [1]}}",
        "format: tianheng-answers/1\nassessment: x\nanswers: {a: {version: -1}}",
        "format: !!python/object/apply:os.system ['false']\n",
        "&a [" + "[" * 5000,
        "\x00",
    ],
)
def test_a_file_that_cannot_be_pushed_says_why(tianheng: Terminal, text: str) -> None:
    Path("a.yaml").write_text(text)
    assert "cannot be read as answers: " in tianheng("push", "a.yaml", expect=Exit.USAGE)


def test_the_program_starts_anywhere_and_knows_nothing_of_the_site(tmp_path: Path) -> None:
    seen = (
        "import sys, tianheng_cli.main; "
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", seen],
        env={**os.environ, "PYTHONPATH": str(django_settings.BASE_DIR)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'httpx'" in done.stdout
    assert not any(f"'{name}'" in done.stdout for name in ("django", "compliance", "celery"))
    assert printable("a\x1b]0;x\x07b\tc") == "a�]0;x�b\tc"
