"""Whether the site is alive, and whether it can work: for load balancers, without sign-in."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.celery import app

TIMEOUT_S = 2
logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive: the process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready: database, broker and storage answer; 503 names the one that does not."""
    parts = {name: _state(check) for name, check in CHECKS.items()}
    is_ready = set(parts.values()) == {"ok"}
    body = {"status": "ok" if is_ready else "unavailable", **parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        # The reason may name hosts and paths: it is for the log, not for whoever asks.
        logger.exception("A readiness check failed")
        return "unavailable"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _broker() -> None:
    options = dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        _writable(Path(options["data_folder_out"]))
        return
    options |= {"socket_connect_timeout": TIMEOUT_S, "socket_timeout": TIMEOUT_S}
    with app.connection_for_write(connect_timeout=TIMEOUT_S, transport_options=options) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=TIMEOUT_S)


def _storage() -> None:
    if isinstance(default_storage, FileSystemStorage) or hasattr(default_storage, "location"):
        folder = Path(str(getattr(default_storage, "base_location", "")) or "/")
        if folder.is_absolute() and folder != Path("/"):
            _writable(folder)
            return
    default_storage.exists("readyz")


def _writable(folder: Path) -> None:
    """Refuse a folder that can neither be written nor, where it is missing, be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written.")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "broker": _broker,
    "storage": _storage,
}

# Without a closing slash: these two addresses are what monitors are told to ask.
urlpatterns: list[URLPattern] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
