"""`manage.py signing make | show`: the key that signs the reports of this installation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from compliance.reports.signing import SigningFailed, make_identity, read_identity


class Command(BaseCommand):
    help = "Make the installation's own signing key, or show whose key signs its reports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["make", "show"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        path = Path(settings.SIGNING_FILE)
        if action == "make" and path == settings.SIGNING_FILE_OF_ITS_OWN:
            made = make_identity(path)
            self.stdout.write(f"{path}: {'made' if made else 'there already, left as it is'}")
        try:
            who = read_identity(path, settings.SIGNING_PASSPHRASE)
        except SigningFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{who.subject}, until {who.certificate.not_valid_after_utc:%Y-%m-%d}\n"
            f"SHA-256 {who.fingerprint}"
        )
