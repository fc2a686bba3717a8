"""Whole lists as files, against COPY of the same columns: seconds, first byte, and memory of the server's processes."""

import time
from pathlib import Path
from typing import Any

import psycopg

from bench.measuring import Api, Result
from bench.queries import ALL_AS_JSON, ALL_ROWS

RUNS = 3
AS_IT_IS = r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
SQL = {"csv": f"COPY ({ALL_ROWS}) TO STDOUT (FORMAT csv)", "ndjson": f"COPY ({ALL_AS_JSON}) TO STDOUT {AS_IT_IS}"}


def whole(api: Api, database: psycopg.Connection[Any], form: str, items: int, server: int) -> Result:
    """The median of RUNS downloads of all items, each of them after a COPY."""
    case, times, copies, first, size = f"all items as {form}", [], [], 0.0, 0
    try:
        for _ in range(RUNS):
            copies.append(_copied(database, SQL[form]))
            began = time.perf_counter()
            answer = api.begin("GET", f"/api/v1/roadmap-items/?format={form}")
            answer.read(1)
            first, size = time.perf_counter() - began, 1
            while block := answer.read(1 << 20):
                size += len(block)
            times.append(time.perf_counter() - began)
            if answer.headers["Pacta-Rows"] != str(items):
                return Result(case, failed=f"{answer.headers['Pacta-Rows']} rows instead of {items}")
    except OSError as error:
        return Result(case, failed=str(error))
    ours, theirs = sorted(times)[RUNS // 2] * 1000, sorted(copies)[RUNS // 2] * 1000
    note = f"first byte {first * 1000:.0f} ms, largest process {largest(server)} MB"
    return Result(
        case, items, round(size / 1024, 1), RUNS, round(ours, 1), round(max(times) * 1000, 1), round(theirs, 1),
        round(ours / theirs, 2), note,
    )  # fmt: skip


def _copied(database: psycopg.Connection[Any], sql: str) -> float:
    began = time.perf_counter()
    with database.cursor().copy(sql) as copy:
        for _block in copy:
            pass
    return time.perf_counter() - began


def largest(server: int) -> int:
    """The most memory, in MB, that any process of the server has had; 0 where /proc does not tell."""
    sizes = [0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            told = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:  # a process that has ended
            continue
        if str(server) in {told.get("PPid", "").strip(), told.get("Pid", "").strip()} and "VmHWM" in told:
            sizes.append(int(told["VmHWM"].split()[0]) // 1024)
    return max(sizes)
