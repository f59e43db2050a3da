"""`manage.py flush`: empties the whole database, the guarded audit trail included."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.flush import Command as Flush

from compliance import guards


class Command(Flush):
    def handle(self, **options: Any) -> None:
        with guards.lifted():
            super().handle(**options)
