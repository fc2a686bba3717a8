"""The code after the password: set up, asked for, not guessed, not used twice, taken away."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

PAGE, PASSWORD = "/accounts/second-factor/", "a-long-test-passphrase"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked(settings):
    settings.SECOND_FACTOR = "staff"


@pytest.fixture
def reader(client, officer):
    client.force_login(officer)
    return client


def code_of(device):
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time()
    return f"{totp.token():06d}"


def set_up(client, user):
    client.get(PAGE)
    device = TOTPDevice.objects.get(user=user, confirmed=False)
    assert client.post(PAGE, {"code": code_of(device)}).status_code == 302
    return TOTPDevice.objects.get(user=user, confirmed=True)


def test_without_a_code_every_door_is_shut_but_the_one_that_asks(reader):
    """Seen to fail, with 200 on each, without SecondFactorMiddleware."""
    for address in ("/", "/overdue/", "/admin/", "/accounts/", "/files/evidence/none/"):
        assert reader.get(address)["Location"].startswith(f"{PAGE}?next=")
    assert reader.post("/saved-views/", {}).status_code == 302
    assert reader.get("/api/v1/projects/").status_code == 401
    page = reader.get(PAGE).content.decode()
    assert "data:image/svg+xml" in page
    assert "style=" not in page


def test_set_up_once_asked_for_in_each_session(reader, officer):
    with time_machine.travel("2026-03-02T08:00:00Z", tick=False) as clock:
        device = set_up(reader, officer)
        assert (reader.get("/").status_code, reader.get("/api/v1/projects/").status_code) == (200, 200)
        another = type(reader)()
        another.force_login(officer)
        assert another.get("/").status_code == 302
        assert "data:image" not in another.get(PAGE).content.decode()
        clock.shift(timedelta(minutes=1))
        answer = another.post(f"{PAGE}?next=/overdue/", {"code": code_of(device)})
        assert (answer["Location"], another.get("/").status_code) == ("/overdue/", 200)


def test_a_code_is_good_for_one_time(reader, officer):
    with time_machine.travel("2026-03-02T08:00:00Z", tick=False):
        device = set_up(reader, officer)
        thief = type(reader)()
        thief.force_login(officer)
        assert thief.post(PAGE, {"code": code_of(device)}).status_code == 200
        assert thief.get("/").status_code == 302


def test_guessing_codes_is_slowed_more_and_more(reader, officer):
    with time_machine.travel("2026-03-02T08:00:00Z", tick=False) as clock:
        device = set_up(reader, officer)
        thief = type(reader)()
        thief.force_login(officer)
        for _ in range(8):
            clock.shift(timedelta(minutes=5))
            wrong = f"{(int(code_of(device)) + 1) % 1_000_000:06d}"
            assert thief.post(PAGE, {"code": wrong}).status_code == 200
        clock.shift(timedelta(seconds=30))
        # 2^7 seconds after the eighth.
        assert thief.post(PAGE, {"code": code_of(device)}).status_code == 200
        clock.shift(timedelta(minutes=5))
        assert thief.post(PAGE, {"code": code_of(device)}).status_code == 302


def test_a_key_that_another_session_was_shown_is_not_set_up(reader, officer):
    reader.get(PAGE)
    shown = TOTPDevice.objects.get(user=officer)
    other = type(reader)()
    other.force_login(officer)
    other.get(PAGE)
    assert other.post(PAGE, {"code": code_of(shown)}).status_code == 200
    set_up_by_owner = TOTPDevice.objects.exclude(pk=shown.pk).get()
    assert other.post(PAGE, {"code": code_of(set_up_by_owner)}).status_code == 200  # a wrong one slows the next
    with time_machine.travel(time.time() + 120):
        assert other.post(PAGE, {"code": code_of(set_up_by_owner)}).status_code == 302
        # Who began first has missed it: he is asked for a code of the telephone that counts.
        assert reader.post(PAGE, {"code": code_of(shown)}).status_code == 200
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1


@pytest.mark.parametrize("how", ["admin", "command"])
def test_a_lost_telephone_is_forgotten_and_its_sessions_end(reader, officer, cast, how, settings):
    set_up(reader, officer)
    if how == "command":
        call_command("forget_second_factor", officer.username)
    else:
        settings.SECOND_FACTOR = "off"
        admin = type(reader)()
        admin.force_login(cast("administrator"))
        data = {"action": "forget_second_factor", "_selected_action": [officer.pk]}
        assert admin.post("/admin/accounts/user/", data).status_code == 302
        settings.SECOND_FACTOR = "staff"
    assert reader.get("/")["Location"].startswith("/accounts/login/")
    assert not TOTPDevice.objects.exists()


@pytest.mark.parametrize(
    ("asked", "viewer", "officers"), [("off", 200, 200), ("staff", 200, 302), ("everyone", 302, 302)]
)
def test_one_setting_says_who_is_asked(client, cast, officer, settings, asked, viewer, officers):
    settings.SECOND_FACTOR = asked
    for user, expected in ((cast("viewer"), viewer), (officer, officers)):
        client.force_login(user)
        assert client.get("/").status_code == expected


def test_the_page_leads_to_no_other_site_and_is_for_those_who_are_asked(reader, officer, cast):
    reader.get(PAGE)
    device = TOTPDevice.objects.get()
    answer = reader.post(f"{PAGE}?next=https://evil.example.com/", {"code": code_of(device)})
    assert answer["Location"] == "/"
    assert reader.get(PAGE)["Location"] == "/"
    reader.force_login(cast("viewer"))
    assert reader.get(PAGE).status_code == 403


def test_keys_are_on_no_page_of_the_admin(client, cast, settings):
    settings.SECOND_FACTOR = "off"
    client.force_login(cast("administrator", is_superuser=True))
    assert client.get("/admin/otp_totp/totpdevice/").status_code == 404


def test_each_step_in_and_out_is_written_down_and_no_secret(client, officer, caplog):
    caplog.set_level("INFO")
    with time_machine.travel("2026-03-02T08:00:00Z", tick=False):
        for password in ("a-wrong-password", PASSWORD):
            client.post("/accounts/login/", {"username": officer.username, "password": password})
        device = set_up(client, officer)
        code = code_of(device)
        client.post("/accounts/logout/")
    who = f"user {officer.pk}"
    told = iter(caplog.messages)
    for step in (
        "AXES: New login failure",
        f"log-in of {who} ({officer.username}) from 127.0.0.1 by ModelBackend",
        f"second factor of {who} set up",
        f"second factor of {who} given",
        f"log-out of {who}",
    ):
        assert any(message.startswith(step) for message in told), (step, caplog.messages)
    assert not [secret for secret in ("a-wrong-password", PASSWORD, code, device.key) if secret in caplog.text]
