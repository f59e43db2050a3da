import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from checklists import CatalogueError, evaluate_assessment, load_catalogue
from checklists.engine.export import assessment_json
from checklists.engine.inputs import InputError, read_input, read_input_text
from checklists.engine.loader import DEFAULT_CATALOGUE

REFUSED = 2


class Command(BaseCommand):
    help = "Evaluate facts, answers and evidence from a JSON or YAML file, without a database."
    requires_system_checks = []  # noqa: RUF012 - Django declares it for the instance

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="JSON or YAML; - for input")
        parser.add_argument("--lang", choices=("en", "zh-hans"), default="en")
        parser.add_argument("--catalogue", default=DEFAULT_CATALOGUE)

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        lang: str = options["lang"]
        try:
            catalogue = load_catalogue(options["catalogue"])
            given = read_input(catalogue, read_input_text(file.name, _content(file)))
        except OSError as error:
            self.refuse([f"{file}: The file cannot be read: {error.strerror}. Check the path."])
        except CatalogueError as error:
            self.refuse(map(str, error.faults))
        except InputError as error:
            self.refuse(f"{file}: {problem.get(lang)}" for problem in error.problems)
        evaluation = evaluate_assessment(
            catalogue,
            as_of=given.as_of,
            facts=given.facts,
            answers=given.answers,
            evidence=given.evidence,
        )
        form = assessment_json(catalogue, evaluation, given.answers, lang)
        self.stdout.write(json.dumps(form, ensure_ascii=False, indent=2))

    def refuse(self, lines: Iterable[str]) -> NoReturn:
        """One line for each thing that is wrong, and an exit that a script can tell."""
        for line in lines:
            self.stderr.write(line)
        raise SystemExit(REFUSED)


def _content(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
