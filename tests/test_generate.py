"""The synthetic register: whole, marked, the same for a seed, and only where nothing else is."""

from datetime import date

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection

from agreements.models import (
    AgreementFile,
    ItemRescheduling,
    MeetingFile,
    Reopening,
    Roadmap,
    RoadmapItem,
    RoadmapStatus,
)
from oversight.integrity import problems
from oversight.reports import overdue_parts
from partners.models import Citation, Cited, Named, Partner, Record, Reference
from projects.generating import LAST_DAY, generate
from projects.models import Evidence, Project, Stage, StatusUpdate, UpdateState

pytestmark = pytest.mark.django_db
# A synthetic register holds no files and no reopened items.
LEFT_OUT = {AgreementFile, MeetingFile, Evidence, Reopening}
RECORDS = [
    model for model in apps.get_models() if issubclass(model, Record) and model._meta.managed and model not in LEFT_OUT
]
ITEMS = 400


@pytest.fixture(scope="class")
def register(django_db_setup, django_db_blocker):
    """One register for the whole class, as it is only read."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        written = generate(ITEMS)
        yield written
        transaction.set_rollback(True)


def fingerprint():
    """All that is written, without the clock's and the accounts' columns."""
    found = []
    with connection.cursor() as cursor:
        for model in [*RECORDS, Project.items.through, RoadmapItem.co_executors.through]:
            keys = [f.column for f in model._meta.concrete_fields if not f.is_relation or f.related_model in RECORDS]
            columns = ", ".join(key for key in keys if key not in {"created_at", "modified_at"})
            cursor.execute(
                f"SELECT md5(string_agg(r::text, '|' ORDER BY id)) FROM"  # noqa: S608  our own models
                f" (SELECT {columns} FROM {model._meta.db_table}) r"
            )
            found.append(cursor.fetchone()[0])
    return found


class TestTheRegister:
    @pytest.fixture(autouse=True)
    def _made(self, register):
        pass

    def test_it_has_the_items_that_were_asked_for(self, register):
        assert RoadmapItem.objects.count() == register["agreements_roadmapitem"] == ITEMS

    def test_what_is_said_to_be_written_is_there(self, register):
        for table, count in register.items():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608  our own models
                assert cursor.fetchone()[0] == count, table

    @pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
    def test_every_kind_of_record_is_there_and_marked(self, model):
        assert model.objects.exists()
        assert not model.objects.exclude(reference__startswith="SYN-").exists()
        if issubclass(model, Named):
            assert not model.objects.exclude(name__icontains="synthetic").exists()

    @pytest.mark.parametrize("model", [m for m in RECORDS if issubclass(m, Cited)], ids=lambda model: model.__name__)
    def test_every_record_cites_the_synthetic_source(self, model):
        assert not model.objects.exclude(citations__source__reference="SYN-SOURCE").exists()

    @pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
    def test_every_row_is_one_that_a_person_could_have_saved(self, model):
        sample = model.objects.order_by("id")[:: max(1, model.objects.count() // 25)]
        for row in sample:
            # Its own reference is taken, by itself.
            row.full_clean(exclude=["reference"])

    def test_nothing_is_broken(self):
        found = [str(problem) for problem in problems()]
        assert found == []

    def test_every_status_stage_precision_and_decision_occurs(self):
        assert set(Roadmap.objects.values_list("status", flat=True)) == set(RoadmapStatus.values)
        assert set(Project.objects.values_list("stage_at_entry", flat=True)) == set(Stage.values)
        assert set(StatusUpdate.objects.values_list("state", flat=True)) == set(UpdateState.values)
        assert set(ItemRescheduling.objects.values_list("decision", flat=True)) == {"pending", "agreed", "refused"}
        assert set(RoadmapItem.objects.values_list("closed_as", flat=True)) == {
            "", "fulfilled", "dropped", "carried_over",
        }  # fmt: skip
        lengths = {(d.last_day - d.first_day).days for d in RoadmapItem.objects.values_list("due", flat=True) if d}
        assert {0, 30, 91, 183, 364, 1095} <= lengths
        assert RoadmapItem.objects.filter(due=None).exists()

    def test_deadlines_are_of_the_years_2022_to_2028(self):
        years = {d.first_day.year for d in RoadmapItem.objects.values_list("original_due", flat=True) if d}
        assert years == set(range(2022, 2029))
        assert not RoadmapItem.objects.filter(due__last_day__gt=date(2028, 12, 31)).exists()

    def test_moved_deadlines_have_their_ledger_and_their_history(self):
        moved = [item for item in RoadmapItem.objects.all() if item.due != item.original_due]
        assert len(moved) > ITEMS / 50
        for item in moved:
            assert item.reschedulings.filter(decision="agreed", new_due=item.due).exists()
            assert item.events.filter(pgh_label="update", due=item.due).exists()
        assert RoadmapItem.objects.filter(reschedulings__in=ItemRescheduling.objects.filter(reference="")).count() == 0

    def test_one_partner_has_about_three_in_ten(self):
        largest = Partner.objects.states().get(country="CN")
        for model in (Roadmap, RoadmapItem):
            share = model.objects.of_partners(Partner.objects.under(largest)).count() / model.objects.count()
            assert 0.2 < share < 0.4, model

    def test_there_is_something_late_and_something_not(self):
        items, projects = (part.count() for part in overdue_parts(LAST_DAY))
        assert 0 < items < ITEMS
        assert projects > 0

    def test_completed_roadmaps_hold_no_open_items(self):
        assert not RoadmapItem.objects.filter(roadmap__status__in=["completed", "expired"], closed_on=None).exists()

    def test_the_accounts_cannot_log_in(self):
        made = get_user_model().objects.filter(username__startswith="synthetic-")
        assert made.count() == 4
        assert not any(user.has_usable_password() or user.is_staff or user.is_superuser for user in made)

    def test_every_record_has_the_event_of_its_making_through_this_door(self):
        for model in RECORDS:
            events = model._meta.get_field("events").related_model.objects.filter(pgh_label="insert")
            assert events.filter(pgh_context__door="generate").count() == model.objects.count()

    def test_the_numbering_goes_on_behind_it(self):
        new = Partner.objects.create(name="A new one", kind="enterprise")
        assert not new.reference.startswith("SYN-")
        new.delete()

    def test_a_second_one_is_refused_and_changes_nothing(self):
        before = Reference.objects.count()
        with pytest.raises(CommandError, match="not empty"):
            call_command("generate", items=10)
        assert Reference.objects.count() == before


def test_a_seed_gives_the_same_register_and_another_seed_another():
    from django.db import transaction

    prints = []
    for seed in (7, 7, 8):
        with transaction.atomic():
            generate(60, seed)
            prints.append(fingerprint())
            transaction.set_rollback(True)
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


@pytest.mark.parametrize("items", [1, 2, 3])
def test_the_smallest_registers_are_whole(items):
    generate(items)
    assert [str(problem) for problem in problems()] == []


@pytest.mark.parametrize("items", [0, -1, 10**12])
def test_a_number_out_of_range_is_refused(items):
    with pytest.raises(CommandError, match="number of items"):
        call_command("generate", items=items)
    assert not Reference.objects.exists()


def test_the_real_register_is_not_mixed_with_a_synthetic_one():
    Partner.objects.create(reference="ONE", name="One", kind="enterprise")
    with pytest.raises(CommandError, match="not empty"):
        call_command("generate", items=10)
    assert RoadmapItem.objects.count() == 0


def test_a_register_whose_rows_were_all_deleted_is_not_empty():
    partner = Partner.objects.create(reference="ONE", name="One", kind="enterprise")
    partner.delete()
    with pytest.raises(CommandError, match="not empty"):
        call_command("generate", items=10)


def test_the_command_prints_counts_and_seconds(capsys):
    call_command("generate", items=5)
    said = capsys.readouterr().out
    assert "5 agreements_roadmapitem\n" in said
    assert " s, seed 1." in said
    assert Partner.objects.get(pk=1).country == settings.HOME_COUNTRY
    assert Citation.objects.filter(source__reference="SYN-SOURCE").exists()


def test_no_row_of_it_passes_for_a_real_one():
    generate(5)
    with pytest.raises(ValidationError):
        Partner(reference="SYN-PRT-00000001", name="x", kind="enterprise").full_clean()
