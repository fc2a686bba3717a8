"""What is not asked for again, and what is written."""

import http.client
from collections.abc import Sequence
from typing import Any

import orjson
import psycopg

from bench.measuring import Api, Result, Times, timed
from bench.queries import REPORTED

WORDS = orjson.dumps({"text": "Walls are up.", "stage": "in_progress", "confidence": "on_track", "submit": False})


def unchanged(api: Api, path: str, seconds: float) -> Result:
    """An answer that the client has already, against the same answer sent again: here `SQL` is the whole answer."""
    case = "the same, unchanged (304 against 200)"
    try:
        tag = api.ask("GET", path)[0]["ETag"]
        kept = timed(lambda _: api.ask("GET", path, If_None_Match=tag), seconds / 2)
        sent = timed(lambda _: api.get(path), seconds / 2)
    except (OSError, http.client.HTTPException) as error:
        return Result(case, failed=str(error))
    return _result(case, 1, kept, sent)


def drafts(api: Api, database: psycopg.Connection[Any], projects: Sequence[int], seconds: float) -> Result:
    """A report drafted through the API, against its INSERT: triggers and history on, in both."""
    case = "a report is drafted"
    versions = dict(database.execute("SELECT id, version FROM projects_project WHERE id = ANY(%s)", [list(projects)]))

    def post(number: int) -> None:
        project = projects[number]
        headers = {"If_Match": f'"{versions[project]}."', "Content_Type": "application/json"}
        api.ask("POST", f"/api/v1/projects/{project}/status-updates/", WORDS, **headers)

    def insert(number: int) -> None:
        database.execute(REPORTED, {"id": projects[number]}, prepare=True).fetchone()

    try:
        return _result(case, 1, timed(post, seconds), timed(insert, seconds / 2))
    except (OSError, http.client.HTTPException) as error:
        return Result(case, failed=str(error))


def _result(case: str, rows: int, ours: Times, theirs: Times) -> Result:
    times = round(ours.p50, 2), round(ours.p95, 2), round(theirs.p50, 2)
    return Result(case, rows, 0, len(ours.runs), *times, round(ours.p50 / theirs.p50, 2))
