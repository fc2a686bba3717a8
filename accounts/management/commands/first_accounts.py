from __future__ import annotations

import os
import secrets
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Role, User
from partners.models import Partner

# The organisation of the sample officer: the Vitebsk region's executive committee.
OFFICERS_ORGANISATION = "VIT-P02"


class Command(BaseCommand):
    help = "Make the accounts admin, controller, officer and viewer where they are missing."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        groups = {group.name: group for group in Group.objects.filter(name__in=Role.values)}
        password = os.environ.get("PACTA_PASSWORD") or secrets.token_urlsafe(16)
        made = [name for name in ("admin", "controller", "officer", "viewer") if self.account(name, password, groups)]
        if made and not os.environ.get("PACTA_PASSWORD"):
            self.stdout.write(
                _("Accounts %(names)s, password: %(password)s") % {"names": ", ".join(made), "password": password}
            )

    def account(self, name: str, password: str, groups: dict[str, Group]) -> bool:
        user, is_new = User.objects.get_or_create(
            username=name, defaults={"is_staff": name != "viewer", "is_superuser": name == "admin"}
        )
        if is_new:
            user.set_password(password)
            user.save()
            user.groups.add(groups["administrator" if name == "admin" else name])
            organisation = Partner.objects.filter(reference=OFFICERS_ORGANISATION).first()
            if name == "officer" and organisation:
                Membership.objects.get_or_create(user=user, organisation=organisation)
        return is_new
