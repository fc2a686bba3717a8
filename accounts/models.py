"""Who comes in: people and services, the organisations they work for, and what is kept for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pgtrigger
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.tokens import Token as Token

if TYPE_CHECKING:
    from partners.models import Partner


class Role(models.TextChoices):
    """What a person may do. The value is the name of the group that a migration makes."""

    VIEWER = "viewer", _("viewer")
    OFFICER = "officer", _("officer")
    CONTROLLER = "controller", _("controller")
    ADMINISTRATOR = "administrator", _("administrator")


class User(AbstractUser):
    """A person or a service. Users are deactivated, never deleted: the history names them."""

    is_service = models.BooleanField(
        _("service account"), default=False, editable=False, help_text=_("A program: it has tokens and no password.")
    )

    sso_subject = models.CharField(
        _("subject at the single sign-on"), max_length=255, null=True, blank=True, unique=True,
        help_text=_("Filled in at the first log-in of an account without password, whose name is the same there."),
    )  # fmt: skip
    session_round = models.PositiveIntegerField(
        _("round of sessions"), default=0, editable=False, help_text=_("A session of an earlier round is over.")
    )

    class Meta(AbstractUser.Meta):
        triggers = [
            # In the database, so that no way of closing an account forgets it. A stale object turns no round back.
            pgtrigger.Trigger(
                name="closing_ends_sessions",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    NEW.session_round := GREATEST(NEW.session_round, OLD.session_round);
                    IF OLD.is_active AND NOT NEW.is_active THEN
                        NEW.session_round := NEW.session_round + 1;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="closing_revokes_tokens",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__is_active=True, new__is_active=False),
                func="""
                    UPDATE accounts_token SET revoked_at = now() WHERE user_id = NEW.id AND revoked_at IS NULL;
                    RETURN NULL;
                """,
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_service=False)
                | models.Q(password__startswith=UNUSABLE_PASSWORD_PREFIX, is_staff=False, is_superuser=False),
                name="accounts_user_service_without_log_in",
                violation_error_message=_("A service account has no password and no place in the admin."),
            )
        ]

    @cached_property
    def roles(self) -> frozenset[str]:
        """The names of the user's groups; asked once for each loaded user."""
        return frozenset(self.groups.values_list("name", flat=True))

    @property
    def is_officer(self) -> bool:
        return Role.OFFICER in self.roles

    @property
    def is_controller(self) -> bool:
        return Role.CONTROLLER in self.roles

    @property
    def is_administrator(self) -> bool:
        return self.is_superuser or Role.ADMINISTRATOR in self.roles

    def end_sessions(self) -> None:
        """Whoever is logged in as this user is so no longer."""
        User.objects.filter(pk=self.pk).update(session_round=models.F("session_round") + 1)
        self.refresh_from_db(fields=["session_round"])

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know to hold: a changed password ends it, and so does a new round."""
        told = f"{self.session_round}:{self.password}"
        return salted_hmac("accounts.User.session", told, secret=secret, algorithm="sha256").hexdigest()

    def organisations(self) -> models.QuerySet[Partner]:
        """The partners that the user answers for: those he works for and all that is subordinate to them."""
        from partners.models import Partner

        return Partner.objects.subordinate_to(*Partner.objects.filter(memberships__user=self))


class ServiceAccountManager(UserManager["ServiceAccount"]):
    def get_queryset(self) -> models.QuerySet[ServiceAccount]:
        return super().get_queryset().filter(is_service=True)


class ServiceAccount(User):
    """A user that is a program: it logs in to no page, its tokens let it in to the API with the rights of its role."""

    objects: ClassVar[ServiceAccountManager] = ServiceAccountManager()

    class Meta:
        proxy = True
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")

    @transaction.atomic
    def open(self, *, role: str) -> None:
        """Saves a new account. Raises ValidationError for a name that is taken or not allowed."""
        self.is_service = True
        self.set_unusable_password()
        self.full_clean()
        self.save(force_insert=True)
        self.take_role(role)

    def take_role(self, role: str) -> None:
        self.groups.set([Group.objects.get(name=Role(role))])
        self.__dict__.pop("roles", None)


class Membership(models.Model):
    """A user works for an organisation; rights reach down to what is subordinate to it."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships", verbose_name=_("user"))
    organisation = models.ForeignKey(
        "partners.Partner", models.PROTECT, related_name="memberships", verbose_name=_("organisation")
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "organisation"], name="accounts_membership_once")]

    def __str__(self) -> str:
        return f"{self.user} – {self.organisation}"


class IdempotencyKey(models.Model):
    """The answer to a write that a program named with a key, so that a repeat does nothing twice."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    key = models.CharField(_("key"), max_length=200)
    request = models.CharField(_("hash of the request"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"))
    body = models.JSONField(_("answer"))
    etag = models.CharField(_("ETag"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="accounts_idempotencykey_once")]

    def __str__(self) -> str:
        return self.key


class SavedView(models.Model):
    """A list as somebody wants to see it again: its address with the filters, under a name of his own."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=60)
    address = models.CharField(
        _("address"),
        max_length=1000,
        # Of this site only: `//host` and `/\\host` lead elsewhere.
        validators=[RegexValidator(r"^/[a-z-]+/(\?[^\s\\]*)?\Z", _("A list of this register is saved."))],
    )

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                name="accounts_savedview_once",
                violation_error_message=_("A view of this name is there already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return self.address.partition("?")[0]


class Usage(models.Model):
    """The requests of a token, a user or an address in the running window, of all processes (accounts/throttling.py).

    The table is UNLOGGED: after a crash of the server everybody begins anew.
    """

    key = models.CharField(max_length=80, primary_key=True)
    ends_at = models.BigIntegerField(_("end of the window, in seconds since 1970"))
    used = models.PositiveIntegerField(_("requests"))

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usages")
        # Past windows are looked for when a new one begins.
        indexes = [models.Index(fields=["ends_at"], name="accounts_usage_ends_at")]

    def __str__(self) -> str:
        return f"{self.key}: {self.used}"
