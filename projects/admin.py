from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.admin import LedgerAdmin, RoadmapItemAdmin
from agreements.models import RoadmapItem
from doors.admin import STAMPS, CitationInline, FileInline, OverdueFilter, PartInline, RecordAdmin, Verb
from doors.forms import NoteForm, RescheduleForm, WhyForm
from doors.permissions import may_write
from partners.dates import today
from projects.models import (
    FINAL,
    Confidence,
    Evidence,
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


def no_change(project: Project, user: Any, asked: dict[str, Any]) -> None:
    """A report of its own for the project: the stage as it is, still on track."""
    project.report(by=user, stage=project.stage, confidence=Confidence.ON_TRACK, text=asked["note"]).submit(by=user)


@admin.register(Project)
class ProjectAdmin(RecordAdmin):
    list_display = ("name", "reference", "stage", "lead", "due", "last_reported_on")
    list_select_related = ("lead",)
    list_filter = (MineFilter, OverdueFilter, "stage", "proposed_by", "is_priority")
    inlines = (PartyInline, MeasureInline, MilestoneInline, CitationInline)
    verbs = (
        Verb(
            "no_change",
            gettext_lazy("Report: no change, still on track"),
            no_change,
            NoteForm,
            fits=lambda project: project.stage not in FINAL,
            for_many=True,
        ),
        Verb(
            "reschedule",
            gettext_lazy("Ask for a new deadline"),
            lambda project, user, asked: project.reschedule(by=user, **asked),
            RescheduleForm,
            fits=lambda project: project.stage not in FINAL,
        ),
        Verb(
            "correct_due",
            gettext_lazy("Correct the original deadline"),
            lambda project, user, asked: project.correct_due(by=user, **asked),
            RescheduleForm,
        ),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"monitored_since": today(), **super().get_changeform_initial_data(request)}

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """A report's form offers only the projects that its author answers for."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        if request.GET.get("model_name") == "statusupdate":
            found = found.draftable_by(request.user)
        if request.GET.get("model_name") == "milestone":
            found = found.answerable_by(request.user)
        return found, doubled

    def links(self, request: HttpRequest, record: Any) -> list[dict[str, Any]]:
        if record is None:
            return []
        add = f"{reverse('admin:projects_statusupdate_add')}?project={record.pk}"
        drafts = Project.objects.draftable_by(request.user).filter(pk=record.pk).exists()
        report = [{"label": _("Report"), "address": add}] if drafts else []
        verbs = super().links(request, record)
        if not Project.objects.answerable_by(request.user).filter(pk=record.pk).exists():
            verbs = [link for link in verbs if "/correct_due/" in link["address"]]
        return report + verbs


@admin.register(Milestone)
class MilestoneAdmin(RecordAdmin):
    list_display = ("name", "reference", "project", "due", "reached_on")
    list_select_related = ("project",)
    inlines = (CitationInline,)


class ReportableItemAdmin(RoadmapItemAdmin):
    """Roadmap items, on which one may report although no project delivers them yet."""

    verbs = (
        *RoadmapItemAdmin.verbs,
        Verb(
            "start",
            gettext_lazy("Begin to report"),
            lambda item, user, asked: Project.objects.start(item, by=user),
            fits=lambda item: not item.closed_as and not item.projects.exists(),
        ),
        Verb(
            "correct_due",
            gettext_lazy("Correct the original deadline"),
            lambda item, user, asked: item.correct_due(by=user, **asked),
            RescheduleForm,
            fits=lambda item: not item.closed_as,
        ),
    )


admin.site.unregister(RoadmapItem)
admin.site.register(RoadmapItem, ReportableItemAdmin)


class EvidenceInline(FileInline):
    """Under the report itself, with room for a first file."""

    model = Evidence
    tab = False
    extra = 1

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and (obj is None or may_write(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or may_write(request.user, obj))


DECIDED = (
    *("state", "author", "for_lead", "submitted_on", "submitted_by"),
    *("decided_by", "decided_at", "decision_text", "follows"),
)


# A button of the form, as django-unfold's template draws it. What it does waits until the files are saved too.
SAVE_AND_SUBMIT = SimpleNamespace(
    action_name="_save_and_submit",
    description=gettext_lazy("Save and submit"),
    attrs={},
    icon="",
    method=lambda request, update: None,
)


def rewrite(update: StatusUpdate, user: Any, asked: dict[str, Any]) -> StatusUpdate:
    return update.resubmission(by=user)


@admin.register(StatusUpdate)
class StatusUpdateAdmin(RecordAdmin):
    """An officer writes and submits; a controller, who is another person, accepts or returns."""

    list_display = ("project", "reference", "state", "stage", "confidence", "author", "submitted_on")
    list_select_related = ("project", "author")
    list_filter = ("state", "confidence", "stage")
    readonly_fields = (*STAMPS, *DECIDED)
    inlines = (EvidenceInline,)
    verbs = (
        Verb(
            "submit",
            gettext_lazy("Submit"),
            lambda update, user, asked: update.submit(by=user),
            fits=lambda update: update.state == UpdateState.DRAFT,
            for_many=True,
        ),
        Verb(
            "accept",
            gettext_lazy("Accept"),
            lambda update, user, asked: update.accept(by=user),
            fits=lambda update: update.state == UpdateState.SUBMITTED,
            for_many=True,
        ),
        Verb(
            "return",
            gettext_lazy("Return with a reason"),
            lambda update, user, asked: update.return_(by=user, why=asked["why"]),
            WhyForm,
            fits=lambda update: update.state == UpdateState.SUBMITTED,
            for_many=True,
        ),
        Verb(
            "resubmit",
            gettext_lazy("Write it anew"),
            rewrite,
            fits=lambda update: update.state == UpdateState.RETURNED,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "project":
            options["queryset"] = Project.objects.draftable_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new report begins with the stage that the project is in."""
        initial = super().get_changeform_initial_data(request)
        project = self._asked(request)
        return {**initial, "stage": project.stage} if project else initial

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The last report of the project stands beside the new one."""
        last = SimpleLazyObject(lambda: self._before(request, object_id))  # A form that is saved shows nothing.
        extra = {"last_report": last, "actions_submit_line": self.get_actions_submit_line(request, object_id)}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def _before(self, request: HttpRequest, object_id: Any) -> StatusUpdate | None:
        """The report of the same project that was handed in last before this one."""
        written = StatusUpdate.objects.filter(pk=object_id).first() if object_id else None
        project = written.project if written else self._asked(request)
        earlier = StatusUpdate.objects.filter(project=project).exclude(pk=object_id)
        return earlier.handed_in().select_related("project", "author", "decided_by").first()

    @staticmethod
    def _asked(request: HttpRequest) -> Project | None:
        key = request.GET.get("project", "")
        rows = Project.objects.draftable_by(request.user)
        return rows.filter(pk=key).first() if key.isascii() and key.isdigit() and len(key) < 19 else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            obj.author = request.user
            obj.for_lead = not Project.objects.answerable_by(request.user).filter(pk=obj.project_id).exists()
        super().save_model(request, obj, form, change)

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        own = StatusUpdate.objects.writable_by(request.user).filter(pk=object_id, for_lead=False)
        return [SAVE_AND_SUBMIT] if object_id is None or own.exists() else []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """A report is handed in after its files are saved with it: from then on neither changes."""
        super().save_related(request, form, formsets, change)
        if SAVE_AND_SUBMIT.action_name not in request.POST:
            return
        if form.instance.for_lead:
            self.message_user(request, _("Kept as a draft: the lead of the project hands it in."), messages.WARNING)
        else:
            form.instance.submit(by=request.user)


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
class ProjectReschedulingAdmin(LedgerAdmin):
    list_display = ("reference", "project", "old_due", "new_due", "decision", "requested_by")
    list_select_related = ("project", "requested_by")
