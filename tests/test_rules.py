"""Rules 2 to 6, 9 and 10 of the domain, by name."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from agreements.models import ItemRescheduling, Roadmap, RoadmapArea, RoadmapItem, RoadmapStatus
from partners.dates import PartialDate
from partners.models import Partner
from projects.models import Indicator, Observation, Project, Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def guinea():
    return Partner.objects.create(name="Equatorial Guinea", kind="state", country="GQ")


@pytest.fixture
def roadmap(guinea):
    return Roadmap.objects.create(name="Roadmap 2024-2026", status="signed", counterpart=guinea, period="2024/2026")


@pytest.fixture
def item(roadmap):
    return RoadmapItem.objects.create(roadmap=roadmap, name="Agro-town", due="2024-01/2024-06")


def overdue(on, model=RoadmapItem):
    return set(model.objects.overdue(on))


class TestOverdue:
    def test_due_today_is_not_overdue(self, item):
        assert overdue(date(2024, 6, 30)) == set()

    def test_the_day_after_the_last_day_is_overdue(self, item):
        assert overdue(date(2024, 7, 1)) == {item}

    def test_an_item_without_deadline_is_due_by_the_end_of_its_roadmap(self, roadmap):
        item = RoadmapItem.objects.create(roadmap=roadmap, name="Houses")
        assert overdue(date(2026, 12, 31)) == set()
        assert overdue(date(2027, 1, 1)) == {item}

    def test_overdue_ignores_items_of_an_unimplemented_roadmap(self, item, roadmap):
        roadmap.status = RoadmapStatus.NOT_IMPLEMENTED
        roadmap.save()
        for year in range(2018, 2040):
            assert overdue(date(year, 1, 1)) == set()

    def test_a_late_item_stays_late_after_the_end_of_the_period(self, item):
        assert overdue(date(2031, 1, 1)) == {item}

    def test_a_closed_item_is_late_only_before_its_closure(self, item):
        RoadmapItem.objects.filter(pk=item.pk).update(
            closed_as="fulfilled", closed_on=date(2024, 8, 1), closed_why="built"
        )
        assert overdue(date(2024, 7, 31)) == {item}
        assert overdue(date(2024, 8, 1)) == set()

    def test_an_item_is_judged_by_the_deadline_it_had_on_the_day(self, item, controller):
        ItemRescheduling.objects.create(
            item=item, old_due=item.due, new_due="2025", reason="flood", requested_on=date(2024, 8, 1),
            decision="agreed", decided_on=date(2024, 9, 1), decided_by=controller,
        )  # fmt: skip
        RoadmapItem.objects.filter(pk=item.pk).update(due="2025")
        assert overdue(date(2024, 8, 31)) == {item}
        assert overdue(date(2024, 9, 1)) == set()
        assert overdue(date(2026, 1, 1)) == {item}

    def test_the_soil_laboratory_is_late_from_the_first_of_july_2024(self):
        laboratory = Project.objects.create(name="Soil laboratory", stage_at_entry="planned", due="2024-01/2024-06")
        assert overdue(date(2024, 6, 30), Project) == set()
        assert overdue(date(2024, 7, 1), Project) == {laboratory}

    def test_an_undated_project_outside_a_roadmap_is_never_late(self):
        Project.objects.create(name="Some day", stage_at_entry="agreed")
        assert overdue(date(2990, 1, 1), Project) == set()

    @pytest.mark.parametrize("stage", ["completed", "operating", "cancelled"])
    def test_a_project_in_a_final_stage_is_never_late(self, stage):
        Project.objects.create(name="Done", stage_at_entry=stage, due="2020")
        assert overdue(date(2024, 1, 1), Project) == set()

    def test_a_suspended_project_can_be_late(self):
        project = Project.objects.create(name="Stopped", stage_at_entry="suspended", due="2020")
        assert overdue(date(2024, 1, 1), Project) == {project}

    def test_a_project_inherits_the_latest_deadline_of_its_items(self, item, roadmap):
        later = RoadmapItem.objects.create(roadmap=roadmap, name="Later", due="2025")
        project = Project.objects.create(name="Both", stage_at_entry="agreed")
        project.items.add(item, later)
        assert overdue(date(2025, 12, 31), Project) == set()
        assert overdue(date(2026, 1, 1), Project) == {project}

    def test_a_dead_roadmap_releases_its_projects(self, item, roadmap):
        project = Project.objects.create(name="With a deadline", stage_at_entry="agreed", due="2024")
        project.items.add(item)
        assert overdue(date(2025, 1, 1), Project) == {project}
        Roadmap.objects.update(status="not_implemented")
        assert overdue(date(2025, 1, 1), Project) == set()


class TestCommitted:
    @pytest.mark.parametrize(
        ("stage", "due", "is_committed"),
        [
            ("interest", "2024", False), ("proposed", "2024", False), ("considered", "2024", False),
            ("planned", None, False), ("planned", "2024", True), ("agreed", None, True), ("in_progress", None, True),
            ("suspended", None, True), ("completed", None, True), ("operating", None, True),
            ("cancelled", "2024", False), ("not_said", "2024", False),
        ],
    )  # fmt: skip
    def test_an_offer_is_not_a_commitment(self, stage, due, is_committed, today):
        project = Project.objects.create(name="Project", stage_at_entry=stage, due=due)
        project.refresh_from_db()
        assert Project.objects.committed(today).filter(pk=project.pk).exists() is is_committed
        assert project.is_committed(today) is is_committed

    def test_an_inherited_deadline_does_not_make_a_plan_a_commitment(self, item):
        project = Project.objects.create(name="Plan", stage_at_entry="planned")
        project.items.add(item)
        assert overdue(date(2030, 1, 1), Project) == set()


class TestPredicateAndQueryAgree(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        on=st.dates(date(2022, 1, 1), date(2028, 1, 1)),
        due=st.none() | st.sampled_from(["2023", "2024-01/2024-06", "2025-03", "2024-07-01"]),
        own=st.none() | st.sampled_from(["2023", "2024-06", "2026"]),
        closed=st.none() | st.dates(date(2023, 1, 1), date(2027, 1, 1)),
        status=st.sampled_from(RoadmapStatus.values),
        stage=st.sampled_from(Stage.values),
        linked=st.booleans(),
    )
    def test_row_by_row(self, on, due, own, closed, status, stage, linked):
        state = Partner.objects.create(name="Somewhere", kind="state", country="ZZ", is_placeholder=True)
        roadmap = Roadmap.objects.create(name="R", status=status, counterpart=state, period="2023/2025")
        closing = {"closed_as": "dropped", "closed_on": closed, "closed_why": "no need"} if closed else {}
        item = RoadmapItem.objects.create(roadmap=roadmap, name="I", due=due, **closing)
        project = Project.objects.create(name="P", stage_at_entry=stage, due=own)
        if linked:
            project.items.add(item)
        item.refresh_from_db()
        project.refresh_from_db()
        assert item.is_overdue(on) == RoadmapItem.objects.overdue(on).filter(pk=item.pk).exists()
        assert project.is_overdue(on) == Project.objects.overdue(on).filter(pk=project.pk).exists()
        assert RoadmapItem.objects.with_overdue(on).get(pk=item.pk).late is item.is_overdue(on)


class TestDeclaredIsNotEntered:
    def test_both_numbers_stand_side_by_side(self, roadmap, item):
        Roadmap.objects.update(declared_items=74, declared_areas=15)
        RoadmapArea.objects.create(roadmap=roadmap, name="Agriculture")
        row = Roadmap.objects.with_counts().get()
        assert (row.declared_areas, row.entered_areas, row.declared_items, row.entered_items) == (15, 1, 74, 1)


class TestDeadlinesMoveByTheLedger:
    def test_sql_cannot_move_a_deadline(self, item):
        with pytest.raises(IntegrityError, match="moves only by an agreed rescheduling"), transaction.atomic():
            RoadmapItem.objects.update(due="2030")

    def test_the_original_deadline_never_changes(self, item):
        item.refresh_from_db()
        assert item.original_due == item.due
        with pytest.raises(IntegrityError, match="original deadline"), transaction.atomic():
            RoadmapItem.objects.update(original_due="2030")

    def test_an_area_of_another_roadmap_is_refused(self, item, guinea):
        other = Roadmap.objects.create(name="Other", status="draft", counterpart=guinea)
        item.area = RoadmapArea.objects.create(roadmap=other, name="Elsewhere")
        with pytest.raises(ValidationError, match="another roadmap"):
            item.full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            item.save()


class TestComparison:
    def test_only_the_same_measure_compares(self, guinea):
        def indicator(**changes):
            values = {"quantity": "trade turnover", "unit": "USD", "currency": "USD", "subject": guinea, **changes}
            return Indicator.objects.create(name="I", **values)

        first, same = indicator(), indicator()
        indicator(currency="EUR", unit="EUR")
        indicator(quantity="growth of trade turnover", unit="times", currency="")
        assert set(Indicator.objects.comparable_with(first)) == {first, same}

    def test_a_reading_has_a_value_or_words(self, guinea):
        indicator = Indicator.objects.create(name="I", quantity="q", unit="u", subject=guinea)
        with pytest.raises(IntegrityError), transaction.atomic():
            Observation.objects.create(indicator=indicator)


class TestTrace:
    def test_bulk_and_sql_leave_an_event_a_row(self, item, roadmap):
        RoadmapItem.objects.create(roadmap=roadmap, name="Second")
        RoadmapItem.objects.update(note="seen")
        assert item.events.filter(pgh_label="update").count() == 1
        with connection.cursor() as cursor:
            cursor.execute("UPDATE agreements_roadmapitem SET note = 'by hand'")
        assert item.events.filter(pgh_label="update").count() == 2

    def test_a_save_that_changes_nothing_leaves_no_event_and_no_version(self, item):
        item.refresh_from_db()
        version = item.version
        item.save()
        item.refresh_from_db()
        assert (item.version, item.events.count()) == (version, 1)

    def test_a_change_counts_the_version_up(self, item):
        RoadmapItem.objects.update(note="once")
        item.refresh_from_db()
        assert item.version == 2

    @pytest.mark.parametrize(
        "sql",
        ["UPDATE agreements_roadmapitemevent SET note = 'x'", "DELETE FROM agreements_roadmapitemevent",
         "TRUNCATE agreements_roadmapitemevent"],
    )  # fmt: skip
    def test_events_are_append_only(self, item, sql):
        refused = pytest.raises(DatabaseError, match=r"append|Cannot")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)

    def test_a_deletion_leaves_its_row_in_the_history(self, item):
        events = type(item.events.first())
        pk = item.pk
        item.delete()
        assert events.objects.filter(pgh_obj_id=pk, pgh_label="delete", name="Agro-town").count() == 1

    def test_a_reference_never_changes_and_is_never_given_twice(self, item, guinea):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            RoadmapItem.objects.update(reference="OTHER-1")
        with pytest.raises(IntegrityError), transaction.atomic():
            Project.objects.create(reference=item.reference, name="Same reference")

    def test_a_partner_cannot_answer_to_itself_by_a_detour(self, guinea):
        ministry = Partner.objects.create(name="Ministry", kind="authority", country="GQ")
        office = Partner.objects.create(name="Office", kind="authority", country="GQ", parent=ministry)
        ministry.parent = office
        with pytest.raises(ValidationError, match="above itself"):
            ministry.full_clean()
        with pytest.raises(IntegrityError, match="above itself"), transaction.atomic():
            ministry.save()


def test_search_ignores_accents_and_finds_aliases(guinea):
    guinea.aliases.create(text="Guinée équatoriale", kind="other_language")
    assert list(Partner.objects.search("guinee EQUATORIALE")) == [guinea]
    assert not Partner.objects.search("Gabon").exists()


def test_partial_dates_of_a_record_keep_their_precision(item):
    item.refresh_from_db()
    assert item.due == PartialDate.parse("2024-01/2024-06")
    assert item.due.last_day + timedelta(days=1) == date(2024, 7, 1)
