"""What a record's page shows besides its own columns: the related records, each list cut after SHOWN rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from agreements.models import Agreement, AgreementRelation, Meeting, Roadmap, RoadmapItem, WorkingGroup
from doors.permissions import may
from oversight import listing, portrait
from oversight.memory import remembered
from oversight.scores import roadmap_score
from oversight.timeline import GROUPS, timeline
from partners.dates import today
from partners.models import Contact, Partner
from projects.models import Indicator, Project, StatusUpdate

SHOWN, FIRST = 50, 4000


@dataclass(frozen=True)
class Related:
    """The first rows of a list, and where the rest is."""

    rows: list[Any]
    more: str = ""


def related(rows: Any, more: str = "") -> Related:
    found = list(rows[: SHOWN + 1])
    return Related(found[:SHOWN], more if len(found) > SHOWN else "")


def listed(name: str, partners: Any, partner: Partner) -> Related:
    """The part of a list page that concerns the partner and what is under it."""
    page = listing.LISTINGS[name]
    order, more = (page.orderings[page.first], "id"), f"{reverse(name)}?partner={partner.pk}"
    rows = page.model.objects.of_partners(partners).order_by(*order)
    # Much stands with a large partner: enough is found among the first rows of all, in a fraction of the time.
    among_first = related(
        page.shown(rows.filter(pk__in=page.model.objects.order_by(*order).values("pk")[:FIRST])), more
    )
    return among_first if among_first.more else related(page.shown(rows), more)


def of_partner(partner: Partner, request: Any) -> dict[str, Any]:
    under = Partner.objects.under(partner)
    names = ("agreements", "roadmaps", "projects", "meetings")
    return {
        **{name: listed(name, under, partner) for name in names},
        "bodies": listed("working-groups", under, partner),
        "indicators": indicators(Indicator.objects.of_partners(under)),
        **remembered(_portrait, partner.pk, today()),
        "under": related(listing.of_partner_list(under.exclude(pk=partner.pk).order_by("name", "id"))),
        "aliases": partner.aliases.all(),
        "founders": partner.founders.all(),
        "founded": partner.founded.all(),
        "contacts": partner.contacts.all() if may(request.user, "view", Contact) else [],
    }


def _portrait(partner: int, on: date) -> dict[str, Any]:
    under = Partner.objects.under(Partner.objects.get(pk=partner))
    return {"chronicle": portrait.chronicle(under, on), "gaps": portrait.partner_gaps(under)}


def of_agreement(agreement: Agreement, request: Any) -> dict[str, Any]:
    roadmaps = Roadmap.objects.filter(Q(adopted_by=agreement) | Q(basis=agreement)).distinct()
    from_others = AgreementRelation.objects.filter(to=agreement).select_related("agreement")
    return {
        "term": Agreement.objects.with_term(today()).get(pk=agreement.pk),
        "parties": agreement.parties.select_related("partner"),
        "term_changes": agreement.term_changes.select_related("by"),
        "relations": agreement.relations.select_related("to"),
        "relations_from": from_others,
        "roadmaps": related(listing.of_roadmap_list(roadmaps)),
        "projects": related(listing.of_project_list(agreement.projects.all())),
        "children": related(listing.of_agreement_list(agreement.children.all())),
        "bodies": related(listing.of_group_list(agreement.founded_groups.all())),
        "sectors": agreement.sectors.all(),
        "files": agreement.files.all(),
    }


def of_roadmap(roadmap: Roadmap, request: Any) -> dict[str, Any]:
    on = today()
    items = roadmap.items.with_overdue(on).select_related("roadmap", "area", "lead")
    group = request.GET.get("group", "area")
    return {
        "score": roadmap_score(on, roadmap),
        "timeline": timeline(roadmap, on, group if group in GROUPS else "area"),
        "groupings": [("area", _("area")), ("lead", _("lead")), ("status", _("status"))],
        "group": group,
        "items": related(with_projects(items.order_by("area__position", "area_id", "position", "id"))),
        "areas": roadmap.areas.all(),
        "basis": related(listing.of_agreement_list(roadmap.basis.all())),
        "indicators": indicators(roadmap.indicators.all()),
    }


def of_item(item: RoadmapItem, request: Any) -> dict[str, Any]:
    return {
        "item": RoadmapItem.objects.with_overdue(today()).get(pk=item.pk),
        "projects": related(listing.of_project_list(item.projects.all())),
        "co_executors": item.co_executors.all(),
        "moves": item.reschedulings.select_related("requested_by", "decided_by"),
        "reopenings": item.reopenings.select_related("closed_by", "reopened_by"),
        "updates": _reports(
            StatusUpdate.objects.filter(project__in=item.projects.order_by().values("pk")), request.user
        ),
    }


def of_group(group: WorkingGroup, request: Any) -> dict[str, Any]:
    return {
        "sides": group.sides.all(),
        "children": related(listing.of_group_list(group.children.all())),
        "meetings": related(listing.of_meeting_list(group.meetings.all())),
        "projects": related(listing.of_project_list(group.projects.all())),
        "items": related(with_projects(group.items.with_overdue(today()).select_related("roadmap", "lead"))),
        "indicators": indicators(group.indicators.all()),
    }


def of_meeting(meeting: Meeting, request: Any) -> dict[str, Any]:
    return {
        "participants": meeting.participants.select_related("partner"),
        "files": meeting.files.all(),
        "agreements": related(listing.of_agreement_list(meeting.agreements.all())),
        "roadmaps": related(listing.of_roadmap_list(meeting.roadmaps.all())),
        "children": related(listing.of_meeting_list(meeting.children.all())),
        "projects": related(listing.of_project_list(meeting.projects.all())),
        "bodies": related(listing.of_group_list(meeting.founded_groups.all())),
        "indicators": indicators(meeting.indicators.all()),
    }


def of_project(project: Project, request: Any) -> dict[str, Any]:
    on = today()
    items = project.items.with_overdue(on).select_related("roadmap", "lead", "area")
    return {
        "project": Project.objects.with_overdue(on).with_counterpart().get(pk=project.pk),
        "parties": project.parties.select_related("partner"),
        "measures": project.measures.all(),
        "items": related(items),
        "meetings": related(listing.of_meeting_list(project.raised_at.all())),
        "milestones": project.milestones.all(),
        "updates": _reports(project.updates.all(), request.user),
        "moves": project.reschedulings.select_related("requested_by", "decided_by"),
        "followed_by": project.followed_by.all(),
        "sectors": project.sectors.all(),
        "indicators": indicators(project.indicators.all()),
    }


def _reports(updates: Any, user: Any) -> Any:
    return updates.visible_to(user).select_related("author", "decided_by").prefetch_related("evidence")[:SHOWN]


def with_projects(items: Any) -> Any:
    return items.prefetch_related(Prefetch("projects", Project.objects.order_by("name", "id")))


def indicators(rows: Any) -> Related:
    return related(rows.select_related("subject", "counterpart").prefetch_related("targets", "observations"))


PAGES: dict[Any, Any] = {
    Partner: of_partner,
    Agreement: of_agreement,
    Roadmap: of_roadmap,
    RoadmapItem: of_item,
    WorkingGroup: of_group,
    Meeting: of_meeting,
    Project: of_project,
}
