"""How the portal is served, by `make run` as in deployments; the environment's GUNICORN_CMD_ARGS wins."""

import gc
import math
import os
from pathlib import Path

from portal import serving
from portal.environment import Environment
from portal.logs import configuration

env = Environment()  # what is wrong in it stops the worker, which names it
env.add_file(Path(__file__).resolve().parent / ".env")

bind = "127.0.0.1:8000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
# TAT_CONCURRENT of these may wait for the cloud; the others keep the pages answering.
threads = serving.THREADS
# A heartbeat, not a limit of a request; our own deadlines bound those (measured: 6 s passed a 3 s timeout).
timeout = 60
# Killed in its middle, a create would leave a code that nobody holds.
graceful_timeout = math.ceil(serving.longest_create(serving.deadline(env)))
keepalive = 5
# Forwarded headers are judged by PROXY_HOPS and TRUSTED_PROXIES; gunicorn's own belief would let a caller claim https.
secure_scheme_headers: dict[str, str] = {}
forwarded_allow_ips = "127.0.0.1"
# Nor may a caller move the path: SCRIPT_NAME from 127.0.0.1 walked around a proxy's rules for paths.
forwarder_headers = ""
control_socket_disable = True
# Logs go through portal.logs as JSON; RequestIdMiddleware writes the line of each request.
logconfig_dict = configuration(level=os.environ.get("LOG_LEVEL", "INFO"))

# Python looks for cycles after so many allocations, in the middle of the answer that made them: 2 to 5 ms of one
# request in twenty. Here it looks when an answer has left (other threads wait as long), and within one only when it
# makes very many objects.
UNCOLLECTED = 5_000
UNCOLLECTED_WITHIN = 50_000


def post_worker_init(worker):
    gc.set_threshold(UNCOLLECTED_WITHIN)


def post_request(worker, request, environ, response):
    if gc.get_count()[0] > UNCOLLECTED:
        gc.collect()
