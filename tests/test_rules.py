"""Rules 2 to 6, 9 and 10 of the domain, by name."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from agreements.models import ItemRescheduling, Reopening, Roadmap, RoadmapArea, RoadmapItem, RoadmapStatus
from partners.dates import PartialDate
from partners.models import Partner, Sector
from projects.models import Indicator, Observation, Project, ProjectRescheduling, Stage, StatusUpdate

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
    """The late rows, which the query, its annotation and the predicate of a row tell alike."""
    found = set(model.objects.overdue(on))
    rows = list(model.objects.with_overdue(on))
    assert {row.late for row in rows} <= {True, False}
    assert found == {row for row in rows if row.late} == {row for row in rows if row.is_overdue(on)}
    assert [row.deadline for row in rows] == [row.deadline_on(on) for row in rows]
    return found


def moved(record, new, decided, by, **changes):
    """The record's deadline moved by the ledger on the day; `changes` make it another decision."""
    ledger, subject = (
        (ItemRescheduling, "item") if isinstance(record, RoadmapItem) else (ProjectRescheduling, "project")
    )
    record.refresh_from_db()
    values = {"decision": "agreed", "decided_on": decided, "decided_by": by, **changes}
    ledger.objects.create(
        **{subject: record}, old_due=record.due, new_due=new, reason="flood", requested_on=date(2024, 2, 1), **values
    )
    if values["decision"] == "agreed":
        type(record).objects.filter(pk=record.pk).update(due=new)


def closed(item, on):
    RoadmapItem.objects.filter(pk=item.pk).update(closed_as="fulfilled", closed_on=on, closed_why="built")


def accepted(project, stage, on, by, **changes):
    """A report on the project, submitted on the day and accepted at once; `changes` make it another one."""
    author = type(by).objects.get_or_create(username="an-author")[0]
    decided = {"state": "accepted", "decided_by": by, "decided_at": datetime(2024, 1, 1, tzinfo=UTC)}
    return StatusUpdate.objects.create(
        project=project, stage=stage, confidence="on_track", text="News", author=author, submitted_on=on,
        **{**decided, **changes},
    )  # fmt: skip


SUBMITTED = {"state": "submitted", "decided_by": None, "decided_at": None}


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

    @pytest.mark.parametrize("status", RoadmapStatus.values)
    def test_only_a_roadmap_that_is_signed_or_implemented_binds(self, item, roadmap, status):
        Roadmap.objects.update(status=status)
        binds = status in {"signed", "in_implementation"}
        assert overdue(date(2025, 1, 1)) == ({item} if binds else set())
        assert Roadmap.objects.in_force().exists() is binds

    def test_an_item_without_any_deadline_is_never_late(self, guinea):
        open_ended = Roadmap.objects.create(name="Without a period", status="signed", counterpart=guinea)
        RoadmapItem.objects.create(roadmap=open_ended, name="Some day")
        assert overdue(date(2990, 1, 1)) == set()

    def test_a_late_item_makes_no_other_late(self, item, roadmap):
        RoadmapItem.objects.create(roadmap=roadmap, name="Houses")
        assert overdue(date(2025, 1, 1)) == {item}

    def test_a_closed_item_is_late_only_before_its_closure(self, item):
        closed(item, date(2024, 8, 1))
        assert overdue(date(2024, 7, 31)) == {item}
        assert overdue(date(2024, 8, 1)) == set()

    def test_a_reopened_item_was_not_late_while_it_was_closed(self, item, roadmap, controller):
        other = RoadmapItem.objects.create(roadmap=roadmap, name="Never closed", due="2024-01/2024-06")
        Reopening.objects.create(
            item=item, closed_as="fulfilled", closed_on=date(2024, 8, 1), closed_why="built", reopened_by=controller,
            reopened_on=date(2024, 9, 1), reopened_why="the roof leaks",
        )  # fmt: skip
        assert overdue(date(2024, 7, 31)) == {item, other}
        assert overdue(date(2024, 8, 1)) == overdue(date(2024, 8, 31)) == {other}
        assert overdue(date(2024, 9, 1)) == {item, other}

    def test_an_item_is_judged_by_the_deadline_it_had_on_the_day(self, item, roadmap, controller):
        other = RoadmapItem.objects.create(roadmap=roadmap, name="Never moved", due="2024-01/2024-06")
        moved(item, "2025", date(2024, 9, 1), controller)
        assert overdue(date(2024, 8, 31)) == {item, other}
        assert overdue(date(2024, 9, 1)) == {other}
        assert overdue(date(2026, 1, 1)) == {item, other}

    def test_of_several_moves_the_first_one_after_the_day_shows_its_deadline(self, item, controller):
        moved(item, "2024-08", date(2024, 7, 10), controller)
        moved(item, "2024-12", date(2024, 9, 10), controller)
        late = [day for month in range(6, 13) for day in (date(2024, month, 5), date(2024, month, 15))]
        assert [day for day in late if overdue(day)] == [date(2024, 7, 5), date(2024, 9, 5)]
        assert overdue(date(2025, 1, 1)) == {item}

    def test_moves_are_ordered_by_their_decision_not_by_their_entry(self, item, controller):
        late, early = ("2025", date(2024, 9, 10)), ("2024-08", date(2024, 7, 10))
        ItemRescheduling.objects.bulk_create(
            ItemRescheduling(
                item=item, old_due=old, new_due=new, reason="flood", requested_on=date(2024, 2, 1), decision="agreed",
                decided_on=decided, decided_by=controller,
            )
            for old, (new, decided) in (("2024-08", late), ("2024-01/2024-06", early))
        )  # fmt: skip
        assert overdue(date(2024, 7, 5)) == {item}

    @pytest.mark.parametrize("decision", ["pending", "refused"])
    def test_a_move_that_is_not_agreed_moves_nothing(self, item, controller, decision):
        decided = {} if decision == "refused" else {"decided_on": None, "decided_by": None}
        moved(item, "2025", date(2024, 9, 1), controller, decision=decision, **decided)
        RoadmapItem.objects.update(number="1")
        assert overdue(date(2024, 6, 30)) == set()
        assert overdue(date(2024, 8, 1)) == overdue(date(2024, 9, 2)) == {item}

    def test_a_refused_move_does_not_hide_the_agreed_one(self, item, controller):
        moved(item, "2023", date(2024, 3, 1), controller, decision="refused")
        moved(item, "2025", date(2024, 9, 1), controller)
        moved(item, "2026", date(2024, 8, 1), controller, decision="refused")
        assert overdue(date(2024, 7, 31)) == {item}
        assert overdue(date(2025, 1, 1)) == set()

    def test_a_deadline_given_later_does_not_reach_back(self, roadmap, controller):
        item = RoadmapItem.objects.create(roadmap=roadmap, name="Houses")
        moved(item, "2027", date(2026, 2, 1), controller)
        assert item.deadline_on(date(2026, 1, 31)) == date(2026, 12, 31)
        assert overdue(date(2027, 6, 1)) == set()

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

    def test_a_project_is_judged_by_the_deadline_it_had_on_the_day(self, controller):
        project = Project.objects.create(name="Moved", stage_at_entry="agreed", due="2024-01/2024-06")
        other = Project.objects.create(name="Never moved", stage_at_entry="agreed", due="2024-01/2024-06")
        moved(project, "2024-10", date(2024, 9, 1), controller)
        moved(project, "2025", date(2024, 12, 1), controller)
        moved(project, "2030", date(2024, 8, 1), controller, decision="refused")
        assert overdue(date(2024, 6, 30), Project) == set()
        assert overdue(date(2024, 8, 31), Project) == {project, other}
        assert overdue(date(2024, 9, 1), Project) == {other}
        assert overdue(date(2024, 11, 1), Project) == {project, other}
        assert overdue(date(2024, 12, 1), Project) == {other}

    def test_the_moves_of_a_project_are_ordered_by_their_decision(self, controller):
        project = Project.objects.create(name="Moved", stage_at_entry="agreed", due="2024")
        for old, new, decided in (("2024-08", "2025", date(2024, 9, 10)), ("2024-06", "2024-08", date(2024, 7, 10))):
            ProjectRescheduling.objects.create(
                project=project, old_due=old, new_due=new, reason="flood", requested_on=date(2024, 2, 1),
                decision="agreed", decided_on=decided, decided_by=controller,
            )  # fmt: skip
        assert overdue(date(2024, 7, 5), Project) == {project}

    def test_a_project_of_another_stage_on_the_day_is_judged_by_that_stage(self, controller):
        project = Project.objects.create(name="Built", stage_at_entry="agreed", due="2024-01/2024-06")
        accepted(project, "completed", date(2024, 8, 1), controller)
        assert overdue(date(2024, 7, 31), Project) == {project}
        assert overdue(date(2024, 8, 1), Project) == set()

    def test_a_suspended_project_can_be_late(self):
        project = Project.objects.create(name="Stopped", stage_at_entry="suspended", due="2020")
        assert overdue(date(2024, 1, 1), Project) == {project}

    def test_a_project_inherits_the_latest_deadline_of_its_items(self, item, roadmap):
        later = RoadmapItem.objects.create(roadmap=roadmap, name="Later", due="2025")
        project = Project.objects.create(name="Both", stage_at_entry="agreed")
        project.items.add(item, later)
        assert overdue(date(2025, 12, 31), Project) == set()
        assert overdue(date(2026, 1, 1), Project) == {project}

    def test_a_project_inherits_no_deadline_of_closed_items(self, item, roadmap):
        later = RoadmapItem.objects.create(roadmap=roadmap, name="Later", due="2025")
        closed(later, date(2024, 3, 1))
        project = Project.objects.create(name="Both", stage_at_entry="agreed")
        project.items.add(item, later)
        assert overdue(date(2024, 6, 30), Project) == set()
        assert overdue(date(2024, 7, 1), Project) == {project}
        closed(item, date(2024, 7, 2))
        assert overdue(date(2024, 7, 2), Project) == set()

    def test_a_project_inherits_no_deadline_of_a_dead_roadmap_but_is_bound_by_a_living_one(self, item, guinea):
        dead = Roadmap.objects.create(name="Dead", status="expired", counterpart=guinea, period="2020/2030")
        project = Project.objects.create(name="Of two roadmaps", stage_at_entry="agreed")
        project.items.add(item, RoadmapItem.objects.create(roadmap=dead, name="Given up", due="2030"))
        assert overdue(date(2024, 6, 30), Project) == set()
        assert overdue(date(2024, 7, 1), Project) == {project}

    def test_items_of_one_project_date_no_other(self, item, roadmap):
        project = Project.objects.create(name="With an item", stage_at_entry="agreed")
        project.items.add(item)
        other = Project.objects.create(name="With a later one", stage_at_entry="agreed")
        other.items.add(RoadmapItem.objects.create(roadmap=roadmap, name="Later", due="2025"))
        Project.objects.create(name="With none", stage_at_entry="agreed")
        assert overdue(date(2024, 7, 1), Project) == {project}
        assert overdue(date(2026, 1, 1), Project) == {project, other}

    def test_an_undated_item_leaves_its_project_undated(self, guinea):
        open_ended = Roadmap.objects.create(name="Without a period", status="signed", counterpart=guinea)
        project = Project.objects.create(name="Some day", stage_at_entry="agreed")
        project.items.add(RoadmapItem.objects.create(roadmap=open_ended, name="Some day"))
        assert overdue(date(2990, 1, 1), Project) == set()

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


class TestTheStageOnADay:
    @pytest.fixture
    def project(self):
        return Project.objects.create(name="Laboratory", stage_at_entry="planned", due="2024")

    def stages(self, project, *days):
        """The stages on days of 2024, which the query and the row tell alike."""
        told = [Project.objects.with_stage(day).get(pk=project.pk).stage_then for day in days]
        assert told == [project.stage_on(day) for day in days]
        return told

    def test_is_that_of_the_last_accepted_report_up_to_it(self, project, controller):
        accepted(project, "in_progress", date(2024, 9, 1), controller)
        accepted(project, "agreed", date(2024, 3, 1), controller)
        days = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 8, 31), date(2024, 9, 1), date(2025, 1, 1)]
        assert self.stages(project, *days) == ["planned", "agreed", "agreed", "in_progress", "in_progress"]

    def test_is_that_of_the_report_entered_last_where_a_day_has_two(self, project, controller):
        for stage in ("agreed", "suspended", "in_progress"):
            accepted(project, stage, date(2024, 3, 1), controller)
        assert self.stages(project, date(2024, 3, 1)) == ["in_progress"]

    def test_ignores_what_nobody_accepted_and_what_is_said_of_others(self, project, controller):
        accepted(project, "in_progress", date(2024, 3, 1), controller, **SUBMITTED)
        accepted(project, "in_progress", date(2024, 3, 1), controller, state="returned", decision_text="Prove it")
        other = Project.objects.create(name="Other", stage_at_entry="considered")
        accepted(other, "completed", date(2024, 3, 1), controller)
        assert self.stages(project, date(2024, 4, 1)) == ["planned"]
        assert self.stages(other, date(2024, 4, 1)) == ["completed"]

    def test_makes_a_commitment_or_ends_it(self, project, controller):
        accepted(project, "agreed", date(2024, 3, 1), controller)
        accepted(project, "cancelled", date(2024, 9, 1), controller)
        Project.objects.update(stage_at_entry="proposed")
        for day, committed in ((date(2024, 2, 1), False), (date(2024, 3, 1), True), (date(2024, 9, 1), False)):
            assert Project.objects.committed(day).exists() is project_of(project).is_committed(day) is committed


def project_of(project):
    return Project.objects.get(pk=project.pk)


class TestDueSoon:
    DAY = date(2024, 6, 1)

    @pytest.mark.parametrize(
        ("due", "soon"),
        [("2024-05-31", False), ("2024-06-01", True), ("2024-07-01", True), ("2024-07-02", False), (None, False)],
    )
    def test_counts_from_the_day_to_so_many_days_later(self, roadmap, due, soon):
        RoadmapItem.objects.create(roadmap=roadmap, name="Houses", due=due)
        Project.objects.create(name="Works", stage_at_entry="agreed", due=due)
        assert RoadmapItem.objects.due_within(self.DAY, 30).exists() is soon
        assert Project.objects.due_within(self.DAY, 30).exists() is soon

    def test_names_open_items_of_living_roadmaps_alone(self, item, roadmap, guinea):
        closed(RoadmapItem.objects.create(roadmap=roadmap, name="Closed", due="2024-06"), date(2024, 5, 1))
        dead = Roadmap.objects.create(name="Dead", status="expired", counterpart=guinea)
        RoadmapItem.objects.create(roadmap=dead, name="Given up", due="2024-06")
        assert set(RoadmapItem.objects.due_within(self.DAY, 30)) == {item}

    def test_names_active_projects_alone(self, item, guinea):
        for stage in ("completed", "considered"):
            Project.objects.create(name=stage, stage_at_entry=stage, due="2024-06")
        dead = Roadmap.objects.create(name="Dead", status="expired", counterpart=guinea)
        released = Project.objects.create(name="Released", stage_at_entry="agreed", due="2024-06")
        released.items.add(RoadmapItem.objects.create(roadmap=dead, name="Given up"))
        delivering = Project.objects.create(name="Delivering", stage_at_entry="in_progress")
        delivering.items.add(item)
        assert set(Project.objects.due_within(self.DAY, 30)) == {delivering}


class TestSilence:
    BEGUN = date(2024, 1, 1)

    @pytest.fixture
    def project(self):
        return Project.objects.create(name="Laboratory", stage_at_entry="agreed", monitored_since=self.BEGUN)

    def silent(self, *days):
        """The silent projects on each day after the beginning, which the query and the row tell alike."""
        told = []
        for number in days:
            on = self.BEGUN + timedelta(days=number)
            names = [row.name for row in Project.objects.silent(on).order_by("id")]
            assert names == [row.name for row in Project.objects.order_by("id") if row.is_silent(on)]
            told.append(names)
        return told

    def test_begins_after_a_quarter_without_a_report(self, project):
        assert self.silent(92, 93) == [[], ["Laboratory"]]

    def test_begins_after_a_month_for_a_priority(self, project):
        Project.objects.update(is_priority=True)
        assert self.silent(31, 32) == [[], ["Laboratory"]]

    def test_begins_after_a_month_where_one_of_the_items_is_a_priority(self, project, roadmap, item):
        project.items.add(item)
        other = Project.objects.create(name="Other", stage_at_entry="agreed", monitored_since=self.BEGUN)
        urgent = RoadmapItem.objects.create(roadmap=roadmap, name="Urgent", is_priority=True)
        other.items.add(item, urgent)
        assert self.silent(31, 32, 93) == [[], ["Other"], ["Laboratory", "Other"]]

    def test_is_broken_by_an_accepted_report_from_its_day_on(self, project, controller):
        accepted(project, "in_progress", self.BEGUN + timedelta(days=100), controller)
        assert self.silent(99, 100, 192, 193) == [["Laboratory"], [], [], ["Laboratory"]]

    def test_counts_from_the_newest_report_in_whatever_order_they_came(self, project, controller):
        for day in (150, 50):
            accepted(project, "in_progress", self.BEGUN + timedelta(days=day), controller)
        assert self.silent(142, 143, 150, 242, 243) == [[], ["Laboratory"], [], [], ["Laboratory"]]

    def test_is_not_broken_by_a_report_that_nobody_accepted_nor_by_one_on_another_project(self, project, controller):
        other = Project.objects.create(name="Other", stage_at_entry="agreed", monitored_since=self.BEGUN)
        accepted(other, "in_progress", self.BEGUN + timedelta(days=90), controller)
        accepted(project, "in_progress", self.BEGUN + timedelta(days=90), controller, **SUBMITTED)
        assert self.silent(93) == [["Laboratory"]]

    def test_is_told_of_active_projects_under_monitoring_alone(self, project, controller):
        Project.objects.create(name="Done", stage_at_entry="completed", monitored_since=self.BEGUN)
        Project.objects.create(name="Offer", stage_at_entry="proposed", monitored_since=self.BEGUN)
        Project.objects.create(name="Unwatched", stage_at_entry="agreed", monitored_since=None)
        assert self.silent(93) == [["Laboratory"]]

    def test_counts_from_the_last_report_where_monitoring_has_no_beginning(self, project, controller):
        Project.objects.update(monitored_since=None)
        accepted(project, "in_progress", self.BEGUN, controller)
        assert self.silent(92, 93) == [[], ["Laboratory"]]

    def test_counts_from_the_beginning_of_monitoring_where_that_is_later(self, project, controller):
        accepted(project, "in_progress", self.BEGUN - timedelta(days=30), controller)
        assert self.silent(92, 93) == [[], ["Laboratory"]]


class TestTheWayOfAReport:
    @pytest.fixture
    def project(self, officer):
        ministry = Partner.objects.create(name="Ministry", kind="authority", country="BY")
        officer.memberships.create(organisation=ministry)
        return Project.objects.create(name="Laboratory", stage_at_entry="planned", lead=ministry)

    @pytest.fixture
    def draft(self, project, officer):
        words = {"progress": 40, "next_step": "Roof", "next_step_due": PartialDate.parse("2024-09")}
        return project.report(by=officer, stage="in_progress", confidence="at_risk", text="Walls are up", **words)

    @pytest.fixture
    def report(self, draft, officer):
        draft.submit(by=officer)
        return draft

    def stored(self, report):
        return StatusUpdate.objects.get(pk=report.pk)

    def test_its_author_hands_it_in_on_the_day(self, draft, officer, cast):
        with pytest.raises(PermissionDenied, match="Only its author"):
            draft.submit(by=cast("controller"))
        assert self.stored(draft).state == "draft"
        with time_machine.travel(datetime(2024, 6, 30, 22, tzinfo=UTC), tick=False):
            draft.submit(by=officer)
        assert (self.stored(draft).state, self.stored(draft).submitted_on) == ("submitted", date(2024, 7, 1))

    def test_a_controller_accepts_it_and_the_record_says_who_and_when(self, report, controller):
        at = datetime(2024, 7, 2, 9, tzinfo=UTC)
        with time_machine.travel(at, tick=False):
            report.accept(by=controller)
        told = self.stored(report)
        assert (told.state, told.decided_by, told.decided_at, told.decision_text) == ("accepted", controller, at, "")
        assert set(StatusUpdate.objects.accepted()) == {report}

    def test_a_controller_returns_it_and_the_record_says_why(self, report, controller):
        at = datetime(2024, 7, 2, 9, tzinfo=UTC)
        with time_machine.travel(at, tick=False):
            report.return_(by=controller, why=" Which walls? ")
        told = self.stored(report)
        assert (told.state, told.decided_by, told.decided_at) == ("returned", controller, at)
        assert told.decision_text == "Which walls?"
        assert not StatusUpdate.objects.accepted().exists()

    def test_who_answers_for_the_project_no_more_does_not_hand_it_in(self, draft, project, officer):
        Project.objects.create(name="Another that he leads", stage_at_entry="planned", lead=project.lead)
        Project.objects.filter(pk=project.pk).update(lead=None)
        with pytest.raises(PermissionDenied):
            draft.submit(by=officer)
        assert self.stored(draft).state == "draft"

    @pytest.mark.parametrize("why", ["", "  "])
    def test_a_return_says_why(self, report, controller, why):
        with pytest.raises(ValidationError, match="Say why it is returned"):
            report.return_(by=controller, why=why)
        assert self.stored(report).state == "submitted"

    def test_nobody_else_decides(self, report, officer, cast):
        decisions = [report.accept, lambda by: report.return_(by=by, why="No")]
        for decide in decisions:
            with pytest.raises(PermissionDenied, match="Nobody accepts his own"):
                decide(by=officer)
            with pytest.raises(PermissionDenied, match="A controller decides"):
                decide(by=cast("officer", f"an-officer-{len(type(officer).objects.all())}"))
        assert self.stored(report).state == "submitted"

    def test_a_draft_is_not_decided(self, draft, controller):
        with pytest.raises(ValidationError, match="The report is draft by now"):
            draft.accept(by=controller)
        with pytest.raises(ValidationError, match="The report is draft by now"):
            draft.return_(by=controller, why="No")
        assert self.stored(draft).state == "draft"
        assert not StatusUpdate.objects.handed_in().exists()

    def test_what_is_decided_stays_decided_though_a_page_shows_it_open(self, report, officer, controller):
        page = self.stored(report)
        report.accept(by=controller)
        with pytest.raises(ValidationError, match="The report is accepted by now"):
            page.return_(by=controller, why="No")
        with pytest.raises(ValidationError, match="The report is accepted by now"):
            page.submit(by=officer)
        assert (self.stored(report).state, self.stored(report).decision_text) == ("accepted", "")
        assert set(StatusUpdate.objects.handed_in()) == {report}

    def test_a_decision_writes_nothing_but_itself(self, report, controller):
        report.text = "Typed into a page but not saved"
        report.accept(by=controller)
        assert (self.stored(report).state, self.stored(report).text) == ("accepted", "Walls are up")

    def test_a_returned_report_is_written_anew_with_all_its_words(self, report, officer, controller):
        report.return_(by=controller, why="Which walls?")
        anew = self.stored(report.resubmission(by=officer))
        assert (anew.state, anew.follows, anew.author, anew.project) == ("draft", report, officer, report.project)
        assert (anew.stage, anew.confidence, anew.progress) == ("in_progress", "at_risk", 40)
        assert (anew.text, anew.next_step, str(anew.next_step_due)) == ("Walls are up", "Roof", "2024-09")

    def test_only_a_returned_report_is_written_anew(self, report, officer, controller):
        with pytest.raises(ValidationError, match="Only a returned report"):
            report.resubmission(by=officer)
        report.accept(by=controller)
        with pytest.raises(ValidationError, match="Only a returned report"):
            report.resubmission(by=officer)


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

    def test_an_item_stands_in_an_area_of_its_roadmap_or_in_none(self, item):
        item.area = None
        item.full_clean()
        item.area = RoadmapArea.objects.create(roadmap=item.roadmap, name="Health")
        item.full_clean()


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


@pytest.mark.django_db
def test_references_go_on_after_the_hundred_thousandth():
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('pacta_reference_number', 99998)")
    codes = [Sector.objects.create(name=f"Sector {n}").reference for n in range(12)]
    assert [code.rpartition("-")[2] for code in codes] == [str(number) for number in range(99999, 100011)]


@pytest.mark.django_db
def test_looking_whether_a_record_is_valid_takes_no_number():
    """Each row that there was took one: a report in a register of 10,000 of them cost 10,000 numbers, and 40 ms."""
    Sector.objects.bulk_create(Sector(name=f"Sector {n}") for n in range(30))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('pacta_reference_number')")
        (before,) = cursor.fetchone()
        Sector(name="One more").full_clean()
        cursor.execute("SELECT nextval('pacta_reference_number')")
        assert cursor.fetchone() == (before + 1,)
