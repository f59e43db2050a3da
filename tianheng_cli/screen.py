"""What a command shows: words and tables for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tianheng_cli.errors import Failed


class Screen:
    """Output of one command; with `--json`, exactly one document on standard output."""

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        # No markup and no highlighting: what a firm has typed is text, never a command.
        options: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False}
        self._out = Console(soft_wrap=True, **options)
        self._aside = Console(stderr=True, soft_wrap=True, **options)

    def say(self, text: str) -> None:
        """A line of the result."""
        if not self.is_json:
            self._out.print(Text(printable(text)))

    def aside(self, text: str) -> None:
        """A line about what goes on; never on standard output."""
        self._aside.print(Text(printable(text), style="dim"))

    def document(self, value: Any) -> None:
        """The result for a program."""
        if self.is_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")
            sys.stdout.flush()

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows in columns; without a terminal, one line each with tabs, for cut and awk."""
        if self.is_json:
            return
        if not self._out.is_terminal:
            for row in rows:
                cells = (" ".join(printable(str(cell)).split()) for cell in row)
                sys.stdout.write("\t".join(cells) + "\n")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(str(cell))) for cell in row))
        self._out.print(table, soft_wrap=False)

    def fail(self, failure: Failed) -> None:
        """Why the command ends early."""
        if self.is_json:
            self.document(failure.as_json())
            return
        if failure.message not in failure.fields.values():
            self._aside.print(Text(printable(failure.message), style="red"))
        for name, sentence in failure.fields.items():
            self._aside.print(Text(f"{printable(name)}: {printable(sentence)}", style="red"))

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """A bar on standard error; nothing but plain lines where there is no terminal."""
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %", markup=False),
            TimeElapsedColumn(),
            console=self._aside,
            transient=True,
            disable=self.is_json or not self._aside.is_terminal,
        )
        bar.add_task(title, total=100)
        with bar:
            yield bar


def printable(text: str) -> str:
    """The text without what would move a terminal's cursor or change its colours."""
    kept = (
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )
    return "".join(kept)
