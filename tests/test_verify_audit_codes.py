"""manage.py verifyaudit on the rows of codes: each says what the event of its request says was asked."""

import pytest
from reading_pages import send
from tampering import become_owner, put_triggers_back, verify

from registercodes.models import RegisterCode

pytestmark = pytest.mark.django_db
NEW = "/teams/web/codes/new/"


@pytest.fixture
def code(as_alice, typed, cloud):
    """As the page made it."""
    send(as_alice, NEW, typed())
    return RegisterCode.objects.get()


def test_a_code_that_was_made_on_the_page_agrees_with_its_request(code):
    assert verify()[0] == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"register_limit": 9999},
        {"created_by_name": "Mallory"},
        {"ip_address_range": "0.0.0.0/0"},
        {"reference": "aaaaaaa"},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_a_code_that_says_otherwise_is_named(code, columns):
    become_owner()
    RegisterCode.objects.update(**columns)
    put_triggers_back()

    assert verify() == (
        1,
        f"code {code.reference}: altered: {next(iter(columns))} is not what event 1 says was asked",
    )


# What must not happen.


def test_what_became_of_a_code_is_not_taken_for_what_was_asked(code):
    RegisterCode.objects.filter(pk=code.pk).update(told_at=code.created_at)

    assert verify()[0] == 0
