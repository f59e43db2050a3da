import csv
import io
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from checklists import Catalogue, CatalogueError, load_catalogue
from checklists.engine.export import CSV_COLUMNS, catalogue_json, csv_rows
from checklists.engine.inspection import statistics, warnings_of
from checklists.engine.loader import DEFAULT_CATALOGUE

REFUSED = 2


class Command(BaseCommand):
    help = "Check the rule catalogue, count what it holds, or export it."
    requires_system_checks = []  # noqa: RUF012 - Django declares it for the instance

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--catalogue", default=DEFAULT_CATALOGUE)
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("check", help="read every file and name every fault")
        actions.add_parser("stats", help="how many requirements of each kind")
        export = actions.add_parser("export", help="write the catalogue out")
        export.add_argument("--format", choices=("json", "csv"), default="json")
        export.add_argument("--lang", choices=("en", "zh-hans"), help="one language (json)")
        export.add_argument("--out", type=Path, metavar="FILE", help="instead of the screen")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            catalogue = load_catalogue(options["catalogue"])
        except CatalogueError as error:
            for fault in error.faults:
                self.stderr.write(str(fault))
            raise SystemExit(REFUSED) from None
        match options["action"]:
            case "check":
                self.check_catalogue(catalogue)
            case "stats":
                self.count(catalogue)
            case "export":
                self.export(catalogue, options)

    def check_catalogue(self, catalogue: Catalogue) -> None:
        for warning in warnings_of(catalogue):
            self.stderr.write(f"warning: {warning}")
        self.stdout.write(
            f"{catalogue.id}, edition {catalogue.edition}: "
            f"{len(catalogue.requirements)} requirements, no fault."
        )

    def count(self, catalogue: Catalogue) -> None:
        for heading, counts in statistics(catalogue).items():
            self.stdout.write(heading)
            for name, number in counts.items():
                self.stdout.write(f"  {number:>5}  {name}")

    def export(self, catalogue: Catalogue, options: dict[str, Any]) -> None:
        if options["format"] == "csv":
            table = io.StringIO()
            writer = csv.DictWriter(table, CSV_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(csv_rows(catalogue))
            content = table.getvalue()
        else:
            form = catalogue_json(catalogue, options["lang"])
            content = json.dumps(form, ensure_ascii=False, indent=2) + "\n"
        out: Path | None = options["out"]
        if out is None:
            self.stdout.write(content, ending="")
            return
        try:
            out.write_text(content, encoding="utf-8")
        except OSError as error:
            self.stderr.write(f"{out}: The file cannot be written: {error.strerror}.")
            raise SystemExit(REFUSED) from None
