"""The trace of every change: an append-only event table beside each register table, written by triggers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import pghistory
import pghistory.models
import pgtrigger
from django.db import models

# Columns that follow from a change and are none themselves.
STAMPS = ["version", "modified_at", "modified_by"]

Tracked = TypeVar("Tracked", bound=type[models.Model])


class TransactionId(models.Func):
    """The number of the running transaction, by which a reader can tell what was committed before what."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class Event(pghistory.models.Event):
    """One change of one row: the row after it (before it, for a deletion), when, by whom and through which door.

    `pgh_context` holds `user` (id), `door`, `url` and `request` (id); NULL means plain SQL.
    """

    pgh_transaction = models.BigIntegerField(db_default=TransactionId(), editable=False)

    class Meta:
        abstract = True


def tracked(model: Tracked) -> Tracked:
    """Record every insert, change and deletion of the model's rows; the events refuse UPDATE, DELETE and TRUNCATE."""
    return _track(model)


def tracked_link(through: type[models.Model]) -> None:
    """The same for the rows of a many-to-many relation, which have no record of their own to hang events on."""
    _track(through, [models.Index(fields=["id"])], obj_field=None)


def _track(model: Tracked, indexes: Sequence[models.Index] = (), **options: Any) -> Tracked:
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(
            condition=pgtrigger.AnyChange(exclude=[f.name for f in model._meta.local_fields if f.name in STAMPS])
        ),
        pghistory.DeleteEvent(),
        base_model=Event,
        append_only=True,
        context_field=pghistory.ContextJSONField(),
        context_id_field=pghistory.ContextUUIDField(),
        meta={"triggers": [_no_truncate()], "indexes": [*_walks(), *indexes]},
        **options,
    )(model)


def _walks() -> list[models.Index]:
    """What `as_of` reads by: the time; and what the sync feed walks along: transaction by transaction."""
    return [models.Index(fields=["pgh_created_at"]), models.Index(fields=["pgh_transaction", "pgh_id"])]


def _no_truncate() -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'The history is append-only.' USING ERRCODE = 'check_violation';",
    )
