from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Role, ServiceAccount
from partners.models import Partner


class Command(BaseCommand):
    help = "Make an account for a program: it has a role and tokens (create_token), and no password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=_("user name"))
        parser.add_argument("--role", choices=Role.values, default=Role.VIEWER)
        parser.add_argument("--organisation", help=_("reference of the partner for which it works"))

    @transaction.atomic
    def handle(self, *args: Any, name: str, role: str, organisation: str | None, **options: Any) -> None:
        partner = Partner.objects.filter(reference=organisation).first() if organisation else None
        if organisation and partner is None:
            raise CommandError(_("There is no partner “%(reference)s”.") % {"reference": organisation})
        account = ServiceAccount(username=name)
        try:
            account.open(role=role)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        if partner:
            Membership.objects.create(user=account, organisation=partner)
        self.stdout.write(_("Service account “%(name)s”, %(role)s.") % {"name": name, "role": Role(role).label})
