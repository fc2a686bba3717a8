"""The OpenAPI description against the API itself: what is asked and answered is what it says, and nothing else."""

import json

import pytest
from drf_spectacular.generators import SchemaGenerator
from openapi_schema_validator import OAS31Validator

from agreements.models import Roadmap
from config.api import REPORTS, RESOURCES
from doors.words import FILTERS
from partners.models import Sector
from tests.builders import grow

# What is late, moved and reported in `grow` is of 2020 and 2021.
ASKED = {"reports/compare": "since=2019-12-31", "partners": "count=true"}
TABLES = [resource.route for resource in RESOURCES] + [f"reports/{name}" for name in REPORTS]
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def description():
    """As it is published."""
    return json.loads(json.dumps(SchemaGenerator().get_schema(public=True)))


@pytest.fixture
def ask(client, controller):
    client.force_login(controller)
    return lambda path, **headers: client.get(f"/api/v1/{path}", headers=headers)


def test_every_word_of_a_list_is_described_and_every_description_is_of_a_word(description):
    tables = [resource.filterset for resource in RESOURCES] + [report.filterset_class for report in REPORTS.values()]
    assert {name for filterset in tables for name in filterset.base_filters} == set(FILTERS)
    for route in TABLES:
        told = description["paths"][f"/api/v1/{route}/"]["get"]["parameters"]
        assert [each["name"] for each in told if not each["description"]] == []


@pytest.mark.parametrize("route", TABLES)
def test_what_is_served_fits_the_description_and_all_of_it_is_described(ask, controller, description, route):
    grow(controller, 2)
    answer = ask(f"{route}/?{ASKED.get(route, '')}").json()
    assert answer["results"]
    described = description["paths"][f"/api/v1/{route}/"]["get"]["responses"]["200"]
    check(answer, described["content"]["application/json"]["schema"], description)


@pytest.mark.parametrize("route", [resource.route for resource in RESOURCES])
def test_a_record_fits_the_description(ask, controller, description, route):
    grow(controller)
    pk = ask(f"{route}/").json()["results"][0]["id"]
    described = description["paths"][f"/api/v1/{route}/{{id}}/"]["get"]["responses"]["200"]
    check(ask(f"{route}/{pk}/").json(), described["content"]["application/json"]["schema"], description)


def check(value, schema, description):
    """As the schema says, and with no key that it does not name."""
    whole = {**closed(schema), "components": closed(description["components"])}
    assert [error.message for error in OAS31Validator(whole).iter_errors(value)] == []


def closed(schema):
    """The schema, with no other keys than it names."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(part) for key, part in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found.setdefault("additionalProperties", False)
    return found


# What can be asked


def ids(answer):
    return {row["id"] for row in answer.json()["results"]}


@pytest.mark.parametrize(
    ("route", "one", "other"),
    [
        pytest.param("partners", "kind=state", "kind=region", id="codes"),
        pytest.param("partners", "country=BY", "country=CN", id="countries"),
        pytest.param("projects", "roadmap={first}", "roadmap={second}", id="ids of roadmaps"),
        pytest.param("agreements", "sector={sector}", "sector={other_sector}", id="ids of linked records"),
        pytest.param("reports/overdue", "roadmap={first}", "roadmap={second}", id="in a report"),
        pytest.param("projects", "partner=BY", "partner={partner}", id="a country and a partner"),
    ],
)
def test_a_repeated_parameter_means_or(ask, controller, route, one, other):
    grow(controller, 3)
    (first, second), (sector, other_sector) = Roadmap.objects.all()[:2], Sector.objects.all()[:2]
    named = {"first": first.pk, "second": second.pk, "sector": sector.pk, "other_sector": other_sector.pk}
    words = [text.format(**named, partner=first.counterpart_id) for text in (one, other)]
    found = [ids(ask(f"{route}/?page_size=200&{word}")) for word in words]
    assert all(found)
    together = ask(f"{route}/?page_size=200&{'&'.join(words)}&count=true").json()
    assert {row["id"] for row in together["results"]} == set.union(*found)
    assert together["count"] == len(together["results"])


@pytest.mark.parametrize(
    "query", ["search=a&search=b", "page_size=5&page_size=6", "overdue=true&overdue=true", "search=", "stage=",
              "overdue=yes", "sector=%20", "on=20240701", "due_within=1.5", "partner=ZZ"],
)  # fmt: skip
def test_what_would_be_half_understood_is_400_and_named(ask, query):
    answer = ask(f"projects/?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.split("=")[0]])


@pytest.mark.parametrize("query", ["partner=CN", "page_size=5", "expand=", "colour=red"])
def test_a_record_refuses_what_belongs_to_lists(ask, controller, query):
    grow(controller)
    answer = ask(f"partners/{ids(ask('partners/')).pop()}/?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.split("=")[0]])


@pytest.mark.parametrize("form", ["csv", "xlsx", "ndjson"])
def test_a_list_of_several_kinds_is_a_file_too(ask, controller, form):
    grow(controller)
    answer = ask(f"partners/?kind=region&kind=enterprise&format={form}")
    assert (answer.status_code, answer["Pacta-Rows"]) == (200, "2")
    assert b"".join(answer)


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "ndjson"])
@pytest.mark.parametrize("query", ["partner=999999999", "modified_since=2024-01-01T00:00:00%2B23:45&sector=999999999"])
def test_what_nothing_answers_to_is_an_empty_list_in_each_form(ask, form, query):
    answer = ask(f"agreements/?{query}&format={form}")
    assert answer.status_code == 200
    assert b"".join(answer) is not None
    assert answer.get("Pacta-Rows", "0") == "0"


# Where no view answers


def test_an_address_that_there_is_not_is_told_as_problem_details(client):
    for path in ("/api/v1/nowhere/", "/api/v1/partners/abc/", "/api/else"):
        answer = client.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["status"] == 404


def test_an_address_without_its_last_slash_leads_to_the_list(client):
    assert client.get("/api/v1/partners")["Location"] == "/api/v1/partners/"


def test_a_page_that_there_is_not_is_a_page(client):
    assert client.get("/nowhere/")["Content-Type"].startswith("text/html")


def test_a_form_that_is_not_given_is_406_and_another_method_405(ask, client):
    answer = ask("partners/", Accept="image/png")
    assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")
    answer = client.options("/api/v1/partners/")
    assert (answer.status_code, answer["Content-Type"], answer["Allow"]) == (
        405, "application/problem+json", "GET, HEAD, OPTIONS",
    )  # fmt: skip


def test_a_body_that_is_too_large_is_413_before_it_is_read(ask, client, controller):
    grow(controller)
    pk = ids(ask("roadmap-items/")).pop()
    body = json.dumps({"why": "x" * 1024 * 1024})
    answer = client.post(f"/api/v1/roadmap-items/{pk}/closure/", body, "application/json", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
