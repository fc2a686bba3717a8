"""Files that belong to a record: kept privately under a random name, served by one view only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.storage import storages
from django.db import connection, models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partners import uploads
from partners.constraints import check
from partners.models.records import Record


def private() -> Any:
    """The storage that no web server shows."""
    return storages["private"]


# The number of the advisory lock under which files go: shared by those who delete one, whole for who copies them all.
FILES = 0x70616374


@contextmanager
def files_kept() -> Iterator[None]:
    """No file of the register is deleted while the block runs. Waits for those who are at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [FILES])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [FILES])


def remove_file(path: str) -> bool:
    """Deletes a file that no row names any more; false while all are kept: then `sweep_files` takes it later."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [FILES])
        if is_free := bool(cursor.fetchone()[0]):
            private().delete(path)
    return is_free


class StoredFile(Record):
    """A file with its original name, what it is, and the checksum by which it can be proved unchanged."""

    reference: str
    content: Any = models.FileField(_("file"), storage=private, upload_to=uploads.random_name, max_length=100)
    name = models.CharField(_("original name"), max_length=255, editable=False)
    media_type = models.CharField(_("kind of file"), max_length=100, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64, editable=False)

    class Meta(Record.Meta):
        abstract = True
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("file", args=[self._meta.model_name, self.reference])

    def clean(self) -> None:
        """Read the upload, when there is a new one, and keep what it says of itself."""
        super().clean()
        if self.content and not self.content._committed:
            self.describe()

    def describe(self) -> None:
        """Fill name, kind, size and checksum from the upload. Raises ValidationError for one that is not accepted."""
        upload = self.content.file
        self.media_type = uploads.media_type(upload)
        self.name = str(upload.name).replace("\\", "/").rpartition("/")[2][-255:]
        self.size, self.sha256 = upload.size, uploads.digest(upload)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """The row now, the file once that is certain."""
        path = self.content.name
        deleted = super().delete(*args, **options)
        transaction.on_commit(lambda: remove_file(path), robust=True)
        return deleted

    @staticmethod
    def file_constraints() -> list[models.BaseConstraint]:
        return [check("size_positive", models.Q(size__gt=0), _("An empty file is not kept."))]
