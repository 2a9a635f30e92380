"""The portal's settings, plus a page without any code of ours: its own address and its own template engine."""

import copy

from portal.settings import *  # noqa: F403
from portal.settings import BASE_DIR, MIDDLEWARE, TEMPLATES

ROOT_URLCONF = "bench.plain"
PLAIN_MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("portal.")]
_plain = copy.deepcopy(TEMPLATES[0]) | {"NAME": "plain"}
_plain["DIRS"] = [BASE_DIR / "bench" / "templates", *_plain["DIRS"]]
_plain["OPTIONS"]["context_processors"] = [
    name for name in _plain["OPTIONS"]["context_processors"] if not name.startswith("portal.")
]
TEMPLATES = [TEMPLATES[0] | {"NAME": "django"}, _plain]
