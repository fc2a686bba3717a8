"""Log lines: which request they belong to, nothing in them that is secret, nothing that draws a line of its own."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# What moves the cursor, ends a line or turns the direction of writing: a client could forge lines with it.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SECRETS = (
    (re.compile(r"(pacta_\w{9})[\w-]+"), r"\1***"),  # the start of a token names it and opens nothing
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\"]+"), r"\1 ***"),
    (re.compile(r"(://[^/\s:@]*:)[^@\s/]+@"), r"\1***@"),  # of DATABASE_URL, EMAIL_URL
    (
        re.compile(
            r"(?i)(\b\w*(?:password|passwd|secret|sessionid|csrftoken|csrfmiddlewaretoken|id_token|access_token)\w*"
            r"['\"]?\s*[=:]\s*['\"]?)[^\s'\"&;,)}]+"
        ),
        r"\1***",
    ),
)


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def masked(text: str) -> str:
    """The text without passwords, tokens and cookies."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def escaped(text: str) -> str:
    """The text on one line: control characters as they are written in JSON."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class LineFormatter(logging.Formatter):
    """For a person at the terminal: a line, and tracebacks indented, so that nothing in them looks like one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = escaped(masked(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802
        lines = masked(super().formatException(ei)).split("\n")  # type: ignore[arg-type]
        return "\n".join(f"  | {escaped(line)}" for line in lines)


class JsonFormatter(logging.Formatter):
    """For machines: an object a line, in ASCII. `extra={"fields": {…}}` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": getattr(record, "request_id", request_id.get()),
            "message": masked(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(told, default=str)
