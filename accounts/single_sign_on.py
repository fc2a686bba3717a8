"""Coming in by the ministry's own log-in service: OpenID Connect, code flow with PKCE (ADR 24)."""

from __future__ import annotations

import logging
from typing import Any

import jwt
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView
from requests import RequestException

from accounts.models import User

audit = logging.getLogger("pacta.audit")
# What a service may answer that is no log-in: unreachable, not JSON, not signed as agreed, without what must be there.
REFUSED = (RequestException, jwt.PyJWTError, SuspiciousOperation, KeyError, TypeError, ValueError)


class SingleSignOn(OIDCAuthenticationBackend):
    """Lets in whom the service names by the subject that an account has. It makes no accounts and gives no roles."""

    def authenticate(self, request: HttpRequest | None, **kwargs: Any) -> User | None:
        try:
            return super().authenticate(request, **kwargs)
        except REFUSED as error:
            audit.warning("single sign-on refused: %s: %s", type(error).__name__, error)
            return None

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        """The library looks at signature, times and nonce; for whom and by whom the token was made is left to us."""
        claims = super().verify_token(token, **kwargs)
        meant = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        mine = settings.OIDC_RP_CLIENT_ID
        if claims["iss"] != settings.OIDC_ISSUER:
            raise SuspiciousOperation("another issuer")
        if mine not in meant or (len(meant) > 1 and claims.get("azp") != mine) or claims.get("azp", mine) != mine:
            raise SuspiciousOperation("made for another program")
        if not claims["exp"] or not isinstance(claims["sub"], str) or not claims["sub"]:
            raise SuspiciousOperation("without end or subject")
        return claims

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> User | None:
        subject = payload["sub"]
        user = User.objects.filter(sso_subject=subject).first() or self._linked(payload)
        if user is None:
            audit.warning("single sign-on: no account for subject %r, %r", subject, payload.get("preferred_username"))
        return user if user is not None and self.user_can_authenticate(user) else None

    @staticmethod
    def _linked(claims: dict[str, Any]) -> User | None:
        """The account that an administrator has made for the newcomer: of his name, without password or subject.

        From then on only the subject counts: names are given anew, and an account with a password is its owner's.
        """
        name = str(claims.get("preferred_username") or "")
        user = User.objects.filter(username=name, is_service=False, is_active=True, sso_subject=None).first()
        if not name or user is None or user.has_usable_password():
            return None
        if not User.objects.filter(pk=user.pk, sso_subject=None).update(sso_subject=claims["sub"]):
            return None
        audit.info("user %s linked with subject %r of the single sign-on", user.pk, claims["sub"])
        return user


class OnlyWhereConfigured:
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.OIDC_ISSUER:
            raise Http404
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class Ask(OnlyWhereConfigured, OIDCAuthenticationRequestView):
    """Sends the reader to the service."""


class ComeBack(OnlyWhereConfigured, OIDCAuthenticationCallbackView):
    """Takes the service's answer."""

    @property
    def failure_url(self) -> str:
        return f"{reverse('login')}?refused=1"
