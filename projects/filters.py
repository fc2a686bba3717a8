from __future__ import annotations

from typing import Any

from partners.filters import ChoicesFilter, DayFilter, Judged, KeyFilter, PartnerFilter, RecordFilter, YesNoFilter
from projects.models import (
    Evidence,
    Indicator,
    Milestone,
    Observation,
    Project,
    Stage,
    StatusUpdate,
    Target,
    UpdateState,
)


class ProjectFilterSet(RecordFilter, Judged):
    partner = PartnerFilter()
    roadmap = KeyFilter(method="by_roadmap")
    working_group = KeyFilter()
    lead = KeyFilter()
    sector = KeyFilter(field_name="sectors")
    stage = ChoicesFilter(choices=Stage)
    committed = YesNoFilter(method="by_commitment")
    silent = YesNoFilter(method="by_silence")

    class Meta:
        model = Project
        fields: list[str] = []

    def by_commitment(self, queryset: Any, name: str, value: bool) -> Any:  # noqa: FBT001  django-filter calls it so
        return _among(queryset, Project.objects.committed(self.day), value=value)

    def by_roadmap(self, queryset: Any, name: str, value: list[int]) -> Any:
        return queryset.of_roadmap(*value)

    def by_silence(self, queryset: Any, name: str, value: bool) -> Any:  # noqa: FBT001  django-filter calls it so
        return _among(queryset, Project.objects.silent(self.day), value=value)


def _among(queryset: Any, chosen: Any, *, value: bool) -> Any:
    keys = chosen.order_by().values("pk")
    return queryset.filter(pk__in=keys) if value else queryset.exclude(pk__in=keys)


class MilestoneFilterSet(RecordFilter):
    project = KeyFilter()
    due_before = DayFilter(field_name="due", lookup_expr="last_day__lt")
    due_after = DayFilter(field_name="due", lookup_expr="last_day__gt")

    class Meta:
        model = Milestone
        fields: list[str] = []


class StatusUpdateFilterSet(RecordFilter):
    project = KeyFilter()
    state = ChoicesFilter(choices=UpdateState)

    class Meta:
        model = StatusUpdate
        fields: list[str] = []


class EvidenceFilterSet(RecordFilter):
    status_update = KeyFilter(field_name="update")
    project = KeyFilter(field_name="update__project")

    class Meta:
        model = Evidence
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
