"""What is wrong with a catalogue: every fault with its file, line, key and cure, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    file: str
    line: int | None
    key: str  # dotted path inside the file; "" for the file as a whole
    problem: str
    cure: str

    def place(self, folder: str = "") -> str:
        """Where to look: file, line and key, as far as they are known."""
        file = f"{folder}/{self.file}" if folder else self.file
        line = "" if self.line is None else f":{self.line}"
        key = f" {self.key}:" if self.key else ""
        return f"{file}{line}:{key}"

    def __str__(self) -> str:
        return f"{self.place()} {self.problem} {self.cure}"


class CatalogueError(Exception):
    """A catalogue that cannot be used, with everything that has to be mended."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        heading = f"The catalogue has {count} {'fault' if count == 1 else 'faults'}:"
        super().__init__("\n".join([heading, *(str(fault) for fault in self.faults)]))
