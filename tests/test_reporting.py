"""The daily job by its rules: what is reported, who decides, how deadlines move and items are closed."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agreements.models import ClosedAs, Decision, Roadmap, RoadmapItem
from oversight.completeness import findings
from oversight.scores import slippage
from oversight.sweeping import orphans
from partners.dates import PartialDate, today
from partners.models import Partner
from projects.models import Evidence, Project, StatusUpdate, UpdateState
from tests.builders import form_data

pytestmark = pytest.mark.django_db
GROUPS = ("record", "lead", "partner")
WORDS = {"stage": "in_progress", "confidence": "on_track", "text": "Walls are up"}


@pytest.fixture
def ministry():
    return Partner.objects.create(name="Ministry", kind="authority", country="BY")


@pytest.fixture
def works(ministry):
    return Partner.objects.create(name="Works", kind="enterprise", country="BY", parent=ministry)


@pytest.fixture
def officer(officer, ministry):
    officer.memberships.create(organisation=ministry)
    return officer


@pytest.fixture
def project(works):
    """Led by an enterprise under the officer's ministry."""
    return Project.objects.create(name="Laboratory", stage_at_entry="planned", due="2030", lead=works)


@pytest.fixture
def item(ministry):
    state = Partner.objects.create(name="Guinea", kind="state", country="GQ")
    roadmap = Roadmap.objects.create(name="Roadmap", status="signed", counterpart=state, period="2024/2036")
    return RoadmapItem.objects.create(roadmap=roadmap, name="Agro-town", due="2030", lead=ministry)


class TestRule6TheDeadlineMovesOnlyByARescheduling:
    def test_a_later_date_waits_for_a_controller(self, item, officer, controller):
        move = item.reschedule(to=PartialDate.parse("2031"), why="Floods", by=officer)
        assert (move.decision, str(item.due)) == (Decision.PENDING, "2030")
        move.agree(by=controller, text="Granted once")
        item.refresh_from_db()
        move.refresh_from_db()
        assert (str(item.due), str(item.original_due), move.reason, move.decision_text) == (
            "2031",
            "2030",
            "Floods",
            "Granted once",
        )

    def test_an_earlier_date_passes_at_once(self, item, officer):
        move = item.reschedule(to=PartialDate.parse("2029"), why="Early harvest", by=officer)
        assert (move.decision, str(item.due)) == (Decision.AGREED, "2029")

    def test_without_a_reason_nothing_moves(self, item, officer):
        with pytest.raises(ValidationError, match="reason"):
            item.reschedule(to=PartialDate.parse("2029"), why="  ", by=officer)
        assert item.reschedulings.count() == 0

    def test_a_refused_reschedule_keeps_the_requesters_text(self, item, officer, controller):
        move = item.reschedule(to=PartialDate.parse("2031"), why="Floods", by=officer)
        move.refuse(by=controller, text="It rains every year")
        move.refresh_from_db()
        item.refresh_from_db()
        assert (move.decision, move.reason, move.decision_text) == ("refused", "Floods", "It rains every year")
        assert str(item.due) == "2030"

    def test_nobody_agrees_to_his_own_request_nor_does_an_officer(self, item, officer, controller):
        own = item.reschedule(to=PartialDate.parse("2031"), why="Floods", by=controller)
        for user in (controller, officer):
            with pytest.raises(PermissionDenied):
                own.agree(by=user)

    def test_a_second_request_waits_its_turn(self, item, officer):
        item.reschedule(to=PartialDate.parse("2031"), why="Floods", by=officer)
        with pytest.raises(ValidationError, match="waiting already"):
            item.reschedule(to=PartialDate.parse("2032"), why="More floods", by=officer)

    def test_a_decided_request_is_decided_for_good(self, item, officer, controller):
        move = item.reschedule(to=PartialDate.parse("2031"), why="Floods", by=officer)
        move.agree(by=controller)
        with pytest.raises(ValidationError, match="decided already"):
            move.refuse(by=controller, text="No")

    def test_a_project_moves_by_the_same_rule(self, project, officer, controller):
        move = project.reschedule(to=PartialDate.parse("2031"), why="Pumps are late", by=officer)
        assert str(project.due) == "2030"
        move.agree(by=controller)
        project.refresh_from_db()
        assert (str(project.due), str(project.original_due)) == ("2031", "2030")

    def test_moves_and_days_add_up_per_item_lead_and_partner(self, item, project, officer, controller):
        for year in ("2031", "2032"):
            item.reschedule(to=PartialDate.parse(year), why="Floods", by=officer).agree(by=controller)
            item.refresh_from_db()
        project.reschedule(to=PartialDate.parse("2031"), why="Pumps", by=officer).agree(by=controller)
        told = {by: [(row.of, row.moves, row.days) for row in slippage(today(), by)] for by in GROUPS}
        assert told["record"] == [(item, 2, 731), (project, 1, 365)]
        assert told["lead"] == [(item.lead, 2, 731), (project.lead, 1, 365)]
        assert told["partner"] == [(item.roadmap.counterpart, 2, 731)]

    def test_a_judgement_of_a_past_day_uses_the_deadline_of_that_day(self, item, officer, controller):
        item.reschedule(to=PartialDate.parse("2031"), why="Floods", by=officer).agree(by=controller)
        item.refresh_from_db()
        assert item.deadline_on(today() - timedelta(days=1)).year == 2030
        assert item.deadline_on(today()).year == 2031


class TestRule7StatusChangesOnlyByAnAcceptedUpdate:
    def test_the_stage_follows_the_accepted_report_and_nothing_else(self, project, officer, controller):
        report = project.report(by=officer, **WORDS)
        report.submit(by=officer)
        project.refresh_from_db()
        assert (project.stage, project.last_reported_on) == ("planned", None)
        report.accept(by=controller)
        project.refresh_from_db()
        assert (project.stage, project.last_reported_on) == ("in_progress", today())

    def test_a_typo_fix_does_not_refresh_last_reported(self, project):
        Project.objects.update(name="Laboratory of soils", stage="completed", last_reported_on=today())
        project.refresh_from_db()
        assert (project.stage, project.last_reported_on) == ("planned", None)

    def test_a_returned_report_changes_nothing(self, project, officer, controller):
        report = project.report(by=officer, **WORDS)
        report.submit(by=officer)
        report.return_(by=controller, why="Which walls?")
        project.refresh_from_db()
        assert (project.stage, project.last_reported_on) == ("planned", None)

    def test_a_return_needs_a_reason(self, project, officer, controller):
        report = project.report(by=officer, **WORDS)
        report.submit(by=officer)
        with pytest.raises(ValidationError, match="why"):
            report.return_(by=controller, why=" ")

    def test_nobody_accepts_his_own_report_not_even_a_controller(self, project, controller):
        report = project.report(by=controller, **WORDS)
        report.submit(by=controller)
        with pytest.raises(PermissionDenied, match="his own"):
            report.accept(by=controller)

    def test_an_administrator_does_not_accept(self, project, officer, cast):
        report = project.report(by=officer, **WORDS)
        report.submit(by=officer)
        with pytest.raises(PermissionDenied):
            report.accept(by=cast("administrator", is_superuser=True))

    def test_an_officer_reports_on_what_his_organisation_or_one_under_it_leads(self, project, officer):
        project.report(by=officer, **WORDS)
        other = Project.objects.create(name="Elsewhere", stage_at_entry="agreed")
        with pytest.raises(PermissionDenied):
            other.report(by=officer, **WORDS)

    def test_who_lost_the_project_no_longer_submits(self, project, officer):
        report = project.report(by=officer, **WORDS)
        officer.memberships.all().delete()
        with pytest.raises(PermissionDenied):
            report.submit(by=officer)

    def test_a_resubmission_is_a_new_report_that_follows_the_returned_one(self, project, officer, controller):
        report = project.report(by=officer, **WORDS)
        report.submit(by=officer)
        report.return_(by=controller, why="Which walls?")
        again = report.resubmission(by=officer)
        report.refresh_from_db()
        assert (again.follows, again.text, again.state) == (report, report.text, UpdateState.DRAFT)
        assert report.state == UpdateState.RETURNED

    def test_a_submitted_report_keeps_its_words(self, project, officer):
        project.report(by=officer, **WORDS).submit(by=officer)
        with pytest.raises(IntegrityError, match="not changed any more"), transaction.atomic():
            StatusUpdate.objects.update(text="Nothing happened")

    @pytest.mark.parametrize(
        ("old", "new"), [("draft", "accepted"), ("draft", "returned"), ("accepted", "draft"), ("returned", "accepted")]
    )
    def test_the_database_refuses_impossible_moves(self, project, officer, controller, old, new):
        report = project.report(by=officer, **WORDS)
        if old != "draft":
            report.submit(by=officer)
            report.accept(by=controller) if old == "accepted" else report.return_(by=controller, why="No")
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE projects_statusupdate SET state = %s WHERE id = %s", [new, report.pk])

    def test_a_draft_is_seen_by_its_author_alone(self, project, officer, controller):
        report = project.report(by=officer, **WORDS)
        assert report in StatusUpdate.objects.visible_to(officer)
        assert report not in StatusUpdate.objects.visible_to(controller)

    def test_a_project_is_silent_a_quarter_after_its_last_report(self, project, officer, controller):
        report = project.report(by=officer, **WORDS)
        report.submit(by=officer)
        report.accept(by=controller)
        for days, silent in ((92, False), (93, True)):
            day = today() + timedelta(days=days)
            assert (project in Project.objects.silent(day)) is silent
            assert Project.objects.get().is_silent(day) is silent

    def test_a_priority_is_silent_after_a_month(self, project, officer, controller):
        Project.objects.update(is_priority=True)
        for days, silent in ((31, False), (32, True)):
            day = today() + timedelta(days=days)
            assert (project in Project.objects.silent(day)) is silent
            assert Project.objects.get().is_silent(day) is silent


class TestACoExecutorDraftsAndTheLeadSubmits:
    @pytest.fixture
    def helper(self, cast, project):
        """An officer of an institute that co-executes the project."""
        institute = Partner.objects.create(name="Institute", kind="authority", country="BY")
        project.parties.create(partner=institute, role="co_executor")
        helper = cast("officer", "officer-of-the-institute")
        helper.memberships.create(organisation=institute)
        return helper

    def test_his_draft_is_handed_in_by_the_leads_officer(self, project, helper, officer, controller):
        draft = project.report(by=helper, **WORDS)
        with pytest.raises(PermissionDenied, match="The lead of the project hands this report in"):
            draft.submit(by=helper)
        draft.submit(by=officer)
        draft.refresh_from_db()
        assert (draft.state, draft.author, draft.submitted_by) == (UpdateState.SUBMITTED, helper, officer)
        draft.accept(by=controller)

    def test_only_the_leads_officers_and_its_author_see_it(self, project, helper, officer, controller, cast):
        draft = project.report(by=helper, **WORDS)
        seen = {user for user in (helper, officer, controller, cast("officer", "an-officer-elsewhere"))
                if draft in StatusUpdate.objects.visible_to(user)}  # fmt: skip
        assert seen == {helper, officer}

    def test_a_draft_of_the_lead_itself_stays_its_authors(self, project, officer, cast, ministry):
        colleague = cast("officer", "colleague")
        colleague.memberships.create(organisation=ministry)
        draft = project.report(by=officer, **WORDS)
        assert draft not in StatusUpdate.objects.visible_to(colleague)
        with pytest.raises(PermissionDenied):
            draft.submit(by=colleague)

    def test_who_handed_it_in_does_not_accept_it(self, project, helper, officer, cast):
        both = cast("controller", "officer-and-controller")
        draft = project.report(by=helper, **WORDS)
        draft.submit(by=officer)
        StatusUpdate.objects.filter(pk=draft.pk).update(submitted_by=both)
        draft.refresh_from_db()
        with pytest.raises(PermissionDenied, match="Nobody accepts his own"):
            draft.accept(by=both)
        with pytest.raises(IntegrityError), transaction.atomic():
            StatusUpdate.objects.filter(pk=draft.pk).update(
                state="accepted", decided_by=both, decided_at=timezone.now()
            )

    @pytest.mark.parametrize("role", ["counterpart", "beneficiary"])
    def test_no_other_party_drafts(self, project, cast, role):
        outsider = cast("officer", "outsider")
        firm = Partner.objects.create(name="Firm", kind="enterprise", country="BY")
        outsider.memberships.create(organisation=firm)
        project.parties.create(partner=firm, role=role)
        with pytest.raises(PermissionDenied):
            project.report(by=outsider, **WORDS)

    def test_in_the_admin_he_is_told_that_the_lead_hands_it_in(self, client, project, helper, officer):
        client.force_login(helper)
        empty = {"progress": "", "next_step": "", "next_step_due": ""}
        forms = {f"evidence-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
        page = client.post(
            "/admin/projects/statusupdate/add/",
            {**WORDS, **empty, **forms, "project": project.pk, "_save_and_submit": ""},
            follow=True,
        )
        assert "the lead of the project hands it in" in page.content.decode()
        assert StatusUpdate.objects.get().state == "draft"
        client.force_login(officer)
        assert "Drafted by co-executors, for me to hand in" in client.get("/admin/").content.decode()
        client.post(f"/admin/projects/statusupdate/verb/submit/?id={StatusUpdate.objects.get().pk}")
        assert StatusUpdate.objects.get().state == "submitted"


class TestAStaleDecision:
    def stale(self, on):
        (check,) = (check for check in findings(on) if check.code == "stale-decision")
        return [row.name for row in check.rows]

    def test_is_a_decision_of_a_protocol_of_which_nothing_was_heard_for_a_quarter(self, item, officer, controller):
        Roadmap.objects.update(kind="protocol", signed="2026-01-10")
        assert self.stale(date(2026, 4, 12)) == []
        assert self.stale(date(2026, 4, 13)) == ["Agro-town"]
        project = Project.objects.start(item, by=officer)
        report = project.report(by=officer, **WORDS)
        report.submit(by=officer)
        report.accept(by=controller)
        StatusUpdate.objects.update(submitted_on="2026-04-10")
        assert self.stale(date(2026, 7, 11)) == []
        assert self.stale(date(2026, 7, 12)) == ["Agro-town"]

    def test_items_of_a_roadmap_are_none(self, item):
        assert self.stale(date(2030, 1, 1)) == []


class TestRule8AnItemIsClosedByAController:
    def test_it_leaves_the_overdue_list_and_says_who_when_and_why(self, item, controller):
        item.close(by=controller, as_=ClosedAs.FULFILLED, why="The town stands")
        item.refresh_from_db()
        assert (item.closed_as, item.closed_on, item.closed_by) == ("fulfilled", today(), controller)
        late = today().replace(year=2032)
        assert item not in RoadmapItem.objects.overdue(late)
        assert not item.is_overdue(late)

    def test_an_officer_does_not_close(self, item, officer):
        with pytest.raises(PermissionDenied):
            item.close(by=officer, as_=ClosedAs.FULFILLED, why="Done")

    def test_it_is_not_closed_twice_nor_on_a_day_to_come_nor_without_a_reason(self, item, controller):
        with pytest.raises(ValidationError, match="to come"):
            item.close(by=controller, as_="dropped", why="No", on=today() + timedelta(days=1))
        with pytest.raises(ValidationError):
            item.close(by=controller, as_="dropped", why=" ")
        item = RoadmapItem.objects.get()
        item.close(by=controller, as_="dropped", why="No")
        with pytest.raises(ValidationError, match="closed already"):
            item.close(by=controller, as_="dropped", why="No")

    def test_an_item_carried_over_says_to_which(self, item, controller):
        with pytest.raises(ValidationError, match="to which"):
            item.close(by=controller, as_=ClosedAs.CARRIED_OVER, why="Next plan")
        item = RoadmapItem.objects.get()
        heir = RoadmapItem.objects.create(roadmap=item.roadmap, name="Agro-town, again")
        item.close(by=controller, as_=ClosedAs.CARRIED_OVER, why="Next plan", carried_over_to=heir)
        assert item.carried_over_to == heir

    def test_a_reopening_leaves_the_closed_spell_as_a_row(self, item, controller):
        opened = today()
        item.close(by=controller, as_="fulfilled", why="Done", on=opened - timedelta(days=10))
        spell = item.reopen(by=controller, why="The roof fell in")
        assert (spell.closed_why, spell.reopened_why, item.closed_as) == ("Done", "The roof fell in", "")
        for days, is_open in ((-11, True), (-10, False), (-1, False), (0, True)):
            day = opened + timedelta(days=days)
            assert (item in RoadmapItem.objects.open(day)) is is_open
            assert RoadmapItem.objects.get().is_open(day) is is_open

    def test_a_closed_item_is_not_rescheduled(self, item, controller):
        item.close(by=controller, as_="dropped", why="No")
        with pytest.raises(ValidationError, match="closed"):
            item.reschedule(to=PartialDate.parse("2031"), why="Late", by=controller)


class TestEvidence:
    def attach(self, report, name, content):
        evidence = Evidence(update=report, content=ContentFile(content, name=name))
        evidence.full_clean()
        evidence.save()
        return evidence

    def test_a_file_keeps_its_name_and_checksum_under_a_random_one(self, project, officer, settings, tmp_path):
        report = project.report(by=officer, **WORDS)
        kept = self.attach(report, "Акт приёмки.pdf", b"%PDF-1.7 content")
        assert (kept.name, kept.media_type, kept.size) == ("Акт приёмки.pdf", "application/pdf", 16)
        assert "pdf" not in kept.content.name
        assert len(kept.sha256) == 64

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            pytest.param("report.exe", b"MZ", "accepted", id="kind"),
            pytest.param("report.pdf", b"<html>", "no PDF inside", id="content"),
            pytest.param("table.xlsx", b"PK\x03\x04 nothing", "no XLSX inside", id="zip"),
            pytest.param("note.txt", b"a\x00b", "no TXT inside", id="binary"),
            pytest.param("empty.txt", b"", "empty", id="empty"),
        ],
    )
    def test_what_is_no_document_is_refused_and_named(self, project, officer, name, content, says):
        with pytest.raises(ValidationError, match=says):
            self.attach(project.report(by=officer, **WORDS), name, content)

    def test_more_than_20_mb_is_refused(self, project, officer):
        with pytest.raises(ValidationError, match="20 MB"):
            self.attach(project.report(by=officer, **WORDS), "big.txt", b"a" * (20 * 1024 * 1024 + 1))

    def test_the_evidence_of_a_submitted_report_stays(self, project, officer):
        report = project.report(by=officer, **WORDS)
        kept = self.attach(report, "note.txt", b"done")
        report.submit(by=officer)
        with pytest.raises(IntegrityError, match="not changed any more"), transaction.atomic():
            kept.delete()
        with pytest.raises(IntegrityError, match="not changed any more"), transaction.atomic():
            self.attach(report, "late.txt", b"more")

    def test_it_is_served_as_an_attachment_to_who_may_see_the_report(self, client, project, officer, controller):
        report = project.report(by=officer, **WORDS)
        kept = self.attach(report, "note.txt", b"done")
        client.force_login(controller)
        assert client.get(kept.get_absolute_url()).status_code == 404  # another's draft
        report.submit(by=officer)
        answer = client.get(kept.get_absolute_url())
        assert b"".join(answer.streaming_content) == b"done"
        assert answer["Content-Disposition"].startswith("attachment")
        assert (answer["X-Content-Type-Options"], "sandbox" in answer["Content-Security-Policy"]) == ("nosniff", True)


class TestRule10EverythingLeavesATrace:
    def test_a_save_that_changes_nothing_leaves_none(self, project):
        before = project.events.count()
        project.save()
        assert project.events.count() == before

    def test_sql_is_traced_as_well(self, project):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE projects_project SET note = 'by hand'")
        event = project.events.order_by("-pgh_id").first()
        assert (event.note, event.pgh_context) == ("by hand", None)

    def test_one_event_a_changed_row_in_bulk(self, works):
        projects = [Project.objects.create(name=f"Project {n}", lead=works) for n in range(100)]
        Project.objects.filter(pk__in=[p.pk for p in projects]).update(note="bulk")
        model = Project._meta.get_field("events").related_model
        assert model.objects.filter(note="bulk").count() == 100

    def test_the_trace_is_append_only(self, project):
        model = Project._meta.get_field("events").related_model
        for change in (lambda: model.objects.update(name="x"), lambda: model.objects.all().delete()):
            with pytest.raises(Exception, match="append"), transaction.atomic():
                change()


class TestAnItemThatNobodyDeliversYet:
    def test_reporting_begins_its_project_with_its_title_lead_and_deadline(self, item, officer):
        project = Project.objects.start(item, by=officer)
        assert (project.name, project.lead, list(project.items.all())) == (item.name, item.lead, [item])
        assert project.deadline_on(today()) == RoadmapItem.objects.get().deadline_on(today())
        project.report(by=officer, **WORDS)

    def test_it_is_begun_once_and_by_who_answers_for_it(self, item, officer, cast):
        with pytest.raises(PermissionDenied):
            Project.objects.start(item, by=cast("officer", "stranger"))
        assert not Project.objects.exists()
        Project.objects.start(item, by=officer)
        with pytest.raises(ValidationError, match="already"):
            Project.objects.start(item, by=officer)


class TestATypingErrorInADeadline:
    @pytest.fixture
    def administrator(self, cast):
        return cast("administrator")

    def test_is_corrected_by_an_administrator_with_a_reason_in_the_trace(self, item, project, administrator):
        for record in (item, project):
            record.correct_due(to=PartialDate.parse("2029"), why="The annex says 2029", by=administrator)
            record.refresh_from_db()
            assert (str(record.due), str(record.original_due)) == ("2029", "2029")
            assert record.events.order_by("-pgh_id").first().pgh_context["why"] == "The annex says 2029"

    def test_is_no_way_around_the_ledger(self, item, administrator, officer, controller):
        with pytest.raises(PermissionDenied):
            item.correct_due(to=PartialDate.parse("2029"), why="x", by=controller)
        with pytest.raises(ValidationError, match="why"):
            item.correct_due(to=PartialDate.parse("2029"), why=" ", by=administrator)
        item.reschedule(to=PartialDate.parse("2031"), why="Floods", by=officer)
        with pytest.raises(ValidationError, match="relied on"):
            item.correct_due(to=PartialDate.parse("2029"), why="x", by=administrator)

    def test_opens_the_lock_for_no_other_record(self, item, administrator):
        other = RoadmapItem.objects.create(roadmap=item.roadmap, name="Other", due="2030")
        item.correct_due(to=PartialDate.parse("2029"), why="The annex says 2029", by=administrator)
        with pytest.raises(IntegrityError), transaction.atomic():
            RoadmapItem.objects.filter(pk__in=[item.pk, other.pk]).update(due="2028")


class TestTheEndOfARoadmap:
    @pytest.mark.parametrize("verb", ["complete", "expire"])
    def test_is_refused_while_items_are_open(self, item, controller, officer, verb):
        with pytest.raises(PermissionDenied):
            getattr(item.roadmap, verb)(by=officer)
        with pytest.raises(ValidationError, match="1 items are open"):
            getattr(item.roadmap, verb)(by=controller)
        item.close(by=controller, as_="fulfilled", why="Done")
        getattr(item.roadmap, verb)(by=controller)
        assert Roadmap.objects.get().status == {"complete": "completed", "expire": "expired"}[verb]


def test_files_and_rows_are_kept_in_step(project, officer, capsys):
    report = project.report(by=officer, **WORDS)
    kept = TestEvidence().attach(report, "note.txt", b"done")
    stray = storages["private"].save("evidence/stray", ContentFile(b"left behind"))
    later = timezone.now() + timedelta(hours=2)
    assert stray in set(orphans(later))
    assert kept.content.name not in set(orphans(later))
    assert stray not in set(orphans(timezone.now()))  # it may still be on its way
    storages["private"].delete(kept.content.name)
    with pytest.raises(CommandError, match=kept.reference):
        call_command("sweep_files")
    storages["private"].delete(stray)


class TestOneEventAChangedRow:
    """Whichever door a change comes through."""

    @pytest.fixture
    def events(self):
        model = Project._meta.get_field("events").related_model
        return lambda: model.objects.count()

    @pytest.fixture
    def hundred(self, works):
        return [Project.objects.create(name=f"Project {n}", stage_at_entry="agreed", lead=works) for n in range(100)]

    def test_bulk_reports_over_a_hundred_projects(self, client, officer, hundred):
        client.force_login(officer)
        before = StatusUpdate._meta.get_field("events").related_model.objects.count()
        query = "&".join(f"id={project.pk}" for project in hundred)
        answer = client.post(f"/admin/projects/project/verb/no_change/?{query}", {"note": "Nothing new"})
        assert answer.status_code == 302
        assert StatusUpdate.objects.filter(state="submitted", text="Nothing new").count() == 100
        # Each report is a row that was made and then handed in: two changes.
        assert StatusUpdate._meta.get_field("events").related_model.objects.count() == before + 200

    def test_a_form_an_inline_the_api_and_sql(self, client, cast, project, events):
        administrator = cast("administrator")
        client.force_login(administrator)
        milestone = project.milestones.create(name="Roof")
        started, of_milestones = events(), milestone.events.count()
        page = client.get(f"/admin/projects/project/{project.pk}/change/")
        data = form_data(page)
        data |= {"note": "From the form", "milestones-0-name": "A better roof"}
        answer = client.post(f"/admin/projects/project/{project.pk}/change/", data)
        assert answer.status_code == 302, answer.context["errors"]
        assert (events(), milestone.events.count()) == (started + 1, of_milestones + 1)
        version = Project.objects.get(pk=project.pk).version
        answer = client.patch(
            f"/api/v1/projects/{project.pk}/",
            {"note": "From a program"},
            content_type="application/json",
            headers={"If-Match": f'"{version}."'},
        )
        assert answer.status_code == 200
        assert events() == started + 2
        with connection.cursor() as cursor:
            cursor.execute("UPDATE projects_project SET note = 'By hand' WHERE id = %s", [project.pk])
        assert events() == started + 3
        doors = [(event.pgh_context or {}).get("door") for event in project.events.order_by("pgh_id")]
        assert doors[-3:-1] == ["admin", "api"]  # the last ran in the same transaction, which a test shares

    def test_the_loser_of_an_inline_row_is_told(self, client, cast, project):
        client.force_login(cast("administrator"))
        milestone = project.milestones.create(name="Roof")
        data = form_data(client.get(f"/admin/projects/project/{project.pk}/change/"))
        milestone.name = "Somebody else's roof"
        milestone.save()
        answer = client.post(f"/admin/projects/project/{project.pk}/change/", data | {"milestones-0-name": "My roof"})
        assert answer.status_code == 200
        assert "was changed meanwhile" in answer.content.decode()
        milestone.refresh_from_db()
        assert milestone.name == "Somebody else's roof"

    def test_the_history_page_is_filtered_by_field_and_person(self, client, cast, project):
        client.force_login(cast("administrator"))
        Project.objects.update(note="Thick walls")
        address = f"/admin/projects/project/{project.pk}/history/"
        assert "Thick walls" in client.get(address).content.decode()
        assert "Thick walls" in client.get(f"{address}?field=note").content.decode()
        assert "Thick walls" not in client.get(f"{address}?field=lead").content.decode()
        assert "Thick walls" not in client.get(f"{address}?user=nobody").content.decode()
