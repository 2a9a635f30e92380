"""How the portal is served, by `make run` as in deployments; the environment's GUNICORN_CMD_ARGS wins."""

import os

from portal.logs import configuration

bind = "127.0.0.1:8000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
# TAT_CONCURRENT (4) of these may wait for the cloud; the others keep the pages answering.
threads = 12
# A heartbeat, not a limit of a request; our own deadlines bound those (measured: 6 s passed a 3 s timeout).
timeout = 60
# A create may take: 5 s queue, 15 s call, 20 s for a busy database.
graceful_timeout = 45
keepalive = 5
# Forwarded headers are judged by PROXY_HOPS and TRUSTED_PROXIES; gunicorn's own belief would let a caller claim https.
secure_scheme_headers: dict[str, str] = {}
forwarded_allow_ips = "127.0.0.1"
# Nor may a caller move the path: SCRIPT_NAME from 127.0.0.1 walked around a proxy's rules for paths.
forwarder_headers = ""
control_socket_disable = True
# Logs go through portal.logs as JSON; RequestIdMiddleware writes the line of each request.
logconfig_dict = configuration(level=os.environ.get("LOG_LEVEL", "INFO"))
