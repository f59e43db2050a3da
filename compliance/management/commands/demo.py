"""`manage.py demo`: invented people and firms to try the product with."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from compliance.demo import PASSWORD, PEOPLE, make_demo, remove_demo


class Command(BaseCommand):
    help = "Make the demo firms and people; --reset removes what was done in them first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="start again from the beginning")

    def handle(self, *args: Any, reset: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The demo's passwords are known to everybody, so it is refused while DEBUG is off."
            )
        if reset:
            remove_demo()
        make_demo()
        self.stdout.write(f"Demo sign-ins, all with the password {PASSWORD}:")
        for person in PEOPLE:
            self.stdout.write(f"  {person.email}")
