import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402 -- only now they are there

from config.safety import refuse_forgetful_database  # noqa: E402

if not settings.LOCAL:
    refuse_forgetful_database()
