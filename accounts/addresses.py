"""Where a request comes from: the one place that reads X-Forwarded-For.

After `ClientAddressMiddleware` the client's address is REMOTE_ADDR for whoever asks, and what a client says of itself
without a trusted proxy in between is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")


class ClientAddressMiddleware:
    """Stands first: HTTPS redirects, throttles and logs rest on what it leaves of the headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = request.META
        peer, trusted = said.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES
        found = client_address(peer, said.get("HTTP_X_FORWARDED_FOR", ""), trusted)
        if not among(parsed(peer), trusted):
            for name in FORWARDED:
                said.pop(name, None)
        said["REMOTE_ADDR"] = str(found or "")
        return self.get_response(request)


def client_address(peer: str, forwarded: str, trusted: Iterable[Network]) -> Address | None:
    """The address nearest to us that is not a trusted proxy's: `peer`, else from the right of X-Forwarded-For.

    Each proxy appends whom it heard, so only what a trusted one wrote is believed; the rest, and what stands left of
    something that is no address, may be invented. None when the peer itself has no address, as behind a local socket.
    """
    found, hops = parsed(peer), forwarded.split(",")
    while hops and among(found, trusted):
        before = parsed(hops.pop())
        if before is None:
            break
        found = before
    return found


def among(address: Address | None, networks: Iterable[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def parsed(text: str) -> Address | None:
    """An address as proxies write it, with or without port and brackets; IPv4 inside IPv6 is IPv4. None for others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def of_request(request: HttpRequest) -> Address | None:
    """The client's address, once the middleware has been passed."""
    return parsed(request.META.get("REMOTE_ADDR", ""))
