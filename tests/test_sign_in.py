"""One click signs a sample person in, in development only; nobody is sent to another site, and production admits no one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.db import IntegrityError, transaction
from reading_pages import send, text

from portal.sso import signing_in
from portal.sso.models import RoleGrant
from portal.sso.sessions import Kind
from registercodes.audit import NOWHERE
from registercodes.models import AuditEvent, Membership, Team

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent
SIGN_IN = "/sso/sign-in/"
User = get_user_model()

IN_PRODUCTION = """
import importlib, json, django
django.setup()
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
user = get_user_model().objects.create_user(issuer="sample", subject="alice", username="alice")
settings.ALLOWED_HOSTS = ["testserver"]
forged = Client(headers={"host": "testserver"})
forged.force_login(user, backend="portal.sso.backends.People")
try:
    importlib.import_module("portal.sso.development")
    loaded = True
except ImproperlyConfigured:
    loaded = False
print(json.dumps({
    "backends": settings.AUTHENTICATION_BACKENDS,
    "sample people can be loaded": loaded,
    "authenticate": authenticate(username="alice", password="alice") is not None,
    "form": Client().get("/sso/sign-in/", secure=True).status_code,
    "offers": b"alice" in Client().get("/sso/sign-in/", secure=True).content,
    "one click": Client().post("/sso/sign-in/", {"person": "alice"}, secure=True).status_code,
    "a session in the store": forged.get("/", secure=True).status_code,
    "plain http": Client().get("/", secure=False).status_code,
}))
"""


def sign_in(client, **fields):
    return send(client, SIGN_IN, {"person": "alice"} | fields)


def test_a_sample_person_is_signed_in_with_the_teams_their_groups_name(client, web, payments):
    Team.objects.create(key="longer", name="Longer", sso_group="sample-web-admins")
    Team.objects.create(key="shorter", name="Shorter", sso_group="sample")

    answer = sign_in(client)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert list(Membership.objects.values_list("user__username", "team__key")) == [("alice", "web")]
    assert "Alice Anders" in text(client.get("/"))
    assert list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True)) == [
        *("user.teams_changed", "user.signed_in")
    ]


def test_signing_in_again_makes_teams_and_roles_exactly_what_they_are_now(rf, client, web, payments):
    sign_in(client)
    Team.objects.filter(pk=web.pk).update(sso_group="another")
    alice = User.objects.get()
    RoleGrant.objects.create(user=alice, role="auditor", checked_at=alice.created_at)

    sign_in(client)

    assert not Membership.objects.exists() and not RoleGrant.objects.exists()
    assert AuditEvent.objects.filter(action="user.teams_changed").first().detail == {
        "gained": [],
        "lost": ["web"],
        "roles_gained": [],
        "roles_lost": ["auditor"],
    }


@pytest.mark.parametrize("who", ["", "nobody", "Alice", "alice ", "mallory", "<script>"])
def test_nobody_else_can_be_chosen(client, db, who):
    answer = sign_in(client, person=who)

    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)
    assert not User.objects.exists()


def test_signing_out_ends_the_session_and_is_on_record(client, web):
    sign_in(client)
    cookies = dict(client.cookies)

    assert client.post("/sso/logout/")["Location"] == SIGN_IN
    client.cookies["portal-session"] = cookies["portal-session"].value
    assert client.get("/").status_code == 302
    assert AuditEvent.objects.first().action == "user.signed_out"


def test_the_same_address_with_another_subject_is_another_person(rf, client):
    request = client.request().wsgi_request
    for subject in ("one", "two"):
        known = signing_in.Known(
            "idp", subject, "ann", "Ann", "ann@example.com", frozenset(), frozenset(), time.time()
        )
        signing_in.sign_in(request, known, kind=Kind.SAMPLE, origin=NOWHERE)

    assert User.objects.filter(email="ann@example.com").count() == 2


@pytest.mark.parametrize("wanted", ["/codes/abcdefg/", "/teams/web/codes/new/?like=abcdefg", "/?team=web"])
def test_one_goes_on_to_the_page_one_wanted(client, web, wanted):
    assert sign_in(client, next=wanted)["Location"] == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        *(
            "https://evil.example/",
            "//evil.example/",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "http:evil",
        ),
        *(
            "https:///evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            " https://evil.example",
            "\thttps://evil",
        ),
        *("https://testserver@evil.example/", "http://testserver.evil.example/", "/\r\nLocation: https://evil", ""),
    ],
    ids=ascii,
)
def test_nobody_is_ever_sent_to_another_site(client, web, wanted):
    location = sign_in(client, next=wanted)["Location"]

    assert location.startswith("/") and location.isprintable()
    assert not urlsplit(location).netloc and "\\" not in location


def test_no_password_opens_anything_and_none_can_be_stored(alice, client):
    assert authenticate(username="alice", password="alice") is None
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(password="pbkdf2_sha256$1$salt$hash")
    with pytest.raises(NotImplementedError):
        User.objects.create_superuser(username="root", password="root")
    assert not (alice.is_superuser or alice.is_staff or alice.has_perm("registercodes.add_team"))


@pytest.mark.processes
def test_in_production_nobody_is_admitted_by_any_means(tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": "s" * 50,
        "AUDIT_KEY": "a" * 50,
        "ALLOWED_HOSTS": "portal.example.com",
        "TENCENTCLOUD_SECRET_ID": "AKIDEXAMPLE",
        "TENCENTCLOUD_SECRET_KEY": "k" * 32,
        "DATABASE_URL": f"sqlite:///{tmp_path}/production.sqlite3",
        "OIDC_ISSUER": "https://login.invalid",
        "OIDC_CLIENT_ID": "portal",
        "OIDC_CLIENT_SECRET": "s",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-c", IN_PRODUCTION]

    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout.splitlines()[-1]) == {
        "backends": ["portal.sso.backends.People"],
        "sample people can be loaded": False,
        "authenticate": False,
        "form": 404,
        "offers": False,
        "one click": 404,
        "a session in the store": 302,
        "plain http": 301,
    }
