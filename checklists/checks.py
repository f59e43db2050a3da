"""`manage.py check` loads every rule, so a broken catalogue stops the start."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error

from checklists.engine.faults import CatalogueError
from checklists.engine.loader import catalogue_folders, load_catalogue


def check_catalogues(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """One error for each fault of each catalogue."""
    errors: list[CheckMessage] = []
    for name in catalogue_folders():
        try:
            load_catalogue(name)
        except CatalogueError as error:
            errors += [
                Error(
                    f"{fault.place(name)} {fault.problem}",
                    hint=fault.cure,
                    id="checklists.E001",
                )
                for fault in error.faults
            ]
    return errors
