"""What a backup says of itself, and whether it is whole.

DIR/manifest.json     this: release, migrations, server, and each file with its size and SHA-256
DIR/database.sql.gz   pg_dump's plain text, of one moment
DIR/media/...         the files that the rows of that moment name, as they lie in MEDIA_ROOT
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

NAME, DUMP, MEDIA = "manifest.json", "database.sql.gz", "media"
KIND, FORMAT = "pacta-backup", 1


class Refused(Exception):
    """A backup that cannot be made or restored; the message is for the person at the terminal."""


@dataclass(frozen=True)
class Part:
    """A file of the backup; `path` from its folder, with slashes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`server` is PostgreSQL's major version, `migrations` those applied, as app.name."""

    made_at: str
    server: int
    migrations: list[str]
    parts: list[Part]
    release: str = field(default_factory=lambda: release())
    kind: str = KIND
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Last of all files, so that a backup with a manifest is whole."""
        with written(folder / NAME) as file:
            file.write(json.dumps(asdict(self), indent=1).encode())


def read(folder: Path) -> Manifest:
    """The manifest of a backup of ours. Raises Refused for none, another program's, or one of a newer form."""
    try:
        said = json.loads((folder / NAME).read_bytes())
        if said["kind"] != KIND:
            raise Refused(_("%(folder)s is a backup of something else.") % {"folder": folder})
        if said["format"] > FORMAT:
            raise Refused(_newer(said["release"]))
        parts = [Part(**part) for part in said.pop("parts")]
        return Manifest(**said, parts=parts)
    except FileNotFoundError as error:
        raise Refused(_("%(folder)s holds no backup, or one that was not finished.") % {"folder": folder}) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(_("The manifest of %(folder)s cannot be read: %(error)s") % {"folder": folder, "error": error}) \
            from error  # fmt: skip


def verify(folder: Path, manifest: Manifest, server: int) -> None:
    """Raises Refused for a backup that is newer than this release or this server, or not whole to the byte."""
    unknown = sorted(set(manifest.migrations) - set(known_migrations()))
    if unknown:
        raise Refused(_newer(manifest.release) + " " + _("It has %(names)s.") % {"names": ", ".join(unknown[:3])})
    if manifest.server > server:
        raise Refused(
            _("The backup is of PostgreSQL %(theirs)s, newer than this server (%(ours)s).")
            % {"theirs": manifest.server, "ours": server}
        )
    faults = list(_faults(folder, manifest))
    if faults:
        more = _(" and %(count)s more") % {"count": len(faults) - 3} if len(faults) > 3 else ""
        raise Refused(_("The backup is damaged: %(faults)s") % {"faults": "; ".join(faults[:3])} + more)


def _faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    said = {part.path: part for part in manifest.parts}
    there = {path.relative_to(folder).as_posix() for path in files(folder)} - {NAME}
    yield from (_("%(path)s is missing") % {"path": path} for path in sorted((said.keys() | {DUMP}) - there))
    yield from (_("%(path)s does not belong to it") % {"path": path} for path in sorted(there - said.keys()))
    for path in sorted(said.keys() & there):
        if (folder / path).is_symlink() or part(folder, path) != said[path]:
            yield _("%(path)s is not as it was written") % {"path": path}


def part(folder: Path, path: str) -> Part:
    """What a file is now."""
    with (folder / path).open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        return Part(path, content.tell(), sha256)


def files(folder: Path) -> Iterator[Path]:
    """Every file under a folder."""
    for place, _folders, names in os.walk(folder):
        yield from (Path(place) / name for name in names)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A new file for its owner alone, safe from a loss of power once the block is over."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def settle(folder: Path) -> None:
    """What was made, renamed or removed in a folder stays so after a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def known_migrations() -> list[str]:
    """Those of this release."""
    disk = MigrationLoader(None).disk_migrations
    return sorted(f"{app}.{name}" for app, name in disk or {})


def release() -> str:
    """The version of this checkout."""
    return str(tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"])


def _newer(release: str) -> str:
    return _("The backup is of a newer release (%(release)s): restore it with that one.") % {"release": release}
