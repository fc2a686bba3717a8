"""The first page of the admin: what waits for this person, the most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from agreements.models import RoadmapItem
from doors.counting import CappedPaginator
from oversight import reports
from partners.dates import today
from projects.models import Project, StatusUpdate, UpdateState

SHOWN = 8


@dataclass(frozen=True)
class Task:
    """A kind of work that waits: how much of it, where all of it is, and the first of it."""

    title: str
    count: int
    address: str
    rows: list[Any]


def for_admin(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """django-unfold's callback for the index page."""
    return {**context, "tasks": tasks(request.user)}


def tasks(user: Any) -> list[Task]:
    """What waits for the user, by his roles; for everybody what is late."""
    on = today()
    own = _of_officer(user, on) if user.is_officer else []
    decisions = [_reports_to_decide(user)] if user.is_controller else []
    return [*own, *decisions, *_late(on)]


def _of_officer(user: Any, on: Any) -> list[Task]:
    mine = Project.objects.answerable_by(user).active(on)
    updates = StatusUpdate.objects.filter(author=user).select_related("project")
    returned = updates.filter(state=UpdateState.RETURNED, resubmissions__isnull=True)
    drafts = updates.filter(state=UpdateState.DRAFT)
    for_me = StatusUpdate.objects.for_lead(user).select_related("project")
    return [
        _task(_("Returned to me"), returned, _updates(UpdateState.RETURNED)),
        _task(_("Drafted by co-executors, for me to hand in"), for_me, _updates(UpdateState.DRAFT)),
        _task(_("My drafts"), drafts, _updates(UpdateState.DRAFT)),
        _task(_("My projects to report on"), mine.order_by("last_reported_on", "id"), _list(Project, mine="yes")),
    ]


def _reports_to_decide(user: Any) -> Task:
    waiting = StatusUpdate.objects.awaiting_decision().exclude(author=user).select_related("project")
    return _task(
        _("Reports awaiting a decision"), waiting.order_by("submitted_on", "id"), _updates(UpdateState.SUBMITTED)
    )


def _late(on: Any) -> list[Task]:
    items, projects = reports.overdue_items(on), reports.overdue_projects(on)
    return [
        _task(_("Overdue roadmap items"), items.order_by("deadline", "id"), _list(RoadmapItem, overdue="yes")),
        _task(_("Overdue projects"), projects.order_by("deadline", "id"), _list(Project, overdue="yes")),
    ]


def _task(title: str, rows: Any, address: str) -> Task:
    return Task(title, CappedPaginator(rows).count, address, list(rows[:SHOWN]))


def _updates(state: str) -> str:
    return _list(StatusUpdate, state__exact=state)


def _list(model: Any, **filters: str) -> str:
    base = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{base}?{'&'.join(f'{name}={value}' for name, value in filters.items())}"
