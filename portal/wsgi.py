"""The portal as a WSGI application; runs the start-up checks, which servers do not run by themselves."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# gunicorn halts, its other workers too, on exit status 3 ("worker failed to boot") and would restart the worker for
# ever on another: for configuration that is wrong, never for a database that is away.
STOP = 3


def start():
    application = get_wsgi_application()
    from portal import startup  # it reads models, which exist from here on

    problems = startup.problems_at_start()
    if problems:
        stop(problems)
    startup.warn()
    gc.collect()
    gc.freeze()  # what was loaded stays: looking through all of it stopped every thread of a worker for 30 ms and more
    return application


def stop(problems: list[str]) -> None:
    print("The portal does not start:", *problems, sep="\n  ", file=sys.stderr, flush=True)
    raise SystemExit(STOP)


try:
    application = start()
except ImproperlyConfigured as problem:
    stop(str(problem).strip().split("\n  "))
