"""The whole API as one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import models
from django.urls import include, path
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import IntegerField as _Count

from agreements import filters as of_agreements
from agreements.models import (
    Agreement,
    AgreementFile,
    AgreementParty,
    AgreementRelation,
    Meeting,
    MeetingFile,
    MeetingParticipant,
    Roadmap,
    RoadmapArea,
    RoadmapItem,
    TermChange,
    WorkingGroup,
)
from config.sync import feed_of, sync_routes
from config.verbs import verb_routes
from doors.fields import DownloadField, UrlField
from doors.resources import RecordSerializer, RecordViewSet, change_serializer
from doors.shapes import Shape
from doors.writes import verb_view
from oversight import api as reports
from oversight.filters import MoveFilterSet
from oversight.models import Move
from partners import filters as of_partners
from partners.models import Contact, Partner, PartnerAlias, Sector, Source
from partners.models.files import StoredFile
from projects import filters as of_projects
from projects.models import (
    Evidence,
    Indicator,
    Milestone,
    Observation,
    Project,
    ProjectMeasure,
    ProjectParty,
    StatusUpdate,
    Target,
)


@dataclass(frozen=True)
class Resource:
    """One row of the table: the address, what is read, how it is filtered and ordered, which parts it carries."""

    route: str
    model: Any
    filterset: Any
    ordering: tuple[str, ...] = ("name",)
    parts: dict[str, Any] = field(default_factory=dict)
    rows: Any = None

    def queryset(self) -> Any:
        return self.rows() if self.rows else self.model._default_manager.all()


RESOURCES = [
    Resource("partners", Partner, of_partners.PartnerFilterSet, ("name", "kind"), {"aliases": PartnerAlias}),
    Resource("sectors", Sector, of_partners.SectorFilterSet),
    Resource("sources", Source, of_partners.SourceFilterSet, ("number", "year")),
    Resource("contacts", Contact, of_partners.ContactFilterSet, ("full_name",)),
    Resource(
        "agreements",
        Agreement,
        of_agreements.AgreementFilterSet,
        ("name", "kind"),
        {"parties": AgreementParty, "relations": AgreementRelation, "term_changes": TermChange, "files": AgreementFile},
    ),
    Resource("working-groups", WorkingGroup, of_agreements.WorkingGroupFilterSet),
    Resource(
        "meetings",
        Meeting,
        of_agreements.MeetingFilterSet,
        ("name",),
        {"participants": MeetingParticipant, "files": MeetingFile},
    ),
    Resource("roadmaps", Roadmap, of_agreements.RoadmapFilterSet, rows=Roadmap.objects.with_counts),
    Resource("roadmap-areas", RoadmapArea, of_agreements.RoadmapAreaFilterSet, ("name", "position")),
    Resource("roadmap-items", RoadmapItem, of_agreements.RoadmapItemFilterSet, ("name", "position", "due")),
    Resource("reschedulings", Move, MoveFilterSet, ("requested_on", "decided_on")),
    Resource(
        "projects",
        Project,
        of_projects.ProjectFilterSet,
        ("name", "stage", "due", "last_reported_on"),
        {"parties": ProjectParty, "measures": ProjectMeasure},
    ),
    Resource("milestones", Milestone, of_projects.MilestoneFilterSet, ("name", "due")),
    Resource("status-updates", StatusUpdate, of_projects.StatusUpdateFilterSet, ("submitted_on",)),
    Resource("evidence", Evidence, of_projects.EvidenceFilterSet, ("name",)),
    Resource("indicators", Indicator, of_projects.IndicatorFilterSet),
    Resource("targets", Target, of_projects.TargetFilterSet, ()),
    Resource("observations", Observation, of_projects.ObservationFilterSet, ()),
]
REPORTS: dict[str, Any] = {
    "overdue": reports.OverdueReport,
    "due": reports.DueReport,
    "silent": reports.SilentReport,
    "roadmaps": reports.RoadmapReport,
    "partners": reports.PartnerReport,
    "slippage": reports.SlippageReport,
    "compare": reports.ComparisonReport,
    "gaps": reports.GapReport,
    "findings": reports.FindingReport,
}
COUNTS = ["entered_areas", "entered_items"]


def viewset(resource: Resource) -> Any:
    """The read-only viewset of a row."""
    name = resource.model.__name__
    return type(
        f"{name}ViewSet",
        (RecordViewSet,),
        {
            "__doc__": resource.model.__doc__,
            "queryset": resource.queryset(),
            "serializer_class": SHAPES[resource.route].serializer,
            "shape": SHAPES[resource.route],
            "filterset_class": resource.filterset,
            "ordering_fields": ("reference", "modified_at", *resource.ordering),
            "change_serializer_class": change_serializer(resource.model),
        },
    )


def serializer(resource: Resource) -> Any:
    parts = {name: part(model)(many=True, read_only=True) for name, model in resource.parts.items()}
    counts = COUNTS if resource.model is Roadmap else []
    added = {"url": UrlField(resource.route), **parts, **{name: _Count(read_only=True) for name in counts}}
    many = [field.name for field in resource.model._meta.many_to_many]
    return record_serializer(resource.model, [*columns(resource.model), *many], added)


def part(model: Any) -> Any:
    """A row inside a record: its own columns without the stamps."""
    left_out = {"created_at", "created_by", "modified_at", "modified_by"}
    return record_serializer(model, [name for name in columns(model) if name not in left_out], {})


def columns(model: Any) -> list[str]:
    """The columns that the API gives. A stored file has an address instead of its random name in the store."""
    return [field.name for field in model._meta.concrete_fields if not isinstance(field, models.FileField)]


def record_serializer(model: Any, fields: list[str], added: dict[str, Any]) -> Any:
    if issubclass(model, StoredFile):
        added = {**added, "download": DownloadField()}
    meta = type("Meta", (), {"model": model, "fields": [*dict.fromkeys([*fields, *added])]})
    return type(
        f"{model.__name__}{'Serializer' if 'url' in added else 'Part'}", (RecordSerializer,), {"Meta": meta, **added}
    )


SHAPES = {resource.route: Shape(serializer(resource), resource.queryset()) for resource in RESOURCES}
# What changes, for `changes/` and for the webhooks.
FEED = feed_of(RESOURCES, SHAPES)

router = SimpleRouter()
for _resource in RESOURCES:
    router.register(_resource.route, viewset(_resource), basename=_resource.route)

urlpatterns = [
    *[path(f"v1/reports/{name}/", report.as_view(called=name)) for name, report in REPORTS.items()],
    *[path(f"v1/{row.route}/", verb_view(row).as_view()) for row in verb_routes(SHAPES)],
    *sync_routes(FEED),
    path("v1/", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[AllowAny]), name="schema"),
    path("docs/", login_required(TemplateView.as_view(template_name="api_docs.html")), name="api-docs"),
]
