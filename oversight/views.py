"""The pages: what is late, the lists, and a page a record."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.generic import ListView

from agreements.models import Agreement, Roadmap, RoadmapItem
from oversight.pages import facts, sections
from oversight.reports import item_row, late_items, late_projects, project_row
from partners.dates import today
from partners.filters import DayField, PartnerField
from partners.models import Partner
from projects.models import Project, StatusUpdate

SORTABLE = {
    "title": lambda row: row.record.name,
    "partner": lambda row: str(row.partner or ""),
    "lead": lambda row: str(row.record.lead or ""),
    "deadline": lambda row: row.deadline,
    "days_late": lambda row: row.days_late,
}


def dashboard(request: HttpRequest) -> HttpResponse:
    """What needs attention, as figures that are links."""
    on = today()
    context = {
        "items": RoadmapItem.objects.overdue(on).count(),
        "projects": Project.objects.overdue(on).count(),
        "due_projects": Project.objects.due_within(on, 30).count(),
        "waiting": StatusUpdate.objects.awaiting_decision().count(),
        "agreements": Agreement.objects.count(),
        "roadmaps": Roadmap.objects.with_counts().select_related("counterpart"),
    }
    return render(request, "dashboard.html", context)


def overdue(request: HttpRequest) -> HttpResponse:
    """Late items and late projects on a day; filters and ordering in the URL. A bad value is said, with status 400."""
    faults: list[str] = []
    on = _asked(DayField(required=False), "on", request, faults) or today()
    partner = _asked(PartnerField(required=False), "partner", request, faults)
    items, projects = late_items(on), late_projects(on)
    if words := request.GET.get("search", "").replace("\x00", ""):
        items, projects = items.search(words), projects.search(words)
    if partner:
        under = (
            Partner.objects.under(partner) if isinstance(partner, Partner) else Partner.objects.filter(country=partner)
        )
        items, projects = items.of_partners(under), projects.of_partners(under)
    ordering = request.GET.get("ordering", "deadline")
    if ordering.removeprefix("-") not in SORTABLE:
        faults.append(_("ordering: one of %(names)s.") % {"names": ", ".join(SORTABLE)})
        ordering = "deadline"
    context = {
        "on": on,
        "faults": faults,
        "items": _ordered([item_row(item, on) for item in items], ordering),
        "projects": _ordered([project_row(project, on) for project in projects], ordering),
        "columns": list(SORTABLE),
        "ordering": ordering,
    }
    return render(request, "overdue.html", context, status=400 if faults else 200)


def _asked(field: Any, name: str, request: HttpRequest, faults: list[str]) -> Any:
    try:
        return field.clean(request.GET.get(name, ""))
    except ValidationError as error:
        faults.append(f"{name}: {' '.join(error.messages)}")
        return None


def _ordered(rows: list[Any], ordering: str) -> list[Any]:
    return sorted(rows, key=SORTABLE[ordering.removeprefix("-")], reverse=ordering.startswith("-"))


class RecordList(ListView):
    """A list of one kind, 50 a page; `search` narrows it."""

    template_name = "record_list.html"
    paginate_by = 50

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset().order_by("name", "id")
        return rows.search(self.request.GET.get("search", "").replace("\x00", ""))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        model: Any = self.model
        return super().get_context_data(title=model._meta.verbose_name_plural, **kwargs)


def record(request: HttpRequest, reference: str, model: Any) -> HttpResponse:
    """The page of one record."""
    keys = [field.name for field in model._meta.concrete_fields if field.many_to_one]
    found = get_object_or_404(model.objects.select_related(*keys), reference=reference)
    context = {
        "record": found,
        "facts": facts(found),
        "sections": sections(found),
        "citations": found.citations.select_related("source"),
        "late": found.is_overdue(today()) if isinstance(found, Project) else False,
    }
    if isinstance(found, Roadmap):
        context["roadmap"] = Roadmap.objects.with_counts().get(pk=found.pk)
        context["items"] = found.items.select_related("area", "lead").prefetch_related("projects").with_overdue(today())
    return render(request, "record_detail.html", context)


def search(request: HttpRequest) -> HttpResponse:
    """One box over partners, agreements, roadmaps, items and projects."""
    words = request.GET.get("q", "").replace("\x00", "")
    kinds = (Partner, Agreement, Roadmap, RoadmapItem, Project)
    groups = [(kind._meta.verbose_name_plural, list(_found(kind, words))) for kind in kinds] if words.strip() else []
    return render(request, "search.html", {"words": words, "groups": groups})


def _found(kind: Any, words: str) -> Any:
    rows = kind.objects.search(words)
    return (rows.select_related("roadmap") if kind is RoadmapItem else rows)[:20]


def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database unavailable", status=503, headers={"Retry-After": "5"})
    return HttpResponse("ready")


def healthy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")
