"""The pages over the whole register: what needs attention, what is late, and the lists."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from agreements.models import Agreement, RoadmapItem
from doors import tables
from doors.counting import KeysFirstPaginator
from oversight import comparing, exporting, overview, scores, world
from oversight.completeness import Check, findings, gaps
from oversight.deadlines import GROUPS, column, grouped, nothing
from oversight.deadlines import PAGES as DEADLINE_PAGES
from oversight.filters import (
    GROUPED_BY,
    ComparisonFilterSet,
    DayFilterSet,
    OverviewFilterSet,
    SlippageFilterSet,
    TermFilterSet,
)
from oversight.listing import LISTINGS, ORDERINGS, controls, parties
from oversight.memory import remembered
from oversight.saved import offered
from partners.dates import today
from projects.models import Project

SOON, FIRST_FEW = 30, 10


def dashboard(request: HttpRequest) -> HttpResponse:
    """What needs attention: figures that are links, one's own organisations, the trend, roadmaps and partners."""
    asked = OverviewFilterSet(request.GET, queryset=nothing())
    faults = _faults(request, asked, set())
    checked = OverviewFilterSet({} if faults else request.GET, queryset=nothing())
    checked.is_valid()
    on = checked.day
    late = remembered(overview.late, on, checked.before)
    roadmaps, states = remembered(scores.scorecards, on)
    partners = [score for score in states if score.agreements or score.projects]
    context = {
        "on": on,
        "since": checked.before,
        "faults": faults,
        "world": world.drawn(partners),
        "legend": world.LEGEND,
        "figures": overview.figures(on, checked.before, request.user, late),
        "desks": overview.desks(on, request.user),
        "trend": overview.trend(on, late),
        "scores": roadmaps,
        "partners": partners,
    }
    return render(request, "dashboard.html", context, status=400 if faults else 200)


def deadlines(request: HttpRequest, name: str) -> HttpResponseBase:
    """Items and projects that are late, due or silent on a day; filters, ordering, grouping and pages in the URL."""
    page = DEADLINE_PAGES[name]
    asked = page.filterset(request.GET, queryset=nothing())
    faults = _faults(request, asked, {"ordering", "group", "page", "projects_page", "format"})
    ordering, group = request.GET.get("ordering") or page.first, request.GET.get("group", "")
    if ordering.removeprefix("-") not in page.sortable:
        faults.append(_("ordering: one of %(names)s.") % {"names": ", ".join(page.sortable)})
        ordering = page.first
    if group and group not in GROUPS:
        faults.append(_("group: one of %(names)s.") % {"names": ", ".join(GROUPS)})
        group = ""
    checked = page.filterset({} if faults else request.GET, queryset=nothing())
    checked.is_valid()
    context = {
        "on": checked.day,
        "page": page,
        "faults": faults,
        "controls": controls(page.filterset, page.controls, request.GET, {"within": str(SOON)}),
        "groupings": [(word, label) for word, (_keys, _model, label) in GROUPS.items()],
        "ordering": ordering,
        "group": group,
    }
    form, words = _form(request, faults), "" if faults else request.GET.urlencode()
    if form:
        whole = [rows.order_by(*order, "id") for rows, order in _ordered(name, words, group, ordering)]
        return _shown(request, "deadlines.html", context, exporting.deadlines(name, whole, checked.day))
    parts = remembered(_deadlines_shown, name, words, group, ordering, checked.day)
    for part, (rows, groups) in zip(("items", "projects"), parts, strict=True):
        context |= {part: rows, f"{part}_groups": groups}
    return _shown(request, "deadlines.html", context)


def _ordered(name: str, words: str, group: str, ordering: str) -> list[tuple[Any, list[Any]]]:
    """Items and projects that the words of the URL ask of a page of deadlines, each with its order."""
    page, asked = DEADLINE_PAGES[name], QueryDict(words)
    checked = page.filterset(asked, queryset=nothing())
    checked.is_valid()
    return [
        (page.filterset(asked, queryset=rows).qs, [_column(word, index) for word in (group, ordering) if word])
        for index, rows in enumerate(page.parts(checked))
    ]


def _deadlines_shown(name: str, words: str, group: str, ordering: str, on: date) -> list[tuple[Any, Any]]:
    """The page of either kind and its groups."""
    shown = []
    for index, (rows, order) in enumerate(_ordered(name, words, group, ordering)):
        page = _page(QueryDict(words), rows, ("page", "projects_page")[index], *order)
        shown.append((page, grouped(page, index, group, rows, on)))
    return shown


def terms(request: HttpRequest) -> HttpResponseBase:
    """Agreements about which is to be decided soon: renew, or give notice."""
    asked = TermFilterSet(request.GET, queryset=Agreement.objects.none())
    faults = _faults(request, asked, {"page", "format"})
    checked = TermFilterSet({} if faults else request.GET, queryset=Agreement.objects.none())
    checked.is_valid()
    rows = Agreement.objects.to_decide(checked.day, checked.ahead).prefetch_related(parties())
    chosen = TermFilterSet({} if faults else request.GET, queryset=rows).qs
    form = _form(request, faults)
    context = {
        "on": checked.day,
        "faults": faults,
        "controls": controls(
            TermFilterSet, ("on", "as_of", "months", "partner", "search"), request.GET, {"months": str(checked.ahead)}
        ),
        "page": _page(request.GET, chosen, "page", "decide_by"),
    }
    table = exporting.terms(chosen.order_by("decide_by", "id"), checked.day) if form else None
    return _shown(request, "terms.html", context, table)


def slipped(request: HttpRequest) -> HttpResponseBase:
    """How often and how far deadlines moved up to a day, added up by what was asked."""
    asked = SlippageFilterSet(request.GET, queryset=nothing())
    faults = _faults(request, asked, {"page", "format"})
    checked = SlippageFilterSet({} if faults else request.GET, queryset=nothing())
    checked.is_valid()
    rows, form = remembered(scores.slippage, checked.day, checked.group), _form(request, faults)
    context = {
        "on": checked.day,
        "by": GROUPED_BY[checked.group],
        "faults": faults,
        "controls": controls(SlippageFilterSet, ("on", "as_of", "by"), request.GET),
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
    }
    table = exporting.slippage(rows, str(GROUPED_BY[checked.group]), checked.day) if form else None
    return _shown(request, "slippage.html", context, table)


def compared(request: HttpRequest) -> HttpResponseBase:
    """What came about between two days, kind by kind; all rows of a kind when it is asked for."""
    asked = ComparisonFilterSet(request.GET, queryset=nothing())
    faults = _faults(request, asked, {"page", "projects_page", "format"})
    checked = ComparisonFilterSet({} if faults else request.GET, queryset=nothing())
    checked.is_valid()
    form = _form(request, faults)
    context: dict[str, Any] = {
        "since": checked.before,
        "on": checked.day,
        "faults": faults,
        "controls": controls(
            ComparisonFilterSet,
            ("since", "on", "as_of", "what", "partner", "roadmap", "lead", "search"),
            request.GET,
            {"since": str(checked.before)},
        ),
        "is_whole": len(checked.kinds) == 1,
    }
    if form:
        changed = comparing.changed(checked.before, checked.day, *_chosen(checked))
        return _shown(request, "comparison.html", context, exporting.comparison(checked, changed))
    words = "" if faults else request.GET.urlencode()
    context["kinds"] = remembered(_compared_shown, words, checked.before, checked.day)
    return _shown(request, "comparison.html", context)


def _chosen(checked: Any) -> list[Any]:
    """The items and the projects that are compared."""
    return [checked.chosen(model.objects.all()) for model in (RoadmapItem, Project)]


def _compared_shown(words: str, since: date, on: date) -> list[dict[str, Any]]:
    """The first rows of each kind of change, of both kinds of records, or a page of the one kind that is asked for."""
    asked = QueryDict(words)
    checked = ComparisonFilterSet(asked, queryset=nothing())
    checked.is_valid()
    changed, kinds = comparing.changed(since, on, *_chosen(checked)), []
    size = 50 if len(checked.kinds) == 1 else FIRST_FEW
    for kind in checked.kinds:
        pages = []
        for parameter, part in zip(("page", "projects_page"), changed[kind.name], strict=False):
            page = KeysFirstPaginator(part.order_by("-day", "id"), size).get_page(asked.get(parameter))
            pages.append({"page": page, "rows": comparing.told(kind.name, page.object_list), "parameter": parameter})
        kinds.append({"kind": kind, "pages": pages, "is_empty": not any(page["rows"] for page in pages)})
    return kinds


def open_questions(request: HttpRequest) -> HttpResponseBase:
    """Findings of the process and gaps of the data, check by check, the first rows of each."""
    asked = DayFilterSet(request.GET, queryset=Project.objects.none())
    faults = _faults(request, asked, {"format"})
    on = asked.day if asked.is_valid() else today()
    form = _form(request, faults)
    of_process, of_data = remembered(_answers, on)
    context = {
        "on": on,
        "faults": faults,
        "controls": controls(DayFilterSet, ("on", "as_of"), request.GET),
        "groups": [(_("Findings"), "findings", of_process), (_("Gaps in the data"), "gaps", of_data)],
    }
    table = exporting.findings([*findings(on), *gaps()], on) if form else None
    return _shown(request, "findings.html", context, table)


def _form(request: HttpRequest, faults: list[str]) -> str:
    """The file that is asked for, none for a page. Another one is a fault."""
    form = request.GET.get("format", "")
    if form and form not in tables.FORMATS:
        faults.append(_("format: one of %(names)s.") % {"names": ", ".join(tables.FORMATS)})
    return "" if faults else form


def _shown(
    request: HttpRequest, template: str, context: dict[str, Any], table: tables.Table | None = None
) -> HttpResponseBase:
    """The page, or the table behind it as the file that was asked for."""
    if table is not None:
        try:
            return tables.answer(table, request.GET["format"])
        except tables.TooLong:
            context["faults"].append(_("format: a spreadsheet holds no so many rows; ask for csv."))
            return render(request, template, context, status=413)
    return render(request, template, {**context, **offered(request)}, status=400 if context["faults"] else 200)


def _answers(on: date) -> list[list[dict[str, Any]]]:
    return [[_answered(check) for check in checks] for checks in (findings(on), gaps())]


def _answered(check: Check) -> dict[str, Any]:
    page = KeysFirstPaginator(check.rows.order_by("id"))
    return {
        "code": check.code,
        "label": check.label,
        "count": page.count,
        "rows": list(page.get_page(1).object_list),
    }


def _column(ordering: str, part: int) -> Any:
    chosen = column(ordering.removeprefix("-"), part)
    by = F(chosen) if isinstance(chosen, str) else chosen
    return by.desc(nulls_last=True) if ordering.startswith("-") else by.asc(nulls_last=True)


def _page(asked: QueryDict, rows: Any, parameter: str, *order: Any) -> Any:
    return KeysFirstPaginator(rows.order_by(*order, "id")).get_page(asked.get(parameter))


def _faults(request: HttpRequest, asked: Any, besides: set[str]) -> list[str]:
    """A sentence for each parameter that is unknown or bad."""
    known = set(asked.base_filters) | besides
    faults = [f"{name}: {_('Unknown parameter.')}" for name in request.GET if name not in known]
    faults += [f"{name}: {_('A NUL character is not accepted.')}" for name in request.GET if _has_nul(request, name)]
    return faults + [f"{name}: {' '.join(messages)}" for name, messages in asked.errors.items()]


def _has_nul(request: HttpRequest, name: str) -> bool:
    return any("\x00" in value for value in request.GET.getlist(name))


def listing(request: HttpRequest, name: str) -> HttpResponseBase:
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
        "controls": controls(page.filterset, (*page.names, "as_of"), request.GET),
        "component": page.component,
        "page": _page(request.GET, page.shown(rows), "page", page.orderings[ordering]),
        "orderings": [(key, ORDERINGS[key]()) for key in page.orderings],
        "ordering": ordering,
    }
    return _shown(request, "record_list.html", context)
