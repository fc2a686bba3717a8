"""The few shapes of CHECK that the register needs, named by what holds."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.sql import Query
from django.db.models.sql.constants import SINGLE
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


class Checks:
    """All CHECKs of a model as one constraint, asked of the database in one query.

    Django asks one by one, each in a savepoint of its own: half of what saving a record with a dozen of them costs.
    """

    def __init__(self, checks: list[models.CheckConstraint]) -> None:
        self.checks = checks

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = DEFAULT_DB_ALIAS) -> None:
        """Raises ValidationError with the message of each CHECK that does not hold."""
        query: Any = Query(None)  # As Django asks itself: of no table.
        asked: list[models.CheckConstraint] = []
        for name, value in instance._get_field_expression_map(meta=model._meta, exclude=exclude).items():
            query.add_annotation(value if hasattr(value, "resolve_expression") else Value(value), name, select=False)
        for check in self.checks:
            holds = Coalesce(Q(check.condition), Value(value=True), output_field=models.BooleanField())
            try:
                query.add_annotation(holds, f"check_{len(asked)}")
            except FieldError:
                continue  # About a field that is left out.
            asked.append(check)
        broken = [check for check, holds in zip(asked, _answers(query, using), strict=False) if not holds]
        if broken:
            raise ValidationError([_error(check) for check in broken])


def _answers(query: Any, using: str) -> Any:
    """What the database says; nothing of values that it cannot even compare, which it will refuse itself."""
    try:
        with transaction.atomic(using=using):
            return query.get_compiler(using=using).execute_sql(SINGLE)
    except DatabaseError:
        return ()


def _error(check: models.CheckConstraint) -> ValidationError:
    return ValidationError(check.get_violation_error_message(), code=check.violation_error_code)
