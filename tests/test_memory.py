"""What is remembered of the register is never older than the register."""

from datetime import date

import psycopg
import pytest
from django.db import connection

from oversight import memory
from partners.asof import as_of
from partners.models import Partner

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def empty():
    memory._kept.clear()
    yield
    memory._kept.clear()


@pytest.fixture
def counted(monkeypatch):
    """Counts partners, and how often it was asked to. Nobody else writes."""
    calls = []

    def count(day):
        calls.append(day)
        return Partner.objects.count()

    state = memory._state
    monkeypatch.setattr(memory, "_state", lambda: (True, state()[1]))
    return count, calls


def test_it_is_worked_out_once_until_the_register_changes(counted):
    count, calls = counted
    before = memory.remembered(count, DAY)
    assert memory.remembered(count, DAY) == before
    assert len(calls) == 1
    partner = Partner.objects.create(name="New", kind="enterprise", country="CN")
    assert memory.remembered(count, DAY) == before + 1
    partner.delete()
    assert memory.remembered(count, DAY) == before


def test_another_question_is_another_answer(counted):
    count, calls = counted
    memory.remembered(count, DAY)
    memory.remembered(count, date(2026, 1, 2))
    assert len(calls) == 2


def test_each_past_day_is_remembered_by_itself(counted):
    count, calls = counted
    Partner.objects.create(name="New", kind="enterprise", country="CN")
    now = memory.remembered(count, DAY)
    for _again in range(2):
        with as_of(date(2026, 1, 2)):
            assert memory.remembered(count, DAY) == 0
    assert len(calls) == 2
    assert memory.remembered(count, DAY) == now


def test_nothing_is_kept_while_somebody_writes(counted, monkeypatch):
    count, calls = counted
    state = memory._state
    monkeypatch.setattr(memory, "_state", lambda: (False, state()[1]))
    memory.remembered(count, DAY)
    memory.remembered(count, DAY)
    assert len(calls) == 2


def test_a_writer_that_is_not_done_is_seen():
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_current_xact_id()")
        assert memory._state()[0] is False
        other.rollback()


def test_no_more_is_kept_than_there_is_room_for(counted):
    count, _calls = counted
    for ordinal in range(1, memory.MOST + 20):
        memory.remembered(count, date.fromordinal(ordinal))
    assert len(memory._kept) == memory.MOST
