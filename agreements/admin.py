from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from agreements.models import (
    Agreement,
    AgreementFile,
    AgreementParty,
    AgreementRelation,
    ClosedAs,
    Decision,
    ItemRescheduling,
    Meeting,
    MeetingFile,
    MeetingParticipant,
    Reopening,
    Roadmap,
    RoadmapArea,
    RoadmapItem,
    TermChange,
    WorkingGroup,
)
from doors.admin import CitationInline, FileInline, OverdueFilter, PartInline, RecordAdmin, Verb
from doors.forms import RescheduleForm, TextForm, WhyForm, choice


class PartyInline(PartInline):
    model = AgreementParty
    fk_name = "agreement"


class RelationInline(PartInline):
    model = AgreementRelation
    fk_name = "agreement"


class TermChangeInline(PartInline):
    model = TermChange
    fk_name = "agreement"


class AgreementFileInline(FileInline):
    model = AgreementFile


class MeetingFileInline(FileInline):
    model = MeetingFile


@admin.register(Agreement)
class AgreementAdmin(RecordAdmin):
    list_display = ("name", "reference", "kind", "status", "signed")
    list_filter = ("kind", "status", "is_bundle")
    inlines = (PartyInline, RelationInline, TermChangeInline, AgreementFileInline, CitationInline)


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
    inlines = (ParticipantInline, MeetingFileInline, CitationInline)


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
    verbs = (
        Verb(
            "complete",
            _("Complete the roadmap"),
            lambda roadmap, user, asked: roadmap.complete(by=user),
            fits=lambda roadmap: roadmap.is_in_force,
        ),
        Verb(
            "expire",
            _("Let the roadmap expire"),
            lambda roadmap, user, asked: roadmap.expire(by=user),
            fits=lambda roadmap: roadmap.is_in_force,
        ),
    )

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


class CloseForm(WhyForm):
    as_ = choice(_("Closed as"), ClosedAs.choices)
    carried_over_to = forms.CharField(
        label=_("Carried over to (reference)"), required=False, max_length=80, widget=UnfoldAdminTextInputWidget
    )
    field_order = ("as_", "carried_over_to", "why")

    def clean_carried_over_to(self) -> RoadmapItem | None:
        reference = self.cleaned_data["carried_over_to"].strip()
        found = RoadmapItem.objects.filter(reference=reference).first()
        if reference and found is None:
            raise ValidationError(_("There is no roadmap item “%(reference)s”.") % {"reference": reference})
        return found


@admin.register(RoadmapItem)
class RoadmapItemAdmin(RecordAdmin):
    list_display = ("name", "reference", "roadmap", "lead", "due", "closed_as")
    list_select_related = ("roadmap", "lead")
    list_filter = (OverdueFilter, "roadmap__status", "closed_as", "is_priority")
    inlines = (CitationInline,)
    verbs: tuple[Verb, ...] = (
        Verb(
            "reschedule",
            _("Ask for a new deadline"),
            lambda item, user, asked: item.reschedule(by=user, **asked),
            RescheduleForm,
            fits=lambda item: not item.closed_as,
        ),
        Verb(
            "close",
            _("Close the item"),
            lambda item, user, asked: item.close(by=user, **asked),
            CloseForm,
            fits=lambda item: not item.closed_as,
            for_many=True,
        ),
        Verb(
            "reopen",
            _("Reopen the item"),
            lambda item, user, asked: item.reopen(by=user, **asked),
            WhyForm,
            fits=lambda item: bool(item.closed_as),
        ),
    )


class LedgerAdmin(RecordAdmin):
    """Requests for new deadlines: nobody writes them here, controllers decide."""

    list_filter = ("decision",)
    verbs = (
        Verb(
            "agree",
            _("Agree"),
            lambda move, user, asked: move.agree(by=user, **asked),
            TextForm,
            fits=lambda move: move.decision == Decision.PENDING,
            for_many=True,
        ),
        Verb(
            "refuse",
            _("Refuse"),
            lambda move, user, asked: move.refuse(by=user, text=asked["why"]),
            WhyForm,
            fits=lambda move: move.decision == Decision.PENDING,
        ),
    )


@admin.register(ItemRescheduling)
class ItemReschedulingAdmin(LedgerAdmin):
    list_display = ("reference", "item", "old_due", "new_due", "decision", "requested_by")
    list_select_related = ("item", "requested_by")


@admin.register(Reopening)
class ReopeningAdmin(RecordAdmin):
    list_display = ("reference", "item", "closed_as", "closed_on", "reopened_on")
    list_select_related = ("item",)
