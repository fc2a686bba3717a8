"""Midnight in Minsk, whatever the clock of the machine or of the database says: due today is not overdue."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from agreements.models import Roadmap, RoadmapItem
from partners.models import Partner
from projects.models import Project

pytestmark = pytest.mark.django_db
# Due on 2026-03-10 in Minsk, which is three hours ahead: that day is over at 21:00 UTC.
OVER = datetime(2026, 3, 10, 21, tzinfo=UTC)
MOMENTS = [
    pytest.param(OVER + timedelta(minutes=minutes), id=f"{hour} in Minsk")
    for minutes, hour in [(-181, "20:59"), (-1, "23:59"), (0, "00:00"), (1, "00:01"), (179, "02:59"), (181, "03:01")]
]


@pytest.fixture
def register(cast):
    abroad = Partner.objects.create(name="Region", kind="region", country="CN")
    home = Partner.objects.create(name="Ministry", kind="authority", country="BY")
    roadmap = Roadmap.objects.create(
        name="Roadmap", status="signed", counterpart=abroad, home_side=home, period="2026/2027"
    )
    RoadmapItem.objects.create(roadmap=roadmap, name="Item due on that day", due="2026-03-10", lead=home)
    Project.objects.create(name="Project due on that day", stage_at_entry="agreed", due="2026-03-10", lead=home)
    return cast("administrator")


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai"])
def zone(request):
    """Both the process and the database live elsewhere."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = %s", [request.param])
    yield
    os.environ.pop("TZ")
    if before:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_view_of_what_is_overdue_turns_at_midnight_in_minsk(client, register, zone, moment):
    expected = moment >= OVER
    with time_machine.travel(moment, tick=False):
        client.force_login(register)
        shown = {
            "page of items": "Item due on that day" in client.get("/overdue/").content.decode(),
            "report": len(client.get("/api/v1/reports/overdue/").json()["results"]) == 2,
            "items of the API": bool(client.get("/api/v1/roadmap-items/?overdue=true").json()["results"]),
            "projects of the API": bool(client.get("/api/v1/projects/?overdue=true").json()["results"]),
            "admin": "Item due on that day"
            in client.get("/admin/agreements/roadmapitem/?overdue=yes").content.decode(),
        }
    assert set(shown.items()) == {(name, expected) for name in shown}
