"""The one place the time comes from, so that tests can set it."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone


def now() -> datetime:
    """This moment, in UTC."""
    return timezone.now()


def today() -> date:
    """Today's date in the installation's time zone."""
    return timezone.localdate()
