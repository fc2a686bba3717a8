from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from projects.generating import Refused, analyze, generate


class Command(BaseCommand):
    help = "Write a synthetic register of any size, marked as such, into a database whose register is empty."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--items", type=int, required=True, help=_("number of roadmap items, from 1 up"))
        parser.add_argument("--seed", type=int, default=1, help=_("the same seed gives the same register; 1"))

    def handle(self, *args: Any, items: int, seed: int, **options: Any) -> None:
        began = time.monotonic()
        try:
            written = generate(items, seed)
        except Refused as error:
            raise CommandError(error) from error
        analyze()
        for table, count in sorted(written.items()):
            self.stdout.write(f"{count:>10} {table}")
        self.stdout.write(
            _("%(rows)s rows in %(seconds).1f s, seed %(seed)s.")
            % {"rows": sum(written.values()), "seconds": time.monotonic() - began, "seed": seed}
        )
