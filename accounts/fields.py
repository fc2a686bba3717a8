from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from accounts.addresses import Network


def network(text: str) -> Network:
    """A network or a single address, IPv4 or IPv6. Raises ValidationError that names it, and what was meant."""
    text = text.strip()
    try:
        meant = ip_network(text, strict=False)
    except ValueError as error:
        raise ValidationError(
            _("“%(text)s” is no network. Write it like 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32."),
            params={"text": text},
        ) from error
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValidationError(
            _("“%(text)s” has an address longer than its network. Do you mean %(meant)s?"),
            params={"text": text, "meant": meant},
        ) from error


class NetworkField(models.Field):
    """A network as PostgreSQL's `cidr`, which itself refuses what is none."""

    def db_type(self, connection: Any) -> str:
        return "cidr"

    def to_python(self, value: Any) -> Network | None:
        return network(value) if isinstance(value, str) else value

    def validate(self, value: Any, model_instance: Any) -> None:
        """An array asks no more of its parts, and never turns them into networks."""
        super().validate(value, model_instance)
        network(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Network | None:
        return None if value is None else ip_network(str(value))

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)
