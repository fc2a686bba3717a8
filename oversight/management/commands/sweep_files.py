from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from oversight.sweeping import missing, orphans
from partners.models.files import remove_file


class Command(BaseCommand):
    help = "Name files without a row and rows without a file; with --delete the files go. Fails when a file is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help=_("delete the files that no row names"))

    def handle(self, *args: Any, delete: bool, **options: Any) -> None:
        for path in list(orphans(timezone.now())):
            self.stdout.write(_("no row: %(path)s") % {"path": path})
            if delete and not remove_file(path):
                raise CommandError(_("A backup is being made; sweep later."))
        lost = [row.reference for row in missing()]
        if lost:
            raise CommandError(_("no file: %(rows)s") % {"rows": ", ".join(lost)})
