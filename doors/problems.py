"""Errors as RFC 9457 problem details, with the names of the fields."""

from __future__ import annotations

import errno
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from psycopg.errors import CheckViolation, ExclusionViolation, ForeignKeyViolation, UniqueViolation
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import exception_handler

from doors.writes import StillRunning

# The database is away, has no connection left, waits for a lock or takes too long; psycopg and Django call it so.
UNAVAILABLE = (OperationalError, InterfaceError)
# No room for a file, or none that its owner may have.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
RETRY_AFTER = "5"  # seconds
# What had passed every check, and was refused because of what somebody else wrote meanwhile.
MET_ANOTHER = (UniqueViolation, ForeignKeyViolation, ExclusionViolation)


class Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is not available."


def is_full(error: BaseException | None) -> bool:
    """Whether a file was not stored for want of room."""
    return isinstance(error, OSError) and error.errno in FULL


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None (a 500) only for what is our own fault."""
    response = exception_handler(_known(error), context)
    if response is None:
        return None
    problem = {"type": "about:blank", "title": response.status_text, "status": response.status_code}
    if isinstance(response.data, dict) and set(response.data) - {"detail"}:
        problem |= {"detail": _("Some parameters or fields are wrong."), "errors": response.data}
    elif isinstance(response.data, dict):
        problem["detail"] = response.data.get("detail", "")
    response.data = problem
    response.content_type = "application/problem+json"
    if response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = RETRY_AFTER
    if isinstance(error, StillRunning):
        response["Retry-After"] = "1"
    return response


def _known(error: Exception) -> Exception:
    if isinstance(error, DjangoValidationError):
        return exceptions.ValidationError(as_serializer_error(error))
    if isinstance(error, DataError | OverflowError):
        return exceptions.ValidationError({"detail": _("A value is out of range.")})
    if isinstance(error, IntegrityError) and isinstance(error.__cause__, CheckViolation):
        return Conflict(str(error).splitlines()[0])
    if isinstance(error, IntegrityError) and isinstance(error.__cause__, MET_ANOTHER):
        return Conflict(_("Another change came first. Look at the record again."))
    if isinstance(error, ProtectedError):
        return Conflict(_("Other records refer to this one."))
    if isinstance(error, UNAVAILABLE):
        return Unavailable()
    if is_full(error):
        return Unavailable(_("There is no room for the file. Nothing was stored."))
    return error
