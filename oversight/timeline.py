"""A roadmap as a picture: its items, their projects and milestones as bars between the years.

Geometry only, in percent of the width, so that the picture is as wide as the page or the sheet. A partial date is drawn
as the span that it is: "first half of 2024" from 1 January to 30 June. The deadline as first agreed lies under it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Prefetch
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from agreements.models import Roadmap
from oversight.templatetags.register import partial_date, written
from partners.dates import PartialDate
from projects.models import FINAL, Project

MOST = 200


@dataclass(frozen=True)
class Stretch:
    """A span on the axis: where it begins and how long it is, in percent."""

    x: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Bar:
    """One line of the picture. `state` is late, open, done, dropped or released; `waits` is a deadline inherited."""

    kind: str
    record: Any
    label: str
    state: str
    current: Stretch | None
    original: Stretch | None
    waits: bool = False

    @property
    def address(self) -> str:
        record = self.record.project if self.kind == "milestone" else self.record
        return str(record.get_absolute_url())

    @property
    def words(self) -> str:
        """What the bar shows, for who does not see it."""
        when = written(self.record, "due") or (_("by the end of the roadmap") if self.waits else _("no deadline"))
        first = partial_date(self.record.original_due) if self.original else ""
        moved = _("first agreed: %(date)s") % {"date": first}
        return "; ".join([str(self.record.local_name), when, self.label, *([moved] if first else [])])


@dataclass(frozen=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True)
class Timeline:
    groups: list[tuple[str, list[Bar]]]
    ticks: list[Tick]
    today: float | None
    entered: int

    @property
    def cut(self) -> bool:
        return self.entered > MOST


class Axis:
    """From 1 January of the first year to 31 December of the last."""

    def __init__(self, spans: list[PartialDate], on: date) -> None:
        first = min((span.first_day for span in spans), default=on)
        last = max((span.last_day for span in spans), default=on)
        self.start, self.end = date(first.year, 1, 1), date(last.year, 12, 31)
        self.days = (self.end - self.start).days + 1

    def at(self, day: date) -> float:
        return round(100 * (day - self.start).days / self.days, 2)

    def stretch(self, span: PartialDate | None) -> Stretch | None:
        if span is None:
            return None
        begin, days = self.at(span.first_day), (span.last_day - span.first_day).days + 1
        return Stretch(begin, max(round(100 * days / self.days, 2), 0.6))

    def ticks(self) -> list[Tick]:
        years = range(self.start.year, self.end.year + 1)
        step = max(1, len(years) // 8)
        return [Tick(self.at(date(year, 1, 1)), str(year)) for year in years[::step]]

    def point(self, on: date) -> float | None:
        return self.at(on) if self.start <= on <= self.end else None


# By what the lines may be grouped, and what stands over a group.
GROUPS: dict[str, Any] = {
    "area": lambda item: f"{item.area.number} {item.area.local_name}".strip() if item.area else _("No area"),
    "lead": lambda item: item.lead.local_name if item.lead else _("No lead on our side"),
    "status": lambda item: capfirst(STATES[state_of_item(item)]()),
}
STATES: dict[str, Any] = {
    "late": lambda: _("overdue"),
    "open": lambda: _("open"),
    "done": lambda: _("done"),
    "dropped": lambda: _("dropped or carried over"),
    "released": lambda: _("released: the roadmap is not in force"),
}


def timeline(roadmap: Roadmap, on: date, group: str = "area") -> Timeline:
    """The picture of a roadmap on a day; with the same queries for one item and for two hundred."""
    projects = Project.objects.with_overdue(on).prefetch_related("milestones").order_by("name", "id")
    items = (
        roadmap.items.with_overdue(on)
        .select_related("roadmap", "area", "lead")
        .order_by("area__position", "area_id", "position", "id")
        .prefetch_related(Prefetch("projects", projects, to_attr="shown_projects"))
    )
    found = list(items[: MOST + 1])
    entered = len(found)
    period: Any = roadmap.period
    axis = Axis([span for item in found for span in _spans(item)] + ([period] if period else []), on)
    name = GROUPS[group]
    # Python's sort is stable: within a group the lines keep the order of the document.
    chosen = found[:MOST] if group == "area" else sorted(found[:MOST], key=name)
    groups = [(label, [bar for item in rows for bar in _bars(item, axis)]) for label, rows in groupby(chosen, key=name)]
    return Timeline(groups, axis.ticks(), axis.point(on), entered)


def _spans(item: Any) -> list[PartialDate]:
    projects = item.shown_projects
    own = [item.due, item.original_due, *(span for p in projects for span in (p.started, p.due, p.original_due))]
    return [span for span in [*own, *(stone.due for p in projects for stone in p.milestones.all())] if span]


def state_of_item(item: Any) -> str:
    if item.closed_as:
        return "done" if item.closed_as == "fulfilled" else "dropped"
    if item.late:
        return "late"
    return "open" if item.roadmap.is_in_force else "released"


def _state_of_project(project: Any) -> str:
    if project.stage in FINAL:
        return "dropped" if project.stage == "cancelled" else "done"
    return "late" if project.late else "open"


def _bars(item: Any, axis: Axis) -> list[Bar]:
    period = item.roadmap.period
    bars = [_bar("item", item, state_of_item(item), axis, item.due or period, waits=item.due is None)]
    for project in item.shown_projects:
        span = project.due
        if span and project.started and project.started.first_day <= span.last_day:
            span = PartialDate(project.started.first_day, span.last_day)
        state, drawn = _state_of_project(project), span or item.due or period
        bars.append(_bar("project", project, state, axis, drawn, waits=span is None))
        for stone in project.milestones.all():
            state = "done" if stone.reached_on else "open"
            bars.append(_bar("milestone", stone, state, axis, stone.due))
    return bars


def _bar(kind: str, record: Any, state: str, axis: Axis, span: PartialDate | None, *, waits: bool = False) -> Bar:
    original = getattr(record, "original_due", None)
    moved = original is not None and original != record.due
    return Bar(
        kind, record, STATES[state](), state, axis.stretch(span), axis.stretch(original) if moved else None, waits
    )
