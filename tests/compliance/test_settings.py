"""Settings from the environment: a bad value stops the start with one clear sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import env

NAME = "SOME_SETTING"
SQLITE_FILE = Path("/tmp/default.sqlite3")
Reader = Callable[[Path], Any]

READERS: dict[str, Reader] = {
    "boolean": lambda _tmp: env.boolean(NAME, default=False),
    "integer": lambda _tmp: env.integer(NAME, 90, low=5, high=600),
    "one_of": lambda _tmp: env.one_of(NAME, "en", ("en", "zh-hans")),
    "time_zone": lambda _tmp: env.time_zone(NAME, "Asia/Shanghai"),
    "secret_key": lambda tmp: env.secret_key(NAME, tmp / "secret_key", debug=True),
    "production_key": lambda tmp: env.secret_key(NAME, tmp / "secret_key", debug=False),
    "hosts": lambda _tmp: env.hosts(NAME, debug=False),
    "database": lambda _tmp: env.database(NAME, SQLITE_FILE),
    "broker": lambda tmp: env.broker(NAME, tmp),
    "storage": lambda tmp: env.storage(NAME, tmp),
    "email": lambda _tmp: env.email(NAME, "consolemail://"),
}

BAD = [
    ("boolean", "perhaps"),
    ("boolean", "2"),
    ("integer", "4"),
    ("integer", "601"),
    ("integer", "-5"),
    ("integer", "ten"),
    ("integer", "9" * 5000),
    ("integer", "５０"),
    ("one_of", "fr"),
    ("time_zone", "Mars/Olympus"),
    ("time_zone", "../etc/passwd"),
    ("secret_key", "short"),
    ("secret_key", ""),
    ("production_key", ""),
    ("hosts", ""),
    ("hosts", " , "),
    ("database", "mysql://u:p@h/d"),
    ("database", "nonsense"),
    ("database", "postgres://"),
    ("database", "postgres://u:p@h:port/d"),
    ("database", "postgres://[::1"),
    ("database", "sqlite:////no/such/folder/db.sqlite3"),
    ("broker", "amqp://h"),
    ("broker", "redis://"),
    ("broker", "redis://h:port/0"),
    ("broker", "redis://[::1"),
    ("storage", "relative/folder"),
    ("storage", "file://relative"),
    ("storage", "s3://"),
    ("storage", "http://h/x"),
    ("email", "carrierpigeon://h"),
    ("email", "nonsense"),
    ("email", "smtp://h:port"),
    ("email", "smtp://[::1"),
]


@pytest.mark.parametrize(("reader", "value"), BAD, ids=[f"{r}-{v[:30]}" for r, v in BAD])
def test_a_bad_value_is_one_sentence_that_names_the_setting(
    reader: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        READERS[reader](tmp_path)
    sentence = str(refusal.value)
    assert sentence.startswith(NAME)
    assert sentence.endswith(".")
    assert len(sentence) < 250
    assert "\n" not in sentence


GOOD = [
    ("boolean", " Yes ", True),
    ("boolean", "off", False),
    ("boolean", "", False),
    ("integer", "600", 600),
    ("integer", " ", 90),
    ("one_of", "zh-hans", "zh-hans"),
    ("time_zone", "UTC", "UTC"),
    ("secret_key", "k" * 32, "k" * 32),
]


@pytest.mark.parametrize(("reader", "value", "meant"), GOOD)
def test_a_good_value_is_taken(
    reader: str, value: str, meant: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, value)
    assert READERS[reader](tmp_path) == meant


def test_the_key_made_at_set_up_is_used_only_while_debug_is_on(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    file.write_text("k" * 50 + "\n", encoding="ascii")
    assert env.secret_key(NAME, file, debug=True) == "k" * 50
    with pytest.raises(ImproperlyConfigured):
        env.secret_key(NAME, file, debug=False)
    for broken in (b"", b"short", "鑰".encode() * 50):
        file.write_bytes(broken)
        with pytest.raises(ImproperlyConfigured):
            env.secret_key(NAME, file, debug=True)


def test_sqlite_is_set_up_so_that_no_write_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, f"sqlite:///{tmp_path / 'db.sqlite3'}")
    database = env.database(NAME, SQLITE_FILE)
    assert database["NAME"] == str(tmp_path / "db.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] >= 20
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]


def test_postgresql_keeps_its_password_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "postgres://me:p%40ss@db.example:5433/rockets")
    database = env.database(NAME, SQLITE_FILE)
    assert database["ENGINE"] == env.POSTGRESQL
    kept = [database[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")]
    assert kept == ["me", "p@ss", "db.example", 5433, "rockets"]


def test_a_bucket_or_a_folder_keeps_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, "s3://bucket/a/b/")
    options = env.storage(NAME, tmp_path)["OPTIONS"]
    assert (options["bucket_name"], options["location"]) == ("bucket", "a/b")
    assert options["file_overwrite"] is False
    monkeypatch.setenv(NAME, f"file://{tmp_path}")
    assert env.storage(NAME, Path("/x"))["OPTIONS"]["location"] == str(tmp_path)


def test_a_broker_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    file = tmp_path / "file"
    file.write_text("not a folder", encoding="ascii")
    with pytest.raises(ImproperlyConfigured, match="embedded broker cannot write"):
        env.broker(NAME, file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("DATABASE_URL", "mysql://h/d"),
        ("BROKER_URL", "amqp://h"),
        ("TIME_ZONE", "Mars/Olympus"),
    ],
)
def test_the_start_stops_with_that_sentence_and_nothing_else(name: str, value: str) -> None:
    started = start({name: value})
    assert started.returncode != 0
    assert started.stdout == ""
    (line,) = started.stderr.strip().splitlines()
    assert line.startswith(f"{name} ")
    assert "Traceback" not in started.stderr


def test_production_does_not_start_without_its_key() -> None:
    started = start({"DEBUG": "false", "SECRET_KEY": ""})
    assert started.returncode != 0
    (line,) = started.stderr.strip().splitlines()
    assert line.startswith("SECRET_KEY is not set.")


def start(changed: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`manage.py check` as the operator would start it."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "SECRET_KEY": "k" * 50,
        **changed,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
