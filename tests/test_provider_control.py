"""The sample provider, without a portal: what tests make happen to its people, its keys and itself."""

import json
import time

import pytest
import requests
from joserfc.errors import JoseError
from oidc_provider import OidcProvider, choose
from relying_party import RelyingParty, answer_in, ears, party, provider, standing_provider  # noqa: F401

pytestmark = [
    pytest.mark.processes,
    pytest.mark.same_on_any_database("the provider keeps its people in memory; no portal is beside it"),
]
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


# Still true?


def test_changed_groups_are_in_the_next_token(provider, party):
    token = party.sign_in("alice")["id_token"]
    provider.set_groups("alice", ["sample-web", "sample-payments"])
    tokens = party.redeem(party.ask_silently(token)["code"])
    assert party.verified(tokens["id_token"])["groups"] == ["sample-web", "sample-payments"]

    provider.set_groups("alice", None)
    assert "groups" not in party.userinfo(tokens["access_token"]).json()


def test_a_disabled_account_gets_neither_a_code_nor_a_token_until_it_is_enabled_again(provider, party):
    tokens = party.sign_in("alice")
    code = party.ask_silently(tokens["id_token"])["code"]
    provider.disable("alice")

    assert party.ask_silently(tokens["id_token"])["error"] == "login_required"
    assert answer_in(choose(party.browser, party.ask(), "alice"))["error"] == "access_denied"
    assert party.redeem(code)["error"] == "invalid_grant"
    assert party.userinfo(tokens["access_token"]).status_code == 401

    provider.enable("alice")
    assert "code" in party.ask_silently(tokens["id_token"])


def test_an_ended_session_leaves_nobody_to_answer_for_and_ends_nobody_elses(provider, party, ears):
    bob = RelyingParty(provider, ears)
    token, bobs_token = party.sign_in("alice")["id_token"], bob.sign_in("bob")["id_token"]

    assert provider.end_sessions("alice") == 1

    assert party.ask_silently(token)["error"] == "login_required"
    assert "code" in bob.ask_silently(bobs_token)
    assert ears.heard == []


# Leaving.


def test_a_session_that_ends_elsewhere_is_told_to_the_portal(provider, party, ears):
    signed_in = party.verified(party.sign_in("alice")["id_token"])

    assert provider.log_out("alice") == [{"sid": signed_in["sid"], "accepted": True}]

    (token,) = ears.heard
    claims = party.verified(token)
    assert {name: claims[name] for name in ("iss", "aud", "sub", "sid")} == {
        name: signed_in[name] for name in ("iss", "aud", "sub", "sid")
    }
    assert claims["events"] == {LOGOUT_EVENT: {}}
    assert "jti" in claims and "nonce" not in claims
    assert party.ask_silently()["error"] == "login_required"


def test_a_logout_may_name_no_session_and_may_leave_the_providers_own(provider, party, ears):
    party.sign_in("alice")
    provider.log_out("alice", with_sid=False, end=False)

    claims = party.verified(ears.heard[0])
    assert claims["sub"] == provider.subject("alice") and "sid" not in claims
    assert "code" in party.ask_silently()


def test_a_portal_that_refuses_a_logout_token_is_reported(provider, party, ears):
    party.sign_in("alice")
    ears.answer = 400

    (told,) = provider.log_out("alice")

    assert (told["accepted"], told["status"]) == (False, 400)


# Keys.


@pytest.mark.parametrize("keep_old", [True, False])
def test_a_rotation_signs_with_a_new_key_and_keeps_or_withdraws_the_old_one(provider, party, keep_old):
    before = party.sign_in("alice")["id_token"]
    kids = provider.rotate_keys(keep_old=keep_old)
    after = party.redeem(party.ask_silently()["code"])["id_token"]  # the session survives

    assert party.verified(after)["preferred_username"] == "alice"
    assert (len(kids) > 1) == keep_old
    if keep_old:
        assert party.verified(before)["preferred_username"] == "alice"
    else:
        with pytest.raises((JoseError, ValueError)):
            party.verified(before)


def test_a_hint_signed_with_a_withdrawn_key_is_an_invalid_request(provider, party):
    """Not login_required: whoever asks silently must expect this too."""
    token = party.sign_in("alice")["id_token"]
    provider.rotate_keys(keep_old=False)

    assert party.ask_silently(token)["error"] == "invalid_request"


# Being away.


def test_a_stalled_provider_answers_when_it_is_back(provider, party):
    provider.go_away("stall", seconds=0.5)
    began = time.monotonic()

    assert provider.discovery()["issuer"] == provider.issuer
    assert time.monotonic() - began > 0.4


def test_a_provider_hangs_up_or_says_503_until_it_is_told_to_come_back(provider, party):
    provider.go_away("refuse")
    with pytest.raises(requests.ConnectionError):
        party.userinfo("any")
    provider.go_away("unavailable")
    assert party.userinfo("any").status_code == 503

    provider.come_back()
    assert party.userinfo("any").status_code == 401


def test_a_restart_keeps_the_address_and_forgets_sessions_and_keys(ears):
    with OidcProvider(ears.url) as provider:
        party = RelyingParty(provider, ears)
        token = party.sign_in("alice")["id_token"]
        provider.restart()

        assert party.ask_silently()["error"] == "login_required"
        with pytest.raises((JoseError, ValueError)):
            party.verified(token)


def test_what_it_was_asked_can_be_counted(provider, party):
    party.sign_in("alice")

    assert provider.requests("/token") == ["POST /token"]
    assert "GET /.well-known/openid-configuration" in provider.requests()


# What must not happen.


def test_pages_in_a_browser_cannot_reach_the_control_interface(provider):
    address = f"{provider.issuer}/_control/enabled"
    form = requests.post(address, data=json.dumps({"person": "alice", "enabled": False}), timeout=10)
    asked_first = requests.options(address, headers={"Origin": "http://elsewhere.test"}, timeout=10)

    assert form.status_code == 403
    assert "Access-Control-Allow-Origin" not in asked_first.headers


def test_unknown_people_and_manners_are_refused_by_name(provider):
    with pytest.raises(ValueError, match="nobody is called trent"):
        provider.disable("trent")
    with pytest.raises(ValueError, match="how must be one of"):
        provider.go_away("sulk")
