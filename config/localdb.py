"""The PostgreSQL that a checkout runs for itself when DATABASE_URL is not set.

It is found or unpacked, made once in `var/postgres` (`var/postgres-test` for tests), reached through a socket in a
private folder, and shared by all processes of the checkout: the last one out stops it. Nothing here needs a privilege
that the user lacks, makes an account, or opens a folder of the user to others.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.programs import OLDEST, Account, Finished, Unavailable, account_for, can_use, programs, run_as

__all__ = ["CHECKOUT", "Unavailable", "check", "ensure", "local_postgres"]

CHECKOUT = Path(__file__).resolve().parent.parent
SYSTEM_DATA = Path("/var/lib")
EXTENSIONS = ("unaccent", "pg_trgm", "btree_gist")
# `lower()` and pg_trgm ignore Cyrillic where the locale is C, so each of these knows Unicode.
LOCALES = (
    ["--locale=C.UTF-8"],
    ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=en_US.UTF-8"],
    ["--locale=en_US.UTF-8"],
)
# A test database may be lost with the power; a person's register may not.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
PATIENCE = 60  # seconds for a start, recovery after a crash included
SOCKET_PORT = 5432  # part of the socket's name only: nothing listens on the network
LONGEST_SOCKET_FOLDER = 80  # bytes; the socket's whole path must stay under 103 on macOS, 107 on Linux


@contextlib.contextmanager
def local_postgres(*, durable: bool, home: Path = CHECKOUT / "var") -> Iterator[str]:
    """The URL of this checkout's server, running for as long as the block does. Raises Unavailable.

    `durable` is for data that people enter; without it the server is another one, faster and forgetful, for tests.
    """
    name = "postgres" if durable else "postgres-test"
    with _locks(home, name) as (door, users):
        cluster = Cluster(_data_folder(home, name), durable=durable)
        with _shared(cluster, door, users):
            yield cluster.url


def ensure(*, durable: bool, home: Path = CHECKOUT / "var") -> str:
    """The URL of this checkout's server, running until this process ends. Raises Unavailable."""
    stack = contextlib.ExitStack()
    url = stack.enter_context(local_postgres(durable=durable, home=home))
    atexit.register(stack.close)
    return url


def check(url: str) -> None:
    """Raises Unavailable unless the server at `url` can be reached and can keep a register."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version // 10000
            row = connection.execute("SELECT lower('Ж') = 'ж'").fetchone()
    except psycopg.Error as error:
        raise Unavailable(f"The database does not answer: {_first_line(str(error))}") from error
    if version < OLDEST:
        raise Unavailable(f"The database is PostgreSQL {version}; Pacta needs {OLDEST} or newer.")
    if row != (True,):
        raise Unavailable("The database does not know Cyrillic letters: make it with UTF8 and the locale C.UTF-8.")


@contextlib.contextmanager
def _locks(home: Path, name: str) -> Iterator[tuple[TextIO, TextIO]]:
    """The two files that the users of a server lock. Raises Unavailable when they are another account's."""
    with contextlib.ExitStack() as stack:
        try:
            home.mkdir(parents=True, exist_ok=True)
            door = stack.enter_context((home / f"{name}.door").open("w"))
            users = stack.enter_context((home / f"{name}.users").open("w"))
        except PermissionError as error:
            raise Unavailable(
                f"{error.filename} belongs to another account: use that account, or a new clone."
            ) from error
        yield door, users


@contextlib.contextmanager
def _shared(cluster: "Cluster", door: TextIO, users: TextIO) -> Iterator[None]:
    """Counts the users of a server by shared locks, which the system drops even after kill -9; the last stops it."""
    fcntl.flock(door, fcntl.LOCK_EX)
    fcntl.flock(users, fcntl.LOCK_SH)
    try:
        cluster.start()
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
    finally:
        fcntl.flock(door, fcntl.LOCK_EX)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            cluster.stop()


@dataclass(frozen=True)
class Cluster:
    """A data folder and the server that runs on it, under the account that owns it."""

    data: Path
    durable: bool

    @property
    def url(self) -> str:
        """For the register: its own role and database, without a superuser's rights."""
        return self._url("pacta", "pacta")

    def start(self) -> None:
        """Leaves a server running that can keep a register, whatever a crash left behind. Raises Unavailable."""
        if not self._answers():
            if not self._major():
                self._make()
            self._launch()
        # Each time, as an earlier start may have been killed half-way.
        self._furnish()
        check(self.url)

    def stop(self) -> None:
        """Ends the server and removes its socket. Clients lose their connections; nothing committed is lost."""
        folder = self._socket_folder()
        if not folder:
            return
        arguments = ["-D", str(self.data), "-w", "-t", str(PATIENCE // 2), "stop"]
        if self._run("pg_ctl", "-m", "fast", *arguments).returncode:
            self._run("pg_ctl", "-m", "immediate", *arguments)
        self._remove(folder)

    def _answers(self) -> bool:
        """Whether a server already runs here; waits for one that is starting or stopping."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if not _alive(self._recorded(0)):
                return False
            if self._recorded(7) == "ready":
                with contextlib.suppress(psycopg.OperationalError):
                    psycopg.connect(self._url("postgres", "postgres"), connect_timeout=5).close()
                    return True
                return False
            time.sleep(0.05)
        return False

    def _make(self) -> None:
        """Makes the data folder beside its place and moves it in when it is whole, so that no half of one is used."""
        new = self.data.with_name(f"{self.data.name}.new")
        self._private_folder(new)
        arguments = ["-D", str(new), "-U", "postgres", "--encoding=UTF8", "--auth-local=trust", "--auth-host=reject"]
        if not self.durable:
            arguments.append("--no-sync")
        for locale in LOCALES:
            done = self._run("initdb", *arguments, *locale)
            if done.returncode == 0:
                new.rename(self.data)
                return
        raise Unavailable(f"PostgreSQL could not make its data folder: {_last_line(done.stdout)}")

    def _launch(self) -> None:
        pg_ctl, stale, folder = self._programs / "pg_ctl", self._socket_folder(), self._new_socket_folder()
        log = self.data / "server.log"
        log.unlink(missing_ok=True)
        words = ["-D", str(self.data), "-w", "-t", str(PATIENCE), "-l", str(log), "-o", self._options(folder), "start"]
        try:
            done = self._as_owner([str(pg_ctl), *words])
            if done.returncode:
                said = log.read_text(errors="replace") if log.exists() else done.stdout
                raise Unavailable(f"The local PostgreSQL did not start: {_last_line(said)} (more in {log})")
        except BaseException:
            self._remove(str(folder))
            raise
        if stale:
            self._remove(stale)

    def _options(self, folder: Path) -> str:
        options = {
            "listen_addresses": "",
            "port": str(SOCKET_PORT),
            "unix_socket_directories": f'"{folder}"',
            **({} if self.durable else FORGETFUL),
        }
        return shlex.join(f"--{name}={value}" for name, value in options.items())

    def _furnish(self) -> None:
        """Role, database and extensions. The extensions are in template1 too, which test databases are made from."""
        try:
            self._extend("template1")
            with self._superuser("postgres") as postgres:
                if not postgres.execute("SELECT FROM pg_roles WHERE rolname = 'pacta'").rowcount:
                    postgres.execute("CREATE ROLE pacta LOGIN CREATEDB")
                if not postgres.execute("SELECT FROM pg_database WHERE datname = 'pacta'").rowcount:
                    postgres.execute("CREATE DATABASE pacta OWNER pacta")
            self._extend("pacta")
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
            raise Unavailable(
                f"This PostgreSQL lacks an extension ({_first_line(str(error))}): install its contrib package,"
                " or set DATABASE_URL to a server that has it."
            ) from error

    def _extend(self, database: str) -> None:
        with self._superuser(database) as connection:
            for name in EXTENSIONS:
                connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))

    def _superuser(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self._url("postgres", database), autocommit=True)

    def _url(self, role: str, database: str) -> str:
        # The port is said, or PGPORT of the user's environment would choose another socket.
        return f"postgresql://{role}@:{SOCKET_PORT}/{database}?host={quote(self._socket_folder(), safe='')}"

    def _socket_folder(self) -> str:
        """As the server itself records it beside its data, so that any later process finds it; empty without one."""
        return self._recorded(4)

    def _recorded(self, line: int) -> str:
        """A line of PostgreSQL's postmaster.pid: 0 process, 4 socket folder, 7 state; empty when there is none."""
        with contextlib.suppress(FileNotFoundError, PermissionError, IndexError):
            return (self.data / "postmaster.pid").read_text().splitlines()[line].strip()
        return ""

    def _major(self) -> int:
        """The version that made the data, 0 when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return 0
        except PermissionError as error:
            raise Unavailable(f"{self.data} belongs to another account: use that account, or remove it.") from error

    def _new_socket_folder(self) -> Path:
        """Short, as socket paths must be, and private, as the server trusts whoever reaches its socket."""
        place = tempfile.gettempdir()
        if self._owner or len(os.fsencode(place)) > LONGEST_SOCKET_FOLDER:
            place = "/tmp"  # noqa: S108 -- mkdtemp makes the private folder; root's own TMPDIR may be closed to others
        folder = Path(tempfile.mkdtemp(prefix="pacta-", dir=place))
        self._give(folder)
        return folder

    def _private_folder(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        self._give(folder)

    def _give(self, folder: Path) -> None:
        if self._owner:
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)

    @cached_property
    def _owner(self) -> Account | None:
        return account_for(self.data)

    @cached_property
    def _programs(self) -> Path:
        return programs(self._major(), self._owner, self.data.parent)

    def _remove(self, folder: str) -> None:
        # By the owner, not by root: the name comes from a file that the server may write.
        self._as_owner(["rm", "-rf", folder])

    def _run(self, program: str, *arguments: str) -> Finished:
        return self._as_owner([str(self._programs / program), *arguments])

    def _as_owner(self, command: list[str]) -> Finished:
        return run_as(self._owner, command)


def _data_folder(home: Path, name: str) -> Path:
    """Under `home`; for root in the system's variable data where the server's account cannot enter the checkout."""
    account = account_for(home / name)
    if account is None:
        return home / name
    far = SYSTEM_DATA / f"pacta-{hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]}"
    if not (far / name).exists() and can_use(account, home):
        return home / name
    if not far.exists():
        far.mkdir(mode=0o700, parents=True)
        os.chown(far, account.pw_uid, account.pw_gid)
    print(f"PostgreSQL's account {account.pw_name} cannot enter {home}: its data is in {far}.", file=sys.stderr)
    return far / name


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
