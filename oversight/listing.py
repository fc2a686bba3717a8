"""The list pages: each kind with its filters (the API's FilterSet), its orderings and what a row shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, OuterRef, Prefetch, Q, Subquery
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_countries import countries

from agreements import filters as of_agreements
from agreements.models import Agreement, AgreementParty, Meeting, Roadmap, RoadmapItem, WorkingGroup
from partners import filters as of_partners
from partners.dates import today
from partners.models import Partner, Sector
from projects import filters as of_projects
from projects.models import Project


@dataclass(frozen=True)
class Control:
    """One filter of a page's form: its word in the URL, its label, the values to choose from (none: free text)."""

    name: str
    label: Any
    value: str
    options: list[tuple[str, Any]] | None = None
    kind: str = "search"


def controls(
    filterset: Any, names: Iterable[str], asked: QueryDict, unless_asked: dict[str, str] | None = None
) -> list[Control]:
    """The form of the named filters, showing what was asked, else what holds unless one asks."""
    usual = unless_asked or {}
    return [_control(filterset, name, asked.get(name, "") or usual.get(name, "")) for name in names]


def _control(filterset: Any, name: str, value: str) -> Control:
    label = LABELS[name]()
    if name in {"since", "on", "as_of"}:
        return Control(name, label, value, kind="date")
    if name == "within":
        return Control(name, label, value, kind="number")
    if name in {"overdue", "committed"}:
        return Control(name, label, value, [("true", _("yes")), ("false", _("no"))])
    if name in CHOICES:
        return Control(name, label, value, _with_asked(CHOICES[name](), value))
    choices = filterset.base_filters[name].extra.get("choices")
    return Control(name, label, value, list(getattr(choices, "choices", choices)) if choices else None)


def _with_asked(options: list[tuple[str, Any]], value: str) -> list[tuple[str, Any]]:
    """The options, and what was asked where it is none of them: the form never shows another filter than the URL."""
    if not value or value in {str(key) for key, _label in options}:
        return options
    named = (
        Partner.objects.filter(pk=value).first() if value.isascii() and value.isdigit() and len(value) < 19 else None
    )
    return [(value, str(named or value)), *options]


def _countries() -> list[tuple[str, Any]]:
    codes = Partner.objects.foreign().exclude(country="").order_by().values_list("country", flat=True).distinct()
    return sorted(((code, countries.name(code)) for code in codes), key=lambda pair: str(pair[1]))


def _all_countries() -> list[tuple[str, Any]]:
    codes = Partner.objects.exclude(country="").order_by().values_list("country", flat=True).distinct()
    return sorted(((code, countries.name(code)) for code in codes), key=lambda pair: str(pair[1]))


def _records(rows: Any) -> list[tuple[str, Any]]:
    return [(str(row.pk), row.local_name) for row in rows.order_by("name", "id")[:300]]


def _leads() -> list[tuple[str, Any]]:
    # Two looks at an index for each partner. Of "is there a row of his" the planner, who takes all for leads alike,
    # expects one among the first rows, and reads every item for each partner who leads nothing.
    led = Q()
    for model in (Project, RoadmapItem):
        from_him_on = model.objects.filter(lead__gte=OuterRef("pk")).order_by("lead").values("lead")
        led |= Q(pk=Subquery(from_him_on[:1]))
    return _records(Partner.objects.filter(led))


LABELS: dict[str, Callable[[], str]] = {
    "search": lambda: _("Words"),
    "since": lambda: _("After the day"),
    "on": lambda: _("On the day"),
    "what": lambda: _("What"),
    "as_of": lambda: _("As recorded on"),
    "within": lambda: _("Within (days)"),
    "months": lambda: _("Within (months)"),
    "by": lambda: _("Added up by"),
    "partner": lambda: _("Partner"),
    "country": lambda: _("Country"),
    "kind": lambda: _("Kind"),
    "status": lambda: _("Status"),
    "stage": lambda: _("Stage"),
    "sector": lambda: _("Sector"),
    "roadmap": lambda: _("Roadmap"),
    "lead": lambda: _("Lead"),
    "working_group": lambda: _("Body"),
    "overdue": lambda: _("Overdue"),
    "committed": lambda: _("Committed"),
}
CHOICES: dict[str, Callable[[], list[tuple[str, Any]]]] = {
    "partner": _countries,
    "country": _all_countries,
    "sector": lambda: _records(Sector.objects.all()),
    "roadmap": lambda: _records(Roadmap.objects.all()),
    "working_group": lambda: _records(WorkingGroup.objects.all()),
    "lead": _leads,
}


@dataclass(frozen=True)
class Listing:
    """A list page: what it lists, by which filters, in which orders, and the component that draws the rows."""

    model: Any
    filterset: Any
    names: tuple[str, ...]
    orderings: dict[str, Any]
    component: str
    shown: Callable[[Any], Any]
    first: str = field(default="name")

    @property
    def parameters(self) -> set[str]:
        return {*self.filterset.base_filters, "ordering", "page"}


def parties() -> Prefetch:
    return Prefetch("parties", AgreementParty.objects.select_related("partner"))


def of_partner_list(rows: Any) -> Any:
    return rows.select_related("parent", "located_in")


def of_agreement_list(rows: Any) -> Any:
    return rows.with_term(today()).prefetch_related(parties())


def of_roadmap_list(rows: Any) -> Any:
    return rows.with_counts().select_related("counterpart")


def of_project_list(rows: Any) -> Any:
    return rows.with_overdue(today()).select_related("lead").prefetch_related("items__roadmap")


def of_group_list(rows: Any) -> Any:
    coming = Meeting.objects.filter(working_group=OuterRef("pk"), held__last_day__gte=today())
    held = Meeting.objects.filter(working_group=OuterRef("pk"), held__last_day__lt=today())
    return (
        rows.annotate(
            next_session=Subquery(coming.order_by("held__first_day", "id").values("held")[:1]),
            last_session=Subquery(held.order_by("-held__last_day", "-id").values("held")[:1]),
        )
        .select_related("parent")
        .prefetch_related("sides")
    )


def of_meeting_list(rows: Any) -> Any:
    return rows.select_related("place", "working_group").prefetch_related("participants__partner")


def _newest(column: str) -> Any:
    return F(f"{column}__first_day").desc(nulls_last=True)


LISTINGS: dict[str, Listing] = {
    "partners": Listing(
        Partner,
        of_partners.PartnerFilterSet,
        ("search", "country", "kind", "sector"),
        {"name": "name", "kind": "kind", "country": "country"},
        "_components/partners.html",
        of_partner_list,
    ),
    "agreements": Listing(
        Agreement,
        of_agreements.AgreementFilterSet,
        ("search", "partner", "kind", "status", "sector"),
        {"signed": _newest("signed"), "name": "name", "kind": "kind"},
        "_components/agreements.html",
        of_agreement_list,
        first="signed",
    ),
    "roadmaps": Listing(
        Roadmap,
        of_agreements.RoadmapFilterSet,
        ("search", "partner", "kind", "status"),
        {"signed": _newest("signed"), "name": "name", "status": "status"},
        "_components/roadmaps.html",
        of_roadmap_list,
        first="signed",
    ),
    "projects": Listing(
        Project,
        of_projects.ProjectFilterSet,
        ("search", "partner", "roadmap", "lead", "stage", "sector", "committed", "overdue"),
        {
            "name": "name",
            "stage": "stage",
            "due": F("due__last_day").asc(nulls_last=True),
            "last_reported_on": F("last_reported_on").desc(nulls_last=True),
        },
        "_components/projects.html",
        of_project_list,
    ),
    "working-groups": Listing(
        WorkingGroup,
        of_agreements.WorkingGroupFilterSet,
        ("search", "partner", "kind", "sector"),
        {"name": "name", "kind": "kind"},
        "_components/bodies.html",
        of_group_list,
    ),
    "meetings": Listing(
        Meeting,
        of_agreements.MeetingFilterSet,
        ("search", "partner", "kind", "working_group"),
        {"held": _newest("held"), "name": "name", "kind": "kind"},
        "_components/meetings.html",
        of_meeting_list,
        first="held",
    ),
}
ORDERINGS: dict[str, Callable[[], str]] = {
    "name": lambda: _("name"),
    "kind": lambda: _("kind"),
    "country": lambda: _("country"),
    "signed": lambda: _("signed, newest first"),
    "status": lambda: _("status"),
    "stage": lambda: _("stage"),
    "due": lambda: _("deadline"),
    "held": lambda: _("date, newest first"),
    "last_reported_on": lambda: _("last report, newest first"),
}
