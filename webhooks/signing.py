"""Secrets and signatures of webhooks, as standardwebhooks.com has them.

A secret is made of SECRET_KEY and a salt each time that it is used: signing needs the secret itself and not a hash of
it, and so neither the database nor a backup of it holds one (ADR 15).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from django.conf import settings
from django.utils.encoding import force_bytes

PREFIX = "whsec_"


def new_salt() -> str:
    return secrets.token_hex(16)


def key_of(salt: str, secret_key: str | bytes) -> bytes:
    """The 32 bytes that sign."""
    return hmac.digest(force_bytes(secret_key), f"pacta.webhooks.{salt}".encode(), hashlib.sha256)


def secret_of(salt: str) -> str:
    """The key as its receiver is given it."""
    return PREFIX + base64.b64encode(key_of(salt, settings.SECRET_KEY)).decode()


def signatures(salts: Iterable[str], name: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one for each secret that holds, a former SECRET_KEY's too."""
    said = f"{name}.{timestamp}.".encode() + body
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = [key_of(salt, secret_key) for salt in salts for secret_key in known]
    return " ".join("v1," + base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode() for key in keys)
