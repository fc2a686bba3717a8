"""The few shapes of CHECK that the register needs, named by what holds."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


def check(name: str, condition: Any, message: Any) -> models.CheckConstraint:
    """A CHECK named `<app>_<model>_<name>` whose violation tells people `message`."""
    return models.CheckConstraint(
        name=f"%(app_label)s_%(class)s_{name}", condition=condition, violation_error_message=message
    )


def known(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """The enum column holds one of its values."""
    return check(f"{field}_known", Q(**{f"{field}__in": choices.values}), _("Not one of the accepted values."))


def both_or_neither(first: str, second: str, message: Any) -> models.CheckConstraint:
    """Two nullable columns are filled together."""
    filled = Q(**{f"{first}__isnull": False, f"{second}__isnull": False})
    empty = Q(**{f"{first}__isnull": True, f"{second}__isnull": True})
    return check(f"{first}_with_{second}", filled | empty, message)


def not_wholly_before(later: str, earlier: str, message: Any) -> models.CheckConstraint:
    """Partial dates: the last day of `later` is not before the first day of `earlier`."""
    return check(
        f"{later}_not_before_{earlier}",
        Q(**{f"{later}__isnull": True})
        | Q(**{f"{earlier}__isnull": True})
        | Q(**{f"{later}__last_day__gte": F(f"{earlier}__first_day")}),
        message,
    )
