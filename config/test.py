"""`make test` and `make check`: every check, then the tests, all of them run whatever the first ones say."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from config.audit import NOT_DONE
from config.localdb import CHECKOUT, Unavailable
from config.run import database, stop_on_signals

Environment = Mapping[str, str]
PYTHON = sys.executable
MANAGE = [PYTHON, "manage.py"]


def main(arguments: list[str]) -> int:
    """The status of the first failure, else 0. `--checks`, `--tests`: only these; what follows `--` is for pytest."""
    stop_on_signals()
    try:
        with database(durable=False) as url:
            alone = "--tests" in arguments
            results = [run(*step) for step in steps(url, arguments) if not alone or step[0] == "tests"]
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    failed = [(name, status) for name, status in results if status not in {0, NOT_DONE}]
    if failed:
        print("Failed: " + ", ".join(name for name, _ in failed))
    return failed[0][1] if failed else 0


def steps(url: str, arguments: list[str]) -> Iterator[tuple[str, list[str], Environment]]:
    """Name, command and environment of each step, in order."""
    production = environment(url)
    yield "lint", [PYTHON, "-m", "ruff", "check", "--quiet", "."], production
    yield "format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."], production
    yield "types", [PYTHON, "-m", "mypy", "--no-error-summary", "."], production
    if any(CHECKOUT.glob("templates/**/*.html")):
        yield "templates", [PYTHON, "-m", "djlint", "--check", "--quiet", "templates"], production
    yield "deployment", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"], production
    yield "migrations", [*MANAGE, "makemigrations", "--check", "--dry-run"], production
    schema = str(CHECKOUT / "var" / "schema.yml")
    yield "API schema", [*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", schema], production
    # Faults of security in our own code: ruff's rules S are the same and stricter; this is the second pair of eyes.
    yield "bandit", [PYTHON, "-m", "bandit", "-q", "-lll", "-r", ".", "-x", "./.venv,./var,./tests"], production
    yield "audit of dependencies", [PYTHON, "-m", "config.audit"], production
    if "--checks" not in arguments:
        chosen = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
        yield "tests", [PYTHON, "-m", "pytest", *chosen], {**production, "PACTA_LOCAL": "1"}


def environment(url: str) -> Environment:
    """As in production, whatever the developer's own environment says; only the database is the one given."""
    own = {"DEBUG", "PACTA_LOCAL", "TRUSTED_PROXIES"}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {
        **kept,
        "DATABASE_URL": url,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "pacta.example.org,localhost,127.0.0.1",
    }


def run(name: str, command: list[str], variables: Environment) -> tuple[str, int]:
    """Runs one step, its output on the terminal, and says how it went."""
    began = time.monotonic()
    status = subprocess.run(command, cwd=CHECKOUT, env=variables, check=False).returncode
    word = {0: "ok    ", NOT_DONE: "NOT DONE"}.get(status, "FAILED")
    print(f"{word} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return name, status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
