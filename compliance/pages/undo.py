"""A message with a button that takes the last step back."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest


def say_undoable(request: HttpRequest, said: str, address: str, **fields: str) -> None:
    """Tell what was done, and offer to send `fields` to `address`, which undoes it."""
    way_back = json.dumps({"address": address, "fields": fields})
    messages.success(request, said, extra_tags=way_back)
