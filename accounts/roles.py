"""Gives the groups of the roles what the permission table says, after each migration."""

from __future__ import annotations

from typing import Any


def grant(sender: Any, using: str, apps: Any, **options: Any) -> None:
    """Receiver of post_migrate. The groups are made here again where a test has emptied the tables."""
    from django.contrib.auth.models import Group, Permission

    from accounts.models import Role
    from doors.permissions import MODELS

    found = Permission.objects.using(using).select_related("content_type")
    known = {f"{row.content_type.app_label}.{row.codename}": row for row in found}
    for role in Role.values:
        group, _is_new = Group.objects.using(using).get_or_create(name=role)
        allowed = [
            known[f"{app}.{action}_{model}"]
            for label, rights in MODELS.items()
            for app, model in [label.split(".")]
            for action in ("view", "add", "change", "delete")
            if role in getattr(rights, action) and f"{app}.{action}_{model}" in known
        ]
        if role == Role.ADMINISTRATOR:
            allowed += [row for name, row in known.items() if name.startswith("accounts.")]
        if set(group.permissions.all()) != set(allowed):
            group.permissions.set(allowed)
