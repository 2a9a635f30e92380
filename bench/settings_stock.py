"""The portal's settings, with Django's own admin over the same rows at an address of its own; files are not collected."""

from portal.settings import *  # noqa: F403
from portal.settings import MIDDLEWARE, STORAGES

ROOT_URLCONF = "bench.stock"
ALLOWED_HOSTS = ["testserver"]
SECURE_SSL_REDIRECT = False
STOCK_MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("portal.")]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
