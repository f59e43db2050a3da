"""`manage.py serve`: the site, a Celery worker and its clock under one parent."""

from __future__ import annotations

import http.client
import os
import socket
from argparse import ArgumentParser
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import get_resolver

from compliance.supervisor import Child, GaveUp, Supervisor, command_line

LOOPBACK = "127.0.0.1"
WEB_THREADS = 8
WORKERS = 2
DEMO_DOMAIN = ".example"


class Command(BaseCommand):
    help = "Serve the site with a Celery worker beside it, until Ctrl-C."
    requires_system_checks = ()  # the web process makes them, and this parent need not wait

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST", LOOPBACK))
        parser.add_argument("--port", default=os.environ.get("PORT", "8000"))

    def handle(self, *args: Any, host: str, port: str, **options: Any) -> None:
        number = _port(port)
        _require_free(host, number)
        var = Path(settings.VAR_DIR)
        supervisor = Supervisor(
            _children(host, number, var),
            folder=Path(settings.BASE_DIR),
            logs=var / "log",
            say=self._say,
        )
        self._say("Starting the site and the worker")
        # Loaded once here, before the fork, and not by each of the three at the same time.
        get_resolver().url_patterns  # noqa: B018  # looking loads
        sign_ins = cache(_demo_sign_ins)

        def is_ready() -> bool:
            sign_ins()  # they are looked up while the site starts, not after it
            return _answers(host, number)

        try:
            supervisor.run(
                is_ready=is_ready,
                when_ready=lambda: self._welcome(host, number, sign_ins()),
            )
        except GaveUp as error:
            raise CommandError(str(error)) from error
        self._say("Stopped.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _welcome(self, host: str, port: int, sign_ins: str) -> None:
        shown = LOOPBACK if host in {"0.0.0.0", "::"} else host
        self._say(f"\nTianheng is ready at http://{shown}:{port}/\n{sign_ins}")
        self._say("Logs are in var/log. Ctrl-C stops everything.")


def _children(host: str, port: int, var: Path) -> list[Child]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    embedded = settings.CELERY_BROKER_URL.startswith("filesystem://")
    pool = "threads" if embedded else "prefork"  # prefork wedges on files when a child is killed
    celery = ["celery", "-A", "config.celery"]
    worker = ["--pool", pool, "--concurrency", str(WORKERS), "--hostname", f"tianheng-{port}@%h"]
    worker += ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    clock = ["--pidfile", "", "--schedule", str(var / "celerybeat-schedule"), "--loglevel", "INFO"]
    return [
        Child("web", command_line(_gunicorn, "gunicorn", *web_options(bind))),
        Child("worker", command_line(_celery, *celery, "worker", *worker)),
        Child("clock", command_line(_celery, *celery, "beat", *clock)),
    ]


def web_options(bind: str) -> list[str]:
    """How gunicorn serves the site: one process with several threads."""
    web = ["config.wsgi:application", "--bind", bind, "--worker-class", "gthread"]
    web += ["--workers", "1", "--threads", str(WEB_THREADS)]
    return [*web, "--graceful-timeout", "5", "--no-control-socket"]


def _gunicorn() -> None:
    from gunicorn.app.wsgiapp import run  # in the child: the parent need not wait for it

    run()


def _celery() -> None:
    from celery.__main__ import main

    main()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise CommandError(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                f"Stop what uses it, or choose another: make run PORT={min(port + 1, 65535)}"
            ) from error


def _answers(host: str, port: int) -> bool:
    """Whether the site answers at all; a host name it does not know counts as an answer."""
    target = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)
    link = http.client.HTTPConnection(target, port, timeout=2)
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def _demo_sign_ins() -> str:
    """The demo people of this database, in words; nothing where `manage.py demo` has not run."""
    if not settings.DEBUG:
        return ""
    people = get_user_model().objects.filter(email__endswith=DEMO_DOMAIN)
    emails = sorted(people.values_list("email", flat=True))
    connection.close()
    if not emails:
        return ""
    from compliance.demo import PASSWORD  # heavy, and of use only where there is a demo

    names = "".join(f"  {email}\n" for email in emails)
    return f"\nDemo sign-ins, all with the password {PASSWORD}:\n{names}"
