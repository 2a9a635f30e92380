"""What honest providers do that a strict client might stumble over: everybody gets in, and into their team."""

import log_reading
import pytest
import token_forge
from django.contrib.auth import get_user_model
from honest_oddities import ARRANGED, ODDITIES
from misbehaving import person, tokens, userinfo
from provider_visitor import is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import text

from registercodes.models import AuditEvent, Membership

pytestmark = pytest.mark.django_db
User = get_user_model()
# Labels and leftovers nobody honest sends: in or out, but never an error.
TOLERABLE = {
    "preferred_username is an object": person(preferred_username={"a": []}),
    "preferred_username of 5000 characters": person(preferred_username="u" * 5000),
    "preferred_username of blanks": person(preferred_username="  "),
    "name with NUL": person(name="Alice\0Anders"),
    "name with half a character": person(name="Alice \ud800"),
    "name of 5000 characters": person(name="A" * 5000),
    "name is a list": person(name=["Alice"]),
    "e-mail is true": person(email=True),
    "e-mail of 5000 characters": person(email="a" * 5000 + "@example.com"),
    "expires_in is a word": tokens(expires_in="soon"),
    "expires_in is negative": tokens(expires_in=-1),
    "scope is a list": tokens(scope=["openid"]),
    "userinfo with another iss and aud": userinfo(iss="https://idp.example.com", aud="another"),
    "a userinfo endpoint that is a script": {
        "discovery": lambda plan, _: plan | {"userinfo_endpoint": "javascript:alert(1)"}
    },
}  # fmt: skip


def teams() -> list[str]:
    return list(Membership.objects.values_list("team__key", flat=True))


@pytest.mark.parametrize("name", ODDITIES)
def test_an_honest_oddity_gets_in(client, provider, caplog, name):
    provider.misbehave(**ODDITIES[name])
    log_reading.everything(caplog)

    answer = visit(client, provider, next="/?team=web")

    assert (answer.status_code, answer.get("Location")) == (302, "/?team=web")
    assert client.get("/").status_code == 200
    assert teams() == ["web"]
    assert log_reading.warnings_of_sign_in(caplog) == []
    assert log_reading.leaked(caplog, provider.issued) == []


@pytest.mark.parametrize("arrange", ARRANGED, ids=lambda arrange: arrange.__name__)
def test_an_honest_arrangement_gets_in(client, provider, settings, arrange):
    arrange(provider)
    settings.OIDC_ISSUER = provider.issuer

    assert visit(client, provider).status_code == 302
    assert client.get("/").status_code == 200
    assert User.objects.get().issuer == provider.issuer


@pytest.mark.parametrize("kid", ["rsa-next", None], ids=["named", "unnamed"])
def test_keys_may_rotate_between_two_sign_ins(client, provider, kid):
    visit(client, provider)
    provider.signing = token_forge.Signing("RS256", "rsa-next")
    provider.published = [token_forge.published("rsa-next", kid=kid)]
    provider.misbehave(header=lambda plan, _: {"alg": "RS256"} | ({"kid": kid} if kid else {}))
    client.cookies.clear()

    assert visit(client, provider).status_code == 302
    assert client.get("/").status_code == 200


def test_the_provider_is_asked_with_everything_that_protects_a_sign_in(client, provider):
    visit(client, provider)

    (attempt,) = provider.attempts.values()
    assert attempt.asked["redirect_uri"] == "http://testserver/sso/callback/"
    assert min(len(attempt.asked[name]) for name in ("state", "nonce", "code_challenge")) >= 22
    assert provider.requests.count("/token") == provider.requests.count("/userinfo") == 1


def test_each_sign_in_asks_with_values_of_its_own(client, provider):
    for _ in range(3):
        visit(client, provider)
        client.cookies.clear()

    asked = [attempt.asked for attempt in provider.attempts.values()]
    assert all(len({one[name] for one in asked}) == 3 for name in ("state", "nonce", "code_challenge"))


def test_sign_in_sends_a_browser_on_at_once(client, provider):
    started = start(client)

    assert started.status_code == 302
    assert started["Location"].startswith(f"{provider.issuer}/authorize?")


def test_a_person_who_signs_in_again_is_the_same_person_under_new_names(client, provider):
    visit(client, provider)
    provider.person |= {"preferred_username": "alice.anders", "name": "Alice B", "email": "a@example.org"}
    visit(client, provider)

    assert User.objects.get().display_name == "Alice B"
    assert list(AuditEvent.objects.filter(action="user.signed_in").values_list("actor__subject", flat=True)) == [
        provider.person["sub"]  # folded
    ]


@pytest.mark.parametrize("name", TOLERABLE)
def test_what_only_labels_a_person_never_makes_an_error(client, provider, caplog, name):
    provider.misbehave(**TOLERABLE[name])

    answer = visit(client, provider)

    if answer.status_code == 302:
        assert client.get("/").status_code == 200
    else:
        assert answer.status_code in {400, 403, 503}
        assert len(log_reading.warnings_of_sign_in(caplog)) == 1


def test_markup_in_a_name_is_shown_and_never_run(client, provider):
    provider.misbehave(**ODDITIES["a name of markup"])
    visit(client, provider)

    page = text(client.get("/"))
    assert "&lt;script&gt;alert(1)" in page and "<script>alert(1)" not in page
