"""Decides where the admin may be mounted: below a path of its own, never over a page of the portal."""

import re

from portal.environment import Environment

# First words of the portal's own addresses, those of pages to come included.
TAKEN = frozenset(
    {"sso", "teams", "codes", "find", "attention", "outside", "adopted", "codes.csv"}
    | {"changes", "healthz", "readyz", "static", "metrics"}
)
FOLDERS = re.compile(r"(?:[A-Za-z0-9_-]+/)+")


def admin_path(env: Environment) -> str:
    path = env.text("ADMIN_PATH", default="admin/")
    if not FOLDERS.fullmatch(path):
        env.complain("ADMIN_PATH", "must be letters, digits, - and _ that end with a slash, such as admin/")
    elif path.split("/")[0].lower() in TAKEN:
        env.complain("ADMIN_PATH", "is an address of the portal's own pages")
    return path
