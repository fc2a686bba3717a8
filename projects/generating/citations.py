# ruff: noqa: S608  all of this SQL is made of names of our own models and of numbers
"""What each record stands on: one citation of the synthetic source."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from django.db import models

from partners.models import Citation
from projects.generating.rows import Rows, table


def citations(model: type[models.Model]) -> Rows:
    kind = ContentType.objects.get_for_model(model).pk
    cited = (
        f"SELECT (SELECT COALESCE(max(id), 0) FROM {table(Citation)}) + row_number() OVER (ORDER BY id) AS n,"
        f" id, reference FROM {table(model)}"
    )
    return Rows(
        Citation,
        "CIT",
        cited,
        {
            "reference": "reference || '-cite'",
            "source_id": "1",
            "content_type_id": f"{kind}",
            "object_id": "id",
            "closeness": "'on'",
        },
    )
