import csv
import io
import json
import re
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand

from checklists import Catalogue, CatalogueError, Fault, catalogues, difference, load_catalogue
from checklists.editions import released_edition, released_editions
from checklists.engine.documents import read_document
from checklists.engine.export import CSV_COLUMNS, catalogue_json, csv_rows
from checklists.engine.exported import catalogue_from_json, read_json
from checklists.engine.frameworks import Framework, framework_from_oscal
from checklists.engine.inspection import statistics, warnings_of
from checklists.engine.json_schema import FORMS, published
from checklists.engine.loader import (
    CATALOGUES,
    DEFAULT_CATALOGUE,
    catalogue_folders,
    check_sources,
    no_such_catalogue,
    read_catalogue,
    read_sources,
    write_catalogue,
)
from checklists.engine.oscal import oscal_catalog
from checklists.engine.telling import difference_json, difference_lines
from checklists.glossary import glossary_faults

REFUSED = 2
SCHEMAS = CATALOGUES / "schema"
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Command(BaseCommand):
    help = "Check the rule catalogues, count, compare, export them, or import a framework."
    requires_system_checks = []  # noqa: RUF012 - Django declares it for the instance

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--catalogue", metavar="ID", help=f"default: {DEFAULT_CATALOGUE}")
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("check", help="read every file and name every fault")
        stats = actions.add_parser("stats", help="how many requirements of each kind")
        stats.add_argument("--format", choices=("text", "json"), default="text")
        diff = actions.add_parser("diff", help="what changed between two editions, in words")
        for operand in ("before", "after"):
            diff.add_argument(operand, help="a folder, an exported file, an id or an edition")
        diff.add_argument("--format", choices=("text", "json"), default="text")
        diff.add_argument("--lang", choices=("en", "zh-hans"))
        export = actions.add_parser("export", help="write the catalogue out")
        export.add_argument("--format", choices=("json", "csv", "oscal"), default="json")
        export.add_argument("--lang", choices=("en", "zh-hans"), help="one language (json)")
        export.add_argument("--out", type=Path, metavar="FILE", help="instead of the screen")
        bring = actions.add_parser("import", help="an OSCAL catalog (JSON) as a further framework")
        bring.add_argument("file", type=Path, metavar="FILE")
        bring.add_argument("--id", metavar="ID", help="small letters, digits, underscores")
        bring.add_argument("--out", type=Path, metavar="FOLDER", help="default: FRAMEWORKS_FOLDER")
        bring.add_argument(
            "--replace", action="store_true", help="take the place of an earlier one"
        )
        schema = actions.add_parser("schema", help="the JSON Schema of the catalogue's files")
        schema.add_argument("form", nargs="?", choices=tuple(FORMS), default="requirement")
        schema.add_argument("--out", type=Path, metavar="FOLDER", help="write all of them there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            match options["action"]:
                case "check":
                    self.check_catalogues(options["catalogue"])
                case "stats":
                    self.count(_chosen(options), options["format"])
                case "diff":
                    self.compare(options)
                case "export":
                    self.export(_chosen(options), options)
                case "import":
                    self.import_framework(options)
                case "schema":
                    self.publish_schema(options["form"], options["out"])
        except CatalogueError as error:
            self.refuse(map(str, error.faults))

    def refuse(self, lines: Iterable[str]) -> NoReturn:
        """One line for each thing that is wrong, and an exit that a script can tell."""
        for line in lines:
            self.stderr.write(line)
        raise SystemExit(REFUSED)

    def check_catalogues(self, only: str | None) -> None:
        """Read every file anew, tell every fault and every doubt; one catalogue after the other."""
        folders = catalogue_folders()
        if only is not None:
            if only not in folders:
                raise no_such_catalogue(only)
            folders = {only: folders[only]}
        faults: list[str] = []
        for name, folder in folders.items():
            try:
                catalogue = self.check_folder(folder)
            except CatalogueError as error:
                faults += [f"{name}/{fault}" for fault in error.faults]
            else:
                self.stdout.write(
                    f"{catalogue.id}, edition {catalogue.edition}: "
                    f"{len(catalogue.requirements)} requirements, no fault."
                )
        if faults:
            self.refuse(faults)

    def check_folder(self, folder: Path) -> Catalogue:
        catalogue = read_catalogue(folder)
        documents = {
            name: read_document(name, content) for name, content in read_sources(folder).items()
        }
        if folder.parent == SCHEMAS.parent and (stale := _stale_schemas()):
            raise CatalogueError(stale)
        if catalogue.id != folder.name:
            cure = "Call the folder like the id, or mend the id."
            problem = f"The folder is called {folder.name}."
            raise CatalogueError([documents["catalogue.yaml"].fault(("id",), problem, cure)])
        if folder.parent == SCHEMAS.parent and (strayed := glossary_faults(catalogue, documents)):
            raise CatalogueError(strayed)
        for warning in warnings_of(catalogue, documents):
            self.stderr.write(f"warning: {folder.name}/{warning}")
        return catalogue

    def count(self, catalogue: Catalogue, form: str) -> None:
        counts = statistics(catalogue)
        if form == "json":
            self.stdout.write(json.dumps(counts, ensure_ascii=False, indent=2))
            return
        for heading, numbers in counts.items():
            self.stdout.write(heading)
            for name, number in numbers.items():
                self.stdout.write(f"  {number:>5}  {name}")

    def compare(self, options: dict[str, Any]) -> None:
        found = difference(_edition(options["before"]), _edition(options["after"]))
        lang: str | None = options["lang"]
        if options["format"] == "json":
            form = difference_json(found, lang)
            self.stdout.write(json.dumps(form, ensure_ascii=False, indent=2))
            return
        for line in difference_lines(found, lang or "en"):
            self.stdout.write(line)

    def export(self, catalogue: Catalogue, options: dict[str, Any]) -> None:
        if options["format"] == "csv":
            table = io.StringIO()
            writer = csv.DictWriter(table, CSV_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(csv_rows(catalogue))
            content = table.getvalue()
        elif options["format"] == "oscal":
            content = json.dumps(oscal_catalog(catalogue), ensure_ascii=False, indent=2) + "\n"
        else:
            form = catalogue_json(catalogue, options["lang"])
            content = json.dumps(form, ensure_ascii=False, indent=2) + "\n"
        out: Path | None = options["out"]
        if out is None:
            self.stdout.write(content, ending="")
        else:
            self.write_file(out, content)

    def import_framework(self, options: dict[str, Any]) -> None:
        file: Path = options["file"]
        root: Path = options["out"] or settings.FRAMEWORKS_FOLDER
        framework = _framework(file, options["id"])
        if framework.id in {path.name for path in CATALOGUES.iterdir()}:
            problem = f"The id {framework.id} is that of a catalogue that ships."
            cure = "Give it another one with --id."
            raise CatalogueError([Fault(str(file), None, "", problem, cure)])
        check_sources(framework.sources)  # before anything is written
        write_catalogue(framework.sources, root / framework.id, replace=options["replace"])
        self.stdout.write(
            f"{framework.title}, edition {framework.edition}: {framework.controls} controls "
            f"are requirements of {framework.id} now, in {root / framework.id}."
        )
        for names, what in (
            (framework.withdrawn, "withdrawn by the publisher and left out"),
            (framework.shortened, "longer than a text can be and cut at its end"),
        ):
            if names:
                more = f" and {len(names) - 10} more" if len(names) > 10 else ""
                self.stderr.write(f"{len(names)} {what}: {', '.join(names[:10])}{more}.")

    def publish_schema(self, form: str, out: Path | None) -> None:
        if out is None:
            self.stdout.write(published()[f"{form}.schema.json"], ending="")
            return
        for name, content in published().items():
            self.write_file(out / name, content)

    def write_file(self, file: Path, content: str) -> None:
        try:
            file.write_text(content, encoding="utf-8")
        except OSError as error:
            self.refuse([f"{file}: The file cannot be written: {error.strerror}."])


def _framework(file: Path, catalogue_id: str | None) -> Framework:
    if catalogue_id is not None and not _ID.fullmatch(catalogue_id):
        problem = f"{catalogue_id[:60]!r} is no id."
        cure = "Use at most 40 small letters, digits and underscores; a letter first."
        raise CatalogueError([Fault("--id", None, "", problem, cure)])
    content = _content(file)
    shipped = load_catalogue()
    return framework_from_oscal(
        read_json(str(file), content, cure="Give an OSCAL catalog in JSON."),
        name=str(file),
        scoring=read_sources(CATALOGUES / DEFAULT_CATALOGUE)["scoring.yaml"],
        severities=shipped.severities,
        catalogue_id=catalogue_id,
    )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        problem = f"The file cannot be read: {error.strerror}."
        raise CatalogueError([Fault(str(file), None, "", problem, "Check the path.")]) from error


def _chosen(options: dict[str, Any]) -> Catalogue:
    return load_catalogue(options["catalogue"] or DEFAULT_CATALOGUE)


def _stale_schemas() -> list[Fault]:
    """The published schemas that do not say what the check asks for."""
    cure = (
        f"Write them anew: catalogue schema --out {SCHEMAS.relative_to(CATALOGUES.parent.parent)}"
    )
    faults = []
    for name, content in published().items():
        file = SCHEMAS / name
        if not file.is_file() or file.read_text(encoding="utf-8") != content:
            problem = "The published schema is not the one the files are checked by."
            faults.append(Fault(f"../schema/{name}", None, "", problem, cure))
    return faults


def _edition(named: str) -> Catalogue:
    """The edition in a folder or an exported file, or the one that is known by id or edition."""
    path = Path(named)
    if path.is_dir():
        return read_catalogue(path)
    if path.is_file():
        content = _content(path)
        cure = "Give a file of `catalogue export --format json`."
        return catalogue_from_json(read_json(named, content, cure=cure), name=named)
    known = []
    for catalogue in catalogues():
        if named in (catalogue.id, catalogue.edition):
            return catalogue
        earlier = released_editions(catalogue.id)
        if named in earlier:
            return released_edition(catalogue.id, named)
        editions = dict.fromkeys([*earlier, catalogue.edition])
        known.append(f"{catalogue.id} ({', '.join(editions)})")
    problem = "There is no folder, no exported file, no catalogue and no edition of this name."
    raise CatalogueError([Fault(named, None, "", problem, f"Known are: {'; '.join(known)}.")])
