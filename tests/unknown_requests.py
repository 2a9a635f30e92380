"""Requests that nobody knows the outcome of, and what became of them: `unknown()` makes one, `known` proves the account."""

import pytest
from records import a_code
from syncs import made_elsewhere

from registercodes import resolving
from registercodes.models import RegisterCode


@pytest.fixture
def unknown(alice, web):
    """A request of this moment whose answer never arrived."""

    def made(**changes) -> RegisterCode:
        return a_code(team=web, person=alice, state="unknown", **changes)

    return made


@pytest.fixture
def known(alice, web):
    """A code of ours that the cloud has too: who sees it, sees the right account."""
    return a_code(team=web, person=alice, code_id=made_elsewhere(Description="known"))


def fresh(row: RegisterCode) -> RegisterCode:
    return RegisterCode.objects.get(pk=row.pk)


def is_open(code_id: str, sandbox) -> bool:
    return sandbox.code(code_id).Enabled


def ambiguous():
    return resolving.ambiguous(RegisterCode.objects.all())
