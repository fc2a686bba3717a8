from __future__ import annotations

from typing import Any

from knox.auth import TokenAuthentication
from rest_framework.request import Request


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`. The token of the request is `request.auth`."""

    def authenticate_header(self, request: Request) -> Any:
        return 'Bearer realm="api"'
