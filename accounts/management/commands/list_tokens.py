from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Token


class Command(BaseCommand):
    help = "List the tokens that let in, with --all also the expired and revoked ones. Keys are not known."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", help=_("only of this user"))
        parser.add_argument("--all", action="store_true", help=_("expired and revoked ones too"))

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        tokens = Token.objects.select_related("user", "revoked_by").order_by("user__username", "id")
        tokens = tokens if options["all"] else tokens.active(now)
        if options["user"]:
            tokens = tokens.filter(user__username=options["user"])
        for token in tokens:
            self.stdout.write("  ".join(_line(token)))


def _line(token: Token) -> list[str]:
    rights = _("writes") if token.may_write else _("reads")
    until = _("until %(day)s") % {"day": _minute(token.expires_at)[:10]}
    told = [str(token.pk), token.start + "…", token.user.username, token.name, rights, until]
    told += [",".join(token.resources)] * bool(token.resources)
    told += [",".join(map(str, token.networks))] * bool(token.networks)
    if token.last_used_at:
        told.append(
            _("used %(at)s from %(by)s") % {"at": _minute(token.last_used_at), "by": token.last_used_from or "?"}
        )
    if token.revoked_at:
        told.append(_("revoked %(at)s by %(by)s") % {"at": _minute(token.revoked_at), "by": token.revoked_by or "?"})
    return told


def _minute(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
