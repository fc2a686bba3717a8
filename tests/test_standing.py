"""The spans that the database keeps say what the words of the QuerySets say, whatever people do to the register."""

from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection

from agreements.models import Agreement, ItemStanding, Roadmap, RoadmapItem, RoadmapStatus, WorkingGroup
from agreements.models.standing import ITEMS
from partners.models import Partner
from projects.models import Project, ProjectRole, ProjectStanding
from projects.models.project import STANDING
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


class Mover(Editor):
    """Edits too in what a project is shown under and counts in, and in what makes it silent."""

    def kinds(self):
        return [
            *super().kinds(),
            self.party,
            self.own,
            self.place,
            self.country,
            self.counterpart,
            self.side,
            self.item,
        ]

    def put(self, record, **told):
        type(record).objects.filter(pk=record.pk).update(**told)

    def party(self):
        parties, partner = self.any(Project.objects).parties, self.any(Partner.objects)
        parties.all().delete()
        parties.create(partner=partner, role=self.random.choice(ProjectRole.values))

    def own(self):
        lead, day = self.any(Partner.objects), self.random.choice([None, *DAYS])
        priority = self.random.random() < 0.5
        self.put(self.any(Project.objects), lead=lead, monitored_since=day, is_priority=priority)

    def place(self):
        agreement, group = self.any(Agreement.objects), self.any(WorkingGroup.objects)
        project = self.any(Project.objects)
        project.items.clear()
        project.parties.all().delete()
        self.put(project, agreement=agreement, working_group=group)

    def country(self):
        leads = Partner.objects.filter(pk__in=Project.objects.order_by().values("lead")).exclude(kind="state")
        self.put(self.any(leads), country=self.random.choice(["BY", "CN", "GQ", "VE"]))

    def counterpart(self):
        self.put(self.any(Roadmap.objects), counterpart=self.any(Partner.objects))

    def side(self):
        agreement, group = self.any(Agreement.objects), self.any(WorkingGroup.objects)
        agreement.parties.all().delete()
        agreement.parties.create(partner=self.any(Partner.objects))
        group.sides.set([self.any(Partner.objects)])

    def item(self):
        position, roadmap = self.random.randrange(9), self.any(Roadmap.objects)
        self.put(self.any(RoadmapItem.objects), position=position, is_priority=position < 4, roadmap=roadmap, area=None)


def standings():
    told = [field.name for field in ProjectStanding._meta.fields if field.name != "id"]
    return {
        *ItemStanding.objects.values_list("item", "during", "deadline", "roadmap_id"),
        *(str(row) for row in ProjectStanding.objects.values_list(*told)),
    }


@pytest.mark.parametrize("kind", [Editor, Mover])
def test_200_random_edits_leave_no_span_unlike_its_facts(large, kind):
    before = standings()
    assert ItemStanding.objects.count() > 50
    assert ProjectStanding.objects.count() > 50
    kind(large).work(200)
    assert standings() != before
    assert faults() == []


@pytest.mark.parametrize("name", ["party", "own", "place", "country", "counterpart", "side", "item"])
def test_each_kind_of_edit_is_seen(large, name):
    before, mover = standings(), Mover(large)
    for _ in range(10):
        getattr(mover, name)()
    assert standings() != before
    assert faults() == []


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("model", [RoadmapItem, Project])
def test_what_is_looked_up_is_what_the_words_work_out(large, model, day):
    names = ["pk", "deadline", *(["last_report", "confidence"] if model is Project else [])]
    look_up = model.objects.active if model is Project else model.objects.standing
    kept = list(look_up(day).order_by("pk").values_list(*names))
    assert kept == list(model.objects.bound(day).order_by("pk").values_list(*names))


@pytest.mark.parametrize("day", DAYS)
def test_all_that_is_told_of_projects_is_what_the_words_work_out(large, day):
    kept = list(Project.objects.standing(day).order_by("pk").values_list("pk", *STANDING))
    assert kept == list(Project.objects.described(day).order_by("pk").values_list("pk", *STANDING))
    assert len(kept) == Project.objects.count()


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
