"""What every row of the register has: a reference, stamps, a version, sources and a history."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from partners.constraints import Checks, check, known
from partners.text import HasPart, HasStem, Likeness, Resembles
from partners.triggers import NoCycle, RegisterReference, Stamp


class NextReference(models.Func):
    """`PRT-2026-0001`: prefix, year in Minsk and the next number of one sequence, gaps allowed (migration 0001)."""

    function = "pacta_next_reference"
    output_field = models.CharField()


def reference_field(prefix: str) -> models.CharField[str, str]:
    """The stable name of a record, given by the database where the writer gives none, never changed."""
    return models.CharField(
        _("reference"),
        max_length=80,
        unique=True,
        editable=False,
        db_default=NextReference(models.Value(prefix)),
        validators=[RegexValidator(r"^[A-Za-z]+(-[A-Za-z0-9_.-]+)?$", _("A reference looks like GNQ-J24."))],
    )


class Reference(models.Model):
    """The register of references: each names one record for ever, also after the record is deleted or merged.

    A trigger writes a row for each new record; a further reference (`is_further`) is a second name of the same thing.
    """

    code = models.CharField(_("code"), max_length=80, primary_key=True)
    model = models.CharField(_("model"), max_length=80)
    object_id = models.BigIntegerField(_("record"))
    is_further = models.BooleanField(_("further reference"), default=False)

    class Meta:
        verbose_name = _("reference")
        verbose_name_plural = _("references")
        indexes = [models.Index(fields=["model", "object_id"], name="partners_reference_record")]

    def __str__(self) -> str:
        return self.code


class RecordQuerySet(models.QuerySet[Any]):
    """Words that every list of records understands."""

    SEARCHED: tuple[str, ...] = ("reference",)

    def search(self, text: str) -> Self:
        """Rows with every word of `text`, as a part or with another ending; accents and case do not matter."""
        found = self
        for word in text.split():
            found = found.filter(self._with_word(word))
        return found

    def resembling(self, text: str) -> Self:
        """Rows in which something looks like every word of `text`: for a word misspelled."""
        found = self
        for word in text.split():
            found = found.filter(self._with_similar(word))
        return found

    def liking(self, text: str) -> Self:
        """With `likeness`: from 0 to 1, how much of `text` is found in the row, spelled the same way."""
        return self.annotate(likeness=Likeness(self.SEARCHED, text))

    def _with_word(self, word: str) -> Q:
        return Q(HasPart(self.SEARCHED, word)) | Q(HasStem(self.SEARCHED, word))

    def _with_similar(self, word: str) -> Q:
        return Q(Resembles(self.SEARCHED, word))


class NamedQuerySet(RecordQuerySet):
    """Search over the reference and the name in all its languages."""

    SEARCHED: tuple[str, ...] = ("reference", "name", "name_ru", "name_be")


class Record(models.Model):
    """A row of the register. The database stamps it (triggers), numbers it and keeps its history."""

    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("created by"),
    )
    modified_at = models.DateTimeField(_("modified at"), db_default=Now(), editable=False)
    modified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("modified by"),
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    # Foreign keys that make a tree of this model; `clean` and a trigger refuse cycles in each.
    TREES: tuple[str, ...] = ()

    class Meta:
        abstract = True
        triggers = [Stamp(name="stamp"), RegisterReference(name="register_reference")]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """The reference, by which people name the record. Each model declares the field, with its own prefix."""
        return str(getattr(self, "reference", ""))

    def validate_unique(self, exclude: Any = None) -> None:
        """A reference that the database is still to give is not compared: that would give one to each row."""
        given = isinstance(getattr(self, "reference", ""), str)
        super().validate_unique(exclude if given else {*(exclude or ()), "reference"})

    def get_constraints(self) -> Any:
        """As Django has them, with the CHECKs of each model put together."""
        found: list[tuple[Any, list[Any]]] = []
        for model, constraints in super().get_constraints():
            checks = [one for one in constraints if isinstance(one, models.CheckConstraint)]
            found.append((model, [Checks(checks), *(one for one in constraints if one not in checks)]))
        return found

    def clean(self) -> None:
        super().clean()
        self._refuse_used_reference()
        for field in self.TREES:
            self._refuse_cycle(field)

    def _refuse_used_reference(self) -> None:
        given = getattr(self, "reference", None)
        if self._state.adding and isinstance(given, str) and Reference.objects.filter(code=given).exists():
            raise ValidationError({"reference": _("This reference names another record already.")})

    def _refuse_cycle(self, field: str) -> None:
        seen, above = {self.pk}, getattr(self, field)
        while above is not None:
            if above.pk is not None and above.pk in seen:
                raise ValidationError({field: _("The record would stand above itself.")})
            seen.add(above.pk)
            above = getattr(above, field)


class Origin(models.TextChoices):
    """Where a translated name comes from."""

    MISSING = "missing", _("missing")
    OURS = "ours", _("our translation")
    SOURCED = "sourced", _("from a source")


class Named(models.Model):
    """A name in up to three languages, and whether each translation is sourced, ours or missing."""

    name = models.CharField(_("name"), max_length=500)
    name_ru = models.CharField(_("name in Russian"), max_length=500, blank=True)
    name_ru_origin = models.CharField(
        _("origin of the Russian name"), max_length=10, choices=Origin, default=Origin.MISSING
    )
    name_be = models.CharField(_("name in Belarusian"), max_length=500, blank=True)
    name_be_origin = models.CharField(
        _("origin of the Belarusian name"), max_length=10, choices=Origin, default=Origin.MISSING
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.local_name

    @property
    def local_name(self) -> str:
        """The name in the reader's language where there is one, else the English name."""
        return str(getattr(self, f"name_{get_language()}", "") or self.name)

    @staticmethod
    def name_constraints() -> list[models.BaseConstraint]:
        """The CHECKs of the name columns, for each concrete model's Meta."""
        rules: list[models.BaseConstraint] = [check("name_not_blank", ~Q(name=""), _("A name is needed."))]
        for language in ("ru", "be"):
            missing = Q(**{f"name_{language}": "", f"name_{language}_origin": Origin.MISSING})
            present = ~Q(**{f"name_{language}": ""}) & ~Q(**{f"name_{language}_origin": Origin.MISSING})
            rules.append(known(f"name_{language}_origin", Origin))
            rules.append(
                check(
                    f"name_{language}_has_origin",
                    missing | present,
                    _("Say where a translated name comes from, and nothing for a missing one."),
                )
            )
        return rules


class Cited(models.Model):
    """A record that says what it rests on."""

    citations = GenericRelation("partners.Citation", content_type_field="content_type", object_id_field="object_id")

    class Meta:
        abstract = True


def tree_triggers(*fields: str) -> list[NoCycle]:
    """The triggers of a model whose `TREES` are `fields`."""
    return [NoCycle(field) for field in fields]
