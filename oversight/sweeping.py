"""Files and their rows kept in step: what lies in the store without a row, and rows whose file is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import storages

from agreements.models import AgreementFile, MeetingFile
from partners.uploads import digest
from projects.models import Evidence

KINDS: tuple[Any, ...] = (AgreementFile, MeetingFile, Evidence)
# An upload may still be on its way into its transaction.
YOUNGEST = timedelta(hours=1)


def orphans(now: datetime) -> Iterator[str]:
    """Paths in the store, older than an hour, that no row names."""
    store = storages["private"]
    for kind in KINDS:
        folder = str(kind._meta.model_name)
        if not store.exists(folder):
            continue
        known = set(kind.objects.values_list("content", flat=True))
        for name in store.listdir(folder)[1]:
            path = f"{folder}/{name}"
            if path not in known and store.get_modified_time(path) < now - YOUNGEST:
                yield path


def missing() -> Iterator[Any]:
    """Rows whose file is not in the store."""
    store = storages["private"]
    for kind in KINDS:
        yield from (row for row in kind.objects.iterator() if not store.exists(row.content.name))


def altered() -> Iterator[Any]:
    """Rows whose file is not as it was when it was stored. Reads every file."""
    store = storages["private"]
    for kind in KINDS:
        for row in kind.objects.iterator():
            if store.exists(row.content.name):
                with store.open(row.content.name) as content:
                    if digest(content) != row.sha256:
                        yield row
