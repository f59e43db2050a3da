"""The calls of the API that the commands need, each an ordinary function with types."""

from __future__ import annotations

import email.utils
import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tianheng_cli.errors import Exit, Failed

Json = dict[str, Any]
TRIES = 5
LONGEST_WAIT_S = 60.0
NETWORK_PAUSES_S = (0.5, 1.0)
BUSY = frozenset({429, 502, 503, 504})
LARGEST_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True)
class Given:
    """An answer as it is sent."""

    requirement: str
    value: str | None
    note: str
    not_applicable_reason: str
    flag: str
    etag: str


class Client:
    """The API of one server, as one person."""

    def __init__(
        self,
        server: str,
        token: str = "",
        *,
        lang: str = "en",
        sleep: Callable[[float], object] = time.sleep,
        say: Callable[[str], object] = lambda text: None,
    ) -> None:
        headers = {"User-Agent": "tianheng", "Accept-Language": lang}
        if token:
            headers["Authorization"] = f"Token {token}"
        self._http = httpx.Client(
            base_url=f"{server}/api/v1/", headers=headers, timeout=httpx.Timeout(60, connect=10)
        )
        self.server, self._sleep, self._say = server, sleep, say

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    # --- sign-in ---

    def sign_in(
        self, *, email: str, password: str, name: str, scopes: Sequence[str], days: int
    ) -> Json:
        body = {"email": email, "password": password, "name": name, "scopes": scopes, "days": days}
        return self._json("POST", "auth/token/", json=body)

    def revoke(self, token_id: str) -> None:
        self._send("DELETE", f"auth/tokens/{token_id}/")

    # --- firms and assessments ---

    def firms(self) -> list[Json]:
        return list(self._rows("firms/"))

    def assessments(self, *, firm: str = "", status: str = "") -> list[Json]:
        asked = {name: value for name, value in (("firm", firm), ("status", status)) if value}
        return list(self._rows("assessments/", asked))

    def assessment(self, assessment_id: str) -> Json:
        return self._json("GET", f"assessments/{assessment_id}/")

    def facts(self, assessment_id: str) -> Json:
        return self._json("GET", f"assessments/{assessment_id}/facts/")

    def rows(self, assessment_id: str) -> list[Json]:
        return list(self._rows(f"assessments/{assessment_id}/requirements/"))

    def written_out(self, assessment_id: str) -> Json:
        return self._json("GET", f"assessments/{assessment_id}/export/")

    def answer(self, assessment_id: str, requirement: str) -> Json:
        return self._json("GET", f"assessments/{assessment_id}/answers/{requirement}/")

    def requirements(self, catalogue: str) -> list[Json]:
        return list(self._rows(f"catalogues/{catalogue}/requirements/", {"limit": "200"}))

    def save_answers(self, assessment_id: str, answers: Sequence[Given]) -> list[Json]:
        body = {"answers": [vars(answer) for answer in answers]}
        saved = self._json("PUT", f"assessments/{assessment_id}/answers/", json=body)
        found: list[Json] = saved["answers"]
        return found

    def attach(
        self, assessment_id: str, fields: Mapping[str, str], file: Path | None, key: str
    ) -> Json:
        content = None if file is None else {"file": (file.name, file.read_bytes())}
        # A form even without a file, so that the fields go the same way.
        files: Any = content or {name: (None, value) for name, value in fields.items()}
        return self._json(
            "POST",
            f"assessments/{assessment_id}/evidence/",
            data=dict(fields) if content else None,
            files=files,
            key=key,
        )

    def problems(self, assessment_id: str) -> list[Json]:
        return list(self._rows(f"assessments/{assessment_id}/problems/"))

    def submit(self, assessment_id: str, fields: Mapping[str, str], key: str) -> Json:
        place = f"assessments/{assessment_id}/submit/"
        return self._json("POST", place, json=dict(fields), key=key)

    # --- reports ---

    def request_report(self, submission_id: str, *, kind: str, lang: str, key: str) -> Json:
        body = {"kind": kind, "lang": lang}
        return self._json("POST", f"submissions/{submission_id}/reports/", json=body, key=key)

    def report(self, report_id: str) -> Json:
        return self._json("GET", f"reports/{report_id}/")

    def report_file(self, report: Json) -> bytes:
        """The PDF, held against the fingerprint that the server gave before."""
        content = self._send("GET", f"reports/{report['id']}/download/", accept="*/*").content
        if hashlib.sha256(content).hexdigest() != report["sha256"]:
            raise Failed(
                Exit.NETWORK, "damaged", "The PDF arrived damaged and was not kept. Try again."
            )
        return content

    # --- the wire ---

    def _rows(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Json]:
        page = self._json("GET", path, params=dict(query or {}))
        yield from page["results"]
        while address := page["next"]:
            # Only what follows the ?: the token goes to no other server than the one signed in to.
            page = self._json("GET", f"{path}?{httpx.URL(address).query.decode('ascii')}")
            yield from page["results"]

    def _json(self, method: str, path: str, *, key: str = "", **options: Any) -> Json:
        reply = self._send(method, path, key=key, **options)
        try:
            body = reply.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Failed(
                Exit.NETWORK,
                "not_tianheng",
                f"{self.server} did not answer as Tianheng does. Check the address.",
            )
        return body

    def _send(
        self,
        method: str,
        path: str,
        *,
        key: str = "",
        accept: str = "application/json",
        **options: Any,
    ) -> httpx.Response:
        headers = {"Accept": accept} | ({"Idempotency-Key": key} if key else {})
        may_repeat = method == "GET" or bool(key)
        for attempt in range(TRIES):
            try:
                reply = self._http.request(method, path, headers=headers, **options)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                if may_repeat and attempt < len(NETWORK_PAUSES_S):
                    self._sleep(NETWORK_PAUSES_S[attempt])
                    continue
                raise self._not_reached(error, may_repeat=may_repeat) from None
            wait = _wait_of(reply, attempt)
            if wait is None or wait > LONGEST_WAIT_S or attempt == TRIES - 1:
                break
            self._say(f"The server is busy; trying again in {wait:.0f} s.")
            self._sleep(wait)
        if reply.is_success:
            return reply
        raise self._refusal(reply)

    def _not_reached(self, error: Exception, *, may_repeat: bool) -> Failed:
        more = "" if may_repeat else " It may have done what was asked: look before you repeat it."
        why = str(error)[:200] or type(error).__name__
        return Failed(
            Exit.NETWORK,
            "not_reached",
            f"{self.server} cannot be reached ({why}).{more}",
        )

    def _refusal(self, reply: httpx.Response) -> Failed:
        try:
            problem = reply.json()
            code, detail = str(problem["code"]), str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            return Failed(
                Exit.NETWORK,
                "not_tianheng",
                f"{self.server} answered {reply.status_code}, and not as Tianheng does. "
                "Check the address.",
            )
        exit_code = {401: Exit.SIGN_IN, 409: Exit.REFUSED, 412: Exit.CONFLICT}.get(
            reply.status_code, Exit.REFUSED
        )
        if code == "not_signed_in":
            detail = f"{detail} Sign in with: tianheng login"
        if wait := reply.headers.get("Retry-After"):
            detail = f"{detail} The server asks to wait {wait} s."
        details = {
            name: problem[name] for name in ("problems", "current", "request_id") if name in problem
        }
        fields = problem.get("fields")
        return Failed(
            exit_code,
            code,
            detail,
            fields=fields if isinstance(fields, dict) else None,
            details={"status": reply.status_code, **details},
        )


def new_key() -> str:
    """A key under which one request may be sent again without doing it twice."""
    return str(uuid.uuid4())


def _wait_of(reply: httpx.Response, attempt: int) -> float | None:
    """How long a busy server asks to wait; None where it is not busy."""
    if reply.status_code not in BUSY:
        return None
    if reply.status_code in {502, 504} and reply.request.method not in {"GET"}:
        return None  # it may have been done behind the proxy
    asked = reply.headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        until = email.utils.parsedate_to_datetime(asked)
        return max(0.0, until.timestamp() - time.time())
    except (TypeError, ValueError):
        return float(2**attempt)
