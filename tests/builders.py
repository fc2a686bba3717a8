"""Rows of every kind, linked as the real ones are, for tests that compare a few with many."""

import itertools
from datetime import date, timedelta

from django.core.files.base import ContentFile
from django_countries import countries

from agreements.models import (
    Agreement,
    ItemRescheduling,
    Meeting,
    Reopening,
    Roadmap,
    RoadmapArea,
    RoadmapItem,
    WorkingGroup,
)
from partners.dates import PartialDate, today
from partners.models import Citation, Contact, Partner, Sector, Source
from projects.models import Evidence, Indicator, Milestone, Project, ProjectRescheduling, StatusUpdate

STATES = [code for code, _name in countries if code != "BY"]
_numbers = itertools.count(1)


def grow(author, rows=1):
    """Add so many rows of each kind, all of them late, silent and incomplete, so that every report shows them."""
    for _ in range(rows):
        _one_of_each(author, next(_numbers))


def _one_of_each(author, n):
    sector = Sector.objects.create(name=f"Sector {n}")
    source = Source.objects.create(title=f"Source {n}", kind="book")
    home = Partner.objects.create(name=f"Ministry {n}", kind="authority", country="BY")
    abroad = Partner.objects.create(name=f"Region {n}", kind="region", country="CN", located_in=home)
    plant = Partner.objects.create(
        name=f"Plant {n}", kind="enterprise", country="CN", parent=abroad, is_placeholder=True
    )
    Partner.objects.create(name=f"State {n}", kind="state", country=STATES[n % len(STATES)])
    plant.founders.add(home)
    plant.sectors.add(sector)
    plant.aliases.create(text=f"Works {n}", kind="former")
    Contact.objects.create(partner=plant, full_name=f"Office {n}")
    meeting = Meeting.objects.create(
        name=f"Session {n}", kind="session", held="2023-10", place=abroad, declared_documents=9
    )
    meeting.participants.create(partner=abroad)
    agreement = Agreement.objects.create(
        name=f"Agreement {n}",
        kind="plan",
        signed="2023",
        meeting=meeting,
        place=abroad,
        declared_parties=9,
        valid_until=str(today() + timedelta(days=7)),
    )
    for party in (home, abroad):
        agreement.parties.create(partner=party)
    agreement.sectors.add(sector)
    body = WorkingGroup.objects.create(
        name=f"Commission {n}", kind="commission", founding_agreement=agreement, founding_meeting=meeting
    )
    body.sides.add(home, abroad)
    Meeting.objects.create(name=f"Nested {n}", kind="talks", working_group=body, parent=meeting)
    roadmap = Roadmap.objects.create(
        name=f"Roadmap {n}",
        status="signed",
        counterpart=abroad,
        home_side=home,
        period="2020/2021",
        declared_items=74,
        declared_areas=15,
        adopted_by=agreement,
        adopted_at=meeting,
    )
    roadmap.basis.add(agreement)
    area = RoadmapArea.objects.create(roadmap=roadmap, name=f"Area {n}")
    item = RoadmapItem.objects.create(
        roadmap=roadmap,
        area=area,
        name=f"Item {n}",
        due="2020-03",
        lead=home,
        working_group=body,
        counterpart_lead=plant,
    )
    item.co_executors.add(home)
    soon = PartialDate(today() + timedelta(days=7), today() + timedelta(days=7))
    RoadmapItem.objects.create(roadmap=roadmap, name=f"Item due soon {n}", due=soon)
    RoadmapItem.objects.create(roadmap=roadmap, name=f"Bare item {n}", lead=home)
    project = Project.objects.create(
        name=f"Project {n}",
        stage_at_entry="agreed",
        lead=home,
        agreement=agreement,
        working_group=body,
        place=abroad,
        monitored_since=date(2020, 1, 1),
    )
    project.items.add(item)
    project.raised_at.add(meeting)
    project.sectors.add(sector)
    project.parties.create(partner=abroad, role="counterpart")
    project.measures.create(kind="jobs", value=5)
    alone = Project.objects.create(
        name=f"Lone project {n}", stage_at_entry="agreed", due="2020", follows=project, monitored_since=date(2020, 1, 1)
    )
    Milestone.objects.create(project=project, name=f"Milestone {n}", due="2021")
    StatusUpdate.objects.create(
        project=project, stage="in_progress", confidence="on_track", text=f"News {n}", author=author, state="submitted",
        submitted_on=date(2021, 1, 1),
    )  # fmt: skip
    draft = StatusUpdate.objects.create(
        project=project, stage="in_progress", confidence="on_track", text=f"Draft {n}", author=author
    )
    evidence = Evidence(update=draft, content=ContentFile(b"done", name=f"note {n}.txt"))
    evidence.describe()
    evidence.save()
    Reopening.objects.create(
        item=item,
        closed_as="dropped",
        closed_on=date(2021, 1, 1),
        closed_why="w",
        reopened_on=date(2021, 2, 1),
        reopened_by=author,
        reopened_why="w",
    )
    moves = {"old_due": "2020-03", "new_due": "2020-05", "reason": "r", "requested_on": date(2020, 1, 1)}
    ItemRescheduling.objects.create(
        item=item, **moves, decision="agreed", decided_on=date(2020, 1, 2), requested_by=author, decided_by=author
    )
    ProjectRescheduling.objects.create(project=alone, **moves, requested_by=author)
    indicator = Indicator.objects.create(
        name=f"Indicator {n}", quantity="q", unit="u", subject=abroad, counterpart=home
    )
    Indicator.objects.create(name=f"Of roadmap {n}", quantity="q", unit="u", roadmap=roadmap)
    indicator.targets.create(value=5)
    indicator.observations.create(value=4)
    for record in (plant, meeting, agreement, body, roadmap, item, project, indicator):
        Citation.objects.create(record=record, source=source, closeness="on", line=n)


def form_data(page):
    """What a browser would send back of an admin's change form."""
    found = {}
    formsets = [inline.formset for inline in page.context["inline_admin_formsets"]]
    for formset in formsets:
        found |= {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
    forms = [page.context["adminform"].form, *[form for formset in formsets for form in formset.initial_forms]]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                found[bound.html_name] = value
    return found
