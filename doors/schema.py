"""The OpenAPI description: one tag a resource, and in one place what every answer has in common."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class RegisterSchema(AutoSchema):
    def get_tags(self) -> list[str]:
        return [str(getattr(self.view, "basename", "reports"))]


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"
    priority = 1

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def _header(text: str, example: str, kind: str = "string") -> dict[str, Any]:
    return {"description": text, "schema": {"type": kind}, "example": example}


LIMITS = {
    "RateLimit-Policy": _header(
        "The quota that the request counts on, `q` requests in `w` seconds: of the `token`, of the `user` of a session"
        " or of the address of somebody `anonymous`. Absent where no limit is set.",
        '"token";q=3000;w=60',
    ),
    "RateLimit": _header("What is left: `r` requests for `t` seconds.", '"token";r=2990;t=42'),
}
HEADERS = {
    **LIMITS,
    "Retry-After": _header("Seconds until the quota begins anew.", "42", "integer"),
    "WWW-Authenticate": _header(
        "Why a token was refused (RFC 6750): unknown, revoked, expired, of a closed account, or not for this address.",
        'Bearer realm="pacta", error="invalid_token", error_description="The token has expired"',
    ),
}
PROBLEM = {
    "type": "object",
    "description": "What went wrong, by RFC 9457.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": True},
    },
}
REFUSALS = {
    "401": ("No log-in, or a token that does not let in.", ["WWW-Authenticate"]),
    "429": ("Too many requests: the quota is used up.", ["Retry-After"]),
}


def say_what_every_answer_carries(result: dict[str, Any], **_told: Any) -> dict[str, Any]:
    """Hook of drf-spectacular: the limits' headers on each answer, and the refusals 401 and 429 of each operation."""
    components = result.setdefault("components", {})
    components.setdefault("headers", {}).update(HEADERS)
    components.setdefault("schemas", {}).setdefault("Problem", PROBLEM)
    operations = [found for path in result["paths"].values() for found in path.values() if "responses" in found]
    for operation in operations:
        for status, (text, _more) in REFUSALS.items():
            operation["responses"].setdefault(status, {"description": text, "content": _problem()})
        for status, answer in operation["responses"].items():
            more = REFUSALS.get(status, ("", []))[1]
            answer.setdefault("headers", {}).update({name: _link(name) for name in (*LIMITS, *more)})
    return result


def _problem() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _link(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}
