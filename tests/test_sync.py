"""The sync feed: nothing is skipped, nothing is told to whom it does not concern, and a copy can prove itself.

The feed holds back what is not committed, so these tests commit, in a database of their own.
"""

import json
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agreements.models import RoadmapItem
from config.api import RESOURCES
from doors import changes
from partners.dates import PartialDate
from partners.models import Contact, Partner, PartnerAlias, Sector
from projects.models import Evidence, Project
from tests.builders import grow
from tests.copies import Copy
from tests.site import serve

WORDS = {"stage": "in_progress", "confidence": "on_track", "text": "Walls are up"}


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "sync") as site:
        with site.database():
            grow(site.user("officer", "the-author"), 2)
        yield site


@pytest.fixture
def register(site):
    """Django's connection turned to the site's database, where everything is committed."""
    with site.database():
        yield site


@pytest.fixture
def person(register):
    made = {}

    def make(role, name=None):
        name = name or role
        if name not in made:
            from django.contrib.auth import get_user_model

            made[name] = get_user_model().objects.filter(username=name).first() or register.user(role, name)
        return made[name]

    return make


@pytest.fixture
def reading(person):
    """Makes a copy of the register as somebody of a role reads it, up to now."""

    def read(role, name=None, query=""):
        client = Client()
        client.force_login(person(role, name))
        copy = Copy(lambda address: client.get(address), query)
        copy.read()
        return copy

    return read


@pytest.fixture
def other_writer(register):
    """A connection of somebody else."""
    with psycopg.connect(psycopg.conninfo.make_conninfo(**parameters())) as writer:
        yield writer


def parameters():
    known = connection.get_connection_params()
    return {name: known[name] for name in ("host", "port", "user", "password", "dbname") if known.get(name)}


# What is told


def test_a_copy_begins_with_all_rows_and_then_follows_what_changes(reading):
    copy = reading("viewer")
    sector = Sector.objects.create(name="Forestry")
    assert [(told["resource"], told["id"], told["deleted"]) for told in copy.read()] == [("sectors", sector.pk, False)]
    Sector.objects.filter(pk=sector.pk).update(name="Timber")
    told = copy.read()
    assert [(entry["version"], entry["record"]["name"]) for entry in told] == [(2, "Timber")]
    Sector.objects.filter(pk=sector.pk).delete()
    told = copy.read()
    assert [(entry["id"], entry["deleted"], entry["record"]) for entry in told] == [(sector.pk, True, None)]
    assert copy.read() == []
    assert ("sectors", sector.pk) not in copy.rows


def test_each_record_is_the_one_at_its_own_address_and_none_is_missing(reading, person):
    copy = reading("officer", "the-author", query="page_size=7")
    client = Client()
    client.force_login(person("officer", "the-author"))
    assert {route for route, _pk in copy.rows} == {resource.route for resource in RESOURCES}
    for (route, pk), entry in copy.rows.items():
        assert entry["record"] == client.get(f"/api/v1/{route}/{pk}/").json()
        assert entry["version"] == entry["record"]["version"]
    for resource in RESOURCES:
        rows = client.get(f"/api/v1/{resource.route}/?page_size=200").json()["results"]
        assert {row["id"] for row in rows} == {pk for route, pk in copy.rows if route == resource.route}


def test_a_record_that_changes_often_stands_once_on_a_page(reading):
    copy = reading("viewer")
    sector = Sector.objects.create(name="Once")
    for number in range(5):
        Sector.objects.filter(pk=sector.pk).update(name=f"Once {number}")
    assert [entry["record"]["name"] for entry in copy.read()] == ["Once 4"]


def test_pages_of_one_event_tell_the_same_as_a_large_one(reading):
    copy = reading("viewer", query="page_size=1")
    with transaction.atomic():
        made = [Sector.objects.create(name=f"Small {number}") for number in range(3)]
        Partner.objects.first().sectors.add(*made)
        made[0].partners.clear()
    assert {(entry["resource"], entry["id"]) for entry in copy.read()} >= {("sectors", row.pk) for row in made}
    assert copy.differences() == []


def record_of(entries, resource, pk):
    return next(entry["record"] for entry in entries if (entry["resource"], entry["id"]) == (resource, pk))


def test_a_part_and_a_link_are_changes_of_the_record_that_shows_them(reading):
    copy = reading("viewer")
    first, second = Partner.objects.order_by("pk")[:2]
    alias = first.aliases.create(text="Known as", kind="former")
    assert "Known as" in str(record_of(copy.read(), "partners", first.pk)["aliases"])
    PartnerAlias.objects.filter(pk=alias.pk).update(partner=second)
    told = copy.read()
    assert "Known as" not in str(record_of(told, "partners", first.pk)["aliases"])
    assert "Known as" in str(record_of(told, "partners", second.pk)["aliases"])
    sector = Sector.objects.create(name="Linked")
    copy.read()
    first.sectors.add(sector)
    assert "Linked" in str(record_of(copy.read(), "partners", first.pk)["sectors"])
    first.sectors.remove(sector)
    alias.delete()
    assert "Linked" not in str(record_of(copy.read(), "partners", first.pk)["sectors"])
    assert copy.differences() == []


def test_a_roadmap_is_told_again_when_its_items_come_and_go_but_not_when_they_change(reading):
    copy = reading("viewer")
    item = RoadmapItem.objects.filter(area__isnull=True).first()
    there = RoadmapItem.objects.exclude(roadmap=item.roadmap_id).first().roadmap
    before = copy.rows["roadmaps", item.roadmap_id]["record"]["entered_items"]
    RoadmapItem.objects.filter(pk=item.pk).update(note="Changed")
    assert [entry["resource"] for entry in copy.read()] == ["roadmap-items"]
    RoadmapItem.objects.filter(pk=item.pk).update(roadmap=there)
    told = copy.read()
    assert record_of(told, "roadmaps", item.roadmap_id)["entered_items"] == before - 1
    assert record_of(told, "roadmaps", there.pk)["entered_items"] > 0


def test_both_ledgers_of_moved_deadlines_are_told(reading, person):
    copy = reading("viewer")
    item = RoadmapItem.objects.filter(due__isnull=False, reschedulings__isnull=True).first()
    project = Project.objects.create(name="To be moved", stage_at_entry="agreed", due="2030")
    for subject in (item, project):
        subject.reschedule(by=person("controller"), to=PartialDate.parse("2033"), why="Rain")
    told = [entry["record"] for entry in copy.read() if entry["resource"] == "reschedulings"]
    assert {(row["item"] or row["project"])["id"] for row in told} == {item.pk, project.pk}


def test_only_the_resources_asked_for_are_told(reading):
    copy = reading("viewer", query="resource=sectors&resource=partners")
    assert {route for route, _pk in copy.rows} == {"sectors", "partners"}
    Sector.objects.create(name="Asked for")
    Project.objects.create(name="Not asked for", stage_at_entry="agreed")
    assert [entry["resource"] for entry in copy.read()] == ["sectors"]
    assert copy.differences() == []


# Commits out of order


def commits_out_of_order(copy, other_writer):
    """Somebody else takes his numbers first and commits last, and the copy is read in between."""
    other_writer.execute("INSERT INTO partners_sector (name, name_ru, name_ru_origin, name_be, name_be_origin, note,"
                         " version) VALUES ('Slow', '', 'missing', '', 'missing', '', 1)")  # fmt: skip
    Sector.objects.create(name="Quick")
    early = {entry["record"]["name"] for entry in copy.read()}
    other_writer.commit()
    late = {entry["record"]["name"] for entry in copy.read()}
    return early, late


def test_who_takes_his_number_first_and_commits_last_is_not_skipped(reading, other_writer):
    copy = reading("viewer")
    assert commits_out_of_order(copy, other_writer) == (set(), {"Slow", "Quick"})
    assert copy.differences() == []


def test_without_the_horizon_he_is_skipped_and_the_digest_shows_it(reading, other_writer, monkeypatch):
    copy = reading("viewer")
    monkeypatch.setattr(changes, "HORIZON", changes.SEEN)
    assert commits_out_of_order(copy, other_writer) == ({"Quick"}, set())
    assert [line.split(":")[0].strip() for line in copy.differences()] == ["sectors"]


def test_who_writes_in_another_database_holds_nothing_back(reading):
    copy = reading("viewer")
    with psycopg.connect(psycopg.conninfo.make_conninfo(**parameters() | {"dbname": "postgres"})) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        Sector.objects.create(name="Meanwhile")
        assert [entry["record"]["name"] for entry in copy.read()] == ["Meanwhile"]


def test_what_is_rolled_back_is_never_told(reading, other_writer):
    copy = reading("viewer")
    other_writer.execute("UPDATE partners_sector SET note = 'never'")
    assert copy.read() == []
    other_writer.rollback()
    assert copy.read() == []


def test_a_digest_says_that_something_is_not_told_yet(reading, other_writer):
    copy = reading("viewer")
    other_writer.execute("UPDATE partners_sector SET note = 'waiting'")
    Sector.objects.create(name="Held back")
    assert copy.read() == []
    assert copy.digest()["more"] is True
    other_writer.commit()
    copy.read()
    assert copy.digest()["more"] is False
    assert copy.differences() == []


# Who sees what


def test_a_draft_and_its_evidence_appear_when_it_is_handed_in(reading, person):
    author, viewer = person("officer", "the-author"), person("viewer")
    office = Partner.objects.create(name="Office", kind="authority", country="BY")
    author.memberships.create(organisation=office)
    project = Project.objects.create(name="Draft of mine", stage_at_entry="agreed", lead=office)
    his, hers = reading("officer", "the-author"), reading("viewer", viewer.username)
    draft = project.report(by=author, **WORDS)
    evidence = Evidence(update=draft, content=ContentFile(b"done", name="note.txt"))
    evidence.describe()
    evidence.save()
    assert {entry["resource"] for entry in his.read()} == {"status-updates", "evidence"}
    assert hers.read() == []
    draft.submit(by=author)
    told = {(entry["resource"], entry["id"]) for entry in hers.read()}
    assert told == {("status-updates", draft.pk), ("evidence", evidence.pk)}
    assert his.read()
    assert (his.differences(), hers.differences()) == ([], [])


def test_a_draft_for_the_lead_goes_with_the_lead(reading, person):
    helper, old, new = (person("officer", name) for name in ("helper", "of-the-old-lead", "of-the-new-lead"))
    institute, *leads = (Partner.objects.create(name=name, kind="authority", country="BY") for name in "IAB")
    for user, organisation in zip((helper, old, new), (institute, *leads), strict=True):
        user.memberships.create(organisation=organisation)
    project = Project.objects.create(name="Handed over", stage_at_entry="agreed", lead=leads[0])
    project.parties.create(partner=institute, role="co_executor")
    draft = project.report(by=helper, **WORDS)
    olds, news = reading("officer", old.username), reading("officer", new.username)
    assert (("status-updates", draft.pk) in olds.rows, ("status-updates", draft.pk) in news.rows) == (True, False)
    Project.objects.filter(pk=project.pk).update(lead=leads[1])
    assert [entry["deleted"] for entry in olds.read() if entry["resource"] == "status-updates"] == [True]
    assert [entry["deleted"] for entry in news.read() if entry["resource"] == "status-updates"] == [False]
    assert (olds.differences(), news.differences()) == ([], [])


def test_contacts_are_for_those_who_may_read_them(reading, person, register):
    viewers, controllers = reading("viewer"), reading("controller")
    contact = Contact.objects.create(partner=Partner.objects.first(), full_name="Office")
    assert viewers.read() == []
    assert [(entry["resource"], entry["id"]) for entry in controllers.read()] == [("contacts", contact.pk)]
    client = Client()
    client.force_login(person("viewer"))
    assert client.get("/api/v1/changes/?resource=contacts").status_code == 403


def test_whose_rights_change_starts_anew(reading, person):
    copy = reading("officer", "promoted")
    person("officer", "promoted").groups.clear()
    assert copy.ask().status_code == 403
    person("officer", "promoted").groups.set(person("viewer").groups.all())
    assert copy.ask().status_code == 410
    moved = reading("officer", "moved")
    person("officer", "moved").memberships.create(organisation=Partner.objects.filter(country="BY").first())
    assert moved.ask().status_code == 410


# Cursors and parameters


def refusal(answer):
    told = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, *told.get("errors", {})


def test_a_cursor_that_is_tampered_with_or_belongs_to_other_resources_is_refused_by_name(reading):
    copy = reading("viewer")
    start, end = copy.next.split("cursor=")
    copy.next = f"{start}cursor={end[:-2]}"
    assert refusal(copy.ask()) == (400, "cursor")
    copy.next = f"{start}resource=sectors&cursor={end}"
    assert refusal(copy.ask()) == (400, "cursor")
    lists = copy.get("/api/v1/partners/?page_size=1").json()["next"]
    copy.next = f"{start}cursor={parse_qs(urlsplit(lists).query)['cursor'][0]}"
    assert refusal(copy.ask()) == (400, "cursor")


@pytest.mark.parametrize(
    ("query", "name"),
    [("resource=nothing", "resource"), ("page_size=0", "page_size"), ("page_size=1001", "page_size"),
     ("page_size=x", "page_size"), ("since=2024-01-01", "since"), ("as_of=2024-01-01", "as_of"), ("cursor=", "cursor"),
     ("cursor=%00", "cursor"), ("resource=%00", "resource")],
)  # fmt: skip
def test_a_parameter_that_is_unknown_or_wrong_is_refused_by_name(reading, query, name):
    copy = reading("viewer", query="resource=sectors")
    for address in ("/api/v1/changes/", "/api/v1/changes/digest/"):
        assert refusal(copy.get(f"{address}?{query}"))[0] == 400
    assert refusal(copy.get(f"/api/v1/changes/?{query}")) == (400, name)


def test_a_digest_without_a_cursor_is_refused_by_name(reading):
    assert refusal(reading("viewer").get("/api/v1/changes/digest/")) == (400, "cursor")


def test_a_cursor_of_another_reader_leads_nowhere(reading):
    mine, other = reading("viewer"), reading("viewer", "another-viewer")
    other.next = mine.next
    assert refusal(other.ask()) == (410,)


def test_a_cursor_from_before_a_restore_leads_nowhere(reading):
    copy = reading("viewer")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE partners_partnerevent RENAME TO before_the_restore")
        cursor.execute("CREATE TABLE partners_partnerevent (LIKE before_the_restore)")
        assert refusal(copy.ask()) == (410,)
        transaction.set_rollback(True)
    assert copy.ask().status_code == 200


@pytest.mark.parametrize("name", ["Вітебск", 'a "quoted" \\ name', "\u2028"])
def test_names_arrive_as_they_are_written(reading, name):
    copy = reading("viewer")
    Sector.objects.create(name=name)
    assert [entry["record"]["name"] for entry in copy.read()] == [name]


# The digest


@pytest.mark.parametrize(("role", "name"), [("viewer", None), ("controller", None), ("officer", "the-author")])
def test_a_copy_proves_that_it_is_complete(reading, role, name):
    copy = reading(role, name)
    answer = copy.digest()
    assert answer["more"] is False
    assert {row["resource"] for row in answer["results"] if row["rows"]} == {route for route, _pk in copy.rows}
    assert copy.differences() == []


def test_a_digest_finds_what_a_copy_lacks(reading):
    copy = reading("controller")
    partner = next(entry["record"] for entry in copy.rows.values() if (entry["record"].get("aliases")))
    lost = copy.rows.pop(("sectors", Sector.objects.first().pk))
    partner["aliases"][0]["version"] += 1
    item = next(entry["record"] for (route, _), entry in copy.rows.items() if route == "roadmap-items")
    item["version"] += 1
    linked = next(entry["record"] for entry in copy.rows.values() if entry["record"].get("founders"))
    linked["founders"].pop()
    assert lost
    assert [line.split(":")[0].strip() for line in copy.differences()] == [
        "partners aliases", "partners founders", "sectors", "roadmap-items"
    ]  # fmt: skip


# Cost


def test_a_page_costs_as_many_questions_for_one_change_as_for_ten(reading):
    copy = reading("controller")

    def questions(rows):
        for row in Sector.objects.order_by("pk")[:rows]:
            Sector.objects.filter(pk=row.pk).update(note=f"changed among {rows}")
        with CaptureQueriesContext(connection) as captured:
            assert len(json.loads(copy.ask().content)["results"]) == rows
        copy.read()
        return len(captured)

    Sector.objects.bulk_create(Sector(name=f"Counted {number}") for number in range(10))
    copy.read()
    assert questions(1) == questions(10)


def test_a_page_reads_no_more_events_than_it_tells_of(register, reading):
    """However long the history is behind and before it."""
    feed = next(view for view in feed_views())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET enable_seqscan = off")
        with CaptureQueriesContext(connection) as captured:
            feed.after(changes.Position(0, 0, 0), [resource.route for resource in feed.resources], 5)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {captured[0]['sql']}")
        plan = cursor.fetchone()[0]
        cursor.execute("SET enable_seqscan = on")
    assert max(rows_read(plan[0]["Plan"])) <= 6


def feed_views():
    from config.api import urlpatterns

    return [route.callback.view_initkwargs["feed"] for route in urlpatterns if getattr(route, "name", "") == "changes"]


def rows_read(plan):
    """How many rows each index scan gave."""
    if "Index" in plan["Node Type"]:
        yield plan["Actual Rows"]
    for part in plan.get("Plans", []):
        yield from rows_read(part)


# Lists


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.route)
def test_each_list_can_be_asked_what_was_modified_since(reading, resource):
    copy = reading("officer", "the-author", query="resource=sectors")
    newest = resource.model.objects.latest("modified_at").modified_at
    address = f"/api/v1/{resource.route}/?modified_since="
    rows = copy.get(f"{address}2000-01-01T00:00:00Z").json()["results"]
    assert rows
    later = newest.isoformat().replace("+00:00", "Z")
    found = copy.get(f"{address}{later}").json()["results"]
    assert {datetime.fromisoformat(row["modified_at"]) for row in found} <= {newest}
    assert copy.get(f"{address}2100-01-01T00:00:00Z").json()["results"] == []
    assert refusal(copy.get(f"{address}yesterday")) == (400, "modified_since")
