"""Takes every list and report of Pacta as NDJSON into a folder, for a warehouse to load.

    PACTA_URL=https://pacta.example.org PACTA_TOKEN=... python3 nightly_copy.py FOLDER [resource ...]

A file takes the place of yesterday's only when it came whole. Ends with status 1 when one did not.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LISTS = (
    *("partners", "sectors", "sources", "contacts", "agreements", "working-groups", "meetings", "roadmaps"),
    *("roadmap-areas", "roadmap-items", "reschedulings", "projects", "milestones", "status-updates", "evidence"),
    *("indicators", "targets", "observations"),
    *("reports/overdue", "reports/due", "reports/silent", "reports/roadmaps", "reports/partners"),
    *("reports/slippage", "reports/gaps", "reports/findings"),
)
TRIES = 5


def main(folder: Path, resources: list[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    taken: dict[str, dict[str, Any]] = {}
    failed = []
    for resource in resources or LISTS:
        try:
            taken[resource] = take(resource, folder / f"{resource.replace('/', '-')}.ndjson")
        except (OSError, Incomplete) as error:
            failed.append(f"{resource}: {error}")
    if failed:
        print("Not taken:", *failed, sep="\n  ", file=sys.stderr)
        return 1
    (folder / "manifest.json").write_text(json.dumps(taken, indent=2))
    print(f"{len(taken)} lists, {sum(each['rows'] for each in taken.values())} rows")
    return 0


class Incomplete(Exception):
    """The connection ended before the last row."""


def take(resource: str, file: Path) -> dict[str, Any]:
    """Writes the list beside the file and then in its place; its rows and the moment at which it was asked."""
    asked, beside = datetime.now(UTC).isoformat(), file.with_suffix(".part")
    with ask(f"/api/v1/{resource}/?format=ndjson") as answer, beside.open("wb") as copy:
        rows = 0
        for line in answer:
            rows += copy.write(line) > 0
        told = int(answer.headers["Pacta-Rows"])
    if rows != told:
        raise Incomplete(f"{rows} of {told} rows came")
    beside.replace(file)
    return {"rows": rows, "asked_at": asked}


def ask(path: str) -> Any:
    """The open answer; waits where the server asks to. Raises HTTPError for what no waiting helps."""
    request = urllib.request.Request(
        os.environ["PACTA_URL"].rstrip("/") + path, headers={"Authorization": f"Bearer {os.environ['PACTA_TOKEN']}"}
    )
    for attempt in range(TRIES):
        try:
            return urllib.request.urlopen(request, timeout=300)
        except urllib.error.HTTPError as error:
            if error.code not in {429, 503} or attempt == TRIES - 1:
                raise
            time.sleep(int(error.headers.get("Retry-After", 30)))
    raise AssertionError("the last attempt returns or raises")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
