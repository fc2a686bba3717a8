"""The pages: what needs attention, what is late, the lists, and a page a record."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection
from django.db.models import F, OuterRef, Subquery
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from agreements.models import Agreement, AgreementFile, Meeting, MeetingFile, Roadmap, RoadmapItem, WorkingGroup
from doors.permissions import may
from oversight import reports
from oversight.completeness import Check, findings, gaps
from oversight.filters import DayFilterSet, DeadlineFilterSet
from oversight.listing import LISTINGS, ORDERINGS, OVERDUE_CONTROLS, CappedPaginator, controls
from oversight.records import PAGES
from oversight.scores import partner_scores, roadmap_scores
from partners.dates import today
from partners.models import Partner
from projects.models import Evidence, Project, StatusUpdate

SOON = 30
FILES: dict[str, Any] = {str(model._meta.model_name): model for model in (AgreementFile, MeetingFile, Evidence)}


def _named(model: Any, key: str) -> Subquery:
    """The name of the record whose id an annotation holds."""
    return Subquery(model.objects.filter(pk=OuterRef(key)).order_by().values("name")[:1])


# What the tables of late items and projects may be sorted by: the columns of either, as (of items, of projects).
SORTABLE = {
    "deadline": ("deadline", "deadline"),
    "title": ("name", "name"),
    "roadmap": ("roadmap__name", _named(Roadmap, "roadmap_id")),
    "partner": ("roadmap__counterpart__name", _named(Partner, "counterpart_id")),
    "lead": ("lead__name", "lead__name"),
    "last_report": ("last_report", "last_report"),
}


def dashboard(request: HttpRequest) -> HttpResponse:
    """What needs attention, as figures that are links."""
    on = today()
    context = {
        "on": on,
        "items": RoadmapItem.objects.overdue(on).count(),
        "projects": Project.objects.overdue(on).count(),
        "soon": sum(part.count() for part in reports.due_parts(on, SOON)),
        "silent": sum(part.count() for part in reports.silent_parts(on)),
        "waiting": StatusUpdate.objects.awaiting_decision().count(),
        "scores": roadmap_scores(on),
        "partners": [score for score in partner_scores(on) if score.agreements or score.projects][:SOON],
    }
    return render(request, "dashboard.html", context)


def overdue(request: HttpRequest) -> HttpResponse:
    """Late items and late projects on a day; filters, ordering and pages in the URL. A bad value is 400 and named."""
    asked = DeadlineFilterSet(request.GET, queryset=Project.objects.none())
    faults = _faults(request, asked, {"ordering", "page", "projects_page"})
    on = asked.day if asked.is_valid() else today()
    ordering = request.GET.get("ordering", "deadline")
    if ordering.removeprefix("-") not in SORTABLE:
        faults.append(_("ordering: one of %(names)s.") % {"names": ", ".join(SORTABLE)})
        ordering = "deadline"
    parts = [_narrowed(part, request) for part in (reports.overdue_items(on), reports.overdue_projects(on))]
    context = {
        "on": on,
        "faults": faults,
        "controls": controls(DeadlineFilterSet, OVERDUE_CONTROLS, request.GET),
        "items": _page(request, parts[0], "page", _column(ordering, 0)),
        "projects": _page(request, parts[1], "projects_page", _column(ordering, 1)),
        "ordering": ordering,
    }
    for name in ("items", "projects"):
        context[f"{name}_rows"] = reports.rows(context[name].object_list, on)
    return render(request, "overdue.html", context, status=400 if faults else 200)


def open_questions(request: HttpRequest) -> HttpResponse:
    """Findings of the process and gaps of the data, check by check, the first rows of each."""
    asked = DayFilterSet(request.GET, queryset=Project.objects.none())
    faults = _faults(request, asked, set())
    on = asked.day if asked.is_valid() else today()
    groups = ((_("Findings"), "findings", findings(on)), (_("Gaps in the data"), "gaps", gaps()))
    context = {
        "on": on,
        "faults": faults,
        "controls": controls(DayFilterSet, ("on",), request.GET),
        "groups": [(title, name, [_answered(check) for check in checks]) for title, name, checks in groups],
    }
    return render(request, "findings.html", context, status=400 if faults else 200)


def _answered(check: Check) -> dict[str, Any]:
    page = CappedPaginator(check.rows.order_by("id"))
    return {"code": check.code, "label": check.label, "count": page.count_shown, "rows": page.get_page(1).object_list}


def _narrowed(rows: Any, request: HttpRequest) -> Any:
    chosen = DeadlineFilterSet(request.GET, queryset=rows)
    return chosen.qs if chosen.is_valid() else rows


def _column(ordering: str, part: int) -> Any:
    chosen: Any = SORTABLE[ordering.removeprefix("-")][part]
    column = F(chosen) if isinstance(chosen, str) else chosen
    return column.desc(nulls_last=True) if ordering.startswith("-") else column.asc(nulls_last=True)


def _page(request: HttpRequest, rows: Any, parameter: str, *order: Any) -> Any:
    return CappedPaginator(rows.order_by(*order, "id")).get_page(request.GET.get(parameter))


def _faults(request: HttpRequest, asked: Any, besides: set[str]) -> list[str]:
    """A sentence for each parameter that is unknown or bad."""
    known = set(asked.base_filters) | besides
    faults = [f"{name}: {_('Unknown parameter.')}" for name in request.GET if name not in known]
    faults += [f"{name}: {_('A NUL character is not accepted.')}" for name in request.GET if _has_nul(request, name)]
    return faults + [f"{name}: {' '.join(messages)}" for name, messages in asked.errors.items()]


def _has_nul(request: HttpRequest, name: str) -> bool:
    return any("\x00" in value for value in request.GET.getlist(name))


def listing(request: HttpRequest, name: str) -> HttpResponse:
    """A list of one kind, 50 a page; filters and ordering in the URL."""
    page = LISTINGS[name]
    asked = page.filterset(request.GET, queryset=page.model.objects.all())
    faults = _faults(request, asked, page.parameters)
    ordering = request.GET.get("ordering", page.first)
    if ordering not in page.orderings:
        faults.append(_("ordering: one of %(names)s.") % {"names": ", ".join(page.orderings)})
        ordering = page.first
    rows = page.model.objects.none() if faults else asked.qs
    context = {
        "title": page.model._meta.verbose_name_plural,
        "faults": faults,
        "controls": controls(page.filterset, page.names, request.GET),
        "component": page.component,
        "page": _page(request, page.shown(rows), "page", page.orderings[ordering]),
        "orderings": [(key, ORDERINGS[key]()) for key in page.orderings],
        "ordering": ordering,
    }
    return render(request, "record_list.html", context, status=400 if faults else 200)


def record(request: HttpRequest, reference: str, model: Any) -> HttpResponse:
    """The page of one record."""
    keys = [field.name for field in model._meta.concrete_fields if field.many_to_one]
    found = get_object_or_404(model.objects.select_related(*keys), reference=reference)
    context = {
        "record": found,
        "on": today(),
        "citations": found.citations.select_related("source"),
        **PAGES[model](found, request.user),
    }
    return render(request, f"{model._meta.app_label}/{model._meta.model_name}_detail.html", context)


def stored_file(request: HttpRequest, kind: str, reference: str) -> FileResponse:
    """A file of a record, to save, never to show: what a browser would run stays outside our origin."""
    model = FILES.get(kind)
    if model is None or not may(request.user, "view", model):
        raise Http404
    rows = model.objects.visible_to(request.user) if hasattr(model.objects, "visible_to") else model.objects.all()
    found = get_object_or_404(rows, reference=reference)
    try:
        content = found.content.open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The file is missing in the store.")) from error
    answer = FileResponse(content, as_attachment=True, filename=found.name, content_type=found.media_type)
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, no-store"
    return answer


def search(request: HttpRequest) -> HttpResponse:
    """One box over the kinds that have pages."""
    words = request.GET.get("q", "").replace("\x00", "")[:200]
    kinds = (Partner, Agreement, Roadmap, RoadmapItem, Project, WorkingGroup, Meeting)
    groups = [(kind._meta.verbose_name_plural, list(_found(kind, words))) for kind in kinds] if words.strip() else []
    return render(request, "search.html", {"words": words, "groups": [group for group in groups if group[1]]})


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
