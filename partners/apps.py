from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


def unlimited(using: str, **_: Any) -> None:
    """Building an index of a large register takes longer than any request may."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def limited(using: str, **_: Any) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("RESET statement_timeout")


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        from partners.asof import drop_views, make_views

        pre_migrate.connect(unlimited, sender=self, dispatch_uid="partners.apps.unlimited")
        pre_migrate.connect(drop_views, sender=self, dispatch_uid="partners.asof.drop_views")
        post_migrate.connect(make_views, sender=self, dispatch_uid="partners.asof.make_views")
        post_migrate.connect(limited, sender=self, dispatch_uid="partners.apps.limited")
