"""The way out: one POST to an address that was checked and is the one connected to.

A name is resolved once; each address that it has is judged, and the connection goes to these and asks no name again. No
redirect is followed, no proxy of the environment is used, certificates are verified, and both patience and answer have
a limit.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.addresses import Address, among

CONNECT_WITHIN, ANSWER_WITHIN = 5.0, 15.0  # seconds
READ_AT_MOST, KEPT = 4096, 300  # bytes of an answer, characters of it for the log
PORTS = {"https": 443, "http": 80}

# One's own machine and networks: reached where an administrator said so.
INTERNAL = tuple(
    ip_network(text) for text in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
# What hosts of virtual machines tell these about themselves, keys included: never. (The IPv4 one is link-local.)
METADATA = ip_address("fd00:ec2::254")
NAT64 = IPv6Network("64:ff9b::/96")
# Given up long ago, and taken for global by Python.
SITE_LOCAL = IPv6Network("fec0::/10")


class Refused(OSError):
    """This register does not send there. The words are for the log."""


@dataclass(frozen=True)
class Answer:
    """A status, and what was said beside it where it is no success."""

    status: int
    text: str = ""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def origin(text: str) -> str:
    """`https://Example.org:443/` as `https://example.org`. Raises ValidationError for what is no scheme and host."""
    try:
        parts = urlsplit(text.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in PORTS or not host or parts.username or parts.path.strip("/") or parts.query:
        raise ValidationError(_("Write it like https://example.org or http://10.1.2.3:8080, without a path."))
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != PORTS[parts.scheme] else "")


def refusal(address: Address, *, may_be_private: bool) -> str:
    """Why nothing is sent to the address; empty where it may be."""
    address = _meant(address)
    if among(address, INTERNAL) and address != METADATA:
        return "" if may_be_private else _("a private address, which is not allowed for this destination")
    if address.is_global and not address.is_multicast and address not in SITE_LOCAL:
        return ""
    return _("an address that is never written to")


def _meant(address: Address) -> Address:
    """The IPv4 address inside one that only wraps it."""
    if address.version == 4:
        return address
    if address in NAT64:
        return ip_address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def post(to: str, path: str, *, may_be_private: bool, body: bytes, headers: dict[str, str]) -> Answer:
    """Sends the body to an origin. Raises OSError or http.client.HTTPException; a status of any kind is an answer."""
    parts = urlsplit(to)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    connection = _Connection(host, port, _checked(host, port, may_be_private=may_be_private), parts.scheme)
    with contextlib.closing(connection), connection.time_limit(ANSWER_WITHIN):
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answer = Answer(response.status)
        return answer if answer.is_success else replace(answer, text=_readable(response.read(READ_AT_MOST)))


def _checked(host: str, port: int, *, may_be_private: bool) -> list[Any]:
    """All addresses of the host, as `socket` gives them. One that is refused refuses the host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_how, place in found:
        address = ip_address(str(place[0]).partition("%")[0])
        if why := refusal(address, may_be_private=may_be_private):
            raise Refused(_("%(host)s is %(address)s, %(why)s.") % {"host": host, "address": address, "why": why})
    return found


def _readable(answer: bytes) -> str:
    text = answer.decode(errors="replace")[:KEPT]
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


class _Connection(http.client.HTTPConnection):
    """A connection to addresses that were looked up before, with a limit of time for everything together."""

    def __init__(self, host: str, port: int, places: list[Any], scheme: str) -> None:
        self.default_port = PORTS[scheme]
        super().__init__(host, port)
        self._places, self._scheme, self._is_late = places, scheme, False
        # `sock` is forgotten while the end of an answer is still being read.
        self._dialled: socket.socket | None = None

    @contextlib.contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """A timeout of a socket begins anew with each byte that comes; this one does not."""
        self._ends = time.monotonic() + seconds
        timer = threading.Timer(seconds, self._hang_up)
        timer.start()
        late = TimeoutError(_("No whole answer within %(seconds)d seconds.") % {"seconds": seconds})
        try:
            yield
        except TimeoutError as error:
            raise late from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._is_late:
                raise late from error
            raise
        finally:
            timer.cancel()
        if self._is_late:
            # Cut in the middle of its headers, an answer looks whole.
            raise late

    def _hang_up(self) -> None:
        self._is_late = True
        if self._dialled is not None:
            with contextlib.suppress(OSError):
                # Past TLS, whose own farewell may wait as long again.
                socket.socket.shutdown(self._dialled, socket.SHUT_RDWR)

    def connect(self) -> None:
        self.sock = self._dialled = self._dial()
        if self._scheme == "https":
            context = ssl.create_default_context()
            secured = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = self._dialled = secured
            secured.do_handshake()

    def _dial(self) -> socket.socket:
        """The first of the places that answers."""
        failure = OSError(_("The name has no address."))
        for family, kind, protocol, _name, place in self._places:
            left = self._ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            dialled = socket.socket(family, kind, protocol)
            try:
                dialled.settimeout(min(CONNECT_WITHIN, left))
                dialled.connect(place)
            except OSError as error:
                dialled.close()
                failure = error
                continue
            dialled.settimeout(ANSWER_WITHIN)
            return dialled
        if isinstance(failure, TimeoutError):
            raise ConnectionError(_("No connection within %(seconds)d seconds.") % {"seconds": CONNECT_WITHIN})
        raise failure
