"""Quotas: exact or nearly so over threads and processes, said in each answer, and nobody's but one's own."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import throttling
from accounts.models import Token, Usage
from accounts.throttling import Counter, settle
from tests.site import serve

ENDS = 4_000_000_000
_numbers = itertools.count()


@pytest.fixture
def limits(settings, monkeypatch):
    """Sets small limits, and counts as a process does that has just started."""
    monkeypatch.setattr(throttling, "_counter", Counter(settle))

    def set_to(**rates):
        settings.RATE_LIMITS = {**dict.fromkeys(settings.RATE_LIMITS), **rates}

    return set_to


@pytest.fixture
def key(db, cast):
    return new_key(cast("viewer"))


def new_key(user):
    return Token(user=user, name="Copy", expires_at=timezone.now() + timedelta(days=1)).issue(by=None)


def ask(client, key=None, path="/api/v1/sectors/", **more):
    return client.get(path, headers={"Authorization": f"Bearer {key}"} if key else {}, **more)


# The count


class Common:
    """What PostgreSQL keeps, in memory."""

    def __init__(self):
        self.used, self.lock = 0, threading.Lock()

    def settle(self, key, ends_at, number):
        with self.lock:
            self.used += number
            return self.used


@settings(deadline=None)
@given(quota=st.integers(1, 1000), processes=st.integers(1, 4), order=st.randoms())
def test_a_quota_is_overdrawn_by_a_hundredth_for_each_process_at_most(quota, processes, order):
    common = Common()
    counters = [Counter(common.settle) for _ in range(processes)]
    asked = range(quota + processes * (quota // 100 + 2))
    allowed = sum(order.choice(counters).use("token:1", quota, ENDS) >= 0 for _ in asked)
    assert quota <= allowed <= quota + processes * (quota // 100) if quota >= 200 else allowed == quota


def test_processes_that_do_not_settle_overdraw_the_quota():
    """The control: without the common count each process gives the whole quota."""
    counters = [Counter(lambda *told: None) for _ in range(2)]
    assert sum(counter.use("token:1", 50, ENDS) >= 0 for counter in counters * 80) == 100


def test_threads_of_a_process_share_the_quota_exactly():
    counter = Counter(Common().settle)
    with ThreadPoolExecutor(8) as pool:
        left = list(pool.map(lambda _: counter.use("token:1", 100, ENDS), range(400)))
    assert sorted(found for found in left if found >= 0) == list(range(100))


def test_most_requests_of_a_large_quota_ask_no_database():
    settled = []
    counter = Counter(lambda key, ends_at, number: settled.append(number) or sum(settled))
    for _ in range(3000):
        counter.use("token:1", 3000, ENDS)
    assert (settled[:3], sum(settled) > 2900, len(settled)) == ([1, 30, 30], True, 100)


def test_a_window_ends_for_all_and_keys_are_forgotten():
    counter = Counter(Common().settle)
    assert [counter.use("a", 2, ENDS) for _ in range(3)] == [1, 0, -1]
    counter.settle = Common().settle
    assert counter.use("a", 2, ENDS + 60) == 1
    for number in range(throttling.MOST_KEYS + 5):
        counter.use(f"address:{number}", 1000, ENDS, may_settle=False)
    assert len(counter.counts) <= throttling.MOST_KEYS


@pytest.mark.django_db
def test_the_database_counts_a_window_and_forgets_past_ones():
    past = Usage.objects.create(key="anonymous:192.0.2.1", ends_at=1, used=9)
    assert [settle("token:1", ENDS, number) for number in (1, 5)] == [1, 6]
    assert settle("token:1", ENDS + 60, 2) == 2
    assert settle("token:1", ENDS, 1) == 3  # late, from a process that is a moment behind
    assert not Usage.objects.filter(pk=past.pk).exists()


# The answers


@pytest.mark.django_db
def test_each_answer_says_what_is_left_and_the_last_one_when_to_come_back(client, key, limits, time_machine):
    limits(token=(3, 60))
    time_machine.move_to("2026-03-01T12:00:18Z", tick=False)
    answers = [ask(client, key) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer["RateLimit"] for answer in answers] == [f'"token";r={left};t=42' for left in (2, 1, 0, 0, 0)]
    assert {answer["RateLimit-Policy"] for answer in answers} == {'"token";q=3;w=60'}
    assert (answers[3]["Retry-After"], answers[3]["Content-Type"]) == ("42", "application/problem+json")
    assert answers[3].json()["status"] == 429
    time_machine.shift(42)
    assert ask(client, key).status_code == 200


@pytest.mark.django_db
def test_whatever_the_answer_is_it_counts_and_says_what_is_left(client, key, limits):
    limits(token=(9, 60))
    paths = ["sectors/?nonsense=1", "sectors/9999999/", "contacts/", "sectors/?as_of=2026-01-01"]
    answers = [ask(client, key, f"/api/v1/{path}") for path in paths]
    assert [answer.status_code for answer in answers] == [400, 404, 403, 200]
    answers.append(client.post("/api/v1/sectors/", headers={"Authorization": f"Bearer {key}"}))
    answers.append(ask(client, key))
    known = {"Authorization": f"Bearer {key}", "If-None-Match": answers[-1]["ETag"]}
    answers.append(client.get("/api/v1/sectors/", headers=known))
    assert [answer.status_code for answer in answers[4:]] == [403, 200, 304]
    left = [answer["RateLimit"].split(";")[1] for answer in answers]
    assert left == ["r=8", "r=7", "r=6", "r=5", "r=4", "r=3", "r=2"]


@pytest.mark.django_db
def test_tokens_and_sessions_have_quotas_of_their_own(client, cast, key, limits):
    limits(token=(1, 60), user=(2, 60))
    user = cast("officer")
    second = new_key(user)
    assert [ask(client, name).status_code for name in (key, key, second, second)] == [200, 429, 200, 429]
    client.force_login(user)
    assert [ask(client).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.django_db
def test_who_guesses_keys_is_stopped_by_address_and_good_tokens_beside_him_are_not(client, key, limits):
    limits(anonymous=(2, 60), token=(100, 60))
    guesses = [ask(client, f"pacta_{number:064}", REMOTE_ADDR="192.0.2.7").status_code for number in range(4)]
    assert guesses == [401, 401, 429, 429]
    assert ask(client, REMOTE_ADDR="192.0.2.7").status_code == 429
    assert ask(client, key, REMOTE_ADDR="192.0.2.7").status_code == 200
    assert ask(client, REMOTE_ADDR="192.0.2.8").status_code == 401


@pytest.mark.django_db
def test_all_addresses_of_one_ipv6_network_are_one(client, limits):
    limits(anonymous=(2, 60))
    addresses = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8::2", "2001:db8:0:1::1"]
    assert [ask(client, REMOTE_ADDR=address).status_code for address in addresses] == [401, 401, 429, 401]


@pytest.mark.django_db
def test_without_a_limit_there_is_no_header(client, key, limits):
    limits()
    answer = ask(client, key)
    assert answer.status_code == 200
    assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers)


@pytest.mark.django_db
def test_a_database_that_does_not_write_leaves_each_process_its_count(client, key, limits, caplog):
    limits(token=(2, 60))
    counter = throttling._counter
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        assert settle("token:1", ENDS, 1) is None
    assert "in this process alone" in caplog.text
    counter.settle = lambda *told: None
    assert [counter.use("token:1", 2, ENDS) for _ in range(3)] == [1, 0, -1]


def test_the_description_of_the_api_says_all_this(client, db):
    schema = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    answers = [
        (path, status, answer)
        for path, item in schema["paths"].items()
        for operation in item.values() if isinstance(operation, dict) and "responses" in operation
        for status, told in operation["responses"].items()
        for answer in [schema["components"]["responses"].get(told.get("$ref", "").rpartition("/")[2], told)]
    ]  # fmt: skip
    assert [told[:2] for told in answers if not {"RateLimit", "RateLimit-Policy"} <= set(told[2]["headers"])] == []
    refusals = {(status, header) for _path, status, answer in answers for header in answer["headers"]}
    assert {("429", "Retry-After"), ("401", "WWW-Authenticate")} <= refusals
    assert {status for _path, status, _answer in answers} >= {"401", "429"}


# Two workers with four threads


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    rates = {"RATE_LIMIT_TOKEN": "50/day", "RATE_LIMIT_ANONYMOUS": "5/day"}
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "throttle", more=rates) as site:
        yield site


@pytest.fixture
def reader(site):
    def make():
        user = site.user("viewer", f"reader-{next(_numbers)}")
        with site.database():
            return user, new_key(user)

    return make


def test_workers_share_a_quota_exactly(site, reader):
    _user, key = reader()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(site.call, "/api/v1/sectors/", Authorization=f"Bearer {key}") for _ in range(120)]
        answers = [future.result() for future in asked]
    assert sorted(status for status, _headers, _text in answers) == [200] * 50 + [429] * 70
    left = sorted(headers["RateLimit"].split(";")[1] for status, headers, _text in answers if status == 200)
    assert left == sorted(f"r={number}" for number in range(50))


def test_a_request_waits_for_nobody_who_holds_its_token(site, reader):
    user, key = reader()
    settings = connection.get_connection_params() | {"dbname": site.name}
    plain = {name: settings[name] for name in ("dbname", "user", "host", "port", "password") if settings.get(name)}
    with psycopg.connect(**plain) as other:
        other.execute("SELECT 1 FROM accounts_token WHERE user_id = %s FOR UPDATE", [user.pk])
        status, _headers, _text = site.call("/api/v1/sectors/", Authorization=f"Bearer {key}")
        assert status == 200
        noted = other.execute("SELECT last_used_at FROM accounts_token WHERE user_id = %s", [user.pk]).fetchone()
        assert noted == (None,)
    site.call("/api/v1/sectors/", Authorization=f"Bearer {key}")
    with site.database():
        assert Token.objects.get(user=user).last_used_from == "127.0.0.1"
