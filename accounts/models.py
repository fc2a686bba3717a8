"""Who logs in: users, the organisations they work for, and tokens of programs."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken


class User(AbstractUser):  # type: ignore[django-manager-missing]  # knox's relation is untyped
    """A person or a service. Users are deactivated, never deleted: the history names them."""


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


class Token(AbstractAuthToken):
    """A program's key: only its hash is stored, it expires, and it reads unless made to write."""

    may_write = models.BooleanField(_("may write"), default=False)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")


ROLES = ("viewer", "officer", "controller", "administrator")
