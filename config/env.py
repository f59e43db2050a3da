"""Typed readers of the environment. A bad value stops the start with one clear sentence."""

from __future__ import annotations

import os
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
# Measured in docs/operations.md: with these four, SQLite loses no write under concurrent writers.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}


def text(name: str, default: str) -> str:
    """The variable's text; an empty one counts as not set."""
    return os.environ.get(name, "").strip() or default


def boolean(name: str, *, default: bool) -> bool:
    """True or false, written as 1/0, true/false, yes/no or on/off."""
    raw = text(name, "").lower()
    if not raw:
        return default
    if raw in TRUE | FALSE:
        return raw in TRUE
    raise ImproperlyConfigured(f"{name} is {raw!r}; write true or false.")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number between `low` and `high`."""
    raw = text(name, str(default))
    is_number = raw.isascii() and raw.isdigit() and len(raw) <= 9
    if not is_number or not low <= int(raw) <= high:
        raise ImproperlyConfigured(f"{name} is {raw[:30]!r}; write a number from {low} to {high}.")
    return int(raw)


def names(name: str, default: list[str]) -> list[str]:
    """Names separated by commas."""
    raw = text(name, "")
    return [part.strip() for part in raw.split(",") if part.strip()] if raw else default


def hosts(name: str, *, debug: bool) -> list[str]:
    """The names under which the site answers; this machine's own while DEBUG is on."""
    found = names(name, ["localhost", "127.0.0.1", "[::1]"] if debug else [])
    if not found:
        raise ImproperlyConfigured(
            f"{name} is not set. With DEBUG off it must name the site, such as tianheng.example."
        )
    return found


def one_of(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; write one of: {', '.join(allowed)}.")
    return value


def time_zone(name: str, default: str) -> str:
    """A time zone by its IANA name."""
    value = text(name, default)
    if value not in zoneinfo.available_timezones():
        raise ImproperlyConfigured(f"{name} is {value!r}; write a name such as Asia/Shanghai.")
    return value


def secret_key(name: str, file: Path, *, debug: bool) -> str:
    """The signing key: the variable, or (while DEBUG is on) the file made at set-up."""
    value = text(name, "")
    if value:
        if len(value) < 32:
            raise ImproperlyConfigured(f"{name} is too short; use 50 random characters or more.")
        return value
    if not debug:
        raise ImproperlyConfigured(
            f"{name} is not set. With DEBUG off it must be; 50 random characters or more."
        )
    try:
        kept = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        kept = ""
    if len(kept) < 32:
        raise ImproperlyConfigured(
            f"{name} is not set and var/{file.name} holds none; run `make run`, which makes one."
        )
    return kept


def database(name: str, default: Path) -> dict[str, Any]:
    """Django's settings for SQLite or PostgreSQL from an address."""
    raw = text(name, f"sqlite:///{default}")
    shape = "write sqlite:////path/to/file or postgres://user:password@host:5432/name."
    scheme = _scheme(raw)
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} starts with {scheme or raw[:20]!r}; {shape}")
    try:
        settings: dict[str, Any] = environ.Env.db_url_config(raw)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} cannot be read; {shape}") from error
    if not settings.get("NAME"):
        raise ImproperlyConfigured(f"{name} names no database; {shape}")
    if scheme == "sqlite":
        folder = Path(settings["NAME"]).parent
        if text(name, "") and not folder.is_dir():
            raise ImproperlyConfigured(f"{name} is in {folder}, which is no folder; make it first.")
        settings["ENGINE"] = SQLITE
        settings["OPTIONS"] = dict(SQLITE_OPTIONS)
    else:
        settings["ENGINE"] = POSTGRESQL
        settings["CONN_HEALTH_CHECKS"] = True
    # Opening SQLite anew for a request costs 3 ms: its pragmas, and the schema read again.
    settings["CONN_MAX_AGE"] = 60
    return settings


@dataclass(frozen=True)
class Broker:
    """Where Celery finds its messages: files in a folder, or Redis."""

    url: str
    transport_options: dict[str, Any]

    @property
    def is_embedded(self) -> bool:
        return self.url.startswith("filesystem://")


def broker(name: str, folder: Path) -> Broker:
    """The embedded broker (the default), or Redis by its address."""
    raw = text(name, "embedded")
    if raw == "embedded":
        try:
            for part in ("queue", "processed", "control"):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImproperlyConfigured(
                f"The embedded broker cannot write in {folder} ({error.strerror}); "
                f"let it, or set {name} to redis://host:6379/0."
            ) from error
        options = {
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "processed_folder": str(folder / "processed"),
            "control_folder": str(folder / "control"),
            "store_processed": False,
            "polling_interval": 0.1,
        }
        return Broker("filesystem://", options)
    if _scheme(raw) in {"redis", "rediss"} and _has_host(raw):
        # Longer than a render may take, so that a slow one is not handed out twice.
        return Broker(raw, {"visibility_timeout": 300, "unacked_restore_throttle": 1})
    raise ImproperlyConfigured(
        f"{name} is {raw[:30]!r}; leave it empty for the embedded broker, "
        "or write redis://host:6379/0."
    )


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme
    except ValueError:  # such as an IPv6 address without its end
        return ""


def _has_host(address: str) -> bool:
    parts = urlsplit(address)
    try:
        return bool(parts.hostname) and parts.port != 0  # reading the port checks it
    except ValueError:
        return False


def storage(name: str, default: Path) -> dict[str, Any]:
    """Django's settings for evidence and reports: a folder, or a bucket of S3."""
    raw = text(name, str(default))
    if raw.startswith("s3://"):
        bucket = urlsplit(raw).netloc
        if not bucket:
            raise ImproperlyConfigured(f"{name} names no bucket; write s3://bucket/prefix.")
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": bucket,
                "location": urlsplit(raw).path.strip("/"),
                "default_acl": None,
                "querystring_auth": True,
                "file_overwrite": False,
            },
        }
    folder = Path(raw.removeprefix("file://"))
    if not folder.is_absolute():
        raise ImproperlyConfigured(f"{name} is {raw!r}; write an absolute folder or s3://bucket.")
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(folder),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def folder(name: str, default: Path) -> Path:
    """A folder by its absolute path; one that is named has to be there."""
    raw = text(name, "")
    if not raw:
        return default
    if not Path(raw).is_absolute() or not Path(raw).is_dir():
        raise ImproperlyConfigured(
            f"{name} is {raw!r}; make that folder, and write its absolute path."
        )
    return Path(raw)


def file(name: str, default: Path) -> Path:
    """A file by its absolute path; one that is named has to be there."""
    raw = text(name, "")
    if not raw:
        return default
    if not Path(raw).is_absolute() or not Path(raw).is_file():
        raise ImproperlyConfigured(f"{name} is {raw!r}; write the absolute path of that file.")
    return Path(raw)


def email(name: str, default: str) -> dict[str, Any]:
    """Django's e-mail settings from an address such as smtp://user:password@host:587."""
    raw = text(name, default)
    try:
        settings: dict[str, Any] = environ.Env.email_url_config(raw)
    except (ImproperlyConfigured, ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            f"{name} cannot be read; write consolemail:// or smtp://user:password@host:587."
        ) from error
    if settings["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
        settings["EMAIL_FILE_PATH"] = urlsplit(raw).path  # the reader takes its first slash away
    return settings
