"""What facts rest on: sources, and the citations that tie records to them."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partners.constraints import check, known
from partners.history import tracked
from partners.models.records import Record, RecordQuerySet, reference_field


class SourceKind(models.TextChoices):
    BOOK = "book", _("book")
    WEB = "web", _("web page")
    DOCUMENT = "document", _("document")
    TEXT = "text", _("source text")
    LOST = "lost", _("entry lost")


class SourceQuerySet(RecordQuerySet):
    SEARCHED = ("reference", "title", "author")


@tracked
class Source(Record):
    """A book, page or document. A footnote whose entry is lost keeps only its number."""

    reference = reference_field("SRC")
    number = models.PositiveIntegerField(_("footnote number"), null=True, blank=True, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=SourceKind)
    title = models.CharField(_("title"), max_length=500, blank=True)
    author = models.CharField(_("author"), max_length=200, blank=True)
    year = models.PositiveIntegerField(_("year"), null=True, blank=True)
    pages = models.CharField(_("pages"), max_length=50, blank=True)
    url = models.CharField(_("address"), max_length=500, blank=True)
    url_is_cut = models.BooleanField(_("address is cut short"), default=False)
    note = models.TextField(_("note"), blank=True)

    objects = SourceQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["number", "id"]
        constraints = [
            known("kind", SourceKind),
            check(
                "lost_has_no_title",
                ~Q(kind=SourceKind.LOST) | Q(title="", author="", url="", year__isnull=True),
                _("A lost entry has neither title nor author, year or address: nobody invents one."),
            ),
            check(
                "titled_unless_lost",
                Q(kind=SourceKind.LOST) | ~Q(title=""),
                _("A source that is not lost has a title."),
            ),
            check(
                "address_is_http",
                Q(url="") | Q(url__startswith="https://") | Q(url__startswith="http://"),
                _("An address begins with http:// or https://."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The title, or what is known of a lost entry."""
        return self.title or gettext("Footnote %(number)s (entry lost)") % {"number": self.number}


class Closeness(models.TextChoices):
    """How close the source's mark stands to the statement."""

    ON = "on", _("on the statement")
    NEAREST = "nearest", _("nearest mark of the paragraph")
    TITLE = "title", _("only in the source's title")
    NONE = "none", _("no mark")


@tracked
class Citation(Record):
    """One record rests on one source, at one line of the text."""

    reference = reference_field("CIT")
    source = models.ForeignKey(Source, models.PROTECT, related_name="citations", verbose_name=_("source"))
    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", verbose_name=_("kind of record"))
    object_id = models.PositiveBigIntegerField(_("record"))
    record = GenericForeignKey("content_type", "object_id")
    closeness = models.CharField(_("closeness"), max_length=10, choices=Closeness)
    line = models.PositiveIntegerField(_("line of the text"), null=True, blank=True)

    objects: Any = RecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        ordering = ["line", "id"]
        # A record's page lists its citations.
        indexes = [models.Index(fields=["content_type", "object_id"], name="partners_citation_record")]
        constraints = [
            known("closeness", Closeness),
            models.UniqueConstraint(
                fields=["content_type", "object_id", "source", "line"],
                nulls_distinct=False,
                name="partners_citation_once",
                violation_error_message=_("The record cites this line of the source already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} ({self.get_closeness_display()})"
