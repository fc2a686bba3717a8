from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from projects.seeding import seed


class Command(BaseCommand):
    help = "Load fixtures/ into the register: idempotent, keeps users' edits and deletions, all or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR / "fixtures", help=_("folder of fixtures"))

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        outcome = seed(folder)
        if outcome.faults:
            for fault in outcome.faults:
                self.stderr.write(fault)
            raise CommandError(_("%(count)s faults, nothing was stored.") % {"count": len(outcome.faults)})
        self.stdout.write(
            _("Seed: %(created)s rows entered, %(corrected)s corrected.")
            % {"created": outcome.created, "corrected": outcome.corrected}
        )
