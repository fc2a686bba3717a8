"""The fixtures, loaded as they are, and broken on purpose."""

import json
import shutil
from datetime import date
from decimal import Decimal

import pghistory
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from agreements.models import Agreement, Meeting, Roadmap, RoadmapItem, WorkingGroup
from partners.models import Partner, Record, Reference, Source
from projects.models import Indicator, Project
from projects.seeding import Outcome, seed

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


SOURCE = {"reference": "T-S1", "title": "Book", "kind": "book"}
CITED = {"citations": [{"source": "T-S1", "closeness": "on", "line": 1}]}


def partner(reference, name="Minsk", **more):
    return {"reference": reference, "name": name, "kind": "city", **CITED, **more}


def references(model):
    return set(model.objects.values_list("reference", flat=True))


@pytest.fixture
def load(tmp_path):
    """Writes fixtures of one source and the records given, each list in the file of its name, and loads the folder."""

    def write_and_load(**files):
        for name, records in {"sources": [SOURCE], **files}.items():
            text = records if isinstance(records, str) else json.dumps(records, ensure_ascii=False)
            (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
        return seed(tmp_path)

    return write_and_load


@pytest.mark.django_db
class TestAFewFixtures:
    def test_each_part_of_a_record_becomes_a_row_named_after_it(self, load):
        city, other = partner("T-P1", aliases=[{"text": "Mensk", "kind": "former"}]), partner("T-P2")
        meeting = {"reference": "T-M1", "name": "Talks", "kind": "talks", "participants": [{"partner": "T-P2"}]}
        implementing = {"kind": "implements", "to": "T-A2"}
        plan = {"name": "Plan", "kind": "plan", **CITED}
        project = {"reference": "T-J1", "name": "Works", "parties": [{"partner": "T-P1", "role": "counterpart"}]}
        indicator = {"reference": "T-I1", "name": "Jobs", "quantity": "jobs", "unit": "jobs", "subject": "T-P1"}
        outcome = load(
            partners=[city, other],
            meetings=[{**meeting, **CITED}],
            agreements=[
                {"reference": "T-A1", **plan, "parties": [{"partner": "T-P1"}], "relations": [implementing]},
                {"reference": "T-A2", **plan},
            ],
            projects=[{**project, **CITED, "measures": [{"kind": "jobs", "value": 5}, {"kind": "area", "value": 0.1}]}],
            indicators=[{**indicator, **CITED, "targets": [{"value": 9}], "observations": [{"value": 8}]}],
        )
        assert outcome == Outcome(created=24)
        found = {model.__name__: references(model) for model in Record.__subclasses__() if "Part" in model.__name__}
        assert found["MeetingParticipant"] == {"T-M1-participant-T-P2"}
        assert found["AgreementParty"] == {"T-A1-party-T-P1"}
        assert found["ProjectParty"] == {"T-J1-party-T-P1"}
        city, project, indicator = (
            Partner.objects.get(name="Minsk", reference="T-P1"),
            Project.objects.get(),
            Indicator.objects.get(),
        )
        assert [row.reference for row in city.aliases.all()] == ["T-P1-alias-1"]
        assert [row.reference for row in city.citations.all()] == ["T-P1-cite-T-S1"]
        assert [row.reference for row in Agreement.objects.get(reference="T-A1").relations.all()] == [
            "T-A1-relation-T-A2"
        ]
        assert [(row.reference, row.value) for row in project.measures.all()] == [
            ("T-J1-measure-1", 5),
            ("T-J1-measure-2", Decimal("0.1")),
        ]
        readings = [*indicator.targets.all(), *indicator.observations.all()]
        assert [row.reference for row in readings] == ["T-I1-target-1", "T-I1-observation-1"]

    def test_a_source_cited_twice_is_two_citations(self, load):
        cited = [{"source": "T-S1", "closeness": "on", "line": line} for line in (1, 2, 3)]
        load(partners=[partner("T-P1", citations=cited)])
        told = Partner.objects.get().citations.values_list("reference", "line", "source__reference").order_by("line")
        assert list(told) == [
            ("T-P1-cite-T-S1", 1, "T-S1"),
            ("T-P1-cite-T-S1-2", 2, "T-S1"),
            ("T-P1-cite-T-S1-3", 3, "T-S1"),
        ]

    def test_a_record_may_name_one_that_stands_after_it(self, load):
        assert (
            load(partners=[partner("T-P1", parent="T-P2"), partner("T-P2", located_in="T-P3"), partner("T-P3")]).faults
            == []
        )
        lower = Partner.objects.get(reference="T-P1")
        assert (lower.parent.reference, lower.parent.located_in.reference) == ("T-P2", "T-P3")

    def test_links_are_set_whatever_the_order(self, load):
        sectors = [{"reference": "T-X1", "name": "Trade"}, {"reference": "T-X2", "name": "Space"}]
        assert (
            load(
                partners=[partner("T-P1", founders=["T-P2"], sectors=["T-X1", "T-X2"]), partner("T-P2")],
                sectors=sectors,
            ).faults
            == []
        )
        city = Partner.objects.get(reference="T-P1")
        assert {row.reference for row in city.sectors.all()} == {"T-X1", "T-X2"}
        assert [row.reference for row in city.founders.all()] == ["T-P2"]

    def test_letters_of_all_scripts_arrive_as_they_are(self, load):
        load(partners=[partner("T-P1", "Магілёў")])
        assert Partner.objects.get().name == "Магілёў"

    def test_a_further_reference_names_the_same_record(self, load):
        load(partners=[partner("T-P1", also=["OTHER-P7", "OTHER-P8"]), partner("T-P2")])
        told = Reference.objects.filter(is_further=True).values_list("code", "model", "object_id").order_by("code")
        key = Partner.objects.get(reference="T-P1").pk
        assert list(told) == [("OTHER-P7", "partners.partner", key), ("OTHER-P8", "partners.partner", key)]

    def test_the_history_says_that_the_rows_were_seeded(self, load):
        load(partners=[partner("T-P1")])
        assert [event.pgh_context for event in Partner.objects.get().events.all()] == [{"door": "seed"}]

    def test_one_event_a_row_and_a_link(self, load):
        before = events() or 0
        fixtures = {"sectors": [{"reference": "T-X1", "name": "Trade"}]}
        outcome = load(partners=[partner("T-P1", sectors=["T-X1"]), partner("T-P2", parent="T-P1")], **fixtures)
        assert events() == before + outcome.created + Partner.sectors.through.objects.count()

    def test_files_that_are_not_there_are_no_fault(self, tmp_path):
        assert seed(tmp_path) == Outcome()


@pytest.mark.django_db
class TestAnotherRun:
    @pytest.fixture
    def user(self, django_user_model):
        return django_user_model.objects.create_user("an-editor")

    def test_over_the_same_fixtures_writes_nothing(self, load):
        fixtures = {
            "sectors": [{"reference": "T-X1", "name": "Trade"}],
            "partners": [partner("T-P1", sectors=["T-X1"], parent="T-P2", also=["OTHER-P1"]), partner("T-P2")],
            "projects": [
                {"reference": "T-J1", "name": "Works", "due": "2024", "value": 1.5, "currency": "USD", **CITED}
            ],
        }
        assert load(**fixtures) == Outcome(created=8)
        before = events()
        assert load(**fixtures) == Outcome()
        assert events() == before

    def test_enters_what_is_new_and_corrects_what_no_user_touched(self, load):
        load(partners=[partner("T-P1", "Misnk", country="PL"), partner("T-P2", "Brest")])
        outcome = load(
            partners=[partner("T-P1", "Minsk", country="BY"), partner("T-P2", "Brest"), partner("T-P3", "Hrodna")]
        )
        assert outcome == Outcome(created=2, corrected=1)
        assert list(Partner.objects.order_by("reference").values_list("name", "country")) == [
            ("Minsk", "BY"),
            ("Brest", ""),
            ("Hrodna", ""),
        ]

    def test_corrects_citations_and_parts_as_well(self, load):
        alias = {"text": "Mensk", "kind": "former"}
        load(partners=[partner("T-P1", aliases=[alias])])
        cited = {"source": "T-S1", "closeness": "on", "line": 7}
        outcome = load(partners=[partner("T-P1", aliases=[{**alias, "text": "Miensk"}], citations=[cited])])
        assert outcome == Outcome(corrected=2)
        assert Partner.objects.get().aliases.get().text == "Miensk"
        assert Partner.objects.get().citations.get().line == 7

    def test_moves_no_deadline_but_corrects_what_stands_after_it(self, load):
        work = {"reference": "T-J1", "name": "Works", **CITED}
        load(projects=[{**work, "due": "2024", "status_text": "planed"}])
        assert load(projects=[{**work, "due": "2030", "status_text": "planned"}]) == Outcome(corrected=1)
        project = Project.objects.get()
        assert (str(project.due), project.status_text) == ("2024", "planned")

    def test_corrects_nothing_of_a_row_that_a_user_edited(self, load, user):
        load(partners=[partner("T-P1", "Misnk"), partner("T-P2", "Bresst")])
        with pghistory.context(user=user.pk):
            Partner.objects.filter(reference="T-P1").update(note="seen")
        assert load(partners=[partner("T-P1", "Minsk"), partner("T-P2", "Brest")]) == Outcome(corrected=1)
        assert list(Partner.objects.order_by("reference").values_list("name", flat=True)) == ["Misnk", "Brest"]

    def test_links_again_nothing_that_a_user_unlinked(self, load):
        fixtures = {
            "sectors": [{"reference": "T-X1", "name": "Trade"}],
            "partners": [partner("T-P1", sectors=["T-X1"])],
        }
        load(**fixtures)
        Partner.objects.get().sectors.clear()
        load(**fixtures)
        assert not Partner.objects.get().sectors.exists()

    def test_brings_back_nothing_that_was_deleted(self, load):
        load(partners=[partner("T-P1"), partner("T-P2")])
        gone = Partner.objects.get(reference="T-P1")
        gone.citations.all().delete()
        gone.delete()
        assert load(partners=[partner("T-P1"), partner("T-P2")]) == Outcome()
        assert references(Partner) == {"T-P2"}

    def test_leaves_a_reference_alone_that_names_a_record_of_another_kind_by_now(self, load):
        Agreement.objects.create(reference="T-P1", name="Plan", kind="plan")
        assert load(partners=[partner("T-P1"), partner("T-P2")]).faults == []
        assert references(Partner) == {"T-P2"}
        assert Agreement.objects.get().name == "Plan"


@pytest.mark.django_db
class TestFaults:
    @pytest.mark.parametrize(
        ("partners", "faults"),
        [
            pytest.param(["T-P1"], ["partners.json: 1: reference: is missing"], id="no object"),
            pytest.param(
                [partner("T-P1"), {"name": "Nameless"}], ["partners.json: 2: reference: is missing"], id="no reference"
            ),
            pytest.param([partner(7)], ["partners.json: 1: reference: is missing"], id="a number as reference"),
            pytest.param(
                [partner("T-P1"), partner("T-P1", "Brest")],
                [f"partners.json: T-P1{part}: reference: stands twice" for part in ("-cite-T-S1", "")],
                id="twice",
            ),
            pytest.param(
                [partner("T-P1", citations=[])],
                ["partners.json: T-P1: citations: a record rests on at least one source"],
                id="no source",
            ),
            pytest.param(
                [partner("T-P1", colour="red")], ["partners.json: T-P1: colour: there is no such field"], id="odd field"
            ),
            pytest.param(
                [partner("T-P1", parent="T-P9")],
                ["partners.json: T-P1: parent: “T-P9” is no known record of that kind"],
                id="unknown",
            ),
            pytest.param(
                [partner("T-P1", parent="T-S1")],
                ["partners.json: T-P1: parent: “T-S1” is no known record of that kind"],
                id="of another kind",
            ),
            pytest.param(
                [partner("T-P1", founders=["T-P9", "T-P2"]), partner("T-P2")],
                ["partners.json: T-P1: founders: “T-P9” is no known record of that kind"],
                id="unknown link",
            ),
            pytest.param(
                [partner("T-P1", citations=[{"source": "T-S9", "closeness": "on"}])],
                ["partners.json: T-P1-cite-T-S9: source: “T-S9” is no known record of that kind"],
                id="unknown source",
            ),
            pytest.param(
                [partner("T-P1", parent="T-P2"), partner("T-P2", parent="T-P1")],
                ["These records refer to each other in a circle: T-P1 -> T-P2 -> T-P1"],
                id="circle",
            ),
        ],
    )  # fmt: skip
    def test_is_named_and_nothing_is_stored(self, load, partners, faults):
        assert sorted(load(partners=partners).faults) == faults
        assert (Partner.objects.count(), Source.objects.count()) == (0, 0)

    def test_of_a_record_is_named_once_and_not_by_those_that_refer_to_it(self, load):
        outcome = load(
            partners=[
                partner("T-P1", kind="planet", aliases=[{"text": "Mensk", "kind": "former"}]),
                partner("T-P2", parent="T-P1"),
                partner("T-P3", parent="T-P2"),
                partner("T-P4", founders=["T-P1"]),
            ]
        )
        assert [fault.partition(": ")[2].partition(": ")[0] for fault in outcome.faults] == ["T-P1"]

    def test_of_several_records_are_all_named(self, load):
        outcome = load(
            partners=[partner("T-P1", kind="planet"), partner("T-P2", kind="moon", name=""), partner("T-P3")]
        )
        assert sorted(fault.split(": ")[1:3] for fault in outcome.faults) == [
            ["T-P1", "kind"],
            ["T-P2", "kind"],
            ["T-P2", "name"],
        ]

    def test_of_a_file_does_not_hide_those_of_another(self, load):
        outcome = load(sectors="[{]", partners=[partner("T-P1", kind="planet")])
        assert outcome.faults[0].startswith("sectors.json: is not JSON: Expecting property name")
        assert outcome.faults[1].startswith("partners.json: T-P1: kind: ")

    def test_leaves_earlier_rows_as_they_were(self, load):
        load(partners=[partner("T-P1", "Misnk")])
        load(partners=[partner("T-P1", "Minsk"), partner("T-P2", kind="planet")])
        assert list(Partner.objects.values_list("reference", "name")) == [("T-P1", "Misnk")]
