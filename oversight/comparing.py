"""What came about between two days: what became overdue, was closed, slipped, was reported.

Both days are judged with what is known today, as every `on` is; under `as_of`, with what was known that day. A part is
a queryset, so that pages, files and API show the same rows; `told` turns a page of one into what is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from agreements.models import Decision
from oversight.models import Move
from partners.dates import ONE_DAY
from projects.models import Project, StatusUpdate
from projects.models.project import Stage


@dataclass(frozen=True)
class Kind:
    """A kind of change, and what to say where there was none."""

    name: str
    label: Any
    empty: Any


KINDS = (
    Kind("overdue", _("Became overdue"), _("Nothing became overdue.")),
    Kind("closed", _("Closed"), _("Nothing was closed.")),
    Kind("moved", _("Deadlines moved"), _("No deadline was moved.")),
    Kind("reported", _("Reported"), _("No report was accepted.")),
)


@dataclass(frozen=True)
class Change:
    """One change: of which item or project, on which day, what now (deadline, state, confidence), and in words."""

    kind: str
    type: str
    record: Any
    on: date | None
    to: Any
    words: str
    days: int | None = None

    @property
    def lead(self) -> Any:
        return self.record.lead


def changed(since: date, on: date, items: Any, projects: Any) -> dict[str, list[Any]]:
    """For each kind its querysets, of the items and projects given; what came about after `since`, up to `on`."""
    accepted = StatusUpdate.objects.accepted().filter(submitted_on__gt=since, submitted_on__lte=on)
    moved = Move.objects.filter(decision=Decision.AGREED, decided_on__gt=since, decided_on__lte=on)
    # Without filters every row belongs, and to look each up would be for nothing.
    if items.query.where or projects.query.where:
        ours, theirs = items.order_by().values("pk"), projects.order_by().values("pk")
        accepted = accepted.filter(project__in=theirs)
        moved = moved.filter(Q(item__in=ours) | Q(project__in=theirs))
    late = [part.overdue(on).exclude(pk__in=part.overdue(since).order_by().values("pk")) for part in (items, projects)]
    closed = [part.closed_between(since, on) for part in (items, projects)]
    return {
        "overdue": [part.select_related("lead").annotate(day=F("deadline")) for part in late],
        "closed": [part.select_related("lead") for part in closed],
        "moved": [moved.select_related("item__lead", "project__lead").annotate(day=F("decided_on"))],
        "reported": [accepted.select_related("project__lead").annotate(day=F("submitted_on"))],
    }


def told(kind: str, records: Iterable[Any]) -> list[Change]:
    """The rows of a page of any part of the kind."""
    return [TOLD[kind](record) for record in records]


def _late(record: Any) -> Change:
    due = record.due_text or record.due or record.deadline
    return Change("overdue", _type(record), record, record.deadline + ONE_DAY, record.deadline, str(due))


def _closed(record: Any) -> Change:
    if _type(record) == "project":
        return Change("closed", "project", record, record.day, record.stage_then, str(Stage(record.stage_then).label))
    return Change("closed", "roadmap-item", record, record.day, record.closed_as, record.get_closed_as_display())


def _moved(move: Any) -> Change:
    return Change("moved", _type(move.subject), move.subject, move.decided_on, move.new_due, move.reason, move.days)


def _reported(update: Any) -> Change:
    return Change("reported", "project", update.project, update.submitted_on, update.confidence, update.text)


def _type(record: Any) -> str:
    return "project" if isinstance(record, Project) else "roadmap-item"


TOLD = {"overdue": _late, "closed": _closed, "moved": _moved, "reported": _reported}
