"""Filters in the words of the API and the pages; each method is one line into the QuerySet."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import reduce
from operator import or_
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_countries import countries
from django_filters.fields import IsoDateTimeField

from partners.dates import this_day, today
from partners.models import Contact, Partner, PartnerKind, Sector, Source, SourceKind

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CODE = re.compile(r"[A-Z]{2}")
KEY = re.compile(r"[0-9]{1,18}")


class DayField(forms.Field):
    """An ISO day of the years 1 to 9998."""

    def to_python(self, value: Any) -> date | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            day = date.fromisoformat(text if DAY.fullmatch(text) else "")
        except ValueError as error:
            raise ValidationError(_("Write a day as 2024-07-01.")) from error
        if day.year > 9998:
            raise ValidationError(_("Years from 1 to 9998 are accepted."))
        return day


class RecordedDayField(DayField):
    """A day of which something can have been recorded: not one to come."""

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day and day > this_day():
            raise ValidationError(_("That day is still to come."))
        return day


class DayFilter(filters.Filter):
    field_class = DayField


class OnFilter(DayFilter):
    """The day to judge by, today in Minsk unless told; it chooses no rows by itself."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs


class AsOfFilter(OnFilter):
    """Show what was recorded by the end of this past day, and judge by it. The middleware has the tables read so."""

    field_class = RecordedDayField


class MomentField(IsoDateTimeField):
    """A moment with any offset; PostgreSQL knows none of 16 hours and more, so it is asked in UTC."""

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(_("Years from 1 to 9998 are accepted.")) from error


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


class YesNoField(forms.Field):
    """`true` or `false`; django-filter's own takes every other word for no question at all."""

    def to_python(self, value: Any) -> bool | None:
        if value in {None, ""}:
            return None
        if value not in {"true", "false"}:
            raise ValidationError(_("true or false."))
        return value == "true"


class YesNoFilter(filters.Filter):
    field_class = YesNoField


class WholeFilter(filters.Filter):
    """A whole number from `min_value` to `max_value`."""

    field_class = forms.IntegerField


class SeveralField(forms.Field):
    """The values of a parameter that may be repeated, each of them checked by a field of the class `each`."""

    widget = forms.SelectMultiple

    def __init__(self, *, each: type[forms.Field], **options: Any) -> None:
        self.each = each(required=False)
        super().__init__(**options)

    def to_python(self, value: Any) -> list[Any]:
        values = value if isinstance(value, list | tuple) else [value]
        return [self.each.clean(one) for one in values if one not in {None, ""}]


class SeveralFilter(filters.Filter):
    """Rows that have any of the values."""

    field_class = SeveralField
    each: type[forms.Field] = forms.CharField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, each=self.each, **options)

    def filter(self, qs: Any, value: Any) -> Any:
        if len(value) < 2:
            return qs.filter(**{self.field_name: value[0]}) if value else qs
        # A row that has two of the values stands once.
        rows = qs.model._default_manager.filter(**{f"{self.field_name}__in": value})
        return qs.filter(pk__in=rows.order_by().values("pk"))


class ChoicesFilter(filters.MultipleChoiceFilter):
    """Rows with any of the values. It is a column of theirs: none is found twice, and JSON knows no DISTINCT."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, distinct=False, **options)


class KeyField(forms.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)


class KeyFilter(SeveralFilter):
    """The id of a related record."""

    each = KeyField


class CodeFilter(SeveralFilter):
    """A stable code."""


class CountryField(forms.CharField):
    """An ISO 3166 code."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if text and text not in countries:
            raise ValidationError(_("No country has this code."))
        return text


class CountryFilter(SeveralFilter):
    each = CountryField


class PartnerField(CountryField):
    """Partners: by an ISO code (`IR`: the state and everything under it) or by an id (that one and its subtree)."""

    def to_python(self, value: Any) -> Any:
        text = str(forms.CharField.to_python(self, value))
        if CODE.fullmatch(text):
            return Partner.objects.filter(country=super().to_python(text))
        if not KEY.fullmatch(text):
            raise ValidationError(_("Neither a country code nor the id of a partner."))
        partner = Partner.objects.filter(pk=text).first()
        return Partner.objects.under(partner) if partner else Partner.objects.none()


class PartnerFilter(SeveralFilter):
    """Partners chosen by `PartnerField`; `queryset.of_partners` says what concerns them."""

    each = PartnerField

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.of_partners(reduce(or_, value)) if value else qs


class RecordedFilterSet(filters.FilterSet):
    """What one record can be asked."""

    as_of = AsOfFilter()


class RecordFilter(filters.FilterSet):
    """What every list can be asked: by reference, by words, by when it changed."""

    reference = CodeFilter()
    search = filters.CharFilter(method="by_words", max_length=200)
    modified_since = MomentFilter(field_name="modified_at", lookup_expr="gte")
    as_of = AsOfFilter()

    def by_words(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(value)


class Judged(filters.FilterSet):
    """Lists that are judged on a day (`on`, today in Minsk without it)."""

    on = OnFilter()
    overdue = YesNoFilter(method="by_overdue")
    due_before = DayFilter(field_name="due", lookup_expr="last_day__lt")
    due_after = DayFilter(field_name="due", lookup_expr="last_day__gt")
    due_within = WholeFilter(method="by_days", min_value=0, max_value=3660)

    @property
    def day(self) -> date:
        return self.form.cleaned_data.get("on") or today()

    def by_overdue(self, queryset: Any, name: str, value: bool) -> Any:  # noqa: FBT001  django-filter calls it so
        late = queryset.model._default_manager.overdue(self.day).values("pk")
        return queryset.filter(pk__in=late) if value else queryset.exclude(pk__in=late)

    def by_days(self, queryset: Any, name: str, value: Any) -> Any:
        return queryset.due_within(self.day, int(value))


class PartnerFilterSet(RecordFilter):
    partner = PartnerFilter()
    kind = ChoicesFilter(choices=PartnerKind)
    country = CountryFilter()
    sector = KeyFilter(field_name="sectors")

    class Meta:
        model = Partner
        fields: list[str] = []


class SectorFilterSet(RecordFilter):
    class Meta:
        model = Sector
        fields: list[str] = []


class SourceFilterSet(RecordFilter):
    kind = ChoicesFilter(choices=SourceKind)
    number = WholeFilter(min_value=1, max_value=10_000)

    class Meta:
        model = Source
        fields: list[str] = []


class ContactFilterSet(RecordFilter):
    partner = PartnerFilter()

    class Meta:
        model = Contact
        fields: list[str] = []
