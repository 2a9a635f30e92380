"""The portal's settings, with static files collected into the folder STATIC_ROOT names."""

import os
from pathlib import Path

from portal.settings import *  # noqa: F403

STATIC_ROOT = Path(os.environ["STATIC_ROOT"])
