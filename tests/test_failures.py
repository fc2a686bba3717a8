"""What is answered when something goes wrong, by whom it may be caused, and what the log says of it."""

import json
import logging
import os
import re
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.urls import path

from config import failures
from config.logs import JsonFormatter, LineFormatter, request_id
from config.safety import DURABLE, forgetful
from config.urls import urlpatterns as addresses
from tests.gate import Gate
from tests.site import serve

PROBLEM = "application/problem+json"


# The database is away


@pytest.fixture(scope="module")
def gated(django_db_setup, django_db_blocker, tmp_path_factory):
    gate = Gate()
    name = f"{connection.settings_dict['NAME']}_gated"
    with (
        django_db_blocker.unblock(),
        serve(tmp_path_factory.mktemp("media"), "gated", more={"DATABASE_URL": gate.url(name), "DEBUG": ""}) as site,
    ):
        yield site, gate
    gate.close()


def test_without_its_database_the_site_says_so_and_heals_by_itself(gated):
    """Seen to fail, with 500 on every page, without `failures.failed` as handler500."""
    site, gate = gated
    cookies = site.cookies(site.user("viewer"))
    assert site.call("/overdue/", cookies=cookies)[0] == 200
    gate.shut()
    try:
        for address in ("/overdue/", "/api/v1/projects/", "/accounts/login/", "/readyz"):
            began = time.monotonic()
            status, headers, text = site.call(address, cookies=cookies)
            assert (address, status, headers["Retry-After"]) == (address, 503, "5")
            assert time.monotonic() - began < 10
            assert headers["X-Request-ID"]
            if address.startswith("/api/"):
                assert (headers["Content-Type"], json.loads(text)["status"]) == (PROBLEM, 503)
            elif address != "/readyz":
                assert "The register cannot answer now" in text
                assert headers["X-Request-ID"] in text
        assert site.call("/healthz")[0] == 200
    finally:
        gate.open()
    until = time.monotonic() + 5
    while site.call("/overdue/", cookies=cookies)[0] != 200:
        assert time.monotonic() < until, "it has not healed"
        time.sleep(0.1)
    assert site.call("/readyz")[0] == 200


# Errors of our own, called by addresses that only these tests know


def too_slow(request):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 50; SELECT pg_sleep(5)")


def broken(request):
    raise RuntimeError("password=hunter2-hunter2 of a fault of ours")


class Urls:
    urlpatterns = [
        path("slow/", too_slow),
        path("api/slow/", too_slow),
        path("broken/", broken),
        path("api/broken/", broken),
        *addresses,
    ]
    handler400, handler403 = failures.bad_request, failures.forbidden
    handler404, handler500 = failures.not_found, failures.failed


@pytest.fixture
def reader(client, officer, settings):
    sys.modules["tests.urls_of_failures"] = Urls
    settings.ROOT_URLCONF = "tests.urls_of_failures"
    client.force_login(officer)
    client.raise_request_exception = False
    yield client
    del sys.modules["tests.urls_of_failures"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status"), [("/slow/", 503), ("/api/slow/", 503), ("/broken/", 500), ("/api/broken/", 500)]
)
def test_what_takes_too_long_is_503_and_a_fault_of_ours_500(reader, address, status):
    answer = reader.get(address)
    assert (answer.status_code, answer.get("Retry-After")) == (status, "5" if status == 503 else None)
    assert (answer["Content-Type"] == PROBLEM) == address.startswith("/api/")
    assert "hunter2" not in answer.content.decode()
    assert answer["X-Request-ID"]


# Friendly pages


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/nowhere/", 404, "There is no such page"),
        ("/partners/NONE/", 404, "There is no such page"),
        ("/admin/auth/group/", 403, "This is not open to you"),
        ("/api/v2/", 404, "There is no such page"),
    ],
)
def test_a_refusal_is_a_page_of_the_house_and_says_where_to_go(client, officer, address, status, said):
    client.force_login(officer)
    answer = client.get(address)
    text = answer.content.decode()
    assert answer.status_code == status
    assert said in text
    if address.startswith("/api/"):
        assert (answer["Content-Type"], json.loads(text)["status"]) == (PROBLEM, status)
    else:
        assert answer["X-Request-ID"] in text
        assert 'href="/"' in text


@pytest.mark.django_db
def test_a_foreign_host_and_a_forged_form_are_refused_with_a_page(client, officer, django_user_model):
    foreign = client.get("/", headers={"Host": "evil.example.com"})
    assert (foreign.status_code, "The request was not understood" in foreign.content.decode()) == (400, True)
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(officer)
    forged = strict.post("/accounts/logout/")
    assert (forged.status_code, "load the page anew" in forged.content.decode()) == (403, True)


@pytest.mark.django_db
def test_every_answer_says_what_a_browser_may_load_and_who_may_frame_it(client, settings):
    """Refusals, redirects and static files are answered by middleware, before any view."""
    answers = [client.get(path) for path in ("/nowhere/", "/static/pacta.css", "/overdue/")] + [client.trace("/")]
    settings.SECURE_SSL_REDIRECT = True
    answers += [type(client)().get(path) for path in ("/overdue/", "/api/v1/projects/")]
    assert [answer.status_code for answer in answers] == [404, 200, 302, 405, 301, 403]
    for answer in answers:
        policy = answer["Content-Security-Policy"]
        for told in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert told in policy
        assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_a_program_that_asks_in_clear_is_refused_and_not_led_on(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    refused = client.get("/api/v1/projects/")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert "HTTPS" in refused.json()["detail"]
    assert client.get("/api/v1/projects/", secure=True).status_code == 401
    assert client.get("/overdue/")["Location"] == "https://testserver/overdue/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/projects/", "/admin/", "/static/pacta.css"])
def test_trace_is_refused_everywhere(client, officer, path):
    client.force_login(officer)
    assert client.trace(path).status_code == 405


@pytest.mark.django_db
def test_a_browser_keeps_no_page_and_forgets_all_at_log_out(client, officer):
    for address in ("/accounts/logout/", "/admin/logout/"):
        client.force_login(officer)
        for page in ("/", "/overdue/", "/accounts/", "/admin/"):
            assert "no-store" in client.get(page)["Cache-Control"], page
        assert client.post(address)["Clear-Site-Data"] == '"cache", "storage"'
        assert client.get("/").status_code == 302


# The log


def printed(formatter, message, *arguments, exception=None):
    error = (type(exception), exception, None) if exception else None
    return formatter.format(logging.LogRecord("a.logger", logging.WARNING, "f", 1, message, arguments, error))


FORGERY = "x\r\n2026-01-01 INFO all is well\x1b[2J\u2028\u202e\x85"


@pytest.mark.parametrize(
    "formatter", [JsonFormatter(), LineFormatter("{levelname} {message}", style="{")], ids=["json", "line"]
)
def test_nobody_draws_a_log_line_of_his_own(formatter):
    """Seen to fail with logging.Formatter in the place of each."""
    for line in printed(formatter, "asked for %s", FORGERY, exception=ValueError(FORGERY)).split("\n"):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u202e]", line)
        assert not line.startswith(("2026", "INFO"))


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer {}",
        "{{'password': '{}'}}",
        "csrfmiddlewaretoken={}&name=x",
        "sessionid={}; path=/",
        "__Host-sessionid={}; path=/",
        "postgresql://pacta:{}@db.example.org/pacta",
        "SECRET_KEY={}",
        "key pacta_abcd12345{} was used",
    ],
)
@pytest.mark.parametrize("formatter", [JsonFormatter(), LineFormatter()], ids=["json", "line"])
def test_secrets_are_masked(formatter, secret):
    """Seen to fail with an empty `_SECRETS`."""
    said = secret.format("qwertySECRET987")
    line = printed(formatter, "heard: %s", said, exception=ValueError(said))
    assert "qwertySECRET987" not in line
    assert "***" in line


@pytest.mark.django_db
def test_each_request_leaves_a_line_with_its_id_who_and_what_came_of_it(client, officer, caplog):
    client.force_login(officer)
    caplog.set_level("INFO", "pacta.requests")
    caplog.handler.setFormatter(JsonFormatter())
    caplog.handler.addFilter(lambda record: setattr(record, "request_id", request_id.get()) or True)
    answer = client.get("/overdue/?search=confidential")
    line = json.loads(caplog.text.splitlines()[-1])
    assert line["request"] == answer["X-Request-ID"]
    assert (line["message"], line["status"], line["user"]) == ("GET /overdue/: 200", 200, officer.pk)
    assert "confidential" not in caplog.text
    refused = client.get("/nowhere/")
    last = json.loads(caplog.text.splitlines()[-1])
    assert (last["message"], last["request"]) == ("Not Found: /nowhere/", refused["X-Request-ID"])


# What production refuses to start with


def start(program="import config.wsgi", /, **variables):
    """Loads the site as its server does, in production, unless it is told what else."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DEBUG", "PACTA_LOCAL"}}
    given = {**kept, "SECRET_KEY": GOOD_KEY, "ALLOWED_HOSTS": "pacta.example.org", **variables}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=given, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)


GOOD_KEY = "Zq0_" + "k3J-x9Lw7Yt2" * 5


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SECRET_KEY": ""}, "Set SECRET_KEY"),
        ({"ALLOWED_HOSTS": ""}, "Set ALLOWED_HOSTS"),
        ({"SECRET_KEY": "k3J-x9Lw7Yt2"}, "SECRET_KEY must be random"),
        ({"SECRET_KEY": "ab" * 40}, "SECRET_KEY must be random"),
        ({"SECRET_KEY_FALLBACKS": f"{GOOD_KEY},k3J-x9Lw7Yt2"}, "SECRET_KEY must be random"),
        ({"SECRET_KEY": "django-insecure-" + GOOD_KEY}, "SECRET_KEY must be random"),
        ({"DEBUG": "1"}, "DEBUG is for one's own machine"),
        ({"DATABASE_URL": "sqlite:///db.sqlite3"}, "must name a PostgreSQL server"),
    ],
    ids=[
        "no key",
        "no hosts",
        "short key",
        "monotonous key",
        "former key",
        "example's key",
        "public debug",
        "sqlite",
    ],
)
def test_production_refuses_to_start_unsafely(variables, said):
    refused = start(**variables)
    assert refused.returncode != 0
    assert said in refused.stderr.splitlines()[-1]


@pytest.mark.django_db
def test_production_refuses_a_database_that_forgets():
    """It looks at the server that the tests have, which `make test` starts as a forgetful one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABLE)])
        is_safe = not forgetful(dict(cursor.fetchall()))
    started = start()
    assert (started.returncode == 0) == is_safe, started.stderr
    assert is_safe or "The database would lose data" in started.stderr.splitlines()[-1]
    away = start(DATABASE_URL="postgresql://pacta@127.0.0.1:9/pacta")
    assert (away.returncode, "was not looked at" in away.stderr) == (0, True)


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_each_setting_by_which_a_database_forgets_is_known(name):
    safe = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
    assert forgetful(safe) == []
    assert forgetful({**safe, name: "off"}) == [name]


def test_production_has_host_cookies_and_https():
    told = start("import config.settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SECURE_SSL_REDIRECT)")
    assert told.stdout.split() == ["__Host-sessionid", "__Host-csrftoken", "True"]


def test_former_keys_hold_while_they_are_named():
    asked = "import config.settings as s; print(s.SECRET_KEY_FALLBACKS)"
    assert start(asked, SECRET_KEY_FALLBACKS=f"{GOOD_KEY[::-1]}, x{GOOD_KEY}").stdout.strip() == str(
        [GOOD_KEY[::-1], f"x{GOOD_KEY}"]
    )
    assert start(asked).stdout.strip() == "[]"


@pytest.mark.django_db
def test_there_are_two_cookies_and_what_is_said_to_a_reader_is_in_neither(client, officer):
    """Seen to fail with Django's own storage of messages, whose cookie has no `__Host-`."""
    client.force_login(officer)
    told = client.post("/accounts/sessions/end/")
    assert set(told.cookies) <= {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    assert "Your other sessions have ended." in client.get("/accounts/").content.decode()
    assert set(client.cookies) == {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    assert all(cookie["httponly"] and cookie["samesite"] == "Lax" for cookie in client.cookies.values())
