"""What gunicorn is told follows from what a create may take: a restart waits, and pages keep threads of their own."""

import gc
import runpy
from pathlib import Path

import pytest

from portal import serving
from registercodes import settling, throttle

CONFIGURATION = Path(__file__).resolve().parent.parent / "gunicorn.conf.py"


def told(monkeypatch, **environment) -> dict:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(CONFIGURATION))


@pytest.mark.parametrize(("deadline", "grace"), [("15", 65), ("30", 95), ("0.1", 36), ("LEAK", 65)])
def test_the_grace_of_a_restart_follows_the_deadline_of_a_call(monkeypatch, deadline, grace):
    assert told(monkeypatch, TAT_DEADLINE=deadline)["graceful_timeout"] == grace


def test_what_a_create_waits_for_is_what_the_server_reckons_with(settings):
    assert (serving.QUEUE_SECONDS, serving.OUTCOME_SECONDS) == (throttle.QUEUE_SECONDS, settling.OUTCOME_SECONDS)
    assert settings.DATABASE_WAIT_SECONDS == serving.BUSY_SECONDS


def test_creates_can_never_take_every_thread(monkeypatch):
    most = serving.Environment({"TAT_CONCURRENT": str(serving.PLACES_MAX)})
    too_many = serving.Environment({"TAT_CONCURRENT": str(serving.PLACES_MAX + 1)})

    assert told(monkeypatch)["threads"] == serving.THREADS > 2 * serving.places(most)
    assert most.problems == []
    assert serving.places(too_many) < serving.THREADS and too_many.problems


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collections():
    """What the collector does meanwhile: (phase, facts); its threshold is put back."""
    seen, before = [], gc.get_threshold()

    def look(phase, facts):
        seen.append((phase, facts))

    gc.callbacks.append(look)
    yield seen
    gc.callbacks.remove(look)
    gc.set_threshold(*before)


def test_cycles_are_looked_for_when_an_answer_has_left_and_only_when_there_may_be_many(monkeypatch, collections):
    hooks = told(monkeypatch)
    hooks["post_worker_init"](None)
    gc.collect()
    collections.clear()

    few = [Knot() for _ in range(10)]
    hooks["post_request"](None, None, {}, None)
    assert collections == []

    del few
    many = [Knot() for _ in range(hooks["UNCOLLECTED"])]
    del many
    hooks["post_request"](None, None, {}, None)
    assert [phase for phase, _ in collections] == ["start", "stop"]
    assert collections[-1][1]["collected"] >= hooks["UNCOLLECTED"]


def test_a_worker_still_looks_for_them_within_one_long_answer(monkeypatch, collections):
    hooks = told(monkeypatch)
    hooks["post_worker_init"](None)
    gc.collect()
    collections.clear()

    for _ in range(2 * hooks["UNCOLLECTED_WITHIN"]):
        Knot()
    assert collections
