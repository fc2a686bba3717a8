"""What every report over items and projects can be asked, in the words of the lists."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from agreements.models import Decision
from oversight.comparing import KINDS, Kind
from oversight.models import Move
from partners.dates import today
from partners.filters import AsOfFilter, ChoicesFilter, KeyFilter, OnFilter, PartnerFilter, RecordFilter, WholeFilter

LONGEST = 3660
GROUPED_BY = {"record": _("item or project"), "lead": _("lead"), "roadmap": _("roadmap"), "partner": _("partner")}


class RoadmapFilter(KeyFilter):
    """The id of a roadmap; `queryset.of_roadmap` says what belongs to it."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.of_roadmap(*value) if value else qs


class DayFilterSet(filters.FilterSet):
    """The day to judge by."""

    on = OnFilter()
    as_of = AsOfFilter()

    @property
    def day(self) -> date:
        """`on`, else today in Minsk."""
        return self.form.cleaned_data.get("on") or today()

    def leave(self, queryset: Any, name: str, value: Any) -> Any:
        return queryset


class DeadlineFilterSet(DayFilterSet):
    """Filters that mean the same for roadmap items and for projects."""

    partner = PartnerFilter()
    roadmap = RoadmapFilter()
    lead = KeyFilter()
    working_group = KeyFilter()
    search = filters.CharFilter(method="by_words", max_length=200)

    def by_words(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(value)


class DueFilterSet(DeadlineFilterSet):
    within = WholeFilter(method="leave", min_value=0, max_value=LONGEST)

    @property
    def days(self) -> int:
        """How far to look ahead; 30 days unless told."""
        within = self.form.cleaned_data.get("within")
        return 30 if within is None else int(within)


class OverviewFilterSet(DayFilterSet):
    """The day to compare with: 30 days before unless told."""

    since = OnFilter()

    @property
    def before(self) -> date:
        return self.form.cleaned_data.get("since") or self.day - timedelta(days=30)


class TwoDays(forms.Form):
    """The first day before the second one, which is today unless told."""

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        since, on = told.get("since"), told.get("on") or today()
        if since and "on" in told and since >= on:
            self.add_error("since", _("Not before the second day."))
        return told


class ComparisonFilterSet(OverviewFilterSet, DeadlineFilterSet):
    """The two days, what is compared, and whose items and projects."""

    class Meta:
        form = TwoDays

    what = filters.ChoiceFilter(method="leave", choices=[(kind.name, kind.label) for kind in KINDS])

    @property
    def kinds(self) -> list[Kind]:
        """All kinds of changes unless one is asked for."""
        return [kind for kind in KINDS if self.form.cleaned_data.get("what") in {"", kind.name}]

    def chosen(self, rows: Any) -> Any:
        return type(self)(self.data, queryset=rows).qs


class TermFilterSet(DayFilterSet):
    """Agreements to decide on within so many months."""

    partner = PartnerFilter()
    months = WholeFilter(method="leave", min_value=0, max_value=120)
    search = filters.CharFilter(method="by_words", max_length=200)

    @property
    def ahead(self) -> int:
        """How many months to look ahead; 6 unless told."""
        months = self.form.cleaned_data.get("months")
        return 6 if months is None else int(months)

    def by_words(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(value)


class SlippageFilterSet(DayFilterSet):
    by = filters.ChoiceFilter(method="leave", choices=list(GROUPED_BY.items()))

    @property
    def group(self) -> str:
        """By what the moves are added up: each record for itself unless told."""
        return self.form.cleaned_data.get("by") or "record"


class MoveFilterSet(RecordFilter):
    roadmap = KeyFilter(field_name="item__roadmap")
    item = KeyFilter()
    project = KeyFilter()
    decision = ChoicesFilter(choices=Decision)

    class Meta:
        model = Move
        fields: list[str] = []
