"""Writing through the API: what was seen, repeats, and errors that name the field."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agreements.models import Roadmap, RoadmapItem
from partners.models import Partner
from projects.models import Project, StatusUpdate

pytestmark = pytest.mark.django_db
WORDS = {"stage": "in_progress", "confidence": "on_track", "text": "Walls are up"}


@pytest.fixture
def project():
    return Project.objects.create(name="Laboratory", stage_at_entry="planned", due="2030")


@pytest.fixture
def item():
    state = Partner.objects.create(name="Guinea", kind="state", country="GQ")
    roadmap = Roadmap.objects.create(name="Roadmap", status="signed", counterpart=state, period="2024/2036")
    return RoadmapItem.objects.create(roadmap=roadmap, name="Agro-town", due="2030")


@pytest.fixture
def write(client, controller):
    """Writes as a controller, with the ETag that a reader of the record got."""

    def send(path, data, *, method="post", seen=None, **headers):
        client.force_login(controller)
        if seen:
            headers["If-Match"] = client.get(f"/api/v1/{seen}").headers["ETag"]
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = getattr(client, method)(f"/api/v1/{path}", data, content_type="application/json", headers=headers)
        return answer.status_code, json.loads(answer.content), answer

    return send


def test_a_report_goes_from_draft_to_the_projects_stage(write, project, officer, client, cast):
    status, report, _ = write(
        f"projects/{project.pk}/status-updates/", {**WORDS, "submit": True}, seen=f"projects/{project.pk}/"
    )
    assert (status, report["state"], report["text"]) == (201, "submitted", "Walls are up")
    client.force_login(cast("controller", "another"))
    read = client.get(f"/api/v1/status-updates/{report['id']}/")
    decided = client.post(
        f"/api/v1/status-updates/{report['id']}/decision/", {"decision": "accepted"}, content_type="application/json",
        headers={"If-Match": read.headers["ETag"]},
    )  # fmt: skip
    assert decided.status_code == 201, decided.content
    project.refresh_from_db()
    assert project.stage == "in_progress"


def test_a_write_without_a_version_is_428_and_with_an_old_one_412(write, project):
    path = f"projects/{project.pk}/status-updates/"
    assert write(path, WORDS)[0] == 428
    assert write(path, WORDS, If_Match='"77.abc"')[0] == 412
    assert StatusUpdate.objects.count() == 0


@pytest.mark.parametrize("form", ['"1.abc"', 'W/"1.abc"', '"0.x", "1.y"'])
def test_the_version_part_is_compared_also_where_a_proxy_made_it_weak(write, project, form):
    assert write(f"projects/{project.pk}/status-updates/", WORDS, If_Match=form)[0] == 201


def test_a_repeat_with_the_same_key_does_nothing_twice(write, project):
    path, seen = f"projects/{project.pk}/status-updates/", {"If_Match": '"1."'}
    first = write(path, WORDS, **seen, Idempotency_Key="k1")
    again = write(path, WORDS, **seen, Idempotency_Key="k1")
    assert (first[0], first[1]) == (again[0], again[1])
    assert again[2].headers["Idempotency-Replayed"] == "true"
    assert StatusUpdate.objects.count() == 1


def test_a_repeat_is_answered_before_its_version_is_compared(write, item):
    path = f"roadmap-items/{item.pk}/closure/"
    body = {"closed_as": "fulfilled", "why": "The town stands"}
    assert write(path, body, If_Match='"1."', Idempotency_Key="k2")[0] == 201
    assert write(path, body, If_Match='"1."', Idempotency_Key="k2")[0] == 201
    assert write(path, body, If_Match='"1."')[0] == 412


def test_the_same_key_with_another_body_is_422(write, project):
    path, seen = f"projects/{project.pk}/status-updates/", {"If_Match": '"1."', "Idempotency_Key": "k3"}
    assert write(path, WORDS, **seen)[0] == 201
    status, problem, _ = write(path, {**WORDS, "text": "Other"}, **seen)
    assert (status, "Idempotency-Key" in problem["detail"]) == (422, True)


def test_a_refused_write_keeps_no_key(write, project):
    path, seen = f"projects/{project.pk}/status-updates/", {"If_Match": '"1."', "Idempotency_Key": "k4"}
    assert write(path, {**WORDS, "stage": "flying"}, **seen)[0] == 400
    assert write(path, WORDS, **seen)[0] == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"stage": "flying"}, "stage", id="enum"),
        pytest.param({"progress": 101}, "progress", id="range"),
        pytest.param({"next_step_due": "soon"}, "next_step_due", id="date"),
        pytest.param({"text": ""}, "text", id="blank"),
        pytest.param({"txet": "x"}, "txet", id="misspelt"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(write, project, change, field):
    status, problem, _ = write(f"projects/{project.pk}/status-updates/", {**WORDS, **change}, If_Match='"1."')
    assert (status, list(problem["errors"])) == (400, [field])
    assert StatusUpdate.objects.count() == 0


def test_an_item_is_closed_reopened_and_rescheduled(write, item):
    here, seen = f"roadmap-items/{item.pk}", {"seen": f"roadmap-items/{item.pk}/"}
    assert write(f"{here}/reschedulings/", {"to": "2029", "why": "Early"}, **seen)[1]["decision"] == "agreed"
    assert write(f"{here}/reschedulings/", {"to": "2033", "why": "Floods"}, **seen)[1]["decision"] == "pending"
    assert write(f"{here}/closure/", {"closed_as": "dropped", "why": "No"}, **seen)[1]["closed_as"] == "dropped"
    assert write(f"{here}/closure/", {"closed_as": "dropped", "why": "No"}, **seen)[0] == 400
    assert write(f"{here}/reopening/", {"why": "Yes"}, **seen)[1]["closed_as"] == ""


def test_one_list_shows_the_moves_of_items_and_projects(write, client, item, project):
    for path in (f"roadmap-items/{item.pk}", f"projects/{project.pk}"):
        assert write(f"{path}/reschedulings/", {"to": "2033", "why": "Floods"}, seen=f"{path}/")[0] == 201
    rows = client.get("/api/v1/reschedulings/?decision=pending").json()["results"]
    assert [bool(row["item"]) for row in rows] == [True, False]
    assert len({row["id"] for row in rows}) == 2
    other = client.get(f"/api/v1/reschedulings/{rows[1]['id']}/").json()
    assert other["project"]["id"] == project.pk


def test_another_controller_decides_on_a_move(write, client, cast, project):
    seen = f"projects/{project.pk}/"
    move = write(f"projects/{project.pk}/reschedulings/", {"to": "2033", "why": "Floods"}, seen=seen)[1]
    address, body = f"/api/v1/reschedulings/{move['id']}/decision/", {"decision": "agreed", "text": "Once"}
    assert client.post(address, body, content_type="application/json", headers={"If-Match": '"1."'}).status_code == 403
    client.force_login(cast("controller", "another"))
    assert client.post(address, body, content_type="application/json", headers={"If-Match": '"1."'}).status_code == 201
    project.refresh_from_db()
    assert str(project.due) == "2033"


def test_patch_changes_what_may_be_changed_and_names_what_not(write, project):
    here, seen = f"projects/{project.pk}/", {"seen": f"projects/{project.pk}/", "method": "patch"}
    assert write(here, {"name": "Soil laboratory"}, **seen)[1]["name"] == "Soil laboratory"
    for field, value in (("stage", "completed"), ("due", "2031"), ("reference", "X-1"), ("nmae", "x")):
        status, problem, _ = write(here, {field: value}, **seen)
        assert (status, list(problem["errors"])) == (400, [field])
    status, problem, _ = write(here, {"value": "5"}, **seen)  # money without a currency
    assert (status, "currency" in str(problem)) == (400, True)


def test_patch_needs_the_version_it_has_seen(write, project):
    here = f"projects/{project.pk}/"
    assert write(here, {"name": "A"}, method="patch")[0] == 428
    assert write(here, {"name": "A"}, method="patch", If_Match='"1."')[0] == 200
    assert write(here, {"name": "B"}, method="patch", If_Match='"1."')[0] == 412
    project.refresh_from_db()
    assert project.name == "A"


def test_a_draft_stays_with_its_project(write, project, controller):
    draft = project.report(by=controller, **WORDS)
    other = Project.objects.create(name="Other", stage_at_entry="planned")
    path = f"status-updates/{draft.pk}/"
    status, body, _ = write(path, {"project": other.pk}, method="patch", seen=path)
    assert (status, "project" in body["errors"]) == (400, True), body
    draft.refresh_from_db()
    assert draft.project == project


class TestEvidence:
    @pytest.fixture
    def draft(self, project, controller):
        return project.report(by=controller, **WORDS)

    @pytest.fixture
    def upload(self, client, controller, draft):
        def send(content=b"Walls: 4", name="act.txt", by=controller, **headers):
            client.force_login(by)
            headers = {"If-Match": '"1."', **{key.replace("_", "-"): value for key, value in headers.items()}}
            file = SimpleUploadedFile(name, content)
            return client.post(f"/api/v1/status-updates/{draft.pk}/evidence/", {"content": file}, headers=headers)

        return send

    def test_a_file_is_added_to_ones_draft(self, upload, draft):
        answer = upload(name="акт.txt")
        assert answer.status_code == 201, answer.content
        assert (answer.json()["name"], answer.json()["size"]) == ("акт.txt", 8)
        assert draft.evidence.get().content.read() == b"Walls: 4"

    def test_what_is_no_document_is_400_and_named(self, upload, draft):
        answer = upload(b"MZ", "tool.exe")
        assert (answer.status_code, "tool.exe" in answer.content.decode()) == (400, True)
        assert not draft.evidence.exists()

    def test_nobody_adds_to_anothers_draft_or_to_a_submitted_report(self, upload, draft, controller, cast):
        assert upload(by=cast("controller", "another")).status_code == 404
        assert upload(by=cast("viewer")).status_code == 403
        draft.submit(by=controller)
        assert upload(If_Match='"2."').status_code == 403
        assert not draft.evidence.exists()

    def test_a_repeat_with_the_same_key_adds_no_second_file(self, upload, draft):
        assert [upload(Idempotency_Key="k").status_code for _round in range(2)] == [201, 201]
        assert draft.evidence.count() == 1
        assert upload(b"Walls: 5", Idempotency_Key="k").status_code == 422
