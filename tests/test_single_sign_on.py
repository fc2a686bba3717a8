"""Coming in by the ministry's log-in service: who is let in, and every lie that is not believed."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from accounts.models import User
from tests.issuer import CLIENT, Issuer

pytestmark = pytest.mark.django_db
BACKEND = "accounts.single_sign_on.SingleSignOn"


@pytest.fixture(scope="module")
def service():
    service = Issuer()
    yield service
    service.close()


@pytest.fixture
def issuer(service, settings):
    settings.OIDC_ISSUER, settings.OIDC_RP_CLIENT_ID = service.url, CLIENT
    settings.OIDC_OP_AUTHORIZATION_ENDPOINT = f"{service.url}/authorize"
    settings.OIDC_OP_TOKEN_ENDPOINT = f"{service.url}/token"
    settings.OIDC_OP_JWKS_ENDPOINT = f"{service.url}/keys"
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, BACKEND]
    return service


@pytest.fixture
def known(cast):
    user = cast("officer", "known", sso_subject="s-1")
    user.set_unusable_password()
    user.save()
    return user


def come_in(client, issuer, **told):
    """Where the reader ends up, and as whom."""
    asked = client.get("/accounts/sso/?next=/overdue/")["Location"]
    answer = client.get("/accounts/sso/back/", issuer.log_in(asked, **told))
    return answer["Location"], client.session.get("_auth_user_id")


def test_who_is_known_comes_in_where_he_wanted_to_go(client, issuer, known):
    assert come_in(client, issuer) == ("/overdue/", str(known.pk))
    assert client.get("/overdue/").status_code == 200


def test_the_log_in_page_offers_it_only_where_it_is_configured(client, service):
    assert "/accounts/sso/" not in client.get("/accounts/login/").content.decode()
    assert client.get("/accounts/sso/").status_code == 404
    assert client.get("/accounts/sso/back/?code=x&state=y").status_code == 404


def test_the_log_in_page_offers_it(client, issuer):
    assert "/accounts/sso/?next=/overdue/" in client.get("/accounts/login/?next=/overdue/").content.decode()


LIES = {
    "for another program": {"aud": "another"},
    "for several, asked for by another": {"aud": [CLIENT, "another"], "azp": "another"},
    "by another issuer": {"iss": "https://evil.example.com"},
    "over": {"exp": int(time.time()) - 10},
    "without an end": {"leave_out": ["exp"]},
    "of another log-in": {"nonce": "replayed"},
    "without a subject": {"leave_out": ["sub"]},
    "of an empty subject": {"sub": ""},
    "signed by another key": {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
    "signed by a word": {"key": "secret-that-is-long-enough-for-hs256", "algorithm": "HS256"},
    "not signed": {"algorithm": "none"},
    "unknown": {"sub": "s-2"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_no_lie_is_believed(client, issuer, known, lie):
    """Those of program, issuer and end are seen to fail without `SingleSignOn.verify_token`."""
    assert come_in(client, issuer, **lie) == ("/accounts/login/?refused=1", None)
    assert "did not let you in" in client.get("/accounts/login/?refused=1").content.decode()


def test_a_service_that_is_away_lets_nobody_in_and_breaks_nothing(client, issuer, known, settings):
    settings.OIDC_OP_TOKEN_ENDPOINT = "http://127.0.0.1:9/token"
    assert come_in(client, issuer) == ("/accounts/login/?refused=1", None)


def test_an_answer_that_nobody_asked_for_is_refused(client, issuer, known):
    asked = client.get("/accounts/sso/")["Location"]
    answer = issuer.log_in(asked)
    thief = type(client)()
    assert thief.get("/accounts/sso/back/", answer)["Location"] == "/accounts/login/?refused=1"
    thief.get("/accounts/sso/")
    assert thief.get("/accounts/sso/back/", answer).status_code == 400
    assert client.get("/accounts/sso/back/", answer).status_code == 302
    assert client.get("/accounts/sso/back/", answer).status_code == 400


def test_a_closed_account_stays_closed(client, issuer, known):
    known.is_active = False
    known.save()
    assert come_in(client, issuer) == ("/accounts/login/?refused=1", None)


def test_an_account_that_waits_for_its_owner_is_linked_once(client, issuer, cast):
    waiting = cast("officer", "newcomer")
    waiting.set_unusable_password()
    waiting.save()
    assert come_in(client, issuer, sub="s-9", preferred_username="newcomer")[1] == str(waiting.pk)
    assert User.objects.get(pk=waiting.pk).sso_subject == "s-9"
    other = type(client)()
    assert come_in(other, issuer, sub="s-10", preferred_username="newcomer")[1] is None
    assert come_in(other, issuer, sub="s-9", preferred_username="renamed")[1] == str(waiting.pk)


def test_an_account_with_a_password_is_nobody_elses(client, issuer, officer):
    told = {"sub": "s-9", "preferred_username": officer.username}
    assert come_in(client, issuer, **told) == ("/accounts/login/?refused=1", None)


def test_many_strangers_behind_one_address_shut_nobody_out(client, issuer, known):
    for number in range(7):
        come_in(client, issuer, sub=f"stranger-{number}")
    assert come_in(client, issuer)[1] == str(known.pk)


def test_the_second_factor_is_asked_for_unless_it_is_turned_off(client, issuer, known, settings):
    settings.SECOND_FACTOR = "staff"
    come_in(client, issuer)
    assert client.get("/overdue/")["Location"].startswith("/accounts/second-factor/")
    settings.SECOND_FACTOR = "off"
    assert client.get("/overdue/").status_code == 200
