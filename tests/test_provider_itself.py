"""The sample provider, without a portal: what the tests of single sign-on rely on."""

import json
import time

import pytest
import requests
from joserfc.errors import JoseError
from oidc_provider import PEOPLE, OidcProvider, choose
from relying_party import Ears, RelyingParty, answer_in
from server_forms import form_on

from portal.sso.development import PEOPLE as ONE_CLICK_PEOPLE

pytestmark = pytest.mark.processes
GROUP_OF_ROLE = {"auditor": "sample-auditors", "administrator": "sample-administrators"}
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
def standing():
    with Ears() as ears, OidcProvider(ears.url) as provider:
        yield provider, ears


@pytest.fixture
def ears(standing):
    standing[1].heard.clear()
    standing[1].answer = 200
    return standing[1]


@pytest.fixture
def provider(standing):
    standing[0].reset()
    return standing[0]


@pytest.fixture
def party(provider, ears):
    return RelyingParty(provider, ears)


# Signing in.


def test_a_click_gives_a_code_and_the_code_tokens_that_verify(provider, party):
    answer = answer_in(choose(party.browser, party.ask(), "alice"))
    tokens = party.redeem(answer["code"])
    claims = party.verified(tokens["id_token"])

    assert (answer["state"], answer["iss"]) == ("a-state", provider.issuer)
    assert claims["iss"] == provider.issuer
    assert claims["aud"] == party.variables["OIDC_CLIENT_ID"]
    assert claims["nonce"] == "a-nonce"
    assert {"exp", "iat", "at_hash", "sid"} <= set(claims)


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_has_the_same_claims_in_the_id_token_and_in_userinfo(provider, party, name):
    tokens = party.sign_in(name)
    facts = party.userinfo(tokens["access_token"]).json()

    assert facts == {
        "sub": provider.subject(name),
        "preferred_username": name,
        "name": PEOPLE[name]["name"],
        "email": f"{name}@example.com",
        "email_verified": True,
        "groups": PEOPLE[name]["groups"],
    }
    assert facts.items() <= party.verified(tokens["id_token"]).items()


def test_its_people_are_those_of_one_click_sign_in_and_one_who_is_in_no_group():
    one_click = {
        person.username: (person.name, {*person.groups, *(GROUP_OF_ROLE[role] for role in person.roles)})
        for person in ONE_CLICK_PEOPLE
    }
    assert {name: (facts["name"], set(facts["groups"])) for name, facts in PEOPLE.items()} == one_click | {
        "mallory": ("Mallory Moe", set())
    }


def test_whoever_cancels_is_sent_back_with_an_error(party):
    answer = answer_in(party.browser.post(party.ask().url, {"cancel": "yes"}, timeout=10))

    assert (answer["error"], answer["state"]) == ("access_denied", "a-state")


def test_somebody_else_can_sign_in_over_a_session(provider, party):
    party.sign_in("alice")
    page = choose(
        party.browser, party.ask(prompt="login"), "bob"
    )  # the library leads through a page that submits itself
    confirm = f"{provider.issuer}/session/end/confirm"
    answer = answer_in(party.browser.post(confirm, form_on(page.text, action=confirm), timeout=10))

    assert party.verified(party.redeem(answer["code"])["id_token"])["preferred_username"] == "bob"


def test_two_tabs_can_ask_at_once(party):
    first, second = party.ask(), party.ask()

    assert "code" in answer_in(choose(party.browser, second, "alice"))
    assert "code" in answer_in(choose(party.browser, first, "alice"))


# Still true?


def test_a_silent_question_needs_a_session_and_is_answered_with_one(party):
    assert party.ask_silently()["error"] == "login_required"

    token = party.sign_in("alice")["id_token"]

    assert "code" in party.ask_silently(token)


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


@pytest.mark.parametrize(("pressed", "silently"), [({"logout": "yes"}, "login_required"), ({}, None)])
def test_the_portal_can_ask_for_a_sign_out_that_the_person_confirms(party, ears, pressed, silently):
    token = party.sign_in("alice")["id_token"]
    asked = {"id_token_hint": token, "post_logout_redirect_uri": f"{ears.url}/sso/signed-out/", "state": "leaving"}
    page = party.browser.get(party.known["end_session_endpoint"], params=asked, timeout=10)
    confirm = f"{party.known['end_session_endpoint']}/confirm"

    done = party.browser.post(confirm, form_on(page.text, action=confirm) | pressed, timeout=10)

    assert done.url == f"{ears.url}/sso/signed-out/?state=leaving"
    assert party.ask_silently().get("error") == silently
    assert len(ears.heard) == 1


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


# What it must not do.


def test_a_code_is_good_once_and_for_nobody_without_the_verifier_and_the_secret(party):
    def new_code() -> str:
        return answer_in(party.ask())["code"]

    party.sign_in("alice")
    code = new_code()
    assert "id_token" in party.redeem(code)
    assert party.redeem(code)["error"] == "invalid_grant"
    assert party.redeem(new_code(), code_verifier="x" * 50)["error"] == "invalid_grant"

    party.variables["OIDC_CLIENT_SECRET"] = "wrong"
    assert party.redeem(new_code())["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"response_type": "id_token"},
    ],
)
def test_a_question_without_pkce_or_for_another_flow_is_refused(party, changes):
    answer = party.ask(**changes)

    assert "error=" in answer.url and "code=" not in answer.url


def test_nobody_is_sent_to_an_address_that_was_not_registered(party):
    page = party.ask(redirect_uri="http://127.0.0.1:9/elsewhere")

    assert page.status_code == 400
    assert "redirect_uri" in page.text


def test_pages_in_a_browser_cannot_reach_the_control_interface(provider):
    address = f"{provider.issuer}/_control/enabled"
    form = requests.post(address, data=json.dumps({"person": "alice", "enabled": False}), timeout=10)
    asked_first = requests.options(address, headers={"Origin": "http://elsewhere.test"}, timeout=10)

    assert form.status_code == 403
    assert "Access-Control-Allow-Origin" not in asked_first.headers


def test_a_port_that_is_taken_is_not_shared(provider, ears):
    with pytest.raises(RuntimeError, match="the provider did not start"):
        OidcProvider(ears.url, port=provider.port).start()

    assert provider.discovery()["issuer"] == provider.issuer


def test_unknown_people_and_manners_are_refused_by_name(provider):
    with pytest.raises(ValueError, match="nobody is called trent"):
        provider.disable("trent")
    with pytest.raises(ValueError, match="how must be one of"):
        provider.go_away("sulk")
