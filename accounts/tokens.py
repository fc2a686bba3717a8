"""Keys of programs: whose they are, what they reach, from where, until when, and what became of them (ADR 4)."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts.addresses import Address, among
from accounts.fields import NetworkField

audit = logging.getLogger("pacta.audit")

# People and scanners for leaked secrets know it by this; the next characters tell one token from another.
PREFIX, START = "pacta_", 15
API = "/api/v1/"
USE_IS_NOTED_EVERY = timedelta(minutes=1)


class Refusal(models.TextChoices):
    """Why a token does not let in. Only who holds a real key learns more than `unknown`."""

    UNKNOWN = "unknown", _("This token is not known.")
    REVOKED = "revoked", _("This token was revoked.")
    EXPIRED = "expired", _("This token has expired.")
    ACCOUNT = "account", _("The account of this token is closed.")
    NETWORK = "network", _("This token may not be used from this address.")


def known_resources() -> list[str]:
    """The first words of the addresses of the API, as its description has them."""
    from drf_spectacular.generators import EndpointEnumerator

    paths = {path for path, *_more in EndpointEnumerator().get_api_endpoints() if path.startswith(API)}
    return sorted({resource_of(path) for path in paths})


def resource_of(path: str) -> str:
    """`projects` of `/api/v1/projects/5/status-updates/`."""
    return path.removeprefix(API).partition("/")[0]


def validate_resource(name: str) -> None:
    if name not in (known := known_resources()):
        raise ValidationError(
            _("There is no resource “%(name)s”, only %(known)s."), params={"name": name, "known": ", ".join(known)}
        )


class TokenQuerySet(models.QuerySet["Token"]):
    def active(self, now: datetime) -> TokenQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=now)

    def of_key(self, key: str) -> Token | None:
        """The token of a key, with its user and the user's roles, by one query."""
        if not (key.isascii() and key.isprintable() and START < len(key) <= 128):
            return None
        digest = digest_of(key)
        with connection.cursor() as cursor:
            cursor.execute(_of_start(), [key[:START]])
            for row in cursor.fetchall():
                token = _loaded(row)
                if constant_time_compare(token.digest, digest):
                    return token
        return None


@cache
def _of_start() -> str:
    """SQL for tokens with users and roles. Every request asks it: to compose it anew took longer than its answer."""
    tokens = ", ".join(f't."{field.column}"' for field in Token._meta.concrete_fields)
    users = ", ".join(f'u."{field.column}"' for field in _user_model()._meta.concrete_fields)
    return f"""
        SELECT {tokens}, {users}, ARRAY(
            SELECT g.name FROM auth_group g JOIN accounts_user_groups m ON m.group_id = g.id WHERE m.user_id = u.id)
        FROM accounts_token t JOIN accounts_user u ON u.id = t.user_id WHERE t.start = %s
    """  # noqa: S608  names of our own models


def _loaded(row: tuple[Any, ...]) -> Token:
    fields, user_model = Token._meta.concrete_fields, _user_model()
    given = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, row, strict=False)
    ]
    token = Token.from_db(connection.alias, [field.attname for field in fields], given)
    of_user = [field.attname for field in user_model._meta.concrete_fields]
    token.user = user_model.from_db(connection.alias, of_user, row[len(fields) : -1])
    token.user.roles = frozenset(row[-1])
    return token


def _user_model() -> Any:
    return Token._meta.get_field("user").related_model


class Token(models.Model):
    """A program's key, of which only a hash is kept. It is never changed or deleted: it expires or is revoked."""

    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="tokens", verbose_name=_("user"))
    name = models.CharField(_("purpose"), max_length=100, help_text=_("Which program it is for, and where it runs."))
    start = models.CharField(_("begins with"), max_length=START, editable=False)
    digest = models.CharField(max_length=128, editable=False)
    may_write = models.BooleanField(
        _("may write"), default=False, help_text=_("What its user may write. Without it the token only reads.")
    )
    resources = ArrayField(
        models.CharField(max_length=40, validators=[validate_resource]),
        verbose_name=_("only these resources"),
        default=list,
        blank=True,
        help_text=_("By the first word of their address. None chosen: all that its user may see."),
    )
    networks = ArrayField(
        NetworkField(),
        verbose_name=_("only from these networks"),
        default=list,
        blank=True,
        help_text=_("One a line, such as 192.0.2.0/24 or 2001:db8::/32. None: from anywhere."),
    )
    expires_at = models.DateTimeField(_("expires"))
    issued_at = models.DateTimeField(_("issued"), auto_now_add=True)
    issued_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("issued by")
    )
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_used_from = models.GenericIPAddressField(_("last used from"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("revoked by")
    )

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering = ["-id"]
        # The look-up of each request.
        indexes = [models.Index(fields=["start"], name="accounts_token_start")]
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="accounts_token_digest_once"),
            models.CheckConstraint(
                condition=Q(revoked_by=None) | Q(revoked_at__isnull=False),
                name="accounts_token_revoked_by_with_time",
                violation_error_message=_("Who revoked a token stands beside when."),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="as_issued", exclude=["last_used_at", "last_used_from", "revoked_at", "revoked_by"]
            ),
            pgtrigger.Protect(
                name="stays_revoked",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    def is_active(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now

    def refusal(self, now: datetime, address: Address | None) -> Refusal | None:
        """Why the token does not let in its holder now and from there; None when it does."""
        if not self.user.is_active:
            return Refusal.ACCOUNT
        if self.revoked_at is not None:
            return Refusal.REVOKED
        if not self.is_active(now):
            return Refusal.EXPIRED
        if self.networks and not among(address, self.networks):
            return Refusal.NETWORK
        return None

    def reaches(self, resource: str) -> bool:
        """Whether the token may ask for addresses under `/api/v1/<resource>/`."""
        return not self.resources or resource in self.resources

    def issue(self, *, by: Any) -> str:
        """Saves a new token and gives its key, which nobody can tell again. `by` is None at the server's console.

        Raises ValidationError naming the field.
        """
        key = PREFIX + secrets.token_hex(32)
        self.start, self.digest, self.issued_by = key[:START], digest_of(key), by
        self.full_clean()
        self.save(force_insert=True)
        audit.info("token %s issued for user %s by %s", self.pk, self.user, by or "console")
        return key

    @transaction.atomic
    def revoke(self, *, by: Any, now: datetime) -> bool:
        """From now on the token lets nobody in. False when it had been revoked before: the first time stands."""
        open_rows = Token.objects.select_for_update().filter(pk=self.pk, revoked_at=None)
        if not open_rows.update(revoked_at=now, revoked_by=by):
            return False
        self.revoked_at, self.revoked_by = now, by
        audit.info("token %s revoked by %s", self.pk, by or "console")
        return True

    def note_use(self, *, now: datetime, address: Address | None) -> None:
        """Keeps when and from where the token was used, once a minute at most.

        Waits for no lock, and a database that cannot write refuses no reader: then the use stays unnoted.
        """
        stale = now - USE_IS_NOTED_EVERY
        if self.last_used_at is not None and self.last_used_at > stale:
            return
        rows = Token.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=self.pk, revoked_at=None)
        try:
            with transaction.atomic():
                free = rows.order_by().select_for_update(skip_locked=True, no_key=True).values("pk")
                Token.objects.filter(pk__in=free).update(last_used_at=now, last_used_from=address and str(address))
        except DatabaseError as error:
            audit.warning("the use of token %s was not noted: %s", self.pk, type(error).__name__)


def digest_of(key: str) -> str:
    """SHA-512 in hexadecimal, as knox kept it before: keys are random, so that no slow hash is needed."""
    return hashlib.sha512(key.encode()).hexdigest()
