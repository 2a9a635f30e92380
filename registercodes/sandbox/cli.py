"""How the sandbox is started from a shell, with Django or without."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from registercodes.sandbox import DEFAULT_PORT, SECRET_ID, SECRET_KEY
from registercodes.sandbox.cloud import DEFAULT_QUOTA, open_cloud
from registercodes.sandbox.server import Server, logger
from registercodes.sandbox.signature import Credentials


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; any other is refused")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free one (default: %(default)s)")
    parser.add_argument(
        "--state", default="run/sandbox.sqlite3", help="file the codes are kept in (default: %(default)s)"
    )
    parser.add_argument("--rate", type=int, default=20, help="requests per second and action, 0 = no limit")
    parser.add_argument("--quota", type=int, default=DEFAULT_QUOTA, help="codes a region may hold")
    parser.add_argument("--secret-id", default=SECRET_ID)
    parser.add_argument("--secret-key", default=SECRET_KEY)
    parser.add_argument("--token", default="", help="require this session token")
    parser.add_argument("--log-calls", action="store_true", help="one line per request, never a body")


def serve(options: argparse.Namespace) -> None:
    """Until interrupted or terminated."""
    if options.log_calls:
        logger.addHandler(logging.StreamHandler())
        logger.setLevel(logging.DEBUG)
    credentials = Credentials(options.secret_id, options.secret_key, options.token)
    Path(options.state).parent.mkdir(parents=True, exist_ok=True)
    cloud = open_cloud(state=options.state, rate=options.rate, quota=options.quota, credentials=credentials)
    server = Server(cloud, host=options.host, port=options.port)
    signal.signal(signal.SIGTERM, _interrupt)
    sys.stdout.write(f"Sandbox of Tencent Cloud TAT at {server.url} (state: {options.state}). Ctrl-C stops it.\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
        cloud.store.close()


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m registercodes.sandbox", description=__doc__)
    add_arguments(parser)
    try:
        serve(parser.parse_args(arguments))
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return 1
    return 0
