from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from projects.models.standing import PROJECTS

        post_migrate.connect(PROJECTS.install, sender=self, dispatch_uid="projects.standing")
