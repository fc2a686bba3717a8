"""A register brought back from a backup: checked whole, built beside the present one, then put in its place.

Until one transaction renames two databases nothing that anybody sees has changed, and a run that is killed before it
leaves only what the next one clears away. Files have random names and are never written again, so those of the backup
can be laid among the present ones first; what only the old register named is taken out afterwards.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psycopg
from django import db
from django.conf import settings
from django.core.management import call_command
from django.utils.translation import gettext as _
from psycopg import sql

from config import manifest
from config.backups import CHUNK, environment, reached, store
from config.manifest import DUMP, MEDIA, Manifest, Refused
from config.programs import Unavailable, client_programs

Server = psycopg.Connection[Any]
connection: Any = db.connection
LONGEST = 63  # bytes of a name in PostgreSQL
ATTEMPTS = 20
INCOMING = ".restoring"


@dataclass(frozen=True)
class Restored:
    """`database` and `files` hold the state before, empty when there was none."""

    manifest: Manifest
    database: str
    files: str


def restore(folder: Path, now: datetime) -> Restored:
    """Puts the backup in the place of the present register. Raises Refused, and then nothing has changed."""
    said = manifest.read(folder)
    try:
        with _maintenance() as server, _alone(server):
            version = server.info.server_version // 10000
            manifest.verify(folder, said, version)
            programs = client_programs(version)
            return _restored(server, programs, folder, said, now)
    except (Unavailable, psycopg.Error) as error:
        raise Refused(str(error).strip()) from error
    except OSError as error:
        raise Refused(_("The backup cannot be restored: %(error)s") % {"error": error}) from error


def _restored(server: Server, programs: Path, folder: Path, said: Manifest, now: datetime) -> Restored:
    name = str(connection.settings_dict["NAME"])
    with _beside(server, name) as beside:
        _load(programs, folder / DUMP, beside, _known_settings(server))
        with _turned_to(beside):
            if set(said.migrations) != set(manifest.known_migrations()):
                call_command("migrate", interactive=False, verbosity=0)
            _analyze()
        _lay(folder, said)
        present = _present()
        before = _swap(server, name, beside, f"before_{now:%Y%m%d%H%M%S}")
    kept = _take_out(present - {part.path for part in said.parts}, f".before-{now:%Y%m%d%H%M%S}")
    return Restored(said, before, kept)


# The server


@contextlib.contextmanager
def _maintenance() -> Iterator[Server]:
    """A connection to the server that stands in no register's way."""
    connection.close()
    connection.close_pool()
    parameters: dict[str, Any] = {**reached(), "dbname": "postgres"}
    with psycopg.connect(**parameters, autocommit=True) as server:
        yield server


@contextlib.contextmanager
def _alone(server: Server) -> Iterator[None]:
    """One restore of a register at a time. Raises Refused also where the account lacks the rights for one."""
    name = str(connection.settings_dict["NAME"])
    number = int.from_bytes(hashlib.sha256(f"restore {name}".encode()).digest()[:8], "big", signed=True)
    if not server.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchone()[0]:  # type: ignore[index]
        raise Refused(_("Another restore is running."))
    rights = """
        SELECT r.rolsuper OR r.rolcreatedb AND NOT EXISTS (
            SELECT FROM pg_database WHERE datname = %s AND NOT pg_has_role(datdba, 'MEMBER'))
        FROM pg_roles r WHERE rolname = current_user
    """
    if server.execute(rights, [name]).fetchone() != (True,):
        raise Refused(
            _("The account of DATABASE_URL must own the database %(name)s and may make others: ALTER ROLE … CREATEDB.")
            % {"name": name}
        )
    yield


@contextlib.contextmanager
def _beside(server: Server, name: str) -> Iterator[str]:
    """A new, empty database with the letters of the present one. It is dropped unless it was renamed."""
    beside = _called(name, "restoring")
    _drop(server, beside)
    server.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' {}").format(
            sql.Identifier(beside), _locale(server, name)
        )
    )
    try:
        yield beside
    finally:
        _drop(server, beside)


def _drop(server: Server, name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _called(name: str, more: str) -> str:
    """A name beside the register's; PostgreSQL would cut a longer one, maybe to the register's own."""
    return os.fsdecode(os.fsencode(name)[: LONGEST - len(more) - 1]) + f"_{more}"


def _locale(server: Server, name: str) -> sql.Composable:
    """As the present database has it, else as new ones get it."""
    row = server.execute("SELECT to_jsonb(d) FROM pg_database d WHERE datname = %s", [name]).fetchone()
    if row is None:
        return sql.SQL("")
    of = row[0]
    words = [sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(of["datcollate"], of["datctype"])]
    # PostgreSQL 17 knows a provider more and calls the column otherwise.
    if named := of.get("datlocale") or of.get("daticulocale"):
        provider, option = ("icu", "ICU_LOCALE") if of["datlocprovider"] == "i" else ("builtin", "BUILTIN_LOCALE")
        words.append(sql.SQL(f"LOCALE_PROVIDER {provider} {option} {{}}").format(named))
    return sql.SQL(" ").join(words)


def _swap(server: Server, name: str, beside: str, more: str) -> str:
    """Puts the database `beside` in the place of `name`, in one transaction; under which name the old one is kept.

    The sessions of the old one end. Those that are quicker than the renaming make it fail; then it is tried again.
    """
    is_there = server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount == 1
    before = _called(name, more) if is_there else ""
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    for attempt in range(ATTEMPTS):
        try:
            with server.transaction():
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)"
                    " AND backend_type = 'client backend'",
                    [[name, beside]],
                )
                if is_there:
                    server.execute(rename.format(sql.Identifier(name), sql.Identifier(before)))
                server.execute(rename.format(sql.Identifier(beside), sql.Identifier(name)))
            break
        except psycopg.errors.ObjectInUse:
            if attempt == ATTEMPTS - 1:
                raise
    return before


# The data


def _load(programs: Path, dump: Path, database: str, known: set[str]) -> None:
    command = [str(programs / "psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--no-password"]
    command += ["--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    variables = environment() | {"PGDATABASE": database}
    with subprocess.Popen(
        command, env=variables, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as psql:
        assert psql.stdin  # noqa: S101  asked for above
        # psql ends at the first fault, which its last words tell better than our broken pipe.
        with contextlib.suppress(BrokenPipeError), psql.stdin as into, gzip.open(dump) as text:
            _pass_on(text, into, known)
        assert psql.stderr  # noqa: S101
        complaint = psql.stderr.read().decode(errors="replace").strip()
    if psql.returncode:
        raise Refused(_("The database was not restored: %(error)s") % {"error": complaint.partition("\n")[0]})


def _pass_on(text: Any, into: IO[bytes], known: set[str]) -> None:
    """The dump, without settings at its beginning that only a newer server has: a newer pg_dump writes them."""
    for line in text:
        setting = re.match(rb"SET (\w+) = ", line)
        if not setting or setting[1].decode() in known:
            into.write(line)
        if line.startswith(b"CREATE "):
            break
    shutil.copyfileobj(text, into, CHUNK)


def _known_settings(server: Server) -> set[str]:
    return {name for (name,) in server.execute("SELECT name FROM pg_settings")}


@contextlib.contextmanager
def _turned_to(name: str) -> Iterator[None]:
    """Django's connection leads to another database of the server."""
    own = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()
        connection.settings_dict["NAME"] = own


def _analyze() -> None:
    """A dump brings no statistics, without which the first pages would take minutes."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("ANALYZE")


# The files


def _lay(folder: Path, said: Manifest) -> None:
    """Every file of the backup in its place; one that is already there as it should be stays."""
    root = Path(settings.MEDIA_ROOT)
    incoming = root / INCOMING
    shutil.rmtree(incoming, ignore_errors=True)
    for part in said.parts:
        target = root / Path(part.path).relative_to(MEDIA) if part.path != DUMP else None
        if target is None or _is_there(target, part):
            continue
        if store(folder / part.path, incoming / part.path, part.path) != part:
            raise Refused(_("The backup is damaged: %(faults)s") % {"faults": part.path})
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (incoming / part.path).replace(target)
        manifest.settle(target.parent)
    shutil.rmtree(incoming, ignore_errors=True)


def _is_there(target: Path, part: manifest.Part) -> bool:
    is_file = target.is_file() and not target.is_symlink() and target.stat().st_size == part.size
    return is_file and manifest.part(target.parent, target.name).sha256 == part.sha256


def _present() -> set[str]:
    """The files of the register's kinds that are there now, as a backup would name them."""
    root = Path(settings.MEDIA_ROOT)
    there = (path.relative_to(root) for path in manifest.files(root))
    return {f"{MEDIA}/{path.as_posix()}" for path in there if not path.parts[0].startswith(".")}


def _take_out(paths: set[str], into: str) -> str:
    """Moves the files that only the old register named aside; where they are."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(paths):
        inside = Path(path).relative_to(MEDIA)
        target = root / into / inside
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An upload that was under way may have been taken back meanwhile.
        with contextlib.suppress(FileNotFoundError):
            (root / inside).replace(target)
    return str(root / into) if paths else ""
