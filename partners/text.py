"""Search that ignores accents and case, by the database function `pacta_fold` (migration 0001)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.lookups import Contains


class Fold(models.Func):
    """The text without accents, in lower case: an IMMUTABLE function, so that indexes can use it."""

    function = "pacta_fold"
    output_field = models.TextField()


@models.CharField.register_lookup
@models.TextField.register_lookup
class ContainsFolded(Contains):
    """`name__contains_folded="Camaguey"` finds "Universidad de Camagüey"."""

    lookup_name = "contains_folded"

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        sql, params = super().process_lhs(compiler, connection, lhs)
        return f"pacta_fold({sql})", params

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"LIKE pacta_fold({rhs})"
