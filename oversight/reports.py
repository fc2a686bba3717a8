"""What is late, due and silent, as rows that pages and API share.

A report is two querysets, roadmap items and projects, built from the words of their models. `rows` turns a page of
either into what people and programs read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import TruncDate

from agreements.models import Roadmap, RoadmapItem
from partners.models import Partner
from projects.models import Project, StatusUpdate
from projects.models.project import CADENCE, PRIORITY_CADENCE

# So many of the last reports are drawn beside a row.
MOST_NEWS = 8


@dataclass(frozen=True)
class DeadlineRow:
    """One item or project on the day `on`. `deadline`: the last day of what was in force then, None without one."""

    type: str
    record: Any
    partner: Partner | None
    roadmap: Roadmap | None
    deadline: date | None
    days_late: int
    last_reported_on: date | None
    silent_since: date | None
    on: date

    inherited: Any = None
    news: tuple[Any, ...] = ()

    @property
    def days_silent(self) -> int | None:
        """How long nothing was heard; None in a report that does not ask."""
        return (self.on - self.silent_since).days if self.silent_since else None

    @property
    def days_left(self) -> int | None:
        """Until the deadline; None when it has passed or there is none."""
        return (self.deadline - self.on).days if self.deadline and self.deadline >= self.on else None

    @property
    def due_shown(self) -> Any:
        """The deadline as written, else as entered, else that of what it is inherited from: never an invented day."""
        return self.record.due_text or self.record.due or self.inherited


def overdue_items(on: date) -> Any:
    return _items(RoadmapItem.objects.overdue(on), on)


def overdue_projects(on: date) -> Any:
    return _projects(Project.objects.overdue(on), on)


def overdue_parts(on: date) -> list[Any]:
    """Late items, then late projects without those that stand under a late item."""
    return [overdue_items(on), overdue_projects_alone(on)]


def overdue_projects_alone(on: date) -> Any:
    """Late projects without those that stand under a late item."""
    under_late_item = RoadmapItem.objects.overdue(on).filter(projects=OuterRef("pk"))
    return overdue_projects(on).exclude(Exists(under_late_item))


def due_parts(on: date, days: int) -> list[Any]:
    """Items, then projects, due from the day on within so many days."""
    return [due_items(on, days), due_projects(on, days)]


def due_items(on: date, days: int) -> Any:
    return _items(RoadmapItem.objects.due_within(on, days), on)


def due_projects(on: date, days: int) -> Any:
    return _projects(Project.objects.due_within(on, days), on)


def silent_parts(on: date) -> list[Any]:
    """Items that nobody has taken up and projects of which nobody has reported, for longer than their cadence."""
    return [silent_items(on), silent_projects(on)]


def silent_projects(on: date) -> Any:
    return _projects(Project.objects.silent(on), on)


def undelivered(items: Any) -> Any:
    """Those of the items that no project delivers."""
    return items.exclude(Exists(Project.items.through.objects.filter(roadmapitem=OuterRef("pk"))))


def silent_items(on: date) -> Any:
    """Open items in force without any project: silent since they were entered."""
    waiting = undelivered(RoadmapItem.objects.standing(on))
    entered = waiting.annotate(since=TruncDate("created_at"))
    due = Q(since__lt=on - CADENCE) | Q(since__lt=on - PRIORITY_CADENCE, is_priority=True)
    return _items(entered.filter(due), on)


def _items(items: Any, on: date) -> Any:
    accepted = StatusUpdate.objects.accepted().filter(project__items=OuterRef("pk"), submitted_on__lte=on)
    newest = accepted.order_by("-submitted_on").values("submitted_on")[:1]
    return items.annotate(last_report=Subquery(newest)).select_related("roadmap__counterpart", "lead")


def _projects(projects: Any, on: date) -> Any:
    return projects.with_counterpart().select_related("lead")


def rows(records: Iterable[Any], on: date, *, news: bool = True) -> list[DeadlineRow]:
    """The rows of a page of items or projects (or both), with as many queries however many there are.

    `news` brings the last reports of each, to be drawn.
    """
    page = list(records)
    projects: list[Any] = [record for record in page if isinstance(record, Project)]
    partners = Partner.objects.in_bulk({project.counterpart_id for project in projects} - {None})
    roadmaps = Roadmap.objects.in_bulk({project.roadmap_id for project in projects} - {None})
    inherited = _inherited([project for project in projects if project.due is None], on)
    heard = _news(page, on) if news else defaultdict(tuple)
    told = [
        _row("roadmap-item", record, record.roadmap.counterpart, record.roadmap, on)
        if isinstance(record, RoadmapItem)
        else replace(
            _row("project", record, partners.get(record.counterpart_id), roadmaps.get(record.roadmap_id), on),
            inherited=inherited.get(record.pk),
        )
        for record in page
    ]
    return [replace(row, news=heard[row.type, row.record.pk]) for row in told]


def _news(page: list[Any], on: date) -> dict[tuple[str, int], tuple[Any, ...]]:
    """The last accepted reports up to the day of each item (of its projects) and project, the oldest first."""
    keys = {record.pk: record for record in page if isinstance(record, Project)}
    items = [record.pk for record in page if isinstance(record, RoadmapItem)]
    accepted = StatusUpdate.objects.accepted().filter(submitted_on__lte=on).order_by("-submitted_on", "-id")
    found: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for update in accepted.filter(project__in=keys):
        found["project", update.project_id].append(update)
    of_items = accepted.filter(project__items__in=items).annotate(item=F("project__items"))
    for update in of_items if items else ():
        found["roadmap-item", update.item].append(update)
    last = {key: tuple(reversed(updates[:MOST_NEWS])) for key, updates in found.items()}
    return defaultdict(tuple, last)


def _row(kind: str, record: Any, partner: Partner | None, roadmap: Roadmap | None, on: date) -> DeadlineRow:
    deadline = record.deadline
    return DeadlineRow(
        type=kind,
        record=record,
        partner=partner,
        roadmap=roadmap,
        deadline=deadline,
        days_late=max((on - deadline).days, 0) if deadline else 0,
        last_reported_on=record.last_report,
        silent_since=getattr(record, "since", None),
        on=on,
        inherited=roadmap and (roadmap.period_text or roadmap.period),
    )


def _inherited(projects: list[Any], on: date) -> dict[int, Any]:
    """Of each project without a deadline of its own: the wording of the one that it takes from its items."""
    links = Project.items.through.objects.filter(project__in=[project.pk for project in projects])
    items = (
        RoadmapItem.objects.with_deadline(on).select_related("roadmap").in_bulk([link.roadmapitem_id for link in links])
    )
    deadlines = {project.pk: project.deadline for project in projects}
    found = {}
    for link in links:
        item = items[link.roadmapitem_id]
        if item.deadline == deadlines[link.project_id]:
            found[link.project_id] = item.due_text or item.due or item.roadmap.period_text or item.roadmap.period
    return found
