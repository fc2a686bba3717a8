"""Where the files of records are kept: whole and safe on the disk before the row that names them is committed."""

from __future__ import annotations

import os
from typing import Any

from django.core.files.storage import FileSystemStorage


class PrivateStorage(FileSystemStorage):
    """Django's, which leaves half a file where the disk was full, and a whole one in the memory of the system."""

    def _save(self, name: str, content: Any) -> str:
        try:
            saved: str = super()._save(name, content)  # type: ignore[misc]  # the stubs leave it out
        except OSError:
            # The name is random (partners.uploads.random_name): nobody else's file has it.
            self.delete(name)
            raise
        for path in (self.path(saved), os.path.dirname(self.path(saved))):  # noqa: PTH120  Django's storage speaks text
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return saved
