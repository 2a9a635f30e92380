"""Reads log records as the portal prints them: every field, with nothing of the portal's own redaction switched off."""

import logging

import pytest

from portal.logs import RedactingFormatter

PRINTED = RedactingFormatter("%(levelname)s %(name)s %(message)s %(request_id)s")
QUIET = ("django", "django.request", "urllib3", "portal", "registercodes")  # their levels may be set apart


def everything(caplog: pytest.LogCaptureFixture) -> None:
    """From now on, down to DEBUG."""
    for name in ("", *QUIET):
        caplog.set_level(logging.DEBUG, logger=name or None)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [PRINTED.format(record) for record in caplog.records]


def warnings_of_sign_in(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [
        record
        for record in caplog.records
        if record.levelno >= logging.WARNING and (record.name == "portal.sso" or record.name.startswith("portal.sso."))
    ]


def leaked(caplog: pytest.LogCaptureFixture, secrets: list[str]) -> list[str]:
    """Which of ``secrets`` any line holds; a token's parts count like the whole."""
    printed = "\n".join(lines(caplog))
    parts = {part for secret in secrets for part in (secret, *secret.split(".")) if len(part) >= 16}
    return [part for part in parts if part in printed]
