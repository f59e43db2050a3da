"""Lists page by page: `next` and `previous` hold their place while rows come and go."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.db.models.options import Options
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")

PAGE_SIZE, LARGEST_PAGE = 50, 200


@dataclass(frozen=True)
class Place:
    """Where a page begins: after (or, backwards, before) the row with these keys."""

    keys: tuple[str, ...]
    is_backwards: bool


def limit_of(request: Request, default: int = PAGE_SIZE) -> int:
    """How many rows are asked for."""
    text = request.query_params.get("limit", str(default))
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= LARGEST_PAGE:
        return int(text)
    raise ParseError(
        _("`limit` is a whole number from 1 to %(largest)d.") % {"largest": LARGEST_PAGE}
    )


def place_of(request: Request, length: int) -> Place | None:
    """The place in the address; None for the first page."""
    text = request.query_params.get("cursor", "")
    if not text:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        direction, *keys = place
    except (binascii.Error, ValueError, TypeError, RecursionError):
        _refuse_cursor()
    right = len(keys) == length and all(isinstance(key, str) and "\0" not in key for key in keys)
    if direction not in ("a", "b") or not right:
        _refuse_cursor()
    return Place(tuple(keys), direction == "b")


def _refuse_cursor() -> NoReturn:
    raise ParseError(_("This cursor is none of ours. Follow `next`, or start without one."))


def page_of_rows(
    request: Request,
    rows: QuerySet[Row],
    *,
    newest_by: str,
    show: Callable[[Sequence[Row]], Sequence[Any]],
) -> dict[str, Any]:
    """One page of stored rows, newest first; `show` turns the rows of the page into JSON."""
    limit, place = limit_of(request), place_of(request, 2)
    is_backwards = place is not None and place.is_backwards
    if place is not None:
        rows = rows.filter(_beyond(rows, newest_by, place))
    order = (newest_by, "pk") if is_backwards else (f"-{newest_by}", "-pk")
    found = list(rows.order_by(*order)[: limit + 1])
    has_more, found = len(found) > limit, found[:limit]
    if is_backwards:
        found.reverse()

    def keys(row: Row) -> tuple[str, ...]:
        newest = getattr(row, newest_by)
        return (newest.isoformat() if isinstance(newest, date) else str(newest), str(row.pk))

    return _page(request, show(found), [keys(row) for row in found], place, has_more)


def _beyond(rows: QuerySet[Row], newest_by: str, place: Place) -> Q:
    meta = rows.model._meta
    try:
        at = _field(meta, newest_by).to_python(place.keys[0])
        pk = _field(meta, "pk").to_python(place.keys[1])
    except (ValidationError, OverflowError):
        _refuse_cursor()
    way = "gt" if place.is_backwards else "lt"
    return Q(**{f"{newest_by}__{way}": at}) | Q(**{newest_by: at, f"pk__{way}": pk})


def _field(meta: Options[Any], name: str) -> Field[Any, Any]:
    field = meta.pk if name == "pk" else meta.get_field(name)
    assert isinstance(field, Field)
    return field


def page_of_items(
    request: Request,
    items: Sequence[Item],
    *,
    key: Callable[[Item], str],
    order: Mapping[str, int],
    show: Callable[[Item], Any],
    default: int = PAGE_SIZE,
) -> dict[str, Any]:
    """One page of what is at hand already; `order` is the place of each key, shown or not."""
    limit, place = limit_of(request, default), place_of(request, 1)
    if place is None:
        found, has_more = list(items[:limit]), len(items) > limit
    else:
        at = order.get(place.keys[0])
        if at is None:
            _refuse_cursor()
        if place.is_backwards:
            beyond = [item for item in items if order[key(item)] < at]
            found, has_more = beyond[-limit:], len(beyond) > limit
        else:
            beyond = [item for item in items if order[key(item)] > at]
            found, has_more = beyond[:limit], len(beyond) > limit
    shown = [show(item) for item in found]
    return _page(request, shown, [(key(item),) for item in found], place, has_more)


def _page(
    request: Request,
    shown: Sequence[Any],
    keys: Sequence[tuple[str, ...]],
    place: Place | None,
    has_more: bool,
) -> dict[str, Any]:
    is_backwards = place is not None and place.is_backwards
    has_next = bool(keys) and (has_more or is_backwards)
    has_previous = bool(keys) and (has_more if is_backwards else place is not None)
    return {
        "next": _address(request, "a", keys[-1]) if has_next else None,
        "previous": _address(request, "b", keys[0]) if has_previous else None,
        "results": shown,
    }


def _address(request: Request, direction: str, keys: tuple[str, ...]) -> str:
    text = json.dumps([direction, *keys], separators=(",", ":"))
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
