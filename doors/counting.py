"""Rows counted no further than it tells anybody something: for pages and for the admin's lists."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator

# Counting further than this costs more than it tells.
MOST_COUNTED = 10_000


class Number(int):
    """A number of rows; beyond MOST_COUNTED it stands for that many or more, and is written so."""

    def __str__(self) -> str:
        return f"{MOST_COUNTED:,}+" if self > MOST_COUNTED else f"{int(self):,}"


class CappedPaginator(Paginator):
    """Pages of 50 unless told, of the first rows if there are more than MOST_COUNTED."""

    def __init__(self, rows: Any, per_page: int = 50, *told: Any, **also: Any) -> None:
        super().__init__(rows, per_page, *told, **also)
        self.rows = rows

    @cached_property
    def count(self) -> Number:
        return Number(self.rows.order_by().values("pk")[: MOST_COUNTED + 1].count())


class KeysFirstPaginator(CappedPaginator):
    """Asks by their keys alone which rows stand on a page: no wide rows are sorted, only to be dropped."""

    def page(self, number: Any) -> Page:
        at = self.validate_number(number)
        first = (at - 1) * self.per_page
        keys = list(self.rows.values_list("pk", flat=True)[first : min(first + self.per_page, self.count)])
        return Page(self.rows.filter(pk__in=keys), at, self)
