"""A disable that the cloud does not agree to is said, is on record, and is asked for again by a person or a sync."""

import pytest
from django.db import OperationalError, connection
from reading_pages import heading, send, text
from records import a_code, break_in_chain
from test_database_away import Unwritable

from registercodes.models import RegisterCode

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
DISABLE = "DisableRegisterCodes"
NOT_YET = "The cloud has not agreed to disable this code yet"


@pytest.fixture
def code(as_alice, typed, cloud) -> RegisterCode:
    send(as_alice, NEW, typed())
    return RegisterCode.objects.get()


def press_disable(client, code):
    """As a browser does it, which follows to the card."""
    return client.post(f"/codes/{code.reference}/disable/", follow=True)


FAILURES = {
    "not allowed": (
        {"fault": "error", "code": "UnauthorizedOperation"},
        "The cloud refused to disable it, so somebody has to mend that first. Give the operator of this portal",
        "UnauthorizedOperation",
    ),
    "a code we do not know": ({"fault": "error", "code": "Surprise"}, "The cloud could not be asked", "Surprise"),
    "no answer": (
        {"fault": "close"},
        "The cloud could not be asked, or gave no usable answer. The portal asks again at each sync",
        "",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_disable_that_failed_says_who_has_to_act_and_stays_on_the_card(as_alice, code, cloud, failure):
    fault, said, why = FAILURES[failure]
    cloud.fault(**fault, action=DISABLE)

    pages = [press_disable(as_alice, code), as_alice.get(f"/codes/{code.reference}/")]

    for page in pages:
        shown = " ".join(text(page).split())
        assert NOT_YET in shown and said in shown
        assert ">Disabling</span>" in shown and "Disable</a>" in shown
    assert "Not disabled: the cloud did not agree</strong>" in text(pages[1]) and why in text(pages[1])


def test_pressing_again_asks_again_and_the_card_is_at_rest_once_the_cloud_agrees(as_alice, code, cloud):
    cloud.fault("error", code="UnauthorizedOperation", action=DISABLE)
    press_disable(as_alice, code)

    page = press_disable(as_alice, code)

    assert cloud.code(code.code_id).Enabled is False
    assert ">Disabled</span>" in text(page) and NOT_YET not in text(page)


def test_pressing_on_and_on_writes_one_failure_in_ten_minutes(as_alice, code, cloud):
    cloud.fault("error", code="UnauthorizedOperation", action=DISABLE, times=None)

    for _ in range(3):
        press_disable(as_alice, code)

    told = [(event.action, event.outcome) for event in code.events.order_by("sequence")][2:]
    assert told == [("code.disable_requested", "unknown"), ("code.disable_requested", "failure")]
    assert len(cloud.calls(DISABLE)) == 3
    assert break_in_chain() == ""


def test_while_nothing_can_be_written_the_page_says_that_the_code_is_still_live(as_alice, code, cloud):
    with connection.execute_wrapper(Unwritable(OperationalError)):
        page = press_disable(as_alice, code)

    assert (page.status_code, heading(page)) == (503, "Disable this code?")
    assert "the cloud was not asked: the code still admits hosts" in text(page)
    code.refresh_from_db()
    assert code.disable_wanted_at is None and cloud.calls(DISABLE) == []


def test_whoever_may_only_look_is_told_who_can_press(as_dora, alice, web, code, cloud):
    RegisterCode.objects.filter(pk=code.pk).update(disable_wanted_at=code.created_at)

    assert "an administrator, can press Disable to ask at once" in text(as_dora.get(f"/codes/{code.reference}/"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (None, "The cloud has disabled it."),
        ({"fault": "close"}, "The cloud has not agreed to disable it yet; the portal asks again at each sync."),
    ],
)
def test_a_withheld_code_says_whether_it_was_disabled(as_alice, typed, cloud, fault, said):
    cloud.fault("no_value", execute=True)
    if fault:
        cloud.fault(**fault, action=DISABLE)

    page = send(as_alice, NEW, typed())

    assert heading(page) == "The code was made, but its value is withheld"
    assert said in text(page)


# What must not happen.


def test_no_page_promises_more_than_a_sync_does(as_alice, typed, code, cloud):
    cloud.fault("reset")
    unknown = text(send(as_alice, NEW, typed()))
    long = text_of_one_without_a_mark(as_alice, typed, cloud)

    assert f'ends in <code translate="no">~{RegisterCode.objects.order_by("pk")[1].reference}</code>' in unknown
    assert "disables what it finds" in unknown
    assert "does not disable it by itself" in long and "disables what it finds" not in long


def text_of_one_without_a_mark(client, typed, cloud) -> str:
    cloud.fault("reset")
    return text(send(client, NEW, typed(description="x" * 128)))


def test_an_expired_code_raises_no_alarm(as_alice, alice, web):
    past = a_code(team=web, person=alice)
    RegisterCode.objects.filter(pk=past.pk).update(expires_at=past.created_at, disable_wanted_at=past.created_at)

    assert NOT_YET not in text(as_alice.get(f"/codes/{past.reference}/"))
