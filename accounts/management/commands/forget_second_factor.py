from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import ngettext

from accounts.models import User
from accounts.second_factor import forget


class Command(BaseCommand):
    help = "Take a user's second factor away, who has lost his telephone: the next log-in sets up a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']}.")
        number = forget(user, by=None)
        told = ngettext("%(number)s device taken away.", "%(number)s devices taken away.", number)
        self.stdout.write(told % {"number": number})
