"""What operators read of a running site, and who may."""

import json
import re
import shutil
import subprocess
from ipaddress import ip_network

import pytest
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from tests.site import serve

pytestmark = pytest.mark.django_db
WATCH = settings.BASE_DIR / "deploy" / "prometheus"


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    """A server of two processes, which takes its folder of counts away when it ends."""
    aside = tmp_path_factory.mktemp("aside")
    variables = {"METRICS_NETWORKS": "127.0.0.1", "TMPDIR": str(aside)}
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "metrics", more=variables) as site:
        yield site
    assert list(aside.glob("pacta-metrics-*")) == []


def test_the_processes_of_a_server_are_added_up(site):
    what = ("pacta_requests_total", "200", "GET", "healthz")
    assert {site.call("/healthz")[0] for _ in range(30)} == {200}
    for _ in range(5):  # whichever of them answers
        assert parsed(site.call("/metrics")[2])[what] == 30


@pytest.fixture
def open_(settings):
    settings.METRICS_NETWORKS = (ip_network("127.0.0.1"),)


def told(client, **more):
    response = client.get("/metrics", **more)
    assert response.status_code == 200
    return parsed(response.text)


def parsed(text):
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_under_their_route_and_never_under_what_was_asked(client, open_):
    what = ("pacta_requests_total", "302", "GET", "partners/<str:reference>/")
    before = told(client).get(what, 0)
    client.get("/partners/CHN-P01/?search=secret")
    after = told(client)
    assert after[what] == before + 1
    assert after["pacta_request_seconds_count", "partners/<str:reference>/"] >= 1
    assert not any("CHN-P01" in word or "secret" in word for key in after for word in key)


def test_the_state_of_the_installation(client, open_):
    found = told(client)
    assert found["pacta_database_up",] == 1
    assert found["pacta_database_bytes",] > 1_000_000
    assert found["pacta_webhooks_stuck",] == 0
    # There is no replica here.
    assert ("pacta_replica_behind_bytes",) not in found


def test_without_a_setting_there_is_no_such_page_and_nothing_is_counted(client):
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    ("address", "word", "status"),
    [
        pytest.param("10.1.2.3", "", 200, id="an allowed network"),
        pytest.param("10.9.2.3", "", 404, id="another network"),
        pytest.param("10.9.2.3", "Bearer a-token-of-operators", 200, id="the token"),
        pytest.param("10.9.2.3", "Bearer another", 404, id="another token"),
        pytest.param("10.9.2.3", "Bearer ", 404, id="no token"),
    ],
)
def test_only_allowed_networks_and_who_knows_the_token_read_them(client, settings, address, word, status):
    settings.METRICS_NETWORKS, settings.METRICS_TOKEN = (ip_network("10.1.0.0/16"),), "a-token-of-operators"
    said = {"HTTP_AUTHORIZATION": word} if word else {}
    assert client.get("/metrics", REMOTE_ADDR=address, **said).status_code == status


def test_an_empty_token_opens_nothing(client, settings):
    settings.METRICS_NETWORKS, settings.METRICS_TOKEN = (ip_network("10.1.0.0/16"),), ""
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer ").status_code == 404


def test_dashboard_and_alerts_ask_for_nothing_that_is_not_told(client, open_):
    asked = [target["expr"] for panel in json.loads((WATCH / "dashboard.json").read_text())["panels"]
             for target in panel["targets"]]  # fmt: skip
    asked += re.findall(r"expr: (.+)", (WATCH / "alerts.yml").read_text())
    client.get("/")
    there = {key[0] for key in told(client)} | {"pacta_replica_behind_bytes"}
    names = {name for expression in asked for name in re.findall(r"pacta_\w+", expression)}
    assert len(names) >= 6
    assert names <= there


def test_prometheus_takes_the_rules_and_what_we_tell(client, open_):
    if not shutil.which("promtool"):
        pytest.skip("PROMTOOL IS NOT HERE: nobody but our own tests has read /metrics and deploy/prometheus")
    assert subprocess.run(["promtool", "check", "rules", WATCH / "alerts.yml"]).returncode == 0
    said = subprocess.run(["promtool", "check", "metrics"], input=client.get("/metrics").content, capture_output=True)
    assert (said.returncode, said.stderr) == (0, b"")
