"""What a record's page shows: facts, then lists of related records. One table for all kinds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from agreements.models import Agreement, Meeting, Roadmap, WorkingGroup
from partners.models import Partner
from projects.models import Indicator, Project

HIDDEN = {
    "id",
    "reference",
    "version",
    "created_at",
    "created_by",
    "modified_at",
    "modified_by",
    "name",
    "original_due",
}
HIDDEN |= {f"name_{language}{suffix}" for language in ("ru", "be") for suffix in ("", "_origin")}


@dataclass(frozen=True)
class Section:
    """A titled list of records."""

    title: Any
    rows: Iterable[Any]


def facts(record: Any) -> list[tuple[Any, Any]]:
    """Label and value of each filled column; an enum by its label, a link as the record itself."""
    found = []
    for field in record._meta.concrete_fields:
        value = getattr(record, field.name)
        if field.name in HIDDEN or value in (None, "", False) or field.name.endswith("_qualifier"):
            continue
        found.append(
            (field.verbose_name, record.__getattribute__(f"get_{field.name}_display")() if field.choices else value)
        )
    return found


def sections(record: Any) -> list[Section]:
    """The related records, by the kind of the record; empty lists are left out by the page."""
    return [Section(title, list(rows)) for title, rows in BUILDERS[type(record)](record)]


def of_partner(partner: Partner) -> list[tuple[Any, Any]]:
    under = Partner.objects.under(partner)
    return [
        (_("Also known as"), partner.aliases.all()),
        (_("Agreements"), Agreement.objects.of_partners(under)),
        (_("Roadmaps"), Roadmap.objects.of_partners(under)),
        (_("Working groups"), WorkingGroup.objects.of_partners(under)),
        (_("Meetings"), Meeting.objects.of_partners(under)),
        (_("Projects"), Project.objects.of_partners(under)),
        (_("Indicators"), readings(Indicator.objects.of_partners(under))),
        (_("Under it"), under.exclude(pk=partner.pk)),
    ]


def of_agreement(agreement: Agreement) -> list[tuple[Any, Any]]:
    return [
        (_("Parties"), [party.partner for party in agreement.parties.select_related("partner")]),
        (_("Relations"), [relation.to for relation in agreement.relations.select_related("to")]),
        (_("Roadmaps"), [*agreement.roadmaps.all(), *agreement.leads_to_roadmaps.all()]),
        (_("Projects"), agreement.projects.all()),
        (_("Made under it"), agreement.children.all()),
    ]


def of_roadmap(roadmap: Roadmap) -> list[tuple[Any, Any]]:
    return [
        (_("Areas"), roadmap.areas.all()),
        (_("Grows from"), roadmap.basis.all()),
        (_("Indicators"), readings(roadmap.indicators.all())),
    ]


def of_group(group: WorkingGroup) -> list[tuple[Any, Any]]:
    return [
        (_("Sides"), group.sides.all()),
        (_("Sessions"), group.meetings.all()),
        (_("Parts"), group.children.all()),
        (_("Projects"), group.projects.all()),
        (_("Roadmap items"), group.items.select_related("roadmap")),
    ]


def of_meeting(meeting: Meeting) -> list[tuple[Any, Any]]:
    return [
        (_("Participants"), [row.partner for row in meeting.participants.select_related("partner")]),
        (_("Signed here"), meeting.agreements.all()),
        (_("Roadmaps adopted"), meeting.roadmaps.all()),
        (_("Held within it"), meeting.children.all()),
        (_("Projects raised"), meeting.projects.all()),
        (_("Bodies founded"), meeting.founded_groups.all()),
    ]


def of_project(project: Project) -> list[tuple[Any, Any]]:
    return [
        (_("Parties"), [party.partner for party in project.parties.select_related("partner")]),
        (_("Measures"), project.measures.all()),
        (_("Delivers"), project.items.select_related("roadmap")),
        (_("Raised at"), project.raised_at.all()),
        (_("Milestones"), project.milestones.all()),
        (_("Accepted reports"), [update.text for update in project.updates.accepted()]),
        (_("Followed by"), project.followed_by.all()),
    ]


def readings(indicators: Any) -> list[str]:
    """An indicator as a line: its name, what was aimed at and what was observed."""
    lines = []
    for indicator in indicators.prefetch_related("targets", "observations"):
        aimed = [f"{target.get_kind_display()}: {_reading(target, indicator)}" for target in indicator.targets.all()]
        seen = [_reading(observation, indicator) for observation in indicator.observations.all()]
        lines.append(f"{indicator.local_name} – {'; '.join([*seen, *aimed])}")
    return lines


def _reading(reading: Any, indicator: Any) -> str:
    value = reading.text or f"{reading.get_qualifier_display()} {reading.value.normalize():,f} {indicator.unit}"
    period = reading.period_text or reading.period
    return f"{value} ({period})" if period else value


BUILDERS: dict[type[Any], Any] = {
    Partner: of_partner,
    Agreement: of_agreement,
    Roadmap: of_roadmap,
    WorkingGroup: of_group,
    Meeting: of_meeting,
    Project: of_project,
}
