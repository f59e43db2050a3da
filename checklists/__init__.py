"""The rule catalogue and its pure engine. Everything outside asks for it here."""

from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.loader import load_catalogue

__all__ = ["CatalogueError", "Fault", "load_catalogue"]
