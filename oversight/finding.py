"""The search page: one box over every kind of record that has a page, the likeliest first, slips of the pen forgiven.

Way of the data: the words of `RecordQuerySet` (`search`, else `resembling`) find candidates by index; `likeness` ranks
the first of them. A word that is everywhere therefore costs no more than a rare one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Model, QuerySet
from psycopg.errors import QueryCanceled

from agreements.models import Agreement, Meeting, Roadmap, RoadmapItem, WorkingGroup
from partners.models import Partner
from projects.models import Project

KINDS: dict[str, type[Model]] = {
    "partners": Partner,
    "agreements": Agreement,
    "roadmaps": Roadmap,
    "roadmap-items": RoadmapItem,
    "projects": Project,
    "bodies": WorkingGroup,
    "meetings": Meeting,
}
# Rows of a kind that are ranked, that stand on the page of all kinds, and on the page of one.
RANKED, SHOWN, SHOWN_OF_ONE = 500, 10, 100
# Milliseconds for looking through one kind for what is misspelled.
PATIENCE = 100


@dataclass(frozen=True)
class Found:
    """The likeliest rows of one kind. `more`: there are others behind them."""

    kind: str
    title: Any
    rows: list[Any]
    more: bool


@dataclass(frozen=True)
class Answer:
    """What was found, by kind. `similar`: nothing was spelled as asked, these look like it."""

    groups: list[Found]
    similar: bool = False


def find(text: str, kind: str = "") -> Answer:
    """Rows with every word of `text`, of one kind or of all; where there are none, rows with similar words."""
    if not text.strip():
        return Answer([])
    kinds = {kind: KINDS[kind]} if kind else KINDS
    shown = SHOWN_OF_ONE if kind else SHOWN
    exact = _found(kinds, text, shown, lambda rows: rows.search(text))
    if exact:
        return Answer(exact)
    return Answer(_found(kinds, text, shown, lambda rows: rows.resembling(text), _in_time), similar=True)


def _found(kinds: dict[str, type[Model]], text: str, shown: int, look: Any, read: Any = list) -> list[Found]:
    groups = []
    for kind, model in kinds.items():
        rows = read(_likeliest(model, text, look)[: shown + 1])
        if rows:
            groups.append(Found(kind, model._meta.verbose_name_plural, rows[:shown], more=len(rows) > shown))
    return groups


def _in_time(rows: Any) -> list[Any]:
    """The rows, or none if that takes too long: a word unlike all of a million names is compared with each of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before = cursor.fetchone()[0]
        try:
            with transaction.atomic():
                cursor.execute("SELECT set_config('statement_timeout', %s, TRUE)", [str(PATIENCE)])
                found = list(rows)
                cursor.execute("SELECT set_config('statement_timeout', %s, TRUE)", [before])
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                return []
            raise
    return found


def _likeliest(model: Any, text: str, look: Any) -> QuerySet[Any]:
    candidates = look(model.objects.order_by()).values("pk")[:RANKED]
    rows = model.objects.filter(pk__in=candidates).liking(text).order_by("-likeness", "pk")
    return rows.select_related("roadmap") if model is RoadmapItem else rows
