"""No lost update, against a real server with parallel clients; and the same with the protection off, to see it lose."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from partners.models import Partner
from projects.models import Project
from tests.site import serve

ROUNDS, WRITERS, PAIRS = 50, 4, 200


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "guarded") as site:
        yield site


@pytest.fixture(scope="module")
def unguarded(django_db_setup, django_db_blocker, tmp_path_factory):
    with (
        django_db_blocker.unblock(),
        serve(tmp_path_factory.mktemp("media"), "unguarded", "tests.unguarded:application") as site,
    ):
        yield site


@pytest.mark.django_db
def test_the_register_that_the_server_copies_is_empty():
    assert not Partner.objects.exists()


def form_of(site, cookies, address):
    """The fields of an admin form as a browser would send them back."""
    status, _headers, page = site.call(address, cookies=cookies)
    assert status == 200
    fields = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
    fields |= {name: value for value, name in re.findall(r'<input[^>]* value="([^"]*)"[^>]* name="([^"]+)"', page)}
    fields = {
        name: value for name, value in fields.items() if not name.startswith(("_", "csrf")) and "__prefix__" not in name
    }
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)"[^>]* selected', options)
        if chosen and "__prefix__" not in name:
            fields[name] = chosen[0]
    return fields


def race_of_forms(site, rounds):
    """How many of `WRITERS` parallel saves were accepted in each round, how many server errors, how many versions."""
    user = site.user("administrator")
    cookies = site.cookies(user)
    with site.database():
        partner = Partner.objects.create(name="Lvov", kind="city", country="UA")
    address = f"/admin/partners/partner/{partner.pk}/change/"
    accepted, errors = [], 0
    with ThreadPoolExecutor(WRITERS) as pool:
        for round_ in range(rounds):
            fields = form_of(site, cookies, address)

            def save(writer, fields=fields, round_=round_):
                data = {**fields, "note": f"round {round_}, writer {writer}", "name": "Lvov"}
                return site.call(address, cookies=cookies, data=data)

            answers = list(pool.map(save, range(WRITERS)))
            accepted.append(sum(status == 302 for status, _headers, _page in answers))
            errors += sum(status >= 500 for status, _headers, _page in answers)
    with site.database():
        written = Partner.objects.get(pk=partner.pk).version - 1
    return accepted, errors, written


def race_of_patches(site, pairs):
    user = site.user("administrator", "patcher")
    cookies = site.cookies(user)
    with site.database():
        project = Project.objects.create(name="Laboratory", stage_at_entry="planned")
    address = f"/api/v1/projects/{project.pk}/"
    accepted, errors = [], 0
    with ThreadPoolExecutor(2) as pool:
        for pair in range(pairs):
            seen = site.call(address, cookies=cookies)[1]["ETag"]

            def patch(writer, seen=seen, pair=pair):
                body = json.dumps({"note": f"pair {pair}, writer {writer}"}).encode()
                headers = {"If-Match": seen, "Content-Type": "application/json"}
                return site.call(address, cookies=cookies, data=body, method="PATCH", **headers)[0]

            codes = list(pool.map(patch, range(2)))
            accepted.append(codes.count(200))
            errors += sum(code >= 500 for code in codes)
            assert set(codes) <= {200, 412} or errors
    return accepted, errors


def test_of_parallel_saves_of_one_form_exactly_one_is_accepted(site):
    accepted, errors, written = race_of_forms(site, ROUNDS)
    assert (accepted, errors, written) == ([1] * ROUNDS, 0, ROUNDS)


def test_of_two_conflicting_patches_exactly_one_is_accepted(site):
    assert race_of_patches(site, PAIRS) == ([1] * PAIRS, 0)


def test_of_parallel_repeats_with_one_key_one_is_done(site):
    user = site.user("controller", "repeater")
    cookies = site.cookies(user)
    with site.database():
        project = Project.objects.create(name="Repeated", stage_at_entry="planned")
    body = json.dumps({"stage": "agreed", "confidence": "on_track", "text": "Once"}).encode()

    def send(number):
        headers = {
            "If-Match": '"1."',
            "Idempotency-Key": f"key-{number // WRITERS}",
            "Content-Type": "application/json",
        }
        address = f"/api/v1/projects/{project.pk}/status-updates/"
        status, told, _text = site.call(address, cookies=cookies, data=body, **headers)
        return status, told.get("Retry-After")

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(send, range(10 * WRITERS)))
    with site.database():
        assert project.updates.count() == 10
    assert set(answers) <= {(201, None), (409, "1")}


def test_the_loser_keeps_his_text_and_reads_who_changed_what(site):
    cookies = site.cookies(site.user("administrator", "first"))
    late = site.cookies(site.user("administrator", "second"))
    with site.database():
        partner = Partner.objects.create(name="Brest", kind="city", country="BY")
    address = f"/admin/partners/partner/{partner.pk}/change/"
    fields = form_of(site, cookies, address)
    assert site.call(address, cookies=cookies, data={**fields, "note": "A fortress", "name": "Brest"})[0] == 302
    status, _headers, page = site.call(address, cookies=late, data={**fields, "note": "A port", "name": "Brest"})
    assert status == 200
    assert "A port" in page
    assert re.search(r"first changed .{1,8}note.{1,8} from .{1,8} to .{1,8}A fortress", page, re.DOTALL)


def test_with_the_protection_off_the_same_clients_lose_updates(unguarded):
    rounds = 25
    accepted, errors, _written = race_of_forms(unguarded, rounds)
    assert errors == 0
    assert sum(accepted) - rounds > 50
    accepted, _errors = race_of_patches(unguarded, 30)
    assert sum(accepted) > 30
