"""The spans that the database keeps say what the words of the QuerySets say, whatever people do to the register."""

from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection

from agreements.models import ItemStanding, Roadmap, RoadmapItem, RoadmapStatus
from agreements.models.standing import ITEMS
from projects.models import Project, ProjectStanding
from projects.models.standing import PROJECTS
from tests.test_asof import Editor

pytestmark = pytest.mark.django_db

DAYS = [date(2022, 6, 30), date(2024, 1, 1), date(2025, 12, 31), date(2026, 7, 1), date(2030, 1, 1)]


def faults():
    with connection.cursor() as cursor:
        found = []
        for standing in (ITEMS, PROJECTS):
            cursor.execute(standing.faults())
            found += cursor.fetchall()
    return found


@pytest.fixture
def large(controller):
    call_command("generate", items=150, verbosity=0)
    return controller


def test_200_random_edits_leave_no_span_unlike_its_facts(large):
    before = set(ItemStanding.objects.values_list("item", "during", "deadline"))
    assert len(before) > 50
    assert ProjectStanding.objects.count() > 50
    Editor(large).work(200)
    assert set(ItemStanding.objects.values_list("item", "during", "deadline")) != before
    assert faults() == []


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("model", [RoadmapItem, Project])
def test_what_is_looked_up_is_what_the_words_work_out(large, model, day):
    names = ["pk", "deadline", *(["last_report", "confidence"] if model is Project else [])]
    look_up = model.objects.active if model is Project else model.objects.standing
    kept = list(look_up(day).order_by("pk").values_list(*names))
    assert kept == list(model.objects.bound(day).order_by("pk").values_list(*names))


def test_a_roadmap_out_of_force_takes_its_items_and_their_projects_out(large):
    day = date(2026, 6, 30)
    roadmap = Roadmap.objects.in_force().exclude(items=None).first()
    items = RoadmapItem.objects.standing(day).filter(roadmap=roadmap)
    assert items.exists()
    Roadmap.objects.filter(pk=roadmap.pk).update(status=RoadmapStatus.NOT_IMPLEMENTED)
    assert not items.exists()
    assert faults() == []


def test_without_its_triggers_a_span_grows_old(large):
    """The control: it is the triggers that keep the spans, and the check sees when they did not."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE agreements_roadmap DISABLE TRIGGER USER")
    Roadmap.objects.in_force().update(status=RoadmapStatus.NOT_IMPLEMENTED)
    assert faults() != []
