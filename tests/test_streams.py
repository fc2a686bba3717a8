"""A file that is sent as it is made, from a real server whose database goes away in the middle."""

import http.client
import os
import urllib.parse

import psycopg
import pytest

from partners.models import Partner
from tests.site import serve


def test_a_stream_that_breaks_is_seen_to_be_broken(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "broken") as site:
        cookies = site.cookies(site.user("controller"))
        with site.database():
            Partner.objects.bulk_create(
                Partner(name=f"City {n}", kind="city", country="UA", note="long " * 50_000) for n in range(120)
            )
        address = urllib.parse.urlsplit(site.url)
        for form, breaks in (("ndjson", False), ("ndjson", True), ("csv", True)):
            door = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
            door.request("GET", f"/api/v1/partners/?format={form}", headers=headers)
            answer = door.getresponse()
            assert answer.read(1000)
            if breaks:
                _end_copies(site.name)
                with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                    answer.read()
            else:
                assert answer.read().count(b"\n") == 120
            door.close()


def _end_copies(database):
    """Ends the sessions that are sending a file."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'COPY%%'",
            [database],
        ).fetchall()
    assert ended
