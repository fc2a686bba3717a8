"""The OpenAPI description: one tag a resource."""

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
