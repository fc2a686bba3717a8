"""The register of a past day is the one that was recorded on it, whatever was done to it afterwards."""

import json
import random
from datetime import timedelta

import pghistory.models
import pgtrigger
import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import Error, connection, transaction
from django.db.models import F
from django.db.models.deletion import ProtectedError

from agreements.models import Roadmap, RoadmapItem
from config.api import REPORTS, RESOURCES
from oversight.listing import LISTINGS
from partners.asof import as_of, make_views
from partners.dates import PartialDate, today
from partners.models import Partner, Record
from projects.models import Project, StatusUpdate
from tests.builders import grow

pytestmark = pytest.mark.django_db

EVENTS = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
RECORDS = [model for model in apps.get_models() if issubclass(model, Record) and model._meta.managed]
JUDGED = ["roadmap-items", "projects"]


def age(days):
    """Let everything that is recorded so far have been recorded so many days earlier."""
    with pgtrigger.ignore():
        for model in EVENTS:
            model.objects.update(pgh_created_at=F("pgh_created_at") - timedelta(days=days))


@pytest.fixture
def controlled(client, controller):
    client.force_login(controller)
    grow(controller, rows=3)
    return client


def canonical(client, address, **asked):
    """The rows of all pages, without what names the address that was asked."""
    rows, link = [], f"/api/v1/{address}/"
    while link:
        answer = client.get(link, asked if "cursor" not in link else None)
        assert answer.status_code == 200, answer.content
        body = answer.json()
        rows += body["results"]
        link = body.get("next")
    return json.dumps([_without_url(row) for row in rows], sort_keys=True)


def _without_url(row):
    return {key: value for key, value in row.items() if key != "url"}


def everything(client, day, *, back):
    """What programs and people read of the register, judged on the day: now, or as it was recorded then."""
    asked = {"as_of": str(day)} if back else {}
    judged = asked or {"on": str(day)}
    found = {}
    for row in RESOURCES:
        found[row.route] = canonical(client, row.route, page_size=200, **(judged if row.route in JUDGED else asked))
    for row in JUDGED:
        found[f"{row}, late"] = canonical(client, row, overdue="true", **judged)
    for name in REPORTS:
        found[name] = canonical(client, f"reports/{name}", **judged)
    for page in ("overdue", "due", "silent", "terms", "slippage", "findings"):
        found[f"{page}.csv"] = b"".join(client.get(f"/{page}/", {"format": "csv", **judged}).streaming_content)
    return found


class Editor:
    """Does at random what people do to the register."""

    def __init__(self, by, seed=4):
        self.by, self.random, self.done = by, random.Random(seed), 0  # noqa: S311

    def kinds(self):
        return [self.rename, self.delete, self.move, self.close, self.reopen, self.report, self.link, self.add]

    def work(self, edits):
        while self.done < edits:
            try:
                with transaction.atomic():
                    self.random.choice(self.kinds())()
            except (ProtectedError, ValidationError, Error, IndexError):
                continue
            self.done += 1

    def any(self, rows):
        return self.random.choice(list(rows.order_by("pk")))

    def rename(self):
        record = self.any(self.random.choice([Partner, Roadmap, RoadmapItem, Project]).objects)
        record.name = f"Renamed {self.random.random()}"
        record.save()

    def delete(self):
        self.any(self.random.choice(RECORDS).objects).delete()

    def move(self):
        to = PartialDate.parse(str(today() + timedelta(days=self.random.randrange(900))))
        self.any(RoadmapItem.objects.open(today())).reschedule(to=to, why="Agreed.", by=self.by)

    def close(self):
        self.any(RoadmapItem.objects.open(today())).close(as_="fulfilled", why="Done.", by=self.by)

    def reopen(self):
        self.any(RoadmapItem.objects.exclude(closed_as="")).reopen(why="Not done.", by=self.by)

    def report(self):
        StatusUpdate.objects.create(
            project=self.any(Project.objects), stage="completed", confidence="on_track", text="Done.", author=self.by,
            state="submitted", submitted_on=today(),
        )  # fmt: skip

    def link(self):
        project, item = self.any(Project.objects), self.any(RoadmapItem.objects)
        (project.items.remove if item in project.items.all() else project.items.add)(item)

    def add(self):
        grow(self.by)


def test_a_day_in_the_past_reads_byte_for_byte_as_it_was_recorded(controlled, controller):
    day = today() - timedelta(days=5)
    before = everything(controlled, day, back=False)
    age(10)
    Editor(controller).work(200)
    now = everything(controlled, day, back=False)
    then = everything(controlled, day, back=True)
    assert [name for name in before if then[name] != before[name]] == []
    # The control: today's knowledge of that day is another one, nearly everywhere.
    assert len([name for name in before if now[name] != before[name]]) > 20


def test_a_closed_a_moved_and_a_deleted_row_are_as_they_were(controlled, controller):
    day = today() - timedelta(days=5)
    closed, moved, deleted = RoadmapItem.objects.filter(name__startswith="Item due soon").order_by("pk")
    age(10)
    closed.close(as_="fulfilled", why="Done.", by=controller)
    moved.reschedule(to=PartialDate.parse("2031"), why="Agreed.", by=controller)
    deleted.delete()
    found = controlled.get("/api/v1/roadmap-items/", {"as_of": str(day), "search": "Item due soon"}).json()["results"]
    assert [(row["closed_as"], row["due"]) for row in found] == [("", str(today() + timedelta(days=7)))] * 3
    assert controlled.get(f"/roadmap-items/{deleted.reference}/").status_code == 404
    page = controlled.get(f"/roadmap-items/{deleted.reference}/", {"as_of": str(day)})
    assert page.status_code == 200
    assert f"{day.day} {day:%B} {day.year}" in " ".join(page.content.decode().split())


def test_before_the_first_load_the_register_is_empty_and_says_so(controlled):
    day = today() - timedelta(days=5)
    for address in ("/", "/overdue/", "/projects/", "/partners/", "/findings/"):
        page = controlled.get(address, {"as_of": str(day)})
        assert page.status_code == 200
        assert "Nothing was recorded yet" in page.content.decode()
    assert controlled.get("/api/v1/partners/", {"as_of": str(day), "count": "true"}).json()["count"] == 0


@pytest.mark.parametrize("value", ["2999-01-01", "yesterday", "2026-13-01"])
@pytest.mark.parametrize(
    "address", ["/", "/overdue/", "/projects/", "/search/", "/api/v1/projects/", "/api/v1/reports/gaps/"]
)
def test_a_day_to_come_or_none_at_all_is_refused_by_name(controlled, address, value):
    answer = controlled.get(address, {"as_of": value})
    assert answer.status_code == 400
    assert "as_of" in answer.content.decode()


def test_a_record_page_refuses_a_bad_day(controlled):
    partner = Partner.objects.first()
    assert controlled.get(f"/partners/{partner.reference}/", {"as_of": "x"}).status_code == 400


@pytest.mark.parametrize("address", ["/", "/overdue/", "/slippage/", *[f"/{name}/" for name in LISTINGS]])
def test_a_page_of_the_past_stays_there_until_one_leaves(controlled, address):
    day = today()
    answer = controlled.get(address, {"as_of": str(day)})
    text = answer.content.decode()
    links = [part.split('"')[0] for part in text.split('href="')[1:]]
    inside = [link for link in links if not link.startswith(("#", "/admin/", "/static/", "/accounts/"))]
    leaving = [link for link in inside if "as_of" not in link]
    assert len(inside) > 8
    assert len(leaving) == 1
    for form in [part.split("</form>")[0] for part in text.split("<form")[1:]]:
        assert form.count('name="as_of"') == ("post" not in form.split(">")[0])


def test_the_present_is_read_from_the_tables_again_afterwards(controlled):
    with connection.cursor() as cursor, as_of(today() - timedelta(days=3)):
        cursor.execute("SELECT to_regclass('partners_partner')::text")
        assert cursor.fetchone() == ("partners_partner",)
        assert not Partner.objects.exists()
        assert today() < today().max
    assert Partner.objects.exists()


def test_the_views_have_the_columns_of_the_tables(db):
    make_views()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'as_of'"
        )
        views = set(cursor.fetchall())
        names = {table for table, _column, _type in views}
        cursor.execute("SELECT table_name, column_name, data_type FROM information_schema.columns"
                       " WHERE table_schema = 'public' AND table_name = ANY(%s)", [sorted(names)])  # fmt: skip
        assert views == set(cursor.fetchall())
    assert names == {model.pgh_tracked_model._meta.db_table for model in EVENTS} | {
        "oversight_move",
        "agreements_itemstanding",
        "projects_projectstanding",
    }
