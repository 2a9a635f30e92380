"""Decides how much one server process does at once and how long a restart waits for it.

gunicorn.conf.py and the settings both read it, so it knows neither.
"""

from portal.environment import Environment

THREADS = 12  # of each worker
PLACES_MAX = (THREADS - 1) // 2  # creates have as many places as disables
BUSY_SECONDS = 5  # a busy database answers 503 after this
QUEUE_SECONDS = 5  # for a turn at the API
OUTCOME_SECONDS = 20  # for a busy database, once the cloud has answered


def places(env: Environment) -> int:
    """Creates that may wait for the cloud, and as many disables: never every thread, or the pages would freeze."""
    return env.whole("TAT_CONCURRENT", default=4, low=1, high=PLACES_MAX)


def deadline(env: Environment) -> float:
    return env.seconds("TAT_DEADLINE", default=15, low=0.1, high=30)


def longest_create(deadline: float) -> float:
    """Its row, its turn, the call, its outcome, and the call that closes a code nobody may be shown."""
    return BUSY_SECONDS + QUEUE_SECONDS + deadline + OUTCOME_SECONDS + BUSY_SECONDS + deadline
