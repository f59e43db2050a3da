from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from compliance.api.docs import description_as_text, digest_of_description


class Command(BaseCommand):
    help = "Write the API's description (docs/openapi.json); CHANGELOG.md names the printed digest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Path(settings.BASE_DIR, "docs", "openapi.json")
        parser.add_argument("--out", type=Path, metavar="FILE", default=default)

    def handle(self, *args: Any, **options: Any) -> None:
        text = description_as_text()
        options["out"].write_text(text, encoding="utf-8")
        self.stdout.write(digest_of_description(text))
