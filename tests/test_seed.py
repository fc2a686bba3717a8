"""The fixtures, loaded as they are, and broken on purpose."""

import json
import shutil
from datetime import date

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from agreements.models import Agreement, Meeting, Roadmap, RoadmapItem, WorkingGroup
from partners.models import Partner, Reference, Source
from projects.models import Indicator, Project
from projects.seeding import seed

FIXTURES = settings.BASE_DIR / "fixtures"
COUNTS = {
    Partner: 182,
    Agreement: 72,
    Roadmap: 5,
    WorkingGroup: 17,
    Meeting: 43,
    Project: 128,
    Indicator: 107,
    Source: 94,
}


@pytest.fixture(scope="class")
def register(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        from django.db import transaction

        with transaction.atomic():
            outcome = seed(FIXTURES)
            assert outcome.faults == []
            yield outcome
            transaction.set_rollback(True)


def events():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum((xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || relname,"
            " false, true, '')))[1]::text::int) FROM pg_class WHERE relkind = 'r' AND relname LIKE '%event'"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db
class TestTheRealFixtures:
    @pytest.fixture(autouse=True)
    def _loaded(self, register):
        pass

    @pytest.mark.parametrize(
        ("model", "count"), COUNTS.items(), ids=lambda value: getattr(value, "__name__", str(value))
    )
    def test_every_row_of_the_catalogue_is_a_record(self, model, count):
        assert model.objects.count() == count

    def test_a_second_run_writes_no_row_and_no_event(self):
        before = events()
        outcome = seed(FIXTURES)
        assert (outcome.created, outcome.corrected, events()) == (0, 0, before)

    def test_the_guinea_roadmap_declares_more_than_is_entered(self):
        roadmap = Roadmap.objects.with_counts().get(reference="GNQ-R01")
        declared = (roadmap.declared_areas, roadmap.declared_items)
        assert (declared, roadmap.entered_areas, roadmap.entered_items) == ((15, 74), 6, 5)

    def test_the_venezuela_roadmap_of_2017_is_never_overdue(self):
        roadmap = Roadmap.objects.get(reference="VEN-R01")
        for year in range(2017, 2041):
            assert not RoadmapItem.objects.overdue(date(year, 6, 1)).filter(roadmap=roadmap).exists()

    def test_the_soil_laboratory_is_late_from_july_2024(self):
        laboratory = Project.objects.get(reference="GNQ-J24")
        assert not laboratory.is_overdue(date(2024, 6, 30))
        assert laboratory.is_overdue(date(2024, 7, 1))

    def test_partners_of_china_bring_agreements_of_its_cities_and_universities(self):
        china = Partner.objects.under(Partner.objects.get(reference="FEZ-P21"))
        found = set(Agreement.objects.of_partners(china).values_list("reference", flat=True))
        assert {"VIT-A13", "CNE-A04", "CNE-A09"} <= found

    def test_one_event_answers_to_both_of_its_references(self):
        forum = Meeting.objects.get(reference="IRN-M05")
        assert Reference.objects.get(code="FEZ-M03").object_id == forum.pk

    def test_what_a_user_edited_or_deleted_stays_as_he_left_it(self, django_user_model):
        import pghistory

        user = django_user_model.objects.create_user("an-editor")
        with pghistory.context(user=user.pk):
            Partner.objects.filter(reference="VNM-P24").update(name="Lao PDR")
            Indicator.objects.filter(reference="VEN-I09").delete()
        outcome = seed(FIXTURES)
        assert (outcome.created, outcome.corrected, outcome.faults) == (0, 0, [])
        assert Partner.objects.get(reference="VNM-P24").name == "Lao PDR"
        assert not Indicator.objects.filter(reference="VEN-I09").exists()


@pytest.mark.django_db
class TestABrokenFixture:
    @pytest.fixture
    def folder(self, tmp_path):
        for name in ("sectors", "sources"):
            shutil.copy(FIXTURES / f"{name}.json", tmp_path)
        return tmp_path

    def test_each_fault_is_named_and_nothing_is_stored(self, folder, capsys):
        cited = {"citations": [{"source": "FN-1", "closeness": "on", "line": 1}]}
        partners = [
            {"reference": "T-P1", "name": "Wrong kind", "kind": "planet", **cited},
            {"reference": "T-P2", "name": "Twice", "kind": "city", **cited},
            {"reference": "T-P2", "name": "Twice", "kind": "city", **cited},
            {"reference": "T-P3", "name": "Lost", "kind": "city", "parent": "T-P99", **cited},
            {"reference": "T-P4", "name": "Unsourced", "kind": "city"},
            {"reference": "T-P5", "name": "Odd", "kind": "city", "colour": "red", **cited},
        ]
        agreements = [
            {
                "reference": "T-A1",
                "name": "Backwards",
                "kind": "plan",
                "in_force": "2020",
                "valid_until": "2019",
                **cited,
            },
            {"reference": "T-A2", "name": "No date", "kind": "plan", "signed": "16.10.2023", **cited},
        ]
        (folder / "partners.json").write_text(json.dumps(partners))
        (folder / "agreements.json").write_text(json.dumps(agreements))
        faults = "\n".join(seed(folder).faults)
        for expected in (
            "partners.json: T-P1: kind:",
            "partners.json: T-P2: reference:",
            "partners.json: T-P3: parent:",
            "partners.json: T-P4: citations:",
            "partners.json: T-P5: colour:",
            "agreements.json: T-A1:",
            "agreements.json: T-A2: signed:",
        ):
            assert expected in faults
        assert (Partner.objects.count(), Source.objects.count()) == (0, 0)

    def test_the_command_fails_with_the_number_of_faults(self, folder):
        (folder / "partners.json").write_text("[{]")
        with pytest.raises(CommandError, match="1 faults, nothing was stored"):
            call_command("seed", folder=folder)
