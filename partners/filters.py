"""Filters in the words of the API and the pages; each method is one line into the QuerySet."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from partners.dates import this_day, today
from partners.models import Contact, Partner, PartnerKind, Sector, Source, SourceKind

CODE = re.compile(r"[A-Z]{2}")


class DayField(forms.Field):
    """An ISO day of the years 1 to 9998."""

    def to_python(self, value: Any) -> date | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
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


@extend_schema_field(OpenApiTypes.DATE)
class DayFilter(filters.Filter):
    field_class = DayField


class OnFilter(DayFilter):
    """The day to judge by, today in Minsk unless told; it chooses no rows by itself."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs


class AsOfFilter(OnFilter):
    """Show what was recorded by the end of this past day, and judge by it. The middleware has the tables read so."""

    field_class = RecordedDayField


class KeyField(forms.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)


@extend_schema_field(OpenApiTypes.INT64)
class KeyFilter(filters.Filter):
    """The id of a related record."""

    field_class = KeyField


class PartnerField(forms.CharField):
    """An ISO code (`IR`: the state and everything under it) or the id of a partner (it and its subtree)."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text or CODE.fullmatch(text):
            return text
        partner = (
            Partner.objects.filter(pk=text).first() if text.isascii() and text.isdigit() and len(text) < 19 else None
        )
        if partner is None:
            raise ValidationError(_("Neither a country code nor the id of a partner."))
        return partner


@extend_schema_field(OpenApiTypes.STR)
class PartnerFilter(filters.Filter):
    """Partners chosen by `PartnerField`; `queryset.of_partners` says what concerns them."""

    field_class = PartnerField

    def filter(self, qs: Any, value: Any) -> Any:
        if not value:
            return qs
        chosen = Partner.objects.under(value) if isinstance(value, Partner) else Partner.objects.filter(country=value)
        return qs.of_partners(chosen)


class RecordFilter(filters.FilterSet):
    """What every list can be asked: by reference, by words, by when it changed."""

    reference = filters.CharFilter(max_length=80)
    search = filters.CharFilter(method="by_words", max_length=200)
    modified_since = filters.IsoDateTimeFilter(field_name="modified_at", lookup_expr="gte")
    as_of = AsOfFilter()

    def by_words(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(value)


class Judged(filters.FilterSet):
    """Lists that are judged on a day (`on`, today in Minsk without it)."""

    on = OnFilter()
    overdue = filters.BooleanFilter(method="by_overdue")
    due_before = DayFilter(field_name="due", lookup_expr="last_day__lt")
    due_after = DayFilter(field_name="due", lookup_expr="last_day__gt")
    due_within = filters.NumberFilter(method="by_days", min_value=0, max_value=3660)

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
    kind = filters.MultipleChoiceFilter(choices=PartnerKind)
    country = filters.CharFilter(max_length=2)
    sector = KeyFilter(field_name="sectors")

    class Meta:
        model = Partner
        fields: list[str] = []


class SectorFilterSet(RecordFilter):
    class Meta:
        model = Sector
        fields: list[str] = []


class SourceFilterSet(RecordFilter):
    kind = filters.MultipleChoiceFilter(choices=SourceKind)
    number = filters.NumberFilter(min_value=1, max_value=10_000)

    class Meta:
        model = Source
        fields: list[str] = []


class ContactFilterSet(RecordFilter):
    partner = PartnerFilter()

    class Meta:
        model = Contact
        fields: list[str] = []
