"""The card: use, time left, what is pressed from it, and a refresh that is bounded and never slows a create."""

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from reading_pages import send, text, value_in
from records import a_code
from syncs import HERE, actions, ahead, made_elsewhere, sync

from registercodes import refreshing, wording
from registercodes.leases import held
from registercodes.models import RegisterCode, UpstreamCode

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
DESCRIBE = "DescribeRegisterCodes"
NOW = timezone.now()


@pytest.fixture
def made(as_alice, typed, cloud):
    value = value_in(send(as_alice, NEW, typed(ip_address_range="", register_limit="2")))
    return RegisterCode.objects.get(), value


def card(client, code, said: str = "") -> str:
    return text(client.get(f"/codes/{code.reference}/{said}"))


def refresh(client, code):
    return client.post(f"/codes/{code.reference}/refresh/")


# What it shows.


def test_use_is_a_bar_with_words_beside_it_and_as_of(as_alice, cloud, made):
    code, value = made
    assert "Not read from the cloud yet." in card(as_alice, code)
    cloud.register_host(HERE, code.code_id, value)
    sync()

    page = " ".join(card(as_alice, code).split())

    assert re.search(r'<progress class="use" max="2" value="1" aria-labelledby="gauge-use">1</progress>', page)
    assert '<p class="gauge-number">1 <span>of 2</span></p>' in page and "as of" in page


def test_a_closed_card_asks_no_more_whether_its_value_was_stored_and_offers_another(as_alice, alice, web):
    code = a_code(team=web, person=alice)
    assert "I have stored it" in card(as_alice, code)
    code.disabled_at = code.disable_wanted_at = timezone.now()
    code.save()

    page = card(as_alice, code)

    assert "I have stored it" not in page and "Nobody has confirmed" not in page
    assert f'href="/codes/{code.reference}/replace/">Replace</a>' in page


def test_a_card_changes_after_hosts_enrol_and_a_refresh(as_alice, cloud, made):
    code, value = made
    as_alice.post(f"/codes/{code.reference}/stored/")
    for _ in range(2):
        cloud.register_host(HERE, code.code_id, value)
    assert ">Active</span>" in card(as_alice, code)

    assert refresh(as_alice, code)["Location"] == f"/codes/{code.reference}/"

    page = card(as_alice, code)
    assert ">Used up</span>" in page and "use-full" in page and page.count("rins-") == 2


LEFT = {
    "3 d 4 h left": timedelta(days=3, hours=4, minutes=59),
    "23 h 59 min left": timedelta(hours=23, minutes=59),
    "1 h 0 min left": timedelta(hours=1),
    "59 min left": timedelta(minutes=59, seconds=59),
    "less than a minute left": timedelta(seconds=59),
    "over": timedelta(seconds=-1),
}


@pytest.mark.parametrize("words", LEFT)
def test_time_left_is_in_words(words):
    assert wording.countdown(NOW + LEFT[words], now=NOW) == words


def test_the_countdown_gives_its_script_the_words(as_alice, alice, web):
    page = card(as_alice, a_code(team=web, person=alice, expires_at=ahead(hours=3, minutes=30, seconds=30)))

    assert ">3 h 30 min left</span>" in page and 'data-hours="{h} h {m} min left"' in page


def test_the_clouds_earlier_end_is_the_one_that_counts(as_alice, alice, web, cloud):
    code = a_code(team=web, person=alice, code_id=made_elsewhere(EffectiveTime=1), expires_at=ahead(hours=99))
    sync()

    assert re.search(r">(59|60) min left<|>1 h 0 min left<", card(as_alice, code))


def test_a_permanent_code_has_no_end(as_alice, alice, web):
    page = card(as_alice, a_code(team=web, person=alice, permanent=True, effective_time=100_000))

    assert "Until somebody disables it." in page and "data-until" not in page


# What is pressed.


def test_disabling_twice_is_fine_and_says_so(as_alice, made, cloud):
    code = made[0]
    as_alice.post(f"/codes/{code.reference}/disable/")

    answer = as_alice.post(f"/codes/{code.reference}/disable/", follow=True)

    assert "It was disabled before: there was nothing left to do." in text(answer)
    assert len(cloud.calls("DisableRegisterCodes")) == 1
    assert actions(code)[2:] == ["code.disable_requested", "code.disabled"]


def test_disabling_what_the_cloud_deleted_is_fine_and_says_so(as_alice, alice, web, cloud):
    code = a_code(team=web, person=alice)
    a_code(team=web, person=alice, code_id=made_elsewhere())
    sync()  # sees the other one: it is the right account

    page = text(as_alice.post(f"/codes/{code.reference}/disable/", follow=True))

    assert ">Disabled</span>" in page and "The cloud no longer had it, which is as good" in page


def test_another_like_this_has_the_same_entries_and_is_linked_to_nothing(as_alice, made, cloud):
    page = card(as_alice, made[0])

    assert f'href="{NEW}?like={made[0].reference}"' in page
    assert "In place of" not in text(as_alice.get(f"{NEW}?like={made[0].reference}"))


def test_every_press_says_what_it_does_not_do(as_alice, made):
    for press in ("disable", "replace"):
        page = text(as_alice.get(f"/codes/{made[0].reference}/{press}/"))
        assert "Hosts already enrolled stay enrolled." in page


# Refresh.


def test_a_refresh_resolves_what_is_unknown(as_alice, typed, cloud):
    cloud.fault("close", execute=True)
    send(as_alice, NEW, typed())
    code = RegisterCode.objects.get()
    assert (code.state, "The portal looks for it" in card(as_alice, code)) == ("unknown", True)

    refresh(as_alice, code)

    page = card(as_alice, code)
    assert ">Found and disabled</span>" in page and cloud.codes()[-1].Enabled is False


def test_a_refresh_asks_again_for_a_disable_that_is_wanted(as_alice, made, cloud):
    cloud.fault("error", code="UnauthorizedOperation", action="DisableRegisterCodes")
    as_alice.post(f"/codes/{made[0].reference}/disable/")

    refresh(as_alice, made[0])

    assert ">Disabled</span>" in card(as_alice, made[0])


def test_a_cloud_that_cannot_be_asked_is_said_and_changes_nothing(as_alice, made, cloud):
    cloud.fault("error", code="UnauthorizedOperation", action=DESCRIBE, times=None)

    answer = as_alice.post(f"/codes/{made[0].reference}/refresh/", follow=True)

    assert "The cloud could not be asked. What is shown here is as old as it says." in text(answer)
    assert not UpstreamCode.objects.exists()


def test_a_stalled_cloud_is_waited_for_and_not_for_long(as_alice, made, cloud):
    cloud.fault("stall", action=DESCRIBE, seconds=60, times=None)
    began = time.monotonic()

    refresh(as_alice, made[0])

    assert time.monotonic() - began < 10


def test_a_region_that_is_too_long_is_read_as_far_as_time_allows_and_said(
    as_alice, made, cloud, monkeypatch, settings
):
    for _ in range(250):
        made_elsewhere()
    settings.TAT_RATE = 1
    monkeypatch.setattr(refreshing, "SECONDS", 1.0)

    answer = as_alice.post(f"/codes/{made[0].reference}/refresh/", follow=True)

    assert "not read to its end" in text(answer) and 100 <= UpstreamCode.objects.count() < 251


def test_while_somebody_else_reads_the_region_it_waits_for_nothing(as_alice, made, cloud):
    with held(HERE, patience=0):
        answer = as_alice.post(f"/codes/{made[0].reference}/refresh/", follow=True)

    assert "Somebody else is reading this region" in text(answer)
    assert cloud.calls(DESCRIBE) == []


def test_a_refresh_takes_no_slot_of_the_creates(as_alice, made, cloud, settings, typed):
    settings.TAT_RATE = 1
    for _ in range(2):
        refresh(as_alice, made[0])
    settings.TAT_RATE = 1000
    began = time.monotonic()

    assert value_in(send(as_alice, NEW, typed()))
    assert time.monotonic() - began < 3


# What must not happen.


@pytest.mark.parametrize("press", ["disable", "replace", "refresh", "stored", "told"])
def test_a_look_at_any_press_changes_nothing(as_alice, alice, web, cloud, press):
    code = a_code(team=web, person=alice)
    before = RegisterCode.objects.filter(pk=code.pk).values().get()

    as_alice.get(f"/codes/{code.reference}/{press}/")

    assert RegisterCode.objects.filter(pk=code.pk).values().get() == before
    assert not code.events.exists() and [call.action for call in cloud.calls()] in ([], ["DescribeRegisterInstances"])


def test_an_auditor_is_offered_no_press(as_dora, alice, web):
    page = card(as_dora, a_code(team=web, person=alice))

    main = page.partition("<main")[2]
    assert "<form" not in main and "/disable/" not in main and "/replace/" not in main


@pytest.mark.parametrize("word", ["<b>", "x" * 900, "already<", "../"])
def test_a_word_that_no_press_leads_back_with_says_nothing(as_alice, alice, web, word):
    code = a_code(team=web, person=alice)

    assert as_alice.get(f"/codes/{code.reference}/", {"said": word}).status_code == 200
    assert 'role="status"' not in text(as_alice.get(f"/codes/{code.reference}/", {"said": word}))


def test_the_value_is_on_no_page_but_its_own(as_alice, made, cloud):
    code, value = made
    sync()
    pages = ["", "disable/", "replace/"]

    assert all(value not in card(as_alice, code, page) for page in pages)
