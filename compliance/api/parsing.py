"""A JSON body → plain values, whatever was sent: refused in words or safe to work with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

DEEPEST = 20
# PostgreSQL stores no NUL, and half of a surrogate pair is no character in any encoding.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no key twice, numbers as Decimal."""

    media_type = "application/json"
    largest: int | None = None  # bytes; None: as any form

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return parse_json(read_bounded(stream, self.largest))


class FormParser(MultiPartParser):
    """A form with files; its texts are UTF-8, whatever encoding the client names."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> DataAndFiles[Any, Any]:
        return super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})


def read_bounded(stream: IO[Any], largest: int | None = None) -> bytes:
    """The whole body, if it is not larger than a form, or `largest`, may be."""
    limit = largest or settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    return body


def parse_json(body: bytes) -> Any:
    """The values in it; ParseError says what is wrong."""
    try:
        values = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_without_twins,
        )
        _look_through(values, DEEPEST)
    except UnicodeDecodeError:
        raise ParseError(_("The body is not UTF-8. Send it as UTF-8.")) from None
    except RecursionError:
        raise ParseError(_("The values are nested too deep. Nest them less.")) from None
    except ValueError as error:
        raise ParseError(
            _("The body is not JSON: %(fault)s. Correct it and send it again.")
            % {"fault": str(error)[:200]}
        ) from None
    return values


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key is there twice")
    return values


def _look_through(value: Any, depth: int) -> None:
    if depth < 0:
        raise RecursionError
    if isinstance(value, str):
        if _UNKEPT.search(value):
            raise ValueError("a text holds NUL or half of a surrogate pair")
    elif isinstance(value, list):
        for item in value:
            _look_through(item, depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _look_through(key, depth - 1)
            _look_through(item, depth - 1)
