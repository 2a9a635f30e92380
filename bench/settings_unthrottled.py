"""The portal's settings with a budget that never makes a call wait.

At 20 per second a budget of 20 per second is a queue that only ever grows: its waiting is
the cloud's rule and not the portal's work. Every statement of it is still made.
"""

from portal.settings import *  # noqa: F403

TAT_RATE = 1000
