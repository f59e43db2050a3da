"""Where the command is signed in: a server and a token, in a file that only its owner can read."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tianheng_cli.errors import Exit, Failed

DEFAULT_SERVER = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Credentials:
    """A server, and the token that opens it."""

    server: str
    token: str = ""
    token_id: str = ""


def credentials_file() -> Path:
    """The file, by the XDG rules."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if os.path.isabs(home) else Path.home() / ".config"
    return folder / "tianheng" / "credentials.json"


def load() -> Credentials | None:
    """What was kept; None when nobody has signed in."""
    path = credentials_file()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(str(kept["server"]), str(kept["token"]), str(kept.get("token_id", "")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise Failed(
            Exit.SIGN_IN,
            "credentials_unreadable",
            f"{path} cannot be read. Remove it, and sign in again with: tianheng login",
        ) from None


def save(credentials: Credentials) -> Path:
    """Keep them; nobody else on the machine can read the file at any moment."""
    path = credentials_file()
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump(asdict(credentials), file)
        new.replace(path)
    except OSError as error:
        raise Failed(
            Exit.USAGE,
            "credentials_not_kept",
            f"{path} cannot be written ({error.strerror}). Choose another folder with "
            "XDG_CONFIG_HOME, or give the token in TIANHENG_TOKEN.",
        ) from None
    return path


def forget() -> None:
    """Remove what was kept."""
    credentials_file().unlink(missing_ok=True)


def checked_server(address: str, *, allow_http: bool = False) -> str:
    """The server's address without its end; a token does not travel readable over a network."""
    address = address.strip().rstrip("/").removesuffix("/api/v1").removesuffix("/api")
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query:
        raise Failed(
            Exit.USAGE,
            "bad_server",
            f"{address[:200]!r} is no server. Write it as https://tianheng.example.",
        )
    if parts.scheme == "http" and not allow_http and not _is_this_machine(host):
        raise Failed(
            Exit.USAGE,
            "not_encrypted",
            "Over http:// anybody on the way can read the token. Use https://, or add --allow-http "
            "where the network is your own.",
        )
    return address


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
