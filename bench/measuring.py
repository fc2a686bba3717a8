"""Times of one thing done again and again, one at a time, over HTTP or straight in SQL."""

import http.client
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import psycopg

WARM_UP, FEWEST, MOST = 3, 5, 200


@dataclass
class Times:
    """Milliseconds of the single runs."""

    runs: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.runs)

    @property
    def p95(self) -> float:
        return sorted(self.runs)[max(0, -(-len(self.runs) * 95 // 100) - 1)]


@dataclass(frozen=True)
class Result:
    """One line of the table; `failed` says why there are no figures."""

    case: str
    rows: int = 0
    kilobytes: float = 0
    runs: int = 0
    api_p50_ms: float = 0
    api_p95_ms: float = 0
    sql_p50_ms: float = 0
    ratio: float = 0
    note: str = ""
    failed: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Api:
    """One connection to the server, with a token."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def get(self, path: str) -> bytes:
        """The body. Raises OSError with the status for anything but 200."""
        return self.ask("GET", path)[1]

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[http.client.HTTPMessage, bytes]:
        """Headers and body. Raises OSError with the status for an error."""
        answer = self.begin(method, path, body, **headers)
        return answer.headers, answer.read()

    def begin(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        """An answer of which nothing is read yet. Raises OSError with the status for an error."""
        told = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self.connection.request(method, path, body, told)
            answer = self.connection.getresponse()
        except http.client.RemoteDisconnected:  # the server ends a connection that was idle while SQL was timed
            self.connection.close()
            self.connection.request(method, path, body, told)
            answer = self.connection.getresponse()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            said = answer.read(300)
            self.connection.close()
            raise OSError(f"{answer.status} {answer.reason} {said.decode()}")
        return answer


def timed(run: Callable[[int], object], seconds: float) -> Times:
    """Runs with numbers 0, 1, ... until the seconds or the count are used up."""
    for number in range(WARM_UP):
        run(number)
    times, until = Times(), time.perf_counter() + seconds
    while len(times.runs) < FEWEST or (len(times.runs) < MOST and time.perf_counter() < until):
        began = time.perf_counter()
        run(len(times.runs))
        times.runs.append((time.perf_counter() - began) * 1000)
    return times


def compare(
    api: Api,
    database: psycopg.Connection[Any],
    case: str,
    path: Callable[[int], str],
    query: str,
    values: Callable[[int], Mapping[str, Any]],
    seconds: float,
) -> Result:
    """The API against the query, after making sure that both give the same records in the same order."""

    def ask(number: int) -> str:
        row = database.execute(query, values(number), prepare=True).fetchone()
        return (row and row[0]) or "[]"

    try:
        body = api.get(path(0))
        ours, theirs = _ids(orjson.loads(body)), [row["id"] for row in orjson.loads(ask(0))]
        if ours != theirs:
            return Result(case, failed=f"other rows than in SQL: {len(ours)} against {len(theirs)}")
        over_http, in_sql = timed(lambda number: api.get(path(number)), seconds), timed(ask, seconds / 2)
    except (OSError, http.client.HTTPException) as error:
        api.connection.close()
        return Result(case, failed=str(error))
    return Result(
        case,
        len(ours),
        round(len(body) / 1024, 1),
        len(over_http.runs),
        round(over_http.p50, 2),
        round(over_http.p95, 2),
        round(in_sql.p50, 2),
        round(over_http.p50 / in_sql.p50, 1),
    )


def _ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer["results"]] if "results" in answer else [answer["id"]]
