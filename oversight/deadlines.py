"""The pages of what is late, due and silent: one design, roadmap items first, projects beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from agreements.models import Roadmap
from oversight import reports
from oversight.filters import DeadlineFilterSet, DueFilterSet
from partners.models import Partner
from projects.models import Project

Parts = list[Any]


def _named(model: Any, key: str) -> Subquery:
    """The name of the record whose id an annotation holds."""
    return Subquery(model.objects.filter(pk=OuterRef(key)).order_by().values("name")[:1])


# What the two tables may be sorted by: the columns of either, as (of items, of projects).
SORTABLE: dict[str, tuple[Any, Any]] = {
    "deadline": ("deadline", "deadline"),
    "title": ("name", "name"),
    "roadmap": ("roadmap__name", _named(Roadmap, "roadmap_id")),
    "partner": ("roadmap__counterpart__name", _named(Partner, "counterpart_id")),
    "lead": ("lead__name", "lead__name"),
    "last_report": ("last_report", "last_report"),
}
# What they may be grouped by: the keys of either, and what these are keys of.
GROUPS: dict[str, tuple[tuple[str, str], Any, Any]] = {
    "lead": (("lead", "lead"), Partner, _("lead")),
    "partner": (("roadmap__counterpart", "counterpart_id"), Partner, _("partner")),
    "roadmap": (("roadmap", "roadmap_id"), Roadmap, _("roadmap")),
}


@dataclass(frozen=True)
class DeadlinePage:
    """A report over items and projects: its words, its filters and its rows on the day that was asked."""

    name: str
    title: Any
    hint: Any
    empty: Any
    filterset: Any
    parts: Callable[[Any], Parts]
    more: tuple[str, ...] = ()
    sortable: tuple[str, ...] = tuple(SORTABLE)

    @property
    def controls(self) -> tuple[str, ...]:
        return ("on", "as_of", *self.more, "partner", "roadmap", "lead", "search")

    @property
    def first(self) -> str:
        return "since" if "since" in self.sortable else "deadline"


PAGES: dict[str, DeadlinePage] = {
    page.name: page
    for page in (
        DeadlinePage(
            "overdue",
            _("Overdue"),
            _("Open on the day, and its deadline has passed."),
            _("Nothing is late here on this day."),
            DeadlineFilterSet,
            lambda asked: [reports.overdue_items(asked.day), reports.overdue_projects(asked.day)],
        ),
        DeadlinePage(
            "due",
            _("Due soon"),
            _("Open on the day, and its deadline ends within the days to come."),
            _("Nothing falls due in this time."),
            DueFilterSet,
            lambda asked: reports.due_parts(asked.day, asked.days),
            more=("within",),
        ),
        DeadlinePage(
            "silent",
            _("Silent"),
            _("Nothing was accepted for longer than a quarter, of priorities for longer than a month."),
            _("Nobody owes a report on this day."),
            DeadlineFilterSet,
            lambda asked: reports.silent_parts(asked.day),
            sortable=("since", *SORTABLE),
        ),
    )
}


def column(ordering: str, part: int) -> Any:
    """The column of a part (0 items, 1 projects) for a sortable word."""
    return "since" if ordering == "since" else SORTABLE[ordering][part]


def group_name(group: str, part: int) -> Any:
    return SORTABLE[group][part]


def grouped(page: Any, part: int, group: str, rows: Any, on: date) -> list[dict[str, Any]]:
    """The rows of a page under their group's record, with the number in the whole report; ungrouped: one group."""
    told = reports.rows(page.object_list, on)
    if not group:
        return [{"record": None, "count": None, "rows": told}] if told else []
    keys, _model, _label = GROUPS[group]
    counts = dict(rows.order_by().values(keys[part]).annotate(n=Count("pk")).values_list(keys[part], "n"))
    found = []
    for record, chosen in groupby(told, key=lambda row: _group_of(row, group)):
        found.append({"record": record, "count": counts.get(record.pk if record else None, 0), "rows": list(chosen)})
    return found


def _group_of(row: reports.DeadlineRow, group: str) -> Any:
    return row.record.lead if group == "lead" else getattr(row, group)


def nothing() -> Any:
    """A queryset to check the parameters against."""
    return Project.objects.none()
