"""A break-glass session looks, disables and reads; it never creates, says so on every page, and ends after an hour."""

import pytest
from cast import browser_of
from django.test import Client
from glass_breaking import DEAD, PAGE, enter, let_in, made
from provider_visitor import loopback_provider, provider  # noqa: F401
from reading_pages import heading, send, text
from records import a_code

from portal.sso.models import LiveSession, RoleGrant, User
from registercodes.models import AuditEvent, Fold, Membership, RegisterCode

pytestmark = pytest.mark.django_db
NEW, PLAN = "/teams/web/codes/new/", "/teams/web/codes/plan/"
BANNER = "Break-glass session"


@pytest.fixture
def inside(provider, settings, alice) -> Client:
    """Alice's browser; the provider is dead."""
    settings.OIDC_ISSUER = DEAD
    return let_in()


@pytest.fixture
def code(web, alice):
    return a_code(team=web, person=alice)


def age(client: Client, **seconds: float) -> None:
    """Moves the session's times back."""
    session = client.session
    session["sso"] = {
        name: fact - seconds.get(name, 0) for name, fact in session["sso"].items() if name.endswith("_at")
    } | {name: fact for name, fact in session["sso"].items() if not name.endswith("_at")}
    session.save()


@pytest.mark.parametrize("path", ["/", "/codes/CODE/", "/codes/CODE/disable/", "/?team=web"])
def test_it_may_look(inside, code, path):
    assert inside.get(path.replace("CODE", code.reference)).status_code == 200


def test_it_may_disable(inside, settings, alice, typed, cloud):
    settings.SINGLE_SIGN_ON = False  # to make a code that the sandbox knows
    send(browser_of(alice), NEW, typed())
    settings.SINGLE_SIGN_ON = True
    code = RegisterCode.objects.get()

    answer = inside.post(f"/codes/{code.reference}/disable/")

    assert answer.status_code == 302
    code.refresh_from_db()
    assert code.disabled_at and code.disabled_by_id == alice.pk


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", NEW),
        ("HEAD", NEW),
        ("GET", f"{NEW}?like=abcdefg"),
        ("POST", NEW),
        ("POST", PLAN),
        ("POST", "/codes/CODE/stored/"),
        ("PUT", NEW),
        ("POST", "/teams/none/codes/new/"),
        ("POST", "/"),
        ("DELETE", "/codes/CODE/"),
    ],
)
def test_it_does_nothing_else_and_that_is_on_record(inside, code, typed, cloud, method, path):
    path = path.replace("CODE", code.reference)

    answer = send(inside, path, typed()) if method == "POST" else inside.generic(method, path)

    assert answer.status_code == 403
    assert cloud.calls() == [] and RegisterCode.objects.count() == 1
    code.refresh_from_db()
    assert code.confirmed_at is None
    denied = AuditEvent.objects.get(action="user.denied")
    assert denied.detail["reason"] == "break_glass" and denied.actor.username == "alice"


def test_what_it_may_not_is_counted_once_for_each_press(inside, web):
    for _ in range(3):
        assert inside.post("/teams/web/codes/new/").status_code == 403

    assert Fold.objects.get(key__contains="break_glass").repeats == 2


def test_a_form_from_an_earlier_sign_in_is_not_shown_again(inside, typed):
    """Its token no longer fits; otherwise it would be drawn anew with what was typed."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = inside.cookies

    answer = send(strict, NEW, typed())

    assert answer.status_code == 403
    assert "webserver" not in text(answer) and BANNER in text(answer)


def test_pages_offer_nothing_that_creates(inside, code):
    for path in ("/", f"/codes/{code.reference}/"):
        assert "/codes/new/" not in text(inside.get(path))


def test_a_team_without_codes_offers_none_either(inside):
    page = text(inside.get("/"))

    assert "/codes/new/" not in page and "switched off" not in page


@pytest.mark.parametrize(
    "path",
    ["/", "/codes/CODE/", "/codes/CODE/disable/", "/codes/zzzzzzz/", NEW, "/nowhere/", PAGE, "/sso/logout/"],
)
def test_the_red_banner_is_on_every_page(inside, code, path):
    page = text(inside.get(path.replace("CODE", code.reference)))

    assert BANNER in page and "strip-alarm" in page


def test_it_is_on_no_page_of_anybody_else(client, inside):
    assert BANNER not in text(client.get(PAGE))


@pytest.mark.parametrize(("seconds", "goes_on"), [(3590, True), (3610, False)])
def test_it_ends_after_an_hour_however_busy_it_was(inside, seconds, goes_on):
    age(inside, started_at=seconds)

    assert (inside.get("/").status_code == 200) is goes_on
    assert LiveSession.objects.exists() is goes_on


def test_it_ends_when_nobody_uses_it(inside, settings):
    age(inside, seen_at=settings.SESSION_IDLE_SECONDS + 1)

    assert inside.get("/").status_code == 302


def test_no_check_is_asked_of_the_provider_however_old_the_last_is(inside, settings):
    """Dead or alive: nobody there vouches for this session."""
    age(inside, checked_at=3000)
    assert inside.get("/").status_code == 200

    settings.OIDC_ISSUER = "http://127.0.0.1:10"
    assert inside.get("/").status_code == 200


def test_signing_out_works_while_the_provider_is_dead(inside):
    answer = inside.post("/sso/logout/")

    assert answer.status_code == 200 and heading(answer) == "You are signed out"
    assert inside.get("/").status_code == 302
    assert AuditEvent.objects.latest("sequence").action == "user.signed_out"
    assert BANNER not in text(answer)


def test_roles_read_and_close_as_they_would(provider, settings, code):
    settings.OIDC_ISSUER = DEAD
    erin = User.objects.create_user(issuer=provider.issuer, subject="erin", username="erin")
    RoleGrant.objects.create(user=erin, role="administrator", checked_at=erin.created_at)
    browser = let_in("erin")

    assert browser.get(f"/codes/{code.reference}/").status_code == 200
    assert browser.get(f"/codes/{code.reference}/disable/").status_code == 200
    audit = browser.get("/admin/")
    assert audit.status_code == 200 and BANNER in text(audit)


# What must not happen.


def test_a_right_that_lapsed_or_was_never_there_is_not_lent(inside, alice, code):
    Membership.objects.all().delete()

    assert inside.get(f"/codes/{code.reference}/").status_code == 404
    assert inside.post(f"/codes/{code.reference}/disable/").status_code == 404


def test_deactivation_ends_it_at_once(inside):
    User.objects.update(is_active=False)

    assert inside.get("/").status_code == 302


def test_a_second_code_opens_a_session_of_its_own_and_lengthens_none(inside):
    age(inside, started_at=3000)
    other = Client()
    enter(other, made())

    age(inside, started_at=700)

    assert inside.get("/").status_code == 302
    assert other.get("/").status_code == 200
