"""The pages for integrators: they name what there is, and what they tell people to run runs."""

import json
import os
import re
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from config.api import REPORTS, RESOURCES
from doors.words import FILTERS
from tests.builders import grow
from tests.site import serve

pytestmark = pytest.mark.django_db  # so that there is a database to copy
PAGES = settings.BASE_DIR / "docs" / "api"
CLIENT = settings.BASE_DIR / "docs" / "clients" / "nightly_copy.py"


@pytest.mark.parametrize("name", [resource.route for resource in RESOURCES] + [f"reports/{name}/" for name in REPORTS])
def test_each_resource_and_report_has_a_line(name):
    assert f"`{name}`" in (PAGES / "README.md").read_text()


@pytest.mark.parametrize("word", FILTERS)
def test_each_filter_has_its_word(word):
    assert f"`{word}`" in (PAGES / "README.md").read_text()


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_each_page_is_in_the_index_and_leads_somewhere(page):
    assert page.name == "README.md" or f"]({page.name})" in (PAGES / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("https://") or (PAGES / target).exists(), target


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "docs") as site:
        author = site.user("controller", "an-integrator")
        with site.database():
            grow(author, 2)
            call_command("create_token", "an-integrator", "--write", stdout=(said := StringIO()))
        site.token = said.getvalue().strip()
        yield site


@pytest.fixture
def run(site, tmp_path):
    """Runs a program as an integrator would, in an empty folder, with the address and a token in its environment."""
    told = {"PATH": os.environ["PATH"], "PACTA_URL": site.url, "PACTA_TOKEN": site.token}

    def run(*command, **more):
        return subprocess.run(command, cwd=tmp_path, env=told | more, capture_output=True, text=True)

    return run


def test_what_the_page_on_curl_says_runs_from_top_to_bottom(run, tmp_path):
    first, *blocks = re.findall(r"```sh\n(.*?)```", (PAGES / "curl.md").read_text(), re.DOTALL)
    assert first.startswith("export PACTA_URL=")
    done = run("bash", "-euo", "pipefail", "-c", "\n".join(blocks))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n304\n" in done.stdout
    assert '"state":"draft"' in done.stdout
    assert (tmp_path / "overdue.csv").read_bytes().startswith(b"\xef\xbb\xbftype,")
    assert (tmp_path / "projects.xlsx").read_bytes().startswith(b"PK")


def test_the_nightly_copy_takes_every_list_and_report_whole(run, tmp_path):
    done = run(sys.executable, CLIENT, "landing")
    assert done.returncode == 0, done.stderr
    taken = json.loads((tmp_path / "landing" / "manifest.json").read_text())
    # Between two days there is nothing to take every night.
    assert set(taken) == {resource.route for resource in RESOURCES} | {
        f"reports/{name}" for name in REPORTS if name != "compare"
    }
    for name, told in taken.items():
        lines = (tmp_path / "landing" / f"{name.replace('/', '-')}.ndjson").read_text().splitlines()
        assert len([json.loads(line) for line in lines]) == told["rows"] > 0, name


def test_what_the_nightly_copy_cannot_have_leaves_yesterdays_file_and_is_said(run, tmp_path):
    assert run(sys.executable, CLIENT, "landing", "sectors").returncode == 0
    kept = (tmp_path / "landing" / "sectors.ndjson").read_text()
    done = run(sys.executable, CLIENT, "landing", "sectors", PACTA_TOKEN="pacta_no-such-token")
    assert (done.returncode, "sectors: HTTP Error 401" in done.stderr) == (1, True)
    assert (tmp_path / "landing" / "sectors.ndjson").read_text() == kept
