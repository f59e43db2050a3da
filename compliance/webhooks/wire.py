"""One message over the wire: signed, to a checked address, without redirects, within bounds."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import httpcore
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from compliance.webhooks.addresses import AddressRefused, CheckedBackend, UrlRefused, target_of

SECONDS = 8.0  # for the whole exchange: name, connection, TLS, message, answer
ANSWER_BYTES = 2_000
ANSWER_LETTERS = 500


class Fault(StrEnum):
    """Why a message did not arrive."""

    NO_ADDRESS = "no_address"
    ADDRESS_REFUSED = "address_refused"
    NOT_REACHED = "not_reached"
    TLS = "tls"
    TIMED_OUT = "timed_out"
    BROKEN_ANSWER = "broken_answer"
    REFUSED = "refused"


FAULTS: Mapping[str, Promise] = {
    Fault.NO_ADDRESS: gettext_lazy("The name of the receiver stands for no address."),
    Fault.ADDRESS_REFUSED: gettext_lazy(
        "The name of the receiver stands for an address inside a network; nothing was sent."
    ),
    Fault.NOT_REACHED: gettext_lazy("The receiver could not be reached."),
    Fault.TLS: gettext_lazy("The certificate of the receiver does not hold."),
    Fault.TIMED_OUT: gettext_lazy("The receiver took longer than eight seconds."),
    Fault.BROKEN_ANSWER: gettext_lazy("The receiver did not answer in HTTP."),
    Fault.REFUSED: gettext_lazy("The receiver did not take the message; 2xx means it did."),
}


@dataclass(frozen=True)
class Reply:
    """What became of one attempt."""

    fault: Fault | None
    status: int | None = None
    said: str = ""  # the beginning of the answer, or of the failure


def signature_of(secret: str, body: bytes, at: int) -> str:
    """The header by which a receiver knows that the message is ours and fresh."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float = SECONDS,
    trust: ssl.SSLContext | None = None,
) -> Reply:
    """Send one message; never raises for anything that a receiver or a resolver does."""
    allow_private = settings.WEBHOOK_ALLOW_PRIVATE
    trust = trust or _trust()
    backend = CheckedBackend(allow_private=allow_private, seconds=seconds)
    try:
        target_of(url, allow_private=allow_private)
        # httpcore itself: it follows no redirect and reads no proxy from the environment.
        with (
            httpcore.ConnectionPool(
                ssl_context=trust, network_backend=backend, http2=False
            ) as pool,
            pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
        ):
            said = _beginning(response)
    except (AddressRefused, UrlRefused):
        return Reply(Fault.ADDRESS_REFUSED)
    except httpcore.TimeoutException:
        return Reply(Fault.TIMED_OUT)
    except (httpcore.ProtocolError, httpcore.ReadError, httpcore.WriteError) as error:
        return Reply(Fault.BROKEN_ANSWER, said=_readable(str(error)))
    except httpcore.NetworkError as error:
        is_tls = isinstance(error.__cause__ or error.__context__, ssl.SSLError)
        return Reply(Fault.TLS if is_tls else Fault.NOT_REACHED, said=_readable(str(error)))
    except (OSError, UnicodeError) as error:  # of the resolver
        return Reply(Fault.NO_ADDRESS, said=_readable(str(error)))
    if 200 <= response.status < 300:
        return Reply(None, response.status, said)
    return Reply(Fault.REFUSED, response.status, said)


def _beginning(response: httpcore.Response) -> str:
    """The first bytes of the answer; the rest is not read."""
    read = b""
    for chunk in response.iter_stream():
        read += chunk
        if len(read) >= ANSWER_BYTES:
            break
    return _readable(read[:ANSWER_BYTES].decode("utf-8", "replace"))


def _readable(text: str) -> str:
    words = " ".join(text.split())
    return "".join(letter for letter in words if letter.isprintable())[:ANSWER_LETTERS]


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that the machine trusts, beside those that come with Python's packages."""
    context = httpcore.default_ssl_context()
    context.load_default_certs()
    return context
