"""What a manager opens in the morning: figures with their change, his own organisations, and the trend.

Every figure counts the rows of the list that it links to, by the same querysets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _

from agreements.models import Agreement, ItemStanding, RoadmapItem
from oversight import reports
from oversight.memory import remembered
from oversight.scores import per
from partners.dates import ONE_DAY, today
from partners.models import Partner
from projects.models import Project, ProjectStanding, StatusUpdate

SOON, MONTHS, DECIDE_WITHIN = 30, 24, 6
MOST_ORGANISATIONS = 12


@dataclass(frozen=True)
class Figure:
    """A number of rows, what it was on the day of comparison, and the list of the rows."""

    label: str
    count: int
    before: int
    address: str
    is_alarm: bool = False

    @property
    def change(self) -> int:
        return self.count - self.before

    @property
    def signed(self) -> str:
        return f"{self.change:+d}".replace("-", "−") if self.change else "±0"


def figures(on: date, since: date, user: Any, late: Late) -> list[Figure]:
    """Late, due, silent, to decide; each judged on both days with what is known today."""
    now, then = ({**remembered(_counts, day), **_late_then(late, day)} for day in (on, since))
    decisions = reverse("admin:projects_statusupdate_changelist") + "?state__exact=submitted" if user.is_staff else ""
    day = "" if on == today() else f"?on={on}"
    words = {
        "items": (_("overdue roadmap items"), reverse("overdue") + day),
        "projects": (_("overdue projects"), f"{reverse('overdue')}{day}#projects"),
        "due": (_("due within 30 days"), reverse("due") + day),
        "silent": (_("silent for longer than their cadence"), reverse("silent") + day),
        "reports": (_("reports awaiting a decision"), decisions),
        "agreements": (_("agreements to decide on within 6 months"), reverse("terms") + day),
    }
    return [
        Figure(label, now[name], then[name], address, is_alarm=name in {"items", "projects"} and now[name] > 0)
        for name, (label, address) in words.items()
    ]


def _due(model: Any, on: date) -> int:
    """How many rows `due_within` has, from the spans alone."""
    soon = (on, on + timedelta(days=SOON))
    return int(_spans(model).filter(during__contains=on, deadline__range=soon).count())


def _silent_projects(on: date) -> int:
    return int(_spans(Project).filter(during__contains=on, silent_from__lte=on).count())


def _spans(model: Any) -> Any:
    """Of the items that bind, of the projects that are active."""
    return ItemStanding.objects.all() if model is RoadmapItem else ProjectStanding.objects.filter(is_active=True)


def _late_then(late: Late, on: date) -> dict[str, int]:
    return {"items": late[RoadmapItem][on], "projects": late[Project][on]}


def _counts(on: date) -> dict[str, int]:
    midnight = make_aware(datetime.combine(on + ONE_DAY, time()))
    waiting = Q(submitted_on__lte=on) & (Q(decided_at__isnull=True) | Q(decided_at__gte=midnight))
    return {
        "due": sum(_due(model, on) for model in (RoadmapItem, Project)),
        "silent": reports.silent_items(on).count() + _silent_projects(on),
        "reports": StatusUpdate.objects.handed_in().filter(waiting).count(),
        "agreements": Agreement.objects.to_decide(on, DECIDE_WITHIN).count(),
    }


@dataclass(frozen=True)
class Desk:
    """How one of the user's organisations stands as a lead."""

    organisation: Partner
    overdue: int
    due: int
    silent: int


def desks(on: date, user: Any) -> list[Desk]:
    """The user's organisations and those under them that lead something unfinished; the latest first."""
    mine = user.organisations().order_by().values("pk")
    late = [RoadmapItem.objects.overdue(on), Project.objects.overdue(on)]
    counted = [
        sum((per(part.filter(lead__in=mine), "lead") for part in parts), start=per(Project.objects.none(), "lead"))
        for parts in (late, reports.due_parts(on, SOON), reports.silent_parts(on))
    ]
    keys = {key for counts in counted for key in counts}
    found = [
        Desk(organisation, *(counts[organisation.pk] for counts in counted))
        for organisation in Partner.objects.filter(pk__in=keys).order_by("name", "id")
    ]
    return sorted(found, key=lambda desk: (-desk.overdue, -desk.silent))[:MOST_ORGANISATIONS]


@dataclass(frozen=True)
class Column:
    """A month of the trend: its last day, the late rows then, and the drawing in percent of width and height."""

    on: date
    items: int
    projects: int
    x: float
    width: float
    items_height: float
    projects_height: float

    @property
    def items_top(self) -> float:
        return round(100 - self.items_height, 2)

    @property
    def both_top(self) -> float:
        return round(100 - self.items_height - self.projects_height, 2)


Late = dict[Any, dict[date, int]]


def late(on: date, *others: date) -> Late:
    """How many items and how many projects are late on the days of the trend and on the others."""
    days = sorted({*_trend_days(on), *others})
    return {model: _late_on(model, days) for model in (RoadmapItem, Project)}


def _trend_days(on: date) -> list[date]:
    """The ends of the months before the day, and the day."""
    return [*reversed([_month_end(on, back) for back in range(1, MONTHS)]), on]


def trend(on: date, late: Late) -> list[Column]:
    """Late items and projects at the ends of the last 24 months, judged with what is known today."""
    days, items, projects = _trend_days(on), late[RoadmapItem], late[Project]
    highest = max((items[day] + projects[day] for day in days), default=0) or 1
    step = 100 / len(days)
    return [
        Column(
            day,
            items[day],
            projects[day],
            x=round(index * step, 2),
            width=round(step * 0.7, 2),
            items_height=round(100 * items[day] / highest, 2),
            projects_height=round(100 * projects[day] / highest, 2),
        )
        for index, day in enumerate(days)
    ]


def _month_end(on: date, back: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 - back + 1, 12)
    return date(year, month + 1, 1) - timedelta(days=1)


def _late_on(model: Any, days: list[date]) -> dict[date, int]:
    """One query for all the days: planned once, and from the spans the whole table is read once."""
    spans = _spans(model).filter(deadline__isnull=False).values("during", "deadline")
    sql, params = spans.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(LATE_BY_DAY.format(spans=sql), [*params, days])
        return dict(cursor.fetchall())


# Late from the day after the deadline, or from when the span begins, to its end: how many begin less how many end.
LATE_BY_DAY = """
    WITH late AS MATERIALIZED (
        SELECT greatest(lower(during), deadline + 1) AS since, upper(during) AS until FROM ({spans}) spans
        WHERE (upper_inf(during) OR upper(during) > deadline + 1)
    ), steps AS MATERIALIZED (
        SELECT since AS day, count(*) AS n FROM late GROUP BY since
        UNION ALL SELECT until, -count(*) FROM late WHERE until IS NOT NULL GROUP BY until
    )
    SELECT days.day, coalesce((SELECT sum(n) FROM steps WHERE steps.day <= days.day), 0)::int
    FROM unnest(%s::date[]) AS days (day)
"""
