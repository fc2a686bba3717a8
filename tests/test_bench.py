"""The benchmark, run small: what it prints and keeps, and that it leaves nothing behind."""

import os
from datetime import date

import orjson
import psycopg
import pytest
from django.db import connection

from agreements.models import RoadmapItem
from bench import __main__ as bench
from bench.measuring import Times
from bench.serving import own_database
from config.localdb import Unavailable
from projects.generating import LAST_DAY

NAME = f"pacta_bench_test_{os.getpid()}"


@pytest.fixture
def server_url(monkeypatch):
    """The server of the tests, by a database other than theirs."""
    settings = connection.get_connection_params()
    parts = {"user": settings.get("user"), "password": settings.get("password"), "port": settings.get("port")}
    url = psycopg.conninfo.make_conninfo("postgresql:///postgres", host=settings.get("host") or "", **parts)
    words = psycopg.conninfo.conninfo_to_dict(url)
    query = "&".join(f"{key}={str(value).replace('/', '%2F')}" for key, value in words.items() if key != "dbname")
    monkeypatch.setenv("DATABASE_URL", f"postgresql:///postgres?{query}")
    return os.environ["DATABASE_URL"]


def databases(url):
    with psycopg.connect(url) as server:
        return {row[0] for row in server.execute("SELECT datname FROM pg_database")}


@pytest.mark.django_db
def test_the_database_that_is_copied_is_empty():
    assert not RoadmapItem.objects.exists()


@pytest.mark.slow
def test_a_small_run_measures_every_case_and_leaves_nothing(django_db_setup, server_url, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "bench.json")
    template = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()
    options = ["--items", "200", "--seconds", "0.2", "--database", NAME, "--template", template]
    assert bench.main(options) == 0, capsys.readouterr()
    said = capsys.readouterr().out
    kept = orjson.loads((tmp_path / "bench.json").read_bytes())
    assert [result["case"] for result in kept["results"] if result["case"] not in said] == []
    assert len(kept["results"]) == 11
    assert all(result["ratio"] > 0 and result["rows"] > 0 and not result["failed"] for result in kept["results"])
    assert (kept["items"], kept["results"][-1]["rows"]) == (200, 200)
    assert NAME not in databases(server_url)


def test_a_database_that_the_benchmark_did_not_make_is_left_alone(server_url):
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {NAME}_mine")
        try:
            with pytest.raises(Unavailable, match="did not make"), own_database(server_url, f"{NAME}_mine"):
                pass
            assert f"{NAME}_mine" in databases(server_url)
        finally:
            server.execute(f"DROP DATABASE {NAME}_mine")


def failing_run(url):
    with own_database(url, NAME) as own:
        assert own.split("?")[0].endswith(f"/{NAME}")
        raise ZeroDivisionError


def test_the_database_goes_also_when_the_run_fails(server_url):
    with pytest.raises(ZeroDivisionError):
        failing_run(server_url)
    assert NAME not in databases(server_url)


def test_percentiles_are_of_the_runs():
    times = Times([float(number) for number in range(1, 101)])
    assert (times.p50, times.p95) == (50.5, 95.0)
    assert Times([3.0]).p95 == 3.0


def test_a_failed_case_says_why_in_its_line():
    line = bench.line({"case": "detail", "failed": "500 Internal Server Error"})
    assert "FAILED: 500" in line


def test_lateness_is_judged_on_the_last_day_of_the_synthetic_register():
    assert bench.ON == LAST_DAY == date(2026, 6, 30)
