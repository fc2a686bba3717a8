"""A backup of one moment while people go on working: the database by pg_dump, and the files that its rows name.

A backup stands under its name only when it is whole. Until then it is `.NAME.partial` beside it, locked while somebody
writes it; one that a killed run left has no lock, and the next run into the same place removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from config import manifest
from config.manifest import DUMP, MEDIA, Manifest, Part, Refused
from config.programs import Unavailable, client_programs
from oversight.sweeping import KINDS
from partners.models.files import files_kept

CHUNK = 1 << 20


@dataclass(frozen=True)
class Moment:
    """What the backup is of: pg_dump reads the same snapshot."""

    snapshot: str
    migrations: list[str]
    names: list[str]


def back_up(folder: Path, now: datetime) -> tuple[Manifest, list[str]]:
    """Makes the backup `folder`; its manifest, and the names of files that rows have and the store has not.

    Raises Refused when the folder is in use, or pg_dump or the disk fails; nothing is left then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(_("%(folder)s is not empty: a backup has a folder of its own.") % {"folder": folder})
    try:
        programs = client_programs(server_version())
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _partial(folder) as partial, files_kept(), _moment() as moment:
            _dump(programs, moment.snapshot, partial / DUMP)
            copied, missing = _copy(moment.names, partial)
            parts = [manifest.part(partial, DUMP), *copied]
            made = Manifest(now.isoformat(timespec="seconds"), server_version(), moment.migrations, parts)
            made.write(partial)
    except (Unavailable, DatabaseError) as error:
        raise Refused(error) from error
    except OSError as error:
        raise Refused(_("The backup cannot be written: %(error)s") % {"error": error}) from error
    return made, missing


def server_version() -> int:
    """The major version of the server."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10000


def reached() -> dict[str, str]:
    """How the server is reached, in libpq's words; without the options of a page's connection, as its time limits."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()} - {"options"}
    return {name: str(value) for name, value in connection.get_connection_params().items() if name in known}


def environment() -> dict[str, str]:
    """The same for pg_dump and psql: by variables, as arguments can be read by everybody on the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    names = {option.keyword.decode(): option.envvar for option in psycopg.pq.Conninfo.get_defaults()}
    said = {(names[name] or b"").decode(): value for name, value in reached().items()}
    return {**kept, **{name: value for name, value in said.items() if name}, "LC_ALL": "C"}


@contextlib.contextmanager
def _partial(folder: Path) -> Iterator[Path]:
    """The folder to write into, which gets its name when the block succeeds and goes when it fails."""
    for left in folder.parent.glob(".*.partial"):
        with _locked(left) as is_ours:
            if is_ours:
                shutil.rmtree(left, ignore_errors=True)
    partial = folder.with_name(f".{folder.name}.partial")
    with contextlib.suppress(FileExistsError):
        partial.mkdir(mode=0o700)
    with _locked(partial) as is_ours:
        if not is_ours or any(partial.iterdir()):
            raise Refused(_("Another backup is being written to %(folder)s.") % {"folder": folder})
        try:
            yield partial
            manifest.settle(partial)
            partial.replace(folder)
            manifest.settle(folder.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether the folder is nobody else's; the system drops the lock even after kill -9."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _moment() -> Iterator[Moment]:
    """One snapshot of the database, held open for pg_dump."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        migrations = sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())
        names = [name for kind in KINDS for name in kind.objects.order_by("pk").values_list("content", flat=True)]
        yield Moment(snapshot, migrations, names)


def _dump(programs: Path, snapshot: str, target: Path) -> None:
    command = [str(programs / "pg_dump"), f"--snapshot={snapshot}", f"--restrict-key={_key()}", f"--file={target}"]
    command += ["--no-owner", "--no-privileges", "--compress=6", "--no-password"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, umask=0o077)
    if done.returncode:
        raise Refused(done.stderr.strip())


def _key() -> str:
    """What closes psql's own commands to the text of a dump: always the same here, so that two dumps of one register
    are equal to the byte, and unknown to whoever writes into the register."""
    return salted_hmac("config.backups", "restrict", algorithm="sha256").hexdigest()


def _copy(names: list[str], partial: Path) -> tuple[list[Part], list[str]]:
    """Copies the files of the rows. Nobody deletes one meanwhile (`files_kept`), so what is missing was so before."""
    copied, missing = [], []
    for name in names:
        try:
            path = f"{MEDIA}/{name}"
            copied.append(store(Path(settings.MEDIA_ROOT) / name, partial / path, path))
        except FileNotFoundError:
            missing.append(name)
    for place in {(partial / part.path).parent for part in copied}:
        manifest.settle(place)
    return copied, missing


def store(source: Path, target: Path, path: str) -> Part:
    """Copies a file for its owner alone, safe from a loss of power once this returns; what was copied, as `path`."""
    found: Any = hashlib.sha256()
    with source.open("rb") as content:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with manifest.written(target) as copy:
            while chunk := content.read(CHUNK):
                found.update(chunk)
                copy.write(chunk)
            return Part(path, copy.tell(), found.hexdigest())
