"""What a run needs and leaves nothing of: a database of its own, a register in it, and a server on loopback."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from config.localdb import CHECKOUT, Unavailable
from config.run import answers, end, signals_postponed

Environment = Mapping[str, str]
MARK = "made by make bench, and dropped by it"
LOG = CHECKOUT / "var" / "bench.log"
PATIENCE = 60


@contextlib.contextmanager
def own_database(url: str, name: str, template: str = "template1") -> Iterator[str]:
    """A new database beside the one of `url`, dropped in the end. One that a killed run left is replaced.

    Raises Unavailable when a database of that name is somebody else's or in use.
    """
    with psycopg.connect(url, autocommit=True) as server:
        _make(server, name, template)
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _make(server: psycopg.Connection, name: str, template: str) -> None:
    known = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    found = server.execute(known, [name]).fetchone()
    if found and found[0] != MARK:
        raise Unavailable(
            f"There is a database {name} that `make bench` did not make: choose another, --database NAME."
        )
    try:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
        server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), MARK))
    except psycopg.errors.ObjectInUse as error:
        raise Unavailable(f"The database {name}, or {template}, is in use.") from error
    except psycopg.errors.InvalidCatalogName as error:
        raise Unavailable(f"There is no database {template} to copy.") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise Unavailable("The account of DATABASE_URL may not make databases: ALTER ROLE ... CREATEDB.") from error


def environment(url: str) -> Environment:
    """As in production, but for plain HTTP on loopback; whatever the developer's own environment says."""
    own = {"DEBUG", "TRUSTED_PROXIES", "DATABASE_REPLICA_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {
        **kept,
        "DATABASE_URL": url,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1",
        "PACTA_LOCAL": "1",
        "LOG_LEVEL": "WARNING",
        **{f"RATE_LIMIT_{name}": "none" for name in ("TOKEN", "USER", "ANONYMOUS")},
    }


def manage(variables: Environment, *arguments: str) -> str:
    """What a command of manage.py prints. Raises CalledProcessError."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, env=variables, check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout.strip()


@contextlib.contextmanager
def server(variables: Environment) -> Iterator[tuple[int, int]]:
    """Port and process id of the production server, two workers with four threads as `make run` starts it."""
    LOG.parent.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as door, LOG.open("w") as log:
        # The server inherits the open socket, so that nobody can take the port between choosing and binding.
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=fd://{door.fileno()}"]
        command += ["--worker-class=gthread", "--workers=2", "--threads=4", "--no-control-socket"]
        command += ["--log-level=warning"]
        process = None
        try:
            with signals_postponed():
                process = subprocess.Popen(
                    command,
                    cwd=CHECKOUT,
                    env=variables,
                    pass_fds=[door.fileno()],
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            port = int(door.getsockname()[1])
            _wait(process, port, LOG)
            yield port, process.pid
        finally:
            if process:
                end(process)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not answers(f"http://127.0.0.1:{port}/healthz"):
        if process.poll() is not None or time.monotonic() > until:
            raise Unavailable(f"The server did not start: see {log}.")
        time.sleep(0.1)
