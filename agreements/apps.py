from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AgreementsConfig(AppConfig):
    name = "agreements"

    def ready(self) -> None:
        from agreements.models.standing import ITEMS

        post_migrate.connect(ITEMS.install, sender=self, dispatch_uid="agreements.standing")
