"""The portal's own settings in development mode; only static files are found rather than collected."""

import os

os.environ.setdefault("PORTAL_MODE", "development")

from portal.settings import *  # noqa: F403

STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
