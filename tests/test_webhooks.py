"""Webhooks against a real receiver: signed, in order, nothing lost, and to nobody who was not allowed.

What is sent is what was committed, so these tests commit, in a database of their own.
"""

import base64
import hashlib
import hmac
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from partners.models import Contact, Partner, Sector
from projects.models import Project
from tests.receivers import Receiver, receiving
from tests.site import serve
from webhooks import models, worker
from webhooks.models import AllowedDestination, Delivery, Progress, Subscription
from webhooks.worker import Worker

WORDS = {"stage": "in_progress", "confidence": "on_track", "text": "Walls are up"}


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "webhooks") as site:
        for role in ("viewer", "officer", "administrator"):
            site.user(role, f"of-{role}")
        yield site


@pytest.fixture
def register(site):
    """Django's connection turned to the site's database, where everything is committed; no test hears of another's."""
    with site.database():
        yield site
        for subscription in Subscription.objects.filter(paused_at=None):
            subscription.pause(by=None, why="the test is over", now=timezone.now())


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def person(register):
    return lambda role: get_user_model().objects.get(username=f"of-{role}")


@pytest.fixture
def subscribe(person):
    """Makes a subscription of somebody; `secret` is what its receiver was given."""

    def make(receiver, role="viewer", resources=("sectors",), **allowed):
        allowed = {"may_be_private": True, "why": "a test", **allowed}
        destination, _new = AllowedDestination.objects.update_or_create(origin=receiver.origin, defaults=allowed)
        made = Subscription(
            name=f"for {receiver.origin}",
            destination=destination,
            owner=person(role),
            resources=list(resources),
            path="/hook",
        )
        made.secret = made.open(by=person("administrator"))
        return made

    return make


def work():
    """What a worker does who finds everybody due now."""
    Worker(threading.Event()).run(once=True)


def wait_no_longer():
    """The time until the next attempt is over."""
    Progress.objects.exclude(next_attempt_at=None).update(next_attempt_at=timezone.now())


@contextmanager
def working(number=1):
    """Workers in threads of their own, as long as the block runs."""
    stopping = threading.Event()

    def run():
        Worker(stopping).run(once=False)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(30)


def until(fact, seconds=60):
    ends = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)


def last_of(subscription):
    return subscription.deliveries.order_by("-id").first()


def newest_event():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(pgh_id), 0) FROM partners_sectorevent")
        return cursor.fetchone()[0]


def events_after(number):
    """The names that the history itself gives to what happened to sectors since."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgh_id FROM partners_sectorevent WHERE pgh_id > %s", [number])
        return {f"partners_sectorevent-{row[0]}" for row in cursor.fetchall()}


def names(got):
    return [one.name.partition("-")[2] for one in got]


# What is told


def test_what_happens_to_a_record_is_told_in_order_and_the_record_is_as_its_address_gives_it(
    subscribe, receiver, client
):
    subscription = subscribe(receiver)
    sector = Sector.objects.create(name="Forestry")
    work()
    client.force_login(subscription.owner)
    assert receiver.all[0].message["data"][0]["record"] == client.get(f"/api/v1/sectors/{sector.pk}/").json()
    Sector.objects.filter(pk=sector.pk).update(name="Timber")
    work()
    Sector.objects.filter(pk=sector.pk).delete()
    work()
    assert [got.message["type"] for got in receiver.all] == ["sectors.created", "sectors.updated", "sectors.deleted"]
    entries = [got.message["data"][0] for got in receiver.all]
    assert [(entry["id"], entry["version"], entry["deleted"]) for entry in entries] == [
        (sector.pk, 1, False), (sector.pk, 2, False), (sector.pk, None, True)]  # fmt: skip
    assert entries[1]["record"]["name"] == "Timber"
    assert all(
        got.message["timestamp"] == entry["changed_at"] for got, entry in zip(receiver.all, entries, strict=True)
    )


def test_the_signature_is_the_one_that_the_receiver_computes_by_himself(subscribe, receiver):
    secret = subscribe(receiver).secret
    Sector.objects.create(name="Signed")
    work()
    got = receiver.all[0]
    sent = got.headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = got.name.encode() + b"." + sent.encode() + b"." + got.body
    expected = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(sent) - time.time()) < 60
    assert got.headers["Content-Type"] == "application/json"


def test_for_a_day_after_a_change_of_secret_both_sign(subscribe, receiver):
    subscription = subscribe(receiver)
    new = subscription.rotate_secret(now=timezone.now())
    assert new != subscription.secret
    Sector.objects.create(name="Both")
    work()
    assert genuine(subscription.secret, receiver.all[0])
    assert genuine(new, receiver.all[0])
    Subscription.objects.filter(pk=subscription.pk).update(rotated_at=timezone.now() - models.OVERLAP)
    Sector.objects.create(name="New one only")
    work()
    assert not genuine(subscription.secret, receiver.all[1])
    assert genuine(new, receiver.all[1])


def test_a_former_key_of_the_site_signs_as_long_as_it_is_named(subscribe, receiver, settings):
    subscription = subscribe(receiver)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-site"
    Sector.objects.create(name="Under a new key")
    work()
    assert genuine(subscription.secret, receiver.all[0])


def test_no_secret_stands_in_the_database(subscribe, receiver):
    subscription = subscribe(receiver)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s::text FROM webhooks_subscription s UNION ALL SELECT e::text FROM webhooks_subscriptionevent e"
        )
        rows = [row[0] for row in cursor.fetchall()]
    assert rows
    assert not any(subscription.secret.removeprefix("whsec_") in row for row in rows)


def test_what_is_not_committed_is_not_told_and_what_was_rolled_back_never(subscribe, receiver):
    subscribe(receiver)
    with transaction.atomic():
        Sector.objects.create(name="Never")
        work()
        transaction.set_rollback(True)
    work()
    assert receiver.all == []


def test_nobody_is_told_what_he_may_not_read(subscribe, person):
    office = Partner.objects.create(name="Office", kind="authority", country="BY")
    person("officer").memberships.get_or_create(organisation=office)
    with receiving() as of_viewer, receiving() as of_officer:
        subscribe(of_viewer, resources=[])
        subscribe(of_officer, "officer", resources=[])
        project = Project.objects.create(name="Own", stage_at_entry="agreed", lead=office)
        contact = Contact.objects.create(partner=office, full_name="Somebody")
        draft = project.report(by=person("officer"), **WORDS)
        work()
        told = told_of(of_viewer), told_of(of_officer)
        assert ("projects", project.pk) in told[0] & told[1]
        assert {("contacts", contact.pk), ("status-updates", draft.pk)} & told[0] == set()
        assert {("contacts", contact.pk), ("status-updates", draft.pk)} <= told[1]
        draft.submit(by=person("officer"))
        work()
        assert ("status-updates", draft.pk) in told_of(of_viewer)


def told_of(receiver):
    return {(entry["resource"], entry["id"]) for got in receiver.all for entry in got.message["data"]}


def test_an_owner_whose_account_is_closed_is_told_nothing_until_it_is_opened_again(subscribe, receiver, person):
    subscribe(receiver)
    Sector.objects.create(name="Told later")
    owner = person("viewer")
    owner.is_active = False
    owner.save()
    work()
    assert receiver.all == []
    owner.is_active = True
    owner.save()
    work()
    assert len(receiver.all) == 1


def test_a_part_of_a_record_is_a_change_of_the_record(subscribe, receiver):
    partner = Partner.objects.create(name="With an alias", kind="authority", country="BY")
    subscribe(receiver, resources=["partners"])
    partner.aliases.create(text="A name of old", kind="former")
    work()
    assert [got.message["type"] for got in receiver.all] == ["partners.updated"]
    assert receiver.all[0].message["data"][0]["record"]["aliases"][0]["text"] == "A name of old"


# Nothing is lost


def write(number):
    """A writer's share: transactions of up to three changes that stay open for a while, some rolled back."""
    chance = random.Random(number)  # noqa: S311  no secret
    for _ in range(15):
        try:
            with transaction.atomic():
                for _deed in range(chance.randint(1, 3)):
                    deed(chance)
                time.sleep(chance.random() * 0.03)
                if chance.random() < 0.2:
                    raise ZeroDivisionError
        except (ZeroDivisionError, DatabaseError, Sector.DoesNotExist):
            continue
    connection.close()


def deed(chance):
    known = list(Sector.objects.filter(name__startswith="W ").values_list("pk", flat=True))
    if not known or chance.random() < 0.5:
        Sector.objects.create(name=f"W {chance.random()}")
    elif chance.random() < 0.8:
        Sector.objects.filter(pk=chance.choice(known)).update(name=f"W {chance.random()}")
    else:
        Sector.objects.get(pk=chance.choice(known)).delete()


def trouble(receiver):
    """Gone for a while, then refusing, then silent, then well."""
    time.sleep(0.5)
    receiver.go()
    time.sleep(1)
    receiver.behave = lambda handler, got: 503
    receiver.come()
    time.sleep(1)
    receiver.behave = lambda handler, got: time.sleep(2)
    time.sleep(2)
    receiver.behave = lambda handler, got: 204


def test_nothing_is_lost_while_four_write_and_the_receiver_is_down_refuses_and_hangs(subscribe, receiver, monkeypatch):
    monkeypatch.setattr(models, "FIRST_WAIT", timedelta(seconds=0.2))
    monkeypatch.setattr(models, "LONGEST_WAIT", timedelta(seconds=1))
    monkeypatch.setattr("webhooks.reaching.ANSWER_WITHIN", 1.0)
    subscription, since = subscribe(receiver), newest_event()
    with working(2), ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(write, number) for number in range(4)] + [pool.submit(trouble, receiver)]
        for job in jobs:
            job.result()
        expected = events_after(since)
        until(lambda: set(names(receiver.accepted)) >= expected)
    assert len(expected) > 40
    assert set(names(receiver.accepted)) == expected
    assert_no_record_goes_back(receiver.accepted)
    faults = set(subscription.deliveries.exclude(fault="").values_list("status", flat=True))
    assert {None, 503} <= faults
    kept = {entry["id"]: entry["record"] for got in receiver.accepted for entry in got.message["data"]}
    assert {pk: record["name"] for pk, record in kept.items() if record} == dict(
        Sector.objects.filter(name__startswith="W ", pk__in=kept).values_list("pk", "name")
    )


def assert_no_record_goes_back(accepted):
    seen = {}
    for got in accepted:
        for entry in got.message["data"]:
            version = entry["version"] or 1_000_000
            assert version >= seen.get(entry["id"], 0)
            seen[entry["id"]] = version


def started(site, *more):
    """A worker as a process of its own, over the site's database."""
    command = [sys.executable, "manage.py", "deliver_webhooks", *more]
    return subprocess.Popen(command, cwd=project.BASE_DIR, env=site.environment)


def test_a_worker_that_is_killed_loses_nothing_and_another_goes_on(subscribe, receiver, register):
    subscribe(receiver)
    since = newest_event()
    with transaction.atomic():
        for number in range(30):
            Sector.objects.create(name=f"Killed {number}")
    receiver.behave = lambda handler, got: time.sleep(0.1) or 204
    first = started(register)
    until(lambda: len(receiver.all) >= 5)
    first.kill()
    first.wait()
    seen = len(receiver.accepted)
    assert seen < 30
    assert started(register, "--once").wait(60) == 0
    assert set(names(receiver.accepted)) == events_after(since)
    in_order = list(dict.fromkeys(names(receiver.accepted)))
    assert in_order == sorted(in_order, key=lambda name: int(name.rpartition("-")[2]))
    assert len(receiver.all) - 30 <= 1


def test_a_worker_that_is_asked_to_stop_finishes_the_message_on_its_way(subscribe, receiver, register):
    subscription = subscribe(receiver)
    Sector.objects.create(name="On its way")
    Sector.objects.create(name="Not begun")
    receiver.behave = lambda handler, got: time.sleep(1) or 204
    process = started(register)
    until(lambda: receiver.all)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert subscription.deliveries.count() == len(receiver.all) == 1


def test_a_worker_outlives_its_connections_to_the_database(subscribe, receiver):
    subscribe(receiver)
    with working():
        for number in range(3):
            Sector.objects.create(name=f"Cut off {number}")
            until(lambda: receiver.accepted and told_last(receiver) == f"Cut off {number}")  # noqa: B023
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                assert cursor.fetchone()[0] > 0
    # What was sent, and could not be written down any more, comes once again.
    told = dict.fromkeys(record["name"] for record in records(receiver.accepted))
    assert list(told) == ["Cut off 0", "Cut off 1", "Cut off 2"]


def told_last(receiver):
    return records(receiver.accepted)[-1]["name"]


def crowd(receiver):
    """Three workers at a receiver that takes its time."""
    receiver.behave = lambda handler, got: time.sleep(0.05) or 204
    since = newest_event()
    with transaction.atomic():
        for number in range(12):
            Sector.objects.create(name=f"Crowded {number}")
    with working(3):
        until(lambda: set(names(receiver.accepted)) >= events_after(since))
        time.sleep(0.5)


def test_several_workers_tell_each_message_once_and_one_at_a_time(subscribe, receiver):
    subscribe(receiver)
    crowd(receiver)
    assert receiver.most_at_once == 1
    assert len(receiver.all) == 12


def test_without_the_lock_several_workers_tell_the_same_at_once(subscribe, receiver, monkeypatch):
    @contextmanager
    def not_held(number):
        yield True

    monkeypatch.setattr(worker, "held", not_held)
    subscribe(receiver)
    crowd(receiver)
    assert receiver.most_at_once > 1
    assert len(receiver.all) > 12


def test_a_receiver_that_hangs_keeps_no_other_waiting_and_does_not_hold_back_the_feed(subscribe, receiver):
    with receiving() as slow:
        released = threading.Event()
        slow.behave = lambda handler, got: released.wait(10) and 204
        subscribe(slow)
        subscribe(receiver)
        Sector.objects.create(name="First")
        with working():
            until(lambda: slow.all and len(receiver.all) == 1)
            Sector.objects.create(name="Second")
            until(lambda: len(receiver.all) == 2, seconds=5)
            released.set()
            until(lambda: len(slow.accepted) == 2)


# Attempts


def test_a_failed_attempt_is_logged_and_the_next_waits_twice_as_long(subscribe, receiver):
    subscription = subscribe(receiver)
    receiver.behave = lambda handler, got: 500
    Sector.objects.create(name="Head of the line")
    Sector.objects.create(name="Behind it")
    waits = []
    for _ in range(4):
        work()
        progress = Progress.objects.get(subscription=subscription)
        waits.append((progress.next_attempt_at - last_of(subscription).at).total_seconds())
        wait_no_longer()
    assert [5 * 2**number * 0.8 <= wait <= 5 * 2**number * 1.2 for number, wait in enumerate(waits)] == [True] * 4
    log = subscription.deliveries.order_by("id")
    assert [(row.attempt, row.status) for row in log] == [(1, 500), (2, 500), (3, 500), (4, 500)]
    assert len({row.message for row in log}) == 1
    assert log[0].fault == "Internal Server Error"
    receiver.behave = lambda handler, got: 204
    work()
    assert [record["name"] for record in records(receiver.accepted)] == ["Head of the line", "Behind it"]
    assert [(row.attempt, row.status, row.fault) for row in log.all()[4:]] == [(5, 204, ""), (1, 204, "")]


def records(accepted):
    return [got.message["data"][0]["record"] for got in accepted]


def test_waits_grow_to_an_hour_and_no_further(subscribe, receiver):
    progress = subscribe(receiver).progress
    for attempts in (10, 40, 5000):
        Progress.objects.filter(pk=progress.pk).update(
            attempts=attempts, failing_since=timezone.now(), next_attempt_at=timezone.now()
        )
        now = timezone.now()
        progress.refresh_from_db()
        progress.fail(now)
        progress.refresh_from_db()
        assert timedelta(minutes=48) <= progress.next_attempt_at - now <= timedelta(minutes=72)


def test_after_days_of_failure_it_is_paused_and_resumed_it_goes_on_where_it_stood(subscribe, receiver):
    subscription = subscribe(receiver)
    receiver.behave = lambda handler, got: 404
    Sector.objects.create(name="Waited for long")
    work()
    Progress.objects.filter(subscription=subscription).update(failing_since=timezone.now() - models.PATIENCE)
    wait_no_longer()
    work()
    subscription.refresh_from_db()
    assert subscription.paused_at is not None
    assert subscription.why_paused == "No success for 5 days, at last: Not Found"
    assert subscription.events.order_by("pgh_id").last().why_paused == subscription.why_paused
    Sector.objects.create(name="Came meanwhile")
    receiver.behave = lambda handler, got: 204
    wait_no_longer()
    work()
    assert receiver.accepted == []
    subscription.resume()
    work()
    assert [record["name"] for record in records(receiver.accepted)] == ["Waited for long", "Came meanwhile"]


def test_a_subscription_is_paused_and_resumed_once(subscribe, receiver, person):
    subscription = subscribe(receiver)
    subscription.pause(by=person("administrator"), why="They move house", now=timezone.now())
    with pytest.raises(ValidationError, match="paused already"):
        subscription.pause(by=person("administrator"), why="Again", now=timezone.now())
    subscription.resume()
    with pytest.raises(ValidationError, match="not paused"):
        subscription.resume()


def test_what_was_sent_since_a_moment_is_sent_again_in_order_under_the_same_names(subscribe, receiver):
    subscription = subscribe(receiver)
    Sector.objects.create(name="Before")
    work()
    since = timezone.now()
    for number in range(3):
        Sector.objects.create(name=f"After {number}")
    work()
    first = names(receiver.accepted)
    subscription.replay(since=since)
    work()
    assert names(receiver.accepted) == [*first, *first[1:]]
    with pytest.raises(ValidationError, match="Nothing was sent since then"):
        subscription.replay(since=timezone.now())


def test_a_replay_that_is_asked_for_during_a_delivery_is_not_lost(subscribe, receiver):
    subscription, since = subscribe(receiver), timezone.now()
    Sector.objects.create(name="Sent")
    work()
    Sector.objects.create(name="Being sent")
    receiver.behave = lambda handler, got: (len(receiver.all) == 2 and subscription.replay(since=since)) or 204
    work()
    assert [record["name"] for record in records(receiver.accepted)] == ["Sent", "Being sent", "Sent", "Being sent"]


def test_a_restored_register_sends_nothing_until_it_is_said_to_be_the_one_in_use(subscribe, receiver):
    subscription = subscribe(receiver)
    Sector.objects.create(name="Told before")
    work()
    server, rest = subscription.progress.place.split(" ", 1)
    Progress.objects.filter(subscription=subscription).update(place=f"another-{server} {rest}")
    Sector.objects.create(name="Between")
    work()
    subscription = Subscription.objects.get(pk=subscription.pk)
    assert subscription.why_paused.startswith("The register was restored.")
    assert len(receiver.all) == 1
    subscription.resume()
    work()
    Sector.objects.create(name="Since")
    work()
    assert [got.message["type"] for got in receiver.all][:2] == ["sectors.created", "feed.restarted"]
    # Where others of the same server write meanwhile, what is just before may come once more.
    assert records(receiver.all[2:])[-1]["name"] == "Since"


def test_what_was_sent_before_a_restore_is_not_looked_for_in_the_new_order(subscribe, receiver):
    subscription = subscribe(receiver)
    subscription.deliveries.create(
        at=timezone.now(), message="one", place="another-server shape 1 2 3", attempt=1, status=204, milliseconds=1
    )
    with pytest.raises(ValidationError, match="Nothing was sent since then"):
        subscription.replay(since=timezone.now() - timedelta(hours=1))


def test_another_release_loses_nothing_that_was_waiting(subscribe, receiver):
    subscription = subscribe(receiver)
    Sector.objects.create(name="Told before")
    work()
    Sector.objects.create(name="Waiting")
    server, _shape, transaction_, event, _table = subscription.progress.__class__.objects.get(
        subscription=subscription
    ).place.split()
    # A table that stood elsewhere in the order of the former release.
    Progress.objects.filter(subscription=subscription).update(place=f"{server} formerly {transaction_} {event} 999")
    work()
    assert [record["name"] for record in records(receiver.all)][-1] == "Waiting"
    assert len(receiver.all) <= 3


def test_the_log_is_never_changed_and_kept_for_90_days(subscribe, receiver):
    subscription = subscribe(receiver)
    Sector.objects.create(name="Logged")
    work()
    row = last_of(subscription)
    with pytest.raises(DatabaseError), transaction.atomic():
        Delivery.objects.filter(pk=row.pk).update(status=500)
    with pytest.raises(DatabaseError), transaction.atomic():
        Delivery.objects.filter(pk=row.pk).delete()
    old = subscription.deliveries.create(
        at=timezone.now() - timedelta(days=91), message="old", attempt=1, status=204, milliseconds=1
    )
    work()
    assert set(Delivery.objects.filter(pk__in=[row.pk, old.pk])) == {row}


def test_a_test_message_is_sent_at_once_and_moves_nothing(subscribe, receiver):
    subscription = subscribe(receiver)
    subscription.pause(by=None, why="Not yet", now=timezone.now())
    Sector.objects.create(name="Waits")
    place = subscription.progress.place
    delivery = subscription.ping(now=timezone.now())
    assert (delivery.status, delivery.fault) == (204, "")
    assert [got.message["type"] for got in receiver.all] == ["ping"]
    assert genuine(subscription.secret, receiver.all[0])
    assert Progress.objects.get(subscription=subscription).place == place


# The receiver that the documentation shows

_found = spec_from_file_location("receive_webhooks", project.BASE_DIR / "docs" / "clients" / "receive_webhooks.py")
assert _found
assert _found.loader
shown = module_from_spec(_found)
_found.loader.exec_module(shown)


def genuine(secret, got):
    return shown.is_genuine(secret, got.headers, got.body)


def test_the_receiver_of_the_documentation_keeps_what_it_is_told_and_believes_no_other(subscribe, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    subscription = subscribe(Receiver(port=port))
    file = tmp_path / "told.sqlite"
    variables = {"PORT": str(port), "PACTA_SECRET": subscription.secret}
    process = subprocess.Popen([sys.executable, shown.__file__, file], env=variables, stderr=subprocess.DEVNULL)
    try:
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        sector = Sector.objects.create(name="Kept")
        gone = Sector.objects.create(name="Gone")
        Sector.objects.filter(pk=gone.pk).delete()
        work()
        subscription.replay(since=timezone.now() - timedelta(hours=1))
        work()
        Subscription.objects.filter(pk=subscription.pk).update(salt="another")
        assert subscription.__class__.objects.get(pk=subscription.pk).ping(now=timezone.now()).status == 401
    finally:
        process.kill()
        process.wait()
    assert subscription.deliveries.told().count() == 6
    with sqlite3.connect(file) as copy:
        assert copy.execute("SELECT resource, id, body ->> '$.name' FROM record").fetchall() == [
            ("sectors", sector.pk, "Kept")
        ]
        assert copy.execute("SELECT count(*) FROM message").fetchone() == (3,)
