"""The sample provider, without a portal: the flows that the tests of single sign-on rely on."""

import pytest
from oidc_provider import PEOPLE, OidcProvider, choose
from relying_party import RelyingParty, answer_in, ears, party, provider, standing_provider  # noqa: F401
from server_forms import form_on

from portal.sso.development import PEOPLE as ONE_CLICK_PEOPLE

pytestmark = [
    pytest.mark.processes,
    pytest.mark.same_on_any_database("the provider keeps its people in memory; no portal is beside it"),
]
GROUP_OF_ROLE = {"auditor": "sample-auditors", "administrator": "sample-administrators"}


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


def test_a_silent_question_needs_a_session_and_is_answered_with_one(party):
    assert party.ask_silently()["error"] == "login_required"

    token = party.sign_in("alice")["id_token"]

    assert "code" in party.ask_silently(token)


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


# What must not happen.


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


def test_a_port_that_is_taken_is_not_shared(provider, ears):
    with pytest.raises(RuntimeError, match="the provider did not start"):
        OidcProvider(ears.url, port=provider.port).start()

    assert provider.discovery()["issuer"] == provider.issuer
