"""The accounts that a synthetic register is reported and decided by."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

OFFICERS, CONTROLLER = 3, "synthetic-controller"


@dataclass(frozen=True)
class Staff:
    """SQL for the ids of the accounts: an array of the officers', and the controller's."""

    officers: str
    controller: str


def accounts() -> Staff:
    """Nobody can log in with these."""
    users = get_user_model()
    names = [f"synthetic-officer-{number}" for number in range(1, OFFICERS + 1)]
    ids = []
    for name in [*names, CONTROLLER]:
        user, is_new = users.objects.get_or_create(username=name)
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            user.groups.add(Group.objects.get(name="controller" if name == CONTROLLER else "officer"))
        ids.append(user.pk)
    return Staff(officers=f"(ARRAY{ids[:-1]})", controller=str(ids[-1]))
