from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doors.admin import CitationInline, OverdueFilter, PartInline, RecordAdmin
from projects.models import (
    Indicator,
    Milestone,
    Observation,
    Project,
    ProjectMeasure,
    ProjectParty,
    ProjectRescheduling,
    StatusUpdate,
    Target,
    UpdateState,
)


class PartyInline(PartInline):
    model = ProjectParty
    fk_name = "project"


class MeasureInline(PartInline):
    model = ProjectMeasure
    fk_name = "project"


class MilestoneInline(PartInline):
    model = Milestone
    fk_name = "project"
    fields = ("position", "name", "due", "due_text", "reached_on")


class MineFilter(admin.SimpleListFilter):
    """Projects that the user may report on."""

    title = gettext_lazy("mine to report on")
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", gettext_lazy("yes"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.answerable_by(request.user) if self.value() == "yes" else queryset


@admin.register(Project)
class ProjectAdmin(RecordAdmin):
    list_display = ("name", "reference", "stage", "lead", "due", "last_reported_on")
    list_select_related = ("lead",)
    list_filter = (MineFilter, OverdueFilter, "stage", "proposed_by", "is_priority")
    inlines = (PartyInline, MeasureInline, MilestoneInline, CitationInline)


@admin.register(Milestone)
class MilestoneAdmin(RecordAdmin):
    list_display = ("name", "reference", "project", "due", "reached_on")
    list_select_related = ("project",)
    inlines = (CitationInline,)


@admin.register(StatusUpdate)
class StatusUpdateAdmin(RecordAdmin):
    """An officer writes and submits; a controller, who is another person, accepts."""

    list_display = ("project", "reference", "state", "stage", "confidence", "author", "submitted_on")
    list_select_related = ("project", "author")
    list_filter = ("state", "confidence")
    actions = ("submit", "accept")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            obj.author = request.user
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own_draft = obj is None or (obj.state == UpdateState.DRAFT and obj.author == request.user)
        return own_draft and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Submit my drafts"))
    def submit(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset.filter(author=request.user), lambda update: update.submit())

    @admin.action(description=gettext_lazy("Accept"), permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, lambda update: update.accept(by=request.user))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.groups.filter(name="controller").exists())

    def _each(self, request: HttpRequest, updates: Any, verb: Any) -> None:
        for update in updates:
            try:
                verb(update)
            except (PermissionDenied, ValidationError) as refusal:
                words = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
                self.message_user(request, f"{update.reference}: {' '.join(words)}", messages.ERROR)
            else:
                self.message_user(request, _("%(reference)s: done.") % {"reference": update.reference})


class TargetInline(PartInline):
    model = Target
    fk_name = "indicator"


class ObservationInline(PartInline):
    model = Observation
    fk_name = "indicator"


@admin.register(Indicator)
class IndicatorAdmin(RecordAdmin):
    list_display = ("name", "reference", "subject", "quantity", "unit")
    list_select_related = ("subject",)
    inlines = (TargetInline, ObservationInline, CitationInline)


@admin.register(ProjectRescheduling)
class ProjectReschedulingAdmin(RecordAdmin):
    list_display = ("reference", "project", "old_due", "new_due", "decision")
    list_select_related = ("project",)
    list_filter = ("decision",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
