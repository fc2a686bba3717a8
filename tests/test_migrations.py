"""Migrations that a ministry can run at work: no long locks, the release before still runs, and there is a way back."""

import os
import re
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

from projects.seeding import seed
from tests.site import serve

OURS = ("accounts", "partners", "agreements", "projects", "oversight", "webhooks")
# The last migration of each app in the newest release: what came with it or before has run, over data or over none.
RELEASED: dict[str, str] = {}
# What the linter would wave through and we do not: an index that is built while nobody can write.
STRICT = {"CREATE_INDEX"}


def faults(statements):
    errors, _ignored, warnings = analyse_sql_statements(PostgresqlAnalyser, statements)
    return [each.code for each in errors] + [each.code for each in warnings if each.code in STRICT]


@pytest.mark.django_db
def test_no_migration_would_stop_the_site_or_the_release_that_still_runs():
    """Looks at the SQL of what has come since the last release; the table above is filled with the first one."""
    is_released = bool(re.search(r"^## \d", (settings.BASE_DIR / "CHANGELOG.md").read_text(), re.MULTILINE))
    assert bool(RELEASED) == is_released
    linter = MigrationLinter(settings.BASE_DIR, no_cache=True, no_output=True)
    for app, name in sorted(MigrationLoader(None).disk_migrations):
        if app in RELEASED and name > RELEASED[app]:
            assert (app, name, faults(linter.get_sql(app, name))) == (app, name, [])


@pytest.mark.parametrize(
    "statement",
    [
        'ALTER TABLE "t" ADD COLUMN "c" integer NOT NULL;',
        'ALTER TABLE "t" DROP COLUMN "c" CASCADE;',
        'ALTER TABLE "t" RENAME COLUMN "c" TO "d";',
        'ALTER TABLE "t" RENAME TO "u";',
        'ALTER TABLE "t" ALTER COLUMN "c" TYPE bigint USING "c"::bigint;',
        'DROP TABLE "t" CASCADE;',
        'CREATE INDEX "i" ON "t" ("c");',
    ],
)
def test_the_eye_that_looks_at_migrations_sees(statement):
    assert faults([statement])
    assert not faults(['ALTER TABLE "t" ADD COLUMN "c" integer NULL;', 'CREATE INDEX CONCURRENTLY "i" ON "t" ("c");'])


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "migrated") as site:
        with site.database():
            assert seed(settings.BASE_DIR / "fixtures").faults == []
        yield site


def migrate(site, *words):
    """The command as an operator runs it."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    address = parts._replace(path=f"/{site.name}").geturl()
    command = [sys.executable, "manage.py", "migrate", "-v0", *words]
    given = {**os.environ, "DATABASE_URL": address}
    return subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False)


def content(site):
    """Rows and checksum of each table of the register and its history."""
    told = {}
    with site.database(), connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name.partition("_")[0] in OURS]
        for table in tables:
            # What is worked out from other rows is written anew, with the time of it: check_integrity looks at it.
            row = "'worked out'" if table.endswith("standing") else "t::text"
            cursor.execute(f'SELECT count(*), md5(string_agg({row}, chr(10) ORDER BY {row})) FROM "{table}" t')  # noqa: S608
            told[table] = cursor.fetchone()
    return told


def test_the_last_steps_go_back_and_forward_again_over_a_filled_register(site):
    before = content(site)
    assert before["projects_project"][0] > 100
    for app in OURS:
        names = sorted(name for label, name in MigrationLoader(None).disk_migrations if label == app)
        if len(names) > 1:
            back = migrate(site, app, names[-2])
            assert (app, back.returncode) == (app, 0), back.stderr[-2000:]
    forward = migrate(site)
    assert forward.returncode == 0, forward.stderr[-2000:]
    after = content(site)
    assert {table: (told, after.get(table)) for table, told in before.items() if after.get(table) != told} == {}
    assert after.keys() == before.keys()
    with site.database():
        call_command("check_integrity")


def test_a_migration_that_finds_the_table_in_use_gives_up_and_holds_nobody(site):
    """Without lock_timeout it would wait for the reader, and all others behind it: then `SELECT` here waits too."""
    with site.database(), connection.cursor() as cursor:
        address = connection.connection.info.dsn
        held, done = threading.Event(), threading.Event()

        def read_for_long():
            with psycopg.connect(address) as other:
                other.execute("SELECT count(*) FROM partners_partner")
                held.set()
                done.wait(30)

        reader = threading.Thread(target=read_for_long)
        reader.start()
        assert held.wait(10)
        began = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"):
            cursor.execute("ALTER TABLE partners_partner ADD COLUMN a_column integer")
        assert 4 < time.monotonic() - began < 10
        cursor.execute("SELECT count(*) FROM partners_partner")
        done.set()
        reader.join()
