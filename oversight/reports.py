"""What follows from the register, as rows that page and API share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef

from agreements.models import RoadmapItem
from partners.models import Partner
from projects.models import Project, ProjectRole


@dataclass(frozen=True)
class OverdueRow:
    """One late item or project on a day. `deadline` is the last day of the deadline in force then."""

    type: str
    record: Any
    partner: Partner | None
    roadmap: Any
    deadline: date
    days_late: int
    last_reported_on: date | None


def late_items(on: date) -> Any:
    """Overdue items with all that a row shows."""
    shown = RoadmapItem.objects.overdue(on).select_related("roadmap__counterpart", "lead")
    return shown.prefetch_related("projects").order_by("deadline", "id")


def late_projects(on: date) -> Any:
    """Overdue projects with all that a row shows."""
    shown = Project.objects.overdue(on).select_related("lead")
    return shown.prefetch_related("parties__partner", "items__roadmap__counterpart").order_by("deadline", "id")


def overdue_rows(on: date) -> list[OverdueRow]:
    """Late items, then late projects without those that stand under a late item."""
    under_late_item = RoadmapItem.objects.overdue(on).filter(projects=OuterRef("pk"))
    projects = late_projects(on).exclude(Exists(under_late_item))
    return [item_row(item, on) for item in late_items(on)] + [project_row(project, on) for project in projects]


def item_row(item: Any, on: date) -> OverdueRow:
    reported = [project.last_reported_on for project in item.projects.all() if project.last_reported_on]
    return OverdueRow(
        "roadmap-item",
        item,
        item.roadmap.counterpart,
        item.roadmap,
        item.deadline,
        (on - item.deadline).days,
        max(reported, default=None),
    )


def project_row(project: Any, on: date) -> OverdueRow:
    roadmap = next((item.roadmap for item in project.items.all()), None)
    own = next((party.partner for party in project.parties.all() if party.role == ProjectRole.COUNTERPART), None)
    return OverdueRow(
        "project",
        project,
        own or (roadmap.counterpart if roadmap else None),
        roadmap,
        project.deadline,
        (on - project.deadline).days,
        project.last_reported_on,
    )
