"""Which addresses a webhook may go to: checked when it is added, and again at every connection.

A name proves nothing: it may stand for another address a second later. So the address that is
checked is the one that is connected to, in one step, by the backend at the end of this file; TLS
still holds the receiver's certificate against the name.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore
from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST_URL = 600
LONGEST_NAME = 253
# What `is_global` lets through, or not in every Python, though it ends in some IPv4 address, or at
# no single machine.
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "::/3",  # with ::1, the IPv4-mapped ::ffff:0:0/96 and the translated 64:ff9b::/96
        "2001::/23",  # with Teredo
        "2002::/16",  # 6to4
        "3fff::/20",
        "4000::/2",
        "8000::/1",
    )
)
# Not even where private addresses are allowed: no receiver is there, but a cloud's own secrets are.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/128", "fe80::/10", "ff00::/8")
)


class AddressRefused(Exception):
    """The name stands for an address to which nothing is sent."""


class UrlRefused(ValueError):
    """An address that cannot be a webhook's; its text says what to write instead."""


@dataclass(frozen=True)
class Target:
    """Where a webhook goes, taken apart."""

    scheme: str
    host: str  # in ASCII
    port: int


def target_of(url: str, *, allow_private: bool) -> Target:
    """The parts of a webhook's address; UrlRefused says what is wrong with it."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlRefused(
            _("Write the address in at most 600 plain letters, such as https://example.com/hook.")
        )
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise UrlRefused(_("This is no address. Write it as https://example.com/hook.")) from None
    if parts.scheme not in ({"https", "http"} if allow_private else {"https"}):
        raise UrlRefused(_("Write an address that begins with https://."))
    if parts.username is not None or parts.password is not None or "#" in url or "\\" in url:
        raise UrlRefused(_("Write the address without a name, a password or a part after #."))
    if not host or len(host) > LONGEST_NAME or port == 0:
        raise UrlRefused(_("This is no address. Write it as https://example.com/hook."))
    literal = _literal(host)
    if literal is not None and not may_reach(literal, allow_private=allow_private):
        raise UrlRefused(
            _("This is an address inside a network. Write one that the internet can reach.")
        )
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def may_reach(address: Address, *, allow_private: bool) -> bool:
    """Whether a message may go to this address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is not None:
            return allow_private and may_reach(address.ipv4_mapped, allow_private=True)
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if allow_private:
        return True
    return address.is_global and not any(
        address in network for network in _NEVER_PUBLIC if network.version == address.version
    )


def addresses_of(host: str, port: int, *, allow_private: bool) -> list[str]:
    """What the name stands for now; one refused address refuses the name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not may_reach(ipaddress.ip_address(address), allow_private=allow_private):
            raise AddressRefused(address)
    return addresses


def _literal(host: str) -> Address | None:
    """The address that stands in place of a name, in any form that a resolver takes for one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 127.1, 0x7f000001, 2130706433
    except (OSError, UnicodeError):
        return None


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that it has checked itself, and ends everything at one deadline."""

    def __init__(self, *, allow_private: bool, seconds: float) -> None:
        self._allow_private = allow_private
        self._deadline = time.monotonic() + seconds
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("no address")
        for address in addresses_of(host, port, allow_private=self._allow_private):
            try:
                stream = self._plain.connect_tcp(address, port, timeout=left(self._deadline))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _BoundedStream(stream, self._deadline)
        raise failed

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        raise AddressRefused(path)


class _BoundedStream(httpcore.NetworkStream):
    """A connection on which the whole exchange has one deadline, however slowly the bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: object,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(
            ssl_context,  # type: ignore[arg-type]  # httpcore hands its own context through
            server_hostname=server_hostname,
            timeout=left(self._deadline),
        )
        return _BoundedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def left(deadline: float) -> float:
    """The seconds until the deadline; past it, the exchange has timed out."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("past the deadline")
    return seconds
