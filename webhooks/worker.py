"""Delivers: each subscription by one worker at a time, in order; a slow receiver keeps none of the others waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import Error, connection
from django.utils import timezone

from webhooks.models import Delivery, Subscription

log = logging.getLogger("pacta.webhooks")
AT_ONCE = 4
LOOK_EVERY = 1.0  # seconds
CLEAN_EVERY = timedelta(hours=1)
# Our part of the database's advisory locks; the second number is the subscription's.
LOCK = 0x7765_6268


@contextmanager
def held(number: int) -> Iterator[bool]:
    """Whether the subscription is ours alone while the block runs; a worker that dies lets go of it.

    A lock of the session and no row lock: that would be a transaction that writes, and hold back the feed itself.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, number])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, number])


def deliver(number: int, stopping: threading.Event) -> None:
    """Sends what there is to a subscription until it is up to date, refuses, or the worker is to stop."""
    try:
        with held(number) as is_ours:
            while is_ours and not stopping.is_set() and _deliver_one(number, timezone.now()):
                pass
    except Error as error:
        log.warning("subscription %s waits for the database: %s", number, error)
    finally:
        connection.close()


def _deliver_one(number: int, now: datetime) -> bool:
    subscription = Subscription.objects.due(now).with_progress().filter(pk=number).first()
    return subscription is not None and subscription.deliver_next(now)


class Worker:
    """Looks each second who is due. Threads that wait for a receiver hold no transaction open."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.busy: dict[int, Future[None]] = {}
        self.cleaned_at: datetime | None = None

    def run(self, *, once: bool) -> None:
        """Until it is to stop; with `once` until everybody due now has been served."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not self.stopping.is_set():
                self._round(pool)
                if once:
                    break
                self.stopping.wait(LOOK_EVERY)
        self._finish(self.busy.values())

    def _round(self, pool: ThreadPoolExecutor) -> None:
        self._finish(future for future in self.busy.values() if future.done())
        self.busy = {number: future for number, future in self.busy.items() if not future.done()}
        try:
            now = timezone.now()
            self._clean(now)
            for number in Subscription.objects.due(now).values_list("pk", flat=True):
                if number not in self.busy:
                    self.busy[number] = pool.submit(deliver, number, self.stopping)
        except Error as error:
            log.warning("no look at the subscriptions: %s", error)
            connection.close()

    def _finish(self, futures: Iterable[Future[None]]) -> None:
        """A fault of our own with one subscription is told and keeps nobody else waiting."""
        for future in list(futures):
            if error := future.exception():
                log.error("a subscription could not be served", exc_info=error)

    def _clean(self, now: datetime) -> None:
        if self.cleaned_at is None or now - self.cleaned_at >= CLEAN_EVERY:
            Delivery.objects.outdated(now).delete()
            self.cleaned_at = now
