"""What a record's CHECKs say when they are asked together is what each says by itself."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from partners.constraints import Checks
from partners.dates import PartialDate
from partners.fields import PartialDateField
from partners.models import Record
from tests.builders import grow
from tests.test_house import MODELS

pytestmark = pytest.mark.django_db

WRONG = {
    PartialDateField: [None, PartialDate.parse("1999"), PartialDate.parse("2030-05")],
    models.DateField: [None, date(1999, 1, 1), date(2030, 1, 1)],
    models.CharField: ["", "nonsense"],
    models.IntegerField: [None, -1, 1000],
    models.BooleanField: [True, False],
}


def wrong_for(field):
    """Values of the field's kind, most of them out of place; an instance of the first kind that fits decides."""
    return next((values for kind, values in WRONG.items() if isinstance(field, kind)), [])


def messages(validate, *asked):
    try:
        validate(*asked)
    except ValidationError as error:
        return error.messages
    return []


def by_themselves(record, exclude):
    checks = [one for one in record._meta.constraints if isinstance(one, models.CheckConstraint)]
    return [said for check in checks for said in messages(check.validate, type(record), record, exclude)]


def together(record, exclude):
    checks = [one for one in record._meta.constraints if isinstance(one, models.CheckConstraint)]
    return messages(Checks(checks).validate, type(record), record, exclude)


@pytest.fixture
def rows(controller):
    grow(controller, rows=1)
    return [row for row in (model.objects.first() for model in MODELS) if row is not None]


def test_of_records_that_hold_nothing_is_said(rows):
    assert len(rows) > 10
    assert [together(row, set()) for row in rows] == [[] for _row in rows]


def test_of_each_wrong_value_the_same_is_said(rows):
    said = 0
    for row in rows:
        checked = [field for field in row._meta.concrete_fields if not field.is_relation and not field.primary_key]
        for field, wrong in [(one, value) for one in checked for value in wrong_for(one)]:
            before = getattr(row, field.attname)
            setattr(row, field.attname, wrong)
            alone = by_themselves(row, set())
            assert together(row, set()) == alone, (row, field, wrong)
            said += bool(alone)
            assert together(row, {field.name}) == by_themselves(row, {field.name})
            setattr(row, field.attname, before)
    assert said > 50


def test_a_record_asks_once(rows, django_assert_max_num_queries):
    for row in rows:
        assert isinstance(row, Record)
        with django_assert_max_num_queries(
            3 + 3 * len([one for one in row._meta.constraints if not isinstance(one, models.CheckConstraint)])
        ):
            row.validate_constraints()
