from __future__ import annotations

from agreements.models import (
    Agreement,
    AgreementKind,
    AgreementStatus,
    Meeting,
    MeetingKind,
    Roadmap,
    RoadmapArea,
    RoadmapItem,
    RoadmapKind,
    RoadmapStatus,
    WorkingGroup,
    WorkingGroupKind,
)
from partners.filters import ChoicesFilter, Judged, KeyFilter, PartnerFilter, RecordFilter


class AgreementFilterSet(RecordFilter):
    partner = PartnerFilter()
    kind = ChoicesFilter(choices=AgreementKind)
    status = ChoicesFilter(choices=AgreementStatus)
    sector = KeyFilter(field_name="sectors")

    class Meta:
        model = Agreement
        fields: list[str] = []


class WorkingGroupFilterSet(RecordFilter):
    partner = PartnerFilter()
    kind = ChoicesFilter(choices=WorkingGroupKind)
    sector = KeyFilter(field_name="sectors")

    class Meta:
        model = WorkingGroup
        fields: list[str] = []


class MeetingFilterSet(RecordFilter):
    partner = PartnerFilter()
    kind = ChoicesFilter(choices=MeetingKind)
    working_group = KeyFilter()

    class Meta:
        model = Meeting
        fields: list[str] = []


class RoadmapFilterSet(RecordFilter):
    partner = PartnerFilter()
    kind = ChoicesFilter(choices=RoadmapKind)
    status = ChoicesFilter(choices=RoadmapStatus)

    class Meta:
        model = Roadmap
        fields: list[str] = []


class RoadmapAreaFilterSet(RecordFilter):
    partner = PartnerFilter()
    roadmap = KeyFilter()

    class Meta:
        model = RoadmapArea
        fields: list[str] = []


class RoadmapItemFilterSet(RecordFilter, Judged):
    partner = PartnerFilter()
    roadmap = KeyFilter()
    area = KeyFilter()
    working_group = KeyFilter()
    lead = KeyFilter()

    class Meta:
        model = RoadmapItem
        fields: list[str] = []
