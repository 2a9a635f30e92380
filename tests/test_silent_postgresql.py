"""How long a PostgreSQL may keep silent: options of the connection, by what the process began with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OPTIONS_OF = """
import json, sys
sys.modules[{module!r}] = sys  # as if it were what imports the settings; its start asks the database
from django.conf import settings
print(json.dumps(settings.DATABASES["default"]["OPTIONS"]))
"""


def database_options(module) -> dict:
    """Of PostgreSQL, in a process that begins with this module; the server need not exist."""
    command = [sys.executable, "-c", OPTIONS_OF.format(module=module)]
    variables = {
        "PATH": os.environ["PATH"],
        "PORTAL_MODE": "development",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
    }
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.processes
@pytest.mark.same_on_any_database("names a PostgreSQL that is not there, and connects to none")
def test_a_postgresql_that_falls_silent_is_given_up_and_only_pages_bound_their_statements():
    pages, commands = database_options("portal.wsgi"), database_options("manage")

    for options in (pages, commands):
        assert options["connect_timeout"] == 5
        assert options["tcp_user_timeout"] == 10_000
        assert {"keepalives_idle", "keepalives_interval", "keepalives_count"} <= set(options)
        assert "-c lock_timeout=5000" in options["options"]
    assert "-c statement_timeout=10000" in pages["options"]
    assert "statement_timeout" not in commands["options"]
