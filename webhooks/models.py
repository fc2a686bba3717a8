"""Who is told of changes, at which addresses, and what became of each message."""

from __future__ import annotations

import http.client
import logging
import random
import time
from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partners.history import tracked
from webhooks import reaching, signing
from webhooks.messages import Elsewhere, Message, Place, feed, following, message

log = logging.getLogger("pacta.webhooks")

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
PATIENCE = timedelta(days=5)
# How long a receiver may still know the former secret.
OVERLAP = timedelta(days=1)
KEPT_FOR = timedelta(days=90)


def validate_resource(name: str) -> None:
    known = sorted(resource.route for resource in feed().resources)
    if name not in known:
        raise ValidationError(
            _("There is no resource “%(name)s”, only %(known)s."), params={"name": name, "known": ", ".join(known)}
        )


@tracked
class AllowedDestination(models.Model):
    """A host to which the register may send. What is not among these gets nothing."""

    origin = models.CharField(
        _("origin"),
        max_length=255,
        unique=True,
        help_text=_("Such as https://example.org. With http:// everything is sent in clear text."),
    )
    may_be_private = models.BooleanField(
        _("in a private network"),
        default=False,
        help_text=_("Its addresses may be this machine's or a private network's."),
    )
    is_open = models.BooleanField(_("allowed"), default=True, help_text=_("Taken away: what is new waits."))
    why = models.CharField(_("whose it is"), max_length=200)
    allowed_at = models.DateTimeField(_("allowed at"), auto_now_add=True)
    allowed_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("allowed by")
    )

    class Meta:
        verbose_name = _("allowed destination")
        verbose_name_plural = _("allowed destinations")
        ordering = ["origin"]

    def __str__(self) -> str:
        return self.origin

    def clean(self) -> None:
        try:
            self.origin = reaching.origin(self.origin)
        except ValidationError as error:
            raise ValidationError({"origin": error.messages}) from error


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def due(self, now: datetime) -> SubscriptionQuerySet:
        """Those to which something may be sent now. Who may no longer log in is told nothing."""
        waits = Q(progress__next_attempt_at__gt=now)
        return self.filter(~waits, paused_at=None, owner__is_active=True)

    def stuck(self) -> SubscriptionQuerySet:
        """Those whose messages do not arrive: failing, or paused by no person."""
        given_up = Q(paused_at__isnull=False, paused_by=None)
        return self.filter(given_up | Q(paused_at=None, progress__attempts__gt=0))

    def with_progress(self) -> SubscriptionQuerySet:
        return self.select_related("progress", "destination", "owner")


@tracked
class Subscription(models.Model):
    """An address that is told, in the order of commits, what changes in the part of the register its owner may read."""

    name = models.CharField(_("purpose"), max_length=100, help_text=_("Which program it is for, and where it runs."))
    destination = models.ForeignKey(
        AllowedDestination, models.PROTECT, related_name="subscriptions", verbose_name=_("destination")
    )
    path = models.CharField(
        _("path"),
        max_length=500,
        default="/",
        validators=[RegexValidator(r"^/[!-~]*\Z", _("A path begins with / and has no blanks."))],
        help_text=_("What follows the host, such as /hooks/pacta."),
    )
    owner = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        related_name="subscriptions",
        verbose_name=_("owner"),
        help_text=_("Only what this account may read is sent."),
    )
    resources = ArrayField(
        models.CharField(max_length=40, validators=[validate_resource]),
        verbose_name=_("only these resources"),
        default=list,
        blank=True,
        help_text=_("None chosen: all that its owner may read."),
    )
    salt = models.CharField(_("secret, by its salt"), max_length=32, editable=False)
    former_salt = models.CharField(_("former secret, by its salt"), max_length=32, blank=True, editable=False)
    rotated_at = models.DateTimeField(_("secret changed at"), null=True, editable=False)
    paused_at = models.DateTimeField(_("paused at"), null=True, editable=False)
    paused_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("paused by")
    )
    why_paused = models.CharField(_("why it is paused"), max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    created_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("created by")
    )

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(paused_at__isnull=False) | Q(paused_by=None, why_paused=""),
                name="webhooks_subscription_paused_with_time",
                violation_error_message=_("Who paused a subscription and why stands beside when."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return f"{self.destination.origin}{self.path}"

    # What people do

    @transaction.atomic
    def open(self, *, by: Any) -> str:
        """Saves a new subscription, which is told what is committed from now on, and gives its secret.

        Raises ValidationError naming the field.
        """
        self.salt, self.created_by = signing.new_salt(), by
        self.full_clean()
        self.save(force_insert=True)
        Progress.objects.create(subscription=self, place=str(Place.now()))
        return signing.secret_of(self.salt)

    def pause(self, *, by: Any, why: str, now: datetime) -> None:
        """Nothing is sent until it is resumed; the place is kept. Raises ValidationError where it is paused."""
        rows = Subscription.objects.filter(pk=self.pk, paused_at=None)
        if not rows.update(paused_at=now, paused_by=by, why_paused=why[:500]):
            raise ValidationError(gettext("It is paused already."))

    @transaction.atomic
    def resume(self) -> None:
        """Goes on where it stood, at once; after a restore by telling of it.

        Raises ValidationError where it is not paused.
        """
        rows = Subscription.objects.filter(pk=self.pk).exclude(paused_at=None)
        if not rows.update(paused_at=None, paused_by=None, why_paused=""):
            raise ValidationError(gettext("It is not paused."))
        place = Place.read(self.progress.place)
        if place.server != Place.now().server:
            Progress.objects.filter(subscription=self).update(place=str(place.restarting()))
        self.progress.forgive()

    @transaction.atomic
    def replay(self, *, since: datetime) -> None:
        """Sends again, in order, all that was sent since then. Raises ValidationError where nothing was."""
        here = f"{Place.now().server} "
        first = self.deliveries.told().filter(at__gte=since, place__startswith=here).order_by("id").first()
        if first is None:
            raise ValidationError(gettext("Nothing was sent since then, or the log of it is no longer kept."))
        Progress.objects.filter(subscription=self).update(place=first.place)
        self.progress.forgive()

    def rotate_secret(self, *, now: datetime) -> str:
        """A new secret. For a day messages are signed with the former one too."""
        salt = signing.new_salt()
        rows = Subscription.objects.filter(pk=self.pk)
        rows.update(former_salt=F("salt"), salt=salt, rotated_at=now)
        self.refresh_from_db(fields=["salt", "former_salt", "rotated_at"])
        return signing.secret_of(salt)

    def ping(self, *, now: datetime) -> Delivery:
        """Sends a test message now, whether paused or not, and moves nothing."""
        delivery = self._attempt(message(f"ping-{signing.new_salt()}", "ping", now, []), now, place="", attempt=1)
        delivery.save(force_insert=True)
        return delivery

    # What the worker does

    def deliver_next(self, now: datetime) -> bool:
        """Sends the next message. False when there is none, or when this one has to be tried again later."""
        place = self.progress.place
        try:
            told, after = following(Place.read(place), self.owner, self.resources, now)
        except Elsewhere:
            self._stop(
                gettext("The register was restored. Resume here if this is the one in use, and not a copy."), now
            )
            return False
        if told is None:
            return str(after) != place and self.progress.advance(place, str(after))
        delivery = self._attempt(told, now, place=place, attempt=self.progress.attempts + 1)
        with transaction.atomic():
            delivery.save(force_insert=True)
            if delivery.succeeded:
                # Someone may have asked for a replay meanwhile: then his place stands.
                self.progress.advance(place, str(after))
            elif self.progress.fail(now):
                self._give_up(delivery, now)
        return delivery.succeeded

    def _attempt(self, told: Message, now: datetime, *, place: str, attempt: int) -> Delivery:
        """Sends it; the row for the log is not saved yet."""
        began, status, fault = time.monotonic(), None, ""
        try:
            answer = self._post(told, now)
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = str(error) or type(error).__name__
        else:
            status = answer.status
            fault = "" if answer.is_success else _fault(answer)
        taken = round((time.monotonic() - began) * 1000)
        return Delivery(
            subscription=self,
            at=now,
            message=told.name,
            place=place,
            attempt=attempt,
            status=status,
            fault=fault[:500],
            milliseconds=taken,
        )

    def _post(self, told: Message, now: datetime) -> reaching.Answer:
        if not self.destination.is_open:
            raise reaching.Refused(
                gettext("%(origin)s is no longer an allowed destination.") % {"origin": self.destination.origin}
            )
        sent = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Pacta",
            "webhook-id": told.name,
            "webhook-timestamp": str(sent),
            "webhook-signature": signing.signatures(self._salts(now), told.name, sent, told.body),
        }
        private = self.destination.may_be_private
        return reaching.post(
            self.destination.origin, self.path, may_be_private=private, body=told.body, headers=headers
        )

    def _salts(self, now: datetime) -> list[str]:
        overlaps = self.rotated_at is not None and now < self.rotated_at + OVERLAP
        return [self.salt, self.former_salt] if overlaps else [self.salt]

    def _give_up(self, delivery: Delivery, now: datetime) -> None:
        words = {"days": PATIENCE.days, "fault": delivery.fault}
        self._stop(gettext("No success for %(days)d days, at last: %(fault)s") % words, now)

    def _stop(self, why: str, now: datetime) -> None:
        """Paused by no person."""
        Subscription.objects.filter(pk=self.pk, paused_at=None).update(paused_at=now, why_paused=why[:500])
        log.warning("subscription %s (%s) is paused: %s", self.pk, self, why)


def _fault(answer: reaching.Answer) -> str:
    if 300 <= answer.status < 400:
        return gettext("A redirect, which is not followed.")
    return answer.text or http.client.responses.get(answer.status, gettext("No reason given."))


class Progress(models.Model):
    """Where the worker stands with a subscription. It changes with every message, so it has no history."""

    subscription = models.OneToOneField(
        Subscription, models.CASCADE, primary_key=True, related_name="progress", verbose_name=_("subscription")
    )
    place = models.CharField(_("place in the feed"), max_length=200)
    attempts = models.PositiveIntegerField(_("failed attempts"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)

    class Meta:
        verbose_name = _("progress")
        verbose_name_plural = _("progress")
        constraints = [
            models.CheckConstraint(
                condition=Q(attempts=0, failing_since=None, next_attempt_at=None)
                | Q(attempts__gt=0, failing_since__isnull=False, next_attempt_at__isnull=False),
                name="webhooks_progress_failures_with_times",
                violation_error_message=_("Failed attempts have a first time and a next one."),
            ),
        ]

    def __str__(self) -> str:
        return self.place

    def advance(self, before: str, after: str) -> bool:
        """Goes on, and forgets failures. False when it no longer stands at `before`."""
        rows = Progress.objects.filter(pk=self.pk, place=before)
        return bool(rows.update(place=after, attempts=0, failing_since=None, next_attempt_at=None))

    def forgive(self) -> None:
        Progress.objects.filter(pk=self.pk).update(attempts=0, failing_since=None, next_attempt_at=None)

    def fail(self, now: datetime) -> bool:
        """Waits, each time twice as long, up to an hour. True when patience is at its end."""
        since = self.failing_since or now
        wait = min(FIRST_WAIT * 2 ** min(self.attempts, 16), LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311  no secret
        Progress.objects.filter(pk=self.pk).update(
            attempts=self.attempts + 1, failing_since=since, next_attempt_at=now + wait
        )
        return now - since >= PATIENCE


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def told(self) -> DeliveryQuerySet:
        """Without test messages, which have no place."""
        return self.exclude(place="")

    def outdated(self, now: datetime) -> DeliveryQuerySet:
        return self.filter(at__lt=now - KEPT_FOR)


class Delivery(models.Model):
    """One attempt to send one message. Never changed, and kept for 90 days."""

    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="deliveries", verbose_name=_("subscription")
    )
    at = models.DateTimeField(_("at"))
    message = models.CharField(_("message"), max_length=120)
    place = models.CharField(_("place in the feed before it"), max_length=200, blank=True)
    attempt = models.PositiveIntegerField(_("attempt"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    fault = models.CharField(_("fault"), max_length=500, blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        # A replay looks for the first one since a moment, the clean-up for the oldest.
        indexes = [
            models.Index(fields=["subscription", "at"], name="webhooks_delivery_of"),
            models.Index(fields=["at"], name="webhooks_delivery_at"),
        ]
        triggers = [
            pgtrigger.Protect(name="as_logged", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.at > now() - interval '90 days'"),
            ),
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def succeeded(self) -> bool:
        return not self.fault
