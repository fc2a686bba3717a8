from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from agreements.models import (
    Agreement,
    AgreementParty,
    AgreementRelation,
    ItemRescheduling,
    Meeting,
    MeetingParticipant,
    Roadmap,
    RoadmapArea,
    RoadmapItem,
    WorkingGroup,
)
from doors.admin import CitationInline, OverdueFilter, PartInline, RecordAdmin


class PartyInline(PartInline):
    model = AgreementParty
    fk_name = "agreement"


class RelationInline(PartInline):
    model = AgreementRelation
    fk_name = "agreement"


@admin.register(Agreement)
class AgreementAdmin(RecordAdmin):
    list_display = ("name", "reference", "kind", "status", "signed")
    list_filter = ("kind", "status", "is_bundle")
    inlines = (PartyInline, RelationInline, CitationInline)


@admin.register(WorkingGroup)
class WorkingGroupAdmin(RecordAdmin):
    list_display = ("name", "reference", "kind", "status", "parent")
    list_select_related = ("parent",)
    list_filter = ("kind", "status")
    inlines = (CitationInline,)


class ParticipantInline(PartInline):
    model = MeetingParticipant
    fk_name = "meeting"


@admin.register(Meeting)
class MeetingAdmin(RecordAdmin):
    list_display = ("name", "reference", "kind", "held", "place")
    list_select_related = ("place",)
    list_filter = ("kind", "status")
    inlines = (ParticipantInline, CitationInline)


class AreaInline(PartInline):
    model = RoadmapArea
    fk_name = "roadmap"
    fields = ("number", "position", "name")


class ItemInline(PartInline):
    model = RoadmapItem
    fk_name = "roadmap"
    fields = ("number", "position", "name", "area", "lead")
    show_change_link = True


@admin.register(Roadmap)
class RoadmapAdmin(RecordAdmin):
    list_display = ("name", "reference", "status", "counterpart", "period", "areas_of", "items_of")
    list_select_related = ("counterpart",)
    list_filter = ("kind", "status")
    inlines = (AreaInline, ItemInline, CitationInline)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_counts()

    @admin.display(description=_("areas entered / declared"))
    def areas_of(self, roadmap: Any) -> str:
        return f"{roadmap.entered_areas} / {roadmap.declared_areas or '–'}"

    @admin.display(description=_("items entered / declared"))
    def items_of(self, roadmap: Any) -> str:
        return f"{roadmap.entered_items} / {roadmap.declared_items or '–'}"


@admin.register(RoadmapArea)
class RoadmapAreaAdmin(RecordAdmin):
    list_display = ("name", "reference", "roadmap", "number")
    list_select_related = ("roadmap",)
    inlines = (CitationInline,)


@admin.register(RoadmapItem)
class RoadmapItemAdmin(RecordAdmin):
    list_display = ("name", "reference", "roadmap", "lead", "due", "closed_as")
    list_select_related = ("roadmap", "lead")
    list_filter = (OverdueFilter, "roadmap__status")
    inlines = (CitationInline,)


@admin.register(ItemRescheduling)
class ItemReschedulingAdmin(RecordAdmin):
    list_display = ("reference", "item", "old_due", "new_due", "decision")
    list_select_related = ("item",)
    list_filter = ("decision",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
