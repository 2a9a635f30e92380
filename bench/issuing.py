"""What one issue costs beyond the API's own time: the real portal under gunicorn, 10 posts a second, open loop."""

import threading
import time
from pathlib import Path

from sandbox_process import CREATE, Sandbox
from server_process import Portal, Visitor

PER_SECOND = 10  # at the full 20 the queue for slots, which is the design, would be most of the figure


def measure(directory: Path, *, name: str, server: str, count: int, goal: float) -> list[tuple[str, ...]]:
    """Milliseconds of each POST, less what the sandbox took for its call. The API's own limit is off on both sides."""
    with (
        Sandbox(directory, rate=0, process=True) as sandbox,
        # One slot is reserved for each issue all the same.
        Portal(directory, sandbox, database=server, TAT_RATE=20) as portal,
    ):
        alice = portal.sign_in("alice")
        forms = [portal.form(alice) for _ in range(count)]
        taken = _posts(portal, alice, forms)
        api = sorted((call.answered - call.arrived) * 1000 for call in sandbox.calls(CREATE))
        issued = sum(1 for row in portal.rows() if row.state == "issued")
    own = sorted(milliseconds - api[len(api) // 2] for milliseconds in taken)
    p50, p95 = own[len(own) // 2], own[int(len(own) * 0.95)]
    met = "met" if p95 <= goal else "MISSED"
    yardstick = f"API itself p50 {api[len(api) // 2]:.1f} ms"
    measured = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms ({issued}/{count})"
    return [(f"one issue beyond it, {name}", measured, yardstick, f"p95 <= {goal} ms", met)]


def _posts(portal: Portal, visitor: Visitor, forms: list[dict[str, object]]) -> list[float]:
    taken = [0.0] * len(forms)

    def post(number: int) -> None:
        started = time.perf_counter()
        portal.send(visitor, forms[number])
        taken[number] = (time.perf_counter() - started) * 1000

    started = time.perf_counter()
    threads = [threading.Thread(target=post, args=(number,)) for number in range(len(forms))]
    for number, thread in enumerate(threads):
        time.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
        thread.start()
    for thread in threads:
        thread.join()
    return taken
