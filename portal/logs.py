"""Writes every log line as JSON on stdout, with the request's id; takes secrets out as the last belt."""

import logging
import logging.config
import re
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="")

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
REDACTED = "[redacted]"
# A value looks like 64 hex characters; our own digests do too and are told apart by their keys.
SECRET_SHAPES = re.compile(
    r"TC3-HMAC-SHA256\s+Credential=.*?Signature=[0-9a-fA-F]+"
    r"|(?<![0-9a-zA-Z])[0-9a-f]{64}(?![0-9a-zA-Z])"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"  # a signed token
    r"|(?<=RegisterCodeValue)(\\*[\"']\s*:\s*\\*[\"'])[^\"'\\]+"
)
SHORTEST_SHAPE = 20  # a signed token: "eyJ", eight more, a dot, eight more; most words of a line are shorter
NEVER_LOGGED = "request"  # Django adds the request object, whose repr is its address: the callback's holds a code
DIGEST_KEYS = frozenset({"digest", "previous_digest", "fingerprint"})


class RedactingFormatter(JsonFormatter):
    """JSON lines; redacts message, extras and tracebacks, of third-party loggers too."""

    secrets: tuple[str, ...] = ()

    def format(self, record: logging.LogRecord) -> str:
        """A record that cannot be formatted is named; logging itself would print its arguments, unredacted."""
        try:
            return super().format(record)
        except Exception:
            facts = {"where": f"{record.pathname}:{record.lineno}", "request_id": getattr(record, "request_id", "")}
            named = {"name": record.name, "levelno": logging.ERROR, "levelname": "ERROR", "msg": "unprintable_record"}
            return super().format(logging.makeLogRecord(named | facts))

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        told = {key: value for key, value in log_data.items() if key != NEVER_LOGGED}
        return {self.redact("", key): self.redact(key, value) for key, value in told.items()}

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["at"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        super().add_fields(log_data, record, message_dict)

    def redact(self, key: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float) or key in DIGEST_KEYS:
            return value
        text = value if isinstance(value, str) else str(value)
        if len(text) >= SHORTEST_SHAPE:
            text = SECRET_SHAPES.sub(REDACTED, text)
        for secret in self.secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Django logs some answers after the middleware has gone; their record still has the request."""
        if not hasattr(record, "request_id"):
            asked = getattr(record, "request", None)
            record.request_id = request_id.get() or getattr(asked, "request_id", "")
        return True


def configuration(*, level: str) -> dict[str, Any]:
    """For ``logging.config.dictConfig``; gunicorn is given the same, so that its lines are JSON too.

    A level that is none is INFO here: the settings name the variable, which logging's own complaint would not.
    """
    level = level if level in LEVELS else "INFO"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "portal.logs.RequestIdFilter"}},
        "formatters": {
            "json": {
                "()": "portal.logs.RedactingFormatter",
                "fmt": "%(levelname)s %(name)s %(message)s %(request_id)s",
                "rename_fields": {"levelname": "level", "name": "logger", "message": "event"},
            }
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # At DEBUG it prints the whole context of a page: the value, and addresses with an id token in them.
            "django.template": {"level": level if level != "DEBUG" else "INFO", "propagate": True},
            # The record's second copy: no level of the operator's leaves an event out.
            "registercodes.audit": {"level": "INFO", "propagate": True},
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False},  # ours has the request's id
        },
    }


def configure(*, level: str, secrets: Iterable[str]) -> None:
    """Install the one handler. ``secrets`` are masked wherever they appear."""
    RedactingFormatter.secrets = tuple(secret for secret in secrets if secret)
    logging.config.dictConfig(configuration(level=level))
