#!/usr/bin/env python3
"""Keeps a copy of the register in an SQLite file, in step by `GET /api/v1/changes/`. The standard library alone.

    PACTA_URL=https://pacta.example.org PACTA_TOKEN=... python3 sync_sqlite.py register.sqlite

Run it as often as you like: it goes on where it stopped, because the cursor is stored in the transaction of the rows
that it stands for. At the end it compares the copy with the register's digest.

Exit status: 0 complete and equal; 1 the register could not be asked; 2 the copy differs, which is a fault: remove the
file, start anew and report it; 3 nothing could be compared, because others kept writing: run it again.

The table `record` holds a row for each record: `SELECT body ->> '$.name' FROM record WHERE resource = 'partners'`.
"""

import hashlib
import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

TABLES = """
    CREATE TABLE IF NOT EXISTS record (
        resource TEXT, id INTEGER, version INTEGER, changed_at TEXT, body TEXT, PRIMARY KEY (resource, id)
    );
    CREATE TABLE IF NOT EXISTS state (next TEXT, digest TEXT);
"""
PATIENCE = 5


class Gone(Exception):
    """The cursor is of another epoch: the copy begins anew."""


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not {"PACTA_URL", "PACTA_TOKEN"} <= os.environ.keys():
        print(__doc__, file=sys.stderr)
        return 1
    copy = sqlite3.connect(arguments[0], isolation_level=None)
    copy.executescript(TABLES)
    try:
        return synchronise(copy)
    except (OSError, ValueError) as error:
        print(f"The register could not be asked: {error}", file=sys.stderr)
        return 1


def synchronise(copy: sqlite3.Connection) -> int:
    """Read on until nothing is left, then compare; anew where something was written in between."""
    for _ in range(PATIENCE):
        try:
            read_on(copy)
            answer = compare(copy)
        except Gone:
            print("The register tells us to start anew.", file=sys.stderr)
            copy.execute("DELETE FROM state")
            continue
        if not answer["more"]:
            faults = differences(copy, answer["results"])
            print("\n".join(faults) or "Complete: the copy equals the register.")
            return 2 if faults else 0
        time.sleep(1)
    print("Others kept writing: nothing was compared. Run it again.", file=sys.stderr)
    return 3


def read_on(copy: sqlite3.Connection) -> None:
    """Store page after page, each with the address of the one after it, until there is no more."""
    more = True
    while more:
        stored = copy.execute("SELECT next FROM state").fetchone()
        page = ask(stored[0] if stored else os.environ["PACTA_URL"] + "/api/v1/changes/")
        with copy:
            copy.execute("BEGIN IMMEDIATE")
            if stored is None:
                copy.execute("DELETE FROM record")
            for change in page["results"]:
                store(copy, change)
            copy.execute("DELETE FROM state")
            copy.execute("INSERT INTO state VALUES (?, ?)", [page["next"], page["digest"]])
        more = page["more"]


def store(copy: sqlite3.Connection, change: dict) -> None:
    """Put the record as it is now, or take it away. A change may come twice: both do no harm."""
    if change["deleted"]:
        copy.execute("DELETE FROM record WHERE resource = ? AND id = ?", [change["resource"], change["id"]])
        return
    row = [change[name] for name in ("resource", "id", "version", "changed_at")]
    copy.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?)", [*row, json.dumps(change["record"])])


def compare(copy: sqlite3.Connection) -> dict:
    """The register's digest at the point that we have read to."""
    (address,) = copy.execute("SELECT digest FROM state").fetchone()
    return ask(address)


def differences(copy: sqlite3.Connection, digests: list[dict]) -> list[str]:
    """What the register counts and we do not, a line each."""
    ours: dict[tuple, tuple[int, int]] = {}
    for resource, body in copy.execute("SELECT resource, body FROM record"):
        for part, text in fingerprinted(json.loads(body)):
            number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            rows, total = ours.get((resource, part), (0, 0))
            ours[resource, part] = (rows + 1, (total + number) % 2**64)
    return [
        f"{told['resource']} {told['part'] or ''}: {rows} rows here, {told['rows']} in the register, or other versions"
        for told in digests
        for rows, total in [ours.get((told["resource"], told["part"]), (0, 0))]
        if (rows, f"{total:016x}") != (told["rows"], told["checksum"])
    ]


def fingerprinted(record: dict) -> Iterator[tuple[str | None, str]]:
    """The texts of which the checksums are made: of the record, and of each row in a list inside it."""
    yield None, f"{record['id']}:{record['version']}"
    for name, rows in record.items():
        for row in rows if isinstance(rows, list) else ():
            yield name, ":".join(str(n) for n in (record["id"], row["id"], row.get("version")) if n is not None)


def ask(address: str) -> dict:
    """GET, with patience while the register is busy. Raises Gone for 410, OSError for what does not pass."""
    request = urllib.request.Request(address, headers={"Authorization": "Bearer " + os.environ["PACTA_TOKEN"]})
    for attempt in range(PATIENCE):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 410:
                raise Gone from error
            if error.code not in {429, 502, 503, 504} or attempt == PATIENCE - 1:
                raise OSError(f"{error.code} {error.read(1000).decode(errors='replace')}") from error
            time.sleep(float(error.headers.get("Retry-After", 2**attempt)))
    raise OSError("no answer")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
