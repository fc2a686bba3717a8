"""What the environment may set, read once and named when it is wrong."""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

CHECKOUT = Path(__file__).resolve().parent.parent


def flag(name: str) -> bool:
    """True for 1, true, yes, on; false when unset or anything else."""
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def words(name: str) -> list[str]:
    """The comma-separated words of a variable, without blanks."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def networks(name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The comma-separated addresses and networks of a variable. Raises ImproperlyConfigured naming a bad one."""
    try:
        return tuple(ip_network(word) for word in words(name))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}: {error}. Write addresses or networks, as 10.0.0.5 or 10.0.0.0/24."
        ) from error


def choice(name: str, among: tuple[str, ...], fallback: str) -> str:
    """One of the words, in small letters. Raises ImproperlyConfigured for another."""
    word = os.environ.get(name, "").strip().lower() or fallback
    if word not in among:
        raise ImproperlyConfigured(f"{name}={word}: write one of {', '.join(among)}.")
    return word


def address(name: str, *, https: bool) -> str:
    """An address, or nothing. Raises ImproperlyConfigured for plain HTTP where `https` is asked for."""
    text = os.environ.get(name, "").strip()
    if text and not text.startswith("https://" if https else ("https://", "http://")):
        raise ImproperlyConfigured(f"{name}={text}: write an address that begins with https://.")
    return text


PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def rate(name: str, fallback: str) -> tuple[int, int] | None:
    """`600/minute` as the number of requests and the seconds they are for; None for `none`.

    Raises ImproperlyConfigured for anything else.
    """
    text = os.environ.get(name, "").strip().lower() or fallback
    if text == "none":
        return None
    number, _slash, period = text.partition("/")
    if not (number.isascii() and number.isdigit() and int(number) and period in PERIODS):
        raise ImproperlyConfigured(f"{name}={text}: write none, or a rate as 600/minute ({', '.join(PERIODS)}).")
    return int(number), PERIODS[period]


def required(name: str, *, debug: bool, fallback: str) -> str:
    """A value that production cannot do without; DEBUG may use the fallback."""
    value = os.environ.get(name, "")
    if value:
        return value
    if debug:
        return fallback
    raise ImproperlyConfigured(f"Set {name} in the environment (or DEBUG=1 for development).")


def databases() -> dict[str, dict[str, Any]]:
    """The primary, and the streaming replica that DATABASE_REPLICA_URL names. Raises ImproperlyConfigured."""
    found = {"default": database("DATABASE_URL")}
    if os.environ.get("DATABASE_REPLICA_URL"):
        found["replica"] = database("DATABASE_REPLICA_URL")
        options = found["replica"]["OPTIONS"]
        # A replica that is away costs a second at most, and is never written to, even when it has been promoted.
        options["pool"] = {**options["pool"], "timeout": 1, "reconnect_timeout": 1}
        options["options"] += " -c default_transaction_read_only=on"
        found["replica"]["TEST"] = {"MIRROR": "default"}
    return found


def database(name: str) -> dict[str, Any]:
    """Django's settings for the URL of that name. PostgreSQL only: triggers, search and locks rest on it.

    Raises ImproperlyConfigured for another engine. The pool replaces persistent connections, as Django refuses both.
    """
    url = os.environ.get(name, "postgresql://pacta@localhost/pacta")
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"{name} must name a PostgreSQL server (15 or newer); SQLite and others are not supported."
        )
    settings: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0, conn_health_checks=True))
    settings["OPTIONS"] = {
        **settings.get("OPTIONS", {}),
        # The second time that a statement of doors.shapes runs on a connection, the server has it planned already. All
        # others bind their values on the client and are never prepared.
        "prepare_threshold": 1,
        # While the server is away each request tries again, rather than wait for tries that come ever more seldom.
        "pool": {"min_size": 1, "max_size": 8, "timeout": 4, "reconnect_timeout": 2},
        # A record's JSON joins a dozen tables: planning takes longer than running, and the plan is the same.
        # Compiling a query of the trend takes seconds, running it milliseconds. "gunea" is as like "guinea" as 0.44.
        "options": "-c plan_cache_mode=force_generic_plan -c jit=off -c pg_trgm.word_similarity_threshold=0.4"
        " -c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000",
    }
    return settings
