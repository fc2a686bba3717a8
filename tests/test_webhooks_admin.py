"""The administrators' pages of webhooks: allowed, made, tested, paused, sent again; a secret is shown once."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.receivers import receiving
from webhooks.models import AllowedDestination, Delivery, Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(cast, client):
    administrator = cast("administrator")
    client.force_login(administrator)
    return administrator


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def subscription(administrator, receiver, cast):
    destination = AllowedDestination.objects.create(origin=receiver.origin, may_be_private=True, why="a test")
    made = Subscription(name="The archive", destination=destination, owner=cast("viewer"), resources=["sectors"])
    made.secret = made.open(by=administrator)
    return made


def verb(name, subscription):
    return f"{reverse('admin:webhooks_subscription_verb', args=[name])}?id={subscription.pk}"


def secret_in(answer):
    return re.search(r"data-key>(whsec_[^<]+)<", answer.content.decode())[1]


def test_a_destination_is_allowed_by_name_and_its_host_never_changes(client, administrator):
    address = reverse("admin:webhooks_alloweddestination_add")
    client.post(address, {"origin": "https://Archive.Example.org/", "why": "The archive", "is_open": "on"})
    destination = AllowedDestination.objects.get()
    assert (destination.origin, destination.allowed_by) == ("https://archive.example.org", administrator)
    change = reverse("admin:webhooks_alloweddestination_change", args=[destination.pk])
    client.post(change, {"origin": "https://elsewhere.example.org", "why": "The archive"})
    destination.refresh_from_db()
    assert (destination.origin, destination.is_open) == ("https://archive.example.org", False)
    page = client.get(reverse("admin:webhooks_alloweddestination_history", args=[destination.pk])).content.decode()
    assert administrator.username in page


@pytest.mark.parametrize("text", ["archive.example.org", "https://archive.example.org/path", "ftp://example.org"])
def test_what_is_no_origin_is_named_beside_its_field(client, administrator, text):
    answer = client.post(reverse("admin:webhooks_alloweddestination_add"), {"origin": text, "why": "The archive"})
    assert "Write it like https://example.org" in answer.content.decode()
    assert not AllowedDestination.objects.exists()


def test_a_subscription_is_made_and_its_secret_is_shown_once(client, administrator, cast):
    destination = AllowedDestination.objects.create(origin="https://archive.example.org", why="The archive")
    form = {"name": "The archive", "destination": destination.pk, "path": "/hook", "owner": cast("viewer").pk}
    answer = client.post(reverse("admin:webhooks_subscription_add"), {**form, "resources": ["projects", "sectors"]})
    subscription = Subscription.objects.get()
    assert (subscription.created_by, subscription.resources) == (administrator, ["projects", "sectors"])
    secret = secret_in(answer)
    change = reverse("admin:webhooks_subscription_change", args=[subscription.pk])
    history = reverse("admin:webhooks_subscription_history", args=[subscription.pk])
    for page in (change, history, reverse("admin:webhooks_subscription_changelist")):
        assert secret not in client.get(page).content.decode()


def test_only_what_is_allowed_and_known_can_be_subscribed(client, administrator, cast):
    destination = AllowedDestination.objects.create(origin="https://archive.example.org", why="The archive")
    form = {"name": "A", "destination": destination.pk, "path": "/", "owner": cast("viewer").pk, "resources": []}
    for wrong in ({"destination": 999_999}, {"path": "//with blank"}, {"path": "hook"}, {"resources": ["users"]}):
        answer = client.post(reverse("admin:webhooks_subscription_add"), {**form, **wrong})
        assert answer.context["adminform"].form.errors.keys() == wrong.keys()
    assert not Subscription.objects.exists()


def test_a_test_message_leads_to_its_outcome_in_the_log(client, subscription, receiver):
    answer = client.post(verb("ping", subscription), follow=True)
    assert receiver.all[0].message["type"] == "ping"
    assert "delivered" in answer.content.decode()
    receiver.behave = lambda handler, got: 500
    answer = client.post(verb("ping", subscription), follow=True)
    assert "Internal Server Error" in answer.content.decode()


@pytest.mark.parametrize(
    ("taken_away", "told"),
    [({"may_be_private": False}, "is 127.0.0.1, a private address, which is not allowed for this destination."),
     ({"is_open": False}, "is no longer an allowed destination.")],
)  # fmt: skip
def test_where_it_is_not_allowed_nothing_is_sent_and_the_log_says_why(client, subscription, receiver, taken_away, told):
    AllowedDestination.objects.update(**taken_away)
    answer = client.post(verb("ping", subscription), follow=True)
    assert told in answer.content.decode()
    assert receiver.all == []


def test_a_subscription_is_paused_with_a_reason_and_resumed(client, administrator, subscription):
    change = reverse("admin:webhooks_subscription_change", args=[subscription.pk])
    assert verb("resume", subscription) not in client.get(change).content.decode()
    client.post(verb("pause", subscription), {"why": "They move house"})
    subscription.refresh_from_db()
    assert (subscription.paused_by, subscription.why_paused) == (administrator, "They move house")
    page = client.get(change).content.decode()
    assert "They move house" in page
    assert verb("pause", subscription) not in page
    assert "They move house" in client.get(
        reverse("admin:webhooks_subscription_history", args=[subscription.pk])
    ).content.decode()  # fmt: skip
    client.post(verb("resume", subscription))
    subscription.refresh_from_db()
    assert subscription.paused_at is None


def test_what_was_sent_is_sent_again_from_a_moment_on(client, subscription):
    place = subscription.progress.place.replace(" 0 0", " 0 -1")
    at = timezone.now()
    subscription.deliveries.create(at=at, message="one", place=place, attempt=1, status=204, milliseconds=1)
    day = timezone.localtime(at)
    asked = {"since_0": day.strftime("%Y-%m-%d"), "since_1": "00:00"}
    client.post(verb("replay", subscription), asked)
    subscription.progress.refresh_from_db()
    assert subscription.progress.place == place
    refused = client.post(verb("replay", subscription), {"since_0": "2999-01-01", "since_1": "00:00"})
    assert "Nothing was sent since then" in refused.content.decode()


def test_what_does_not_arrive_stands_on_the_administrators_first_page(client, subscription, cast):
    index = reverse("admin:index")
    assert "Webhooks that do not arrive" not in client.get(index).content.decode()
    subscription.progress.fail(timezone.now())
    page = client.get(index).content.decode()
    assert "Webhooks that do not arrive" in page
    assert reverse("admin:webhooks_subscription_change", args=[subscription.pk]) in page
    client.force_login(cast("controller"))
    assert "Webhooks that do not arrive" not in client.get(index).content.decode()


def test_a_change_of_the_form_keeps_what_was_done_meanwhile(client, administrator, subscription, monkeypatch):
    """The worker gives up between the reading of the form and its writing."""
    clean = Subscription.clean

    def meanwhile(self):
        Subscription.objects.filter(pk=self.pk).update(paused_at=timezone.now(), why_paused="No success")
        clean(self)

    monkeypatch.setattr(Subscription, "clean", meanwhile)
    form = {"name": "Another name", "destination": subscription.destination.pk, "path": "/", "resources": ["sectors"]}
    change = reverse("admin:webhooks_subscription_change", args=[subscription.pk])
    client.post(change, {**form, "owner": subscription.owner.pk})
    subscription.refresh_from_db()
    assert (subscription.name, subscription.why_paused) == ("Another name", "No success")


def test_a_new_secret_is_shown_once_and_is_another(client, subscription):
    answer = client.post(verb("rotate_secret", subscription))
    assert secret_in(answer) != subscription.secret
    assert "signed with the former secret too" in answer.content.decode()


def test_the_log_is_only_read_and_nothing_is_deleted(client, subscription):
    client.post(verb("ping", subscription))
    delivery = Delivery.objects.get()
    for name, key in (("delivery", delivery.pk), ("subscription", subscription.pk)):
        assert client.post(reverse(f"admin:webhooks_{name}_delete", args=[key]), {"post": "yes"}).status_code == 403
    assert client.post(reverse("admin:webhooks_delivery_change", args=[delivery.pk]), {}).status_code == 403
    assert client.get(reverse("admin:webhooks_delivery_add")).status_code == 403


@pytest.mark.parametrize("role", ["viewer", "officer", "controller"])
def test_webhooks_are_for_administrators_alone(client, subscription, cast, role):
    client.force_login(cast(role, f"another-{role}"))
    for name in ("alloweddestination", "subscription", "delivery"):
        assert client.get(reverse(f"admin:webhooks_{name}_changelist")).status_code in {302, 403}
    for name in ("ping", "pause", "resume", "replay", "rotate_secret"):
        assert client.post(verb(name, subscription), {"why": "no"}).status_code in {302, 403}
    subscription.refresh_from_db()
    assert (subscription.paused_at, subscription.rotated_at) == (None, None)


def test_the_lists_ask_no_more_for_many_than_for_one(client, subscription, django_assert_max_num_queries):
    """Each row shows its owner, state and last success."""
    for number in range(10):
        row = Subscription(
            name=f"Another {number}", destination=subscription.destination, owner=subscription.owner, path="/"
        )
        row.open(by=None)
        row.deliveries.create(at=timezone.now(), message="one", place="x", attempt=1, status=204, milliseconds=1)
    for name in ("subscription", "delivery"):
        with django_assert_max_num_queries(14):
            assert client.get(reverse(f"admin:webhooks_{name}_changelist")).status_code == 200
