#!/usr/bin/env python3
"""Django's commands. Without DATABASE_URL they use the checkout's own PostgreSQL, started if need be."""

import importlib.util
import os
import sys
from pathlib import Path

# They read no table, so a server need not be started for them.
WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "spectacular",
    "startapp",
    "version",
}


def main() -> None:
    use_virtual_environment()
    from config.parent import end_with_parent

    end_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not os.environ.get("DATABASE_URL"):
        use_own_machine(sys.argv[1:])
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def use_virtual_environment() -> None:
    """Starts again with the checkout's own Python when this one has no Django."""
    python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
    if importlib.util.find_spec("django"):
        return
    if not python.exists() or Path(sys.prefix) == python.parent.parent:
        sys.exit("Django is not installed here: run `make run` or `make test` once, which set everything up.")
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 -- this very command, by another interpreter


def use_own_machine(arguments: list[str]) -> None:
    """Without DATABASE_URL this is somebody's checkout: its own server, and its own key unless one is given."""
    from config import localdb
    from config.run import local_environment

    if not os.environ.get("SECRET_KEY"):
        os.environ.update(local_environment())
    if needs_database(arguments):
        try:
            os.environ["DATABASE_URL"] = localdb.ensure(durable=True)
        except localdb.Unavailable as error:
            sys.exit(str(error))


def needs_database(arguments: list[str]) -> bool:
    asks_for_help = not arguments or bool({"-h", "--help", "--version"} & set(arguments))
    return not asks_for_help and arguments[0] not in WITHOUT_DATABASE


if __name__ == "__main__":
    main()
