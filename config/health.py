"""Whether the process and the database answer, for those who watch over them. Without log-in."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse


def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database unavailable", status=503, headers={"Retry-After": "5"})
    return HttpResponse("ready")


def healthy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")
