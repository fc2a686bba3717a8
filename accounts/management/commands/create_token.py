from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Token, User


class Command(BaseCommand):
    help = "Make a token for a user and print it, this once. It reads; with --write it may write."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help=_("user name"))
        parser.add_argument("--write", action="store_true", help=_("the token may write"))
        parser.add_argument("--days", type=int, default=365, help=_("days until it expires"))
        parser.add_argument("--name", default=_("made at the console"), help=_("what it is for"))
        parser.add_argument(
            "--resource", action="append", default=[], help=_("only this resource, as “projects”; may be repeated")
        )
        parser.add_argument(
            "--network", action="append", default=[], help=_("only from this network, as 192.0.2.0/24; may be repeated")
        )

    def handle(self, *args: Any, user: str, write: bool, days: int, **options: Any) -> None:
        owner = User.objects.filter(username=user, is_active=True).first()
        if owner is None:
            raise CommandError(_("There is no active user “%(user)s”.") % {"user": user})
        if not 1 <= days <= 3660:
            raise CommandError(_("--days: 1 to 3660."))
        limits = {"may_write": write, "resources": options["resource"], "networks": options["network"]}
        expires_at = timezone.now() + timedelta(days=days)
        try:
            key = Token(user=owner, name=options["name"], expires_at=expires_at, **limits).issue(by=None)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(key)
