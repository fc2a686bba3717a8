"""What is drawn on a partner's page: when something was signed or somebody met, and the gaps in the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from agreements.models import Agreement, Meeting, Roadmap
from oversight.completeness import Check, gaps
from oversight.timeline import Axis, Stretch, Tick
from partners.dates import PartialDate

# So many signings and so many meetings are drawn, the latest of them.
MOST = 200


@dataclass(frozen=True)
class Event:
    """A signing or a meeting, at the precision of its document."""

    kind: str
    record: Any
    when: PartialDate
    place: Stretch | None


@dataclass(frozen=True)
class Chronicle:
    """The events, the latest first, by year; and the years' lines."""

    years: list[tuple[int, list[Event]]]
    ticks: list[Tick]

    @property
    def events(self) -> list[Event]:
        return [event for _year, events in self.years for event in events]


def chronicle(partners: Any, on: date) -> Chronicle:
    """What was signed with any of the partners, and where they met."""
    found: list[tuple[str, Any, PartialDate]] = []
    for kind, model, field in (
        ("signing", Agreement, "signed"),
        ("signing", Roadmap, "signed"),
        ("meeting", Meeting, "held"),
    ):
        dated = model.objects.of_partners(partners).filter(**{f"{field}__isnull": False})
        found += [(kind, row, getattr(row, field)) for row in dated.order_by(f"-{field}__first_day", "id")[:MOST]]
    axis = Axis([when for _kind, _record, when in found], on)
    events = [Event(kind, record, when, axis.stretch(when)) for kind, record, when in found]
    events.sort(key=lambda event: (event.when.last_day, event.when.first_day), reverse=True)
    years = [(year, list(those)) for year, those in groupby(events, key=lambda event: event.when.last_day.year)]
    return Chronicle(years, axis.ticks())


def partner_gaps(partners: Any) -> list[tuple[Check, list[Any]]]:
    """The gaps of the data in what stands with the partners: (question, first records); none left out that has any."""
    ours: dict[Any, Any] = {model: model.objects.of_partners(partners) for model in (Agreement, Meeting, Roadmap)}
    found = []
    for check in gaps():
        if check.rows.model in ours:
            rows = list(check.rows.filter(pk__in=ours[check.rows.model].order_by().values("pk"))[:10])
            if rows:
                found.append((check, rows))
    return found
