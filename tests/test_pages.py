"""The pages and the API, as people and programs meet them."""

import json
import re

import pytest
from django.contrib import admin
from django.core.management import call_command

from agreements.models import Agreement, Meeting, Roadmap, RoadmapItem, WorkingGroup
from partners.models import Partner, Record
from projects.models import Indicator, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def register():
    state = Partner.objects.create(reference="T-P1", name="Equatorial Guinea", kind="state", country="GQ")
    state.aliases.create(text="Guinée équatoriale", kind="other_language")
    roadmap = Roadmap.objects.create(
        reference="T-R1", name="Roadmap", status="signed", counterpart=state, period="2024/2026", declared_items=74
    )
    item = RoadmapItem.objects.create(reference="T-I1", roadmap=roadmap, name="Agro-town", due="2024-01/2024-06")
    project = Project.objects.create(reference="T-J1", name="Soil laboratory", stage_at_entry="planned", due="2024")
    project.items.add(item)
    Agreement.objects.create(reference="T-A1", name="Agreement", kind="plan").parties.create(partner=state)
    WorkingGroup.objects.create(reference="T-B1", name="Group", kind="commission").sides.add(state)
    Meeting.objects.create(reference="T-M1", name="Session", kind="session", held="2023-10")
    Indicator.objects.create(reference="T-N1", name="I", quantity="q", unit="u", subject=state).targets.create(value=5)
    return roadmap


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


PAGES = [
    *["/", "/overdue/", "/overdue/?on=2024-07-01", "/findings/", "/search/?q=guinee", "/roadmap-items/T-I1/"],
    *["/roadmaps/", "/roadmaps/T-R1/", "/partners/", "/partners/T-P1/", "/agreements/", "/agreements/T-A1/"],
    *["/working-groups/", "/working-groups/T-B1/", "/meetings/", "/meetings/T-M1/", "/projects/", "/projects/T-J1/"],
]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_answers_without_inline_script_style_or_foreign_host(reader, register, page):
    answer = reader.get(page)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|(src|href)=\"https?:", text)
    assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["/partners/", "/partners/T-P1/", "/search/?q=alert", "/admin/partners/partner/"])
def test_markup_in_a_name_stays_text(client, controller, register, page):
    partner = Partner.objects.get(reference="T-P1")
    partner.name = "<script>alert(1)</script>"
    partner.save()
    client.force_login(controller)
    text = client.get(page).content.decode()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_a_log_in(client, register, page):
    assert client.get(page).headers["Location"].startswith("/accounts/login/")


def test_the_drawn_description_of_the_api_has_the_token_that_writes_need(client, officer, register):
    """No script can read it from its cookie."""
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(officer)
    token = re.search(r'data-csrf="(\w+)"', strict.get("/api/docs/").content.decode())[1]
    item = RoadmapItem.objects.get(reference="T-I1")
    address, asked = f"/api/v1/roadmap-items/{item.pk}/closure/", {"data": "{}", "content_type": "application/json"}
    assert "CSRF" in strict.post(address, **asked).json()["detail"]
    assert "CSRF" not in strict.post(address, **asked, headers={"X-CSRFToken": token}).json()["detail"]


def test_health_needs_none(client):
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)


def test_overdue_shows_what_is_late_and_not_what_is_due_today(reader, register):
    assert "Agro-town" not in reader.get("/overdue/?on=2024-06-30").content.decode()
    assert "Agro-town" in reader.get("/overdue/?on=2024-07-01").content.decode()


@pytest.mark.parametrize("query", ["on=soon", "on=2024-02-30", "partner=nobody", "ordering=password"])
def test_a_bad_filter_is_named(reader, register, query):
    answer = reader.get(f"/overdue/?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.content.decode()


def test_the_roadmap_page_shows_declared_beside_entered(reader, register):
    assert "1 / 74" in reader.get("/roadmaps/T-R1/").content.decode()


def test_search_ignores_accents_and_finds_aliases(reader, register):
    assert "Equatorial Guinea" in reader.get("/search/?q=guinee").content.decode()


def test_overdue_asks_the_database_as_often_for_one_row_as_for_many(
    reader, register, django_assert_num_queries, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        reader.get("/overdue/?on=2030-01-01")
    for number in range(20):
        RoadmapItem.objects.create(roadmap=register, name=f"Item {number}", due="2024")
        Project.objects.create(name=f"Project {number}", stage_at_entry="agreed", due="2024")
    with CaptureQueriesContext(connection) as many:
        reader.get("/overdue/?on=2030-01-01")
    assert len(many) == len(one)


# The API


@pytest.fixture
def api(client, officer, capsys):
    call_command("create_token", "an-officer")
    key = capsys.readouterr().out.strip()

    def get(path):
        answer = client.get(f"/api/{path}", headers={"Authorization": f"Bearer {key}"})
        return answer.status_code, json.loads(answer.content)

    return get


def test_the_api_needs_a_token(client):
    answer = client.get("/api/v1/partners/")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


RESOURCES = [
    "partners",
    "sectors",
    "sources",
    "agreements",
    "working-groups",
    "meetings",
    "roadmaps",
    "roadmap-areas",
    "roadmap-items",
    "reschedulings",
    "projects",
    "milestones",
    "status-updates",
    "indicators",
    "observations",
    "targets",
    "contacts",
]


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_resource_answers_and_refuses_what_it_does_not_know(api, register, resource):
    assert api(f"v1/{resource}/?count=true&ordering=-reference&page_size=2")[0] == 200
    for query in ("statsu=done", "page_size=100000", "ordering=version", "cursor=x", "count=maybe", "search=%00"):
        status, problem = api(f"v1/{resource}/?{query}")
        assert status == 400, query
        assert query.split("=")[0] in problem["errors"]


def test_a_record_gives_links_with_labels_and_dates_in_four_keys(api, register):
    item = api("v1/roadmap-items/?reference=T-I1")[1]["results"][0]
    assert item["roadmap"] == {"id": register.pk, "reference": "T-R1", "name": "Roadmap"}
    due = [item[key] for key in ("due", "due_first_day", "due_last_day", "due_text")]
    assert due == ["2024-01/2024-06", "2024-01-01", "2024-06-30", ""]


@pytest.mark.parametrize("ordering", ["due", "-due", "id", "-name"])
def test_walking_the_pages_meets_each_row_once_and_back_again(api, register, ordering):
    for number in range(9):
        due = None if number % 3 == 0 else f"202{number}"
        RoadmapItem.objects.create(roadmap=register, name=f"Item {number}", due=due)
    query, seen, pages = f"v1/roadmap-items/?ordering={ordering}&page_size=4", [], []
    while query:
        page = api(query)[1]
        pages.append([row["id"] for row in page["results"]])
        seen += pages[-1]
        query, last = page["next"] and page["next"].split("/api/")[1], page
    assert len(seen) == len(set(seen)) == 10
    back = api(last["previous"].split("/api/")[1])[1]
    assert [row["id"] for row in back["results"]] == pages[-2]


def test_the_overdue_filter_and_the_page_tell_the_same_items(api, reader, register):
    for day in ("2022-01-01", "2024-06-30", "2024-07-01", "2027-01-01"):
        late = {row["reference"] for row in api(f"v1/roadmap-items/?overdue=true&on={day}")[1]["results"]}
        shown = set(re.findall(r'data-reference="(T-I\d)', reader.get(f"/overdue/?on={day}").content.decode()))
        assert late == shown


def test_the_report_lists_a_late_project_under_its_late_item_only(api, register):
    rows = api("v1/reports/overdue/?on=2026-01-01")[1]["results"]
    assert [row["reference"] for row in rows] == ["T-I1"]


def test_the_scorecard_keeps_declared_and_entered_apart(api, register):
    row = api("v1/reports/roadmaps/")[1]["results"][0]
    assert (row["declared_items"], row["entered_items"]) == (74, 1)


def test_the_api_finds_partners_by_country(api, register):
    assert [row["reference"] for row in api("v1/agreements/?partner=GQ")[1]["results"]] == ["T-A1"]
    assert api("v1/agreements/?partner=CN")[1]["results"] == []


# The admin

REGISTERED = [model for model in admin.site._registry if issubclass(model, Record)]


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)
def test_each_changelist_and_form_opens(admin_client, register, model):
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert admin_client.get(base, {"q": "a"}).status_code == 200
    row = model.objects.first()
    if row:
        assert admin_client.get(f"{base}{row.pk}/change/").status_code == 200
        assert admin_client.get(f"{base}{row.pk}/history/").status_code == 200


def test_a_change_in_the_admin_is_traced_to_its_user_and_door(admin_client, admin_user, register):
    partner = Partner.objects.get(reference="T-P1")
    page = admin_client.get(f"/admin/partners/partner/{partner.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    data |= {"founders": [], "sectors": [], "name": "Guinea Ecuatorial"}
    for formset in page.context["inline_admin_formsets"]:
        prefix = formset.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    assert admin_client.post(f"/admin/partners/partner/{partner.pk}/change/", data).status_code == 302
    event = partner.events.order_by("-pgh_id").first()
    assert (event.name, event.pgh_context["user"], event.pgh_context["door"]) == (
        "Guinea Ecuatorial",
        admin_user.pk,
        "admin",
    )
    partner.refresh_from_db()
    assert (partner.modified_by, partner.version) == (admin_user, 2)


def test_a_partner_page_draws_signings_meetings_indicators_and_gaps(reader, register):
    state = register.counterpart
    Agreement.objects.get(reference="T-A1").parties.get_or_create(partner=state)
    Agreement.objects.filter(reference="T-A1").update(signed="2021-05")
    Meeting.objects.get(reference="T-M1").participants.create(partner=state, role="participant")
    indicator = Indicator.objects.get(reference="T-N1")
    indicator.observations.create(value=2)
    page = reader.get("/partners/T-P1/").content.decode()
    assert "May 2021: Agreement" in page
    assert "October 2023: Session" in page
    assert 'aria-label="aimed at 5 u; observed 2 u"' in page
    assert 'width="40%"' in page
    assert "1 / 74" in page
