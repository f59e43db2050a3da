"""What ends a command early, and with which exit code."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The exit codes, as docs/command-line.md has them."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    SIGN_IN = 3
    CONFLICT = 4
    NETWORK = 5


class Failed(Exception):
    """A command that cannot go on; `message` says what is wrong and what to do."""

    def __init__(
        self,
        exit_code: Exit,
        code: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(message)
        self.exit_code, self.code, self.message = exit_code, code, message
        self.fields = dict(fields or {})
        self.details = details

    def as_json(self) -> dict[str, Any]:
        """The failure for a program."""
        body: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "exit_code": int(self.exit_code),
        }
        if self.fields:
            body["fields"] = self.fields
        if self.details is not None:
            body["details"] = self.details
        return {"error": body}
