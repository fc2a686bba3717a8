from __future__ import annotations

from typing import Any

import django_filters as filters

from partners.filters import Judged, KeyFilter, PartnerFilter, RecordFilter
from projects.models import Indicator, Milestone, Observation, Project, Stage, StatusUpdate, Target, UpdateState


class ProjectFilterSet(RecordFilter, Judged):
    partner = PartnerFilter()
    roadmap = KeyFilter(field_name="items__roadmap", distinct=True)
    working_group = KeyFilter()
    lead = KeyFilter()
    sector = KeyFilter(field_name="sectors")
    stage = filters.MultipleChoiceFilter(choices=Stage)
    committed = filters.BooleanFilter(method="by_commitment")

    class Meta:
        model = Project
        fields: list[str] = []

    def by_commitment(self, queryset: Any, name: str, value: bool) -> Any:  # noqa: FBT001  django-filter calls it so
        committed = Project.objects.committed(self.day).values("pk")
        return queryset.filter(pk__in=committed) if value else queryset.exclude(pk__in=committed)


class MilestoneFilterSet(RecordFilter):
    project = KeyFilter()

    class Meta:
        model = Milestone
        fields: list[str] = []


class StatusUpdateFilterSet(RecordFilter):
    project = KeyFilter()
    state = filters.MultipleChoiceFilter(choices=UpdateState)

    class Meta:
        model = StatusUpdate
        fields: list[str] = []


class IndicatorFilterSet(RecordFilter):
    partner = PartnerFilter()
    roadmap = KeyFilter()

    class Meta:
        model = Indicator
        fields: list[str] = []


class TargetFilterSet(RecordFilter):
    indicator = KeyFilter()

    class Meta:
        model = Target
        fields: list[str] = []


class ObservationFilterSet(RecordFilter):
    indicator = KeyFilter()

    class Meta:
        model = Observation
        fields: list[str] = []
