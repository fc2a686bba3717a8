"""The permission table, cell by cell: every role at every door, on its own and on others' records."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Role
from config.api import RESOURCES, SHAPES
from config.verbs import verb_routes
from doors.permissions import MODELS, VERBS, may
from doors.rest import RegisterPermission
from partners.models import Partner, Record
from projects.models import Milestone, Project, StatusUpdate
from tests.builders import form_data, grow

pytestmark = pytest.mark.django_db
ROLES = Role.values
WORDS = {"stage": "in_progress", "confidence": "on_track", "text": "Walls are up"}
RECORDS = [model for model in apps.get_models() if issubclass(model, Record)]


@pytest.fixture
def people(cast):
    """A user of each role; the officer works for the organisation that leads `own`."""
    users = {role: cast(role) for role in ROLES}
    office = Partner.objects.create(name="Office", kind="authority", country="BY")
    users["officer"].memberships.create(organisation=office)
    return users


@pytest.fixture
def own(people):
    office = Partner.objects.get(name="Office")
    return Project.objects.create(name="Own", stage_at_entry="agreed", lead=office)


@pytest.fixture
def foreign(people):
    return Project.objects.create(name="Foreign", stage_at_entry="agreed")


# The table itself


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_each_model_has_a_row(model):
    assert model._meta.label_lower in MODELS


def test_each_row_is_a_model_and_each_verb_is_one_of_a_model():
    besides = apps.get_app_config("webhooks").get_models()
    assert set(MODELS) <= {model._meta.label_lower for model in [*RECORDS, *besides]}
    assert {verb.rpartition(".")[0] for verb in VERBS} <= set(MODELS)


def test_each_verb_of_the_admin_and_of_the_api_has_a_row():
    of_admin = {
        f"{model._meta.label_lower}.{verb.name}" for model, page in admin.site._registry.items()
        for verb in getattr(page, "verbs", ())
    }  # fmt: skip
    of_api = {row.verb for row in verb_routes(SHAPES)}
    assert of_admin | of_api <= set(VERBS)


def views(resolver=None):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern)
        elif isinstance(pattern, URLPattern):
            yield pattern.callback


def names_no_rights(views):
    """Views of the API whose rights stand nowhere in the table."""
    silent = []
    for view in views:
        if view is None or not issubclass(view, APIView) or view.__module__.startswith("drf_spectacular"):
            continue
        verb, rows = getattr(view, "verb", ""), getattr(view, "queryset", None)
        if verb not in VERBS and (rows is None or rows.model._meta.label_lower not in MODELS):
            silent.append(view)
    return silent


def test_each_endpoint_names_its_rights():
    assert names_no_rights(getattr(callback, "cls", None) for callback in views()) == []


def test_an_endpoint_without_rights_fails_the_build_and_is_refused(people):
    from accounts.models import Token

    class Forgotten(APIView):
        pass

    class OfUnlistedModel(ReadOnlyModelViewSet):
        queryset = Token.objects.all()

    dummies = [Forgotten, OfUnlistedModel]
    assert names_no_rights(dummies) == dummies
    request = APIRequestFactory().get("/")
    for user in people.values():
        request.user = user
        assert not any(RegisterPermission().has_permission(request, dummy()) for dummy in dummies)


def test_a_model_without_a_row_is_refused(people):
    from accounts.models import Token

    for user in people.values():
        for action in ("view", "add", "change", "delete"):
            assert not may(user, action, Token)


# Reading


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_all_but_contacts_which_viewers_do_not(client, people, role):
    client.force_login(people[role])
    for resource in RESOURCES:
        allowed = role in MODELS[resource.model._meta.label_lower].view
        assert allowed == (role != "viewer" or resource.route != "contacts")
        assert client.get(f"/api/v1/{resource.route}/").status_code == (200 if allowed else 403), resource.route


def test_nobody_reads_without_a_log_in(client):
    for resource in RESOURCES:
        assert client.get(f"/api/v1/{resource.route}/").status_code == 401
    assert client.get("/files/evidence/EVI-1/").status_code == 302


# The admin


@pytest.mark.parametrize("role", ROLES)
def test_the_admins_pages_are_open_as_the_table_says(client, people, role):
    grow(people["controller"])
    client.force_login(people[role])
    wrong = []
    for model in admin.site._registry:
        if model not in RECORDS:
            continue
        rights, base = MODELS[model._meta.label_lower], f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        staff = role != "viewer"
        told = {"": role in rights.view, "add/": role in rights.add}
        if row := model._default_manager.exclude(
            pk__in=StatusUpdate.objects.filter(state="draft").values("pk")
        ).first():
            told |= {f"{row.pk}/change/": role in rights.view, f"{row.pk}/history/": role in rights.view}
            told |= {f"{row.pk}/delete/": role in rights.delete and not issubclass(model, Milestone)}
        for page, allowed in told.items():
            code = client.get(base + page).status_code
            expected = 302 if not staff else 200 if allowed else 403
            if code != expected and not (page.endswith("delete/") and issubclass(model, Milestone)):
                wrong.append((role, base + page, code, expected))
    assert wrong == []


def post_report(client, project):
    data = {**WORDS, "project": project.pk, "progress": "", "next_step": "", "next_step_due": ""}
    data |= {f"evidence-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    return client.post("/admin/projects/statusupdate/add/", data)


@pytest.mark.parametrize(
    ("role", "on_own", "on_foreign"),
    [("viewer", False, False), ("officer", True, False), ("controller", True, True), ("administrator", False, False)],
)
def test_who_reports_on_what_at_each_door(client, people, own, foreign, role, on_own, on_foreign):
    client.force_login(people[role])
    for project, allowed in ((own, on_own), (foreign, on_foreign)):
        StatusUpdate.objects.all().delete()
        post_report(client, project)
        assert StatusUpdate.objects.filter(project=project).exists() == allowed, "admin form"
        headers = {"If-Match": f'"{Project.objects.get(pk=project.pk).version}."'}
        answer = client.post(
            f"/api/v1/projects/{project.pk}/status-updates/", WORDS, content_type="application/json", headers=headers
        )
        assert (answer.status_code == 201) == allowed, answer.content
        assert answer.status_code in {201, 403}
        client.post(f"/admin/projects/project/verb/no_change/?id={project.pk}", {"note": "Still on track"})
        assert StatusUpdate.objects.filter(project=project, text="Still on track").exists() == allowed, "bulk"


@pytest.mark.parametrize("role", ROLES)
def test_autocomplete_offers_only_projects_that_one_answers_for(client, people, own, foreign, role):
    client.force_login(people[role])
    query = {"app_label": "projects", "model_name": "statusupdate", "field_name": "project", "term": ""}
    answer = client.get("/admin/autocomplete/", query)
    found = {row["id"] for row in answer.json()["results"]} if answer.status_code == 200 else set()
    expected = {"officer": {own}, "controller": {own, foreign}}.get(role, set())
    assert found == {str(project.pk) for project in expected}


@pytest.mark.parametrize("role", ROLES)
def test_only_controllers_who_are_not_the_author_decide(client, people, own, role):
    report = own.report(by=people["officer"], **WORDS)
    report.submit(by=people["officer"])
    client.force_login(people[role])
    client.post(f"/admin/projects/statusupdate/verb/accept/?id={report.pk}")
    report.refresh_from_db()
    assert (report.state == "accepted") == (role == "controller")


@pytest.mark.parametrize("role", ROLES)
def test_anothers_draft_is_hidden_at_every_door(client, people, own, role):
    draft = own.report(by=people["officer"], **WORDS)
    client.force_login(people[role])
    mine = role == "officer"
    assert (client.get(f"/api/v1/status-updates/{draft.pk}/").status_code == 200) == mine
    assert (client.get(f"/admin/projects/statusupdate/{draft.pk}/change/").status_code == 200) == mine
    assert (client.get(f"/admin/projects/statusupdate/{draft.pk}/history/").status_code == 200) == mine
    assert ("Walls are up" in client.get(own.get_absolute_url()).content.decode()) == mine


@pytest.mark.parametrize("role", ROLES)
def test_milestones_are_kept_by_who_answers_for_the_project(client, people, own, foreign, role):
    client.force_login(people[role])
    for project, allowed in ((own, role != "viewer"), (foreign, role in {"controller", "administrator"})):
        row = Milestone.objects.create(project=project, name="Roof")
        answer = client.patch(
            f"/api/v1/milestones/{row.pk}/", {"name": "Walls"}, content_type="application/json",
            headers={"If-Match": '"1."'},
        )  # fmt: skip
        assert answer.status_code == (200 if allowed else 403), (role, project, answer.content)


@pytest.mark.parametrize("role", ROLES)
def test_rows_inside_a_record_are_written_by_who_may_write_the_record(client, people, own, foreign, role):
    for project in (own, foreign):
        stone = Milestone.objects.create(project=project, name="Roof")
        page = f"/admin/projects/project/{project.pk}/change/"
        client.force_login(people["controller"])
        data = form_data(client.get(page)) | {"milestones-0-name": "Walls"}
        client.force_login(people[role])
        client.post(page, data)
        stone.refresh_from_db()
        # An officer keeps the milestones of his projects on their own pages; the project itself is not his to change.
        assert (stone.name == "Walls") == (role in {"controller", "administrator"}), (role, project)


@pytest.mark.parametrize("role", ROLES)
def test_evidence_is_added_inside_ones_own_draft_only(client, people, own, role):
    draft = own.report(by=people["officer"], **WORDS)
    client.force_login(people[role])
    data = {
        **WORDS,
        "project": own.pk,
        "version_seen": draft.version,
        "progress": "",
        "next_step": "",
        "next_step_due": "",
    }
    data |= {"evidence-TOTAL_FORMS": 1, "evidence-INITIAL_FORMS": 0}
    data["evidence-0-content"] = SimpleUploadedFile("act.txt", b"Walls: 4")
    client.post(f"/admin/projects/statusupdate/{draft.pk}/change/", data)
    assert draft.evidence.exists() == (role == "officer")


@pytest.mark.parametrize("role", ROLES)
def test_the_delete_page_deletes_only_for_administrators(client, people, own, foreign, role):
    client.force_login(people[role])
    for project in (own, foreign):
        client.post(f"/admin/projects/project/{project.pk}/delete/", {"post": "yes"})
        assert Project.objects.filter(pk=project.pk).exists() == (role != "administrator")


def test_a_reading_token_writes_nothing(client, people, own):
    from accounts.models import Token

    expires_at = timezone.now() + timedelta(days=1)
    key = Token(user=people["controller"], name="reader", expires_at=expires_at).issue(by=None)
    headers = {"Authorization": f"Bearer {key}", "If-Match": '"1."'}
    for path in (f"projects/{own.pk}/status-updates/", f"roadmap-items/{own.pk}/closure/"):
        answer = client.post(f"/api/v1/{path}", WORDS, content_type="application/json", headers=headers)
        assert answer.status_code == 403
    answer = client.patch(f"/api/v1/projects/{own.pk}/", {}, content_type="application/json", headers=headers)
    assert answer.status_code == 403
