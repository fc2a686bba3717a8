"""What the register must answer once its real data are loaded, as an integrator asks for it."""

import re
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from django.apps import apps
from django.utils import translation

from agreements.models import RoadmapItem
from config.api import RESOURCES, SHAPES
from oversight import reports
from oversight.rows import with_json
from oversight.serializers import DeadlineRowSerializer
from partners.dates import today
from partners.models import Record
from tests.builders import grow

pytestmark = pytest.mark.django_db

COUNTS = {
    "partners": 182,
    "agreements": 72,
    "roadmaps": 5,
    "working-groups": 17,
    "meetings": 43,
    "projects": 128,
    "indicators": 107,
    "sources": 94,
}


@pytest.fixture(autouse=True)
def _loaded(seeded):
    pass


@pytest.fixture
def api(client, cast):
    client.force_login(cast("viewer"))

    def get(path):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return get


@pytest.mark.parametrize(("resource", "count"), COUNTS.items())
def test_the_counts_are_the_catalogues_less_what_is_not_entered(api, resource, count):
    assert api(f"{resource}/?count=true&page_size=1")["count"] == count


def test_equatorial_guinea_declares_15_and_74_and_6_and_5_are_entered(api):
    [roadmap] = api("roadmaps/?reference=GNQ-R01")["results"]
    numbers = [roadmap[key] for key in ("declared_areas", "declared_items", "entered_areas", "entered_items")]
    assert numbers == [15, 74, 6, 5]


def test_the_venezuelan_roadmap_that_was_not_implemented_makes_nothing_late(api):
    [roadmap] = api("roadmaps/?reference=VEN-R01")["results"]
    assert roadmap["status"] == "not_implemented"
    day = date(2017, 1, 1)
    while day < date(2031, 1, 1):
        assert not RoadmapItem.objects.overdue(day).filter(roadmap=roadmap["id"]).exists()
        day += timedelta(days=30)
    rows = api(f"reports/overdue/?roadmap={roadmap['id']}&on=2030-01-01")["results"]
    assert rows == []


def test_the_soil_laboratory_is_late_from_the_first_of_july_2024(api):
    def late(day):
        return [row["reference"] for row in api(f"reports/overdue/?on={day}&page_size=200")["results"]]

    assert "GNQ-J24" not in late("2024-06-30")
    assert "GNQ-J24" in late("2024-07-01")
    [row] = [row for row in api("reports/overdue/?on=2024-07-01")["results"] if row["reference"] == "GNQ-J24"]
    assert (row["due"], row["due_last_day"], row["days_late"]) == ("2024-01/2024-06", "2024-06-30", 1)
    assert row["partner"]["name"] == "Equatorial Guinea"


def test_china_finds_the_agreements_of_its_cities_and_universities(api):
    found = api("agreements/?partner=CN&page_size=200")["results"]
    kinds = {party["partner"]["reference"] for row in found for party in row["parties"]}
    partners = api("partners/?country=CN&page_size=200")["results"]
    of_cities = {row["reference"] for row in partners if row["kind"] in {"city", "district"}}
    of_universities = {row["reference"] for row in partners if row["kind"] == "university"}
    assert kinds & of_cities
    assert kinds & of_universities


def test_gaps_name_the_missing_areas_and_items_of_equatorial_guinea(api):
    gaps = api("reports/gaps/?page_size=200")["results"]
    found = {row["check"]: (row["declared"], row["entered"]) for row in gaps if row["reference"] == "GNQ-R01"}
    assert found["areas-missing"] == (15, 6)
    assert found["items-missing"] == (74, 5)


def test_the_29_lost_footnotes_are_a_gap(api):
    gaps = api("reports/gaps/?page_size=200&count=true")
    assert gaps["count"] >= 29
    rows, address = gaps["results"], gaps["next"]
    while address:
        page = api(address.split("/api/v1/")[1])
        rows, address = rows + page["results"], page["next"]
    assert len(rows) == gaps["count"]
    assert sum(row["check"] == "lost-source" for row in rows) == 29


def test_partners_tell_as_many_agreements_as_the_filter(api):
    rows = {row["country"]: row for row in api("reports/partners/")["results"]}
    for code in ("CN", "CU", "VE", "GQ", "IR"):
        assert rows[code]["agreements"] == api(f"agreements/?partner={code}&count=true")["count"], code
        assert rows[code]["projects"] == api(f"projects/?partner={code}&count=true")["count"], code
        assert rows[code]["meetings"] == api(f"meetings/?partner={code}&count=true")["count"], code
        assert rows[code]["working_groups"] == api(f"working-groups/?partner={code}&count=true")["count"], code


def test_silence_begins_a_quarter_after_monitoring(api):
    assert api("reports/silent/?count=true")["count"] == 0
    later = (today() + timedelta(days=94)).isoformat()
    assert api(f"reports/silent/?count=true&on={later}")["count"] > 0


@pytest.mark.parametrize("report", ["overdue", "due", "silent", "roadmaps", "partners", "slippage", "gaps", "findings"])
@pytest.mark.parametrize("query", ["on=soon", "nobody=1", "on=0000-01-01"])
def test_a_report_names_what_it_does_not_understand(client, cast, report, query):
    client.force_login(cast("viewer"))
    answer = client.get(f"/api/v1/reports/{report}/?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()["errors"]


def test_walking_a_report_meets_each_row_once_and_back_again(api):
    whole = [row["reference"] for row in api("reports/overdue/?on=2027-06-01&page_size=200")["results"]]
    walked, address, pages = [], "reports/overdue/?on=2027-06-01&page_size=2", []
    while address:
        page = api(address)
        pages.append([row["reference"] for row in page["results"]])
        walked += pages[-1]
        address, last = page["next"] and page["next"].split("/api/v1/")[1], page
    assert walked == whole
    assert len(whole) > 5
    back = api(last["previous"].split("/api/v1/")[1])
    assert [row["reference"] for row in back["results"]] == pages[-2]


def test_the_command_left_one_event_for_each_row_that_it_made():
    for model in (model for model in apps.get_models() if issubclass(model, Record) and model._meta.managed):
        events = model._meta.get_field("events").related_model
        made = events.objects.filter(pgh_label="insert", pgh_context__door="seed").count()
        assert made == model._default_manager.count(), model.__name__


def test_the_json_of_a_record_that_postgresql_makes_is_what_its_serializer_says(controller):
    """Row by row and value by value, for every resource, in two languages."""
    grow(controller, rows=2)
    for language in ("en", "ru"):
        with translation.override(language):
            for resource in RESOURCES:
                shape = SHAPES[resource.route]
                said = shape.serializer(resource.queryset().order_by("pk"), many=True).data
                assert said, resource.route
                made = shape.bodies(row["id"] for row in said)
                assert [plain(orjson.loads(body)) for _id, _version, body in made] == [
                    plain(orjson.loads(orjson.dumps(row, default=str))) for row in said
                ], resource.route


def plain(value):
    """The value with moments in UTC: both are right, the serializer writes them in Minsk's time."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value


MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")


def test_the_rows_of_reports_that_postgresql_makes_are_what_their_serializer_says(controller):
    """For the late, the coming and the silent, items and projects."""
    grow(controller, rows=3)
    on = today()
    for part in [
        *reports.overdue_parts(on),
        reports.overdue_projects(on),
        *reports.due_parts(on, 90),
        *reports.silent_parts(on + timedelta(days=900)),
    ]:
        said = DeadlineRowSerializer(reports.rows(part.order_by("pk"), on, news=False), many=True).data
        made = [orjson.loads(row.body) for row in with_json(part, on).order_by("pk")]
        assert made == [orjson.loads(orjson.dumps(row)) for row in said]
