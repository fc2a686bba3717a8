"""Who asks the API: a program by its token, or a person by the session of the pages.

Each request is counted here and not in DRF's throttles, which are asked after the permissions: what is refused would
not count, and its answer would not say what is left (ADR 13).
"""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as DRFSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.addresses import of_request
from accounts.throttling import charge, charge_address
from accounts.tokens import Refusal, Token, resource_of

audit = logging.getLogger("pacta.audit")

# What RFC 6750 calls the fault; its descriptions are ASCII and never translated.
TOLD = {
    Refusal.UNKNOWN: "The token is unknown",
    Refusal.REVOKED: "The token was revoked",
    Refusal.EXPIRED: "The token has expired",
    Refusal.ACCOUNT: "The account of the token is closed",
    Refusal.NETWORK: "The token is not for this address",
}


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the token of the request is `request.auth`."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """Raises AuthenticationFailed with the reason, Throttled when the token's quota is used up."""
        scheme, _blank, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        asked, now = request._request, timezone.now()
        token, address = Token.objects.of_key(key.strip()), of_request(asked)
        if token is None:
            raise refused(asked, None, Refusal.UNKNOWN)
        if reason := token.refusal(now, address):
            raise refused(asked, token, reason)
        charge(asked, "token", token.pk)
        if getattr(asked, "as_of", None) is None:
            token.note_use(now=now, address=address)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        reason = getattr(request._request, "token_refusal", None)
        fault = f', error="invalid_token", error_description="{TOLD[reason]}"' if reason else ""
        return f'Bearer realm="pacta"{fault}'


def refused(request: Any, token: Token | None, reason: Refusal) -> AuthenticationFailed:
    """Counts on the address, as guessing does, and stands in the audit log. Raises Throttled for too many."""
    charge_address(request)
    request.token_refusal = reason
    audit.warning(
        "refused: %s token %s from %s, %s %r", reason.value, token.pk if token else "-", of_request(request),
        request.method, request.path,
    )  # fmt: skip
    return AuthenticationFailed(reason.label, code=f"token_{reason.value}")


class SessionAuthentication(DRFSessionAuthentication):
    """The log-in of the pages, with its CSRF token; asked last, so who is nobody here is nobody at all."""

    def authenticate(self, request: Request) -> Any:
        asked = request._request
        user: Any = getattr(asked, "user", None)
        if user is not None and user.is_active:
            charge(asked, "user", user.pk)
        else:
            charge_address(asked)
        return super().authenticate(request)


class WithinToken(BasePermission):
    """A token that is limited to some resources asks for no other address."""

    message = _("This token is limited to other resources.")

    def has_permission(self, request: Request, view: Any) -> bool:
        return not isinstance(request.auth, Token) or request.auth.reaches(resource_of(request.path_info))
