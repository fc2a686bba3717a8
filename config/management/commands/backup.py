from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.backups import back_up
from config.manifest import Refused
from config.run import ended_by_signals


class Command(BaseCommand):
    help = (
        "Back the whole register up into a new folder, of one moment, while people work: the database, the files and a"
        " manifest with checksums. The folder appears when all of it is written; `restore` brings it back. SECRET_KEY"
        " and the rest of the environment are not in it. Keep it as confidential as the register."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help=_("a folder that does not exist yet, or is empty"))

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            with ended_by_signals():
                made, missing = back_up(folder.absolute(), timezone.now())
        except Refused as error:
            raise CommandError(error) from error
        size = sum(part.size for part in made.parts)
        self.stdout.write(
            _("%(folder)s: the register of %(time)s, %(files)s files, %(size).1f MB.")
            % {"folder": folder, "time": made.made_at, "files": len(made.parts) - 1, "size": size / 1e6}
        )
        if missing:
            raise CommandError(
                _("The backup is made, but the store lacks %(count)s files that rows name: %(names)s")
                % {"count": len(missing), "names": ", ".join(missing[:5])}
            )
