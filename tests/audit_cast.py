"""A record as auditors read it: `note()` writes one event as the portal does, `told` is two codes' stories and a sign-in."""

import itertools

import pytest
from django.db import transaction
from django.utils import timezone
from records import a_code

from registercodes import audit
from registercodes.audit import Origin
from registercodes.models import Action, Outcome

LIST = "/admin/registercodes/auditevent/"
REQUEST = itertools.count(1)


def note(action, outcome="success", *, at=None, **facts):
    """One event as the portal writes it; ``at`` is the clock's when it was written."""
    number = f"{next(REQUEST):032x}"
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        if at:
            patch.setattr(timezone, "now", lambda: at)
        origin = Origin(request_id=number, client_ip="192.0.2.7", user_agent="Firefox")
        return audit.record(Action(action), Outcome(outcome), origin=origin, **facts)


def a_range(text, first, last):
    return {"ip_address_range": text, "ip_first": first, "ip_last": last}


@pytest.fixture
def told(web, payments, alice, charlie, dora):
    """Two codes' stories and a sign-in: what each question should find is told by sequence numbers."""
    narrow = a_code(
        team=web, person=alice, description="web <b>one</b>", **a_range("203.0.113.0/24", 3405803776, 3405804031)
    )
    wide = a_code(team=payments, person=charlie, region="eu-frankfurt", permanent=True, effective_time=100_000)
    note("code.requested", actor=alice, team=web, code=narrow)  # 1
    note("code.issued", actor=alice, team=web, code=narrow)  # 2
    note("code.requested", actor=charlie, team=payments, code=wide)  # 3
    note("code.issued", actor=charlie, team=payments, code=wide)  # 4
    note("user.signed_in", actor=dora)  # 5
    note("code.denied", "failure", actor=alice, team=web, detail={"reason": "quota"})  # 6
    return narrow, wide
