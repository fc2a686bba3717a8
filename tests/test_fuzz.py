"""Schemathesis over the whole API: whatever it is asked, it answers as its description says.

`FUZZ_CASES=10000` (`make fuzz`) is the long form.
"""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from projects.seeding import seed
from tests.builders import grow
from tests.site import serve

PROGRAM = Path(sys.executable).with_name("schemathesis")


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    """A server over the real register, with a row of every kind besides."""
    # Addresses longer than the server takes are refused by the server, which is not what is tested here.
    more = {"GUNICORN_CMD_ARGS": "--limit-request-line=0"}
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "fuzz", more=more) as site:
        author = site.user("controller", "fuzzer")
        site.user("viewer", "reader")
        with site.database():
            assert seed(settings.BASE_DIR / "fixtures").faults == []
            grow(author, 2)
            site.tokens = {"reader": token("reader"), "writer": token("fuzzer", "--write")}
        yield site


def token(*words):
    call_command("create_token", *words, stdout=(said := StringIO()))
    return said.getvalue().strip()


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("role", ["reader", "writer"])
def test_the_api_answers_as_described_whatever_it_is_asked(site, tmp_path, role):
    """Schemathesis over the whole schema. `make fuzz` asks 10,000 times, `make test` 500 times."""
    cases = int(os.environ.get("FUZZ_CASES", "500")) // 2
    command = [
        *(PROGRAM, "--config-file", settings.BASE_DIR / "tests" / "schemathesis.toml", "run"),
        *(f"{site.url}/api/schema/?format=json", "--header", f"Authorization: Bearer {site.tokens[role]}"),
        *("--workers", "1", "--no-color", *thorough(cases)),
    ]
    variables = {
        **os.environ,
        "PACTA_URL": site.url,
        "PACTA_TOKEN": site.tokens[role],
        "PYTHONPATH": str(settings.BASE_DIR / "tests"),
    }
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True)
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout[-10_000:]
    assert asked(done.stdout) >= cases


def thorough(cases):
    """For many cases all phases, of which `coverage` alone asks thousands of times; for a few, the other ones."""
    if cases > 1000:
        return ["--max-examples", str(cases // 1000)]
    return ["--phases", "examples,fuzzing,stateful", "--max-examples", str(max(cases // 100, 1))]


def asked(told):
    return int(re.search(r"(\d[\d,]*) generated", told)[1].replace(",", ""))
