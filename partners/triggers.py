"""Triggers that every register table shares, so that SQL and bulk statements keep the rules of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pgtrigger
from django.db import connection

_WHO = "NULLIF(NULLIF(current_setting('pghistory.context_metadata', TRUE), '')::jsonb ->> 'user', '')::bigint"


class Stamp(pgtrigger.Trigger):
    """Keeps `created_*`, `modified_*` and `version`; refuses a changed reference.

    `version` counts changes that changed something: a save of the same values leaves the row as it was. The user is the
    one of the history context (request or command), none for plain SQL. The update always goes on: RETURN NEW.
    """

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update

    def get_func(self, model: Any) -> str:
        return f"""
            IF TG_OP = 'INSERT' THEN
                NEW.created_by_id := COALESCE(NEW.created_by_id, {_WHO});
                NEW.modified_by_id := COALESCE(NEW.modified_by_id, {_WHO});
                RETURN NEW;
            END IF;
            IF NEW.reference IS DISTINCT FROM OLD.reference THEN
                RAISE EXCEPTION 'The reference % of a record never changes.', OLD.reference
                    USING ERRCODE = 'check_violation';
            END IF;
            NEW.created_at := OLD.created_at;
            NEW.created_by_id := OLD.created_by_id;
            NEW.modified_at := OLD.modified_at;
            NEW.modified_by_id := OLD.modified_by_id;
            NEW.version := OLD.version;
            IF NEW IS DISTINCT FROM OLD THEN
                NEW.version := OLD.version + 1;
                NEW.modified_at := now();
                NEW.modified_by_id := {_WHO};
            END IF;
            RETURN NEW;
        """


class RegisterReference(pgtrigger.Trigger):
    """Enters each new reference in `partners_reference`, where it is unique across all tables and stays for ever."""

    when = pgtrigger.After
    operation = pgtrigger.Insert

    def get_func(self, model: Any) -> str:
        return f"""
            INSERT INTO partners_reference (code, model, object_id, is_further)
            VALUES (NEW.reference, '{model._meta.label_lower}', NEW.id, FALSE);
            RETURN NULL;
        """  # noqa: S608  names of our own models


class NoCycle(pgtrigger.Trigger):
    """Refuses a tree in which a record would stand above itself. `field` is the foreign key that points upwards."""

    when = pgtrigger.After
    operation = pgtrigger.Insert | pgtrigger.Update

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(name=f"no_cycle_{field}")

    def get_func(self, model: Any) -> str:
        table, column = model._meta.db_table, f"{self.field}_id"
        return f"""
            IF NEW.{column} IS NULL OR (TG_OP = 'UPDATE' AND NEW.{column} IS NOT DISTINCT FROM OLD.{column}) THEN
                RETURN NULL;
            END IF;
            PERFORM pg_advisory_xact_lock(hashtext('{table}.{column}'));
            IF EXISTS (
                WITH RECURSIVE above(id) AS (
                    SELECT NEW.{column}
                    UNION
                    SELECT t.{column} FROM {table} t JOIN above ON t.id = above.id WHERE t.{column} IS NOT NULL
                )
                SELECT 1 FROM above WHERE id = NEW.id
            ) THEN
                RAISE EXCEPTION '% would stand above itself.', NEW.reference USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """  # noqa: S608  names of our own models


class Unchangeable(pgtrigger.Trigger):
    """Refuses an update that changes any of the named columns (`columns`), with the sentence `because`."""

    when = pgtrigger.Before
    operation = pgtrigger.Update

    def __init__(self, *, name: str, columns: list[str], because: str, unless: str = "FALSE") -> None:
        self.columns, self.because, self.unless = columns, because, unless
        super().__init__(name=name)

    def get_func(self, model: Any) -> str:
        new = ", ".join(f"NEW.{column}" for column in self.columns)
        old = ", ".join(f"OLD.{column}" for column in self.columns)
        return f"""
            IF ROW({new}) IS DISTINCT FROM ROW({old}) AND NOT ({self.unless}) THEN
                RAISE EXCEPTION '{self.because}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """


# What `correcting` sets for one transaction: the reference of the record whose original deadline is put right.
# Never NULL: a NULL would make the whole condition NULL, and the refusal would not be said.
CORRECTED = "COALESCE(current_setting('pacta.correcting', TRUE), '') = NEW.reference"


@contextmanager
def correcting(reference: str) -> Iterator[None]:
    """Lets the original deadline of one record be corrected, inside a transaction, until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pacta.correcting', %s, TRUE)", [reference])
        yield
        cursor.execute("SELECT set_config('pacta.correcting', '', TRUE)")
