"""Where a request comes from, and who is believed about it."""

from ipaddress import ip_address, ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from accounts.addresses import ClientAddressMiddleware, among, client_address, parsed
from accounts.fields import network
from config import env

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48"))
addresses = st.ip_addresses().map(lambda found: getattr(found, "ipv4_mapped", None) or found)
strangers = addresses.filter(lambda found: not among(found, PROXIES))
proxies = st.one_of(st.ip_addresses(network=PROXIES[0]), st.ip_addresses(network=PROXIES[1]))
anything = st.text(st.characters(exclude_characters=","), max_size=30)


@given(peer=strangers, forwarded=st.lists(st.one_of(anything, addresses.map(str))))
def test_a_stranger_is_not_believed_about_himself(peer, forwarded):
    assert client_address(str(peer), ",".join(forwarded), PROXIES) == peer


@given(
    invented=st.lists(st.one_of(anything, addresses.map(str))),
    client=strangers,
    chain=st.lists(proxies, max_size=4),
    peer=proxies,
)
def test_behind_proxies_the_client_is_the_first_from_the_right_who_is_none(invented, client, chain, peer):
    forwarded = [*invented, str(client), *map(str, chain)]
    assert client_address(str(peer), ", ".join(forwarded), PROXIES) == client


@given(peer=st.one_of(anything, addresses.map(str)), forwarded=st.text())
def test_any_header_gives_an_address_or_none(peer, forwarded):
    found = client_address(peer, forwarded, PROXIES)
    assert found is None or found == ip_address(str(found))


@given(invented=st.lists(addresses.map(str)), chain=st.lists(proxies, min_size=1), peer=proxies)
def test_what_stands_left_of_no_address_is_not_believed(invented, chain, peer):
    forwarded = [*invented, "unknown", *map(str, chain)]
    assert client_address(str(peer), ",".join(forwarded), PROXIES) == chain[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.0.2.7:5012", "192.0.2.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        (" 192.0.2.7 ", "192.0.2.7"),
    ],
)
def test_addresses_are_read_as_proxies_write_them(written, meant):
    assert parsed(written) == ip_address(meant)


@pytest.mark.parametrize("written", ["", "unknown", "_hidden", "192.0.2", "192.0.2.7, 10.0.0.1", "[", "\x00"])
def test_what_is_no_address_is_none(written):
    assert parsed(written) is None


@pytest.mark.parametrize(
    ("peer", "scheme", "client"),
    [
        pytest.param("10.0.0.5", "https", "192.0.2.7", id="proxy"),
        pytest.param("192.0.2.9", "http", "192.0.2.9", id="other"),
    ],
)
def test_what_follows_sees_the_clients_address_and_no_invented_header(settings, peer, scheme, client):
    settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER = PROXIES, ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"})
    request.META["REMOTE_ADDR"] = peer
    ClientAddressMiddleware(lambda _request: HttpResponse())(request)
    assert (request.META["REMOTE_ADDR"], request.scheme) == (client, scheme)
    assert ("HTTP_X_FORWARDED_FOR" in request.META) == (peer == "10.0.0.5")


def test_a_wrong_proxy_or_rate_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1")
    assert [str(found) for found in env.networks("TRUSTED_PROXIES")] == ["10.0.0.0/8", "2001:db8::1/128"]
    monkeypatch.setenv("TRUSTED_PROXIES", "proxy.example.org")
    with pytest.raises(ImproperlyConfigured, match=r"TRUSTED_PROXIES.*proxy\.example\.org"):
        env.networks("TRUSTED_PROXIES")
    for text, rate in [("5/second", (5, 1)), ("NONE", None), ("", (600, 60))]:
        monkeypatch.setenv("RATE_LIMIT_TOKEN", text)
        assert env.rate("RATE_LIMIT_TOKEN", "600/minute") == rate
    for text in ("5", "0/minute", "-1/minute", "5/fortnight", "many/day"):
        monkeypatch.setenv("RATE_LIMIT_TOKEN", text)
        with pytest.raises(ImproperlyConfigured, match="RATE_LIMIT_TOKEN"):
            env.rate("RATE_LIMIT_TOKEN", "600/minute")


def test_a_network_with_too_long_an_address_is_told_what_was_meant():
    assert str(network(" 2001:db8::/32 ")) == "2001:db8::/32"
    with pytest.raises(ValidationError, match=r"10\.1\.2\.3/8.*10\.0\.0\.0/8"):
        network("10.1.2.3/8")
