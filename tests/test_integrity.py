"""check_integrity finds what is broken behind the database's back, and is content with a sound register."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection

from oversight.integrity import problems
from projects.models import Evidence
from tests.builders import grow

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(cast):
    # The moves of the builder stand in the ledger without having been carried out: they are left out here.
    grow(cast("controller"))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM agreements_itemrescheduling")


def by_hand(table, statement):
    """A change with the table's triggers off, as an administrator of the database might make it."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def errors():
    return {problem.check for problem in problems() if not problem.is_finding}


def test_a_sound_register_has_no_error(register, capsys):
    assert [str(problem) for problem in problems() if not problem.is_finding] == []
    call_command("check_integrity")
    assert " 0 errors" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "statement", "names"),
    [
        ("projects_project", "UPDATE projects_project SET stage = 'completed'", "stage"),
        ("projects_project", "UPDATE projects_project SET last_reported_on = '2020-01-01'", "report"),
        ("agreements_roadmapitem", "UPDATE agreements_roadmapitem SET due = '[2031-01-01,2032-01-01)'", "due"),
        ("agreements_itemstanding", "DELETE FROM agreements_itemstanding", "standing"),
        ("projects_projectstanding", "UPDATE projects_projectstanding SET deadline = '2031-01-01'", "standing"),
        ("partners_reference", "DELETE FROM partners_reference WHERE code LIKE 'PRT%'", "reference"),
        ("partners_citation", "UPDATE partners_citation SET object_id = 987654321", "citation"),
        ("partners_partner", "UPDATE partners_partner SET name = 'By night' WHERE country = 'BY'", "histor"),
        ("partners_partner", "UPDATE partners_partner SET parent_id = id", "tree"),
    ],
    ids=lambda value: value if " " not in value else "by hand",
)
def test_what_was_done_with_the_guards_off_is_found(register, table, statement, names):
    if "parent_id = id" in statement:  # a CHECK keeps the shortest circle out; a longer one only the trigger does
        statement = """
            UPDATE partners_partner p SET parent_id = (
                SELECT max(id) FROM partners_partner q WHERE q.id <> p.id AND q.country = 'CN')
            WHERE p.country = 'CN'
        """
    assert errors() == set()
    by_hand(table, statement)
    found = [str(problem) for problem in problems() if not problem.is_finding]
    assert found
    with pytest.raises(CommandError, match="errors"):
        call_command("check_integrity")


def test_a_guard_that_is_off_is_found(register):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE projects_project DISABLE TRIGGER USER")
    assert any("projects_project" in str(problem) for problem in problems())


def test_a_file_that_is_altered_missing_or_nobodys_is_found(register):
    store, evidence = storages["private"], Evidence.objects.get()
    path = evidence.content.name
    store.delete(path)
    assert errors() == {"row_without_file"}
    store.save(path, ContentFile(b"something else"))
    assert errors() == {"file_unlike_row"}
    store.delete(path)
    store.save(path, ContentFile(b"done"))
    assert errors() == set()
    stray = store.save("evidence/stray", ContentFile(b"left behind"))
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        found = {problem.reference for problem in problems() if problem.check == "file_without_row"}
    store.delete(stray)
    assert stray in found
    assert path not in found


def test_an_unknown_check_is_named():
    with pytest.raises(CommandError, match="nonsense"):
        call_command("check_integrity", "nonsense")
