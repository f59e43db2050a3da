"""Webhooks: what a receiver hears, in spite of outages, and where no message ever goes."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from compliance import tasks
from compliance.errors import InvalidInput, TransitionNotAllowed
from compliance.models import (
    Assessment,
    AuditEvent,
    Membership,
    Notification,
    Webhook,
    WebhookDelivery,
)
from compliance.notices.events import announce
from compliance.notices.words import sentence_of
from compliance.services.answers import save_answer
from compliance.services.webhooks import (
    MOST_OF_FIRM,
    TooManyWebhooks,
    add_webhook,
    pause_webhook,
    ping_webhook,
    remove_webhook,
    replay_delivery,
    resume_webhook,
)
from compliance.webhooks import post as outbox
from compliance.webhooks import wire
from compliance.webhooks.addresses import UrlRefused, may_reach, target_of
from compliance.webhooks.events import AREAS, area_of, write_deliveries
from compliance.webhooks.post import forget_old, send_waiting
from compliance.webhooks.wire import Fault

YES_NO = "cnsa.m01.research_call_watch"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Receiver:
    """A receiver on this machine: keeps what comes, answers as it is told."""

    port: int = 0
    status: int = 200
    answer: bytes = b"thanks"
    location: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.status)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", str(len(told.answer)))
            self.end_headers()
            self.wfile.write(told.answer)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def inside(settings: Settings) -> None:
    """This installation lets webhooks go into its own network."""
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clock of the test; its one element may be set."""
    moment = [NOON]
    monkeypatch.setattr("compliance.clock.now", lambda: moment[0])
    return moment


def hook(ada: Membership, url: str = "https://receiver.example/", *areas: str) -> Webhook:
    return add_webhook(firm=ada.firm, url=url, areas=areas or ("answers",), by=ada)


def answer(assessment: Assessment, by: Membership, value: str, version: int = 0) -> None:
    save_answer(
        assessment=assessment,
        requirement_id=YES_NO,
        value=value,
        note="Not for strangers.",
        base_version=version,
        by=by,
    )


def tell() -> None:
    """What the clock of the worker calls every ten seconds."""
    assert settings.CELERY_BEAT_SCHEDULE["tell-webhooks"]["task"] == tasks.tell_webhooks.name
    tasks.tell_webhooks()


# --- what a receiver hears ------------------------------------------------------------------------


@pytest.mark.usefixtures("inside")
def test_a_receiver_hears_what_it_asked_for_once_and_can_check_who_says_it(
    assessment: Assessment, ada: Membership, ben: Membership, dov: Membership, receiver: Receiver
) -> None:
    webhook = hook(ada, receiver.url)
    hook(dov, receiver.url)  # of another firm: it hears nothing of this one
    answer(assessment, ben, "yes")
    outside = add_webhook(firm=ada.firm, url=receiver.url, areas=["reports"], by=ada)
    tell()
    tell()
    ((headers, body),) = receiver.got
    message = json.loads(body)
    event = AuditEvent.objects.get(action="answer.saved")
    delivery = WebhookDelivery.objects.get()
    assert message == {
        "id": str(delivery.pk),
        "event": "answer.saved",
        "at": event.at.isoformat().replace("+00:00", "Z"),
        "firm": str(ada.firm_id),
        "sequence": event.sequence,
        "actor": "Ben",
        "assessment": str(assessment.pk),
        "requirement": YES_NO,
        "subject": {"kind": "answer", "id": event.subject.removeprefix("answer:")},
        "links": {
            "assessment": f"/api/v1/assessments/{assessment.pk}/",
            "answer": f"/api/v1/assessments/{assessment.pk}/answers/{YES_NO}/",
        },
    }
    assert b"strangers" not in body
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["content-type"] == "application/json"
    assert headers["tianheng-event"] == "answer.saved"
    assert headers["tianheng-delivery"] == str(delivery.pk)
    assert is_ours(headers["tianheng-signature"], body, webhook.secret)
    assert not is_ours(headers["tianheng-signature"], body + b" ", webhook.secret)
    assert not is_ours(headers["tianheng-signature"], body, outside.secret)
    assert (delivery.status, delivery.attempts, delivery.answer_status) == ("sent", 1, 200)
    assert delivery.answer == "thanks"
    assert all(area_of(kind) == area for area, kind in (("answers", "facts.saved"),
               ("people", "webhook.added"), ("", "nothing.known")))  # fmt: skip
    assert set(AREAS) == {area_of(action) for action in actions()}


def actions() -> list[str]:
    from compliance.audit import SENTENCES

    return list(SENTENCES)


def is_ours(header: str, body: bytes, secret: str) -> bool:
    """The recipe of docs/webhooks.md, as a receiver writes it."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    if abs(time.time() - int(parts["t"])) > 300:
        return False
    signed = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256)
    return hmac.compare_digest(signed.hexdigest(), parts["v1"])


@pytest.mark.usefixtures("inside")
def test_what_stops_in_between_loses_nothing_and_tells_nothing_twice(
    assessment: Assessment,
    ada: Membership,
    ben: Membership,
    receiver: Receiver,
    now: list[datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook(ada, receiver.url)
    answer(assessment, ben, "yes")
    with monkeypatch.context() as broken:
        broken.setattr(
            "compliance.webhooks.events.Webhook.objects.filter",
            failing_on_write(Webhook.objects.filter),
        )
        with pytest.raises(RuntimeError):
            write_deliveries()
    assert not WebhookDelivery.objects.exists()
    assert write_deliveries() == 1
    Webhook.objects.update(sequence=0)  # as if the progress had not been stored
    write_deliveries()
    assert WebhookDelivery.objects.filter(event="answer.saved").count() == 1
    # A worker that died holding the message: the lease runs out, and the next one takes it.
    delivery = WebhookDelivery.objects.get(event="answer.saved")
    assert outbox._take(delivery, NOON)
    stale = WebhookDelivery.objects.get(pk=delivery.pk)
    stale.fence -= 1
    assert not outbox._take(stale, NOON)
    WebhookDelivery.objects.update(next_at=NOON)
    assert send_waiting() == WebhookDelivery.objects.count()
    assert len(receiver.got) == WebhookDelivery.objects.count()


def failing_on_write(real: Callable[..., Any]) -> Callable[..., Any]:
    def filter_(*args: Any, **values: Any) -> Any:
        rows = real(*args, **values)
        if set(values) == {"pk"}:
            raise RuntimeError
        return rows

    return filter_


# --- a receiver that is away ----------------------------------------------------------------------


@pytest.mark.usefixtures("inside")
def test_an_outage_is_waited_out_then_the_webhook_pauses_and_the_managers_are_told(
    ada: Membership, ben: Membership, receiver: Receiver, now: list[datetime]
) -> None:
    webhook = hook(ada, receiver.url, "people")
    receiver.status, receiver.answer = 503, b"\x00<b>busy</b>\xff" + b"x" * 5000
    first = ping_webhook(webhook=webhook, by=ada)
    waited = []
    for _attempt in range(7):
        assert send_waiting() == 0
        first.refresh_from_db()
        waited.append(first.next_at - now[0])
        assert send_waiting() == 0  # not before its time
        now[0] = first.next_at
    assert len(receiver.got) == 7
    minutes = [wait / timedelta(minutes=1) for wait in waited[:6]]
    assert minutes == [0.5, 2, 10, 60, 240, 720]
    assert (first.status, first.attempts, first.error) == ("failed", 7, Fault.REFUSED)
    assert first.answer_status == 503
    assert first.answer.startswith("<b>busy</b>")
    assert len(first.answer) <= 500
    # Many messages do not become many attempts: the webhook rests between them.
    now[0] += timedelta(hours=2)
    for _message in range(5):
        ping_webhook(webhook=webhook, by=ada)
    Webhook.objects.update(rest_until=now[0])
    send_waiting()
    send_waiting()
    assert len(receiver.got) == 8
    for _failure in range(7):
        now[0] += timedelta(hours=13)
        send_waiting()
    webhook.refresh_from_db()
    assert (webhook.pause, webhook.failures) == ("failures", 15)
    now[0] += timedelta(days=2)
    send_waiting()
    write_deliveries()
    assert len(receiver.got) == 15
    announce()
    (told,) = Notification.objects.all()
    assert (told.to, told.path) == (ada.user, reverse("webhook", args=[webhook.pk]))
    assert "The webhook to 127.0.0.1 is paused" in sentence_of(told)
    with pytest.raises(TransitionNotAllowed):
        ping_webhook(webhook=webhook, by=ada)
    # The receiver is back: what waited arrives, and what happened meanwhile.
    receiver.status = 204
    receiver.answer = b""
    resume_webhook(webhook=webhook, by=ada)
    tell()
    waiting = WebhookDelivery.objects.filter(status="waiting")
    assert not waiting.exists()
    events = [json.loads(body)["event"] for _headers, body in receiver.got[15:]]
    assert events.count("ping") == 5
    assert {"webhook.stopped", "webhook.resumed"} <= set(events)
    # The one that was given up goes out again: the same message, under the same id.
    replay_delivery(delivery=first, by=ada)
    with pytest.raises(TransitionNotAllowed):
        replay_delivery(delivery=first, by=ada)
    send_waiting()
    first.refresh_from_db()
    assert (first.status, first.error) == ("sent", "")
    assert receiver.got[-1][1] == receiver.got[0][1] == first.body.encode()
    now[0] += timedelta(days=31)
    assert forget_old() == 8  # six tests, and that it was stopped and resumed
    assert not WebhookDelivery.objects.exists()


@pytest.mark.usefixtures("inside")
def test_one_broken_receiver_keeps_no_other_waiting(
    ada: Membership, dov: Membership, receiver: Receiver
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = hook(ada, f"http://127.0.0.1:{closed.getsockname()[1]}/")
        for _message in range(3):
            ping_webhook(webhook=away, by=ada)
        ping_webhook(webhook=hook(dov, receiver.url), by=dov)
        assert send_waiting() == 1
    assert [row.attempts for row in away.deliveries.order_by("-attempts")] == [1, 0, 0]
    assert away.deliveries.get(attempts=1).error == Fault.NOT_REACHED


# --- where no message goes ------------------------------------------------------------------------


def test_no_url_leads_inside_or_says_what_it_should_not(
    ada: Membership, settings: Settings
) -> None:
    inside = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "10.0.0.1", "0",
              "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.1",
              "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[::1]", "[::]",
              "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[fe80::1]", "[fc00::1]", "[ff02::1]",
              "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fec0::1]",
              "[::127.0.0.1]", "[2001:db8::1]", "[fe80::1%25eth0]", "127.0.0.1."]  # fmt: skip
    bad = ["http://a.example/", "ftp://a.example/", "//a.example/", "https://", "https:///x", "x",
           "https://u:p@a.example/", "https://u@a.example/", "https://a.example/#x", "",
           "https://a.example:0/", "https://a.example:99999/", "https://[::1/", "https://a b/",
           "https://a.example/\r\nX: y", "https://a.example/é", "https://a.example\\@b/",
           "https://" + "a" * 300 + ".example/", "https://a.example/" + "x" * 600]  # fmt: skip
    for url in [*(f"https://{host}/" for host in inside), *bad, *(f"{url}\x00" for url in bad)]:
        with pytest.raises(UrlRefused):
            target_of(url, allow_private=False)
        with pytest.raises(InvalidInput) as refusal:
            hook(ada, url)
        assert "url" in refusal.value.fields
    assert target_of("https://a.example:8443/x?y=1", allow_private=False).port == 8443
    assert target_of("https://8.8.8.8/", allow_private=False).host == "8.8.8.8"
    settings.WEBHOOK_ALLOW_PRIVATE = True
    never = ["169.254.169.254", "0", "224.0.0.1", "255.255.255.255", "[::]", "[fe80::1]",
             "[ff02::1]", "[::ffff:169.254.169.254]"]  # fmt: skip
    for host in never:
        with pytest.raises(UrlRefused):
            target_of(f"http://{host}/", allow_private=True)
    assert target_of("http://10.0.0.1/", allow_private=True).port == 80
    assert may_reach(ipaddress.ip_address("2606:4700::1"), allow_private=False)


def names(**addresses: list[str]) -> Callable[..., list[Any]]:
    """A resolver of the test; a name that it does not know stands for nothing."""

    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        if host[-1].isdigit():  # an address, from the socket that connects to it
            return real(host, port, *args, **options)
        found = addresses.get(host.partition(".")[0])
        if found is None:
            raise socket.gaierror(-2, "Name or service not known")
        kind = socket.AF_INET6 if ":" in found[0] else socket.AF_INET
        return [(kind, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return look_up


def test_a_name_that_stands_for_an_address_inside_gets_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    connected: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        connected.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    url = f"https://%s.example:{receiver.port}/"
    for addresses in (["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"],
                      ["169.254.169.254"], ["10.1.2.3"]):  # fmt: skip
        monkeypatch.setattr("compliance.webhooks.addresses.socket.getaddrinfo", names(n=addresses))
        assert wire.post(url % "n", b"{}", {}).fault is Fault.ADDRESS_REFUSED
    assert wire.post(url % "nobody", b"{}", {}).fault is Fault.NO_ADDRESS
    assert wire.post("http://8.8.8.8/", b"{}", {}).fault is Fault.ADDRESS_REFUSED  # not over HTTP
    monkeypatch.setattr("compliance.webhooks.addresses.socket.getaddrinfo", real)
    assert wire.post(f"https://127.0.0.1:{receiver.port}/", b"{}", {}).fault
    assert connected == []
    assert receiver.got == []


@pytest.mark.usefixtures("inside")
def test_what_was_checked_is_what_is_connected_to_and_redirects_lead_nowhere(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *args: Any, **options: Any) -> Any:
        """Good at the first look, evil at every later one."""
        if host != "receiver.example":
            return real(host, port, *args, **options)
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("compliance.webhooks.addresses.socket.getaddrinfo", rebinding)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    receiver.status, receiver.location = 302, f"http://127.0.0.1:{receiver.port}/secret"
    reply = wire.post(f"http://receiver.example:{receiver.port}/a", b"{}", {})
    assert (reply.fault, reply.status) == (Fault.REFUSED, 302)
    ((headers, _body),) = receiver.got
    assert headers["host"] == f"receiver.example:{receiver.port}"
    assert asked == ["receiver.example"]


def test_the_certificate_is_held_against_the_name_though_the_address_is_connected_to(
    inside: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust, certificate = certificate_of("receiver.example", tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    asked_for: list[str | None] = []
    serving.sni_callback = lambda _s, name, _c: asked_for.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        threading.Thread(target=serve_tls, args=(listening, serving, 3), daemon=True).start()
        monkeypatch.setattr(
            "compliance.webhooks.addresses.socket.getaddrinfo",
            names(receiver=["127.0.0.1"], impostor=["127.0.0.1"]),
        )
        good = wire.post(f"https://receiver.example:{port}/", b"{}", {}, trust=trust)
        impostor = wire.post(f"https://impostor.example:{port}/", b"{}", {}, trust=trust)
        unknown = wire.post(f"https://receiver.example:{port}/", b"{}", {})
    assert (good.fault, good.status, good.said) == (None, 200, "ok")
    assert impostor.fault is Fault.TLS
    assert unknown.fault is Fault.TLS
    assert asked_for[:2] == ["receiver.example", "impostor.example"]


def certificate_of(name: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "receiver.pem"
    path.write_bytes(secret + pem)
    return ssl.create_default_context(cadata=pem.decode()), path


def serve_tls(listening: socket.socket, context: ssl.SSLContext, times: int) -> None:
    for _time in range(times):
        plain, _address = listening.accept()
        try:
            with context.wrap_socket(plain, server_side=True) as link:
                link.recv(65536)
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except OSError:
            plain.close()


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        (b"", Fault.TIMED_OUT),
        (b"H", Fault.TIMED_OUT),  # and then a letter now and again
        (b"SSH-2.0-OpenSSH\r\n\r\n", Fault.BROKEN_ANSWER),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000, Fault.BROKEN_ANSWER),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b"z" * 100_000, None),
    ],
)
def test_a_hostile_receiver_costs_neither_time_nor_memory(
    answers: bytes, fault: Fault | None
) -> None:
    stop = threading.Event()

    def serve(listening: socket.socket) -> None:
        listening.settimeout(10)
        link, _address = listening.accept()
        with link:
            try:
                link.sendall(answers)
                while answers and not stop.wait(0.05):
                    link.sendall(b"T")
                stop.wait(5)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        # Long where the answer ends it, so that a busy machine does not.
        seconds = 0.5 if fault is Fault.TIMED_OUT else 20.0
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        began = time.monotonic()
        reply = wire.post(url, b"{}", {}, seconds=seconds)
        took = time.monotonic() - began
        stop.set()
        thread.join()
    assert reply.fault is fault
    assert took < 5
    assert len(reply.said) <= wire.ANSWER_LETTERS


# --- people ---------------------------------------------------------------------------------------


def test_a_manager_adds_tries_pauses_and_removes_and_the_secret_is_shown_once(
    client: Client,
    ada: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(ada.user)
    page = reverse("firm_webhooks", args=[ada.firm_id])
    assert page in client.get(reverse("firm_people", args=[ada.firm_id])).content.decode()
    refused = client.post(page, {"url": "http://10.0.0.1/kept", "areas": ["answers"]})
    assert refused.status_code == 422
    assert "http://10.0.0.1/kept" in refused.content.decode()
    made = client.post(page, {"url": "https://a.example/?x=<b>", "areas": ["answers", "people"]})
    webhook = Webhook.objects.get()
    assert webhook.secret in made.content.decode()
    assert made.headers["Cache-Control"] == "private, no-store"
    assert "<b>" not in made.content.decode()
    own = reverse("webhook", args=[webhook.pk])
    change = reverse("webhook_change", args=[webhook.pk])
    assert client.post(change, {"do": "ping"}).status_code == 302
    for _more in range(8):
        client.post(change, {"do": "ping"})
    assert webhook.deliveries.count() == 5  # nobody makes a flood of it
    assert client.post(change, {"do": "banana\x00"}).status_code == 302
    for number in range(40):
        WebhookDelivery.objects.create(
            webhook=webhook, event="answer.saved", sequence=number, body="<script>", status="sent",
            written_at=LONG_AGO, next_at=LONG_AGO, answer="<script>", answer_status=200, attempts=1,
        )  # fmt: skip
    with django_assert_max_num_queries(10):
        text = client.get(own).content.decode()
    assert 'hx-trigger="every 2s"' in text
    assert "<script>" not in text.split("<main", 1)[1].split("</main", 1)[0]
    assert "Older" in text
    part = client.get(own, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<section")
    for do, pause in (("pause", "by_hand"), ("pause", "by_hand"), ("resume", "")):
        client.post(change, {"do": do})
        webhook.refresh_from_db()
        assert webhook.pause == pause
        assert webhook.secret not in client.get(own).content.decode()
    with django_assert_max_num_queries(10):
        assert webhook.secret not in client.get(page).content.decode()
    client.post(change, {"do": "remove"})
    assert client.get(own).status_code == 404
    trail = AuditEvent.objects.filter(action__startswith="webhook.").order_by("sequence")
    assert [event.action.partition(".")[2] for event in trail] == [
        "added", "paused", "resumed", "removed"]  # fmt: skip
    assert "x=" not in str(trail.values())  # what stands behind the host may be a secret
    assert webhook.secret not in str(trail.values())


def test_a_webhook_begins_now_and_a_firm_has_a_few(
    assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    answer(assessment, ben, "yes")
    webhooks = [hook(ada) for _one in range(MOST_OF_FIRM)]
    with pytest.raises(TooManyWebhooks):
        hook(ada)
    with pytest.raises(InvalidInput):
        add_webhook(firm=ada.firm, url="https://a.example/", areas=["nothing"], by=ada)
    for webhook in webhooks[1:]:
        remove_webhook(webhook=webhook, by=ada)
    pause_webhook(webhook=webhooks[0], by=ada)
    answer(assessment, ben, "no", version=1)
    assert write_deliveries() == 0
    resume_webhook(webhook=webhooks[0], by=ada)
    assert write_deliveries() == 1  # what happened while it paused, not what was before it
