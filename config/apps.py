"""What concerns the whole installation: its commands, and its schema as a dump writes it."""

from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.models.signals import post_migrate

# PostgreSQL writes `IN ('a', 'b')` over varchar back in words that it then reads as another tree, and writes that one
# otherwise. Read once more it stays, so a restored register would differ from its dump in nothing but this.
SETTLE_CHECKS = r"""
    DO $$
    DECLARE it record;
    BEGIN
        FOR it IN
            SELECT conrelid::regclass AS place, conname, pg_get_constraintdef(oid) AS body FROM pg_constraint
            WHERE contype = 'c' AND connamespace = current_schema()::regnamespace
              AND pg_get_constraintdef(oid) LIKE '%::character varying])::text[]%'
        LOOP
            EXECUTE format(
                'ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', it.place, it.conname, it.conname, it.body
            );
        END LOOP;
    END $$
"""


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # One app's signal is enough: each comes after all migrations.
        post_migrate.connect(settle_checks, sender=apps.get_app_config("oversight"))


def settle_checks(using: str, **more: Any) -> None:
    """Checks as they are after a restore, so that dump, restore and dump are equal to the byte."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = '60s'")
        cursor.execute(SETTLE_CHECKS)
        cursor.execute("RESET lock_timeout")
