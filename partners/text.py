"""Search that ignores accents, case, endings and small slips, by functions of the database (migrations 0001 and 0005).

A table that is searched has two indexes over one expression, its document: trigrams for parts of words and slips,
stems for other endings. `search_indexes` declares them; `HasPart`, `HasStem` and `Resembles` ask in their words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Fold(models.Func):
    """The text without accents, in lower case: an IMMUTABLE function, so that indexes can use it."""

    function = "pacta_fold"
    output_field = models.TextField()


class Document(models.Func):
    """The folded text of several columns, as one."""

    function = "pacta_document"
    output_field = models.TextField()


class Stems(models.Func):
    """The stems of a document's words: Russian ones of Cyrillic words, English ones of Latin words."""

    function = "pacta_stems"
    output_field = SearchVectorField()


class HasPart(models.Func):
    """Whether the word is found in the columns, as a word or a part of one."""

    output_field = models.BooleanField()
    arg_joiner = " LIKE "
    template = "(%(expressions)s)"

    def __init__(self, columns: Iterable[Any], word: str) -> None:
        super().__init__(Document(*columns), models.Func(models.Value(word), function="pacta_pattern"))


class HasStem(models.Func):
    """Whether the columns have the word with this or another ending."""

    output_field = models.BooleanField()
    arg_joiner = " @@ "
    template = "(%(expressions)s)"

    def __init__(self, columns: Iterable[Any], word: str) -> None:
        super().__init__(Stems(Document(*columns)), models.Func(models.Value(word), function="pacta_query"))


class Resembles(models.Func):
    """Whether a part of the columns looks like the word (`pg_trgm.word_similarity_threshold`): for slips of the pen."""

    output_field = models.BooleanField()
    arg_joiner = " <%% "
    template = "(%(expressions)s)"

    def __init__(self, columns: Iterable[Any], word: str) -> None:
        super().__init__(Fold(models.Value(word)), Document(*columns))


class Likeness(models.Func):
    """From 0 to 1: how much of the text is found in the columns, spelled the same way."""

    function = "word_similarity"
    output_field = models.FloatField()

    def __init__(self, columns: Iterable[Any], text: str) -> None:
        super().__init__(Fold(models.Value(text)), Document(*columns))


def search_indexes(table: str, columns: Iterable[str]) -> list[models.Index]:
    """The indexes of a table in whose columns words are looked for."""
    document = Document(*columns)
    # Without the list of pending entries, through which each search would have to read.
    return [
        GinIndex(OpClass(document, "gin_trgm_ops"), name=f"{table}_trigrams", fastupdate=False),
        GinIndex(Stems(document), name=f"{table}_stems", fastupdate=False),
    ]
