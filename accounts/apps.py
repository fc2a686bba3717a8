from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import sessions
        from accounts.roles import grant

        # Permissions exist only once the last app has been migrated, so each of them asks again.
        post_migrate.connect(grant, dispatch_uid="accounts.roles.grant")
        sessions.connect()
