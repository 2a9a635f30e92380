"""Runs Django's deployment checks with the settings of a production portal."""

import os
import secrets
import subprocess
import sys

PRODUCTION = {
    "PORTAL_MODE": "production",
    "PORTAL_ENV_FILE": os.devnull,
    "SECRET_KEY": secrets.token_hex(32),
    "AUDIT_KEY": secrets.token_hex(32),
    "ALLOWED_HOSTS": "portal.example.com",
    "TENCENTCLOUD_SECRET_ID": "AKIDexample",
    "TENCENTCLOUD_SECRET_KEY": "example",
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "portal",
    "OIDC_CLIENT_SECRET": "example",
    "DATABASE_URL": "sqlite:///run/deployment-check.sqlite3",
}

if __name__ == "__main__":
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    sys.exit(subprocess.run(command, env=os.environ | PRODUCTION, check=False).returncode)
