"""What a worker of the portal does besides answering, for what is measured inside one process."""

import gc
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

GUNICORN = Path(__file__).resolve().parent.parent / "gunicorn.conf.py"


def started() -> Callable[[], None]:
    """As portal.wsgi and gunicorn.conf.py begin; what is returned is what follows each answer."""
    gc.collect()
    gc.freeze()
    hooks: dict[str, Any] = runpy.run_path(str(GUNICORN))
    hooks["post_worker_init"](None)
    return lambda: hooks["post_request"](None, None, {}, None)
