from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        from partners.asof import drop_views, make_views

        pre_migrate.connect(drop_views, sender=self, dispatch_uid="partners.asof.drop_views")
        post_migrate.connect(make_views, sender=self, dispatch_uid="partners.asof.make_views")
