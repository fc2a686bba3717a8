"""Rule 1: dates are kept as documents write them."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from partners.dates import PartialDate
from partners.fields import PartialDateFormField
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
    [("2023-01-01/2023-12-31", "2023"), ("2024-01-01/2024-01-31", "2024-01"), ("2024/2025-06", "2024-01/2025-06")],
)
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


def test_a_form_reads_edtf_and_shows_it_again():
    field = PartialDateFormField(required=False)
    assert field.clean("2024-01/2024-06") == PartialDate.parse("2024-01/2024-06")
    assert field.clean("") is None
    assert field.prepare_value(PartialDate.parse("2023")) == "2023"
    assert not field.has_changed(PartialDate.parse("2023"), "2023")
    with pytest.raises(ValidationError):
        field.clean("first half of 2024")


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
