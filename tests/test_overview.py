"""What a manager opens in the morning: figures are those of the lists and of the API, pictures tell the truth."""

import calendar
import csv
import io
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone
from django_countries import countries
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from openpyxl import load_workbook

from agreements.models import Agreement, Roadmap, RoadmapItem, TermChange
from doors import tables
from oversight import world
from oversight.overview import late, trend
from oversight.scores import PartnerScore
from oversight.timeline import timeline
from partners.dates import PartialDate, today
from partners.models import Partner
from projects.models import Project, StatusUpdate
from tests.builders import grow

pytestmark = pytest.mark.django_db


def months_after(day, months):
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def slow_end(first, every, on):
    """Renewal after renewal, each counted from the first end."""
    end, number = first, 0
    while end < on:
        number += 1
        end = months_after(first, number * every)
    return end


class TestTheTermOfAnAgreement(TestCase):
    DAYS = st.dates(date(1991, 1, 1), date(2060, 12, 31))

    @settings(max_examples=120, deadline=None)
    @given(DAYS, st.integers(1, 130), DAYS, st.none() | st.integers(0, 24))
    def test_after_any_number_of_tacit_renewals_is_that_of_a_patient_clerk(self, first, every, on, notice):
        Agreement.objects.create(
            name="A", kind="contract", valid_until=str(first), renewal="tacit", renewal_months=every,
            notice_months=notice,
        )  # fmt: skip
        found = Agreement.objects.with_term(on).get()
        end = slow_end(first, every, on)
        assert found.ends_on == end
        assert found.notice_by == (None if notice is None else months_after(end, -notice))

    @settings(max_examples=60, deadline=None)
    @given(DAYS, st.integers(1, 600), st.sampled_from(["never", "express", "not_said"]), DAYS)
    def test_that_is_not_renewed_by_itself_ends_the_day_before_its_months_are_over(self, start, months, renewal, on):
        Agreement.objects.create(
            name="A", kind="contract", in_force=str(start), term_months=months, renewal=renewal, renewal_months=12
        )
        found = Agreement.objects.with_term(on).get()
        assert found.ends_on == months_after(start, months) - timedelta(days=1)
        assert Agreement.objects.binding_on(on).exists() == (start <= on <= found.ends_on)

    CHANGES = st.lists(st.tuples(st.sampled_from(["extension", "suspension"]), DAYS, st.integers(0, 4000)), max_size=5)

    @settings(max_examples=80, deadline=None)
    @given(DAYS, st.sampled_from(["never", "tacit"]), st.integers(1, 60), CHANGES, DAYS)
    def test_extended_and_suspended_it_stands_as_the_patient_clerk_reads_it(self, first, renewal, every, changes, on):
        row = Agreement.objects.create(
            name="A", kind="contract", signed="1991-01-01", status="signed", renewal=renewal, renewal_months=every,
            valid_until=str(first),
        )  # fmt: skip
        for kind, since, days in changes:
            row.term_changes.create(kind=kind, since=since, until=since + timedelta(days=days))
        end, suspended = first, False
        for kind, since, days in sorted(changes, key=lambda change: change[1]):  # of one day: as they were entered
            if since <= on and kind == "extension":
                end = since + timedelta(days=days)
            elif since <= on <= since + timedelta(days=days):
                suspended = True
        if renewal == "tacit":
            end = slow_end(end, every, on)
        found = Agreement.objects.with_term(on).get()
        assert (found.ends_on, found.is_suspended) == (end, suspended)
        assert Agreement.objects.binding_on(on).exists() == (date(1991, 1, 1) <= on <= end and not suspended)


class TestWhatIsToBeDecided:
    def agreement(self, **terms):
        kept = {"name": "Cooperation", "kind": "interagency", "signed": "2020-01-01", "status": "signed"}
        return Agreement.objects.create(**{**kept, **terms})

    def to_decide(self, on, months=6):
        return set(Agreement.objects.to_decide(date.fromisoformat(on), months))

    def test_is_listed_until_the_last_day_of_notice(self):
        row = self.agreement(valid_until="2026-12-31", renewal="tacit", renewal_months=60, notice_months=6)
        assert self.to_decide("2025-12-29") == set()
        assert self.to_decide("2025-12-30") == {row}
        assert self.to_decide("2026-06-30") == {row}
        assert self.to_decide("2026-07-01") == set()
        assert self.to_decide("2031-06-30") == {row}

    def test_a_tacit_renewal_without_notice_asks_for_nothing(self):
        self.agreement(valid_until="2026-12-31", renewal="tacit", renewal_months=12)
        assert self.to_decide("2026-12-01") == set()

    def test_tacitly_renewed_for_nobody_knows_how_long_it_has_no_known_end(self):
        row = self.agreement(valid_until="2022", renewal="tacit", notice_months=3)
        assert Agreement.objects.with_term(date(2026, 1, 1)).get().ends_on is None
        assert row in Agreement.objects.binding_on(date(2026, 1, 1))

    def test_an_imprecise_end_is_its_last_day(self):
        row = self.agreement(valid_until="2026")
        assert self.to_decide("2026-12-31") == {row}
        assert self.to_decide("2027-01-01") == set()

    def test_a_successor_ends_it_the_day_before(self):
        old = self.agreement(valid_until="2030")
        new = self.agreement(name="New", in_force="2026-03-01", signed="2026-02-01")
        new.relations.create(kind="supersedes", to=old)
        assert old in Agreement.objects.binding_on(date(2026, 2, 28))
        assert old not in Agreement.objects.binding_on(date(2026, 3, 1))

    def test_a_suspension_without_end_defers_no_notice(self, client, cast):
        row = self.agreement(valid_until="2026-12-31", notice_months=1)
        row.term_changes.create(kind="suspension", since="2026-01-01", reason="By consent")
        assert row not in Agreement.objects.binding_on(date(2026, 6, 1))
        assert self.to_decide("2026-11-01") == {row}
        client.force_login(cast("viewer"))
        assert "1 January 2026, until further notice" in " ".join(
            client.get(row.get_absolute_url()).content.decode().split()
        )

    def test_an_extension_without_a_last_day_is_refused(self):
        with pytest.raises(ValidationError, match="last day"):
            TermChange(agreement=self.agreement(), kind="extension", since=date(2026, 1, 1)).full_clean()

    @pytest.mark.parametrize("status", ["terminated", "being_prepared"])
    def test_what_does_not_bind_is_not_listed(self, status):
        self.agreement(valid_until="2026-12-31", status=status)
        assert self.to_decide("2026-12-01") == set()

    def test_its_page_says_when_notice_is_to_be_given(self, client, cast):
        row = self.agreement(valid_until="2036-12-31", notice_months=6)
        client.force_login(cast("viewer"))
        page = client.get(row.get_absolute_url()).content.decode()
        assert "Last day to give notice: 30 June 2036" in " ".join(page.split())
        listed = client.get("/terms/?on=2036-05-01").content.decode()
        assert row.reference in listed
        assert row.reference not in client.get("/terms/?on=2036-05-01&months=1").content.decode()


@pytest.fixture
def reader(client, cast):
    user = cast("controller", is_superuser=True)
    client.force_login(user)
    return client, user


def listed(client, address):
    """How many rows the list behind a figure has."""
    context = client.get(address).context
    if "cl" in context:
        return context["cl"].result_count
    if "items" in context:
        parts = {"/overdue/": ["items"]}.get(address.partition("?")[0], ["items", "projects"])
        parts = ["projects"] if address.endswith("#projects") else parts
        return sum(context[part].paginator.count for part in parts)
    return context["page"].paginator.count


class TestEveryFigure:
    def test_is_the_number_of_rows_of_the_list_it_links_to(self, reader):
        client, user = reader
        grow(user, rows=3)
        for row in range(4):
            Agreement.objects.create(name=f"Ends {row}", kind="plan", signed="2020", valid_until=str(today()))
        project = Project.objects.create(name="Soon", stage_at_entry="agreed", due=str(today()))
        project.report(by=user, stage="agreed", confidence="on_track", text="News").submit(by=user)
        figures = client.get("/").context["figures"]
        assert [figure.count for figure in figures] == [listed(client, figure.address) for figure in figures]
        assert all(figure.count for figure in figures)

    def test_of_a_past_day_leads_to_the_list_of_that_day(self, reader):
        client, _user = reader
        Project.objects.create(name="Late", stage_at_entry="agreed", due="2024")
        for on, number in (("2024-12-31", 0), ("2025-01-01", 1)):
            figure = client.get(f"/?on={on}").context["figures"][1]
            assert (figure.count, listed(client, figure.address)) == (number, number)

    def test_says_how_it_changed_since_the_chosen_day(self, reader):
        client, _user = reader
        Project.objects.create(name="Late", stage_at_entry="agreed", due="2024")
        page = client.get("/?on=2025-01-01&since=2024-12-31")
        assert page.context["figures"][1].signed == "+1"
        assert "+1 since 31 December 2024" in " ".join(page.content.decode().split())

    def test_a_bad_day_is_400_and_named(self, reader):
        client, _user = reader
        page = client.get("/?since=yesterday")
        assert (page.status_code, "since:" in page.content.decode()) == (400, True)

    def test_of_a_roadmap_and_of_a_partner_is_that_of_the_api(self, reader):
        client, user = reader
        grow(user, rows=3)
        context = client.get("/").context
        shown = [(s.roadmap.reference, s.open, s.overdue, s.closed_on_time, s.closed_late) for s in context["scores"]]
        told = client.get("/api/v1/reports/roadmaps/").json()["results"]
        keys = ("reference", "open", "overdue", "closed_on_time", "closed_late")
        assert shown == [tuple(row[key] for key in keys) for row in told]
        partners = {row["partner"]["id"]: row for row in client.get("/api/v1/reports/partners/").json()["results"]}
        for score in context["partners"]:
            row = partners[score.partner.pk]
            assert (score.agreements, score.overdue_items) == (row["agreements"], row["overdue_items"])

    @pytest.mark.parametrize("report", ["due", "silent"])
    @pytest.mark.parametrize("group", ["", "lead", "partner", "roadmap"])
    def test_report_pages_show_the_rows_of_the_api(self, reader, report, group):
        client, _user = reader
        call_command("generate", items=40, verbosity=0)
        query = "on=2025-03-31" + ("&within=1000" if report == "due" else "")
        context = client.get(f"/{report}/?{query}&group={group}").context
        parts = [context["items_groups"], context["projects_groups"]]
        shown = {row.record.reference for part in parts for chunk in part for row in chunk["rows"]}
        counts = [context[part].paginator.count for part in ("items", "projects")]
        told = client.get(f"/api/v1/reports/{report}/?{query}&page_size=200").json()["results"]
        assert sum(counts) == len(told) > 0
        assert shown <= {row["reference"] for row in told}
        if group:
            for part, number in zip(parts, counts, strict=True):
                whole = context["items" if part is parts[0] else "projects"].paginator.num_pages == 1
                assert not whole or sum(chunk["count"] for chunk in part) == number


class TestTheTrend:
    def test_is_the_overdue_list_at_the_end_of_each_month(self, reader):
        client, _user = reader
        call_command("generate", items=40, verbosity=0)
        columns = trend(date(2026, 3, 31), late(date(2026, 3, 31)))
        assert (len(columns), columns[0].on, columns[-1].on) == (24, date(2024, 4, 30), date(2026, 3, 31))
        for column in columns[::6]:
            context = client.get(f"/overdue/?on={column.on}").context
            assert (column.items, column.projects) == tuple(
                context[part].paginator.count for part in ("items", "projects")
            )
        assert columns[-1].items > 0

    def test_of_an_empty_register_is_flat(self):
        assert {column.items_height for column in trend(date(2024, 2, 29), late(date(2024, 2, 29)))} == {0}


class TestMyOrganisationsStandFirst:
    def test_with_those_under_them_and_with_links_to_their_rows(self, client, cast):
        officer = cast("officer")
        ministry = Partner.objects.create(name="Ministry", kind="authority", country="BY")
        works = Partner.objects.create(name="Works", kind="enterprise", country="BY", parent=ministry)
        other = Partner.objects.create(name="Other", kind="enterprise", country="BY")
        officer.memberships.create(organisation=ministry)
        for lead in (works, other):
            Project.objects.create(name="Late", stage_at_entry="agreed", due="2024", lead=lead)
        client.force_login(officer)
        page = client.get("/")
        (desk,) = page.context["desks"]
        assert (desk.organisation, desk.overdue, desk.due) == (works, 1, 0)
        assert f"/overdue/?lead={works.pk}" in page.content.decode()


class TestTheTimeline:
    @pytest.fixture
    def roadmap(self):
        state = Partner.objects.create(name="Guinea", kind="state", country="GQ")
        made = Roadmap.objects.create(name="Roadmap", status="signed", counterpart=state, period="2024/2026")
        return Roadmap.objects.get(pk=made.pk)

    def bars(self, roadmap, on=date(2025, 1, 1), group="area"):
        return [bar for _label, bars in timeline(roadmap, on, group).groups for bar in bars]

    def test_a_partial_date_is_drawn_as_the_span_that_it_is(self, roadmap):
        RoadmapItem.objects.create(roadmap=roadmap, name="Half", due="2024-01/2024-06")
        (bar,) = self.bars(roadmap)
        assert bar.current.x == 0
        assert bar.current.width == pytest.approx(100 * 182 / 1096, abs=0.01)
        assert bar.state == "late"

    def test_what_has_no_deadline_is_drawn_over_the_period_and_says_so(self, roadmap):
        RoadmapItem.objects.create(roadmap=roadmap, name="Open")
        (bar,) = self.bars(roadmap)
        assert (bar.waits, bar.current.x, bar.current.width, bar.state) == (True, 0, 100, "open")
        assert "by the end of the roadmap" in bar.words

    def test_the_first_deadline_lies_under_the_present_one(self, roadmap, cast):
        item = RoadmapItem.objects.create(roadmap=roadmap, name="Moved", due="2024")
        move = item.reschedule(to=PartialDate.parse("2025"), why="Floods", by=cast("controller"))
        assert self.bars(roadmap)[0].original is None  # asked for, not agreed
        move.agree(by=cast("controller", "another"))
        (bar,) = self.bars(roadmap)
        assert (bar.current.x, bar.original.x) == (pytest.approx(100 * 366 / 1096, abs=0.01), 0)

    def test_its_projects_and_their_milestones_stand_under_an_item(self, roadmap):
        item = RoadmapItem.objects.create(roadmap=roadmap, name="Town", due="2026")
        project = Project.objects.create(name="Roads", stage_at_entry="agreed", started="2024", due="2025-06")
        project.items.add(item)
        project.milestones.create(name="First road", due="2024-10")
        kinds = [(bar.kind, str(bar.record)) for bar in self.bars(roadmap)]
        assert [kind for kind, _name in kinds] == ["item", "project", "milestone"]
        road = self.bars(roadmap)[1]
        assert (road.current.x, road.current.width) == (0, pytest.approx(100 * (366 + 181) / 1096, abs=0.01))

    def test_a_roadmap_that_was_not_implemented_colours_nothing_red(self, roadmap):
        Roadmap.objects.update(status="not_implemented")
        roadmap.refresh_from_db()
        RoadmapItem.objects.create(roadmap=roadmap, name="Old", due="2024-01")
        assert [bar.state for bar in self.bars(roadmap)] == ["released"]

    @pytest.mark.parametrize("group", ["area", "lead", "status"])
    def test_groups_hold_every_line_once(self, roadmap, group):
        ministry = Partner.objects.create(name="Ministry", kind="authority", country="BY")
        for number, lead in enumerate([ministry, None, ministry]):
            RoadmapItem.objects.create(roadmap=roadmap, name=f"Item {number}", due=str(2023 + number), lead=lead)
        drawn = timeline(roadmap, date(2025, 1, 1), group).groups
        assert len({label for label, _bars in drawn}) == len(drawn) == {"area": 1, "lead": 2, "status": 2}[group]
        assert sum(len(bars) for _label, bars in drawn) == 3

    def test_every_bar_leads_to_its_record_and_has_words(self, roadmap, client, cast):
        RoadmapItem.objects.create(roadmap=roadmap, name="Half", due="2024-01/2024-06", due_text="first half of 2024")
        client.force_login(cast("viewer"))
        page = client.get(roadmap.get_absolute_url()).content.decode()
        assert 'aria-label="Half; first half of 2024; overdue"' in page
        assert RoadmapItem.objects.get().get_absolute_url() in page

    def test_without_items_it_says_so(self, roadmap, client, cast):
        client.force_login(cast("viewer"))
        assert "there is nothing to draw" in client.get(roadmap.get_absolute_url()).content.decode()


def lines_of(answer, form):
    """The lines of an export: what a spreadsheet would show."""
    content = b"".join(answer.streaming_content)
    if form == "csv":
        assert content.startswith(b"\xef\xbb\xbf")
        return [tuple(line) for line in csv.reader(io.StringIO(content.decode("utf-8-sig")))]
    (sheet,) = load_workbook(io.BytesIO(content)).worksheets
    return [tuple("" if cell is None else str(cell) for cell in line) for line in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
class TestAnExport:
    def test_holds_exactly_the_rows_that_are_shown(self, reader, form):
        client, _user = reader
        call_command("generate", items=40, verbosity=0)
        query = "on=2025-03-31&ordering=-deadline&group=lead"
        context = client.get(f"/overdue/?{query}").context
        shown = [
            row.record.reference for part in ("items_groups", "projects_groups")
            for chunk in context[part] for row in chunk["rows"]
        ]  # fmt: skip
        assert {context[part].paginator.num_pages for part in ("items", "projects")} == {1}
        answer = client.get(f"/overdue/?{query}&format={form}")
        head, *lines = lines_of(answer, form)
        assert (head[1], [line[1] for line in lines]) == ("reference", shown)
        assert f'filename="overdue-2025-03-31.{form}"' in answer["Content-Disposition"]

    @pytest.mark.parametrize("address", ["/due/?within=60", "/silent/", "/slippage/", "/terms/", "/findings/"])
    def test_exists_for_every_report(self, reader, form, address):
        client, user = reader
        grow(user, rows=2)
        joined = "&" if "?" in address else "?"
        lines = lines_of(client.get(f"{address}{joined}format={form}"), form)
        assert len(lines) > 2
        assert len({len(line) for line in lines}) == 1

    def test_gives_dates_at_their_precision_and_runs_no_formula(self, reader, form):
        client, _user = reader
        Project.objects.create(name="=1+1", stage_at_entry="agreed", due="2024-01/2024-06")
        (_head, line) = lines_of(client.get(f"/overdue/?format={form}"), form)
        assert line[2] == ("'=1+1" if form == "csv" else "=1+1")
        assert line[6:8] == ("January 2024 – June 2024", "2024-06-30")

    def test_in_another_form_or_of_a_bad_day_is_400(self, reader, form):
        client, _user = reader
        assert client.get("/overdue/?format=pdf").status_code == 400
        assert client.get(f"/overdue/?on=soon&format={form}").status_code == 400


def test_a_spreadsheet_of_too_many_rows_is_413_and_names_csv(reader, monkeypatch):
    client, _user = reader
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    for name in ("A", "B"):
        Project.objects.create(name=name, stage_at_entry="agreed", due="2024")
    page = client.get("/overdue/?format=xlsx")
    assert (page.status_code, "ask for csv" in page.content.decode()) == (413, True)


class TestTheReportsBesideARow:
    def report(self, project, on, confidence, by):
        project.report(by=by, stage="agreed", confidence=confidence, text="News").submit(by=by)
        StatusUpdate.objects.filter(state="submitted").update(
            submitted_on=on, state="accepted", decided_by=self.judge, decided_at=timezone.now()
        )

    def test_are_the_accepted_ones_up_to_the_day_the_oldest_first(self, client, cast):
        controller, self.judge = cast("controller"), cast("controller", "judge")
        state = Partner.objects.create(name="Guinea", kind="state", country="GQ")
        roadmap = Roadmap.objects.create(name="Roadmap", status="signed", counterpart=state, period="2020")
        item = RoadmapItem.objects.create(roadmap=roadmap, name="Town")
        project = Project.objects.create(name="Roads", stage_at_entry="agreed", due="2020")
        project.items.add(item)
        for on, confidence in (("2024-01-10", "on_track"), ("2024-04-10", "at_risk"), ("2024-07-10", "delayed")):
            self.report(project, on, confidence, controller)
        project.report(by=controller, stage="agreed", confidence="on_track", text="Only a draft")
        client.force_login(controller)
        context = client.get("/overdue/?on=2024-05-01").context
        for part in ("items_groups", "projects_groups"):
            (row,) = context[part][0]["rows"]
            assert [update.confidence for update in row.news] == ["on_track", "at_risk"]
        assert "10 April 2024: at risk" in client.get("/overdue/?on=2024-05-01").content.decode()


class TestASavedView:
    def save(self, client, name="Mine", address="/overdue/?group=lead"):
        return client.post("/saved-views/", {"name": name, "address": address}, follow=True)

    def test_stands_on_its_list_with_its_filters_and_for_its_user_only(self, client, cast):
        mine, others = cast("viewer"), cast("viewer", "another")
        client.force_login(mine)
        page = self.save(client)
        assert page.redirect_chain == [("/overdue/?group=lead", 302)]
        assert (page.context["group"], "Saved as “Mine”." in page.content.decode()) == ("lead", True)
        assert 'href="/overdue/?group=lead"' in client.get("/overdue/").content.decode()
        assert [str(view) for view in client.get("/silent/").context["saved_views"]] == []
        client.force_login(others)
        assert client.get("/overdue/").context["saved_views"] == []
        assert client.post(f"/saved-views/{mine.saved_views.get().pk}/forget/").status_code == 404

    def test_of_a_taken_name_is_replaced(self, client, cast):
        user = cast("viewer")
        client.force_login(user)
        self.save(client)
        self.save(client, address="/overdue/?group=partner")
        assert user.saved_views.get().address == "/overdue/?group=partner"

    def test_is_forgotten_on_demand(self, client, cast):
        user = cast("viewer")
        client.force_login(user)
        self.save(client)
        client.post(f"/saved-views/{user.saved_views.get().pk}/forget/")
        assert not user.saved_views.exists()

    @pytest.mark.parametrize(
        "address", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", ""]
    )
    def test_leads_nowhere_else(self, client, cast, address):
        user = cast("viewer")
        client.force_login(user)
        self.save(client)
        for name in ("Mine", "Another"):
            page = self.save(client, name=name, address=address)
            assert page.redirect_chain == [("/overdue/", 302)]
            assert "address:" in page.content.decode()
        assert [view.address for view in user.saved_views.all()] == ["/overdue/?group=lead"]

    def test_keeps_neither_the_page_nor_the_form_of_a_file(self, client, cast):
        client.force_login(cast("viewer"))
        assert client.get("/overdue/?page=1&group=lead").context["this_view"] == "/overdue/?group=lead"


class TestTheWorldMap:
    @pytest.mark.parametrize(
        ("overdue", "open_", "share"),
        [(0, 0, "calm"), (0, 9, "none"), (1, 9, "some"), (1, 5, "fifth"), (2, 5, "fifth"), (1, 2, "half")],
    )
    def test_is_coloured_by_the_share_of_the_open_that_is_overdue(self, overdue, open_, share):
        partner = Partner(country="GQ")
        score = PartnerScore(partner, 1, 1, 0, 0, open_, overdue, 0, 0, 0, 0)
        assert [state.share for state in world.drawn([score])] == [share]

    def test_knows_every_state_of_the_list_but_the_uninhabited(self):
        unknown = {
            code for code, _name in countries if not world.drawn([PartnerScore(Partner(country=code), *[0] * 10)])
        }
        assert unknown == {"AQ", "BQ", "BV", "CC", "CX", "GF", "GI", "GP", "MQ", "RE", "SJ", "TK", "TV", "UM", "YT"}

    def test_leads_to_the_partner_and_tells_its_numbers_in_words(self, reader):
        client, _user = reader
        state = Partner.objects.create(name="Iran", kind="state", country="IR")
        roadmap = Roadmap.objects.create(name="Plan", status="signed", period="2020/2021", counterpart=state)
        RoadmapItem.objects.create(roadmap=roadmap, name="Road", due="2020-03")
        Agreement.objects.create(name="Accord", kind="memorandum").parties.create(partner=state)
        page = client.get("/").content.decode()
        assert "<title>Iran: 1 overdue of 1 open</title>" in page
        assert f'<a href="{state.get_absolute_url()}">' in page
        assert 'class="share-half"' in page

    def test_of_an_empty_register_says_that_there_is_nothing_to_draw(self, reader):
        client, _user = reader
        assert "Nothing is agreed with any state abroad." in client.get("/").content.decode()


class TestTwoDays:
    """The page, the files and the API tell the same of the time between two days."""

    @pytest.fixture
    def year(self, cast):
        """Of ten items and projects each, one meets each fate in March 2024."""
        officer, controller = cast("officer"), cast("controller")
        controller.is_superuser = True
        controller.save()
        roadmap = Roadmap.objects.create(
            name="Plan",
            status="signed",
            period="2020/2030",
            counterpart=Partner.objects.create(name="Iran", kind="state", country="IR"),
        )
        made = {
            name: RoadmapItem.objects.create(roadmap=roadmap, name=name, due=due)
            for name, due in (
                ("late before", "2024-01"),
                ("became late", "2024-03-10"),
                ("late on the last day only", "2024-03-30"),
                ("late the day after", "2024-03-31"),
                ("closed", "2024-06"),
                ("closed before", "2024-06"),
                ("moved", "2024-06"),
            )
        }
        made["closed"].close(by=controller, as_="dropped", why="w", on=date(2024, 3, 5))
        made["closed before"].close(by=controller, as_="dropped", why="w", on=date(2024, 2, 29))
        move = made["moved"].reschedule(to=PartialDate.parse("2024-09"), why="Rain", by=officer)
        type(move).objects.filter(pk=move.pk).update(requested_on=date(2024, 3, 1))
        move.refresh_from_db()
        move.agree(by=controller)
        type(move).objects.filter(pk=move.pk).update(decided_on=date(2024, 3, 20))
        project = Project.objects.create(name="Mill", stage_at_entry="in_progress", lead=roadmap.counterpart)
        told = {"author": officer, "confidence": "on_track", "state": "accepted", "decided_by": controller}
        for text, stage, day in (
            ("Built", "in_progress", date(2024, 2, 1)),
            ("Opened", "completed", date(2024, 3, 31)),
        ):
            StatusUpdate.objects.create(
                project=project, text=text, stage=stage, submitted_on=day, decided_at=timezone.now(), **told
            )
        return {"officer": officer, **made}

    EXPECTED = {
        ("overdue", "became late", "2024-03-11"),
        ("overdue", "late on the last day only", "2024-03-31"),
        ("closed", "closed", "2024-03-05"),
        ("closed", "Mill", "2024-03-31"),
        ("moved", "moved", "2024-03-20"),
        ("reported", "Mill", "2024-03-31"),
    }
    BETWEEN = {"since": "2024-02-29", "on": "2024-03-31"}

    def test_differ_by_what_became_overdue_was_closed_moved_and_reported(self, client, year):
        client.force_login(year["officer"])
        rows = client.get("/api/v1/reports/compare/", self.BETWEEN).json()["results"]
        assert {(row["change"], row["title"], row["day"]) for row in rows} == self.EXPECTED
        assert len(rows) == len(self.EXPECTED)

    def test_differ_on_the_page_and_in_its_file_by_the_same_rows(self, client, year):
        client.force_login(year["officer"])
        page = client.get("/compare/", self.BETWEEN)
        shown = {
            (part["kind"].name, row.record.name, str(row.on))
            for part in page.context["kinds"] for listed in part["pages"] for row in listed["rows"]
        }  # fmt: skip
        file = b"".join(client.get("/compare/", {**self.BETWEEN, "format": "csv"}).streaming_content).decode(
            "utf-8-sig"
        )
        kinds = {"Became overdue": "overdue", "Closed": "closed", "Deadlines moved": "moved", "Reported": "reported"}
        saved = {(kinds[row["change"]], row["title"], row["day"]) for row in csv.DictReader(io.StringIO(file))}
        assert shown == saved == self.EXPECTED

    def test_differ_by_one_kind_of_one_roadmap_when_asked(self, client, year):
        client.force_login(year["officer"])
        asked = {**self.BETWEEN, "what": "reported", "roadmap": year["moved"].roadmap_id}
        assert client.get("/api/v1/reports/compare/", asked).json()["results"] == []
        asked["what"] = "moved"
        (row,) = client.get("/api/v1/reports/compare/", asked).json()["results"]
        assert (row["title"], row["to"], row["days"], row["words"]) == ("moved", "2024-09", 92, "Rain")

    def test_in_the_wrong_order_or_of_another_kind_are_refused_and_named(self, client, year):
        client.force_login(year["officer"])
        for asked, named in (
            ({"since": "2024-04-01", "on": "2024-03-31"}, "since"),
            ({"since": "yesterday"}, "since"),
            ({"what": "vanished"}, "what"),
        ):
            answers = [client.get(address, asked) for address in ("/compare/", "/api/v1/reports/compare/")]
            assert [answer.status_code for answer in answers] == [400, 400], asked
            assert all(named in answer.content.decode() for answer in answers)
