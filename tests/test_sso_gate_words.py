"""Every view that takes a press is named by the gate in exactly one set, so that a new one cannot be forgotten there."""

import pytest
from cast import person
from django.conf import settings as configured
from django.urls import URLPattern, get_resolver, reverse
from provider_visitor import loopback_provider, provider  # noqa: F401
from seats import seat

from portal.sso import gate

pytestmark = pytest.mark.django_db

PRESSES = {"CREATING": gate.CREATING, "CLOSING": gate.CLOSING, "HARMLESS": gate.HARMLESS, "RECORDING": gate.RECORDING}
NOBODYS = {"team_key": "none", "reference": "zzzzzzz", "pk": 0}  # so that nothing happens


def view_names(resolver=None, prefix=""):
    """Of the portal's own pages; signing in and out, and the admin, are not the gate's to sort."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield prefix + entry.name, {name: NOBODYS[name] for name in entry.pattern.converters}
        elif entry.namespace not in {*gate.OPEN, "admin"} and not is_admin(entry):
            yield from view_names(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)


def is_admin(entry) -> bool:
    admin = getattr(configured, "ADMIN_PATH", "")
    return bool(admin) and str(entry.pattern).startswith(admin.lstrip("/"))


def taking(method: str, *, else_than: frozenset[int] = frozenset({405})) -> set[str]:
    browser = seat("ann", groups=["sample-web"])
    asked = ((name, getattr(browser, method)(reverse(name, kwargs=words))) for name, words in view_names())
    return {name for name, answer in asked if answer.status_code not in else_than}


def test_every_press_is_in_exactly_one_set(provider, web):
    sorted_by = {name: [word for word, names in PRESSES.items() if name in names] for name in taking("post")}

    assert sorted_by and {name: words for name, words in sorted_by.items() if len(words) != 1} == {}


def test_the_sets_name_only_views_that_exist_and_take_a_press(provider, web):
    assert set().union(*PRESSES.values()) == taking("post")


def test_every_form_that_can_be_got_is_checked_early(provider, web):
    shown = taking("get", else_than=frozenset({302, 405}))  # others lead to the page that their button is on

    assert shown & taking("post") == gate.FORMS - gate.ADMIN_FORMS


def test_the_admins_forms_are_those_of_its_addresses_that_take_a_press(provider, web):
    browser, ann = seat("erin", groups=["portal-admins"]), person("ann")
    found = set()
    for entry in entries_of_the_admin():
        words = {"pk": ann.pk, "object_id": web.pk, "app_label": "sso"}
        name = f"admin:{entry.name}"
        address = reverse(name, kwargs={word: words[word] for word in entry.pattern.converters})
        if entry.name and browser.get(address).status_code == 200 and browser.post(address).status_code == 422:
            found.add(name)

    assert found | {"admin:registercodes_team_change"} == gate.ADMIN_FORMS  # Django's own form answers 200


def entries_of_the_admin(resolver=None):
    resolver = resolver or next(entry for entry in get_resolver().url_patterns if is_admin(entry))
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        else:
            yield from entries_of_the_admin(entry)


# What must not happen.


def test_a_press_that_nobody_sorted_is_refused_while_the_provider_is_away(provider, settings, web, monkeypatch):
    browser = seat("ann", groups=["sample-web"])
    session = browser.session
    session["sso"] = session["sso"] | {"checked_at": session["sso"]["checked_at"] - 400}
    session.save()
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    disable = reverse("registercodes:disable", args=["zzzzzzz"])
    assert browser.post(disable).status_code == 404

    monkeypatch.setattr(gate, "CLOSING", frozenset())

    assert browser.post(disable).status_code == 503
