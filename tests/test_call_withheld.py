"""A code without a usable value, through the real page: withheld and disabled; and what no fault ever does."""

import pytest
from call_endings import CREATE, NEW, actions, ended
from reading_pages import send, text

from registercodes.models import AuditEvent, RegisterCode

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "fault",
    [{"fault": "no_value"}, *({"fault": "value_not_string", "value": value} for value in (None, "", 12345, ["x"]))],
    ids=["missing", "null", "empty", "number", "list"],
)
def test_an_id_without_a_usable_value_is_withheld_and_disabled(as_alice, typed, cloud, fault):
    cloud.fault(**fault, execute=True)
    page = send(as_alice, NEW, typed())
    code = ended(page, "withheld", reason="no_value")
    assert actions() == ["code.requested", "code.withheld", "code.disable_requested", "code.disabled"]
    assert code.disable_wanted_at and code.disabled_at
    assert not cloud.code(code.code_id).Enabled
    assert len(cloud.calls(CREATE)) == 1


def test_a_withheld_code_that_cannot_be_disabled_now_stays_wanted(as_alice, typed, cloud):
    cloud.fault("no_value", execute=True)
    cloud.fault("reset", action="DisableRegisterCodes", execute=False)
    code = ended(send(as_alice, NEW, typed()), "withheld", reason="no_value")
    assert actions() == ["code.requested", "code.withheld", "code.disable_requested"]
    assert code.disable_wanted_at and code.disabled_at is None


# What must not happen.


def test_the_vendors_words_never_reach_the_page_and_are_never_kept(as_alice, typed, cloud):
    words = "<script>alert(1)</script> 供应商的话"
    cloud.fault("error", code="LimitExceeded", message=words)
    page = send(as_alice, NEW, typed())
    ended(page, "refused", error_code="LimitExceeded")
    assert "供应商" not in text(page) and "<script>alert" not in text(page)
    assert "供应商" not in str(list(AuditEvent.objects.values())) + str(list(RegisterCode.objects.values()))


def test_a_fault_never_becomes_a_status_that_proxies_repeat(as_alice, typed, cloud):
    for fault in ("reset", "garbage", "html"):
        cloud.fault(fault)
        assert send(as_alice, NEW, typed()).status_code == 200
    assert len(cloud.calls(CREATE)) == 3
