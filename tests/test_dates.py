"""Rule 1: dates are kept as documents write them."""

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from partners.dates import PartialDate, today
from partners.fields import PartialDateField, PartialDateFormField
from projects.models import Project

days = st.dates(date(1, 1, 1), date(9998, 12, 31))
spans = st.tuples(days, days).map(lambda pair: PartialDate(min(pair), max(pair)))


@given(spans)
def test_what_is_written_reads_back_as_the_same_span(span):
    assert PartialDate.parse(str(span)) == span


@given(spans)
def test_the_canonical_form_is_stable(span):
    assert str(PartialDate.parse(str(span))) == str(span)


@given(spans, days)
def test_a_day_is_in_the_span_when_it_is_between_its_ends(span, day):
    assert (day in span) == (span.first_day <= day <= span.last_day)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param("2023-10-16", date(2023, 10, 16), date(2023, 10, 16), id="day"),
        pytest.param("2023-10", date(2023, 10, 1), date(2023, 10, 31), id="month"),
        pytest.param("2024-02", date(2024, 2, 1), date(2024, 2, 29), id="february of a leap year"),
        pytest.param("2023", date(2023, 1, 1), date(2023, 12, 31), id="year"),
        pytest.param("2024-01/2024-06", date(2024, 1, 1), date(2024, 6, 30), id="half year"),
        pytest.param("2024/2026", date(2024, 1, 1), date(2026, 12, 31), id="years"),
        pytest.param("0001", date(1, 1, 1), date(1, 12, 31), id="first year"),
        pytest.param("9998-12-31", date(9998, 12, 31), date(9998, 12, 31), id="last day"),
    ],
)
def test_a_document_s_date_is_a_span_of_days(text, first, last):
    assert PartialDate.parse(text) == PartialDate(first, last)
    assert str(PartialDate(first, last)) == text


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("2023-01-01/2023-12-31", "2023"), ("2024-01-01/2024-01-31", "2024-01"), ("2024/2025-06", "2024-01/2025-06"),
        ("2024-06/2025", "2024-06/2025-12"), ("2024-01-02/2025-12-30", "2024-01-02/2025-12-30"),
        ("2024-01-01/2024-12-30", "2024-01-01/2024-12-30"), ("2024-03-01/2024-03-01", "2024-03-01"),
    ],
)  # fmt: skip
def test_the_shortest_form_is_written(written, canonical):
    assert str(PartialDate.parse(written)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        *["", "2023-13", "2023-02-29", "2024-06/2024-01", "9999", "0000", "16.10.2023", "2023/", "/2023", "２０２３"],
        *["2023-1", "2023-10-16T00:00", "2023/2024/2025", "-2023", "soon"],
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r".+"):
        PartialDate.parse(text)


@given(st.text(max_size=12))
def test_any_text_is_either_read_or_refused(text):
    try:
        span = PartialDate.parse(text)
    except ValueError:
        return
    assert PartialDate.parse(str(span)) == span


def test_a_span_never_ends_before_it_starts():
    with pytest.raises(ValueError, match="ends before it starts"):
        PartialDate(date(2024, 2, 1), date(2024, 1, 31))


def test_a_span_of_one_day_is_a_span():
    assert PartialDate(date(2024, 2, 1), date(2024, 2, 1)) == PartialDate.of(2024, 2, 1)


def test_a_span_ends_in_the_year_9998_at_the_latest():
    with pytest.raises(ValueError, match="Years from 1 to 9998"):
        PartialDate(date(9998, 1, 1), date(9999, 1, 1))


def test_the_message_repeats_what_was_written():
    with pytest.raises(ValueError, match="“soon” is not a date"):
        PartialDate.parse("soon")
    with pytest.raises(ValueError, match="“2023-02-29” is no day of the calendar"):
        PartialDate.parse("2023-02-29")


def test_spaces_around_a_date_do_not_matter():
    assert PartialDate.parse(" 2024-01/2024-06\n") == PartialDate.parse("2024-01/2024-06")


def test_spans_sort_by_their_first_day_and_then_by_their_last():
    written = ["2023-12-31", "2024-01-01", "2024-01", "2024", "2024-02"]
    assert [str(span) for span in sorted(map(PartialDate.parse, reversed(written)))] == written


def test_a_span_does_not_change_and_can_be_a_key():
    span = PartialDate.parse("2024")
    with pytest.raises(FrozenInstanceError):
        span.last_day = date(2030, 1, 1)
    assert {span: "found"}[PartialDate.parse("2024")] == "found"


@pytest.mark.parametrize(("hour", "day"), [(20, date(2024, 6, 30)), (21, date(2024, 7, 1))])
def test_today_is_the_date_in_minsk(hour, day):
    with time_machine.travel(datetime(2024, 6, 30, hour, tzinfo=UTC), tick=False):
        assert today() == day


def test_a_form_reads_edtf_and_shows_it_again():
    field = PartialDateFormField(required=False)
    assert field.clean("2024-01/2024-06") == PartialDate.parse("2024-01/2024-06")
    assert field.clean("") is None
    assert field.prepare_value(PartialDate.parse("2023")) == "2023"
    assert not field.has_changed(PartialDate.parse("2023"), "2023")
    assert field.prepare_value("first half") == "first half"
    with pytest.raises(ValidationError):
        field.clean("first half of 2024")


def test_a_form_ignores_spaces_around_a_date_and_refuses_what_is_no_text():
    field = PartialDateFormField(required=False)
    assert field.clean("  2024 ") == PartialDate.parse("2024")
    assert field.clean("   ") is None
    assert field.clean(PartialDate.parse("2024")) == PartialDate.parse("2024")
    with pytest.raises(ValidationError, match="as text") as refused:
        field.clean(2024)
    assert refused.value.code == "invalid"


def test_a_form_sees_that_a_date_was_changed():
    field = PartialDateFormField()
    assert field.has_changed(PartialDate.parse("2023"), "2024")
    assert field.has_changed(None, "2024")
    assert field.has_changed(PartialDate.parse("2023"), "")
    assert field.has_changed(PartialDate.parse("2023"), "soon")
    assert not field.has_changed(PartialDate.parse("2023"), "2023-01/2023-12")
    assert not field.has_changed(None, "")


def test_a_form_says_how_a_date_is_written_unless_it_is_told_otherwise():
    assert "2024-01/2024-06" in str(PartialDateField().formfield().help_text)
    assert PartialDateFormField(help_text="Year").help_text == "Year"


@pytest.mark.parametrize("written", [None, ""])
def test_nothing_is_no_date(written):
    assert PartialDateField().to_python(written) is None


def test_a_message_about_a_date_has_its_code():
    with pytest.raises(ValidationError, match="“soon” is not a date") as refused:
        PartialDateField().to_python("soon")
    assert refused.value.code == "invalid"


@pytest.mark.django_db
class TestInTheDatabase:
    @pytest.fixture
    def project(self):
        project = Project.objects.create(name="Soil laboratory", due="2024-01/2024-06")
        project.refresh_from_db()
        return project

    def test_a_span_is_stored_and_read_back(self, project):
        assert str(project.due) == "2024-01/2024-06"

    def test_its_ends_can_be_filtered_and_sorted(self, project):
        Project.objects.create(name="Undated")
        assert list(Project.objects.filter(due__last_day=date(2024, 6, 30))) == [project]
        assert list(Project.objects.filter(due__first_day__lt=date(2024, 1, 2))) == [project]
        assert Project.objects.order_by("due__last_day").first() == project

    def test_an_exact_span_can_be_asked_for_as_text(self, project):
        assert Project.objects.get(due="2024-01/2024-06") == project
        assert not Project.objects.filter(due="2024-01/2024-07").exists()
        assert not Project.objects.filter(due="2024-01-02/2024-06").exists()

    def test_a_span_can_be_copied_from_another_column(self, project):
        Project.objects.update(started=F("due"))
        assert Project.objects.filter(started=F("due")).get() == project

    def test_a_range_of_the_database_is_taken_as_it_is(self, project):
        half = DateRange(date(2024, 1, 1), date(2024, 7, 1), "[)")
        assert Project.objects.get(due=half) == project

    @pytest.mark.parametrize("written", ["0001-01-01", "9998-12-31", "0001/9998"])
    def test_the_first_and_the_last_day_can_be_stored(self, project, written):
        Project.objects.update(started=written)
        assert str(Project.objects.get().started) == written

    def test_nothing_is_stored_as_null(self, project):
        Project.objects.update(started="")
        assert Project.objects.get(started__isnull=True).started is None

    def test_a_span_is_written_to_a_fixture_and_read_from_it(self, project):
        written = serializers.serialize("json", [project])
        assert '"due": "2024-01/2024-06"' in written
        assert '"started": null' in written
        read = next(serializers.deserialize("json", written)).object
        assert (read.due, read.started) == (project.due, None)

    @pytest.mark.parametrize(
        "range_", ["empty", "[2024-01-01,)", "(,2024-01-01)", "[2024-01-01,infinity)", "[9999-06-01,9999-07-01)"]
    )
    def test_the_database_refuses_a_range_that_is_no_span(self, project, range_):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE projects_project SET started = %s::daterange WHERE id = %s", [range_, project.pk])

    @given(first=days, length=st.integers(0, 4000))
    def test_python_and_the_database_agree_on_the_last_day(self, first, length):
        last = min(first + timedelta(days=length), date(9998, 12, 31)) if first.year < 9980 else first
        with connection.cursor() as cursor:
            cursor.execute("SELECT upper(daterange(%s, %s, '[]')) - 1", [first, last])
            assert cursor.fetchone()[0] == PartialDate(first, last).last_day


@pytest.mark.django_db
@given(
    st.one_of(spans, st.dates(date(1, 1, 1), date(9998, 12, 31)).map(lambda day: PartialDate.of(day.year, day.month)))
)
def test_postgresql_writes_the_same_edtf(span):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pacta_edtf(%s)", [DateRange(span.first_day, span.last_day + timedelta(days=1), "[)")])
        assert cursor.fetchone()[0] == str(span)
