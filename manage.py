#!/usr/bin/env python
"""Runs the portal's commands; `manage.py help` lists them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(f"The portal is not configured:\n{problem}")


if __name__ == "__main__":
    main()
