from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.manifest import Refused
from config.restoring import restore
from config.run import ended_by_signals


class Command(BaseCommand):
    help = (
        "Put a backup in the place of the present register. All of it is checked and built beside first; a backup that"
        " is damaged, of something else or of a newer release is refused with nothing changed. An older one is brought"
        " up to this release. The server may run: its connections are cut once. What was before is kept and named."
    )
    requires_system_checks: list[str] = []  # there may be no database yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help=_("a folder that `backup` made"))

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            with ended_by_signals():
                done = restore(folder.absolute(), timezone.now())
        except Refused as error:
            raise CommandError(error) from error
        self.stdout.write(
            _("The register is that of %(time)s again (release %(release)s).")
            % {"time": done.manifest.made_at, "release": done.manifest.release}
        )
        if done.database:
            self.stdout.write(_("The database of before is kept: %(name)s") % {"name": done.database})
        if done.files:
            self.stdout.write(_("Files that only it names: %(folder)s") % {"folder": done.files})
