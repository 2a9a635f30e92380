"""What a sign-in and a re-check cost: commits, which wait for a disk, and statements; the same on both databases."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from provider_visitor import decided, loopback_provider, provider, start, visit  # noqa: F401
from rechecking import age

pytestmark = pytest.mark.django_db(transaction=True)
WRITES = ("INSERT", "UPDATE", "DELETE")
STATEMENTS = (37, 24)  # of a first sign-in, of the next
RECHECK = 14


def test_a_sign_in_is_two_commits_and_a_pinned_number_of_statements(provider):
    costs = []
    for browser in (Client(), Client()):
        started = start(browser)
        callback = decided(provider, started)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(callback).status_code == 302
        costs.append([query["sql"] for query in captured])

    assert [commits_in(statements) for statements in costs] == [2, 2]
    assert tuple(map(len, costs)) == STATEMENTS, costs


def test_a_re_check_is_one_commit_and_a_pinned_number_of_statements(provider, client):
    visit(client, provider)
    age(client, checked=301)
    callback = decided(provider, client.get("/"))

    with CaptureQueriesContext(connection) as captured:
        assert client.get(callback).status_code == 302

    statements = [query["sql"] for query in captured]
    assert commits_in(statements) == 1
    assert len(statements) == RECHECK, statements


def commits_in(statements: list[str]) -> int:
    """Of transactions, and of each write that was one of its own."""
    is_open, commits = False, 0
    for sql in statements:
        if sql.startswith(("BEGIN", "COMMIT")):
            is_open, commits = sql.startswith("BEGIN"), commits + sql.startswith("COMMIT")
        elif sql.startswith(WRITES) and not is_open:
            commits += 1
    return commits
