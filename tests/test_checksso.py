"""`manage.py checksso` asks the provider and says what is right and wrong, in one line each, without a secret."""

import io

import log_reading
import pytest
from checksso_lines import answers_there, check, said, the_wrong  # noqa: F401
from django.core.management import CommandError, call_command
from hostile_provider import CLIENT_SECRET
from misbehaving import GONE, discovery
from provider_visitor import loopback_provider, provider  # noqa: F401
from provider_wire import Answer, as_json

from portal.sso import published
from portal.sso.models import User
from registercodes.models import AuditEvent, Team

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("answers_there")]

ALL_THERE = discovery(
    scopes_supported=["openid", "profile", "email", "groups"],
    claims_supported=["sub", "groups"],
    backchannel_logout_supported=True,
)
TOKENS = {"access_token": "a", "token_type": "Bearer", "id_token": "b"}


def test_all_is_right_with_a_provider_that_offers_everything(provider, web):
    provider.misbehave(**ALL_THERE)

    status, lines = check()

    assert (status, said("wrong", lines)) == (0, [])
    assert {line[:5].strip() for line in lines} <= {"ok", "note"}
    for words in ("PKCE with S256", "RFC 9207", "usable keys", "accepts OIDC_CLIENT_ID", "every scope"):
        assert [line for line in said("ok", lines) if words in line], words


def test_it_names_the_addresses_to_register_to_the_letter(provider):
    _, lines = check()

    assert [line.partition(": ")[2] for line in lines if "Register as" in line] == [
        "https://portal.example.com/sso/callback/",
        "https://portal.example.com/sso/signed-out/",
        "https://portal.example.com/sso/backchannel-logout/",
    ]


def test_without_an_option_the_first_of_the_allowed_hosts_is_the_portals_name(provider, settings):
    settings.DEVELOPMENT, settings.ALLOWED_HOSTS = False, ["codes.example.com", "other.example.com"]

    out = io.StringIO()
    call_command("checksso", stdout=out)

    assert "redirect URI: https://codes.example.com/sso/callback/" in out.getvalue()


@pytest.mark.parametrize("address", ["portal.example.com", "https://", "https://a.example.com/path", "ftp://a"])
def test_an_address_that_is_none_is_refused(provider, address):
    assert check("--base-url", address) == (1, ["--base-url must be such as https://portal.example.com"])


def test_a_pattern_among_the_allowed_hosts_is_no_name(provider, settings):
    settings.ALLOWED_HOSTS = [".example.com"]

    with pytest.raises(CommandError, match="say --base-url"):
        call_command("checksso")
    assert check()[0] == 0


def test_a_name_that_the_portal_does_not_answer_to_is_wrong(provider):
    assert "ALLOWED_HOSTS does not list other.example.com" in the_wrong(
        check("--base-url", "https://other.example.com")[1]
    )


# One change of the discovery document, and what is said of it.
WRONG = {
    "issuer with a slash": (
        discovery(issuer=lambda provider: provider.url + "/"),
        "differs from the provider's own name by its closing slash",
    ),
    "another issuer": (discovery(issuer="https://other.example.com"), "calls itself https://other.example.com, not"),
    "no issuer": (discovery(issuer=GONE), "calls itself nothing that can be read"),
    "no token endpoint": (discovery(token_endpoint=GONE), "token_endpoint is nothing that can be read"),
    "keys at no address": (discovery(jwks_uri="ftp://keys"), "jwks_uri is ftp://keys: it must be an https address"),
    "no code flow": (discovery(response_types_supported=["id_token"]), "lacks code"),
    "no code grant": (discovery(grant_types_supported=["implicit"]), "lacks authorization_code"),
    "forms only": (discovery(response_modes_supported=["form_post"]), "lacks query"),
    "plain PKCE": (discovery(code_challenge_methods_supported=["plain"]), "not with S256"),
    "client by certificate": (
        discovery(token_endpoint_auth_methods_supported=["tls_client_auth"]),
        "no client secret",
    ),
    "symmetric signatures": (discovery(id_token_signing_alg_values_supported=["HS256", "none"]), "in no way"),
    "a scope it does not know": (discovery(scopes_supported=["openid", "profile", "email"]), "asks for groups"),
    "no keys": ({"keys": lambda plan, provider: {"keys": []}}, "no key that the portal takes"),
    "keys that are none": ({"keys_answer": lambda plan, provider: Answer(b"<p>", status=200)}, "keys_not_json"),
    "tokens for nothing": ({"tokens_answer": lambda plan, provider: as_json(TOKENS)}, "tokens for a code that"),
}


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_thing_is_named_and_the_status_is_1(provider, name):
    changes, words = WRONG[name]
    provider.misbehave(**changes)

    status, lines = check()

    assert status == 1
    assert words in the_wrong(lines)


# What a provider may leave out.
NOTED = {
    "PKCE": (discovery(code_challenge_methods_supported=GONE), "does not say that it knows PKCE"),
    "algorithms": (discovery(id_token_signing_alg_values_supported=GONE), "does not say how it signs"),
    "scopes": (discovery(scopes_supported=GONE), "does not list its scopes"),
    "claims": (discovery(claims_supported=["sub"]), "does not list the claim groups"),
    "RFC 9207": (discovery(authorization_response_iss_parameter_supported=GONE), "does not name itself"),
    "userinfo": (discovery(userinfo_endpoint=GONE), "groups have to be in the ID token"),
    "sign-out": (discovery(end_session_endpoint=GONE), "has no end_session_endpoint"),
    "back-channel logout": (discovery(backchannel_logout_supported=GONE), "after OIDC_RECHECK_SECONDS"),
}


@pytest.mark.parametrize("name", NOTED)
def test_what_a_provider_may_leave_out_is_a_note(provider, name):
    changes, words = NOTED[name]
    provider.misbehave(**changes)

    status, lines = check()

    assert status == 0
    assert [line for line in said("note", lines) if words in line]


@pytest.mark.parametrize("group", ["portal-admins", "portal-auditors"])
def test_a_team_on_a_roles_group_is_wrong(provider, web, group):
    """`manage.py team` refuses it; the variables may have changed since."""
    Team.objects.filter(pk=web.pk).update(sso_group=group)

    assert f"The team web has the group {group}, which gives a role" in the_wrong(check()[1])


def test_roles_that_nobody_has_are_a_note(provider, settings):
    settings.OIDC_ADMIN_GROUPS = settings.OIDC_AUDITOR_GROUPS = []

    status, lines = check()

    assert status == 0
    assert [line for line in lines if "_GROUPS is empty: nobody has that role" in line] == [
        "note  OIDC_ADMIN_GROUPS is empty: nobody has that role.",
        "note  OIDC_AUDITOR_GROUPS is empty: nobody has that role.",
    ]


def test_a_claim_inside_another_is_looked_for_by_its_first_word():
    assert published.groups_claim({"claims_supported": ["realm_access"]}, claim="realm_access.roles").kind == "ok"


def test_in_development_without_a_provider_sample_people_sign_in(settings):
    settings.SINGLE_SIGN_ON = False

    status, lines = check()

    assert status == 0 and len(lines) == 1 and "sample people sign in" in lines[0]


HOSTILE = "\x1b]0;owned\x07\r\nok    all is well " + "x" * 5000


@pytest.mark.parametrize("name", ["issuer", "token_endpoint", "jwks_uri", "scopes_supported", "claims_supported"])
@pytest.mark.parametrize("value", [HOSTILE, [HOSTILE], {"a": HOSTILE}, 1, None, [None, {}], [[]]])
def test_nothing_in_the_document_breaks_it_or_reaches_the_terminal_raw(provider, name, value):
    provider.misbehave(**discovery(**{name: value}))

    _, lines = check()

    assert all(line.isprintable() and len(line) < 400 for line in lines)
    assert not [line for line in lines if line.startswith("ok    all is well")]


def test_no_secret_is_printed_logged_or_put_in_an_address(provider, settings, caplog, capfd):
    log_reading.everything(caplog)

    _, lines = check()

    printed = "\n".join([*lines, *log_reading.lines(caplog), *capfd.readouterr(), *provider.requests])
    assert CLIENT_SECRET not in printed
    assert not [secret for secret in provider.issued if len(secret) >= 16 and secret in printed]


def test_nobody_is_signed_in_and_nothing_is_written(provider):
    check()

    assert not User.objects.exists() and not AuditEvent.objects.exists()
