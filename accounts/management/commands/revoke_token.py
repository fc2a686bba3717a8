from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Token, User
from accounts.tokens import START


class Command(BaseCommand):
    help = "Revoke tokens, by their number, by their first characters as list_tokens shows them, or all of a user."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token", nargs="*", help=_("number, first characters or the whole key"))
        parser.add_argument("--user", help=_("all tokens of this user"))
        parser.add_argument("--by", help=_("user name of who revokes, for the trace"))

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        by = _user(options["by"]) if options["by"] else None
        tokens = [_token(text) for text in options["token"]]
        if options["user"]:
            tokens += Token.objects.filter(user=_user(options["user"]), revoked_at=None)
        if not tokens:
            raise CommandError(_("Name a token, or a user with --user."))
        for token in tokens:
            done = token.revoke(by=by, now=timezone.now())
            told = _("%(token)s: revoked.") if done else _("%(token)s: was revoked before.")
            self.stdout.write(told % {"token": token})


def _token(text: str) -> Token:
    named = {"pk": text} if text.isascii() and text.isdigit() and len(text) < START else {"start": text[:START]}
    found = list(Token.objects.filter(**named)) if len(text) >= START or "pk" in named else []
    if len(found) != 1:
        raise CommandError(_("There is no one token “%(text)s”.") % {"text": text[:START]})
    return found[0]


def _user(name: str) -> User:
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(_("There is no user “%(user)s”.") % {"user": name})
    return found
