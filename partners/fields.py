"""A model field for partial dates: a PostgreSQL `daterange` that reads and writes `PartialDate`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _

from partners.dates import ONE_DAY, PartialDate


def parsed(value: Any) -> PartialDate | None:
    """The value as a partial date, None for nothing. Raises ValidationError for what cannot be read."""
    if value is None or value == "":
        return None
    if isinstance(value, PartialDate):
        return value
    if not isinstance(value, str):
        raise ValidationError(_("Write a date as text."), code="invalid")
    try:
        return PartialDate.parse(value)
    except ValueError as error:
        raise ValidationError(str(error), code="invalid") from error


class PartialDateFormField(forms.CharField):
    """Text in EDTF in, `PartialDate` out; blank is None."""

    def __init__(self, **kwargs: Any) -> None:
        # A model's field hands its own over, and most have none.
        help_text = kwargs.pop("help_text", "") or _("2023, 2023-10, 2023-10-16 or a span such as 2024-01/2024-06")
        super().__init__(help_text=help_text, **kwargs)

    def to_python(self, value: Any) -> Any:
        return parsed(super().to_python(value) if isinstance(value, str) else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return parsed(initial) != self.to_python(data)
        except ValidationError:
            return True

    def prepare_value(self, value: Any) -> Any:
        return str(value) if isinstance(value, PartialDate) else value


class PartialDateField(models.Field):
    """A span of days or NULL. Its own CHECK keeps empty, open and infinite ranges out.

    Lookups: `due__first_day`, `due__last_day` (both dates), `due=` (a PartialDate or EDTF text).
    """

    description = _("Partial date (a span of days)")
    empty_strings_allowed = False

    def db_type(self, connection: Any) -> str:
        return "daterange"

    def db_check(self, connection: Any) -> str:
        column = connection.ops.quote_name(self.column)
        return (
            f"COALESCE(NOT isempty({column}) AND lower({column}) >= DATE '0001-01-01'"
            f" AND upper({column}) <= DATE '9999-01-01', {column} IS NULL)"
        )

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> PartialDate | None:
        return None if value is None else PartialDate(value.lower, value.upper - ONE_DAY)

    def to_python(self, value: Any) -> PartialDate | None:
        return parsed(value)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or isinstance(value, DateRange) or hasattr(value, "resolve_expression"):
            return value
        span = parsed(value)
        return None if span is None else DateRange(span.first_day, span.last_day + ONE_DAY, "[)")

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": PartialDateFormField, **kwargs})


class _Edge(models.Transform):
    output_field = models.DateField()


@PartialDateField.register_lookup
class FirstDay(_Edge):
    lookup_name = "first_day"
    template = "lower(%(expressions)s)"


@PartialDateField.register_lookup
class LastDay(_Edge):
    lookup_name = "last_day"
    template = "(upper(%(expressions)s) - 1)"


class Edtf(models.Func):
    """A partial date in SQL as `str(PartialDate)` writes it: canonical EDTF, NULL for none."""

    function = "pacta_edtf"
    output_field = models.TextField()
