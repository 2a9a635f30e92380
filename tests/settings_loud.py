"""The portal's settings with everything said aloud: every logger at DEBUG, every statement, and no redaction.

Redaction is the belt; without it the test sees whether anything would fall. BROKEN_TEMPLATES
names a folder whose templates win over ours.
"""

import logging
import os

from django.db.backends.signals import connection_created
from pythonjsonlogger.json import JsonFormatter

from portal.settings import *  # noqa: F403

TEMPLATES[0]["DIRS"][:0] = [folder] if (folder := os.environ.get("BROKEN_TEMPLATES")) else []  # noqa: F405


def say_everything() -> None:
    for name in ["", *logging.root.manager.loggerDict]:
        logging.getLogger(name).setLevel(logging.DEBUG)
    for name in ("django.db.backends", "urllib3", "requests", "gunicorn.error"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    plain = JsonFormatter("%(levelname)s %(name)s %(message)s %(request_id)s", rename_fields={"message": "event"})
    for handler in logging.root.handlers:
        handler.setFormatter(plain)


def say_statements(connection, **_) -> None:
    connection.force_debug_cursor = True


say_everything()
connection_created.connect(say_statements, dispatch_uid="settings_loud")
