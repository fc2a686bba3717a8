"""Every page, changelist, endpoint and report asks the database as often for one row as for fifty."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Agreement, Meeting, Roadmap, RoadmapItem, WorkingGroup
from config.api import REPORTS, RESOURCES
from oversight import memory
from oversight.listing import LISTINGS
from partners.models import Partner, Record
from projects.models import Project
from tests.builders import grow

pytestmark = pytest.mark.django_db

CHANGELISTS = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for model in admin.site._registry
    if issubclass(model, Record)
]
ADDRESSES = [
    "/",
    "/overdue/",
    "/overdue/?ordering=-partner",
    "/?since=2021-01-01",
    *["/overdue/?group=partner", "/due/", "/due/?group=lead", "/silent/", "/silent/?group=roadmap"],
    *["/slippage/", "/slippage/?by=lead", "/terms/"],
    "/findings/",
    "/search/?q=agreement",
    "/admin/",
    *[f"/{name}/" for name in LISTINGS],
    *CHANGELISTS,
    *[f"/api/v1/{resource.route}/?page_size=200" for resource in RESOURCES],
    *[f"/api/v1/reports/{name}/" for name in REPORTS if name != "compare"],
    *["/compare/?since=2019-12-31", "/api/v1/reports/compare/?since=2019-12-31"],
    "/api/v1/reports/slippage/?by=partner",
]


def queries(client, address):
    memory._kept.clear()
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, answer.content[:500]
    return len(captured), answer.content


@pytest.fixture
def reader(client, cast):
    user = cast("controller", is_superuser=True)
    client.force_login(user)
    grow(user)
    return client, user


def test_each_list_costs_the_same_for_one_row_and_for_fifty(reader):
    client, user = reader
    for address in ADDRESSES:  # what is asked once for a process, such as content types
        client.get(address)
    before = {address: queries(client, address) for address in ADDRESSES}
    grow(user, rows=49)
    after = {address: queries(client, address) for address in ADDRESSES}
    cost = {address: (before[address][0], after[address][0]) for address in ADDRESSES}
    dearer = {address: numbers for address, numbers in cost.items() if numbers[1] > numbers[0]}
    assert dearer == {}
    unmoved = [address for address in ADDRESSES if len(after[address][1]) <= len(before[address][1])]
    assert unmoved == []  # each of them showed the new rows


def test_each_record_costs_the_same_with_one_related_row_and_with_many(reader):
    client, _user = reader
    partner = Partner.objects.get(name__startswith="Region")
    group, meeting, agreement = WorkingGroup.objects.get(), Meeting.objects.get(kind="session"), Agreement.objects.get()
    roadmap, item = Roadmap.objects.get(), RoadmapItem.objects.get(area__isnull=False)
    project = Project.objects.get(name__startswith="Project")
    pages = [record.get_absolute_url() for record in (partner, group, meeting, agreement, roadmap, item, project)]
    for page in pages:
        client.get(page)
    before = [queries(client, page)[0] for page in pages]
    for n in range(20):
        more = Project.objects.create(name=f"More {n}", agreement=agreement, working_group=group, lead=partner)
        more.items.add(item)
        more.raised_at.add(meeting)
        added = RoadmapItem.objects.create(roadmap=roadmap, name=f"More {n}", lead=partner, working_group=group)
        project.items.add(added)
        place = Partner.objects.create(name=f"Town {n}", kind="city", country="CN", located_in=partner)
        agreement.parties.create(partner=place)
        meeting.participants.create(partner=place)
        group.sides.add(place)
    assert [queries(client, page)[0] for page in pages] == before
