"""A real server over a database of its own, for tests of parallel clients and of browsers.

The database is a copy of the tests' own, so that what is committed there is gone with it (the history refuses TRUNCATE,
by which other tests would be cleaned).
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from psycopg import sql

PASSWORD = "a-long-test-passphrase"


class Site:
    """Where the server is, and ways to its database and to a logged-in client."""

    def __init__(self, url, name, media, environment):
        self.url, self.name, self.media, self.environment = url, name, media, environment

    @contextlib.contextmanager
    def database(self):
        """Django's connection turned to the site's database; what is done there is committed."""
        own = connection.settings_dict["NAME"]
        _turn_to(self.name)
        try:
            yield
        finally:
            _turn_to(own)

    def user(self, role, name=None):
        with self.database():
            user = get_user_model()(username=name or role, is_staff=role != "viewer")
            # The tests' own quick hash is unknown to the server.
            user.password = PBKDF2PasswordHasher().encode(PASSWORD, "a-salt")
            user.save()
            user.groups.add(Group.objects.get(name=role))
            return user

    def cookies(self, user):
        """The cookies of a log-in, with a CSRF token."""
        with self.database():
            client = Client()
            client.force_login(user)
        return {"sessionid": client.cookies["sessionid"].value, "csrftoken": "c" * 32}

    def call(self, path, *, cookies=None, data=None, method=None, **headers):
        """Status, headers and text of one request; a redirect is an answer like another."""
        if cookies:
            headers |= {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "X-CSRFToken": "c" * 32}
        body = urllib.parse.urlencode(data, doseq=True).encode() if isinstance(data, dict) else data
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)  # noqa: S310
        try:
            with _opener.open(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **options):
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _turn_to(name):
    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name


@contextlib.contextmanager
def serve(media, label, application="config.wsgi:application", more=None):
    """Copies the tests' database and serves it until the block ends; `more` are variables of its environment."""
    own = connection.settings_dict["NAME"]
    name = f"{own}_{label}"
    _turn_to(own)
    with _maintenance() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(own)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parts = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    variables = {
        **os.environ,
        "DATABASE_URL": parts._replace(path=f"/{name}").geturl(),
        "PACTA_LOCAL": "1",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECRET_KEY": settings.SECRET_KEY,
        "MEDIA_ROOT": str(media),
        "LOG_LEVEL": "ERROR",
        **{f"RATE_LIMIT_{name}": "none" for name in ("TOKEN", "USER", "ANONYMOUS")},
        **(more or {}),
    }
    command = [sys.executable, "-m", "gunicorn", application, f"--bind=127.0.0.1:{port}", "--log-level=error"]
    command += ["--config=python:config.gunicorn"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=variables)
    try:
        site = Site(f"http://127.0.0.1:{port}", name, media, variables)
        _wait(site, process)
        yield site
    finally:
        process.terminate()
        process.wait(20)
        _turn_to(own)
        with _maintenance() as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _wait(site, process):
    for _ in range(300):
        with contextlib.suppress(OSError):
            if site.call("/readyz")[0] == 200:
                return
        assert process.poll() is None, "the server ended"
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


def _maintenance():
    parts = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    return psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True)
