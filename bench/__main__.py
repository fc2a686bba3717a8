"""The run: a register of its own, a server of its own, the cases, one table and var/bench.json."""

import argparse
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg
from psycopg.rows import dict_row

from bench import queries
from bench.files import whole
from bench.measuring import MOST, Api, Result, compare
from bench.serving import environment, manage, own_database, server
from bench.writes import drafts, unchanged
from config.localdb import CHECKOUT, Unavailable
from config.run import database, stop_on_signals

RESULTS = CHECKOUT / "var" / "bench.json"
ON, COUNTRY = date(2026, 6, 30), "CN"  # the last day of the synthetic register, and its largest partner
ITEMS = "/api/v1/roadmap-items/"
SYNC = "/api/v1/changes/?resource=roadmap-items&page_size=500"
# The walk through all pages may take so many times as long as another case.
WALK = 4


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 when every case has figures and gave the same rows as SQL."""
    chosen = parsed(arguments)
    stop_on_signals()
    try:
        with database(durable=False) as url, own_database(url, chosen.database, chosen.template) as own:
            results = run(own, chosen)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"`{' '.join(error.cmd[1:])}` failed; the reason is above.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 1 if any(result["failed"] for result in results) else 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="roadmap items of the register, 10000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=6, help="at most so long for a case, 6")
    parser.add_argument("--database", default="pacta_bench", help="name of the database that is made and dropped")
    parser.add_argument(
        "--template", default="template1", help="a migrated database to copy: empty, or with a generated register"
    )
    return parser.parse_args(arguments)


def run(url: str, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Make the register, measure, print, and keep the figures."""
    began, variables = time.monotonic(), environment(url)
    manage(variables, "migrate", "--noinput", "-v0")
    if not number_of_items(url):
        print(manage(variables, "generate", "--items", str(chosen.items), "--seed", str(chosen.seed)).splitlines()[-1])
    chosen.items = number_of_items(url)
    token = manage(variables, "create_token", "synthetic-controller", "--write", "--days", "1")
    with server(variables) as (port, process), psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        results = [result.as_json() for result in cases(Api(port, token), connection, chosen, process)]
        kept = {**about(connection, chosen), "seconds": round(time.monotonic() - began, 1), "results": results}
    RESULTS.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
    print(table(kept))
    return results


def number_of_items(url: str) -> int:
    with psycopg.connect(url) as connection:
        row: Any = connection.execute("SELECT count(*) FROM agreements_roadmapitem").fetchone()
        return int(row[0])


def cases(api: Api, connection: psycopg.Connection[Any], chosen: argparse.Namespace, process: int) -> list[Result]:
    """All comparisons, in the order of the table."""
    overdue = f"{ITEMS}?overdue=true&on={ON}&partner={COUNTRY}"
    deep = deep_page(api, chosen.items)
    judged = {"on": ON, "country": COUNTRY}

    def one(case: str, path: Any, query: str, values: Any) -> Result:
        return compare(api, connection, case, path, query, values, chosen.seconds)

    def some(number: int) -> int:
        return 1 + number * 7919 % chosen.items

    return [
        one("list, first page of 50", lambda _: ITEMS, queries.FIRST_PAGE, lambda _: {}),
        one("list, page in the middle", lambda _: deep[0], queries.DEEP_PAGE, lambda _: {"after": deep[1]}),
        one("detail", lambda n: f"{ITEMS}{some(n)}/", queries.DETAIL, lambda n: {"id": some(n)}),
        one("overdue, page of one partner", lambda _: overdue, queries.OVERDUE_PAGE, lambda _: judged),
        one(
            "reports/overdue/, 50 rows", lambda _: f"/api/v1/reports/overdue/?on={ON}", queries.REPORT, lambda _: judged
        ),
        one("changes/, 500 items", lambda _: SYNC, queries.SYNC_PAGE, lambda _: {}),
        unchanged(api, f"/api/v1/reports/overdue/?on={ON}", chosen.seconds),
        drafts(api, connection, [(some(number) + 1) // 2 for number in range(MOST)], chosen.seconds),
        *[whole(api, connection, form, chosen.items, process) for form in ("csv", "ndjson")],
        walk(api, connection, chosen.seconds * WALK),
    ]


def deep_page(api: Api, items: int) -> tuple[str, int]:
    """The address of a page half-way, and the id before it. Reached by the server's own cursors, 200 rows a step."""
    after, path = 0, f"{ITEMS}?page_size=200"
    try:
        while after + 200 < items // 2:
            answer = orjson.loads(api.get(path))
            after, path = answer["results"][-1]["id"], local(answer["next"])
    except OSError:
        return ITEMS, 0
    # The cursor does not hold the size of the page.
    return path.replace("page_size=200", "page_size=50"), after


def walk(api: Api, connection: psycopg.Connection[Any], seconds: float) -> Result:
    """Rows in a second: all pages of 200 one after the other, against the same rows read by one query."""
    case, rows, size, pages, path = "all items, rows a second", 0, 0, 0, f"{ITEMS}?page_size=200"
    began = time.perf_counter()
    try:
        while path and time.perf_counter() - began < seconds:
            body = api.get(path)
            answer = orjson.loads(body)
            rows, size, pages = rows + len(answer["results"]), size + len(body), pages + 1
            path = local(answer["next"])
    except OSError as error:
        return Result(case, failed=str(error))
    api_time = time.perf_counter() - began
    began = time.perf_counter()
    read = connection.cursor(row_factory=dict_row).execute(f"{queries.ALL_ROWS} LIMIT %s", [rows]).fetchall()
    sql_time = time.perf_counter() - began
    if len(read) != rows:
        return Result(case, failed=f"{rows} rows by the API, {len(read)} in SQL")
    ours, theirs = round(rows / api_time, 0), round(rows / sql_time, 0)
    return Result(case, rows, round(size / 1024, 1), pages, ours, 0, theirs, round(theirs / ours, 1))


def local(address: str | None) -> str:
    """The path and query of an address of ours."""
    parts = urlsplit(address or "")
    return f"{parts.path}?{parts.query}" if parts.path else ""


def about(connection: psycopg.Connection[Any], chosen: argparse.Namespace) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "items": chosen.items,
        "seed": chosen.seed,
        "on": str(ON),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": connection.info.parameter_status("server_version"),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def table(kept: dict[str, Any]) -> str:
    """The figures as a Markdown table; the last line is rows a second, where more is better."""
    head = (
        "| case | rows | KB | runs | API p50 ms | API p95 ms | SQL p50 ms | API / SQL | |\n|---" + "|--:" * 7 + "|---|"
    )
    lines = [line(result) for result in kept["results"]]
    shape = "{items} items, seed {seed}, {cores} cores, PostgreSQL {postgresql}, Python {python}, {seconds} s in all"
    return "\n".join([head, *lines, "", shape.format(**kept)])


def line(result: dict[str, Any]) -> str:
    if result["failed"]:
        return f"| {result['case']} | FAILED: {result['failed']} | | | | | | |"
    figures = [f"{result[name]:g}" for name in ("rows", "kilobytes", "runs", "api_p50_ms", "api_p95_ms", "sql_p50_ms")]
    if result["case"].endswith("rows a second"):
        figures = [*figures[:3], f"{figures[3]} rows/s", "", f"{figures[5]} rows/s"]
    return f"| {result['case']} | {' | '.join(figures)} | {result['ratio']:g} x | {result['note']} |"


if __name__ == "__main__":
    sys.exit(main())
