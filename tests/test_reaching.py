"""Where webhooks may be sent: what is refused is refused before a byte is sent, and says why."""

import socket
import ssl
import subprocess
import time
from ipaddress import ip_address

import pytest
from django.core.exceptions import ValidationError

from tests.receivers import receiving
from webhooks import reaching
from webhooks.reaching import Refused, origin, post, refusal

NOTHING = {"body": b"{}", "headers": {"Content-Type": "application/json"}}
found_by_name = socket.getaddrinfo


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def name_service(monkeypatch):
    """Answers for receiver.example.org with these addresses, one list after the other; `asked` counts."""

    def answer(*lists):
        left = list(lists)
        answer.asked = 0

        def getaddrinfo(host, port, *args, **options):
            assert host == "receiver.example.org"
            answer.asked += 1
            given = left.pop(0)
            return [entry for address in given for entry in found_by_name(address, port, *args, **options)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return answer


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::1", "fc00::1",
        "fd12::1", "::ffff:10.1.2.3", "::ffff:127.0.0.1", "2002:0a01:0203::1", "64:ff9b::10.1.2.3",
    ],
)  # fmt: skip
def test_private_addresses_are_reached_only_where_that_is_allowed(address):
    assert "private" in refusal(ip_address(address), may_be_private=False)
    assert refusal(ip_address(address), may_be_private=True) == ""


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.1.1", "fe80::1", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1",  # noqa: S104
        "255.255.255.255", "240.0.0.1", "100.64.0.1", "100.100.100.200", "192.0.2.1", "198.18.0.1", "2001:db8::1",
        "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1", "fec0::1",
    ],
)  # fmt: skip
def test_some_addresses_are_never_reached(address):
    assert refusal(ip_address(address), may_be_private=False)
    assert refusal(ip_address(address), may_be_private=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.0.6.139", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8"])
def test_public_addresses_are_reached(address):
    assert refusal(ip_address(address), may_be_private=False) == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"])
def test_this_machine_is_refused_by_whatever_name(receiver, host):
    with pytest.raises(Refused, match=r"is 127\.0\.0\.1, a private address, which is not allowed|is ::1, a private"):
        post(f"http://{host}:{receiver.port}", "/", may_be_private=False, **NOTHING)
    assert receiver.all == []


def test_a_name_that_changes_its_address_after_the_check_leads_to_the_checked_one(name_service):
    with receiving() as checked, receiving(host="127.0.0.2", port=checked.port) as other:
        name_service(["127.0.0.1"], ["127.0.0.2"])
        to = f"http://receiver.example.org:{checked.port}"
        assert post(to, "/hook", may_be_private=True, **NOTHING).status == 204
        assert (len(checked.all), len(other.all), name_service.asked) == (1, 0, 1)
        assert checked.all[0].headers["Host"] == f"receiver.example.org:{checked.port}"


def test_one_private_address_among_public_ones_refuses_the_name(name_service, receiver):
    name_service(["127.0.0.1", "169.254.169.254"])
    with pytest.raises(Refused, match=r"receiver\.example\.org is 169\.254\.169\.254, an address that is never"):
        post(f"http://receiver.example.org:{receiver.port}", "/", may_be_private=True, **NOTHING)
    assert receiver.all == []


def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer(name_service, receiver):
    name_service(["127.0.0.3", "127.0.0.1"])
    to = f"http://receiver.example.org:{receiver.port}"
    assert post(to, "/", may_be_private=True, **NOTHING).status == 204


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    with receiving() as elsewhere:

        def lead(handler, got):
            handler.send_response(307)
            handler.send_header("Location", f"{elsewhere.origin}/")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        receiver.behave = lead
        assert post(receiver.origin, "/", may_be_private=True, **NOTHING).status == 307
        assert elsewhere.all == []


def test_a_proxy_of_the_environment_is_not_used(receiver, monkeypatch):
    with receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        assert post(receiver.origin, "/", may_be_private=True, **NOTHING).status == 204
        assert (len(receiver.all), len(proxy.all)) == (1, 0)


def dripping(handler, got, status):
    """An answer whose bytes come slowly, each in time for a timeout that begins anew."""
    handler.wfile.write(b"HTTP/1.1 " + str(status).encode() + b" Slow\r\n")
    try:
        for _ in range(100):
            handler.wfile.write(b"X-More: and more\r\n" if status < 300 else b"X: y\r\n\r\n")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass


@pytest.mark.parametrize("status", [204, 500])
def test_all_patience_together_has_an_end(receiver, monkeypatch, status):
    monkeypatch.setattr(reaching, "ANSWER_WITHIN", 1.0)
    receiver.behave = lambda handler, got: dripping(handler, got, status)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="No whole answer within 1 seconds"):
        post(receiver.origin, "/", may_be_private=True, **NOTHING)
    assert time.monotonic() - began < 3


def test_of_a_long_answer_only_its_beginning_is_read(receiver):
    def talk(handler, got):
        handler.send_response(500)
        handler.end_headers()
        handler.wfile.write(b"no\x00good\n" + b"x" * 5_000_000)

    receiver.behave = talk
    answer = post(receiver.origin, "/", may_be_private=True, **NOTHING)
    assert answer.status == 500
    assert answer.text.startswith("no good xxx")
    assert len(answer.text) == reaching.KEPT


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://Example.org", "https://example.org"),
        ("https://example.org:443/", "https://example.org"),
        ("http://10.1.2.3:8080", "http://10.1.2.3:8080"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://пример.бел", "https://xn--e1afmkfd.xn--90ais"),
    ],
)
def test_an_origin_is_written_in_one_way(text, meant):
    assert origin(text) == meant


@pytest.mark.parametrize(
    "text",
    ["example.org", "ftp://example.org", "https://", "https://a@example.org", "https://example.org/path",
     "https://example.org:port", "https://example.org?x=1", "file:///etc/passwd", "https://[::1", "https://a..b"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text):
    with pytest.raises(ValidationError, match="Write it like"):
        origin(text)


@pytest.fixture
def certified(receiver, tmp_path):
    """Puts TLS before the receiver, with a certificate for localhost that it signs itself; the file of it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    return certificate


def test_https_reaches_whom_a_known_authority_vouches_for(receiver, certified, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    assert post(f"https://localhost:{receiver.port}", "/", may_be_private=True, **NOTHING).status == 204
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        post(f"https://127.0.0.1:{receiver.port}", "/", may_be_private=True, **NOTHING)
    assert len(receiver.all) == 1


def test_https_does_not_reach_whom_nobody_vouches_for(receiver, certified):
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        post(f"https://localhost:{receiver.port}", "/", may_be_private=True, **NOTHING)
    assert receiver.all == []
