"""Scorecards: how roadmaps and partners stand on a day, and how far deadlines have slipped."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, Sum
from django.db.models.functions import Coalesce

from agreements.models import (
    AgreementParty,
    Decision,
    ItemRescheduling,
    ItemStanding,
    Meeting,
    MeetingParticipant,
    Roadmap,
    RoadmapItem,
    WorkingGroup,
)
from partners.models import Partner
from projects.models import Project, ProjectRescheduling, ProjectStanding


@dataclass(frozen=True)
class RoadmapScore:
    """One roadmap on a day. Declared and entered are the data's completeness and feed no figure of progress."""

    roadmap: Any
    open: int
    overdue: int
    closed: dict[str, int]
    closed_late: int
    confidence: dict[str, int]

    @property
    def closed_on_time(self) -> int:
        return sum(self.closed.values()) - self.closed_late

    @property
    def shares(self) -> list[tuple[str, int, float, float]]:
        """For a bar: (state, number, where it begins, how long it is), in percent of the items."""
        numbers = {
            "done": self.closed_on_time,
            "closed-late": self.closed_late,
            "late": self.overdue,
            "open": self.open - self.overdue,
        }
        whole, at, parts = sum(numbers.values()), 0.0, []
        for state, number in numbers.items():
            width = 100 * number / whole if whole else 0
            parts.append((state, number, round(at, 2), round(width, 2)))
            at += width
        return [part for part in parts if part[1]]


def open_and_late_items(on: date) -> tuple[Counter[int], Counter[int]]:
    """The numbers of open and of late items of each roadmap."""
    late = ItemStanding.objects.filter(during__contains=on, deadline__lt=on)
    return per(RoadmapItem.objects.open(on), "roadmap"), per(late, "roadmap_id")


def roadmap_scores(on: date, open_and_late: tuple[Counter[int], Counter[int]] | None = None) -> list[RoadmapScore]:
    """The score of each roadmap, in the roadmaps' own order.

    `open_and_late`: what `open_and_late_items` says of the day, where somebody has asked already.
    """
    items, active = RoadmapItem.objects.all(), _standing(on).filter(is_active=True)
    return _scores(on, Roadmap.objects.all(), items, active, open_and_late or open_and_late_items(on))


def roadmap_score(on: date, roadmap: Roadmap) -> RoadmapScore:
    """The score of one roadmap, from its own items and projects alone."""
    items = RoadmapItem.objects.of_roadmap(roadmap.pk)
    active = Project.objects.active(on).of_roadmap(roadmap.pk).with_reach()
    return _scores(
        on,
        Roadmap.objects.filter(pk=roadmap.pk),
        items,
        active,
        (per(items.open(on), "roadmap"), per(items.overdue(on), "roadmap")),
    )[0]


def _scores(
    on: date, roadmaps: Any, items: Any, active: Any, open_and_late: tuple[Counter[int], Counter[int]]
) -> list[RoadmapScore]:
    open_then, late = open_and_late
    closed = items.filter(closed_on__lte=on)
    closed_late = per(closed.with_deadline(on).filter(closed_on__gt=F("deadline")), "roadmap")
    ended, said = _closed_as(closed), _confidence(active)
    return [
        RoadmapScore(
            roadmap,
            open=open_then[roadmap.pk],
            overdue=late[roadmap.pk],
            closed=ended.get(roadmap.pk, {}),
            closed_late=closed_late[roadmap.pk],
            confidence=said.get(roadmap.pk, {}),
        )
        for roadmap in roadmaps.with_counts().select_related("counterpart")
    ]


def _closed_as(closed: Any) -> dict[int, dict[str, int]]:
    """How the closed items of each roadmap ended."""
    grouped = closed.order_by().values("roadmap", "closed_as").annotate(n=Count("pk"))
    return _inside(grouped.values_list("roadmap", "closed_as", "n"))


def _confidence(active: Any) -> dict[int, dict[str, int]]:
    """What the last accepted reports of the active projects of each roadmap say: how many are on track, at risk..."""
    heard = active.filter(confidence__isnull=False).order_by().values("roadmaps", "confidence").annotate(n=Count("pk"))
    rows = heard.values_list("roadmaps", "confidence", "n")
    return _inside((roadmap, said, n) for roadmaps, said, n in rows for roadmap in roadmaps)


def _inside(rows: Iterable[tuple[int, str, int]]) -> dict[int, dict[str, int]]:
    """Numbers by two keys, the second inside the first."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for outer, inner, number in rows:
        found[outer][inner] += number
    return {outer: dict(numbers) for outer, numbers in found.items()}


@dataclass(frozen=True)
class PartnerScore:
    """What stands with one state (and everybody in it) on a day."""

    partner: Partner
    agreements: int
    roadmaps: int
    working_groups: int
    meetings: int
    open_items: int
    overdue_items: int
    projects: int
    active_projects: int
    overdue_projects: int
    silent_projects: int


def partner_scores(on: date, open_and_late: tuple[Counter[int], Counter[int]] | None = None) -> list[PartnerScore]:
    """A row for each state abroad, with the same queries for one state as for two hundred.

    `open_and_late`: what `open_and_late_items` says of the day, where somebody has asked already.
    """
    agreements = per(AgreementParty.objects, "partner__country", "agreement")
    roadmaps = per(Roadmap.objects, "counterpart__country")
    bodies = per(WorkingGroup.sides.through.objects, "partner__country", "workinggroup")
    meetings = _countries_of_meetings()
    open_items, late_items = open_and_late or open_and_late_items(on)
    items, overdue_items = _countries_of(open_items), _countries_of(late_items)
    projects = _projects_per_country(on)
    return [
        PartnerScore(
            state,
            agreements[code],
            roadmaps[code],
            bodies[code],
            meetings[code],
            items[code],
            overdue_items[code],
            *(counted[code] for counted in projects),
        )
        for state in Partner.objects.states().foreign().order_by("name", "id")
        for code in [str(state.country)]
    ]


def scorecards(on: date) -> tuple[list[RoadmapScore], list[PartnerScore]]:
    """Of all roadmaps and of all states, which share what is counted over the items."""
    counted = open_and_late_items(on)
    return roadmap_scores(on, open_and_late=counted), partner_scores(on, counted)


def per(rows: Any, column: str, counted: str = "") -> Counter[Any]:
    """The number of rows, or of different `counted`, for each value of the column."""
    number = Count(counted, distinct=True) if counted else Count("pk")
    return Counter({row[column]: row["n"] for row in rows.order_by().values(column).annotate(n=number)})


def _countries_of(numbers: Counter[int]) -> Counter[str]:
    """Numbers of roadmaps as numbers of their counterparts' countries: roadmaps are few, their items many."""
    found: Counter[str] = Counter()
    for pk, country in Roadmap.objects.order_by().values_list("pk", "counterpart__country"):
        found[country] += numbers[pk]
    return found


def _countries_of_meetings() -> Counter[str]:
    took_part = MeetingParticipant.objects.order_by().values_list("partner__country", "meeting")
    sides = Meeting.objects.order_by().values_list("working_group__sides__country", "pk")
    return Counter(country for country, _meeting in took_part.union(sides))


def _projects_per_country(on: date) -> list[Counter[str]]:
    """Projects, active, overdue and silent ones, each counted by country; a project counts once in each country."""
    late, silent = Q(is_active=True, deadline__lt=on), Q(is_active=True, silent_from__lte=on)
    numbers = {"n": Count("pk"), "active": Count("pk", filter=Q(is_active=True))}
    numbers |= {"late": Count("pk", filter=late), "silent": Count("pk", filter=silent)}
    grouped = _standing(on).values("countries").annotate(**numbers).values_list("countries", *numbers)
    found: list[Counter[str]] = [Counter() for _number in numbers]
    for countries, *counted in grouped:
        for country in {*countries} - {""}:
            for counter, number in zip(found, counted, strict=True):
                counter[country] += number
    return found


def _standing(on: date) -> Any:
    """What is kept of the projects on the day, without the projects."""
    return ProjectStanding.objects.filter(during__contains=on).order_by()


@dataclass(frozen=True)
class SlippageRow:
    """How often and how far the deadlines of an item, a project, a lead or a partner moved up to a day."""

    of: Any
    moves: int
    days: int


# What moves may be grouped by: the ledger, the path from its rows, and what stands at the path's end.
SLIPPAGE: dict[str, list[tuple[Any, str, Any]]] = {
    "record": [(ItemRescheduling, "item", RoadmapItem), (ProjectRescheduling, "project", Project)],
    "lead": [(ItemRescheduling, "item__lead", Partner), (ProjectRescheduling, "project__lead", Partner)],
    "roadmap": [(ItemRescheduling, "item__roadmap", Roadmap)],
    "partner": [(ItemRescheduling, "item__roadmap__counterpart", Partner)],
}


class Slippage(Sequence[SlippageRow]):
    """The rows of the report; the records are read for the slices that somebody looks at."""

    AT_ONCE = 1000

    def __init__(self, found: list[tuple[Any, int, int, int]]) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, at: Any) -> Any:
        return self._named(self.found[at]) if isinstance(at, slice) else self._named([self.found[at]])[0]

    def __iter__(self) -> Iterator[SlippageRow]:
        for start in range(0, len(self.found), self.AT_ONCE):
            yield from self._named(self.found[start : start + self.AT_ONCE])

    @staticmethod
    def _named(found: list[tuple[Any, int, int, int]]) -> list[SlippageRow]:
        named = {
            model: model._default_manager.in_bulk([pk for kind, pk, _moves, _days in found if kind is model])
            for model in {model for model, *_ in found}
        }
        return [SlippageRow(named[model][pk], moves, days) for model, pk, moves, days in found]


def slippage(on: date, by: str) -> Slippage:
    """Agreed moves up to the day, grouped `by` record, lead, roadmap or partner; the furthest first.

    Days count from old to new last day; a move from or to no deadline counts as a move of no days.
    """
    moves: Counter[Any] = Counter()
    days: Counter[Any] = Counter()
    for ledger, path, model in SLIPPAGE[by]:
        for pk, reference, number, slipped in _moved(ledger, path, on):
            moves[model, pk, reference] += number
            days[model, pk, reference] += slipped
    furthest = sorted(moves, key=lambda key: (-days[key], -moves[key], key[2]))
    return Slippage([(model, pk, moves[model, pk, named], days[model, pk, named]) for model, pk, named in furthest])


def _moved(ledger: Any, path: str, on: date) -> Any:
    agreed = ledger.objects.filter(decision=Decision.AGREED, decided_on__lte=on, **{f"{path}__isnull": False})
    between = Func(
        F("new_due__last_day"),
        F("old_due__last_day"),
        template="(%(expressions)s)",
        arg_joiner=" - ",
        output_field=IntegerField(),
    )
    grouped = (
        agreed.order_by().values(path, f"{path}__reference").annotate(n=Count("id"), days=Coalesce(Sum(between), 0))
    )
    return grouped.values_list(path, f"{path}__reference", "n", "days")
