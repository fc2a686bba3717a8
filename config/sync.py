"""The table of resources as the sync feed needs it: whose rows show what inside, and what reaches what."""

from __future__ import annotations

from typing import Any

from django.urls import path

from agreements.models import ItemRescheduling, Roadmap, RoadmapArea, RoadmapItem
from doors.changes import Feed, Ids, Nested, Reach, Synced
from doors.shapes import Shape
from doors.sync import ChangesView, DigestView
from oversight.models import Move
from projects.models import Evidence, ProjectRescheduling, StatusUpdate

# A view of the database has no history of its own.
BEHIND: dict[Any, tuple[Any, ...]] = {Move: (ItemRescheduling, ProjectRescheduling)}
COUNTED: dict[Any, tuple[tuple[Any, str], ...]] = {
    Roadmap: ((RoadmapItem, "roadmap_id"), (RoadmapArea, "roadmap_id")),
}


def drafts_for_leads(projects: Ids) -> Any:
    """Whether a draft for the lead is seen follows from who that is."""
    return StatusUpdate.objects.filter(project__in=projects, for_lead=True).values_list("pk", "project_id")


def evidence_of(updates: Ids) -> Any:
    """Evidence is seen with its report."""
    return Evidence.objects.filter(update__in=updates).values_list("pk", "update_id")


REACHES = (
    Reach("projects", "status-updates", drafts_for_leads),
    Reach("status-updates", "evidence", evidence_of),
)


def feed_of(resources: list[Any], shapes: dict[str, Shape]) -> Feed:
    """The feed over the API's table."""
    return Feed(tuple(_synced(resource, shapes[resource.route]) for resource in resources), REACHES)


def sync_routes(feed: Feed) -> list[Any]:
    """Its addresses."""
    return [
        path("v1/changes/", ChangesView.as_view(feed=feed), name="changes"),
        path("v1/changes/digest/", DigestView.as_view(feed=feed), name="changes-digest"),
    ]


def _synced(resource: Any, shape: Shape) -> Synced:
    model = resource.model
    return Synced(
        route=resource.route,
        model=model,
        shape=shape,
        tables=BEHIND.get(model, (model,)),
        nested=(*_parts(model, resource.parts), *_links(model)),
        counted=COUNTED.get(model, ()),
    )


def _parts(model: Any, parts: dict[str, Any]) -> list[Nested]:
    owner = {name: model._meta.get_field(name).field.column for name in parts}
    return [Nested(name, part, owner[name], ("id", "version")) for name, part in parts.items()]


def _links(model: Any) -> list[Nested]:
    return [_link(field, field.remote_field.through) for field in model._meta.many_to_many]


def _link(field: Any, through: Any) -> Nested:
    owner, other = (
        through._meta.get_field(name).column for name in (field.m2m_field_name(), field.m2m_reverse_field_name())
    )
    return Nested(field.name, through, owner, (other,))
