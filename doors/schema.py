"""The OpenAPI description: one tag a resource, and in one place what answers have in common.

Serializers say what a record looks like, `doors.words` what a list can be asked; which statuses, headers and media
types an address has follows from what kind of address it is, and stands here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from doors.exports import NDJSON, ROWS
from doors.tables import CSV, XLSX
from doors.words import CODES, parameter, parameters
from partners.filters import AsOfFilter

Schema = dict[str, Any]
SUMMARIES = {"list": "List", "retrieve": "Read one", "partial_update": "Change some fields"}
# `?format=` is for whoever cannot send an Accept header.
FORMAT = "In which form to answer, whatever Accept says. A file holds all rows, not a page."
PROBLEMS = {
    400: "A parameter, header or field is unknown, wrong or against a rule of the register; `errors` names it.",
    401: "No log-in, or a token that does not let in.",
    403: "Your role, or your token, does not do this.",
    404: "There is no such record, or it is not for you.",
    405: "Not this method; `Allow` names those that there are.",
    406: "None of the forms that `Accept` names.",
    409: "Not in the record's present state; or the first request with this Idempotency-Key still runs.",
    410: "The cursor is of another epoch. Start anew, without one.",
    412: "The record was changed since you read it. Read it again.",
    413: "Too large: a body, or more rows than a spreadsheet holds.",
    415: "Not a media type that is taken here.",
    422: "This Idempotency-Key was used with another request.",
    428: "Say with If-Match which version you have seen.",
    429: "Too many requests: the quota is used up.",
    503: "The database is not available; come back.",
}
ALWAYS = (400, 401, 403, 405, 406, 429, 503)
ON_WRITING = (404, 409, 412, 413, 415, 422, 428)


def _header(text: str, example: str, kind: str = "string") -> Schema:
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
    "X-Request-ID": _header("The request's id, as in the log and in the history.", "9f1c2d3e4b5a69788796a5b4c3d2e1f0"),
    "Cache-Control": _header("Whether you may keep the answer: nobody else may.", "private, no-cache"),
    "ETag": _header(
        "What If-None-Match asks with; of a record also what If-Match writes with: `<version>.<hash of the body>`.",
        '"3.8c1f00d25b7e9a41"',
    ),
    ROWS: _header("Of a file: how many rows it has when it came whole.", "128", "integer"),
    "Location": _header("The address of what was made.", "/api/v1/status-updates/12/"),
    "Idempotency-Replayed": _header("`true`: the kept answer to the first request with this key.", "true"),
    "Allow": _header("The methods of this address.", "GET, PATCH, HEAD"),
    "Retry-After": _header("Seconds to wait.", "42", "integer"),
    "WWW-Authenticate": _header(
        "Why a token was refused (RFC 6750): unknown, revoked, expired, of a closed account, or not for this address.",
        'Bearer realm="pacta", error="invalid_token", error_description="The token has expired"',
    ),
}
EVERYWHERE = (*LIMITS, "X-Request-ID", "Cache-Control")
BESIDES = {401: ["WWW-Authenticate"], 405: ["Allow"], 409: ["Retry-After"], 429: ["Retry-After"], 503: ["Retry-After"]}
PROBLEM = {
    "type": "object",
    "description": "What went wrong, by RFC 9457.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"description": "What is wrong with each parameter or field, by its name.", "type": "object",
                   "additionalProperties": True},
    },
}  # fmt: skip


class RegisterSchema(AutoSchema):
    def get_tags(self) -> list[str]:
        return [str(getattr(self.view, "basename", "reports")).partition("/")[0]]

    def get_summary(self) -> str:
        action = getattr(self.view, "action", None)
        return SUMMARIES.get(action or "", "") or (self.view.__doc__ or "").strip().split("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """What a record is; of all else what the view does."""
        reads = getattr(self.view, "action", None) in {"list", "retrieve"}
        return (self.view.__doc__ or "") if reads else str(super().get_description())

    def _is_table(self) -> bool:
        """Whether the address gives rows, as pages and as files."""
        return getattr(self.view, "filterset_class", None) is not None and "{" not in self.path

    def _get_filter_parameters(self) -> list[Schema]:
        if self._is_table():
            return parameters(self.view.filterset_class)  # type: ignore[attr-defined]
        reads_record = self.method == "GET" and "{" in self.path
        return [parameter("as_of", AsOfFilter())] if reads_record else []

    def _get_format_parameters(self) -> list[Schema]:
        forms = list(self.map_renderers("format"))
        return [{"name": "format", "in": "query", "schema": {"type": "string", "enum": forms}, "description": FORMAT}]

    def _resolve_path_parameters(self, variables: list[str]) -> list[Schema]:
        schema = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 10**18 - 1}
        text = "The id of the record; `?reference=` of the list finds it by its stable code."
        return [{"name": name, "in": "path", "required": True, "schema": schema, "description": text}
                for name in variables]  # fmt: skip

    def get_operation(self, *args: Any, **options: Any) -> Any:
        """With every status that the address can answer, and with the headers of each."""
        operation = super().get_operation(*args, **options)
        if operation:
            answers = operation["responses"]
            for answer in answers.values():
                answer["headers"] = {name: _link("headers", name) for name in self._headers()}
                self._as_files(answer.get("content", {}))
                answer["description"] = answer["description"] or self._told()
            if self.method == "GET":
                names = (*EVERYWHERE, "ETag")
                unchanged = {"description": "What If-None-Match names still holds."}
                answers["304"] = {**unchanged, "headers": {name: _link("headers", name) for name in names}}
            answers |= {str(status): _link("responses", _name(status)) for status in self._refusals()}
            operation["responses"] = dict(sorted(answers.items()))
        return operation

    def _told(self) -> str:
        if self.method == "POST":
            return "Done; the record that came of it."
        return "The rows: a page as JSON, all of them as a file." if self._is_table() else "The record."

    def _headers(self) -> list[str]:
        more = {"GET": [ROWS] if self._is_table() else [], "POST": ["Location", "Idempotency-Replayed"]}
        return [*EVERYWHERE, "ETag", *more.get(self.method, ["Idempotency-Replayed"])]

    def _refusals(self) -> list[int]:
        if self.method != "GET":
            return [*ALWAYS, *ON_WRITING]
        more = [404] if "{" in self.path else [413] if self._is_table() else []
        return [*ALWAYS, *more, *getattr(self.view, "refusals", ())]

    def _as_files(self, content: Schema) -> None:
        """The same rows in other forms: a file is text or bytes, and no JSON."""
        for kind, text in ((CSV, "UTF-8 with a byte order mark; a first line with the names of the columns."),
                           (NDJSON, "Each line is a row, as JSON has it.")):  # fmt: skip
            if kind.partition(";")[0] in content:
                content[kind.partition(";")[0]] = {"schema": {"type": "string", "description": text}}
        if XLSX in content:
            content[XLSX] = {"schema": {"type": "string", "contentMediaType": XLSX}}


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


def say_what_every_answer_carries(result: Schema, **_told: Any) -> Schema:
    """Hook of drf-spectacular: the headers and the refusals that operations refer to."""
    components = result.setdefault("components", {})
    components["headers"] = HEADERS
    for name, schema in components["schemas"].items():
        for told in schema.get("properties", {}).values():
            if {"type": "string", "maxLength": 0} in told.get("oneOf", ()):
                # An empty text is a text in a format too, where a reader asks for no formats.
                told["anyOf"] = told.pop("oneOf")
        if name.endswith("Request"):
            # An unknown field is refused and named: a misspelt one must not be lost quietly.
            schema["additionalProperties"] = False
    components.setdefault("schemas", {}).update(Problem=PROBLEM, CountryCode=CODES)
    components["responses"] = {_name(status): _refusal(status, text) for status, text in PROBLEMS.items()}
    return result


def _refusal(status: int, text: str) -> Schema:
    """The answer of a status, as problem details."""
    example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": text}
    if status == HTTPStatus.BAD_REQUEST:
        example |= {
            "detail": "Some parameters or fields are wrong.",
            "errors": {"partner": ["No country has this code."]},
        }
    names = (*EVERYWHERE, *BESIDES.get(status, ()))
    return {
        "description": text,
        "headers": {name: _link("headers", name) for name in names},
        "content": {"application/problem+json": {"schema": _link("schemas", "Problem"), "example": example}},
    }


def _name(status: int) -> str:
    return "".join(word.capitalize() for word in HTTPStatus(status).name.split("_"))


def _link(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
