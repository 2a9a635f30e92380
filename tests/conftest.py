"""The stage for every test: a database file, a sandbox, and the cast."""

import os
from pathlib import Path

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # sync Playwright keeps a loop running in this thread

import pytest
from browsers import base_url, browser_type_launch_args, chromium, shared_portal, standing_portal, visit  # noqa: F401
from cast import *  # noqa: F403  the people and their browsers, as fixtures
from django.db import connection
from hypothesis import settings as hypothesis_settings
from module_order import longest_first
from sandbox_process import Sandbox, sandbox  # noqa: F401
from server_process import portal  # noqa: F401

from registercodes import hosts, ownership, triggers
from registercodes.models import Installation

pytest.register_assert_rewrite("call_endings")  # it asserts for others
hypothesis_settings.register_profile("suite", deadline=None)  # a busy machine is no counterexample
hypothesis_settings.load_profile("suite")

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(config, items):
    """What cannot differ on another database runs once, on the default one. Of two processes, none is left idle."""
    if connection.vendor != "sqlite":
        kept = [item for item in items if _may_differ(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items[:] = longest_first(items)


def _may_differ(item) -> bool:
    return _meets_a_database(item) and not item.get_closest_marker("same_on_any_database")


def _meets_a_database(item) -> bool:
    """Tests of processes and browsers start portals of their own; what is skipped on one database is about the other."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "processes", "browser", "alone", "skipif"))
    return marked or bool({"db", "transactional_db"} & set(item.fixturenames))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """SQLite in memory ignores the busy timeout, so the tests' database is a file. Each process has one of its own."""
    if connection.vendor == "sqlite":
        name = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    else:
        name = f"test_{connection.settings_dict['NAME']}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    connection.settings_dict["TEST"]["NAME"] = name


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """PostgreSQL drops no database that somebody is in: a thread or process of some test may not be gone yet."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _history_can_be_emptied_after_the_test(request):
    """The flush after a transactional test meets our triggers; the migrate signal puts them back."""
    yield
    if "transactional_db" in request.fixturenames or _is_transactional(request):
        with request.getfixturevalue("django_db_blocker").unblock():
            triggers.remove(connection)


def _is_transactional(request) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox"), rate=0) as sandbox:
        yield sandbox


@pytest.fixture
def point_at(settings, db):
    """Makes an address the portal's cloud, in its settings and in its database's stamp."""

    def point(address: str) -> None:
        settings.TAT_ENDPOINT = address
        hosts.forget()
        Installation.objects.update(endpoint_host=ownership.endpoint_host())

    return point


@pytest.fixture
def own_cloud(sandbox, point_at, settings) -> None:
    """The test's sandbox is the portal's cloud, as fast as it can be."""
    sandbox.set_limits(rate=0)
    point_at(sandbox.url)
    settings.TAT_RATE = 1000


@pytest.fixture
def cloud(shared_sandbox, settings, point_at):
    """The sandbox as the portal's cloud: no rate limit, no faults, no calls yet."""
    shared_sandbox.clear_faults()
    shared_sandbox.forget_calls()
    shared_sandbox.set_limits(rate=0, quota=100_000)
    point_at(shared_sandbox.url)
    settings.TAT_RATE = 1000
    yield shared_sandbox
    shared_sandbox.clear_faults()
