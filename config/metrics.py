"""What operators watch: `/metrics` as Prometheus reads it, for METRICS_NETWORKS or with METRICS_TOKEN (ADR 26)."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from accounts.addresses import among, of_request
from doors.replica import behind
from webhooks.models import Subscription

PATH = "/metrics"
METHODS = {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)

answered = Counter("pacta_requests", "Requests answered.", ["route", "method", "status"])
took = Histogram("pacta_request_seconds", "Time until an answer began.", ["route"], buckets=BUCKETS)


class MetricsMiddleware:
    """Counts each request under its route, never its address: what people look for stays out.

    `/metrics` itself is answered before hosts and HTTPS are looked at, as Prometheus asks each node by its inner
    address; to whom it is not open, there is no such page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_kept():
            return self.get_response(request)
        if request.path == PATH:
            return _told() if is_open_to(request) else HttpResponseNotFound()
        began = time.monotonic()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else "none"
        method = request.method if request.method in METHODS else "other"
        answered.labels(route, method, response.status_code).inc()
        took.labels(route).observe(time.monotonic() - began)
        return response


def is_kept() -> bool:
    return bool(settings.METRICS_NETWORKS or settings.METRICS_TOKEN)


def is_open_to(request: HttpRequest) -> bool:
    """Whether the client is of an allowed network or knows the token."""
    said = request.headers.get("Authorization", "").encode()
    knows = bool(settings.METRICS_TOKEN) and secrets.compare_digest(said, f"Bearer {settings.METRICS_TOKEN}".encode())
    return knows or among(of_request(request), settings.METRICS_NETWORKS)


def _told() -> HttpResponse:
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # The sum over all processes of this server; config/gunicorn.py makes the folder.
        MultiProcessCollector(registry)
    else:
        registry.register(answered)
        registry.register(took)
    registry.register(State())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class State(Collector):
    """How the installation stands at this moment, asked of the database."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            found = _state()
        except DatabaseError:
            found = {}
        yield GaugeMetricFamily("pacta_database_up", "Whether the database answers.", float(bool(found)))
        for name, (told, value) in found.items():
            if value is not None:
                yield GaugeMetricFamily(name, told, float(value))


def _state() -> dict[str, tuple[str, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), (SELECT count(*) FROM pg_stat_activity)")
        size, connections = cursor.fetchone()
    return {
        "pacta_database_bytes": ("Size of the database.", size),
        "pacta_database_connections": ("Processes of the database server.", connections),
        "pacta_webhooks_stuck": ("Subscriptions whose messages do not arrive.", Subscription.objects.stuck().count()),
        "pacta_replica_behind_bytes": ("What the replica has not replayed yet.", behind()),
    }
