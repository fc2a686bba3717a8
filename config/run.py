"""`make run`: brings the register up on this machine, and takes all of it down again on Ctrl-C."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from config import localdb
from config.localdb import CHECKOUT, Unavailable
from config.parent import PARENT

Environment = Mapping[str, str]
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COLLECTED = CHECKOUT / "var" / "static.collected"


def main() -> int:
    """The exit status for the shell: 0 after Ctrl-C, 1 with a line that says why it did not start."""
    stop_on_signals()
    try:
        port = free_port(os.environ.get("PORT") or "8000")
        with database(durable=True) as url:
            environment = {**os.environ, **local_environment(), "DATABASE_URL": url}
            prepare(environment)
            return serve(port, environment)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"`{' '.join(error.cmd[1:])}` failed; the reason is above.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def stop_on_signals() -> None:
    """Makes the first Ctrl-C, SIGTERM or SIGHUP a KeyboardInterrupt and ignores more, so that the clean-up is whole."""

    def stop(*_: object) -> NoReturn:
        for name in ENDINGS:
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in ENDINGS:
        signal.signal(name, stop)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """The block is left by the first Ctrl-C, SIGTERM or SIGHUP, its clean-up done, with the shell's status for one."""
    stop_on_signals()
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)


@contextlib.contextmanager
def signals_postponed() -> Iterator[None]:
    """A signal waits until the block is over, so that a process which it starts is known to those who must end it."""
    waiting: list[int] = []
    before = {name: signal.signal(name, lambda number, _: waiting.append(number)) for name in ENDINGS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    for number in waiting[:1]:
        signal.raise_signal(number)


def free_port(text: str) -> int:
    """The port to serve on. Raises Unavailable when it is no number or is taken."""
    with socket.socket() as probe:
        # As the server itself binds: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except (ValueError, OverflowError) as error:
            raise Unavailable(f"PORT={text} is no port number.") from error
        except OSError as error:
            raise Unavailable(f"Port {text} is in use or not allowed: choose another, make run PORT=8001.") from error
    return int(text)


@contextlib.contextmanager
def database(*, durable: bool) -> Iterator[str]:
    """The server that DATABASE_URL names, checked, else this checkout's own for as long as the block runs."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        with localdb.local_postgres(durable=durable) as local:
            yield local
        return
    if not url.startswith(("postgres://", "postgresql://")):
        raise Unavailable("DATABASE_URL must name a PostgreSQL server (15 or newer); SQLite is not supported.")
    localdb.check(url)
    yield url


def local_environment() -> dict[str, str]:
    """What the settings need on one's own machine, where the environment does not say it."""
    return {
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secret_key(CHECKOUT / "var" / "secret_key"),
        "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS") or "127.0.0.1,localhost",
        "PACTA_LOCAL": os.environ.get("PACTA_LOCAL", "1"),
    }


def secret_key(file: Path) -> str:
    """The key kept in `file`, made on first use, readable by its owner only."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(64))
        new.replace(file)
    return file.read_text()


def prepare(environment: Environment) -> None:
    """Schema, register, accounts and static files, each brought up to date. Raises CalledProcessError."""
    manage(environment, "migrate", "--noinput", "-v0")
    manage(environment, "seed")
    manage(environment, "first_accounts")
    if not collected():
        manage(environment, "collectstatic", "--noinput", "-v0")
        COLLECTED.touch()


def manage(environment: Environment, *arguments: str) -> None:
    """Runs a command of manage.py, out of reach of the terminal's Ctrl-C, which ends it through us instead."""
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, start_new_session=True)


def collected() -> bool:
    """Whether no static file, of ours or of a package, is newer than the last collection."""
    if not COLLECTED.exists():
        return False
    ours = [CHECKOUT / ".venv" / ".synced", *CHECKOUT.glob("static/**/*"), *CHECKOUT.glob("*/static/**/*")]
    newest = max((path.stat().st_mtime for path in ours if path.exists()), default=0)
    return newest <= COLLECTED.stat().st_mtime


def serve(port: int, environment: Environment) -> int:
    """Serves and delivers until a signal or the server's own end, and leaves no process behind."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--config=python:config.gunicorn"]
    command += [f"--bind=127.0.0.1:{port}"]
    started: list[subprocess.Popen[bytes]] = []
    watched, held = os.pipe()
    try:
        with signals_postponed():
            started.append(start(command, environment, watched))
            started.append(start([sys.executable, "manage.py", "deliver_webhooks"], environment, watched))
        os.close(watched)
        welcome(started[0], port)
        return started[0].wait()
    finally:
        for process in started:
            process.terminate()
        for process in started:
            end(process)
        os.close(held)


def start(command: list[str], environment: Environment, watched: int) -> "subprocess.Popen[bytes]":
    """Out of reach of the terminal's Ctrl-C: it would reach each child of it too, some of them not ready for it.

    It ends when nobody holds the other end of the pipe `watched` any more, so also when we are killed.
    """
    variables = {**environment, PARENT: str(watched)}
    return subprocess.Popen(command, cwd=CHECKOUT, env=variables, pass_fds=[watched], start_new_session=True)


def welcome(server: "subprocess.Popen[bytes]", port: int) -> None:
    """Says the address once the site answers."""
    while server.poll() is None and not answers(f"http://127.0.0.1:{port}/healthz"):
        time.sleep(0.1)
    if server.poll() is None:
        print(f"Pacta is at http://127.0.0.1:{port}/ -- Ctrl-C stops it.", flush=True)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 -- our own address, always http
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def end(process: "subprocess.Popen[bytes]") -> None:
    """Once it has been asked: waits a little longer than what is in flight may take, then ends it."""
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
